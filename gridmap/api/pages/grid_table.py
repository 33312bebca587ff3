"""The table of grids: what a row tells, and which rows in which order the reader asks for."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.contacts import service as contacts
from gridmap.grids import service as grids
from gridmap.grids.service import GridFacts
from gridmap.snapshot.counts import households_by_grid

Status = Literal["current", "retired", "all"]
ROWS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row. Counts are None for a retired grid, `head` is masked and empty for who may not see it."""

    facts: GridFacts
    households: int | None
    persons: int | None
    head: str


_KEYS: dict[str, Callable[[GridRow], Any]] = {
    "code": lambda row: row.facts.code,
    "name": lambda row: row.facts.name,
    "kind": lambda row: row.facts.kind,
    "area": lambda row: row.facts.area_m2,
    "households": lambda row: row.households or 0,
    "persons": lambda row: row.persons or 0,
    "head": lambda row: (row.head == "", row.head),
    "status": lambda row: row.facts.status,
    "since": lambda row: row.facts.valid_from,
}
SORTS = tuple(sign + key for key in _KEYS for sign in ("", "-"))


def list_rows(session: Session, actor: Actor, prefixes: Sequence[str]) -> list[GridRow]:
    """Every grid within, retired ones too, by code. Audited when it tells who heads them."""
    found = grids.list_facts(session, prefixes)
    current = [grid.code for grid in found if grid.status == "current"]
    counts = households_by_grid(session, current)
    heads = contacts.masked_heads(session, actor, current)
    rows = []
    for grid in found:
        households, persons = counts.get(grid.code, (None, None))
        rows.append(GridRow(grid, households, persons, heads[grid.code].name if grid.code in heads else ""))
    return rows


def chosen_rows(
    rows: Iterable[GridRow], *, text: str = "", kind: str | None = None, status: Status = "current", sort: str = "code"
) -> list[GridRow]:
    """Those whose code, name, note or head has the text in it. A whole code is found whether it is retired or not."""
    wanted = text.strip().lower()
    exact = wanted.isdigit() and len(wanted) == 15
    kept = [
        row
        for row in rows
        if (status in {"all", row.facts.status} or exact)
        and (kind is None or row.facts.kind == kind)
        and (not wanted or wanted in _said(row))
    ]
    key = _KEYS.get(sort.removeprefix("-"), _KEYS["code"])
    return sorted(kept, key=lambda row: (key(row), row.facts.code), reverse=sort.startswith("-"))


def as_columns(row: GridRow) -> tuple[object, ...]:
    """A row as the exported table tells it; the area in square metres."""
    facts = row.facts
    told = (row.households, row.persons, row.head, facts.status, facts.valid_from, facts.valid_to)
    return (facts.code, facts.name, facts.kind, round(facts.area_m2, 2), *told)


def _said(row: GridRow) -> str:
    facts = row.facts
    return "\n".join((facts.code, facts.name, facts.name_bo or "", facts.note or "", row.head)).lower()
