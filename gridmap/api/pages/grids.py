"""The page of grids: is everything in, where is something wrong, what is this grid."""

from functools import cache
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from gridmap.access.rights import may_see_persons
from gridmap.api.deps import SessionDep
from gridmap.api.pages.csv_answer import csv_answer
from gridmap.api.pages.frame import Frame, FrameDep, PageRoute, render
from gridmap.api.pages.front import WithinQuery
from gridmap.api.pages.grid_table import ROWS_SHOWN, Status, as_columns, chosen_rows, list_rows
from gridmap.api.scope import MapScope, MapScopeDep
from gridmap.api.security import ActorDep
from gridmap.divisions import service as divisions
from gridmap.divisions.service import DivisionRecord, get_division
from gridmap.errors import NotFound
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
    cursor: Annotated[int, Query(ge=0)] = 0,
) -> HTMLResponse:
    """The grids of a division as a tree, a table and a map, and one of them in the drawer."""
    division = _division(session, scope, frame, within)
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
        asked={"q": q, "kind": kind, "status": status, "sort": sort, "cursor": cursor},
        shown_rows=ROWS_SHOWN,
        grid=grid,
    )


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


def _division(session: Session, scope: MapScope, frame: Frame, within: str | None) -> DivisionRecord:
    division = maps.default_division(session, scope.prefixes) if within is None else get_division(session, within)
    if division is None:
        raise NotFound(frame.t("front.empty") + ": gridmap demo load")
    return division
