"""Transport on explicit arcs with a proof: the prices that come with a choice show that no other is cheaper."""

from dataclasses import dataclass

import numpy as np

from gridmap.contacts.solve.kernels import BAN, assign
from gridmap.geo.arrays import BoolArray, FloatArray, IntArray

__all__ = ["BAN", "Sources", "Transport", "transport"]


@dataclass(frozen=True, slots=True)
class Transport:
    """For each row its column or -1, and whether the prices prove that this is the cheapest for all of them."""

    chosen: IntArray
    proven: bool


def transport(
    cost: IntArray,
    capacity: IntArray,
    base: IntArray | None = None,
    weight: int = 0,
    size: IntArray | None = None,
) -> Transport:
    """The cheapest choice of a column for each row; BAN forbids one. With `weight`, evenly used columns are cheaper.

    >>> transport(np.array([[1, 9], [1, 2]]), np.array([1, 1])).chosen.tolist()
    [0, 1]
    """
    base = np.zeros(len(capacity), np.int64) if base is None else base
    size = np.ones(len(capacity), np.int64) if size is None else size
    wide, most, carried, members = (np.ascontiguousarray(part, np.int64) for part in (cost, capacity, base, size))
    chosen, price = assign(wide, most, carried, members, weight)
    return Transport(chosen, _is_proven(wide, most, carried, members, weight, chosen, price))


@dataclass(frozen=True, slots=True)
class Sources:
    """Officers as columns, those who are alike in one: its sample, its members by turns, and how many it can take."""

    sample: IntArray
    size: IntArray
    units: IntArray
    _members: IntArray
    _starts: IntArray

    @classmethod
    def of(cls, who: IntArray, units: IntArray, place: FloatArray, *alike: IntArray) -> "Sources":
        """Groups of those who stand at one place and have the same `alike`; `units` are what each can take.

        Without `alike` a member is listed as often as he has units, with it once.
        """
        keys = np.column_stack([np.nan_to_num(place[who], nan=-1.0), *alike])
        _, first, group, size = np.unique(keys, axis=0, return_index=True, return_inverse=True, return_counts=True)
        order = np.argsort(group.ravel(), kind="stable")
        times = np.ones(len(who), np.int64) if alike else units[order]
        members = np.repeat(who[order], times)
        total = np.bincount(group.ravel(), weights=units, minlength=len(size)).astype(np.int64)
        listed = size if alike else total
        return cls(who[first], size.astype(np.int64), total, members, np.cumsum(listed) - listed)

    def spread(self, chosen: IntArray) -> IntArray:
        """The officer of each row, from the column chosen for it: the members of a column take turns."""
        order = np.argsort(chosen, kind="stable")
        column = chosen[order]
        count = np.bincount(column, minlength=len(self.size))
        nth = np.arange(len(column)) - (np.cumsum(count) - count)[column]
        listed = np.diff(np.append(self._starts, len(self._members)))
        officer = np.empty(len(chosen), np.int64)
        officer[order] = self._members[self._starts[column] + nth % np.maximum(listed[column], 1)]
        return officer


def _is_proven(
    cost: IntArray,
    capacity: IntArray,
    base: IntArray,
    size: IntArray,
    weight: int,
    chosen: IntArray,
    price: IntArray,
) -> bool:
    """Complementary slackness: no row prefers another column at these prices, no column another load."""
    placed = np.flatnonzero(chosen >= 0)
    own = cost[placed, chosen[placed]] - price[chosen[placed]]
    content: BoolArray = ((cost[placed] - price) >= own[:, None]) | (cost[placed] >= BAN)
    load = np.bincount(chosen[placed], minlength=len(capacity))
    last = (load == 0) | (weight * (2 * (base + (load - 1) // size) + 1) <= -price)
    following = (load >= capacity) | (weight * (2 * (base + load // size) + 1) >= -price)
    whole = len(placed) == len(chosen)
    return bool(whole and content.all() and last.all() and following.all() and (load <= capacity).all())
