"""Who is without a first contact today, and why: the list behind the number in the coverage report."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.masking import mask_name
from gridmap.contacts.plans import queries
from gridmap.divisions.scope import prefixes_asked


@dataclass(frozen=True, slots=True)
class Missing:
    """A household without a first contact, masked. `why` and `since` tell of the last one; None when it had none."""

    id: str
    head: str
    address: str
    grid_code: str | None
    persons: int
    backup: str | None
    former: str | None
    why: str | None
    since: datetime | None


@dataclass(frozen=True, slots=True)
class MissingPage:
    """A page of them by id, how many there are, and whether more follow."""

    households: list[Missing]
    count: int
    more: bool


def list_missing(session: Session, actor: Actor, within: str, limit: int, after: str | None = None) -> MissingPage:
    """The current households within that nobody is first contact of, audited. Raises NotFound, Forbidden."""
    prefixes = prefixes_asked(session, actor.caller, within)
    rows = queries.missing(session, prefixes, after, limit + 1)
    shown = [Missing(row[0], row[1] or mask_name(row[2]), *row[3:]) for row in rows[:limit]]
    audit.record(session, actor, "contacts.missing", [within, *(household.id for household in shown)])
    return MissingPage(shown, queries.count_missing(session, prefixes), len(rows) > limit)
