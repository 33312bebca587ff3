"""Rows into tables by COPY, within the session's transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import Connection, OperationalError, sql
from sqlalchemy.orm import Session

from gridmap.errors import DatabaseUnavailable


def copy_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Fills a table; rows are taken one by one, however many they are."""
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, Connection):
        raise TypeError("COPY needs psycopg")
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    try:
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except OperationalError as error:
        raise DatabaseUnavailable("The database went away while rows were copied.") from error
