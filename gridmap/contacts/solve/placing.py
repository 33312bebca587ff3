"""The third stage: who of the officers takes which household, at the shortest distance, place by place.

Tiers, changes and loads are fixed. In a village whose officers and households have only each other, the choice is a
transport of its own, optimal in loads and distance together. Where officers go up or households are left over, who does
is chosen first, by distance to the middle of those who may take them; `bounds` says how far from the best the total
can be.
"""

from dataclasses import dataclass

import numpy as np

from gridmap.contacts.solve.hubs import DOWN, DOWN_SPECIAL, UP, UP_SPECIAL, Hubs
from gridmap.contacts.solve.loads import Loads
from gridmap.contacts.solve.problem import UNKNOWN_M, distances_m
from gridmap.contacts.solve.transport import Sources, transport
from gridmap.geo.arrays import BoolArray, FloatArray, IntArray


@dataclass
class Placement:
    """The officer of each household, -1 for the missed, and how good the distances are.

    `proven` tells whether each transport proved to be optimal; `exact` the households whose distance is the best.
    """

    officer: IntArray
    proven: bool
    exact: BoolArray


@dataclass
class _Work:
    hubs: Hubs
    loads: Loads
    base: IntArray
    middle: FloatArray
    units: IntArray
    result: Placement
    staying: dict[tuple[int, int], tuple[IntArray, IntArray]]
    settled: IntArray


def place(hubs: Hubs, loads: Loads, base: IntArray) -> Placement:
    """Gives every household that is neither settled nor missed an officer."""
    officer = loads.officer.copy()
    result = Placement(officer, proven=True, exact=officer >= 0)
    settled = np.bincount(officer[officer >= 0], minlength=len(base)).astype(np.int64)
    work = _Work(hubs, loads, base, middles(hubs), loads.units, result, {}, settled)
    for kind in (UP, UP_SPECIAL):
        _choose_staying(work, kind)
    for kind in (DOWN_SPECIAL, DOWN):
        _serve(work, kind)
    return result


def middles(hubs: Hubs) -> FloatArray:
    """The middle of the households below each place; of its officers' places where there are none."""
    tree, problem = hubs.problem.tree, hubs.problem
    total = np.zeros((hubs.places, 4))
    for nodes, places, weight in (
        (problem.households.node, problem.households.place, 1.0),
        (problem.officers.home, problem.officers.place, 1e-6),
    ):
        known = ~np.isnan(places).any(axis=1)
        rows = np.column_stack([places[known], np.ones(known.sum())]) * weight
        np.add.at(total, nodes[known], rows)
    for child in range(hubs.places - 1):
        total[tree.parent[child]] += total[child]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total[:, :3] / total[:, 3:], np.float64)


def apart_from_home(hubs: Hubs) -> FloatArray:
    """How far each officer stands from the households of where he was born."""
    officers = hubs.problem.officers
    return distances_m(officers.place, middles(hubs)[officers.home]).astype(np.float64)


def _choose_staying(work: _Work, kind: int) -> None:
    """At each place, from the villages up: whose units turn there; the others go up."""
    hubs, tree = work.hubs, work.hubs.problem.tree
    officers = hubs.problem.officers
    special = hubs.is_special_officer()
    mine = np.flatnonzero((work.units > 0) & (special == (kind == UP_SPECIAL)))
    waiting: dict[int, list[tuple[IntArray, IntArray]]] = {}
    for home, group in _by_node(officers.home[mine], mine):
        waiting.setdefault(home, []).append((group, work.units[group]))
    for at in range(hubs.places):
        if at not in waiting:
            continue
        who = np.concatenate([who for who, _ in waiting[at]])
        count = np.concatenate([count for _, count in waiting[at]])
        stays = sum(int(turned[at]) for (up, _), turned in work.loads.turns.items() if up == kind)
        leaving = int(count.sum()) - stays
        if leaving == 0:
            work.staying[kind, at] = (who, count)
            continue
        above = work.middle[tree.parent[at]]
        preference = distances_m(officers.place[who], work.middle[at]) - distances_m(officers.place[who], above)
        order = np.lexsort((who, preference))
        here = np.zeros(len(who), np.int64)
        here[order] = np.clip(stays - (np.cumsum(count[order]) - count[order]), 0, count[order])
        work.staying[kind, at] = (who[here > 0], here[here > 0])
        goes = count - here
        waiting.setdefault(int(tree.parent[at]), []).append((who[goes > 0], goes[goes > 0]))


def _serve(work: _Work, down: int) -> None:
    """At each place, from the villages up: which waiting households are served there; the others wait above."""
    hubs, tree = work.hubs, work.hubs.problem.tree
    special = hubs.is_special_household()
    mine = np.flatnonzero((work.result.officer < 0) & (special == (down == DOWN_SPECIAL)))
    waiting: dict[int, list[IntArray]] = {}
    for node, group in _by_node(hubs.problem.households.node[mine], mine):
        waiting.setdefault(node, []).append(group)
    for at in range(hubs.places):
        if at not in waiting:
            continue
        who = np.sort(np.concatenate(waiting[at]))
        served = sum(int(turned[at]) for (_, to), turned in work.loads.turns.items() if to == down)
        if served:
            _assign(work, at, down, who, served)
        left = who[work.result.officer[who] < 0]
        if len(left) and at < hubs.places - 1:
            waiting.setdefault(int(tree.parent[at]), []).append(left)


def _assign(work: _Work, at: int, down: int, who: IntArray, served: int) -> None:
    """Serves so many of the waiting households of a place, with the officers who turn there."""
    problem = work.hubs.problem
    kinds = (UP,) if down == DOWN_SPECIAL else (UP, UP_SPECIAL)
    staying = [work.staying[kind, at] for kind in kinds if (kind, at) in work.staying]
    columns = np.concatenate([officers for officers, _ in staying])
    units = np.concatenate([units for _, units in staying])
    place = problem.officers.place
    alone = served == len(who) and _is_closed(work, at)
    if alone:
        # Nobody comes or goes: the loads may be exchanged among officers who are alike.
        columns = np.flatnonzero(problem.officers.home == at)
        units = (problem.officers.capacity - work.settled)[columns]
        columns, units = columns[units > 0], units[units > 0]
        carried = work.base + work.settled
        sources = Sources.of(columns, units, place, carried[columns], units)
        even, weight = carried[sources.sample], 2 * UNKNOWN_M * (len(columns) + 1)
    else:
        sources = Sources.of(columns, units, place)
        even, weight = np.zeros(len(sources.sample), np.int64), 0
    cost = distances_m(problem.households.place[who][:, None], place[sources.sample][None])
    most, size = sources.units, sources.size
    if served < len(who):
        outside = distances_m(problem.households.place[who], work.middle[work.hubs.problem.tree.parent[at]])
        cost = np.column_stack([cost, outside])
        most, size, even = np.append(most, len(who) - served), np.append(size, 1), np.append(even, 0)
    found = transport(cost, most, even, weight, size)
    inside = (found.chosen >= 0) & (found.chosen < len(sources.sample))
    work.result.officer[who[inside]] = sources.spread(found.chosen[inside])
    work.result.proven &= found.proven and int(inside.sum()) == served
    work.result.exact[who[inside]] = alone
    if down == DOWN_SPECIAL:
        taken = np.bincount(work.result.officer[who[inside]], minlength=len(problem.officers))[columns]
        work.staying[UP, at] = (columns[units > taken], (units - taken)[units > taken])


def _is_closed(work: _Work, at: int) -> bool:
    """Whether a village's officers all stay, and no special household or officer takes part."""
    hubs = work.hubs
    officers = hubs.problem.officers
    if hubs.problem.tree.level[at] or len(hubs.special_officers) or len(hubs.special_households):
        return False
    staying = work.staying.get((UP, at))
    return staying is not None and int(work.units[officers.home == at].sum()) == int(staying[1].sum())


def _by_node(nodes: IntArray, rows: IntArray) -> list[tuple[int, IntArray]]:
    order = np.argsort(nodes, kind="stable")
    keys, starts = np.unique(nodes[order], return_index=True)
    return list(zip(keys.tolist(), np.split(rows[order], starts[1:]), strict=True)) if len(rows) else []
