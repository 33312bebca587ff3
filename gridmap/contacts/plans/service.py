"""Making and reading plans of contact pairs. Nothing commits."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.caller import Caller
from gridmap.contacts.plans import queries
from gridmap.contacts.plans.inputs import Inputs, packed, read_inputs
from gridmap.contacts.plans.model import PairPlan, PairPlanPair
from gridmap.contacts.solve.problem import UNKNOWN_M
from gridmap.contacts.solve.reasons import MISSED, NO_BACKUP
from gridmap.db.versions import append_event, current_version
from gridmap.divisions import service as divisions
from gridmap.errors import Conflict, Forbidden, GridmapError, NotFound
from gridmap.sentences import say

if TYPE_CHECKING:
    from gridmap.contacts.solve.plan import Solved

SOLVED_AT_ONCE = 40_000
"""Plans for more households than this are solved by a process of their own, so that nobody waits for an answer."""
STARTS_WITHIN = timedelta(seconds=90)
"""A process that is to solve a plan has said so by then; one that has not, or that says it no more, has ended."""
INTERRUPTED = "interrupted: the process that solved it ended before it was done; make a new plan"
NAMED = 20
_SHEET = 1000
_STATUS = {
    "solving": say("plan_solving", "solving"),
    "failed": say("plan_failed", "failed"),
    "ready": say("plan_ready", "ready"),
    "applied": say("plan_applied", "applied"),
    "undone": say("plan_undone", "undone"),
}


class WrongPlanStatus(Conflict):
    """The plan is not where this step begins."""

    code = "wrong_status"


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A plan without its pairs."""

    id: int
    within: str
    from_scratch: bool
    status: str
    author: str
    created_at: datetime
    version: int
    progress: str | None
    failure: str | None
    certificate: dict[str, Any] | None
    missed: list[dict[str, Any]]
    applied_at: datetime | None
    applied_by: str | None
    undone_at: datetime | None
    undone_by: str | None


@dataclass(frozen=True, slots=True)
class PlannedPair:
    """One pair of a plan."""

    household: str
    officer: str
    rank: int
    tier: int
    distance_m: int | None
    reason: str
    reason_en: str
    former: str | None


@dataclass(frozen=True, slots=True)
class OfficerChange:
    """Whom an officer gains and loses at a rank."""

    officer: str
    rank: int
    gained: int
    lost: int
    gains: list[str]
    loses: list[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The change sheet: how many pairs change, and the first thousand of them by household and by officer."""

    first_contacts: int
    back_ups: int
    replaced: int
    pairs: list[PlannedPair]
    officers: list[OfficerChange]


def open_plan(
    session: Session, actor: Actor, within: str, *, from_scratch: bool, wait: bool = True
) -> tuple[int, bool]:
    """A plan to be solved: its id, and whether it is to be solved at once: it is small enough, and who asks waits.

    Raises NotFound for an unknown division, Forbidden outside the caller's scope.
    """
    prefixes = check_whole_scope(session, actor.caller, within)
    plan = PairPlan(
        county_code=prefixes[0][:6],
        within=within,
        from_scratch=from_scratch,
        author=actor.caller.name,
        version=current_version(session),
    )
    session.add(plan)
    session.flush()
    audit.record(session, actor, "pair_plan.make", [subject(plan.id), within])
    return plan.id, wait and queries.count_households(session, prefixes) <= SOLVED_AT_ONCE


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a plan is solved from, read in one transaction; solving needs none."""

    plan_id: int
    inputs: Inputs

    def solve(self, note: Callable[[str], None]) -> "Solved":
        """The pairs and their proof."""
        from gridmap.contacts.solve.plan import solve  # noqa: PLC0415 - OR-Tools and SciPy are slow to import

        return solve(self.inputs.problem, note)


def prepare(session: Session, plan_id: int, today: date) -> Prepared:
    """Reads what a plan is solved from. Raises WrongPlanStatus for one that was solved."""
    plan = plan_of(session, plan_id)
    expect(plan, "solving")
    return Prepared(plan_id, read_inputs(session, plan.within, today, from_scratch=plan.from_scratch))


def store(session: Session, prepared: Prepared, solved: "Solved") -> None:
    """Writes a solved plan: pairs, certificate, and the fingerprint of what it was made from."""
    plan = plan_of(session, prepared.plan_id, lock=True)
    expect(plan, "solving")
    inputs = prepared.inputs
    queries.copy_pairs(session, _rows(plan, inputs, solved))
    plan.missed = _missed(inputs, solved)
    stages = [_with_forced(stage, inputs, solved) for stage in solved.certificate["stages"]]
    plan.certificate = {**solved.certificate, "stages": stages, "dropped_rules": inputs.dropped_rules}
    plan.inputs = packed(inputs.marks)
    plan.status, plan.progress = "ready", None
    session.flush()
    append_event(session, "pair_plan.ready", {"plan": plan.id, "within": plan.within}, county_code=plan.county_code)


def solve_plan(session: Session, plan_id: int, today: date, note: Callable[[str], None] = lambda _: None) -> None:
    """Reads, solves and stores in one transaction."""
    note("reading the registers")
    prepared = prepare(session, plan_id, today)
    store(session, prepared, prepared.solve(note))


def note_progress(session: Session, plan_id: int, progress: str | None, failure: str | None = None) -> None:
    """Writes how far the solving of a plan is, or why it failed."""
    plan = plan_of(session, plan_id, lock=True)
    plan.progress, plan.failure = progress, failure
    if failure is not None and plan.status == "solving":
        plan.status = "failed"
    session.flush()


@contextmanager
def being_solved(engine: Engine, plan_id: int) -> Iterator[None]:
    """Says to everybody that a plan is being solved, as long as the block runs and its process lives."""
    with engine.connect() as connection:
        queries.hold_solving(connection, plan_id)
        try:
            yield
        finally:
            queries.let_solving_go(connection, plan_id)


def why_failed(error: Exception) -> str:
    """What a plan says of the error that ended its solving: a code, then a sentence."""
    if isinstance(error, GridmapError):
        return f"{error.code}: {error.detail}"
    return "internal: the solver stopped with an error, which the server's log tells"


def _end_if_abandoned(session: Session, plan: PairPlan) -> None:
    """A plan that nobody solves any more has failed: its process was ended, with the machine or by somebody."""
    if plan.status != "solving" or queries.now(session) - plan.created_at < STARTS_WITHIN:
        return
    if not queries.is_being_solved(session, plan.id):
        note_progress(session, plan.id, None, failure=INTERRUPTED)


def get_plan(session: Session, caller: Caller, plan_id: int) -> PlanRecord:
    """One plan. Raises NotFound, and Forbidden outside the caller's scope."""
    plan = plan_of(session, plan_id)
    check_whole_scope(session, caller, plan.within)
    _end_if_abandoned(session, plan)
    return _record(plan)


def list_plans(session: Session, caller: Caller, *, before: int | None, limit: int) -> list[PlanRecord]:
    """The plans within the caller's scope, the newest first."""
    shown: list[PlanRecord] = []
    while len(shown) < limit:
        found = queries.list_plans(session, before=before, limit=limit)
        seen = [plan for plan in found if _covers(caller, plan)]
        for plan in seen:
            _end_if_abandoned(session, plan)
        shown += [_record(plan) for plan in seen]
        if len(found) < limit:
            break
        before = found[-1].id
    return shown[:limit]


def list_pairs(session: Session, actor: Actor, plan_id: int) -> list[PlannedPair]:
    """All pairs of a plan by household and rank, audited. Raises NotFound, Forbidden outside the caller's scope."""
    get_plan(session, actor.caller, plan_id)
    audit.record(session, actor, "pair_plan.read", [subject(plan_id)])
    return [_planned(pair) for pair in queries.plan_pairs(session, plan_id)]


def get_sheet(session: Session, actor: Actor, plan_id: int) -> Sheet:
    """Who gains and loses whom, audited. Raises NotFound, Forbidden outside the caller's scope."""
    get_plan(session, actor.caller, plan_id)
    counts = {rank: (changed, replaced) for rank, changed, replaced in queries.change_counts(session, plan_id)}
    pairs = [_planned(pair) for pair in queries.changed_pairs(session, plan_id, _SHEET)]
    officers = list_officer_changes(session, plan_id)
    audit.record(session, actor, "pair_plan.sheet", [subject(plan_id), *sorted({pair.household for pair in pairs})])
    return Sheet(
        first_contacts=counts.get(1, (0, 0))[0],
        back_ups=counts.get(2, (0, 0))[0],
        replaced=sum(replaced for _, replaced in counts.values()),
        pairs=pairs,
        officers=officers,
    )


def list_officer_changes(session: Session, plan_id: int, within: str | None = None) -> list[OfficerChange]:
    """Whom officers gain and lose, of one place's households when it is told; the caller checks and records."""
    return [
        OfficerChange(officer, rank, gained, lost, sorted(gains or [])[:NAMED], sorted(loses or [])[:NAMED])
        for officer, rank, gained, lost, gains, loses in queries.officer_changes(session, plan_id, _SHEET, within)
    ]


def subject(plan_id: int) -> str:
    """What the audit calls a plan."""
    return f"pair-plan:{plan_id}"


def as_document(record: PlanRecord, pairs: Sequence[PlannedPair]) -> dict[str, Any]:
    """A plan as a file: the same content as over HTTP."""
    return {
        "id": record.id,
        "version": record.version,
        "within": record.within,
        "status": record.status,
        "pairs": [asdict(pair) for pair in pairs],
        "missed": record.missed,
        "without_backup": without_backup(pairs),
        "certificate": record.certificate,
    }


def _with_forced(stage: dict[str, Any], inputs: Inputs, solved: "Solved") -> dict[str, Any]:
    """The stage of changes counts all against today's pairs; `forced` are those that the solver had no choice in.

    The contact of today can't be used any more, or somebody else is asked for.
    """
    if stage["stage"] != "changes":
        return stage
    then = [inputs.officers[first] if first >= 0 else None for first in solved.first.tolist()]
    now = [inputs.pairs.get((name, 1)) for name in inputs.households]
    total = sum(former not in (None, officer) for former, officer in zip(now, then, strict=True))
    forced = total - stage["value"]
    return {**stage, "value": total, "optimum": stage["optimum"] + forced, "forced": forced}


def _rows(plan: PairPlan, inputs: Inputs, solved: "Solved") -> Iterator[tuple[object, ...]]:
    pairs = solved.pairs
    columns = zip(
        pairs.household.tolist(),
        pairs.officer.tolist(),
        pairs.rank.tolist(),
        pairs.tier.tolist(),
        pairs.metres.tolist(),
        pairs.reason.zh,
        pairs.reason.en,
        strict=True,
    )
    for household, officer, rank, tier, metres, zh, en in columns:
        name = inputs.households[household]
        yield (
            *(name[1:7], plan.id, name, rank, inputs.officers[officer], tier),
            None if metres >= UNKNOWN_M else metres,
            *(zh, en, inputs.pairs.get((name, rank))),
        )


def _missed(inputs: Inputs, solved: "Solved") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for household, kind in sorted(solved.missed.items()):
        zh, en = MISSED[kind]
        name = inputs.households[household]
        former = inputs.pairs.get((name, 1))
        found.append({"household": name, "reason": zh, "reason_en": en, "kind": kind, "former": former})
    return found


def without_backup(pairs: Sequence[PlannedPair]) -> list[dict[str, str]]:
    """The households that have a first contact and nobody second, with the reason."""
    covered = {pair.household for pair in pairs if pair.rank == 2}
    alone = [pair.household for pair in pairs if pair.rank == 1 and pair.household not in covered]
    return [{"household": name, "reason": NO_BACKUP[0], "reason_en": NO_BACKUP[1]} for name in alone]


def check_whole_scope(session: Session, caller: Caller, within: str) -> tuple[str, ...]:
    """The prefixes of a division, all of which the caller's scope must cover."""
    prefixes = divisions.prefixes_within(session, within)
    if not prefixes or not all(caller.covers(prefix) for prefix in prefixes):
        raise Forbidden(say("scope_not_enough", "This lies outside the scope that was granted."))
    return prefixes


def _covers(caller: Caller, plan: PairPlan) -> bool:
    return caller.covers(plan.within) or caller.covers(plan.county_code)


def plan_of(session: Session, plan_id: int, *, lock: bool = False) -> PairPlan:
    """The row of a plan, locked when it is to be changed. Raises NotFound."""
    plan = queries.find_plan(session, plan_id, lock=lock)
    if plan is None:
        raise NotFound(say("no_plan", "There is no plan {plan}.", plan=plan_id))
    return plan


def expect(plan: PairPlan, status: str) -> None:
    """Raises WrongPlanStatus when a plan is not where a step begins."""
    if plan.status != status:
        now, wanted = _STATUS[plan.status], _STATUS[status]
        raise WrongPlanStatus(
            say("plan_is_not", "Plan {plan} is {now}, not {wanted}.", plan=plan.id, now=now, wanted=wanted)
        )


def _record(plan: PairPlan) -> PlanRecord:
    names = set(PlanRecord.__slots__) - {"missed"}
    return PlanRecord(**{name: getattr(plan, name) for name in names}, missed=plan.missed or [])


def _planned(pair: PairPlanPair) -> PlannedPair:
    return PlannedPair(
        household=pair.household_id,
        officer=pair.officer_id,
        rank=pair.rank,
        tier=pair.tier,
        distance_m=pair.distance_m,
        reason=pair.reason,
        reason_en=pair.reason_en,
        former=pair.former_officer_id,
    )
