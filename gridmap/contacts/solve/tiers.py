"""The first stage: how few households must be missed, and how few must go to each birthplace tier, worst first.

Solved exactly on hubs. Prices of one level outweigh all that a circuit can change on the levels below: a simple
circuit of the residual network visits a node once, so it turns at most at every hub of a level. That keeps prices small
(a few thousand for a prefecture) where one cost for the whole order would need more than 64 bits.
"""

from dataclasses import dataclass

import numpy as np

from gridmap.contacts.solve.flow import Network, solve_flow
from gridmap.contacts.solve.hubs import DOWN, DOWN_SPECIAL, KINDS, UP, UP_SPECIAL, Hubs
from gridmap.contacts.solve.problem import COUNTY, ELSEWHERE, TOWNSHIP, VILLAGE
from gridmap.geo.arrays import IntArray


@dataclass(frozen=True, slots=True)
class Tiers:
    """The optimum: how many are missed, how many first contacts are of each tier; and what the prices of it allow.

    `potential` are those of the hubs' network: a path belongs to some optimal plan when its reduced cost is nought.
    """

    missed: int
    counts: tuple[int, int, int, int]
    prices: IntArray
    price_missed: int
    potential: IntArray

    def slack(self, tail: IntArray, head: IntArray, cost: IntArray | int) -> IntArray:
        """The reduced cost of arcs: nought on the optimal face, above it never used, below it always full."""
        found: IntArray = cost + self.potential[tail] - self.potential[head]
        return found


def solve_tiers(hubs: Hubs) -> Tiers:
    """The fewest missed, then the fewest of tier 3, 2 and 1, in this order, with the potentials that prove it."""
    problem, places = hubs.problem, np.arange(hubs.places)
    officers, households = problem.officers, problem.households
    prices, price_missed = _prices(hubs)
    special_officer, special_household = hubs.is_special_officer(), hubs.is_special_household()
    supply = np.bincount(
        officers.home[~special_officer], weights=officers.capacity[~special_officer], minlength=hubs.places
    ).astype(np.int64)
    demand = np.bincount(households.node[~special_household], minlength=hubs.places).astype(np.int64)
    total = len(households)
    network = Network(hubs.first_single + len(hubs.special_officers) + len(hubs.special_households))
    hubs.add_hub_arcs(network, prices, total + 1)
    source, sink = hubs.source, hubs.sink
    network.add("officers", source, hubs.hub(UP, places), supply, 0)
    # Only what there is may limit: an arc that is never full has no reduced cost below nought.
    network.add("to class", hubs.hub(DOWN, places), hubs.households_at(places), demand + 1, 0)
    network.add("missed", source, hubs.households_at(places), demand + 1, price_missed)
    network.add("households", hubs.households_at(places), sink, demand, 0)
    _add_specials(hubs, network, prices, price_missed)
    flow = solve_flow(network, {hubs.source: total, hubs.sink: -total})
    missed = int(flow.of("missed").sum() + flow.of("special missed").sum())
    counts = np.zeros(4, np.int64)
    for up, down in KINDS:
        np.add.at(counts, problem.tree.level, flow.of(f"turn {up} {down}"))
    np.add.at(counts, _direct_tiers(hubs), flow.of("direct"))
    village, township, county, elsewhere = counts.tolist()
    return Tiers(missed, (village, township, county, elsewhere), prices, price_missed, flow.potentials())


def _prices(hubs: Hubs) -> tuple[IntArray, int]:
    at_level = np.bincount(hubs.problem.tree.level, minlength=4)
    prices = np.zeros(4, np.int64)
    outweighed = 0
    for level in (TOWNSHIP, COUNTY, ELSEWHERE):
        prices[level] = outweighed + 1
        outweighed += int(prices[level]) * (len(KINDS) * int(at_level[level]) + 2 * len(hubs.special_officers))
    return prices, outweighed + 1


def _direct_tiers(hubs: Hubs) -> IntArray:
    problem = hubs.problem
    return problem.tree.tiers(problem.officers.home[hubs.direct[:, 1]], problem.households.node[hubs.direct[:, 0]])


def _add_specials(hubs: Hubs, network: Network, prices: IntArray, price_missed: int) -> None:
    problem = hubs.problem
    officer = hubs.first_single + np.arange(len(hubs.special_officers))
    household = hubs.first_single + len(officer) + np.arange(len(hubs.special_households))
    home = problem.officers.home[hubs.special_officers]
    node = problem.households.node[hubs.special_households]
    source, sink = hubs.source, hubs.sink
    capacity = problem.officers.capacity[hubs.special_officers]
    network.add("special officers", source, officer, capacity, 0)
    network.add("special up", officer, hubs.hub(UP_SPECIAL, home), capacity + 1, 0)
    network.add("special down", hubs.hub(DOWN_SPECIAL, node), household, 2, 0)
    network.add("special missed", source, household, 2, price_missed)
    network.add("special households", household, sink, 1, 0)
    tail = officer[np.searchsorted(hubs.special_officers, hubs.direct[:, 1])]
    head = household[np.searchsorted(hubs.special_households, hubs.direct[:, 0])]
    network.add("direct", tail, head, 2, prices[_direct_tiers(hubs)])


def laminar_optimum(hubs: Hubs) -> tuple[int, tuple[int, int, int, int]]:
    """The same optimum in closed form, for problems without forbidden pairs: a second proof, independent of any solver.

    Inside a place no more pairs can be made than it has of the scarcer side. Pairing village by village, what is left
    township by township, and so on reaches that bound in every place at once, hence for every tier at once.
    """
    tree, officers, households = hubs.problem.tree, hubs.problem.officers, hubs.problem.households
    supply = np.bincount(officers.home, weights=officers.capacity, minlength=hubs.places).astype(np.int64)
    demand = np.bincount(households.node, minlength=hubs.places).astype(np.int64)
    for child in range(hubs.places - 1):
        supply[tree.parent[child]] += supply[child]
        demand[tree.parent[child]] += demand[child]
    inside = np.bincount(tree.level, weights=np.minimum(supply, demand), minlength=4).astype(np.int64)
    counts = np.diff(np.concatenate([[0], inside]))
    return len(households) - int(inside[ELSEWHERE]), (
        int(counts[VILLAGE]),
        int(counts[TOWNSHIP]),
        int(counts[COUNTY]),
        int(counts[ELSEWHERE]),
    )
