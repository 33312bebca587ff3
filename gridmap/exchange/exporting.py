"""An export from beginning to end: rows of one state, written beside and moved into place, with what had to give."""

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange.export_files import WRITERS
from gridmap.exchange.export_rows import rows_of
from gridmap.exchange.exported import Asked, Exported


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What a person asks for; the format is the file's extension. `encoding` is that of shapefiles and CSV."""

    kind: str
    path: Path
    actor: Actor
    within: str | None = None
    at: datetime | None = None
    encoding: str = "utf-8"
    layer: str | None = None
    public_only: bool = False

    @classmethod
    def named(cls, kind: str, form: str, actor: Actor, **asked: Any) -> Self:
        """A request for a file to be handed over, called after what is in it: grids-623022.gpkg."""
        name = "-".join(part for part in (kind, asked.get("layer"), asked.get("within"), _day(asked.get("at"))) if part)
        return cls(kind, Path(f"{name}.{form}"), actor, **asked)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """How many rows were written, and every name or text that the format could not take as it is."""

    rows: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Download:
    """A file to be handed over."""

    name: str
    content: bytes
    media_type: str
    rows: int


_MEDIA_TYPES = {
    ".gpkg": "application/geopackage+sqlite3",
    ".geojson": "application/geo+json",
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".parquet": "application/vnd.apache.parquet",
    ".zip": "application/zip",
}


def export_download(session: Session, request: ExportRequest) -> Download:
    """The export as one file; a shapefile's parts are zipped, with `notes.txt` when names had to be shortened.

    Raises as `export_file`.
    """
    with tempfile.TemporaryDirectory(prefix="gridmap-download-") as folder:
        path = Path(folder) / request.path.name
        done = export_file(session, replace(request, path=path))
        if path.suffix == ".shp":
            if done.notes:
                (Path(folder) / "notes.txt").write_text("\n".join(done.notes) + "\n", "utf-8")
            path = _zipped(Path(folder), path)
        return Download(path.name, path.read_bytes(), _MEDIA_TYPES[path.suffix], done.rows)


def _zipped(folder: Path, path: Path) -> Path:
    target = path.with_suffix(".zip")
    parts = sorted(folder.iterdir())
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts:
            archive.write(part, part.name)
    return target


def _day(at: datetime | None) -> str:
    return "" if at is None else at.strftime("%Y%m%d")


def export_file(
    session: Session, request: ExportRequest, *, progress: Callable[[str], None] = lambda _: None
) -> ExportReport:
    """Writes a file, replacing one of that name only when all of it is written. Audited when it tells of persons.

    Raises InvalidInput for an unknown kind or format, and when a text does not fit and would have to be cut.
    """
    writer = WRITERS.get(request.path.suffix.lower())
    if writer is None:
        message = f"{request.path.name}: {', '.join(WRITERS)} can be written"
        raise InvalidInput(message, errors=[FieldError("file", message)])
    if not request.path.parent.is_dir():
        raise InvalidInput(f"There is no folder {request.path.parent}.")
    progress(f"reading {request.kind}")
    asked = Asked(request.within, request.at, request.layer, request.public_only)
    found = rows_of(session, request.kind, asked)
    progress(f"writing {len(found.rows)} rows")
    with tempfile.TemporaryDirectory(prefix=".gridmap-export-", dir=request.path.parent) as folder:
        beside = Path(folder) / request.path.name
        notes = writer(beside, found, request.encoding)
        _audit(session, request, found)
        for part in sorted(Path(folder).iterdir()):
            shutil.move(part, request.path.parent / part.name)
    return ExportReport(len(found.rows), tuple(notes))


def _audit(session: Session, request: ExportRequest, found: Exported) -> None:
    if found.personal_ids:
        audit.record(session, request.actor, f"export {request.kind}", found.personal_ids)
