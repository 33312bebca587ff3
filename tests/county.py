"""A county small enough to hold in mind: one township, two villages, four square grids, six households, four officers.

The squares are 0.01° wide. West is village 200, east village 201; codes run from north to south::

    lat 34.52  ┌───────────────┬───────────────┐
               │ WEST+001      │ EAST+001      │
               │ H1 (group 01) │ H4 a school   │
               │ H2 (group 02) │   (group 01)  │
    lat 34.51  ├───────────────┼───────────────┤
               │ WEST+002      │ EAST+002      │
               │ H3 (group 01) │ H5 (no group) │
               │ H6 closed     │               │
    lat 34.50  └───────────────┴───────────────┘
           lon 103.50        103.51          103.52
"""

from datetime import UTC, date, datetime
from typing import Any

from geoalchemy2 import WKBElement
from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, Point, Polygon, box, union_all
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address
from gridmap.contacts.model import Officer, Responsibility
from gridmap.db.base import SRID, Base
from gridmap.db.model import DatasetVersion, IdCounter
from gridmap.divisions.model import Division, DivisionVersion
from gridmap.grids.model import Grid, GridVersion, HouseholdGroup, HouseholdGroupVersion
from gridmap.households.model import Building, Household
from tests.postgres import Server

PROVINCE, PREFECTURE, COUNTY, TOWNSHIP = "99", "990000", "990001", "990001101"
WEST, EAST = TOWNSHIP + "200", TOWNSHIP + "201"
NORTH_WEST, NORTH_EAST = WEST + "001", EAST + "001"
SOUTH_WEST, SOUTH_EAST = WEST + "002", EAST + "002"
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
VERSION = 1

_LON, _LAT, _SIDE = 103.50, 34.50, 0.01
_COLUMN_ROW = {
    NORTH_WEST: (0, 1), NORTH_EAST: (1, 1),
    SOUTH_WEST: (0, 0), SOUTH_EAST: (1, 0),
}  # fmt: skip


def record_id(letter: str, number: int) -> str:
    """The permanent id of the small county's n-th address, building, household or officer."""
    return f"{letter}{COUNTY}{number:08d}"


def at(grid_code: str, right: float = 0.5, up: float = 0.5) -> tuple[float, float]:
    """Lon and lat of a place in a grid's square: (0, 0) is its south-west corner, (1, 1) its north-east one."""
    column, row = _COLUMN_ROW[grid_code]
    return round(_LON + (column + right) * _SIDE, 7), round(_LAT + (row + up) * _SIDE, 7)


def square(grid_code: str) -> Polygon:
    """A grid's square; neighbours have identical corners."""
    return box(*at(grid_code, 0, 0), *at(grid_code, 1, 1))


def small_county(session: Session) -> None:
    """Writes the county above as dataset version 1, true since 2020, and flushes."""
    _add(session, DatasetVersion(version=VERSION, actor="test", summary="small county", published_at=SINCE))
    _add_divisions(session)
    _add_grids(session)
    _add_households(session)
    _add_officers(session)
    given = {"A": len(_HOUSES), "B": len(_HOUSES), "H": len(_HOUSES), "P": 4}
    _add(session, *(IdCounter(county_code=COUNTY, letter=letter, last=last) for letter, last in given.items()))


def _add(session: Session, *rows: Base) -> None:
    # Flushed kind by kind: without relationships the session does not know which table refers to which.
    session.add_all(rows)
    session.flush()


def _stored(shape: BaseGeometry) -> WKBElement:
    return from_shape(MultiPolygon([shape]) if isinstance(shape, Polygon) else shape, srid=SRID)


_DIVISIONS = [
    ("province", PROVINCE, None, "试验", "试验省", None),
    ("prefecture", PREFECTURE, PROVINCE, "练习", "练习州", None),
    ("county", COUNTY, PREFECTURE, "小县", "小县", "རྫོང་ཆུང་"),
    ("township", TOWNSHIP, COUNTY, "双村", "双村镇", None),
    ("village", WEST, TOWNSHIP, "西村", "西村村民委员会", "ནུབ་གྲོང་"),
    ("village", EAST, TOWNSHIP, "东村", "东村村民委员会", None),
]


def county_clone(server: Server) -> str:
    """The URL of a database of its own that holds the county above and nothing else."""
    return server.clone(server.template("small_county", small_county))


def _add_divisions(session: Session) -> None:
    _add(session, *(Division(code=code, level=level) for level, code, *_ in _DIVISIONS))
    for level, code, parent, name, name_full, name_bo in _DIVISIONS:
        inside = [square(grid) for grid in _COLUMN_ROW if level != "village" or grid.startswith(code)]
        _add(
            session,
            DivisionVersion(
                code=code, parent_code=parent, name=name, name_full=name_full, name_bo=name_bo,
                outline=_stored(union_all(inside)), outline_source="invented for tests",
                seat=from_shape(Point(at(NORTH_WEST, 0.9, 0.1)), srid=SRID), seat_source="invented for tests",
                population=13, valid_from=SINCE, version_from=VERSION,
            ),
        )  # fmt: skip


_GROUPS = [NORTH_WEST + "01", NORTH_WEST + "02", SOUTH_WEST + "01", NORTH_EAST + "01"]


def _add_grids(session: Session) -> None:
    valid = {"county_code": COUNTY, "valid_from": SINCE, "version_from": VERSION}
    _add(session, *(Grid(county_code=COUNTY, code=code, village_code=code[:12]) for code in _COLUMN_ROW))
    names = dict(zip(_COLUMN_ROW, ("西北", "东北", "西南", "东南"), strict=True))
    _add(session, *(GridVersion(code=c, name=names[c], geometry=_stored(square(c)), **valid) for c in _COLUMN_ROW))
    _add(session, *(HouseholdGroup(county_code=COUNTY, code=code, grid_code=code[:15]) for code in _GROUPS))
    _add(session, *(HouseholdGroupVersion(code=code, name=f"{int(code[15:])}组", **valid) for code in _GROUPS))


_HOUSES: list[tuple[str, float, float, str | None, dict[str, Any]]] = [
    # grid, place in it, group, the rest of the household
    (NORTH_WEST, 0.2, 0.8, "01", {"head_name": "李措姆", "head_phone": "13812348000", "elderly_alone": 1}),
    (NORTH_WEST, 0.8, 0.2, "02", {"head_name": "བཀྲ་ཤིས་ཚེ་རིང་", "head_phone": "13912348001", "infants": 2}),
    (SOUTH_WEST, 0.5, 0.5, "01", {"head_name": "欧阳卓玛", "head_phone": None}),
    (NORTH_EAST, 0.5, 0.5, "01", {"kind": "collective", "name": "双村小学", "head_name": "王五",
                                  "head_phone": "09412345678", "persons": 120}),
    (SOUTH_EAST, 0.5, 0.5, None, {"head_name": "赵六", "head_phone": "13712348004"}),
    (SOUTH_WEST, 0.1, 0.1, "01", {"head_name": "孙七", "head_phone": "13612348005", "status": "closed"}),
]  # fmt: skip
_FAMILY: dict[str, Any] = {"kind": "family", "name": None, "persons": 3}


def _add_households(session: Session) -> None:
    for number, (grid, right, up, group, given) in enumerate(_HOUSES, 1):
        door = record_id("A", number)
        _add(
            session,
            Address(
                county_code=COUNTY, code=door, village_code=grid[:12], grid_code=grid,
                label=f"试验省练习州小县双村镇{'西村' if grid.startswith(WEST) else '东村'}{number}号",
                number=f"{number}号", point=from_shape(Point(at(grid, right, up)), srid=SRID), point_source="test",
            ),
        )  # fmt: skip
        kind = "school" if given.get("kind") == "collective" else "house"
        _add(session, Building(county_code=COUNTY, id=record_id("B", number), address_code=door, kind=kind))
        household = Household(
            county_code=COUNTY, id=record_id("H", number), address_code=door,
            group_code=grid + group if group else None, **(_FAMILY | given),
        )  # fmt: skip
        _add(session, household)


def _add_officers(session: Session) -> None:
    """P1 heads the north-western grid, P2 a group in it, P3 works for the township, P4 for the county."""
    for number, name, kind, home, work in (
        (1, "扎西", "grid_head", WEST, WEST),
        (2, "李措姆", "group_head", WEST, WEST),
        (3, "周建国", "official", EAST, TOWNSHIP),
        (4, "吴县长", "official", COUNTY, COUNTY),
    ):
        _add(
            session,
            Officer(
                county_code=COUNTY, id=record_id("P", number), name=name, phone=f"1350000000{number}", kind=kind,
                unit="双村镇政府", home_code=home, work_code=work, capacity=5, languages=["zh", "bo"],
                absent_from=date(2026, 1, 1) if number == 3 else None,
                absent_to=date(2026, 1, 31) if number == 3 else None,
            ),
        )  # fmt: skip
    _add(
        session,
        Responsibility(county_code=COUNTY, code=NORTH_WEST, officer_id=record_id("P", 1), role="head"),
        Responsibility(county_code=COUNTY, code=_GROUPS[0], officer_id=record_id("P", 2), role="head"),
    )
