"""Routes of plans of contact pairs, and the coverage report."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, BackgroundTasks, Path, Query, Request, Response
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.api.deps import SessionDep, SettingsDep
from gridmap.api.officers import day_of
from gridmap.api.pages.csv_answer import csv_answer
from gridmap.api.params import PageDep, parse_includes
from gridmap.api.security import PRIVATE, ActorDep, NowDep
from gridmap.contacts.plans import applying, review, service
from gridmap.contacts.plans.report import COLUMNS, make_report
from gridmap.contacts.plans.schema import (
    AppliedOut,
    MissedOut,
    PlanAsked,
    PlanDetail,
    PlanList,
    PlannedPairOut,
    PlanOut,
    ReportOut,
    SheetOut,
)
from gridmap.db.versions import current_version
from gridmap.settings import Settings

router = APIRouter(prefix="/pair-plans", tags=["contacts"])

PlanId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Within = Annotated[str, Query(pattern=r"^[0-9]{2}([0-9]{4}([0-9]{3}([0-9]{3})?)?)?$", description="A division.")]
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.post("", status_code=201)
def make_plan(
    asked: PlanAsked,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    settings: SettingsDep,
    tasks: BackgroundTasks,
    response: Response,
) -> PlanDetail:
    """Makes a plan. One for very many households answers 202 at once and is solved beside the server."""
    plan_id, at_once = service.open_plan(session, actor, asked.within, from_scratch=asked.from_scratch, wait=asked.wait)
    response.headers["Location"] = f"/api/v1/pair-plans/{plan_id}"
    if at_once:
        service.solve_plan(session, plan_id, day_of(now, settings.timezone))
    else:
        response.status_code = 202
        # After the answer, and so after the commit that lets the other process see the plan.
        tasks.add_task(_solve_apart, plan_id, settings)
    return _detail(session, actor, plan_id)


@router.get("")
def list_plans(request: Request, page: PageDep, session: SessionDep, actor: ActorDep) -> PlanList:
    """Plans within the caller's scope, the newest first."""
    before = int(page.cursor) if page.cursor is not None and page.cursor.isdigit() else None
    found = service.list_plans(session, actor.caller, before=before, limit=page.limit)
    last = str(found[-1].id) if len(found) == page.limit else None
    plans = [PlanOut.model_validate(plan) for plan in found]
    return PlanList(version=current_version(session), plans=plans, next=page.next_link(request, last))


@router.get("/report", response_model=ReportOut)
def report(
    within: Within,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    settings: SettingsDep,
    form: Annotated[Literal["json", "csv", "xlsx"], Query(alias="format")] = "json",
) -> Response | ReportOut:
    """How a division and all below it are covered, down to the grid: as JSON, CSV or Excel."""
    lines = make_report(session, actor.caller, within, day_of(now, settings.timezone))
    rows = [[asdict(line)[name] for name in COLUMNS] for line in lines]
    if form != "json":
        return _table(f"pairs-{within}", form, COLUMNS, rows)
    return ReportOut(version=current_version(session), within=within, lines=[asdict(line) for line in lines])


@router.get("/{plan_id}")
def get_plan(
    plan_id: PlanId,
    session: SessionDep,
    actor: ActorDep,
    include: Annotated[str, Query(description="pairs: all of them, as in PLAN.json.")] = "",
) -> PlanDetail:
    """A plan: its certificate, the missed and the change sheet. Audited."""
    detail = _detail(session, actor, plan_id)
    if "pairs" in parse_includes(include, ("pairs",)):
        detail.pairs = [PlannedPairOut.model_validate(pair) for pair in service.list_pairs(session, actor, plan_id)]
    return detail


@router.get("/{plan_id}/pairs", response_model=None)
def plan_register(
    plan_id: PlanId,
    session: SessionDep,
    actor: ActorDep,
    form: Annotated[Literal["json", "csv", "xlsx"], Query(alias="format")] = "json",
) -> Response:
    """The whole plan as a file: PLAN.json, or a row a household, masked, the missed first, as CSV or Excel. Audited."""
    if form == "json":
        document = service.as_document(
            service.get_plan(session, actor.caller, plan_id), service.list_pairs(session, actor, plan_id)
        )
        return _file(f"plan-{plan_id}.json", json.dumps(document, ensure_ascii=False).encode(), "application/json")
    rows = review.register_rows(session, actor, plan_id)
    return _table(f"plan-{plan_id}", form, review.REGISTER_COLUMNS, rows)


@router.post("/{plan_id}/apply")
def apply_plan(plan_id: PlanId, session: SessionDep, actor: ActorDep, now: NowDep, settings: SettingsDep) -> AppliedOut:
    """Makes a plan true; never one's own. 409 when the registers have moved on since, naming what changed."""
    removed, written = applying.apply_plan(session, actor, plan_id, day_of(now, settings.timezone))
    shown = PlanOut.model_validate(service.get_plan(session, actor.caller, plan_id)).model_dump()
    return AppliedOut(**shown, removed=removed, written=written)


@router.post("/{plan_id}/undo")
def undo_plan(plan_id: PlanId, session: SessionDep, actor: ActorDep) -> AppliedOut:
    """Restores the pairs that applying the plan took away; 409 when they were changed again since."""
    undone = applying.undo_plan(session, actor, plan_id)
    shown = PlanOut.model_validate(service.get_plan(session, actor.caller, plan_id)).model_dump()
    return AppliedOut(**shown, not_restored=list(undone.not_restored))


def _detail(session: Session, actor: Actor, plan_id: int) -> PlanDetail:
    record = service.get_plan(session, actor.caller, plan_id)
    return PlanDetail(
        **PlanOut.model_validate(record).model_dump(),
        missed=[MissedOut.model_validate(missed) for missed in record.missed],
        changes=SheetOut.model_validate(service.get_sheet(session, actor, plan_id)),
    )


def _table(name: str, form: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    if form == "csv":
        return csv_answer(f"{name}.csv", columns, rows)
    from gridmap.api.workbook import workbook  # noqa: PLC0415 - openpyxl is slow to import, and rarely wanted

    return _file(f"{name}.xlsx", workbook("pairs", columns, rows), EXCEL)


def _file(name: str, content: bytes, media_type: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": PRIVATE}
    return Response(content, headers=headers, media_type=media_type)


def _solve_apart(plan_id: int, settings: Settings) -> None:
    command = [sys.executable, "-m", "gridmap", "pairs", "solve", str(plan_id)]
    subprocess.run(command, env={**os.environ, **settings.env()}, check=False)
