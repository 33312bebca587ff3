"""Segment files: villages and layers with all that locating in them needs, in Arrow IPC, mapped and never changed.

A row is a segment. What the cell index keeps in flat arrays are list columns, so that a file of any number of segments
is read as it lies on disk: the values of a column are the array, its offsets where each segment begins.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gridmap.errors import SnapshotDamaged
from gridmap.geo.cells import CellIndex

FORMAT_VERSION = 2
CRS = "EPSG:4490"
Kind = Literal["village", "layer", "division", "groups", "layer_items"]
CELLS = "cells"
"""The content of files of villages and layers, which the cell index is in; see `parts` for the other contents."""


def metadata(content: str) -> dict[bytes, bytes]:
    """What every segment file says of itself: the format, the system of its coordinates, and what it holds."""
    said = {"format": str(FORMAT_VERSION), "crs": CRS, "content": content}
    return {f"gridmap.{name}".encode(): value.encode() for name, value in said.items()}


_DIVISION = pa.struct([("level", pa.string()), ("code", pa.string()), ("name", pa.string()), ("name_bo", pa.string())])
_LABELS = [
    pa.field("kind", pa.string()),
    pa.field("code", pa.string()),
    pa.field("divisions", pa.list_(_DIVISION)),
    pa.field("codes", pa.list_(pa.string())),
    pa.field("names", pa.list_(pa.string())),
    pa.field("names_bo", pa.list_(pa.string())),
    pa.field("kinds", pa.list_(pa.string())),
    pa.field("notes", pa.list_(pa.string())),
    pa.field("areas_m2", pa.list_(pa.float64())),
    pa.field("valid_from", pa.list_(pa.timestamp("us", "UTC"))),
    pa.field("versions", pa.list_(pa.int32())),
]
_SCALARS = {"level": (pa.int64(), 2), "column": (pa.int64(), 1), "row": (pa.int64(), 1), "columns": (pa.int64(), 1),
            "rows": (pa.int64(), 1), "box": (pa.float64(), 4)}  # fmt: skip
_LISTS = {
    "cells": (pa.int32(), "cell_start", 1),
    "words": (pa.int32(), "word_start", 1),
    "vertices": (pa.float64(), "vertex_start", 2),
    "owner": (pa.int32(), "vertex_start", 1),
    "leaf_box": (pa.float64(), "leaf_start", 4),
    "ring_polygon": (pa.int32(), "ring_start", 1),
    "ring_hole": (pa.uint8(), "ring_start", 1),
    "ring_runs": (pa.int32(), "ring_start", 1),
    "runs": (pa.int32(), "run_start", 2),
}
SCHEMA = pa.schema(
    [
        *_LABELS,
        *(pa.field(name, kind if wide == 1 else pa.list_(kind, wide)) for name, (kind, wide) in _SCALARS.items()),
        *(pa.field(name, pa.list_(kind)) for name, (kind, _, _) in _LISTS.items()),
    ],
    metadata=metadata(CELLS),
)


@dataclass(frozen=True, slots=True)
class DivisionName:
    """One step of the chain above a village, as an answer tells it."""

    level: str
    code: str
    name: str
    name_bo: str | None


@dataclass(frozen=True, slots=True)
class GridName:
    """What an answer tells of a grid or of an item of a layer."""

    code: str
    name: str
    name_bo: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class GridFacts:
    """What else is told of a grid: of no use for locating, but for listing grids when there is no database."""

    note: str | None = None
    area_m2: float | None = None
    valid_from: datetime | None = None
    version_from: int | None = None


NO_FACTS = GridFacts()


@dataclass(frozen=True, slots=True)
class SegmentLabels:
    """Whose segment it is, and names and facts in the order of the index's polygons. `divisions`: province first."""

    kind: Kind
    code: str
    divisions: tuple[DivisionName, ...]
    items: tuple[GridName, ...]
    facts: tuple[GridFacts, ...]


def to_table(labels: Sequence[SegmentLabels], index: CellIndex) -> pa.Table:
    """Segments as rows."""
    columns = {
        "kind": [segment.kind for segment in labels],
        "code": [segment.code for segment in labels],
        "divisions": [[_as_row(division) for division in segment.divisions] for segment in labels],
        "codes": [[item.code for item in segment.items] for segment in labels],
        "names": [[item.name for item in segment.items] for segment in labels],
        "names_bo": [[item.name_bo for item in segment.items] for segment in labels],
        "kinds": [[item.kind for item in segment.items] for segment in labels],
        "notes": [[fact.note for fact in segment.facts] for segment in labels],
        "areas_m2": [[fact.area_m2 for fact in segment.facts] for segment in labels],
        "valid_from": [[fact.valid_from for fact in segment.facts] for segment in labels],
        "versions": [[fact.version_from for fact in segment.facts] for segment in labels],
    }
    arrays = [pa.array(columns[field.name], field.type) for field in _LABELS]
    for name, (kind, wide) in _SCALARS.items():
        values = pa.array(getattr(index, name).reshape(-1), kind)
        arrays.append(values if wide == 1 else pa.FixedSizeListArray.from_arrays(values, wide))
    for name, (kind, start, wide) in _LISTS.items():
        offsets = pa.array(getattr(index, start) * wide, pa.int32())
        arrays.append(pa.ListArray.from_arrays(offsets, pa.array(getattr(index, name).reshape(-1), kind)))
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def to_index(table: pa.Table) -> CellIndex:
    """The index of a table that is one chunk, without a copy where the arrays begin at its first row."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, (_, wide) in _SCALARS.items():
        column = _column(table, name)
        values = column.to_numpy() if wide == 1 else column.flatten().to_numpy().reshape(-1, wide)
        arrays[name] = values
    arrays["polygon_start"] = _column(table, "codes").offsets.to_numpy().astype(np.int64)
    for name, (_, start, wide) in _LISTS.items():
        column = _column(table, name)
        flat = column.values.to_numpy()
        arrays[name] = flat if wide == 1 else flat.reshape(-1, wide)
        arrays[start] = column.offsets.to_numpy().astype(np.int64) // wide
    arrays["ring_hole"] = arrays["ring_hole"].view(np.bool_)
    return CellIndex(**{field.name: arrays[field.name] for field in fields(CellIndex)})


def _column(table: pa.Table, name: str) -> Any:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _as_row(division: DivisionName) -> dict[str, str | None]:
    return {field.name: getattr(division, field.name) for field in fields(DivisionName)}


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A segment file as a manifest knows it: its name is its checksum."""

    sha256: str
    size: int
    segments: int
    content: str = CELLS

    @property
    def name(self) -> str:
        """Its name in the folder of segment files."""
        return f"{self.sha256}.arrow"


def write_segments(folder: Path, table: pa.Table) -> FileEntry:
    """Writes a segment file and returns how a manifest names it. It is complete and on disk, or not there.

    The same segments give the same file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # In the order of codes, so that of two polygons of a file the first has the lower code.
    table = table.sort_by([("kind", "ascending"), ("code", "ascending")]).combine_chunks()
    unfinished = folder / f"unfinished-{os.getpid()}-{os.urandom(4).hex()}"
    try:
        unfinished.touch(mode=0o600)
        with pa.OSFile(str(unfinished), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        entry = FileEntry(checksum(unfinished), unfinished.stat().st_size, table.num_rows, content_of(table))
        place_file(unfinished, folder / entry.name)
    finally:
        unfinished.unlink(missing_ok=True)
    trust(folder / entry.name)
    return entry


def read_segments(folder: Path, entry: FileEntry) -> pa.Table:
    """Maps a segment file into memory. Raises SnapshotDamaged when it is not what was written.

    The checksum is computed when a file is first read on a machine and whenever it was touched since; after that only
    its size, time and place on disk are compared, so that a worker starts in milliseconds.
    """
    path = folder / entry.name
    try:
        if path.stat().st_size != entry.size:
            raise SnapshotDamaged(f"the segment file {path.name} is not as long as it was written")
        if not _trusted(path):
            if checksum(path) != entry.sha256:
                raise SnapshotDamaged(f"the segment file {path.name} is not what was written")
            trust(path)
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    except (OSError, pa.ArrowInvalid) as error:
        raise SnapshotDamaged(f"the segment file {path.name} can't be read: {error}") from error
    return checked_format(table, entry)


def checked_format(table: pa.Table, entry: FileEntry) -> pa.Table:
    """The same table. Raises SnapshotDamaged when it doesn't say of itself what this gridmap writes."""
    said = table.schema.metadata or {}
    if any(said.get(name) != value for name, value in metadata(entry.content).items()):
        raise SnapshotDamaged(f"the segment file {entry.name} has another format than this gridmap reads")
    return table


def content_of(table: pa.Table) -> str:
    """What a table of segments says it holds."""
    return str((table.schema.metadata or {})[b"gridmap.content"].decode())


def checksum(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def place_file(unfinished: Path, path: Path) -> None:
    """Puts a written file in its place at once, and on disk: after a power cut it is there whole or not at all."""
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def trust(path: Path) -> None:
    """Notes that a file was found to be what was written."""
    note = path.with_suffix(".checked")
    unfinished = note.with_suffix(f".{os.urandom(4).hex()}")
    try:
        unfinished.write_text(_state(path))
        unfinished.replace(note)
    except OSError:  # a folder that may only be read: it is checked each time
        unfinished.unlink(missing_ok=True)


def _trusted(path: Path) -> bool:
    try:
        return path.with_suffix(".checked").read_text() == _state(path)
    except OSError:
        return False


def _state(path: Path) -> str:
    found = path.stat()
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"
