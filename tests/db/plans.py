"""The plans that PostgreSQL makes for the statements of a block."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session


@contextmanager
def explained(session: Session) -> Iterator[list[str]]:
    """Collects the EXPLAIN of every statement that is executed inside."""
    plans: list[str] = []

    def explain(conn: Connection, _: Any, statement: str, parameters: Any, *__: Any) -> None:
        driver = conn.connection.driver_connection
        assert driver is not None
        with driver.cursor() as cursor:
            cursor.execute(f"EXPLAIN {statement}", parameters)
            plans.append("\n".join(row[0] for row in cursor.fetchall()))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(connection, "before_cursor_execute", explain)


@contextmanager
def worked(session: Session) -> Iterator[list[tuple[int, str]]]:
    """Collects of every statement inside how many rows it touches, those compared in vain included, and its plan.

    Each is run once beside itself and taken back. What is sent as many rows at once, or by COPY, is not looked at.
    """
    found: list[tuple[int, str]] = []

    def explain(conn: Connection, _: Any, statement: str, parameters: Any, __: Any, many: bool) -> None:
        driver = conn.connection.driver_connection
        if many or driver is None:
            return
        with driver.cursor() as cursor:
            cursor.execute("SAVEPOINT before")
            cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", parameters)
            [(told,)] = cursor.fetchall()
            cursor.execute("ROLLBACK TO before")
        found.append((_rows_touched(told[0]["Plan"]), f"{statement}\n{told}"))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(connection, "before_cursor_execute", explain)


def _rows_touched(node: dict[str, Any]) -> int:
    counted = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")
    own = sum(node.get(name, 0) for name in counted) * node["Actual Loops"]
    return int(own) + sum(_rows_touched(below) for below in node.get("Plans", []))
