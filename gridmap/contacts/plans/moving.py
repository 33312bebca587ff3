"""One household moved to another officer by hand: what that would do, told before, and the move itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from zlib import crc32

import numpy as np
from sqlalchemy import Row
from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.contacts import ending
from gridmap.contacts import service as officers
from gridmap.contacts.model import ContactPair, Officer
from gridmap.contacts.plans import queries, wishes, writing_queries
from gridmap.contacts.plans.model import PairRule
from gridmap.contacts.rules import is_away
from gridmap.contacts.service import OfficerRecord
from gridmap.contacts.solve.problem import tree_of
from gridmap.contacts.solve.reasons import BORN
from gridmap.db.history import check_unchanged
from gridmap.db.versions import append_event
from gridmap.errors import FieldError, InvalidInput
from gridmap.geo.measure import distance_m
from gridmap.households import service as households
from gridmap.households.service import HouseholdRecord
from gridmap.sentences import say

Pair = Row[ContactPair, Officer]
GOALS = ("missed", "tiers", "changes", "loads", "distance_m")
"""What is best, in this order (see docs/pairs.md)."""
_WHY_NOT = {
    "household_closed": say("why_household_closed", "the household is closed"),
    "officer_not_usable": say("why_not_usable", "he has retired or is away today"),
    "forbidden": say("why_forbidden", "this pair is forbidden; take the rule away first"),
    "no_capacity": say("why_no_capacity", "he has no capacity left"),
}


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal of a plan before and after a move; less is better. None where nothing is known."""

    goal: str
    before: float | None
    after: float | None

    @property
    def verdict(self) -> Literal["better", "same", "worse"]:
        """Whether the move serves it."""
        if self.before is None or self.after is None or self.before == self.after:
            return "same"
        return "better" if self.after < self.before else "worse"


@dataclass(frozen=True, slots=True)
class Effect:
    """What making an officer the first contact of a household would do; loads are those after it.

    `mark` is that of the household's pairs as they are, and `loses` the first of the goals that gets worse, None when
    the goals before it get better or none gets worse. `swapped` is the rank that the two officers exchange, `pinned`
    the officer that a rule asks for today.
    """

    household: str
    officer: str
    allowed: bool
    problem: str | None
    tier: int
    tier_now: int | None
    distance_m: float | None
    distance_now_m: float | None
    load: int
    capacity: int
    former: str | None
    former_load: int | None
    goals: list[Goal]
    loses: str | None
    same_unit: bool
    swapped: int | None
    pinned: str | None
    mark: int


def mark_of(session: Session, household_id: str) -> int:
    """A number that is another one whenever the pairs of a household were written again: their ETag."""
    return _mark(queries.pairs_of_households(session, [household_id]))


def effect_of(session: Session, actor: Actor, household_id: str, officer_id: str, today: date) -> Effect:
    """What would change if an officer became the first contact of a household; nothing is written.

    Raises NotFound, Forbidden outside the caller's scope.
    """
    household = households.get_household(session, actor, household_id)
    officer = officers.get_officer(session, actor, officer_id)
    pairs = queries.pairs_of_households(session, [household_id])
    former = next((other for pair, other in pairs if pair.rank == 1), None)
    loads = queries.first_contacts_of(session, [officer_id, *([former.id] if former else [])])
    moves = former is None or former.id != officer_id
    load = loads.get(officer_id, 0) + moves
    former_load = None if former is None else loads.get(former.id, 0) - moves
    swapped = next((pair.rank for pair, other in pairs if other.id == officer_id and pair.rank > 1), None)
    rules = queries.rules_of(session, household_id)
    problem = _problem(household, officer, load, rules, today)
    tiers = (None if former is None else _tier(household, former.home_code), _tier(household, officer.home_code))
    metres = (
        None if former is None else _metres(session, household, former.id),
        _metres(session, household, officer_id),
    )
    goals = _goals(tiers, metres, (load, former_load), moves=moves, was_missed=former is None)
    return Effect(
        household=household_id,
        officer=officer_id,
        allowed=problem is None,
        problem=problem,
        tier=_tier(household, officer.home_code),
        tier_now=tiers[0],
        distance_m=metres[1],
        distance_now_m=metres[0],
        load=load,
        capacity=officer.capacity,
        former=None if former is None else former.id,
        former_load=former_load,
        goals=goals,
        loses=_loses(goals),
        same_unit=_unit_of_second(pairs, former, swapped) == officer.unit,
        swapped=swapped,
        pinned=next((rule.officer_id for rule in rules if rule.kind == "pinned"), None),
        mark=_mark(pairs),
    )


def move_household(
    session: Session,
    actor: Actor,
    household_id: str,
    officer_id: str,
    why: str,
    expected: int | None,
    today: date,
    *,
    pin: bool = True,
) -> Effect:
    """Makes an officer the first contact of a household, pinned for later plans unless told otherwise; what it did.

    Without `pin` nobody is pinned to the household afterwards. The officer before takes the rank that the new one
    leaves, if he had one. Raises RowChanged when the pairs are not those at the expected mark, InvalidInput when the
    officer can't be used, NotFound, Forbidden outside the scope.
    """
    writing_queries.lock_pairs(session)
    effect = effect_of(session, actor, household_id, officer_id, today)
    check_unchanged(expected, effect.mark, f"Who looks after household {household_id}")
    if effect.problem is not None:
        message = _WHY_NOT[effect.problem]
        raise InvalidInput(message, errors=[FieldError("officer", message, effect.problem)])
    if effect.former != officer_id:
        _write(session, actor, effect, why)
    if pin:
        wishes.set_rule(session, actor, household_id, officer_id, "pinned", why)
    elif effect.pinned is not None:
        wishes.drop_rule(session, actor, household_id, effect.pinned)
    return effect


def _write(session: Session, actor: Actor, effect: Effect, why: str) -> None:
    reason = f"{BORN[effect.tier][0]}；人工调整：{why.strip()}"
    puts = [(1, effect.officer, effect.tier, reason)]
    if effect.swapped is not None and effect.former is not None and effect.tier_now is not None:
        puts.append((effect.swapped, effect.former, effect.tier_now, f"{BORN[effect.tier_now][0]}；人工调整后备份"))
    ending.end_for_move(session, actor, effect.household, [1, *([effect.swapped] if effect.swapped else [])])
    county = effect.household[1:7]
    session.add_all(
        ContactPair(
            county_code=county,
            household_id=effect.household,
            rank=rank,
            officer_county_code=officer[1:7],
            officer_id=officer,
            tier=tier,
            reason=told,
        )
        for rank, officer, tier, told in puts
    )
    session.flush()
    told = [effect.household, effect.officer, *([effect.former] if effect.former else [])]
    audit.record(session, actor, "pairs.moved", told, purpose=why.strip())
    append_event(session, "pairs", {"action": "moved", "ids": [effect.household]}, county_code=county)


def _goals(
    tiers: tuple[int | None, int],
    metres: tuple[float | None, float | None],
    loads: tuple[int, int | None],
    *,
    moves: bool,
    was_missed: bool,
) -> list[Goal]:
    load, former_load = loads
    after = load**2 + (former_load or 0) ** 2
    before = (load - moves) ** 2 + (0 if former_load is None else (former_load + moves) ** 2)
    return [
        Goal("missed", int(was_missed), 0),
        Goal("tiers", *tiers),
        Goal("changes", 0, int(moves and not was_missed)),
        Goal("loads", before, after),
        Goal("distance_m", *metres),
    ]


def _loses(goals: list[Goal]) -> str | None:
    """The goal that decides against the move; a gain at an earlier one would outweigh it."""
    decided = next((goal for goal in goals if goal.verdict != "same"), None)
    return None if decided is None or decided.verdict == "better" else decided.goal


def _unit_of_second(pairs: Sequence[Pair], former: Officer | None, swapped: int | None) -> str | None:
    if swapped == 2 and former is not None:
        return former.unit
    return next((other.unit for pair, other in pairs if pair.rank == 2), None)


def _mark(pairs: Sequence[Pair]) -> int:
    told: list[Any] = [(pair.rank, pair.officer_id, pair.since.timestamp()) for pair, _ in pairs]
    return crc32(repr(told).encode()) % 10**9


def _problem(
    household: HouseholdRecord, officer: OfficerRecord, load: int, rules: Sequence[PairRule], today: date
) -> str | None:
    if household.status != "current":
        return "household_closed"
    if officer.status != "current" or is_away(officer.absent_from, officer.absent_to, today):
        return "officer_not_usable"
    if any(rule.officer_id == officer.id and rule.kind == "forbidden" for rule in rules):
        return "forbidden"
    return "no_capacity" if load > officer.capacity else None


def _tier(household: HouseholdRecord, home: str) -> int:
    tree = tree_of([household.village_code, home])
    one, other = np.array([tree.index[home]]), np.array([tree.index[household.village_code]])
    return int(tree.tiers(one, other)[0])


def _metres(session: Session, household: HouseholdRecord, officer_id: str) -> float | None:
    stands = queries.place_of_officer(session, officer_id)
    return None if stands is None else round(float(distance_m(*stands, household.lon, household.lat)), 1)
