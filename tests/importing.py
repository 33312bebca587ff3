"""An import as a command does it, in a test's own transaction; and a county that has outlines but no grids yet."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import Caller
from gridmap.exchange.importing import ImportRequest, import_file
from gridmap.exchange.report import ImportReport
from tests.files import write_layer

CLERK = Actor(Caller("cli:clerk", "admin", "all", ("",)), Origin("test"))
COUNTY, TOWNSHIP = "990002", "990002101"
WEST, EAST = TOWNSHIP + "200", TOWNSHIP + "201"
# Zone 34 ends and zone 35 begins at 103.5°E, where the two villages meet.
_LON, _LAT, _SIDE = 103.48, 34.50, 0.01


def run(session: Session, kind: str, path: Path, **options: Any) -> ImportReport:
    """Imports a file as the clerk would."""
    columns = tuple(options.pop("columns", ()))
    return import_file(session, ImportRequest(kind, path, CLERK, columns=columns, **options))


def cell(column: int, row: int, wide: int = 1, high: int = 1) -> shapely.Polygon:
    """Squares of 0.01°: columns 0 and 1 are the western village, 2 and 3 the eastern one; rows count from the south."""
    west, south = _LON + column * _SIDE, _LAT + row * _SIDE
    east, north = west + wide * _SIDE, south + high * _SIDE
    return shapely.box(round(west, 7), round(south, 7), round(east, 7), round(north, 7))


def grids_of(village: str) -> dict[str, shapely.Polygon]:
    """The four squares that tile a village, numbered from west to east and north to south."""
    first = 0 if village == WEST else 2
    places = ((0, 1), (1, 1), (0, 0), (1, 0))
    return {f"{village}{n:03d}": cell(first + column, row) for n, (column, row) in enumerate(places, 1)}


def outline_of(village: str) -> shapely.Polygon:
    """The outline with every corner of its grids, as surveyors draw it."""
    whole = shapely.union_all(list(grids_of(village).values()))
    assert isinstance(whole, shapely.Polygon)
    return whole


def new_county(session: Session, folder: Path) -> None:
    """Divisions and village outlines by the import's own doors; no grids."""
    lines = [
        "代码,名称,级别,上级代码",
        "99,试验省,省,",
        "990000,练习州,州,99",
        f"{COUNTY},新县,县,990000",
        f"{TOWNSHIP},木耳镇,镇,{COUNTY}",
        f"{WEST},多坝村村民委员会,村,{TOWNSHIP}",
        f"{EAST},城东社区居民委员会,村,{TOWNSHIP}",
    ]
    path = folder / "divisions.csv"
    path.write_text("\n".join(lines), encoding="gbk")
    assert run(session, "divisions", path).counts() == {"loaded": 6, "unchanged": 0, "rejected": 0}
    outlines = write_layer(
        folder / "outlines.gpkg", [outline_of(WEST), outline_of(EAST)], {"code": [WEST, EAST]}, geometry_type="Polygon"
    )
    assert run(session, "outlines", outlines).counts() == {"loaded": 2, "unchanged": 0, "rejected": 0}


def reasons(report: ImportReport) -> dict[int, tuple[str, str]]:
    """Status and reason of every row."""
    return {fate.row: (fate.status, fate.reason) for fate in report.fates}


def named(codes: Sequence[str]) -> list[str]:
    """A name for each grid."""
    return [f"第{int(code[12:])}网格" for code in codes]


def write_grids(path: Path, grids: Mapping[str, BaseGeometry], **options: Any) -> Path:
    """A file of grids with the headings that surveyors use."""
    columns = {"网格编码": list(grids), "网格名称": named(list(grids))}
    return write_layer(path, list(grids.values()), columns, **{"geometry_type": "Polygon", **options})
