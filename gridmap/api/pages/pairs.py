"""The pages of contact pairs: plans to be made, reviewed by a second person and applied; and how places are covered."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.access.caller import same_person
from gridmap.api.deps import SessionDep
from gridmap.api.officers import TodayDep
from gridmap.api.pages.cover import FIGURES, below
from gridmap.api.pages.frame import FrameDep, PageRoute, render
from gridmap.api.pages.households import division_of
from gridmap.api.pair_plans import PlanId
from gridmap.api.security import ActorDep
from gridmap.contacts.plans import review, service
from gridmap.contacts.plans.missing import list_missing
from gridmap.contacts.plans.report import make_report
from gridmap.contacts.plans.service import PlanRecord
from gridmap.contacts.plans.sheet_queries import SheetAsked
from gridmap.divisions import service as divisions
from gridmap.divisions.service import NamedDivision
from gridmap.errors import NotFound

router = APIRouter(prefix="/pairs", route_class=PageRoute, include_in_schema=False)

ROWS_SHOWN = 100
_MISSING_SHOWN = 200
_COLUMNS = (
    "households", "paired", "missed", "tier_0", "tier_1", "tier_2", "tier_3", "with_backup", "officers", "capacity",
    "first_contacts", "idle", "idle_unplaced", "over", "largest_load",
)  # fmt: skip
STEPS = ("reading", "birthplace", "changes", "distances", "back-ups", "reasons", "storing")
"""The first word of what a plan says of its progress, in the order of the work."""


@dataclass(frozen=True, slots=True)
class Review:
    """A plan as its page shows it."""

    plan: PlanRecord
    place: str
    is_own: bool
    asked: SheetAsked
    view: str

    @property
    def stages(self) -> dict[str, dict[str, Any]]:
        """The stages of the certificate by name."""
        return {stage["stage"]: stage for stage in (self.plan.certificate or {}).get("stages", ())}

    @property
    def step(self) -> int:
        """How many steps of solving are behind it, of `STEPS`."""
        word = (self.plan.progress or "").partition(" ")[0].rstrip(",")
        return STEPS.index(word) if word in STEPS else 0


@router.get("")
def plans_page(
    request: Request,
    *,
    frame: FrameDep,
    session: SessionDep,
    actor: ActorDep,
    within: Annotated[str | None, Query(pattern=r"^[0-9]{2}([0-9]{4}([0-9]{3}([0-9]{3})?)?)?$")] = None,
    cursor: Annotated[int | None, Query(ge=1)] = None,
) -> HTMLResponse:
    """Plans within the reader's scope, the newest first, and a form that begins one."""
    place = division_of(session, actor, within)
    if place is None:
        raise NotFound(frame.t("front.empty") + ": gridmap demo load")
    found = service.list_plans(session, actor.caller, before=cursor, limit=ROWS_SHOWN + 1)
    return render(
        request,
        "pairs.html",
        frame,
        personal=True,
        within=place,
        map_code=None,
        found=found,
        shown_rows=ROWS_SHOWN,
        places=_names(session, {plan.within for plan in found}),
        choices=cache(lambda: _choices(session, actor, place)),
        me=actor.caller.name,
    )


@router.get("/coverage")
def coverage_page(
    request: Request,
    *,
    frame: FrameDep,
    session: SessionDep,
    actor: ActorDep,
    today: TodayDep,
    within: Annotated[str | None, Query(pattern=r"^[0-9]{2}([0-9]{4}([0-9]{3}([0-9]{3})?)?)?$")] = None,
    figure: Literal["missed", "tiers", "backups", "loads", "idle", "over"] = "missed",
    missing: Annotated[str | None, Query(pattern=r"^[0-9]{2}([0-9]{4}([0-9]{3}([0-9]{3}([0-9]{3})?)?)?)?$")] = None,
) -> HTMLResponse:
    """How a place and what lies in it are covered: a figure as colours and hatches on the map, all beside it."""
    place = division_of(session, actor, within)
    if place is None:
        raise NotFound(frame.t("front.empty") + ": gridmap demo load")
    return render(
        request,
        "cover.html",
        frame,
        personal=True,
        within=place,
        within_code=place.code,
        map_code=place.code[:6],
        chain=cache(lambda: _chain(session, actor, place)),
        report=cache(lambda: make_report(session, actor.caller, place.code, today)),
        below=below,
        figure=figure,
        figures=FIGURES,
        columns=_COLUMNS,
        missing_code=missing,
        missing=None if missing is None else cache(lambda: list_missing(session, actor, missing, _MISSING_SHOWN)),
    )


@router.get("/{plan_id}")
def plan_page(
    request: Request,
    *,
    plan_id: PlanId,
    frame: FrameDep,
    session: SessionDep,
    actor: ActorDep,
    view: Literal["doors", "officers"] = "doors",
    village: Annotated[str, Query(pattern=r"^([0-9]{9}|[0-9]{12}|[0-9]{15})?$")] = "",
    officer: Annotated[str, Query(pattern=r"^(P[0-9]{14})?$")] = "",
    rank: Annotated[Literal["", "1", "2"], Query()] = "",
    cursor: Annotated[str | None, Query(pattern=r"^H[0-9]{14}$")] = None,
) -> HTMLResponse:
    """One plan for its reviewer: its proof in words, the missed, the change sheet, and what the reader may do."""
    plan = service.get_plan(session, actor.caller, plan_id)
    asked = SheetAsked(village or None, officer or None, int(rank) if rank else None, cursor)
    place = _names(session, {plan.within}).get(plan.within, plan.within)
    return render(
        request,
        "pair_plan.html",
        frame,
        personal=True,
        within=divisions.get_division(session, plan.within),
        map_code=None,
        r=Review(plan, place, same_person(plan.author, actor.caller.name), asked, view),
        steps=STEPS,
        missed=cache(lambda: review.list_missed(session, actor, plan_id)),
        sheet=cache(lambda: service.get_sheet(session, actor, plan_id)),
        changes=cache(lambda: review.list_changes(session, actor, plan_id, asked, ROWS_SHOWN)),
        officers=cache(lambda: review.list_officers(session, actor, plan_id, asked)),
        villages=cache(lambda: _villages(session, plan.within)),
    )


def _names(session: Session, codes: set[str]) -> Mapping[str, str]:
    return {code: division.name for code, division in divisions.by_codes(session, codes).items()}


def _chain(session: Session, actor: Actor, place: NamedDivision) -> list[NamedDivision]:
    """The place with what it lies in, as far as the reader may see a report of it."""
    return [step for step in divisions.chain_above(session, place.code) if actor.caller.covers(step.code)]


def _choices(session: Session, actor: Actor, place: NamedDivision) -> list[tuple[str, str]]:
    """What a plan may be made for from here: the place, what it lies in and what lies in it, all within the scope."""
    above = divisions.chain_above(session, place.code)[1:-1]
    found = [*above, place, *divisions.list_children(session, place.code)]
    return [(d.code, f"{d.name} {d.code}") for d in found if actor.caller.covers(d.code)]


def _villages(session: Session, within: str) -> list[tuple[str, str]]:
    prefixes = divisions.prefixes_within(session, within)
    named = divisions.list_names(session)
    return [(d.code, d.name) for d in named if d.level == "village" and d.code.startswith(prefixes)]
