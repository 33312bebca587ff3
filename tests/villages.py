"""Two villages drawn as a map of letters: capitals are the grids of one, small letters those of its neighbour.

A is grid 001 of village 200, B is 002 …; a is grid 001 of village 201. Both are of one township, unless told otherwise.
"""

from collections.abc import Sequence
from typing import Any

import shapely
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import Caller
from gridmap.addresses.model import Address
from gridmap.contacts.model import Officer, Responsibility
from gridmap.db.base import Base
from gridmap.db.geometry import from_shapely
from gridmap.db.versions import raise_version, time_of
from gridmap.divisions.model import Division, DivisionVersion
from gridmap.editing import review, service
from gridmap.editing.proposal import ProposedGrid
from gridmap.geo.arrays import Polygonal
from gridmap.grids import service as grids
from gridmap.grids.model import HouseholdGroup, HouseholdGroupVersion
from gridmap.households.model import Household
from tests.maps import areas, at

PROVINCE, PREFECTURE, COUNTY, TOWNSHIP = "99", "990000", "990001", "990001101"
UPPER, LOWER = TOWNSHIP + "200", TOWNSHIP + "201"


def actor(name: str, scope: str = "") -> Actor:
    """An admin of that name; `scope` is a code prefix."""
    return Actor(Caller(f"user:{name}", "admin", scope or "all", (scope,)), Origin("test"))


ANNA, BERT = actor("anna"), actor("bert")


def code(letter: str) -> str:
    """The code of a letter."""
    return f"{UPPER}{ord(letter) - 64:03d}" if letter.isupper() else f"{LOWER}{ord(letter) - 96:03d}"


def letter(grid_code: str) -> str:
    """The letter of a code."""
    return chr(int(grid_code[12:]) + (64 if grid_code.startswith(UPPER) else 96))


def letters(codes: Sequence[str]) -> str:
    """Codes as one word."""
    return "".join(map(letter, codes))


def proposal(text: str, new: str = "") -> list[ProposedGrid]:
    """The grids of a map; those whose letters are in `new` have no code yet and go by their letter."""
    return [
        ProposedGrid(
            village_code=code(name)[:12],
            code=None if name in new else code(name),
            name=f"网格{name}",
            geometry=shape,
            ref=name,
        )
        for name, shape in areas(text).items()
    ]


def county(session: Session, text: str, *, loaded: bool = True) -> None:
    """Divisions with the outlines of the map, as version 1, and unless told otherwise its grids, as version 2."""
    version = raise_version(session, "test", "divisions")
    drawn = areas(text)
    villages = [village for village in (UPPER, LOWER) if any(code(name).startswith(village) for name in drawn)]
    chain = [("province", PROVINCE, None), ("prefecture", PREFECTURE, PROVINCE), ("county", COUNTY, PREFECTURE)]
    chain += [("township", TOWNSHIP, COUNTY), *(("village", village, TOWNSHIP) for village in villages)]
    for level, division, parent in chain:
        inside = [shape for name, shape in drawn.items() if level != "village" or code(name).startswith(division)]
        add_division(session, version, level, division, parent, shapely.union_all(inside))
    if loaded:
        review.first_load(session, ANNA, "first load", proposal(text))


def add_division(
    session: Session, version: int, level: str, division: str, parent: str | None, outline: Any, **names: str
) -> None:
    """One division; `outline` may be None."""
    shape = shapely.MultiPolygon([outline]) if isinstance(outline, shapely.Polygon) else outline
    add(session, Division(code=division, level=level))
    state = DivisionVersion(
        code=division,
        parent_code=parent,
        name=names.get("name", division),
        name_full=names.get("name_full", names.get("name", division)),
        outline=None if shape is None else from_shapely(shape),
        outline_source=None if shape is None else "invented for tests",
        valid_from=time_of(session, version),
        version_from=version,
    )
    add(session, state)


def settle(session: Session, number: int, column: float, row: float, group: str | None = None) -> None:
    """A household at a place of the map, in the grid with the lowest code there, and in a group like ``A01``."""
    lon, lat = at(column, row)
    spot = shapely.Point(lon, lat)
    there = [grid for grid in grids.near_point(session, lon, lat, None) if grid.geometry.intersects(spot)]
    grid_code = there[0].code if there else None
    door, home = f"A{COUNTY}{number:08d}", f"H{COUNTY}{number:08d}"
    village = grid_code[:12] if grid_code else UPPER
    add(
        session,
        Address(
            county_code=COUNTY, code=door, village_code=village, grid_code=grid_code, label=f"{number}号",
            point=from_shapely(spot), point_source="test",
        ),
    )  # fmt: skip
    group_code = None if group is None else code(group[0]) + group[1:]
    if group_code is not None and session.get(HouseholdGroup, (COUNTY, group_code)) is None:
        add_group(session, group_code, f"{group}组")
    add(
        session,
        Household(
            county_code=COUNTY, id=home, kind="family", address_code=door, group_code=group_code, head_name="甲",
            persons=3,
        ),
    )  # fmt: skip


def add_group(session: Session, group_code: str, name: str) -> None:
    """A household group without members."""
    add(session, HouseholdGroup(county_code=COUNTY, code=group_code, grid_code=group_code[:15]))
    version = raise_version(session, "test", "groups")
    valid = {"valid_from": time_of(session, version), "version_from": version}
    add(session, HouseholdGroupVersion(county_code=COUNTY, code=group_code, name=name, **valid))


def put_in_charge(session: Session, number: int, of: str, role: str = "head") -> None:
    """An officer, made when new, who answers for a grid ``A`` or a group ``A01``."""
    officer = f"P{COUNTY}{number:08d}"
    if session.get(Officer, (COUNTY, officer)) is None:
        add(
            session,
            Officer(
                county_code=COUNTY, id=officer, name="乙", kind="grid_head", unit="乡", home_code=UPPER,
                work_code=UPPER, capacity=5,
            ),
        )  # fmt: skip
    charge = code(of[0]) + of[1:]
    add(session, Responsibility(county_code=COUNTY, code=charge, officer_id=officer, role=role))


def draft(session: Session, text: str, new: str = "", *, title: str = "change", who: Actor = ANNA) -> int:
    """A changeset that proposes the map."""
    content = proposal(text, new)
    changeset = service.open_changeset(session, who, sorted({grid.village_code for grid in content}), title)
    service.propose(session, who, changeset, content)
    return changeset


def submitted(session: Session, text: str, new: str = "", *, title: str = "change") -> int:
    """The same, submitted."""
    changeset = draft(session, text, new, title=title)
    review.submit(session, ANNA, changeset)
    return changeset


def published(session: Session, text: str, new: str = "", *, title: str = "change") -> int:
    """The same, published; returns the changeset's id."""
    changeset = submitted(session, text, new, title=title)
    review.publish(session, BERT, changeset)
    return changeset


def state(session: Session) -> dict[str, Polygonal]:
    """The current grids by letter."""
    return {letter(grid.code): grid.geometry for grid in grids.list_grids(session)}


def add(session: Session, *rows: Base) -> None:
    """Written at once: without relationships the session does not know which table refers to which."""
    session.add_all(rows)
    session.flush()
