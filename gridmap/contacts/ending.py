"""How pairs end: with the household or the officer, by a plan or by hand; what was stays known, with who ended it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.masking import mask_name
from gridmap.contacts import ending_queries as queries
from gridmap.db.versions import append_event


@dataclass(frozen=True, slots=True)
class PastPair:
    """A pair as it was, or as it is while `until` is None; masked."""

    rank: int
    officer: str
    name: str
    unit: str
    tier: int
    reason: str
    since: datetime
    until: datetime | None
    ended_by: str | None
    why: str | None


def end_with_household(session: Session, actor: Actor, household_id: str) -> int:
    """Ends the pairs of a household that was closed, in the same transaction; how many there were."""
    ended = queries.end_pairs(session, queries.of_household(household_id), actor.caller.name, "household_closed")
    _tell(session, actor, "household_closed", ended)
    return len(ended)


def end_with_officer(session: Session, actor: Actor, officer_id: str) -> int:
    """Ends the pairs of an officer who retired, in the same transaction; how many there were.

    Back-ups stay what they are: who is without a first contact now is told as missed until a plan is applied.
    """
    ended = queries.end_pairs(session, queries.of_officer(officer_id), actor.caller.name, "officer_retired")
    _tell(session, actor, "officer_retired", ended)
    return len(ended)


def end_for_move(session: Session, actor: Actor, household_id: str, ranks: Sequence[int]) -> None:
    """Ends the pairs of a household at ranks that others take; who moves it writes the record."""
    queries.end_pairs(session, queries.of_household(household_id, ranks), actor.caller.name, "moved")


def history_of(session: Session, actor: Actor, household_id: str) -> list[PastPair]:
    """All pairs a household ever had, the newest first, masked, audited. Whether it may be seen was asked before."""
    found = queries.pairs_ever(session, household_id)
    audit.record(session, actor, "contacts.history", [household_id, *sorted({row[1] for row in found})])
    return [PastPair(row[0], row[1], mask_name(row[2]), *row[3:]) for row in found]


def _tell(session: Session, actor: Actor, action: str, ended: Sequence[tuple[str, str]]) -> None:
    if not ended:
        return
    households = sorted({household for household, _ in ended})
    audit.record(session, actor, f"pairs.{action}", [*households, *sorted({officer for _, officer in ended})])
    for county in sorted({household[1:7] for household in households}):
        ids = [household for household in households if household[1:7] == county]
        append_event(session, "pairs", {"action": action, "ids": ids}, county_code=county)
