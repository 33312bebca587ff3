"""What the solver is given: a tree of places, officers who were born in it, households that stand in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gridmap.geo.arrays import BoolArray, FloatArray, IntArray
from gridmap.geo.measure import INVERSE_FLATTENING, SEMI_MAJOR_M

VILLAGE, TOWNSHIP, COUNTY, ELSEWHERE = range(4)
"""The level of a node of the tree, and so the tier (出生地层级) of a pair: the level of the smallest node with both."""
_DIGITS = (12, 9, 6)
UNKNOWN_M = 500_000
"""The distance that counts when somebody's place is not known: beyond every real one."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Villages below townships below counties below one root. Parents stand behind their children; the root is last."""

    parent: IntArray
    level: IntArray
    index: dict[str, int] = field(default_factory=dict)

    @property
    def root(self) -> int:
        """The node that holds everything."""
        return len(self.parent) - 1

    def at_level(self, nodes: IntArray, level: int) -> IntArray:
        """The node of a level above each (itself where it has the level); -1 where it lies higher already."""
        found = nodes.copy()
        while (low := self.level[found] < level).any():
            found[low] = self.parent[found[low]]
        return np.where(self.level[found] == level, found, -1)

    def tiers(self, one: IntArray, other: IntArray) -> IntArray:
        """The level of the smallest node that holds both, pair by pair."""
        tier = np.full(np.broadcast(one, other).shape, ELSEWHERE, np.int64)
        for level in (COUNTY, TOWNSHIP, VILLAGE):
            left, right = self.at_level(one, level), self.at_level(other, level)
            tier = np.where((left == right) & (left >= 0), level, tier)
        return tier

    def tiers_of(self, homes: IntArray, officer: IntArray, nodes: IntArray) -> IntArray:
        """The tier of an officer, by his number among `homes`, at each node; of nobody, -1, it is the worst."""
        return self.tiers(np.append(homes, self.root)[officer], nodes)


def tree_of(codes: Sequence[str]) -> Tree:
    """The tree over division codes of 12, 9 or 6 digits; what has other codes belongs to the root, under ``""``.

    >>> tree = tree_of(["990001101200", "990001101"])
    >>> tree.parent.tolist(), tree.level.tolist()
    ([1, 2, 3, 3], [0, 1, 2, 3])
    """
    levels: list[set[str]] = [set(), set(), set()]
    for code in set(codes):
        for level, digits in enumerate(_DIGITS):
            if len(code) >= digits:
                levels[level].add(code[:digits])
    names = [code for level in levels for code in sorted(level)]
    index = {code: at for at, code in enumerate([*names, ""])}
    level_of = [level for level, found in enumerate(levels) for _ in found]
    parent = [
        index[code[: _DIGITS[level + 1]]] if level < COUNTY else len(names)
        for code, level in zip(names, level_of, strict=True)
    ]
    return Tree(np.array([*parent, len(names)], np.int64), np.array([*level_of, ELSEWHERE], np.int64), index)


@dataclass(frozen=True, slots=True)
class Officers:
    """Those who can be used, in a fixed order: node of birth, first contacts they can take, number of the unit, place.

    `capacity` counts first contacts. `place` is in metres, earth-centred; NaN where it is not known.
    """

    home: IntArray
    capacity: IntArray
    unit: IntArray
    place: FloatArray

    def __len__(self) -> int:
        return len(self.home)

    def of_same_unit(self, one: IntArray, other: IntArray) -> BoolArray:
        """Whether two officers by their numbers, pair by pair, work in the same unit; nobody, -1, works in none."""
        unit = np.append(self.unit, -1)
        same: BoolArray = (unit[one] == unit[other]) & (one >= 0) & (other >= 0)
        return same


@dataclass(frozen=True, slots=True)
class Households:
    """Those who need a contact, in a fixed order: their node and place, today's contacts, officers wanted beyond two.

    `first`, `second` are numbers of officers, -1 for none that can be used. `fixed_first`, `fixed_second` say which of
    them stay whatever else may be better, `pinned` which first ones somebody wants to stay. `touched` are those whose
    circumstances changed: of two changes that are worth the same, theirs is preferred.
    """

    node: IntArray
    place: FloatArray
    first: IntArray
    second: IntArray
    fixed_first: BoolArray
    fixed_second: BoolArray
    pinned: BoolArray
    touched: BoolArray
    extra: IntArray

    def __len__(self) -> int:
        return len(self.node)


@dataclass(frozen=True, slots=True)
class Problem:
    """Officers, households, the pairs that must not be, and today's beyond the back-up that may stay, by rank.

    Both are rows of household and officer.
    """

    tree: Tree
    officers: Officers
    households: Households
    forbidden: IntArray = field(default_factory=lambda: np.empty((0, 2), np.int64))
    beyond: IntArray = field(default_factory=lambda: np.empty((0, 2), np.int64))


def earth_centred(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Points on the ellipsoid in metres; the chord between two is their distance to a metre in a hundred kilometres."""
    lam, phi = np.radians(lon), np.radians(lat)
    squared = (2 - 1 / INVERSE_FLATTENING) / INVERSE_FLATTENING
    radius = SEMI_MAJOR_M / np.sqrt(1 - squared * np.sin(phi) ** 2)
    flat = radius * np.cos(phi)
    return np.column_stack([flat * np.cos(lam), flat * np.sin(lam), radius * (1 - squared) * np.sin(phi)])


def distances_m(one: FloatArray, other: FloatArray) -> IntArray:
    """Whole metres between places, pair by pair or broadcast; UNKNOWN_M where one is not known.

    >>> south, north = earth_centred(np.array([103.5, 103.5]), np.array([34.5, 34.51]))
    >>> int(distances_m(south, north))
    1109
    """
    metres = np.sqrt(((one - other) ** 2).sum(axis=-1))
    return np.where(np.isnan(metres), UNKNOWN_M, np.minimum(np.rint(np.nan_to_num(metres)), UNKNOWN_M)).astype(np.int64)
