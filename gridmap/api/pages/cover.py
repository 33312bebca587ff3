"""Which figure of the coverage report a map shows, and in which class each place falls."""

from collections.abc import Callable
from dataclasses import dataclass

from gridmap.contacts.plans.report import Line

BELOW = {"province": "prefecture", "prefecture": "county", "county": "township", "township": "village"}
"""The level that a map of a level shows; a village shows its grids."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as a number to be written on a place and a share that gives its class: 0 is good, 3 is worst."""

    number: Callable[[Line], int]
    of: Callable[[Line], int]
    """What the number is a share of; where that is nothing the figure says nothing."""
    bounds: tuple[float, float, float]
    """The most that is still of class 0, 1 and 2: a share, or for `counted` a number."""
    counted: bool = False

    def level(self, line: Line) -> int | None:
        """The class of a place, None where the figure says nothing."""
        whole = self.of(line)
        if whole == 0:
            return None
        value = self.number(line) if self.counted else self.number(line) / whole
        return next((level for level, most in enumerate(self.bounds) if value <= most), 3)

    def text(self, line: Line) -> str:
        """What is written on a place: the number, or the share of it where the share is what counts."""
        if self.level(line) is None:
            return "—"
        return f"{self.number(line):,}" if self.counted or self.bounds[0] == 0 else self._percent(line)

    def _percent(self, line: Line) -> str:
        return f"{self.number(line) / self.of(line):.0%}"


FIGURES = {
    "missed": Figure(lambda line: line.missed, lambda line: line.households, (0, 0.01, 0.05)),
    "tiers": Figure(lambda line: line.paired - line.tier_0, lambda line: line.paired, (0, 0.1, 0.3)),
    "backups": Figure(lambda line: line.households - line.with_backup, lambda line: line.households, (0, 0.01, 0.05)),
    "loads": Figure(lambda line: line.first_contacts, lambda line: line.capacity, (0.7, 0.9, 1)),
    "idle": Figure(lambda line: line.idle, lambda line: line.officers, (0, 0.1, 0.3)),
    "over": Figure(lambda line: line.over, lambda line: line.officers, (0, 1, 4), counted=True),
}
"""Without a first contact, not born in the village, without a back-up, loads, idle, over capacity."""


def below(lines: list[Line], code: str, level: str) -> list[Line]:
    """The lines of what a map of a division shows: its children, of a village the grids.

    >>> places = [Line("62", "a", "province"), Line("623000", "b", "prefecture"), Line("623022", "c", "county")]
    >>> [line.code for line in below(places, "623000", "prefecture")]
    ['623022']
    """
    wanted = BELOW.get(level, "grid")
    found = [line for line in lines if line.level == wanted and line.code != code]
    # A prefecture without counties shows its townships.
    return found or [line for line in lines if line.code != code and line.level in {"township", "village", "grid"}]
