"""The coverage report, down to the grid: who has contacts, of which tier, and how officers are loaded."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from gridmap.access.caller import Caller
from gridmap.contacts.plans import queries
from gridmap.divisions import service as divisions
from gridmap.divisions.service import NamedDivision
from gridmap.errors import Forbidden

_DIGITS = (6, 9, 12, 15)


@dataclass
class Line:
    """A division or grid: its households and how they are covered, and the officers born in it and how loaded they are.

    `idle` could take first contacts and have none; `over` have more than they can take. Nobody is born in a grid: its
    officers are those who are first contacts in it, with all that they have, there and elsewhere.
    """

    code: str
    name: str
    level: str
    households: int = 0
    paired: int = 0
    missed: int = 0
    tier_0: int = 0
    tier_1: int = 0
    tier_2: int = 0
    tier_3: int = 0
    with_backup: int = 0
    officers: int = 0
    capacity: int = 0
    first_contacts: int = 0
    idle: int = 0
    over: int = 0
    largest_load: int = 0


COLUMNS = tuple(field.name for field in fields(Line))


def make_report(session: Session, caller: Caller, within: str, today: date) -> list[Line]:
    """A line for the division itself, then for all below it by code, the grids that have households included.

    Raises NotFound, Forbidden outside the caller's scope. Holds no person, so it needs no record in the audit.
    """
    prefixes = divisions.prefixes_within(session, within)
    if not all(caller.covers(prefix) for prefix in prefixes):
        raise Forbidden("This lies outside the scope that was granted.")
    lines = _lines(session, within, prefixes)
    for code, *counts in queries.report_rows(session, prefixes):
        _count_households(_above(lines, code, within), counts)
    for home, capacity, held, there in queries.officer_loads(session, prefixes, today):
        _count_officer(_above(lines, home, within), capacity, held, usable=there)
    for code, *loads in queries.grid_loads(session, prefixes):
        line = lines[code]
        line.officers, line.capacity, line.first_contacts, line.over, line.largest_load = map(int, loads)
    kept = [line for line in lines.values() if line.level != "grid" or line.households]
    return sorted(kept, key=lambda line: (line.code != within, line.code))


def _lines(session: Session, within: str, prefixes: tuple[str, ...]) -> dict[str, Line]:
    named: Iterable[NamedDivision] = divisions.list_names(session)
    return {d.code: Line(d.code, d.name, d.level) for d in named if d.code.startswith(prefixes) or d.code == within}


def _above(lines: dict[str, Line], code: str, within: str) -> list[Line]:
    """The lines that something in a place counts for; a grid gets its line when it comes up."""
    if len(code) == 15 and code not in lines:
        lines[code] = Line(code, code[12:], "grid")
    found = [lines[code[:digits]] for digits in _DIGITS if len(code) >= digits and code[:digits] in lines]
    return found if any(line.code == within for line in found) or within not in lines else [lines[within], *found]


def _count_households(lines: list[Line], counts: list[Any]) -> None:
    total, paired, *tiers, second = counts
    for line in lines:
        line.households += total
        line.paired += paired
        line.missed += total - paired
        line.with_backup += second
        for tier, count in enumerate(tiers):
            name = f"tier_{tier}"
            setattr(line, name, getattr(line, name) + count)


def _count_officer(lines: list[Line], capacity: int, held: int, *, usable: bool) -> None:
    for line in lines:
        line.officers += usable
        line.capacity += capacity if usable else 0
        line.first_contacts += held
        line.idle += usable and capacity > 0 and held == 0
        line.over += held > (capacity if usable else 0)
        line.largest_load = max(line.largest_load, held)
