"""`gridmap locate --file`: a table of points located into another, on this machine or on many."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gridmap.cli.errors import REFUSED
from gridmap.cli.output import say
from gridmap.cli.progress import progress
from gridmap.errors import FieldError, InvalidInput, NotFound
from gridmap.geo.crs import Crs
from gridmap.settings import Settings

if TYPE_CHECKING:
    from gridmap.exchange.points.counts import Counts
    from gridmap.snapshot.bulk import BulkLocator
    from gridmap.snapshot.reader import Snapshot


@dataclass(frozen=True, slots=True)
class FileRequest:
    """What the options of the command ask for."""

    source: Path
    target: Path
    x: str
    y: str
    crs: str
    at: datetime | None
    layer: str | None
    snapshot: Path | None
    engine: str | None
    scheduler: str | None
    as_json: bool


def locate_table(asked: FileRequest) -> int:
    """Locates the file, tells how many rows came to what, and returns the exit status: 1 when rows were invalid."""
    if asked.engine is not None:
        from gridmap.cli.locate_dask import locate_by_dask

        counts, version = locate_by_dask(asked)
    else:
        from gridmap.exchange.points.files import check_names, locate_file

        check_names(asked.source, asked.target)
        with opened_locator(asked) as locator, progress(f"locating {asked.source.name}") as tell:
            counts = locate_file(asked.source, asked.target, locator, x=asked.x, y=asked.y, tell=tell)
            version = locator.version
    return _told(asked, counts, version)


def _told(asked: FileRequest, counts: "Counts", version: int) -> int:
    invalid = counts.by_status["invalid"]
    if asked.as_json:
        told = {"file": str(asked.target), "version": version, "rows": counts.rows, "status": counts.by_status}
        print(json.dumps(told, ensure_ascii=False))
    else:
        print(f"{asked.target}: {counts}; version {version}")
    if invalid:
        say(f"{invalid:,} rows hold no point that can be read; their grid_status is invalid")
    return REFUSED if invalid else 0


@contextmanager
def opened_locator(asked: FileRequest) -> Iterator["BulkLocator"]:
    """Looks up in an exported file, in the home's snapshot, or for a past that is not kept there in the database's."""
    from gridmap.snapshot.bulk import BulkLocator
    from gridmap.snapshot.reader import Snapshot

    crs = Crs.parse(asked.crs, parameter="--crs")
    if asked.snapshot is not None:
        if asked.at is not None:
            message = "a snapshot that was exported knows one state only"
            raise InvalidInput(f"--at: {message}", errors=[FieldError("--at", message)])
        snapshot = Snapshot.open_file(asked.snapshot)
    else:
        from gridmap.cli.offline import current_snapshot_folder

        with current_snapshot_folder(Settings.from_env()) as home:
            newest, chosen = home_snapshots(home, asked.at)
        if chosen is None:
            yield _past_locator(asked, crs, newest.version)
            return
        snapshot = chosen
    segments = snapshot.villages if asked.layer is None else snapshot.layer(asked.layer)
    yield BulkLocator(segments, snapshot.version, crs, in_layer=asked.layer is not None)


def home_snapshots(folder: Path, at: datetime | None) -> tuple["Snapshot", "Snapshot | None"]:
    """The newest of a home's snapshot, and the one of the time asked for, if that is kept."""
    from gridmap.snapshot.served import Served

    served = Served(folder)
    newest = served.current()
    if newest is None:
        raise NotFound("There is no snapshot yet; `gridmap snapshot build` makes one.")
    return newest, newest if at is None else served.at(at)


def _past_locator(asked: FileRequest, crs: Crs, version: int) -> "BulkLocator":
    from gridmap.cli.session import command_session
    from gridmap.grids.layers import service as layers
    from gridmap.snapshot.bulk import BulkLocator
    from gridmap.snapshot.past import layer_segments, past_villages

    with command_session() as session:
        if asked.layer is None:
            segments = past_villages(session, asked.at)
        else:
            segments = layer_segments(session, layers.get_layer(session, asked.layer, asked.at))
    return BulkLocator(segments, version, crs, in_layer=asked.layer is not None)
