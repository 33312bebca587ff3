"""The dataset version: one integer for the installation, raised by every publish."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, func, select, text
from sqlalchemy.orm import Session

from gridmap.db.model import DatasetVersion, Event


def current_version(session: Session) -> int:
    """The newest published version; 0 before the first."""
    return session.scalar(select(func.coalesce(func.max(DatasetVersion.version), 0))) or 0


def state_mark(session: Session) -> str:
    """A short text that changes with every committed change that was told of: the version and the newest event."""
    newest = session.scalar(select(func.coalesce(func.max(Event.seq), 0)))
    return f"{current_version(session)}.{newest}"


def raise_version(session: Session, actor: str, summary: str) -> int:
    """Opens the next version in this transaction, and makes other publishers wait until it ends.

    Its time, `time_of`, is later than that of every version before it: what it writes is valid from then.
    """
    # An advisory lock rather than a sequence: versions must be visible in the order of their numbers.
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('gridmap dataset version'))"))
    version = current_version(session) + 1
    # Not now(), the time the transaction began: another one that began later may have published before this one.
    session.add(
        DatasetVersion(
            version=version, actor=actor, summary=summary, published_at=func.greatest(func.clock_timestamp(), _next())
        )
    )
    session.flush()
    return version


def _next() -> ScalarSelect[datetime]:
    """A moment after the newest version, should the clock have been set back."""
    return select(func.max(DatasetVersion.published_at) + text("interval '1 microsecond'")).scalar_subquery()


def time_of(session: Session, version: int) -> datetime:
    """When a version was published."""
    return session.scalars(select(DatasetVersion.published_at).where(DatasetVersion.version == version)).one()


def append_event(
    session: Session,
    kind: str,
    payload: Mapping[str, Any],
    *,
    county_code: str | None = None,
    version: int | None = None,
) -> None:
    """Adds an event to the change feed and wakes those who listen, when the transaction commits."""
    session.add(Event(kind=kind, payload=dict(payload), county_code=county_code, version=version))
    session.flush()
    session.execute(text("SELECT pg_notify('gridmap_event', :kind)"), {"kind": kind})


def version_at(session: Session, at: datetime) -> int:
    """The version that was current at a time; 0 before the first."""
    stmt = select(func.max(DatasetVersion.version)).where(DatasetVersion.published_at <= at)
    version: int | None = session.scalars(stmt).one()
    return version or 0
