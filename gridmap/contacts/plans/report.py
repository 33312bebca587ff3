"""The coverage report, down to the grid: who has contacts, of which tier, and how officers are loaded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from gridmap.access.caller import Caller
from gridmap.contacts.plans import report_queries
from gridmap.divisions import service as divisions
from gridmap.errors import Forbidden
from gridmap.sentences import say

_GRID_DIGITS = 15


@dataclass
class Line:
    """A division or grid: its households and how they are covered, and its officers and how loaded they are.

    `idle` could take first contacts and have none; `over` have more than they can take. A division's officers are
    those born in it. Nobody is born in a grid: its officers are those who are first contacts in it, with all that they
    have, there and elsewhere, and the idle who belong to it: of those born in its village who answer for it or a group
    of it, else hold a post in it, else work at an address in it. `idle_unplaced` are the idle of a division who belong
    to nothing below it, so that `idle` is the sum of those below and of these.
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
    idle_unplaced: int = 0
    over: int = 0
    largest_load: int = 0


COLUMNS = tuple(field.name for field in fields(Line))


def make_report(session: Session, caller: Caller, within: str, today: date) -> list[Line]:
    """A line for the division itself, then for all below it by code, the grids that have people included.

    Raises NotFound, Forbidden outside the caller's scope. Holds no person, so it needs no record in the audit.
    """
    prefixes = divisions.prefixes_within(session, within)
    if not all(caller.covers(prefix) for prefix in prefixes):
        raise Forbidden(say("scope_not_enough", "This lies outside the scope that was granted."))
    report = _Report(session, within)
    for code, *counts in report_queries.report_rows(session, prefixes):
        _count_households(report.above(code), counts)
    for place, grid, *loads in report_queries.loads(session, prefixes, today):
        _add_loads(report.above(place) if len(place) < _GRID_DIGITS else [report.grid(place)], loads)
        if len(place) < _GRID_DIGITS:
            _place_idle(report.above(place)[0], None if grid is None else report.grid(grid), loads)
    kept = [line for line in report.lines.values() if line.level != "grid" or line.households or line.officers]
    return sorted(kept, key=lambda line: (line.code != within, line.code))


class _Report:
    """The lines of a division and of all below it; those of grids are made as they come up."""

    def __init__(self, session: Session, within: str) -> None:
        named = {division.code: division for division in divisions.list_names(session)}
        self._parents: Mapping[str, str | None] = {code: division.parent for code, division in named.items()}
        self._within = within
        inside = [division for code, division in named.items() if within in self._chain(code)]
        self.lines = {each.code: Line(each.code, each.name, each.level) for each in inside}

    def above(self, code: str) -> list[Line]:
        """The lines that something in a place counts for, the smallest first."""
        own = [self.grid(code)] if len(code) == _GRID_DIGITS else []
        # What lies in a village that is no more still lies in the division asked for.
        found = [self.lines[step] for step in self._chain(code[:12]) if step in self.lines]
        return [*own, *(found or [self.lines[self._within]])]

    def grid(self, code: str) -> Line:
        """The line of a grid."""
        return self.lines.setdefault(code, Line(code, code[12:], "grid"))

    def _chain(self, code: str | None) -> Iterator[str]:
        while code is not None:
            yield code
            code = self._parents.get(code)


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


def _add_loads(lines: list[Line], loads: Sequence[int]) -> None:
    officers, capacity, held, idle, over, largest = map(int, loads)
    for line in lines:
        line.officers += officers
        line.capacity += capacity
        line.first_contacts += held
        line.idle += idle
        line.over += over
        line.largest_load = max(line.largest_load, largest)


def _place_idle(born_in: Line, grid: Line | None, loads: Sequence[int]) -> None:
    """Counts the idle for the grid that they belong to, else for the division that they were born in alone."""
    officers, capacity, _, idle, *_ = map(int, loads)
    if grid is None:
        born_in.idle_unplaced += idle
    else:
        grid.idle += idle
        grid.officers += officers
        grid.capacity += capacity
