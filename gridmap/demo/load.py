"""Rows into tables: each county's in the order of the foreign keys, stamped with the load's time and version."""

from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from gridmap.db.copying import copy_rows
from gridmap.demo.tables import COLUMNS, VERSIONED, Row, Tables, Value

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many steps are done, and of how many."""


class Steps:
    """Counts steps and tells each one's name before it is taken."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def next(self, name: str) -> None:
        """Tells that the step called `name` begins."""
        if self._progress is not None:
            self._progress(name, self._done, self._total)
        self._done += 1

    def end(self) -> None:
        """Tells that all is done."""
        if self._progress is not None:
            self._progress("done", self._total, self._total)


def copy_tables(session: Session, tables: Tables, *, since: datetime, version: int, steps: Steps, where: str) -> None:
    """Copies every table that has rows; versioned ones get their start and the version that wrote them."""
    for table, columns in COLUMNS.items():
        rows = tables.rows.get(table)
        if not rows:
            continue
        steps.next(f"{where} {table}")
        if table in VERSIONED:
            copy_rows(session, table, (*columns, "valid_from", "version_from"), _stamped(rows, since, version))
        else:
            copy_rows(session, table, columns, rows)


def _stamped(rows: list[Row], since: datetime, version: int) -> Iterator[tuple[Value | datetime, ...]]:
    return ((*row, since, version) for row in rows)
