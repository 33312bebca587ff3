"""The second stage: of all plans with the best tiers, those with the fewest changes, and of these the evenest loads.

One flow on the optimal face of the first stage. An officer's n-th first contact costs ``2n - 1``, so that the costs of
his load are its square; a pair of today that stays is an arc of its own past the hubs. All arcs of loads start at the
source, of which a circuit takes two at most: a kept pair that outweighs two of them outweighs every gain in evenness.
"""

from dataclasses import dataclass

import numpy as np

from gridmap.contacts.solve.flow import Flow, Network, solve_flow
from gridmap.contacts.solve.hubs import DOWN, DOWN_SPECIAL, KINDS, UP, UP_SPECIAL, Hubs
from gridmap.contacts.solve.problem import Problem
from gridmap.contacts.solve.tiers import Tiers
from gridmap.geo.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Loads:
    """What the second stage fixes.

    `officer` is the officer of each household whose pair is settled: kept, or between two specials; else -1. `units`
    are the first contacts that each officer takes through the hubs, `turns` how many turn at each place by kind. `most`
    is what an officer has in all in any plan of the same ranks: no more than that.
    """

    officer: IntArray
    units: IntArray
    turns: dict[tuple[int, int], IntArray]
    most: IntArray


@dataclass(frozen=True, slots=True)
class _Groups:
    """Officers who are alike: a group's members differ in nothing that this stage sees."""

    of: IntArray
    sample: IntArray
    size: IntArray


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Pairs of today that can stay: household and officer."""

    household: IntArray
    officer: IntArray


def solve_loads(hubs: Hubs, tiers: Tiers, base: IntArray, apart: FloatArray) -> Loads:
    """The fewest changes, then the evenest loads. `base` is what each carries already, counted into his load.

    Of officers who are alike, those with the smaller `apart` take more.
    """
    candidates = _candidates(hubs, tiers)
    groups = _groups(hubs, base, candidates)
    network, supply, layout = _network(hubs, tiers, base, groups, candidates)
    flow = solve_flow(network, supply)
    officer = np.full(len(hubs.problem.households), -1, np.int64)
    kept = flow.of("kept") > 0
    officer[candidates.household[kept]] = candidates.officer[kept]
    direct = hubs.direct[layout.direct_allowed][flow.of("direct") > 0]
    officer[direct[:, 0]] = direct[:, 1]
    units = _spread(groups, _group_units(flow, layout), apart)
    settled = officer >= 0
    units -= np.bincount(officer[settled], minlength=len(units))
    turns = {(up, down): _turns(hubs, flow, layout, up, down) for up, down in KINDS}
    return Loads(officer, units, turns, _most(hubs, flow, layout, groups, candidates))


@dataclass(frozen=True, slots=True)
class _Layout:
    """What of the hubs' network is on the face, and which group each arc of a load belongs to."""

    turn_allowed: dict[tuple[int, int], BoolArray]
    direct_allowed: BoolArray
    load_group: IntArray
    full: IntArray


def _candidates(hubs: Hubs, tiers: Tiers) -> _Candidates:
    problem = hubs.problem
    household = np.flatnonzero(problem.households.first >= 0)
    officer = problem.households.first[household]
    special_officer, special_household = hubs.is_special_officer()[officer], hubs.is_special_household()[household]
    home, node = problem.officers.home[officer], problem.households.node[household]
    tail = np.where(special_officer, _single_officer(hubs, officer), hubs.hub(UP, home))
    head = np.where(special_household, _single_household(hubs, household), hubs.households_at(node))
    price = tiers.prices[problem.tree.tiers(home, node)]
    on_face = tiers.slack(tail, head, price) == 0
    usable = _supply_slack(hubs, tiers, officer) <= 0
    return _Candidates(household[on_face & usable], officer[on_face & usable])


def _single_officer(hubs: Hubs, officer: IntArray) -> IntArray:
    return hubs.first_single + np.searchsorted(hubs.special_officers, officer)


def _single_household(hubs: Hubs, household: IntArray) -> IntArray:
    found = np.searchsorted(hubs.special_households, household)
    return hubs.first_single + len(hubs.special_officers) + np.minimum(found, max(len(hubs.special_households) - 1, 0))


def _supply_slack(hubs: Hubs, tiers: Tiers, officer: IntArray) -> IntArray:
    """Below nought: he is full in every optimal plan. Above: nobody needs him in any."""
    special = hubs.is_special_officer()[officer]
    capped = np.minimum(_single_officer(hubs, officer), hubs.first_single + max(len(hubs.special_officers) - 1, 0))
    head = np.where(special, capped, hubs.hub(UP, hubs.problem.officers.home[officer]))
    return tiers.slack(np.full(len(officer), hubs.source), np.minimum(head, len(tiers.potential) - 1), 0)


def _groups(hubs: Hubs, base: IntArray, candidates: _Candidates) -> _Groups:
    officers = hubs.problem.officers
    alone = np.zeros(len(officers), np.int64)
    for known in (candidates.officer, hubs.special_officers):
        alone[known] = known + 1
    keys = np.column_stack([officers.home, officers.capacity, base, alone])
    _, sample, of, size = np.unique(keys, axis=0, return_index=True, return_inverse=True, return_counts=True)
    return _Groups(of.ravel(), sample, size)


def _network(
    hubs: Hubs, tiers: Tiers, base: IntArray, groups: _Groups, candidates: _Candidates
) -> tuple[Network, IntArray, _Layout]:
    problem, places = hubs.problem, np.arange(hubs.places)
    households, total = problem.households, len(problem.households)
    first_group = hubs.first_single
    # A household is a node of its own when it has a pair that may stay, or is special.
    single = np.union1d(candidates.household, hubs.special_households)
    first_household = first_group + len(groups.size)
    network = Network(first_household + len(single))
    turn_allowed = _add_face(hubs, tiers, network, total)
    supply = np.zeros(network.nodes, np.int64)
    supply[hubs.source], supply[hubs.sink] = total, -total
    load_group, full = _add_officers(hubs, tiers, base, groups, network, supply)
    group_node = first_group + groups.of
    _add_households(hubs, tiers, network, single, first_household)
    of_single = np.searchsorted(single, candidates.household)
    network.add(
        "kept", group_node[candidates.officer], first_household + of_single, 1, _worth(problem, base, candidates)
    )
    direct = hubs.direct
    price = tiers.prices[problem.tree.tiers(problem.officers.home[direct[:, 1]], households.node[direct[:, 0]])]
    direct_allowed: BoolArray = (
        tiers.slack(_single_officer(hubs, direct[:, 1]), _single_household(hubs, direct[:, 0]), price) == 0
    )
    allowed = direct[direct_allowed]
    network.add("direct", group_node[allowed[:, 1]], first_household + np.searchsorted(single, allowed[:, 0]), 1, 0)
    classes = np.bincount(np.delete(households.node, single), minlength=hubs.places)
    network.add("classes", hubs.households_at(places), hubs.sink, classes, 0)
    return network, supply, _Layout(turn_allowed, direct_allowed, load_group, full)


def _add_face(hubs: Hubs, tiers: Tiers, network: Network, total: int) -> dict[tuple[int, int], BoolArray]:
    """The arcs between hubs that some optimal plan uses; free of cost, since all that use them are optimal."""
    tree, everywhere = hubs.problem.tree, np.arange(hubs.places)
    child = everywhere[:-1]
    parent = tree.parent[child]
    steps = [(hubs.hub(kind, child), hubs.hub(kind, parent)) for kind in (UP, UP_SPECIAL)]
    steps += [(hubs.hub(kind, parent), hubs.hub(kind, child)) for kind in (DOWN, DOWN_SPECIAL)]
    steps += [(hubs.hub(DOWN, everywhere), hubs.households_at(everywhere))]
    for at, (tail, head) in enumerate(steps):
        free = tiers.slack(tail, head, 0) == 0
        network.add(f"step {at}", tail[free], head[free], total, 0)
    turns = {}
    for up, down in KINDS:
        tail, head = hubs.hub(up, everywhere), hubs.hub(down, everywhere)
        free = tiers.slack(tail, head, tiers.prices[tree.level]) == 0
        network.add(f"turn {up} {down}", tail[free], head[free], total, 0)
        turns[up, down] = free
    source = hubs.source
    missed = tiers.slack(np.full(hubs.places, source), hubs.households_at(everywhere), tiers.price_missed) == 0
    network.add("missed", source, hubs.households_at(everywhere)[missed], total, 0)
    return turns


def _add_officers(
    hubs: Hubs, tiers: Tiers, base: IntArray, groups: _Groups, network: Network, supply: IntArray
) -> tuple[IntArray, IntArray]:
    officers, node = hubs.problem.officers, hubs.first_single + np.arange(len(groups.size))
    sample = groups.sample
    slack = _supply_slack(hubs, tiers, sample)
    capacity = officers.capacity[sample]
    full = np.where(slack < 0, groups.size * capacity, 0)
    supply[node] += full
    supply[hubs.source] -= full.sum()
    free = np.flatnonzero(slack == 0)
    group = np.repeat(free, capacity[free])
    before = np.repeat(np.cumsum(capacity[free]) - capacity[free], capacity[free])
    nth = np.arange(len(group)) - before
    network.add("loads", hubs.source, node[group], groups.size[group], 2 * (base[sample[group]] + nth) + 1)
    special = hubs.is_special_officer()[sample]
    hub = np.where(special, hubs.hub(UP_SPECIAL, officers.home[sample]), hubs.hub(UP, officers.home[sample]))
    from_single = np.minimum(_single_officer(hubs, sample), len(tiers.potential) - 1)
    on_face = ~special | (tiers.slack(from_single, hub, 0) == 0)
    network.add("to hub", node[on_face], hub[on_face], (groups.size * capacity)[on_face], 0)
    return group, full


def _add_households(hubs: Hubs, tiers: Tiers, network: Network, single: IntArray, first: int) -> None:
    node = hubs.problem.households.node[single]
    own = first + np.arange(len(single))
    special = hubs.is_special_household()[single]
    special_node = np.minimum(_single_household(hubs, single), len(tiers.potential) - 1)
    by_hub = ~special | (tiers.slack(hubs.hub(DOWN_SPECIAL, node), special_node, 0) == 0)
    door = np.where(special, hubs.hub(DOWN_SPECIAL, node), hubs.households_at(node))
    network.add("singles", door[by_hub], own[by_hub], 1, 0)
    source = np.full(len(single), hubs.source)
    # Households that are not special are missed through the class they come from.
    missed = special & (tiers.slack(source, special_node, tiers.price_missed) == 0)
    network.add("single missed", source[missed], own[missed], 1, 0)
    network.add("single households", own, hubs.sink, 1, 0)


def _worth(problem: Problem, base: IntArray, candidates: _Candidates) -> IntArray:
    """What a kept pair is worth: more than any evenness, and one of an untouched household a little more."""

    most = int((base + problem.officers.capacity).max(initial=0))
    little = 2 * most + 2
    pairs = min(len(candidates.household), 2 * len(problem.officers)) + 1
    worth = little * (pairs + 1) + np.where(problem.households.touched[candidates.household], 0, little)
    return np.asarray(-worth, np.int64)


def _group_units(flow: Flow, layout: _Layout) -> IntArray:
    units = layout.full.copy()
    np.add.at(units, layout.load_group, flow.of("loads"))
    return units


def _most(hubs: Hubs, flow: Flow, layout: _Layout, groups: _Groups, candidates: _Candidates) -> IntArray:
    """What each officer has at most in any plan of the same ranks, by the prices that prove the loads."""
    problem = hubs.problem
    touched = problem.households.touched[candidates.household]
    if touched.any() and not touched.all():
        # Other pairs may be kept than those preferred here, and the loads be others then.
        return problem.officers.capacity
    price = flow.potentials()
    tail, head, _, cost = flow.arcs[flow.network.spans["loads"]].T
    wanted = cost + price[tail] - price[head] <= 0
    most = np.bincount(layout.load_group[wanted], minlength=len(groups.size)) + layout.full // groups.size
    return np.asarray(most[groups.of], np.int64)


def _spread(groups: _Groups, units: IntArray, apart: FloatArray) -> IntArray:
    """Each member's share of what his group takes; where it does not divide, those with the smaller `apart` get one."""
    order = np.lexsort((np.arange(len(apart)), apart, groups.of))
    starts = np.cumsum(groups.size) - groups.size
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - np.repeat(starts, groups.size)
    share = units // groups.size
    more = units % groups.size
    return np.asarray(share[groups.of] + (place < more[groups.of]), np.int64)


def _turns(hubs: Hubs, flow: Flow, layout: _Layout, up: int, down: int) -> IntArray:
    turns = np.zeros(hubs.places, np.int64)
    turns[layout.turn_allowed[up, down]] = flow.of(f"turn {up} {down}")
    return turns
