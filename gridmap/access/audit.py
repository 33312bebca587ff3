"""The audit: who saw or changed what, and why; written in the transaction of the deed, so neither is without the other.

GB/T 35273 and the Personal Information Protection Law (articles 51 and 54 to 56) want it; it cannot be switched off.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from gridmap.access import queries
from gridmap.access.caller import Caller
from gridmap.access.model import AuditRecord


@dataclass(frozen=True, slots=True)
class Origin:
    """The request or command that something is done in, and the address it comes from."""

    request_id: str
    remote: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who does something: who, and in which request or command."""

    caller: Caller
    origin: Origin


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One record of the audit."""

    id: int
    at: datetime
    request_id: str
    actor: str
    role: str
    scope: str
    action: str
    subjects: list[str]
    unmasked: list[str]
    purpose: str | None
    remote: str | None


def record(
    session: Session,
    actor: Actor,
    action: str,
    subjects: Iterable[str] = (),
    *,
    unmasked: Iterable[str] = (),
    purpose: str | None = None,
) -> None:
    """Writes one record: the action and the ids it touched or returned, and which fields were shown in full and why."""
    session.add(
        AuditRecord(
            request_id=actor.origin.request_id,
            remote=actor.origin.remote,
            actor=actor.caller.name,
            role=actor.caller.role or "",
            scope=actor.caller.scope,
            action=action,
            subjects=list(subjects),
            unmasked=sorted(unmasked),
            purpose=purpose,
        )
    )
    # Flushed here, so that a record that can't be written stops the deed before its answer is made.
    session.flush()


def list_records(
    session: Session,
    *,
    subject: str | None = None,
    who: str | None = None,
    since: datetime | None = None,
    limit: int = 1000,
) -> Sequence[AuditEntry]:
    """The newest records, oldest of them first: those of a record id, of a person, since a time.

    `who` is a name with its kind (``user:NAME``, ``key:NAME``, ``cli:NAME``), or without, and then of any kind.
    """
    rows = queries.list_audit(session, subject=subject, who=who, since=since, limit=limit)
    return [AuditEntry(**{name: getattr(row, name) for name in AuditEntry.__slots__}) for row in reversed(rows)]
