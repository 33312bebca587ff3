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
