"""Transport with convex costs at the sources: the loop of `transport`, compiled."""

import numpy as np

from gridmap.geo.arrays import BoolArray, IntArray
from gridmap.geo.compiled import compiled

BAN = np.int64(1) << 60
"""The cost of what may not be."""
_NONE = np.int64(-1)


@compiled
def assign(
    cost: IntArray, capacity: IntArray, base: IntArray, size: IntArray, weight: int
) -> tuple[IntArray, IntArray]:
    """Gives each row a column at the least total cost, and returns the choice and the prices that prove it.

    A column is `size` officers who are alike, and takes `capacity` rows at most; when each of them has n, the next row
    costs ``weight * (2 * (base + n) + 1)`` on top. Rows go in one by one, each along the shortest augmenting path by
    Dijkstra's rule on reduced costs, so that the choice is optimal for the rows so far after every step (successive
    shortest paths). A row that finds no place is -1.
    """
    rows, columns = cost.shape
    chosen, after = np.full(rows, _NONE), np.full(rows, _NONE)
    # As low as a price may be while nobody is there: the nearest place that is free is then found at once.
    price = -weight * (2 * base + 1)
    load, first = np.zeros(columns, np.int64), np.full(columns, _NONE)
    reach, mover = np.empty(columns, np.int64), np.empty(columns, np.int64)
    done = np.empty(columns, np.bool_)
    for row in range(rows):
        for column in range(columns):
            reach[column] = BAN if cost[row, column] >= BAN else cost[row, column] - price[column]
            mover[column] = row
            done[column] = False
        best, goal = np.int64(BAN), -1
        while True:
            nearest = _nearest(reach, done, best)
            if nearest < 0:
                break
            done[nearest] = True
            if load[nearest] < capacity[nearest]:
                nth = base[nearest] + load[nearest] // size[nearest]
                total = reach[nearest] + weight * (2 * nth + 1) + price[nearest]
                if total < best:
                    best, goal = total, nearest
            _relax(cost, price, first, after, reach, mover, done, nearest)
        if goal < 0:
            continue
        for column in range(columns):
            if done[column] and reach[column] < best:
                price[column] += reach[column] - best
        load[goal] += 1
        _augment(chosen, first, after, mover, row, goal)
    return chosen, price


@compiled
def _nearest(reach: IntArray, done: BoolArray, best: np.int64) -> int:
    """The column that is reached soonest of those not done, and sooner than the best end so far; else -1."""
    nearest = -1
    for column in range(len(reach)):
        if not done[column] and reach[column] < best and (nearest < 0 or reach[column] < reach[nearest]):
            nearest = column
    return nearest


@compiled
def _relax(
    cost: IntArray,
    price: IntArray,
    first: IntArray,
    after: IntArray,
    reach: IntArray,
    mover: IntArray,
    done: BoolArray,
    here: int,
) -> None:
    """What can be reached from a column by moving one of its rows on."""
    member = first[here]
    while member >= 0:
        start = reach[here] - cost[member, here] + price[here]
        for column in range(len(reach)):
            if not done[column] and cost[member, column] < BAN:
                along = start + cost[member, column] - price[column]
                if along < reach[column]:
                    reach[column] = along
                    mover[column] = member
        member = after[member]


@compiled
def _augment(chosen: IntArray, first: IntArray, after: IntArray, mover: IntArray, row: int, goal: int) -> None:
    """Moves the rows along a path, from its end back to the row that comes in."""
    while True:
        member = mover[goal]
        before = chosen[member]
        if before >= 0:
            if first[before] == member:
                first[before] = after[member]
            else:
                at = first[before]
                while after[at] != member:
                    at = after[at]
                after[at] = after[member]
        chosen[member] = goal
        after[member] = first[goal]
        first[goal] = member
        if member == row:
            return
        goal = before
