"""What the names that were found in a text may mean: the divisions that are read nearly as well as the best."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gridmap.addresses.gazetteer import Known
from gridmap.addresses.search.divisions import Divisions
from gridmap.addresses.search.kernels import Int32s
from gridmap.addresses.search.names import Found, FoundName, Names, Place
from gridmap.addresses.search.symbols import Symbols
from gridmap.addresses.search.text import without_filler
from gridmap.addresses.search.weighing import (
    ALIKE_IN_TOWNSHIP,
    LEVELS,
    MARGIN,
    ONLY_LOCAL,
    see_divisions,
    weigh_holders,
    weigh_seen,
)
from gridmap.geo.arrays import BoolArray, FloatArray

MOST = 10
SURE_LOCAL, _LEAST_LOCAL = 0.8, 0.6
_LOCALS_TRIED = 3
_TAILS = {
    "province": re.compile("(?:省|市|自治区)| ?SHENG(?![A-Z])"),
    "prefecture": re.compile("(?:藏族)?(?:自治州|州|市|地区)| ?(?:ZHOU|SHI)(?![A-Z])"),
    "county": re.compile("(?:藏族)?(?:自治县|县|市|区)| ?(?:XIAN|SHI|QU)(?![A-Z])"),
    "township": re.compile("(?:街道办事处|街道|办事处|镇|乡)| ?(?:ZHEN|XIANG|JIEDAO)(?![A-Z])"),
    "village": re.compile(
        "(?:村民委员会|居民委员会|村委会|居委会|行政村|社区|村)|(?<=村)(?:民委员|委员|委)会|(?<=社区)居(?:民委员|委)会|"
        " ?(?:CUN|SHEQU)(?![A-Z])"
    ),
}
_TAIL_SIGNS = ("省市自 S", "藏自州市地 ZS", "藏自县市区 XSQ", "街办镇乡 ZXJ", "村民居行社委 CS")
"""What such a word can begin with, by level."""
_TAILS_BY_SIGN = {
    sign: [(level, _TAILS[name]) for level, name in enumerate(LEVELS) if sign in _TAIL_SIGNS[level]]
    for sign in "".join(_TAIL_SIGNS)
}
_TAIL_BEGINS = re.compile(f"[{''.join(_TAILS_BY_SIGN)}]")
_OTHER_TAIL = re.compile("[镇乡县州省](?![村委])| ?(?:ZHEN|XIANG|XIAN)(?![A-Z])")
"""木耳镇 is not the village 木耳."""
_OTHER_TAIL_BEGINS = re.compile("[镇乡县州省 ZX]")
_LARGER = frozenset("镇乡县州省")
_NAME_PART = re.compile("[^0-9]*")


@dataclass(frozen=True, slots=True)
class Local:
    """A name that something in villages has: a hamlet, street or estate, or a group with a name."""

    segment: str
    text: str
    villages: frozenset[str]
    bare: bool = False
    """Whether it is said without the word for what it is: 文化 for 文化街. It tells of no village by itself."""


class LocalNames:
    """The names in villages, and the numbers of the villages that have them."""

    def __init__(self, divisions: Divisions, named: Sequence[tuple[str, Local]]) -> None:
        self.names: Names[Local] = Names(named)
        at = divisions.at
        self.villages = tuple(
            np.array([at[code] for code in sorted(local.villages) if code in at], np.int32)
            for _, local in self.names.meant
        )


@dataclass(slots=True)
class Draft:
    """A reading before the door is read: the division, how well it and those above are read, and where."""

    known: Known
    likeness: float
    upper: float
    spans: list[Place]
    locals: tuple[FoundName[Local], ...]
    named: bool
    unread: float
    weight: float

    @property
    def explained(self) -> int:
        """How many signs of the text are names."""
        return sum(end - start for start, end in self.spans)


class Words:
    """Where in a text the words stand that tell what a name is the name of."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.ends: Int32s = np.empty((len(LEVELS), len(key) + 1), np.int32)
        """By level, where a name that ends at a place ends with such a word."""
        self.ends[:] = np.arange(len(key) + 1)
        for begin in _TAIL_BEGINS.finditer(key):
            for level, tail in _TAILS_BY_SIGN[begin[0]]:
                if match := tail.match(key, begin.start()):
                    self.ends[level, begin.start()] = match.end()
        self.larger: BoolArray = np.zeros(len(key) + 1, np.bool_)
        """Where the word for something larger than a village follows."""
        self.marks: Int32s = np.zeros(len(key) + 1, np.int32)
        """Where the last sign of such a word stands before, and which."""
        for begin in _OTHER_TAIL_BEGINS.finditer(key):
            self.larger[begin.start()] = _OTHER_TAIL.match(key, begin.start()) is not None
            self.marks[begin.end()] = ord(begin[0]) if begin[0] in _LARGER else 0
        names = _NAME_PART.match(key)
        self.names_end = names.end() if names else 0
        self._names = without_filler(key[: self.names_end])

    def name_signs(self, symbols: Symbols) -> Int32s:
        """Where signs and syllables of names may stand: before the first number, in no filler."""
        names = self._names
        begins = symbols.places[:, 0].tolist()
        return np.array([at for at in begins if at < len(names) and names[at] != " "], np.int32)


class _Sight(NamedTuple):
    """What was seen in a text, as the loops want it; `weighing.weigh_seen` says what each is."""

    above: Int32s
    levels: Int32s
    sure: Int32s
    found: Int32s
    like: FloatArray
    named: Int32s
    ends: Int32s
    signs: Int32s
    others: Int32s
    names_end: int
    best: FloatArray


class _Weighed(NamedTuple):
    """What the loops tell of some divisions."""

    spans: Int32s
    counts: Int32s
    figures: FloatArray
    kept: Int32s


def drafts(
    divisions: Divisions, locals_: LocalNames, words: Words, symbols: Symbols, *, unfinished: bool
) -> Iterator[Draft]:
    """The readings of a text that are nearly as good as the best; each division once as named, once as told by what
    is in it."""
    found = divisions.names.find(symbols, unfinished=unfinished, least=ALIKE_IN_TOWNSHIP)
    held = locals_.names.find(symbols, unfinished=unfinished, least=_LEAST_LOCAL)
    told = tuple(locals_.names.told(held))
    seen, sight = _look(divisions, words, symbols, found, told)
    room = _room(len(seen), divisions)
    for row in room.kept[: weigh_seen(seen, *sight, *room)].tolist():
        likeness = float(sight.like[seen[row]])
        yield _draft(divisions, int(seen[row]), likeness, room, row, told, first=0)
    for at in sorted(range(len(told)), key=lambda at: -told[at].likeness)[:_LOCALS_TRIED]:
        if told[at].likeness >= SURE_LOCAL and not told[at].value.bare:
            yield from _holding(divisions, locals_.villages[held.rows[at, 0]], told[at], sight, told)


def _look(
    divisions: Divisions, words: Words, symbols: Symbols, found: Found, told: Sequence[FoundName[Local]]
) -> tuple[Int32s, _Sight]:
    """The divisions that found names may mean, and what is seen of them."""
    many = len(divisions)
    like, named, whole = np.zeros(many), np.zeros(many, np.int32), np.zeros(many, np.bool_)
    named -= 1
    seen, sure = np.empty(many, np.int32), np.empty(many, np.int32)
    count, surely = see_divisions(
        *found, divisions.starts, divisions.meant, divisions.factors, divisions.wholes, divisions.last_signs,
        divisions.levels, words.larger, words.marks, like, named, whole, seen, sure,
    )  # fmt: skip
    others = [edge for name in told if name.likeness >= SURE_LOCAL for edge in name.last]
    return seen[:count], _Sight(
        divisions.above, divisions.levels, sure[:surely], found.rows, like, named, words.ends,
        words.name_signs(symbols), np.array(others, np.int32), words.names_end, np.zeros(2),
    )  # fmt: skip


def _holding(
    divisions: Divisions, villages: Int32s, name: FoundName[Local], sight: _Sight, told: tuple[FoundName[Local], ...]
) -> Iterator[Draft]:
    """Villages of which the text names only a street, an estate or a hamlet, perhaps with what lies above."""
    room = _room(len(villages), divisions)
    alone = len(name.value.villages) <= MOST
    count = weigh_holders(villages, name.likeness, name.last.start, name.last.end, alone, *sight, *room)
    for row in room.kept[:count].tolist():
        yield _draft(divisions, int(villages[row]), ONLY_LOCAL * name.likeness, room, row, told, first=1)


def _room(count: int, divisions: Divisions) -> _Weighed:
    wide = divisions.above.shape[1] + 1
    return _Weighed(
        np.empty((count, 2 * wide), np.int32),
        np.empty(count, np.int32),
        np.empty((count, 3)),
        np.empty(count, np.int32),
    )


def _draft(
    divisions: Divisions, division: int, likeness: float, told: _Weighed, row: int,
    locals_: tuple[FoundName[Local], ...], *, first: int,
) -> Draft:  # fmt: skip
    edges = told.spans[row, 2 * first : 2 * told.counts[row]].tolist()
    spans = [Place(*edges[at : at + 2]) for at in range(0, len(edges), 2)]
    upper, unread, weight = told.figures[row].tolist()
    return Draft(divisions.known[division], likeness, upper, spans, locals_, not first, unread, weight)


def near_the_best(found: Sequence[Draft]) -> list[Draft]:
    """Those villages that are read nearly as well as the best, and likewise what is larger."""
    kept = []
    for villages in (True, False):
        alike = [draft for draft in found if (draft.known.place.level == "village") is villages]
        best = max((draft.weight for draft in alike), default=0.0)
        kept += [draft for draft in alike if draft.weight >= best - MARGIN]
    return kept
