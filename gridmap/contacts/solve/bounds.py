"""What no plan's total distance can go below: for these flows, and for all plans of the same ranks.

The prices of the first stage tell which ways through the hubs any of the best plans uses, those of the second how many
first contacts an officer has in any of them. So a household of a village is looked after by somebody born there, within
what he takes at most, or by somebody who comes from outside on such a way. Each village is a transport of its own then,
in which whoever comes from outside stands where the nearest of them stands: cheaper than any plan, and proven.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from gridmap.contacts.solve.hubs import DOWN, UP, Hubs
from gridmap.contacts.solve.loads import Loads
from gridmap.contacts.solve.placing import Placement
from gridmap.contacts.solve.problem import UNKNOWN_M, VILLAGE, Problem, distances_m
from gridmap.contacts.solve.tiers import Tiers
from gridmap.contacts.solve.transport import BAN, Sources, transport
from gridmap.geo.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Bounds:
    """A total of distances; what it can't go below while the flows of the stages before stay, and at all.

    `at_all` is for plans with the same totals in every rank before distance, however they come about.
    """

    total_m: int
    with_these_flows_m: int
    at_all_m: int


def bounds(hubs: Hubs, tiers: Tiers, loads: Loads, result: Placement, settled: BoolArray) -> Bounds:
    """How far from the best the distances can be. `settled` are the pairs that every such plan has.

    With the flows fixed, the choice in a village that nobody leaves or enters is the best there is; elsewhere a
    household can't be nearer than to the nearest officer who takes anybody.
    """
    problem = hubs.problem
    placed = np.flatnonzero(result.officer >= 0)
    own = distances_m(problem.households.place[placed], problem.officers.place[result.officer[placed]])
    used = np.unique(result.officer[placed])
    here = np.where(result.exact[placed], own, np.minimum(own, _nearest(problem, placed, used)))
    at_all = _nearest_of_all(hubs, result.officer, settled)
    if not len(problem.forbidden):
        at_all = max(at_all, _by_village(_Ways.of(hubs, tiers), loads, result.officer, settled))
    total = int(own.sum())
    at_all = min(at_all, total)
    return Bounds(total, max(int(here.sum()), at_all), at_all)


def _nearest_of_all(hubs: Hubs, officer: IntArray, settled: BoolArray) -> int:
    """Everybody as near as the nearest officer with any capacity, of whatever tier and however many want him."""
    problem = hubs.problem
    least = _nearest(problem, np.arange(len(officer)), np.flatnonzero(problem.officers.capacity > 0))
    kept = np.flatnonzero(settled & (officer >= 0))
    least[kept] = distances_m(problem.households.place[kept], problem.officers.place[officer[kept]])
    return int(np.sort(least)[: int((officer >= 0).sum())].sum())


def _nearest(problem: Problem, households: IntArray, officers: IntArray) -> IntArray:
    """Whole metres, rounded down, from households to the nearest of some officers; where not known, as it counts."""
    spots = problem.officers.place[officers]
    spots = spots[~np.isnan(spots).any(axis=1)]
    standing = problem.households.place[households]
    known = ~np.isnan(standing).any(axis=1)
    nearest = np.full(len(households), UNKNOWN_M, np.int64)
    if len(spots) and known.any():
        metres = np.floor(cKDTree(spots).query(standing[known])[0])
        nearest[known] = np.minimum(metres, UNKNOWN_M).astype(np.int64)
    return nearest


@dataclass(frozen=True, slots=True)
class _Ways:
    """For each place whether some best plan goes up from it, down to it, turns there, serves or misses its households.

    `spent` are places whose officers are all used to the last, and not elsewhere.
    """

    hubs: Hubs
    up: BoolArray
    down: BoolArray
    turn: BoolArray
    missed: BoolArray
    spent: BoolArray

    @classmethod
    def of(cls, hubs: Hubs, tiers: Tiers) -> "_Ways":
        """By the reduced costs of the first stage: above nought nobody goes, below it everybody does."""
        tree, place = hubs.problem.tree, np.arange(hubs.places)
        source, households = np.full(hubs.places, hubs.source), hubs.households_at(place)
        up, down = hubs.hub(UP, place), hubs.hub(DOWN, place)
        above = np.append(tree.parent[:-1], tree.root)
        goes_up = tiers.slack(up, hubs.hub(UP, above), 0) == 0
        return cls(
            hubs,
            goes_up,
            tiers.slack(hubs.hub(DOWN, above), down, 0) == 0,
            tiers.slack(up, down, tiers.prices[tree.level]) == 0,
            tiers.slack(source, households, tiers.price_missed) <= 0,
            (tiers.slack(source, up, 0) < 0) & ~goes_up,
        )

    def turns_of(self, home: int) -> list[int]:
        """The places above a home where somebody born there can turn in a best plan, itself included."""
        return [at for at in self._chain(home, self.up) if self.turn[at]]

    def turns_for(self, node: int) -> list[int]:
        """The places from which somebody can come to the households of a node in a best plan, itself included."""
        return [at for at in self._chain(node, self.down) if self.turn[at]]

    def _chain(self, at: int, on: BoolArray) -> list[int]:
        chain, tree = [at], self.hubs.problem.tree
        while at != tree.root and on[at]:
            at = int(tree.parent[at])
            chain.append(at)
        return chain


def _by_village(ways: _Ways, loads: Loads, officer: IntArray, settled: BoolArray) -> int:
    """The sum of what each village can't do better, with what is settled as it is."""
    problem = ways.hubs.problem
    officers, households = problem.officers, problem.households
    kept = np.flatnonzero(settled & (officer >= 0))
    held = np.bincount(officer[kept], minlength=len(officers))
    most = np.minimum(loads.most, officers.capacity) - held
    total = int(distances_m(households.place[kept], officers.place[officer[kept]]).sum())
    at_home = np.bincount(officers.home, weights=officers.capacity, minlength=ways.hubs.places).astype(np.int64)
    at_home -= np.bincount(
        households.node[kept[households.node[kept] == officers.home[officer[kept]]]], minlength=ways.hubs.places
    )
    open_rows = np.flatnonzero(~(settled & (officer >= 0)))
    outside = _Outside(ways, most)
    for node in np.unique(households.node[open_rows]).tolist():
        rows = open_rows[households.node[open_rows] == node]
        total += _of_place(ways, most, outside, node, rows, int(at_home[node]))
    return total


class _Outside:
    """How far it is at least to somebody who turns at a place."""

    def __init__(self, ways: _Ways, most: IntArray) -> None:
        officers = ways.hubs.problem.officers
        self._spots: dict[int, list[FloatArray]] = {}
        self._trees: dict[int, cKDTree] = {}
        able = np.flatnonzero(most > 0)
        for home in np.unique(officers.home[able]).tolist():
            spots = officers.place[able[officers.home[able] == home]]
            for at in ways.turns_of(home):
                self._spots.setdefault(at, []).append(spots)

    def metres(self, turns: list[int], places: FloatArray) -> IntArray:
        """Whole metres, rounded down, from places to the nearest who turns at one of some places; BAN for nobody."""
        least = np.full(len(places), BAN, np.int64)
        for at in turns:
            if at in self._spots:
                np.minimum(least, self._to(at, places), out=least)
        return least

    def _to(self, at: int, places: FloatArray) -> IntArray:
        if at not in self._trees:
            spots = np.concatenate(self._spots[at])
            self._trees[at] = cKDTree(spots[~np.isnan(spots).any(axis=1)])
        metres = np.full(len(places), UNKNOWN_M, np.int64)
        known = ~np.isnan(places).any(axis=1)
        if self._trees[at].n and known.any():
            far = np.floor(self._trees[at].query(places[known])[0])
            metres[known] = np.minimum(far, UNKNOWN_M).astype(np.int64)
        return metres


def _of_place(ways: _Ways, most: IntArray, outside: _Outside, node: int, rows: IntArray, at_home: int) -> int:
    """The least that the open households of a place can have in sum."""
    problem = ways.hubs.problem
    places = problem.households.place[rows]
    is_village = problem.tree.level[node] == VILLAGE
    turns = [at for at in ways.turns_for(node) if at != node or not is_village]
    comes = np.zeros(len(rows), np.int64) if ways.missed[node] else outside.metres(turns, places)
    who = np.flatnonzero((problem.officers.home == node) & (most > 0)) if is_village and ways.turn[node] else rows[:0]
    sources = Sources.of(who, most[who], problem.officers.place)
    cost = distances_m(places[:, None], problem.officers.place[sources.sample][None])
    # Whoever is born here is used here to the last: no more than the others need somebody from outside.
    left = len(rows) - at_home if is_village and ways.spent[node] else len(rows)
    found = transport(np.column_stack([cost, comes]), np.append(sources.units, left))
    if (found.chosen < 0).any() or not found.proven:
        return 0
    return int(np.column_stack([cost, comes])[np.arange(len(rows)), found.chosen].sum())
