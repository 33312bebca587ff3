"""Points on the command line: which grid they lie in, and what they are in another coordinate system."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gridmap.cli.locate_file import FileRequest, locate_table
from gridmap.cli.session import command_session
from gridmap.db.instants import parse_instant
from gridmap.db.versions import current_version
from gridmap.errors import InvalidInput, NotFound
from gridmap.geo.crs import Crs, point_from_lonlat, point_to_lonlat
from gridmap.geo.lonlat import LonLat
from gridmap.settings import Settings

# What reads the snapshot is imported by the commands that do: other commands need not wait for it.
if TYPE_CHECKING:
    from gridmap.snapshot.schema import LocateAnswer

X = Annotated[float, typer.Argument(metavar="LON", help="Longitude, or easting in a projected system.")]
Y = Annotated[float, typer.Argument(metavar="LAT", help="Latitude, or northing in a projected system.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def locate(
    lon: Annotated[float | None, typer.Argument(metavar="LON", help="Longitude or easting.")] = None,
    lat: Annotated[float | None, typer.Argument(metavar="LAT", help="Latitude or northing.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="A CSV or Parquet of points instead; with --engine dask a folder.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where its rows go, each with grid_code and grid_status.")] = None,
    x: Annotated[str, typer.Option(help="The column of the longitude or easting.")] = "lon",
    y: Annotated[str, typer.Option(help="The column of the latitude or northing.")] = "lat",
    layer: Annotated[str | None, typer.Option(help="A reference layer instead of the grids, for a file.")] = None,
    engine: Annotated[Literal["dask"] | None, typer.Option(help="Many processes, or many machines.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="tcp://HOST:PORT of a Dask cluster; else one here.")] = None,
    crs: Annotated[str, typer.Option(help="EPSG:NNNN, wgs84, cgcs2000, gcj02 or bd09.")] = "EPSG:4490",
    at: Annotated[str | None, typer.Option(help="A past time, such as 2026-11-22T02:40:00+08:00.")] = None,
    snapshot: Annotated[Path | None, typer.Option(help="A file of `gridmap snapshot export`: no database.")] = None,
    as_json: AsJson = False,
) -> None:
    """Says which grid a point lies in; with --file, of every row of a table, which comes back whole in --out.

    The exit status is 1 when rows of a table hold no point that can be read; they come back as `invalid`.
    """
    if file is not None:
        if out is None or lon is not None:
            raise typer.BadParameter("--file wants --out, and no point beside it")
        request = FileRequest(
            file, out, x, y, crs, None if at is None else parse_instant("at", at), layer, snapshot, engine, scheduler,
            as_json,
        )  # fmt: skip
        raise typer.Exit(locate_table(request))
    if lon is None or lat is None:
        raise typer.BadParameter("LON and LAT are wanted, or --file IN --out OUT")
    point = point_to_lonlat(Crs.parse(crs), lon, lat)
    instant = None if at is None else parse_instant("at", at)
    answer = _answer(point, instant, snapshot)
    print(answer.model_dump_json(exclude_unset=True) if as_json else _in_words(answer))


def _answer(point: LonLat, at: datetime | None, file: Path | None) -> "LocateAnswer":
    """From a file, or from the home's snapshot, or for a past that is not kept there from the database."""
    from gridmap.cli.offline import current_snapshot_folder
    from gridmap.snapshot.locate import locate as find_grid
    from gridmap.snapshot.locate import locate_in
    from gridmap.snapshot.reader import Snapshot
    from gridmap.snapshot.schema import LocateAnswer
    from gridmap.snapshot.served import Served

    if file is not None:
        if at is not None:
            raise InvalidInput("--at: a snapshot that was exported knows one state only.")
        snapshot = Snapshot.open_file(file)
        return LocateAnswer.of(locate_in(snapshot, point), snapshot.version)
    settings = Settings.from_env()
    with current_snapshot_folder(settings) as folder:
        served = Served(folder)
    newest = served.current()
    if newest is None:
        raise NotFound("There is no snapshot yet; `gridmap snapshot build` makes one.")
    chosen = newest if at is None else served.at(at)
    if chosen is not None:
        return LocateAnswer.of(locate_in(chosen, point, past=at is not None), newest.version)
    with command_session() as session:
        return LocateAnswer.of(find_grid(session, point, at=at), current_version(session))


def convert(
    lon: X,
    lat: Y,
    source: Annotated[str, typer.Option("--from", help="The system the point is in.")] = "EPSG:4490",
    target: Annotated[str, typer.Option("--to", help="The system that is wanted.")] = "EPSG:4490",
    as_json: AsJson = False,
) -> None:
    """Converts a point to another coordinate system, in full double precision."""
    point = point_to_lonlat(Crs.parse(source, parameter="--from"), lon, lat)
    x, y = point_from_lonlat(Crs.parse(target, parameter="--to"), point)
    print(json.dumps([x, y]) if as_json else f"{x!r} {y!r}")


def _in_words(answer: "LocateAnswer") -> str:
    chain = " › ".join(f"{division.name} {division.code}" for division in answer.divisions)
    lines = [chain] if chain else []
    if answer.grid is not None:
        names = " ".join(name for name in (answer.grid.name, answer.grid.name_bo) if name)
        lines.insert(0, f"{answer.grid.code} {names}")
    elif answer.nearest is not None:
        lines.insert(0, f"outside every grid; the nearest is {answer.nearest.code}, {answer.nearest.distance_m:,.0f} m")
    else:
        lines.insert(0, "outside every grid; there are no grids yet")
    if answer.on_boundary:
        lines.append("on a boundary shared by " + ", ".join(share.code for share in answer.grids))
    return "\n".join([*lines, f"version {answer.version}"])
