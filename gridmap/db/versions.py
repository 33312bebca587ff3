"""The dataset version: one integer for the installation, raised by every publish."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ScalarSelect, delete, func, select, text
from sqlalchemy.orm import Session

from gridmap.db.model import DatasetVersion, Event, PlaceChange


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


def time_of_event(session: Session, seq: int) -> datetime | None:
    """When an event happened: the time of its transaction, as that of the revisions written with it."""
    return session.scalars(select(Event.at).where(Event.seq == seq)).one_or_none()


def version_at(session: Session, at: datetime) -> int:
    """The version that was current at a time; 0 before the first."""
    stmt = select(func.max(DatasetVersion.version)).where(DatasetVersion.published_at <= at)
    version: int | None = session.scalars(stmt).one()
    return version or 0


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """How far a database is, for whoever keeps a copy of it.

    `database` tells it from every other one, also from itself before a restore into another. `reached` says which
    transactions this one sees, in PostgreSQL's own form: transactions overlap, so that no single number could.
    """

    database: str
    version: int
    published_at: datetime | None
    reached: str


def read_state(session: Session | Connection) -> DatabaseState:
    """The state that this transaction, or without one this statement, sees."""
    row = session.execute(
        text(
            "SELECT (SELECT system_identifier FROM pg_control_system()) || '-' || oid,"
            " coalesce(newest.version, 0), newest.published_at, pg_current_snapshot()::text"
            " FROM pg_database LEFT JOIN"
            " (SELECT version, published_at FROM dataset_version ORDER BY version DESC LIMIT 1) newest ON true"
            " WHERE datname = current_database()"
        )
    ).one()
    return DatabaseState(*row)


def published_at(session: Session, version: int) -> datetime | None:
    """When a version was published; None when there is no such version."""
    return session.scalars(select(DatasetVersion.published_at).where(DatasetVersion.version == version)).one_or_none()


def places_changed(session: Session | Connection, reached: str) -> set[str]:
    """The villages where addresses or households changed since somebody read a state that reached so far.

    By ix_place_change_writer, from the oldest transaction on that was then still running.
    """
    not_seen = text(
        "writer >= (pg_snapshot_xmin(CAST(:reached AS pg_snapshot))::text)::bigint"
        " AND NOT pg_visible_in_snapshot(CAST(CAST(writer AS text) AS xid8), CAST(:reached AS pg_snapshot))"
    )
    return set(session.scalars(select(PlaceChange.village_code).where(not_seen).distinct(), {"reached": reached}))


def forget_place_changes(session: Session, before: datetime) -> None:
    """Removes old notes of changed places; by ix_place_change_at."""
    session.execute(delete(PlaceChange).where(PlaceChange.at < before))
