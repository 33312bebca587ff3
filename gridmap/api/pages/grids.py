"""The page of grids: is everything in, where is something wrong, what is this grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy.orm import Session

from gridmap.access.rights import check_scope, may_see_persons
from gridmap.api.deps import SessionDep
from gridmap.api.pages.csv_answer import csv_answer
from gridmap.api.pages.frame import Frame, FrameDep, PageRoute, render
from gridmap.api.pages.front import WithinQuery
from gridmap.api.pages.grid_card import load_card
from gridmap.api.pages.grid_table import ROWS_SHOWN, Status, as_columns, chosen_rows, list_rows
from gridmap.api.params import DivisionCodePath, GridCodePath
from gridmap.api.scope import MapScope, MapScopeDep
from gridmap.api.security import PRIVATE, ActorDep
from gridmap.db.history import list_revisions
from gridmap.divisions import service as divisions
from gridmap.divisions.service import DivisionRecord, get_division
from gridmap.errors import NotFound
from gridmap.grids import service as grids
from gridmap.grids.layers.service import list_layers
from gridmap.maps import service as maps
from gridmap.snapshot.counts import count_within

router = APIRouter(route_class=PageRoute, include_in_schema=False)

GridQuery = Annotated[str | None, Query(pattern=r"^[0-9]{15}$")]


@router.get("/grids")
def grids_page(
    request: Request,
    *,
    frame: FrameDep,
    session: SessionDep,
    scope: MapScopeDep,
    actor: ActorDep,
    within: WithinQuery = None,
    grid: GridQuery = None,
    q: str = "",
    kind: Literal["base", "special"] | None = None,
    status: Status = "current",
    sort: str = "code",
    view: Literal["table", "problems"] = "table",
    cursor: Annotated[int, Query(ge=0)] = 0,
) -> HTMLResponse:
    """The grids of a division as a tree, a table and a map, and one of them in the drawer."""
    division = _division(session, scope, frame, within or _around(session, scope, grid))
    prefixes = scope.within(session, division.code)
    return render(
        request,
        "grids.html",
        frame,
        personal=may_see_persons(actor.caller),
        within=division,
        map_code=division.code[:6],
        chain=lambda: divisions.chain_above(session, division.code),
        counts=lambda: count_within(session, division.code),
        rows=cache(
            lambda: chosen_rows(list_rows(session, actor, prefixes), text=q, kind=kind, status=status, sort=sort)
        ),
        asked={"q": q, "kind": kind, "status": status, "sort": sort, "cursor": cursor, "view": view},
        shown_rows=ROWS_SHOWN,
        root=lambda: _branch(session, scope, maps.default_division(session, scope.prefixes) or division),
        reference_layers=lambda: list_layers(session, public_only=actor.caller.role is None),
        card=None if grid is None else cache(lambda: load_card(session, actor, scope, grid)),
    )


@router.get("/grids/tree/{code}")
def grids_branch(
    request: Request, code: DivisionCodePath, frame: FrameDep, session: SessionDep, scope: MapScopeDep
) -> HTMLResponse:
    """The divisions directly below one, as a branch of the tree."""
    division = get_division(session, code)
    scope.within(session, code)
    return render(request, "grids_branch.html", frame, branch=_branch(session, scope, division))


@router.get("/grids/table.csv")
def grids_csv(
    frame: FrameDep,
    session: SessionDep,
    scope: MapScopeDep,
    actor: ActorDep,
    *,
    within: WithinQuery = None,
    q: str = "",
    kind: Literal["base", "special"] | None = None,
    status: Status = "current",
    sort: str = "code",
) -> Response:
    """The rows of the table as it is filtered and sorted, all of them, for a spreadsheet."""
    division = _division(session, scope, frame, within)
    rows = list_rows(session, actor, scope.within(session, division.code))
    chosen = chosen_rows(rows, text=q, kind=kind, status=status, sort=sort)
    columns = ("code", "name", "kind", "area_m2", "households", "persons", "head", "status", "valid_from", "valid_to")
    return csv_answer(f"grids-{division.code}.csv", columns, (as_columns(row) for row in chosen))


@router.get("/grids/{code}/writes.json")
def grid_writes(code: GridCodePath, session: SessionDep, actor: ActorDep) -> JSONResponse:
    """Who wrote to a grid by hand and when, for a form that finds it changed."""
    check_scope(actor.caller, code)
    told = [{"actor": kept.actor, "at": kept.at.isoformat()} for kept in list_revisions(session, code)]
    return JSONResponse({"revisions": told}, headers={"Cache-Control": PRIVATE})


@dataclass(frozen=True, slots=True)
class Branch:
    """A division of the tree with those directly below it, and how many grids each has."""

    division: DivisionRecord
    below: Sequence[tuple[DivisionRecord, int]]


def _branch(session: Session, scope: MapScope, division: DivisionRecord) -> Branch:
    below = [child for child in divisions.list_children(session, division.code) if scope.narrow([child.code])]
    counts: dict[str, int] = {}
    for _, same_level in groupby(below, key=lambda child: len(child.code)):
        counts |= grids.count_each(session, [child.code for child in same_level])
    return Branch(division, [(child, counts.get(child.code, 0)) for child in below])


def _around(session: Session, scope: MapScope, grid: str | None) -> str | None:
    """The village of a grid that a link names alone, so that it is seen among its neighbours; else what it lay in."""
    if grid is None:
        return None
    above = [grid[:digits] for digits in (12, 9, 6)]
    known = divisions.by_codes(session, above)
    return next((code for code in above if code in known and scope.narrow([code])), None)


def _division(session: Session, scope: MapScope, frame: Frame, within: str | None) -> DivisionRecord:
    division = maps.default_division(session, scope.prefixes) if within is None else get_division(session, within)
    if division is None:
        raise NotFound(frame.t("front.empty") + ": gridmap demo load")
    return division
