"""Plans made true by a second person, and taken back. Nothing commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.caller import same_person
from gridmap.contacts.plans import queries as plans
from gridmap.contacts.plans import service
from gridmap.contacts.plans import writing_queries as queries
from gridmap.contacts.plans.inputs import changed_since, read_inputs
from gridmap.contacts.plans.model import PairPlan
from gridmap.db.versions import append_event
from gridmap.errors import FieldError, Forbidden, StaleBase
from gridmap.sentences import Sentence, say

_PAIRS_CHANGED = say("pairs_changed_since", "its pairs changed since")
_RECORD_CHANGED = say("changed_since_plan", "changed since the plan was made")


class OwnPlan(Forbidden):
    """Nobody applies a plan that he made himself."""

    code = "own_plan"


@dataclass(frozen=True, slots=True)
class Undone:
    """A plan that was taken back, and the households that a former contact did not come back to."""

    plan_id: int
    not_restored: Sequence[str]


def apply_plan(session: Session, actor: Actor, plan_id: int, today: date) -> tuple[int, int]:
    """Makes a plan true in one transaction: how many pairs went and came.

    Raises OwnPlan for the author, WrongPlanStatus, and StaleBase that names what changed in the registers since.
    """
    queries.lock_pairs(session)
    plan = service.plan_of(session, plan_id, lock=True)
    prefixes = service.check_whole_scope(session, actor.caller, plan.within)
    service.expect(plan, "ready")
    if same_person(plan.author, actor.caller.name):
        raise OwnPlan(say("own_plan", "A plan is applied by a second person, never by who made it."))
    _refuse_stale(session, plan, today)
    former, put = queries.replace_pairs(session, plan, prefixes, actor.caller.name)
    plan = service.plan_of(session, plan_id)
    plan.applied_at, plan.applied_by = plans.now(session), actor.caller.name
    plan.status = "applied"
    _tell(session, actor, plan, "pair_plan.apply")
    return former, put


def undo_plan(session: Session, actor: Actor, plan_id: int | None = None) -> Undone:
    """Restores the pairs that a plan took away, that of the plan applied last when none is named.

    A pair whose officer has retired or whose household was closed since does not come back. Raises WrongPlanStatus for
    one that does not stand, StaleBase when its pairs were changed again since.
    """
    queries.lock_pairs(session)
    wanted = plan_id if plan_id is not None else plans.last_applied(session)
    if wanted is None:
        raise service.WrongPlanStatus(say("no_plan_applied", "No plan stands applied: there is nothing to undo."))
    plan = service.plan_of(session, wanted, lock=True)
    service.check_whole_scope(session, actor.caller, plan.within)
    service.expect(plan, "applied")
    moved = queries.moved_since(session, plan.id, service.NAMED)
    if moved:
        raise StaleBase(
            say(
                "plan_pairs_changed",
                "Pairs of plan {plan} were changed again since: {households}. Undo what came after it first.",
                plan=plan.id,
                households=", ".join(moved),
            ),
            errors=[FieldError(household, _PAIRS_CHANGED, "changed") for household in moved],
        )
    ended = queries.restore_pairs(session, plan.id, actor.caller.name)
    plan.undone_at, plan.undone_by = plans.now(session), actor.caller.name
    plan.status = "undone"
    _tell(session, actor, plan, "pair_plan.undo")
    return Undone(plan.id, ended)


def _refuse_stale(session: Session, plan: PairPlan, today: date) -> None:
    now = read_inputs(session, plan.within, today, from_scratch=plan.from_scratch)
    changed = changed_since(plan.inputs or b"", now.marks)
    named = [name for ids in changed.values() for name in ids[: service.NAMED]]
    if named:
        raise StaleBase(
            say(
                "registers_moved_on",
                "The registers have moved on since plan {plan} was made: {changes}. Make a new plan.",
                plan=plan.id,
                changes=_changes(changed["households"], changed["officers"]),
            ),
            errors=[FieldError(name, _RECORD_CHANGED, "changed") for name in named],
        )


def _changes(households: Sequence[str], officers: Sequence[str]) -> Sentence:
    """How many records changed, and the first of them by their ids."""
    some, others = ", ".join(households[: service.NAMED]), ", ".join(officers[: service.NAMED])
    return Sentence.joined(
        [
            *([say("plan_households", "{count} households ({ids})", count=len(households), ids=some)] if some else []),
            *([say("plan_officers", "{count} officers ({ids})", count=len(officers), ids=others)] if others else []),
        ]
    )


def _tell(session: Session, actor: Actor, plan: PairPlan, action: str) -> None:
    session.flush()
    audit.record(session, actor, action, [service.subject(plan.id), plan.within])
    payload = {"plan": plan.id, "within": plan.within, "status": plan.status}
    append_event(session, action, payload, county_code=plan.county_code)
