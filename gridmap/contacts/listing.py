"""Lists of officers by place, kind, absence and words, with their loads; masked, and recorded in the audit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.rights import MASKED
from gridmap.contacts import queries
from gridmap.contacts.model import OFFICER_KINDS, Officer
from gridmap.contacts.queries import OfficerSelect
from gridmap.contacts.service import Charge, OfficerRecord, shown_as
from gridmap.divisions.scope import prefixes_asked
from gridmap.errors import FieldError, InvalidInput, one_of

_LONGEST_WORDS = 80


@dataclass(frozen=True, slots=True)
class AskedOfficers:
    """Which officers, in which order."""

    within: str | None = None
    kind: str | None = None
    words: str | None = None
    absent: bool | None = None
    status: str = "current"
    sort: str = "id"


@dataclass(frozen=True, slots=True)
class ListedOfficer:
    """An officer with how many households he has as first contact and as back-up."""

    officer: OfficerRecord
    first_contacts: int
    back_ups: int


@dataclass(frozen=True, slots=True)
class OfficerPage:
    """A page of officers, whether there are more, and how many there are and can take when that was asked for."""

    officers: list[ListedOfficer]
    more: bool
    totals: tuple[int, int] | None


def list_officers(
    session: Session,
    actor: Actor,
    asked: AskedOfficers,
    *,
    today: date,
    cursor: str | None,
    limit: int,
    count: bool = False,
) -> OfficerPage:
    """A page of the officers that the caller may see, masked, audited with the ids returned.

    Raises Forbidden outside the scope and InvalidInput.
    """
    stmt = _composed(session, actor, asked, today)
    last = _cursor_row(session, stmt, cursor)
    found = queries.list_officers(session, queries.officers_after(stmt, asked.sort, last), limit + 1)
    shown = found[:limit]
    audit.record(session, actor, "officer.list", [officer.id for officer in shown])
    totals = queries.officer_totals(session, stmt) if count else None
    return OfficerPage(_with_loads(session, shown), len(found) > limit, totals and (totals[0], totals[1]))


def _composed(session: Session, actor: Actor, asked: AskedOfficers, today: date) -> OfficerSelect:
    _check(asked)
    stmt = queries.officers_within(prefixes_asked(session, actor.caller, asked.within))
    exact = {"status": asked.status} | ({"kind": asked.kind} if asked.kind else {})
    stmt = queries.officers_being(stmt, exact)
    if asked.absent is not None:
        stmt = queries.officers_absent(stmt, today, absent=asked.absent)
    return queries.officers_saying(stmt, asked.words.strip()) if asked.words else stmt


def _check(asked: AskedOfficers) -> None:
    wrong = []
    if asked.sort.removeprefix("-") not in queries.SORTS:
        wrong.append(FieldError("sort", f"one of {', '.join(queries.SORTS)} is wanted, with - before it for downwards"))
    if asked.kind not in {None, *OFFICER_KINDS}:
        wrong.append(FieldError("kind", one_of(OFFICER_KINDS)))
    if asked.status not in {"current", "closed"}:
        wrong.append(FieldError("status", "current or closed is wanted"))
    if asked.words and (len(asked.words) > _LONGEST_WORDS or "\0" in asked.words):
        wrong.append(FieldError("q", f"at most {_LONGEST_WORDS} characters are wanted"))
    if wrong:
        raise InvalidInput("; ".join(f"{e.where}: {e.message}" for e in wrong), errors=wrong)


def _cursor_row(session: Session, stmt: OfficerSelect, cursor: str | None) -> Officer | None:
    """The row that a page begins behind. One outside the list is as good as none: its place in the order would tell."""
    row = None if cursor is None else queries.find_officer_in(session, stmt, cursor)
    if cursor is not None and row is None:
        raise InvalidInput(
            "cursor: this is no place in this list; begin it again",
            errors=[FieldError("cursor", "begin the list again", "stale_cursor")],
        )
    return row


def _with_loads(session: Session, officers: Sequence[Officer]) -> list[ListedOfficer]:
    ids = [officer.id for officer in officers]
    loads = queries.loads_of(session, ids)
    charges: dict[str, list[Charge]] = {}
    for found in queries.charges_of(session, ids):
        charges.setdefault(found.officer_id, []).append(Charge(found.code, found.role))
    return [
        ListedOfficer(shown_as(officer, charges.get(officer.id, []), MASKED), *loads.get(officer.id, (0, 0)))
        for officer in officers
    ]
