"""Pairs that are asked for or forbidden, and what moving a household to another officer would do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.contacts import service as officers
from gridmap.contacts.plans import queries
from gridmap.contacts.plans.model import PairRule
from gridmap.contacts.service import OfficerRecord
from gridmap.contacts.solve.problem import tree_of
from gridmap.geo.measure import distance_m
from gridmap.households import service as households
from gridmap.households.service import HouseholdRecord


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule about a household and an officer."""

    officer: str
    kind: str
    why: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """What making an officer the first contact of a household would do; loads are those after it."""

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


def list_rules(session: Session, actor: Actor, household_id: str) -> list[Rule]:
    """The rules about a household. Raises NotFound, Forbidden."""
    households.get_household(session, actor, household_id)
    return [Rule(r.officer_id, r.kind, r.why, r.author, r.at) for r in queries.rules_of(session, household_id)]


def set_rule(session: Session, actor: Actor, household_id: str, officer_id: str, kind: str, why: str) -> None:
    """Asks for a pair or forbids it; the next plan respects it. A household has one pinned officer at most.

    Raises NotFound, Forbidden outside the caller's scope.
    """
    households.get_household(session, actor, household_id)
    officers.get_officer(session, actor, officer_id)
    queries.drop_rules(session, household_id, officer_id)
    if kind == "pinned":
        queries.drop_rules(session, household_id, kind="pinned")
    session.add(
        PairRule(
            county_code=household_id[1:7],
            household_id=household_id,
            officer_id=officer_id,
            kind=kind,
            why=why.strip(),
            author=actor.caller.name,
        )
    )
    session.flush()
    audit.record(session, actor, f"pair_rule.{kind}", [household_id, officer_id], purpose=why.strip())


def drop_rule(session: Session, actor: Actor, household_id: str, officer_id: str) -> bool:
    """Takes a rule away; whether there was one. Raises NotFound, Forbidden."""
    households.get_household(session, actor, household_id)
    found = queries.drop_rules(session, household_id, officer_id)
    audit.record(session, actor, "pair_rule.drop", [household_id, officer_id])
    return bool(found)


def effect_of(session: Session, actor: Actor, household_id: str, officer_id: str, today: date) -> Effect:
    """What would change if an officer became the first contact of a household; nothing is written.

    Raises NotFound, Forbidden outside the caller's scope.
    """
    household = households.get_household(session, actor, household_id)
    officer = officers.get_officer(session, actor, officer_id)
    pairs = queries.pairs_of_households(session, [household_id])
    former = next((pair.officer_id for pair, _ in pairs if pair.rank == 1), None)
    loads = queries.first_contacts_of(session, [name for name in (officer_id, former) if name is not None])
    load = loads.get(officer_id, 0) + (former != officer_id)
    problem = _problem(officer, load, queries.rules_of(session, household_id), today)
    homes = {officer_id: officer.home_code} | {found.id: found.home_code for _, found in pairs}
    return Effect(
        household=household_id,
        officer=officer_id,
        allowed=problem is None,
        problem=problem,
        tier=_tier(household, homes[officer_id]),
        tier_now=None if former is None else _tier(household, homes[former]),
        distance_m=_metres(session, household, officer_id),
        distance_now_m=None if former is None else _metres(session, household, former),
        load=load,
        capacity=officer.capacity,
        former=former,
        former_load=None if former is None else loads.get(former, 0) - (former != officer_id),
    )


def _problem(officer: OfficerRecord, load: int, rules: Sequence[PairRule], today: date) -> str | None:
    away = officer.absent_from is not None and officer.absent_from <= today
    if officer.status != "current" or (away and (officer.absent_to is None or officer.absent_to >= today)):
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
