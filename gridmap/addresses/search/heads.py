"""The names at the head of a text, read once for all texts that share them: a table has many rows of one village."""

import re
from typing import NamedTuple

from gridmap.addresses.chain import Chain, read_chain
from gridmap.addresses.gazetteer import Gazetteer, Known
from gridmap.addresses.search.divisions import FORM

Gap = tuple[int, int]
_ABSENT = {"township": 0.985}
_MOST = 8_000
_NUMBER = re.compile("[0-9]")


class Said(NamedTuple):
    """A division that a text may name: how like its name is to what is said, and how those above it agree."""

    known: Known
    likeness: float
    upper: float


class Named(NamedTuple):
    """The exact names of a text: what they may mean, the parts of the text before and between them, and their end."""

    divisions: tuple[Said, ...]
    gaps: tuple[Gap, ...]
    end: int

    def gaps_in(self, text: str) -> list[Gap]:
        """The parts of a whole text that are no names."""
        return [*self.gaps, (self.end, len(text))]


class Heads:
    """Reads exact names, and remembers what stands before the first number. Threads may share it."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._read: dict[str, Named] = {}

    def names(self, key: str) -> Named:
        """The names in a normalised, compared text; without divisions when it names none so, or some that don't lie in
        each other."""
        number = _NUMBER.search(key)
        cut = number.start() if number else 0
        if not cut or self._gazetteer.matches(key, cut):
            return _names(read_chain(self._gazetteer, key))
        return self._read.get(key[:cut]) or self._remembered(key, cut)

    def _remembered(self, key: str, cut: int) -> Named:
        """Remembered when no number behind could change it: when the names go down to a village, behind which only a
        name right there is read, and none of them can go on with a number."""
        chain = read_chain(self._gazetteer, key)
        names = _names(chain)
        if chain.is_village and names.end <= cut and not self._gazetteer.may_go_on(key[:cut]):
            if len(self._read) >= _MOST:
                self._read = {}
            self._read[key[:cut]] = names
        return names


def _names(chain: Chain) -> Named:
    *before, (end, _) = chain.gaps
    divisions = () if chain.against else tuple(_said(chain, known) for known in chain.found)
    return Named(divisions, tuple(before), end)


def _said(chain: Chain, known: Known) -> Said:
    forms: dict[str, float] = {}
    for step in chain.steps:
        for meaning in step.meanings:
            if meaning.known.place.code in known.codes:
                level = meaning.known.place.level
                forms[level] = max(forms.get(level, 0.0), FORM[meaning.form])
    upper = 1.0
    for place in known.chain[:-1]:
        upper *= 1 - (1 - forms[place.level]) / 4 if place.level in forms else _ABSENT.get(place.level, 1.0)
    return Said(known, forms.get(known.place.level, 1.0), upper)
