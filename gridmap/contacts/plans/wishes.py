"""Pairs that are asked for or forbidden; every plan respects them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.contacts import service as officers
from gridmap.contacts.plans import queries
from gridmap.contacts.plans.model import PairRule
from gridmap.households import service as households


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule about a household and an officer."""

    officer: str
    kind: str
    why: str
    author: str
    at: datetime


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
