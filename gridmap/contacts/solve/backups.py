"""Back-ups, given the first contacts: another person for every household, not of the same unit where avoidable.

Back-ups count against no capacity, so that each household gets the best tier there is for it; changes, loads and
distance are then one transport a place, with the households that have a back-up in the village served first.
"""

from dataclasses import dataclass

import numpy as np

from gridmap.contacts.solve.problem import ELSEWHERE, UNKNOWN_M, Problem, distances_m
from gridmap.contacts.solve.transport import BAN, Sources, transport
from gridmap.geo.arrays import BoolArray, IntArray

_ROWS, _COLUMNS = 400, 400


@dataclass
class Backups:
    """The back-up of each household, -1 where there is none; whether each transport proved to be optimal."""

    officer: IntArray
    proven: bool


def solve_backups(problem: Problem, first: IntArray, free: BoolArray, fixed: IntArray) -> Backups:
    """A back-up for every household with a first contact that is `free`; the others keep `fixed`."""
    officer = np.where(free, -1, fixed)
    load = np.bincount(officer[officer >= 0], minlength=len(problem.officers)).astype(np.int64)
    result = Backups(officer, proven=True)
    waiting = free & (first >= 0)
    for other_unit in (True, False):
        for level in range(ELSEWHERE + 1):
            _serve_level(problem, first, waiting, result, load, level, other_unit=other_unit)
    return result


def _serve_level(
    problem: Problem, first: IntArray, waiting: BoolArray, result: Backups, load: IntArray, level: int, *,
    other_unit: bool,
) -> None:  # fmt: skip
    tree = problem.tree
    rows = np.flatnonzero(waiting)
    place = tree.at_level(problem.households.node[rows], level)
    homes = tree.at_level(problem.officers.home, level)
    order = np.argsort(homes, kind="stable")
    for at in np.unique(place[place >= 0]).tolist():
        low, high = np.searchsorted(homes[order], [at, at + 1])
        columns = order[low:high]
        mine = rows[place == at]
        if len(columns):
            _serve(problem, first, waiting, result, load, mine, columns, other_unit=other_unit)


def _serve(
    problem: Problem, first: IntArray, waiting: BoolArray, result: Backups, load: IntArray, rows: IntArray,
    columns: IntArray, *, other_unit: bool,
) -> None:  # fmt: skip
    households, officers = problem.households, problem.officers
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        able = _able(problem, first, some, columns, other_unit=other_unit)
        some, able = some[able.any(axis=1)], able[able.any(axis=1)]
        if not len(some):
            continue
        near, able = _fewer(problem, some, columns, able, load)
        # Who may be excluded by name, as a first contact or a back-up of today, stands alone.
        named = np.isin(near, np.concatenate([first[some], households.second[some], problem.forbidden[:, 1]]))
        alone = np.where(named, near + 1, 0)
        most = np.full(len(near), len(some))
        sources = Sources.of(near, most, officers.place, load[near], officers.unit[near], alone)
        able = able[:, np.searchsorted(near, sources.sample)]
        metres = distances_m(households.place[some][:, None], officers.place[sources.sample][None])
        weight = 2 * UNKNOWN_M * (len(near) + 1)
        change = 4 * weight * (int(load[near].max(initial=0)) + len(some) + 2)
        cost = metres + change * (households.second[some][:, None] != sources.sample[None])
        found = transport(np.where(able, cost, BAN), sources.units, load[sources.sample], weight, sources.size)
        result.officer[some] = sources.spread(found.chosen)
        result.proven &= found.proven
        np.add.at(load, result.officer[some], 1)
        waiting[some] = False


def _able(problem: Problem, first: IntArray, rows: IntArray, columns: IntArray, *, other_unit: bool) -> BoolArray:
    able: BoolArray = first[rows][:, None] != columns[None]
    if other_unit:
        able &= problem.officers.unit[first[rows]][:, None] != problem.officers.unit[columns][None]
    if len(problem.forbidden):
        banned = problem.forbidden[:, 0] * len(problem.officers) + problem.forbidden[:, 1]
        able &= ~np.isin(rows[:, None] * len(problem.officers) + columns[None], banned)
    return able


def _fewer(
    problem: Problem, rows: IntArray, columns: IntArray, able: BoolArray, load: IntArray
) -> tuple[IntArray, BoolArray]:
    """Of very many officers those with the least to do and the nearest, and everybody's back-up of today."""
    if len(columns) <= _COLUMNS:
        return columns, able
    standing = problem.households.place[rows]
    standing = standing[~np.isnan(standing).any(axis=1)]
    middle = standing.mean(axis=0) if len(standing) else np.zeros(3)
    far = distances_m(problem.officers.place[columns], middle[None])
    wanted = np.isin(columns, problem.households.second[rows])
    order = np.lexsort((columns, far, load[columns]))
    keep = np.zeros(len(columns), np.bool_)
    keep[order[:_COLUMNS]] = True
    # Nobody may be left without anybody: for each row its first able officer stays.
    keep[order[np.argmax(able[:, order], axis=1)]] = True
    keep |= wanted
    return columns[keep], able[:, keep]


def further(problem: Problem, first: IntArray, second: IntArray) -> IntArray:
    """Officers beyond two for the households that want them, from the capacity left over: rows household, officer.

    Those of today that may stay; then the nearest birthplace tier, then who has the least to do, then the shortest way.
    What families need is taken already, so nobody's tier gets worse.
    """
    officers, households = problem.officers, problem.households
    left = officers.capacity - np.bincount(first[first >= 0], minlength=len(officers))
    pairs: list[tuple[int, int]] = []
    wanting = households.extra * (first >= 0)
    for row, officer in problem.beyond.tolist():
        if wanting[row] > 0 and left[officer] > 0 and officer not in (first[row], second[row]):
            left[officer] -= 1
            wanting[row] -= 1
            pairs.append((row, officer))
    stays = set(pairs)
    for row in np.flatnonzero(wanting > 0).tolist():
        able = left > 0
        able[[at for at in (first[row], second[row]) if at >= 0]] = False
        able[problem.forbidden[problem.forbidden[:, 0] == row, 1]] = False
        able[[officer for kept, officer in stays if kept == row]] = False
        columns = np.flatnonzero(able)
        tier = problem.tree.tiers(officers.home[columns], np.full(len(columns), households.node[row]))
        metres = distances_m(officers.place[columns], households.place[row][None])
        chosen = columns[np.lexsort((columns, metres, -left[columns], tier))][: wanting[row]]
        left[chosen] -= 1
        pairs += [(row, int(officer)) for officer in chosen]
    return np.array(sorted(pairs, key=lambda pair: pair[0]), np.int64).reshape(-1, 2)
