"""The pages of household groups and shelters: a list, a card, and the forms that keep them true."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.api import geojson
from gridmap.api.deps import SessionDep
from gridmap.api.pages.frame import FrameDep, PageRoute, render
from gridmap.api.pages.front import WithinQuery
from gridmap.api.pages.writes import Write, writes_of
from gridmap.api.scope import MapScopeDep
from gridmap.api.security import ActorDep
from gridmap.contacts import groups
from gridmap.contacts.charges import people_of
from gridmap.contacts.groups import GroupListed, GroupRecord
from gridmap.db.geometry import to_shapely
from gridmap.divisions import service as divisions
from gridmap.divisions.service import get_division
from gridmap.errors import NotFound
from gridmap.grids import service as grids
from gridmap.households import service as households
from gridmap.households.listing import count_without_group
from gridmap.households.service import HouseholdRecord
from gridmap.maps import service as maps
from gridmap.preplans import shelter_keeping
from gridmap.preplans.model import Shelter

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Row = TypeVar("Row")

ROWS_SHOWN = 200
_ALL = 1_000_000
_NEIGHBOURS = 500
GroupQuery = Annotated[str | None, Query(pattern=r"^([0-9]{17}|new)$")]
GridQuery = Annotated[str | None, Query(pattern=r"^[0-9]{15}$")]
ShelterQuery = Annotated[str | None, Query(pattern=r"^(S[0-9]{14}|new)$")]
CursorQuery = Annotated[int, Query(ge=0)]

_GROUP_KEYS: dict[str, Callable[[GroupListed], Any]] = {
    "code": lambda group: group.code,
    "name": lambda group: group.name,
    "households": lambda group: group.households,
    "head": lambda group: group.head.name if group.head else "",
}
_SHELTER_KEYS: dict[str, Callable[[Shelter], Any]] = {
    "id": lambda shelter: shelter.id,
    "name": lambda shelter: shelter.name,
    "kind": lambda shelter: shelter.kind,
    "village": lambda shelter: shelter.village_code,
    "capacity": lambda shelter: shelter.capacity,
}


@dataclass(frozen=True, slots=True)
class GroupCard:
    """A group with the ids of who answers for it, which its form changes, and what was written to it.

    `neighbours` are the households of its grid, its members first: who may come in; masked.
    """

    record: GroupRecord
    head: str | None
    deputies: Sequence[str]
    writes: Sequence[Write]
    neighbours: Sequence[HouseholdRecord]
    names: Mapping[str, str]
    """Of the groups that the neighbours are in."""
    above: str
    """What their addresses begin with, and need not be told of each."""


@dataclass(frozen=True, slots=True)
class ShelterCard:
    """A shelter, where it stands, and what was written to it; None of a new one."""

    shelter: Shelter | None
    lon: float | None = None
    lat: float | None = None
    writes: Sequence[Write] = ()


@router.get("/groups")
def groups_page(
    request: Request,
    *,
    frame: FrameDep,
    session: SessionDep,
    scope: MapScopeDep,
    actor: ActorDep,
    within: WithinQuery = None,
    group: GroupQuery = None,
    grid: GridQuery = None,
    q: str = "",
    sort: str = "code",
    cursor: CursorQuery = 0,
) -> HTMLResponse:
    """The household groups of a division with their heads, masked, and one of them in the drawer. Audited."""
    division = maps.default_division(session, scope.prefixes) if within is None else get_division(session, within)
    if division is None:
        raise NotFound(frame.t("front.empty") + ": gridmap demo load")

    def rows() -> list[GroupListed]:
        found, _ = groups.list_groups(session, actor, within=division.code, cursor=None, limit=_ALL)
        said = [each for each in found if q.strip().lower() in f"{each.code} {each.name} {_head_name(each)}".lower()]
        return _sorted(said, _GROUP_KEYS, sort, "code")

    return render(
        request,
        "groups.html",
        frame,
        personal=True,
        within=division,
        map_code=division.code[:6],
        chain=lambda: divisions.chain_above(session, division.code),
        rows=cache(rows),
        loose=cache(lambda: sum(count_without_group(session, actor.caller, division.code).values())),
        shown_rows=ROWS_SHOWN,
        asked={"q": q, "sort": sort, "cursor": cursor},
        group=group,
        grid=grid,
        card=None if group in {None, "new"} else cache(lambda: _group_card(session, actor, group or "")),
    )


@router.get("/shelters")
def shelters_page(
    request: Request,
    *,
    frame: FrameDep,
    session: SessionDep,
    scope: MapScopeDep,
    actor: ActorDep,
    within: WithinQuery = None,
    shelter: ShelterQuery = None,
    q: str = "",
    sort: str = "id",
    cursor: CursorQuery = 0,
) -> HTMLResponse:
    """The shelters of a division, and one of them, or the form of a new one, in the drawer."""
    division = maps.default_division(session, scope.prefixes) if within is None else get_division(session, within)
    if division is None:
        raise NotFound(frame.t("front.empty") + ": gridmap demo load")

    def rows() -> list[Shelter]:
        found, _ = shelter_keeping.list_shelters(
            session, actor, within=division.code, bbox=None, cursor=None, limit=_ALL
        )
        said = [each for each in found if q.strip().lower() in f"{each.id} {each.name} {each.kind}".lower()]
        return _sorted(said, _SHELTER_KEYS, sort, "id")

    return render(
        request,
        "shelters.html",
        frame,
        within=division,
        map_code=division.code[:6],
        chain=lambda: divisions.chain_above(session, division.code),
        rows=cache(rows),
        villages=lambda codes: {code: found.name for code, found in divisions.by_codes(session, set(codes)).items()},
        shown_rows=ROWS_SHOWN,
        asked={"q": q, "sort": sort, "cursor": cursor},
        shelter=shelter,
        card=None if shelter is None else cache(lambda: _shelter_card(session, actor, shelter)),
    )


def _group_card(session: Session, actor: Actor, code: str) -> GroupCard:
    record = groups.get_group(session, actor, code)
    people = people_of(session, code)
    kept = writes_of(groups.get_history(session, actor, code))
    found: list[HouseholdRecord] = []
    if record.state.status == "current" and actor.caller.covers(code[:15]):
        found = households.list_in_grid(session, actor, code[:15], cursor=None, limit=_NEIGHBOURS).households
    near = sorted(found, key=lambda household: (household.group_code != code, household.group_code or "", household.id))
    names = grids.groups_in(session, [code[:15]])
    above = "".join(step.name for step in divisions.chain_above(session, code[:12]))
    return GroupCard(record, people.head, people.deputies, kept, near, names, above)


def _shelter_card(session: Session, actor: Actor, shelter_id: str) -> ShelterCard:
    if shelter_id == "new":
        return ShelterCard(None)
    shelter = shelter_keeping.get_shelter(session, actor, shelter_id)
    lon, lat = geojson.position(to_shapely(shelter.point))
    return ShelterCard(shelter, lon, lat, writes_of(shelter_keeping.get_history(session, actor, shelter_id)))


def _head_name(group: GroupListed) -> str:
    return group.head.name if group.head else ""


def _sorted(rows: list[Row], keys: dict[str, Callable[[Row], Any]], sort: str, otherwise: str) -> list[Row]:
    key = keys.get(sort.removeprefix("-"), keys[otherwise])
    return sorted(rows, key=lambda row: (key(row), keys[otherwise](row)), reverse=sort.startswith("-"))
