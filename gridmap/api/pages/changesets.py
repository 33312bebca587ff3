"""The pages of changesets: what waits for whom, and one of them with its diff on the map."""

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.api.changesets import ChangesetId, Status
from gridmap.api.deps import SessionDep, SettingsDep
from gridmap.api.pages.frame import FrameDep, PageRoute, render
from gridmap.api.security import ActorDep
from gridmap.contacts.group_proposals import limits_of
from gridmap.contacts.regrouping import Limits
from gridmap.divisions import service as divisions
from gridmap.editing import service
from gridmap.editing.record import ChangesetRecord, Report
from gridmap.editing.schema import Effect

router = APIRouter(prefix="/changesets", route_class=PageRoute, include_in_schema=False)

ROWS_SHOWN = 100
OPEN: tuple[str, ...] = ("draft", "submitted", "rejected")


@dataclass(frozen=True, slots=True)
class Review:
    """A changeset as its page shows it: the names of its villages, its problems, what it does, who may do what."""

    changeset: ChangesetRecord
    villages: dict[str, str]
    report: Report
    effect: Effect
    is_own: bool
    limits: Limits

    @property
    def groups_outside(self) -> list[tuple[str, int]]:
        """The groups, with their households, that are too large or too small afterwards."""
        return [(code, size) for code, size in self.effect.group_sizes.items() if not self.limits.hold(size)]

    @property
    def errors(self) -> int:
        """How many problems forbid publishing."""
        return sum(problem.severity == "error" for problem in self.report.problems)

    @property
    def is_stale(self) -> bool:
        """Whether something else was published about its villages since."""
        return any(problem.kind == "stale_base" for problem in self.report.problems)

    @property
    def changes(self) -> int:
        """How many grids it touches."""
        grids = self.effect.grids
        return len(grids.add) + len(grids.change) + len(grids.retire)


@router.get("")
def changesets_page(
    request: Request,
    *,
    frame: FrameDep,
    session: SessionDep,
    actor: ActorDep,
    status: Status | Literal["open", "all"] = "open",
    village: Annotated[str | None, Query(pattern=r"^[0-9]{12}$")] = None,
    cursor: Annotated[int, Query(ge=0)] = 0,
) -> HTMLResponse:
    """Changesets within the reader's scope, the newest first; by default those that somebody still has to act on."""
    one = status if status not in {"open", "all"} else None
    found = service.list_changesets(session, actor.caller, status=one, village=village, before=cursor or None)
    shown = [record for record in found if status != "open" or record.status in OPEN]
    names = _village_names(session, *(code for record in shown[:ROWS_SHOWN] for code in record.villages))
    return render(
        request,
        "changesets.html",
        frame,
        within=None,
        map_code=None,
        found=shown,
        shown_rows=ROWS_SHOWN,
        villages=names,
        asked={"status": status, "village": village},
        me=actor.caller.name,
    )


@router.get("/{changeset_id}")
def changeset_page(
    request: Request,
    changeset_id: ChangesetId,
    frame: FrameDep,
    session: SessionDep,
    actor: ActorDep,
    settings: SettingsDep,
) -> HTMLResponse:
    """One changeset: its problems, its diff on the map, what it moves, and what the reader may do with it."""
    report = service.get_report(session, actor.caller, changeset_id)
    county = report.changeset.villages[0][:6]
    return render(
        request,
        "changeset.html",
        frame,
        within=divisions.get_division(session, county),
        map_code=county,
        review=cache(lambda: _review(session, actor, report, limits_of(settings))),
    )


def _review(session: Session, actor: Actor, report: Report, limits: Limits) -> Review:
    record = report.changeset
    effect: dict[str, Any] = report.effect
    return Review(
        changeset=record,
        villages=_village_names(session, *record.villages),
        report=report,
        effect=Effect.model_validate(effect),
        is_own=record.author == actor.caller.name,
        limits=limits,
    )


def _village_names(session: Session, *codes: str) -> dict[str, str]:
    known = divisions.by_codes(session, set(codes))
    return {code: known[code].name if code in known else code for code in codes}
