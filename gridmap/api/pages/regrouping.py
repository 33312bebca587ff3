"""The page that draws the household groups of a grid anew: which grids need it, and one proposal, old beside new."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.api.deps import SessionDep, SettingsDep
from gridmap.api.pages.frame import FrameDep, PageRoute, render
from gridmap.api.pages.front import WithinQuery
from gridmap.api.scope import MapScopeDep
from gridmap.api.security import ActorDep
from gridmap.contacts import group_proposals, groups
from gridmap.contacts.group_proposals import Proposal
from gridmap.contacts.groups import GroupListed
from gridmap.contacts.proposal_schema import ProposalOut
from gridmap.contacts.regrouping import Limits
from gridmap.db.versions import current_version
from gridmap.divisions.service import get_division
from gridmap.errors import NotFound
from gridmap.geo.arrays import Polygonal
from gridmap.grids import service as grids
from gridmap.grids.service import GridRecord
from gridmap.households.listing import count_without_group
from gridmap.households.service import Dwelling
from gridmap.maps import service as maps
from gridmap.maps.group_picture import GroupPicture, draw_groups

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_ALL = 1_000_000
_GRID_DIGITS = 15
GridQuery = Annotated[str | None, Query(pattern=r"^[0-9]{15}$")]


@dataclass(frozen=True, slots=True)
class GridSizes:
    """A grid with the sizes of its groups that are outside the limits, and how many households are in none."""

    code: str
    groups: int
    too_small: Sequence[int]
    too_large: Sequence[int]
    loose: int


@dataclass(frozen=True, slots=True)
class ProposalCard:
    """A proposal as its page shows it: the grid, the groups before and after, and what accepting sends."""

    grid: GridRecord
    proposal: Proposal
    before: GroupPicture
    after: GroupPicture
    sent: str
    names: dict[str, str]


@router.get("/groups/regroup")
def regroup_page(
    request: Request,
    *,
    frame: FrameDep,
    session: SessionDep,
    scope: MapScopeDep,
    actor: ActorDep,
    settings: SettingsDep,
    within: WithinQuery = None,
    grid: GridQuery = None,
) -> HTMLResponse:
    """The grids with groups outside the limits or households in none, or what the groups of one grid would be."""
    division = maps.default_division(session, scope.prefixes) if within is None else get_division(session, within)
    if division is None:
        raise NotFound(frame.t("front.empty") + ": gridmap demo load")
    limits = group_proposals.limits_of(settings)
    listed = cache(lambda: groups.list_groups(session, actor, within=division.code, cursor=None, limit=_ALL)[0])
    return render(
        request,
        "regroup.html",
        frame,
        personal=True,
        within=division,
        map_code=None,
        limits=limits,
        grid=grid,
        found=cache(lambda: sizes_outside(listed(), limits, count_without_group(session, actor.caller, division.code))),
        card=None if grid is None else cache(lambda: _card(session, actor, grid, limits)),
    )


def sizes_outside(listed: Iterable[GroupListed], limits: Limits, loose: Mapping[str, int]) -> list[GridSizes]:
    """The grids that have a group outside the limits or households in none, by code; an only group may be small."""
    grouped = {code: list(members) for code, members in groupby(listed, key=lambda group: group.code[:15])}
    found = []
    for code in sorted(grouped.keys() | {place for place in loose if len(place) == _GRID_DIGITS}):
        sizes = sorted(group.households for group in grouped.get(code, ()))
        small = [size for size in sizes if size < limits.smallest] if len(sizes) > 1 else []
        large = [size for size in sizes if size > limits.largest]
        if small or large or code in loose:
            found.append(GridSizes(code, len(sizes), small, large, loose.get(code, 0)))
    return found


def _card(session: Session, actor: Actor, code: str, limits: Limits) -> ProposalCard:
    proposal = group_proposals.propose(session, actor, code, limits)
    grid = grids.get_grid(session, code)
    told = ProposalOut.of(current_version(session), proposal).model_dump(by_alias=True)
    sent = [{name: group[name] for name in ("code", "name", "members")} for group in told["groups"]]
    moving = {one.id for one, _ in proposal.moves}
    everyone = [one for group in proposal.groups for one in group.members]
    return ProposalCard(
        grid,
        proposal,
        _picture(grid.geometry, [(one.group_code, one) for one in everyone], moving),
        _picture(grid.geometry, [(group.code, one) for group in proposal.groups for one in group.members], moving),
        json.dumps(sent),
        grids.groups_in(session, [code]),
    )


def _picture(outline: Polygonal, placed: Sequence[tuple[str | None, Dwelling]], moving: set[str]) -> GroupPicture:
    members: dict[str, list[tuple[float, float]]] = {}
    for code, one in placed:
        if code is not None:
            members.setdefault(code, []).append((one.lon, one.lat))
    return draw_groups(outline, members, [(one.lon, one.lat, one.id in moving) for _, one in placed])
