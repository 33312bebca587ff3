"""All names that may stand in a text, found at once: heard wrongly, spelled in letters, with signs lost or swapped."""

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from gridmap.addresses.search.kernels import RELATED, Int32s, find_names
from gridmap.addresses.search.sounds import syllable_count
from gridmap.addresses.search.symbols import Symbols, to_symbols
from gridmap.geo.arrays import FloatArray

_LONGEST_NAME = 20
_ENDING_WEIGHT = 0.7
"""How much less the word for what it is tells of a name than its other signs."""
_ENDINGS = (
    "村民委员会", "居民委员会", "行政村", "自然村", "社区", "街道", "办事处", "小区", "花园", "家园", "佳苑", "新村",
    "大道", "村", "镇", "乡", "县", "市", "州", "省", "区", "路", "街", "巷", "组", "社",
)  # fmt: skip
T = TypeVar("T")


class Place(NamedTuple):
    """Where in a text a name stands."""

    start: int
    end: int

    def meets(self, other: "Place") -> bool:
        """Whether both share a sign."""
        return self.start < other.end and other.start < self.end


class FoundName(NamedTuple, Generic[T]):
    """A name in a text: how like it is there (1 for the same), and its first and its last such place."""

    value: T
    name: str
    likeness: float
    first: Place
    last: Place


class Found(NamedTuple):
    """Names in a text as numbers, in the order in which they are known.

    `rows`: for each its number, the cost, and begin and end of its first and of its last place.
    """

    rows: Int32s
    likeness: FloatArray


class Signs(NamedTuple):
    """The different symbols of some names, and which of them have a value in a column of `RELATED`: those in its row of
    `order` from `starts` of the value on."""

    rows: Int32s
    order: Int32s
    starts: Int32s


NOTHING = Found(np.empty((0, 6), np.int32), np.empty(0))


class Names(Generic[T]):
    """Names and what each of them means. Made once and only read."""

    def __init__(self, names: Iterable[tuple[str, T]]) -> None:
        rows: list[Int32s] = []
        meant: list[tuple[str, T]] = []
        weights: list[float] = []
        starts = [0]
        for name, value in names:
            symbols = to_symbols(name).rows
            if 2 <= len(symbols) <= _LONGEST_NAME:
                rows.append(symbols)
                starts.append(starts[-1] + len(symbols))
                meant.append((name, value))
                weights.append(_weight(name, len(symbols)))
        self.meant = tuple(meant)
        """The names and what they mean, by their numbers."""
        every = np.concatenate(rows) if rows else np.empty((0, 6), np.int32)
        self._signs, self._names = _numbered(every)
        self._starts = np.array(starts, np.int32)
        owners = np.repeat(np.arange(len(meant), dtype=np.int32), np.diff(self._starts))
        self._holders = owners[np.argsort(self._names, kind="stable")]
        self._held = _starts(self._names, len(self._signs.rows))
        self._weights = np.array(weights)

    def __len__(self) -> int:
        return len(self.meant)

    def find(self, text: Symbols, *, unfinished: bool = False, least: float = 0.4) -> Found:
        """The names that a text may hold; `unfinished` when it may break off within one."""
        if not len(text.rows) or not self.meant:
            return NOTHING
        found, likeness = np.empty((len(self), 6), np.int32), np.empty(len(self))
        signs, wide = len(self._signs.rows), len(text.rows)
        count = find_names(
            *self._signs, self._names, self._starts, self._weights, self._holders, self._held, text.rows, text.places,
            unfinished, least, found, likeness, np.empty((signs + 1, wide), np.int32), np.empty((4, signs), np.int32),
            np.empty(len(self), np.int32), np.empty(6 * (wide + 1), np.int32),
        )  # fmt: skip
        return Found(found[:count], likeness[:count])

    def told(self, found: Found) -> list[FoundName[T]]:
        """The same in words."""
        rows = zip(found.rows.tolist(), found.likeness.tolist(), strict=True)
        return [self._told(like, *row) for row, like in rows]

    def _told(self, likeness: float, at: int, _: int, *places: int) -> FoundName[T]:
        name, value = self.meant[at]
        return FoundName(value, name, likeness, Place(*places[:2]), Place(*places[2:]))


def _numbered(symbols: Int32s) -> tuple[Signs, Int32s]:
    """The different ones of some symbols, and for each symbol which of them it is."""
    signs, numbers = np.unique(symbols, axis=0, return_inverse=True)
    columns = [signs[:, column] for column, _ in RELATED]
    order = np.array([np.argsort(column, kind="stable") for column in columns], np.int32)
    starts = np.array([_starts(column, syllable_count()) for column in columns])
    return Signs(signs, order, starts), numbers.reshape(-1).astype(np.int32)


def _starts(numbers: Int32s, count: int) -> Int32s:
    """Where in the order of some numbers each of 0 and so many begins, and where the last ends."""
    return np.searchsorted(np.sort(numbers), np.arange(count + 1)).astype(np.int32)


def _weight(name: str, symbols: int) -> float:
    """In how many signs a name can differ until nothing of it is left."""
    ending = next((ending for ending in _ENDINGS if name.endswith(ending)), "")
    return symbols - len(ending) * _ENDING_WEIGHT if len(name) - len(ending) >= 2 else symbols
