"""The dataset version: one integer for the installation, raised by every publish."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, text
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
    """Opens the next version in this transaction, and makes other publishers wait until it ends."""
    # An advisory lock rather than a sequence: versions must be visible in the order of their numbers.
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('gridmap dataset version'))"))
    version = current_version(session) + 1
    session.add(DatasetVersion(version=version, actor=actor, summary=summary))
    session.flush()
    return version


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
