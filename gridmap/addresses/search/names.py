"""All names that may stand in a text, found at once: heard wrongly, spelled in letters, with signs lost or swapped."""

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from gridmap.addresses.search.kernels import WRONG, Int32s, find_names
from gridmap.addresses.search.symbols import Symbols, to_symbols

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


class Names(Generic[T]):
    """Names and what each of them means. Made once and only read."""

    def __init__(self, names: Iterable[tuple[str, T]]) -> None:
        rows: list[Int32s] = []
        self._meant: list[tuple[str, T]] = []
        weights: list[float] = []
        starts = [0]
        for name, value in names:
            symbols = to_symbols(name).rows
            if 2 <= len(symbols) <= _LONGEST_NAME:
                rows.append(symbols)
                starts.append(starts[-1] + len(symbols))
                self._meant.append((name, value))
                weights.append(_weight(name, len(symbols)))
        self._rows = np.concatenate(rows) if rows else np.empty((0, 6), np.int32)
        self._starts = np.array(starts, np.int32)
        self._weights = np.array(weights)

    def __len__(self) -> int:
        return len(self._meant)

    def find(self, text: Symbols, *, unfinished: bool = False, least: float = 0.4) -> list[FoundName[T]]:
        """The names that a text may hold; `unfinished` when it may break off within one."""
        if not len(text.rows) or not self._meant:
            return []
        found = np.empty((len(self._meant), 6), np.int32)
        work = np.empty(6 * (len(text.rows) + 1), np.int32)
        count = find_names(
            self._rows, self._starts, text.rows, text.halves, text.letters, unfinished, found, work
        )  # fmt: skip
        rows = found[:count]
        likeness = 1 - rows[:, 1] / (WRONG * self._weights[rows[:, 0]])
        enough = likeness >= least
        return [
            self._told(text, like, *row)
            for row, like in zip(rows[enough].tolist(), likeness[enough].tolist(), strict=True)
        ]

    def _told(
        self, text: Symbols, likeness: float, at: int, _: int, begin: int, end: int, last_begin: int, last_end: int
    ) -> FoundName[T]:
        name, value = self._meant[at]
        first = Place(text.spans[begin][0], text.spans[end - 1][1])
        last = first if last_end == end else Place(text.spans[last_begin][0], text.spans[last_end - 1][1])
        return FoundName(value, name, likeness, first, last)


def _weight(name: str, symbols: int) -> float:
    """In how many signs a name can differ until nothing of it is left."""
    ending = next((ending for ending in _ENDINGS if name.endswith(ending)), "")
    return symbols - len(ending) * _ENDING_WEIGHT if len(name) - len(ending) >= 2 else symbols
