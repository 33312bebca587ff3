"""The write history of registers: what a record was after each write, who wrote it, and when.

Persons are not reached by `at=` (decision 6): this is how a clerk sees what a household or an officer was before.
Addresses, buildings, shelters and posts keep theirs the same way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.db.model import RecordHistory
from gridmap.errors import RowChanged


@dataclass(frozen=True, slots=True)
class Revision:
    """A record as one write left it. `row_version` counts from 1 for each record."""

    row_version: int
    at: datetime
    actor: str
    action: str
    row: dict[str, Any]


def check_unchanged(expected: int | None, actual: int, what: str) -> None:
    """Raises RowChanged when a record is no longer the one that the caller has read. None expects nothing."""
    if expected is not None and expected != actual:
        raise RowChanged(f"{what} was changed by somebody else: it is at {actual}, not {expected}. Read it again.")


def keep_revisions(
    session: Session, actor: str, action: str, revisions: Sequence[tuple[str, int, Mapping[str, Any]]]
) -> None:
    """Keeps what records are after a write: for each its id or code, its row version and its columns as JSON.

    `action` is a verb of the register: create, change, close, merge, import.
    """
    session.add_all(
        RecordHistory(
            county_code=_county_of(record_id),
            record_id=record_id,
            row_version=row_version,
            actor=actor,
            action=action,
            row=dict(row),
        )
        for record_id, row_version, row in revisions
    )
    session.flush()


def list_revisions(session: Session, record_id: str) -> list[Revision]:
    """All that is kept of a record, the oldest first; by the primary key."""
    stmt = (
        select(RecordHistory)
        .where(RecordHistory.county_code == _county_of(record_id), RecordHistory.record_id == record_id)
        .order_by(RecordHistory.row_version)
    )
    return [Revision(row.row_version, row.at, row.actor, row.action, row.row) for row in session.scalars(stmt)]


def _county_of(record_id: str) -> str:
    return record_id[1:7] if record_id[0].isalpha() else record_id[:6]
