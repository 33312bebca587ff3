"""The write history of registers: what a record was after each write, who wrote it, and when.

Persons are not reached by `at=` (decision 6): this is how a clerk sees what a household or an officer was before.
Addresses, buildings, shelters and posts keep theirs the same way.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, func, select, text
from sqlalchemy.orm import Session

from gridmap.db.base import Base
from gridmap.db.model import RecordHistory
from gridmap.errors import RowChanged

_KNOWN = "known"
_ROWS = """
SELECT county_code, {key}, row_version, {at}, :actor, :action,
       to_jsonb(t) - ARRAY['county_code', 'row_version', 'updated_at']{also}
FROM {table} t WHERE county_code = ANY(:counties) AND {key} = ANY(:ids)
"""
_GRID = """
       || jsonb_build_object('grid_code', (
           SELECT grid_code FROM address a WHERE a.county_code = t.county_code AND a.code = t.address_code))
"""
_KEEP = 'INSERT INTO record_history (county_code, record_id, row_version, at, actor, action, "row")'
# Locked before its history is written: one who holds the row and writes the same state waits for nobody then. Not
# against those who only refer to the row.
_LOCKED = " ORDER BY {key} FOR NO KEY UPDATE OF t"
# What a row was is known from its revisions; one that was never written since it was loaded has none.
_STATES_AT = """
SELECT DISTINCT ON (id) "row" FROM (
    SELECT record_id AS id, row_version, at, "row" FROM record_history WHERE record_id LIKE :letter
    UNION ALL
    SELECT {key}, row_version, updated_at, to_jsonb(t) FROM {table} t
) kept
WHERE at <= :at ORDER BY id, row_version DESC
"""


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


@contextmanager
def keeping(session: Session, actor: str, action: str, table: type[Base], ids: Sequence[str]) -> Iterator[None]:
    """Around a write of records, however many: nobody else writes them, and what they were and become is kept."""
    keep_known(session, table, ids)
    yield
    keep_rows(session, actor, action, table, ids)


def keep_known(session: Session, table: type[Base], ids: Sequence[str]) -> None:
    """Locks records and keeps what they are before a first change: of a load by COPY only the rows are there.

    Its revision says `known`, by nobody, at the time of the row.
    """
    _keep(session, f"{_ROWS}{_LOCKED}", table, ids, "", _KNOWN, "t.updated_at")


def keep_rows(session: Session, actor: str, action: str, table: type[Base], ids: Sequence[str]) -> None:
    """Keeps what records of a table are after a write, all their columns, however many they are."""
    session.flush()
    _keep(session, _ROWS, table, ids, actor, action, "now()")


def list_states(session: Session, table: type[Base], record_id: str) -> list[Revision]:
    """All that is kept of a record, the oldest first, and what it is now when that was never kept."""
    kept = list_revisions(session, record_id)
    now = _run(session, _ROWS, table, [record_id], "", _KNOWN, "t.updated_at").one()
    return (
        kept if kept and kept[-1].row_version == now[2] else [*kept, Revision(now[2], now[3], now[4], now[5], now[6])]
    )


def _keep(session: Session, rows: str, table: type[Base], ids: Sequence[str], actor: str, action: str, at: str) -> None:
    if ids:
        _run(session, f"{_KEEP}{rows} ON CONFLICT DO NOTHING", table, ids, actor, action, at)


def states_at(session: Session, table: type[Base], letter: str, at: datetime) -> list[dict[str, Any]]:
    """What all records of a small register, whose ids begin with a letter, were at a time, by id; closed ones too.

    It reads the whole register and all that was ever kept of it.
    """
    statement = text(_STATES_AT.format(table=table.__tablename__, key=_key(table)))
    return list(session.scalars(statement, {"letter": f"{letter}%", "at": at}))


def _run(
    session: Session, statement: str, table: type[Base], ids: Sequence[str], actor: str, action: str, at: str
) -> CursorResult[*tuple[Any, ...]]:
    key = _key(table)
    counties = sorted({_county_of(record_id) for record_id in ids})
    values = {"actor": actor, "action": action, "counties": counties, "ids": list(ids)}
    also = _GRID if table.kept_with_grid else ""
    done = session.execute(text(statement.format(table=table.__tablename__, key=key, at=at, also=also)), values)
    return cast("CursorResult[*tuple[Any, ...]]", done)


def _key(table: type[Base]) -> str:
    return "id" if "id" in table.__table__.columns else "code"


def newest_revision(session: Session, record_id: str) -> int:
    """The row version of what is kept last of a record; 1 when nothing was ever kept."""
    stmt = select(func.max(RecordHistory.row_version)).where(
        RecordHistory.county_code == _county_of(record_id), RecordHistory.record_id == record_id
    )
    newest: int | None = session.scalars(stmt).one()
    return newest or 1


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
