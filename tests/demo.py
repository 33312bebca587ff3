"""The generated demo, made once for a test process: it takes seconds and never changes."""

from collections.abc import Sequence
from functools import cache

from gridmap.demo.county import make_county
from gridmap.demo.land import Land, make_land
from gridmap.demo.tables import COLUMNS, Row, Tables, Value

ZHUONI, LUQU = "623022", "623026"


@cache
def land() -> Land:
    return make_land()


@cache
def county(code: str) -> Tables:
    return make_county(land(), code)


def column(tables: Tables, table: str, name: str) -> list[Value]:
    """One column of a table's rows."""
    index = COLUMNS[table].index(name)
    return [row[index] for row in tables.rows[table]]


def records(tables: Tables, table: str, names: Sequence[str]) -> list[Row]:
    """Some columns of a table's rows."""
    indexes = [COLUMNS[table].index(name) for name in names]
    return [tuple(row[index] for index in indexes) for row in tables.rows[table]]


def pairs(tables: Tables, table: str, key: str, value: str) -> dict[Value, Value]:
    """One column by another."""
    return dict(zip(column(tables, table, key), column(tables, table, value), strict=True))
