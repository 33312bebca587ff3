"""Contact pairs: the staged solver beside a greedy rule and a flow on twenty candidates of each household.

The county and the prefecture are invented: as many villages, households and officers as Zhuoni and Gannan have, born
and posted as in the demo data. Each contestant runs in a process of its own, so that its memory can be told.
"""

import multiprocessing
import resource
import time
from collections.abc import Callable, Sequence

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from gridmap.bench.ground import Ground
from gridmap.bench.report import Cell, Table
from gridmap.contacts.solve.plan import solve
from gridmap.contacts.solve.problem import Households, Officers, Problem, distances_m, earth_centred, tree_of
from gridmap.geo.arrays import FloatArray, IntArray

SIZES = {"Zhuoni": (7, 15, 1, 27_000, 9_300), "Gannan": (7, 13, 8, 206_400, 56_000)}
"""Villages a township, townships a county, counties, households, officers."""
_COLUMNS = (
    "seconds", "CPU seconds", "peak GiB", "missed", "tier 1", "tier 2", "tier 3", "loads²", "km a household",
    "back-ups",
)  # fmt: skip
_CANDIDATES = 20
_SHARES = (12, 5, 3, 0)
"""Of the candidates so many of each tier; what a tier has not is taken from the next."""
_CHOSEN = (
    "The flow's candidates are chosen for each household by itself: of each tier some nearest to its door, as many by"
    " chance. It has tiers and distance in one cost and knows neither today's pairs nor even loads."
)
_TIER_COST, _MISSED_COST = 10_000_000, 1_000_000_000
_CAPACITY_SHARES = (0.03, 0.07, 0.12, 0.16, 0.20, 0.18, 0.13, 0.11)


def measure(ground: Ground) -> Sequence[Table]:
    """A table for each size, and the certificate of the larger."""
    tables = []
    for name, size in SIZES.items():
        rows: list[Sequence[Cell]] = []
        for contestant in CONTESTANTS:
            ground.say(f"contact pairs, {name}: {contestant}")
            rows.append([contestant, *_apart(contestant, size)])
        note = f"{size[4]:,} officers, {size[3]:,} households, invented; one run each, in turn. {_CHOSEN}"
        tables.append(Table(f"Contact pairs, {name}-sized", note, _COLUMNS, rows))
    ground.say("contact pairs: the certificate")
    tables.append(_certificate_table(*SIZES["Gannan"]))
    return tables


def make_problem(villages: int, townships: int, counties: int, households: int, officers: int) -> Problem:
    """An invented prefecture, the same at every call."""
    chance = np.random.default_rng(623000)
    codes = [
        f"99{county:04d}{township:03d}{village:03d}"
        for county in range(1, counties + 1)
        for township in range(100, 100 + townships)
        for village in range(200, 200 + villages)
    ]
    tree = tree_of(codes)
    node = np.array([tree.index[code] for code in codes])
    spot = _spots(tree.parent, tree.level, chance)
    weight = chance.lognormal(0, 0.6, len(codes))
    living = chance.choice(len(codes), households, p=weight / weight.sum())
    sends = weight * chance.lognormal(0, 0.5, len(codes))
    born = chance.choice(len(codes), officers, p=sends / sends.sum())
    home = node[born]
    for level, share in ((1, 0.11), (2, 0.05)):
        higher = chance.uniform(size=officers) < share
        home = np.where(higher, tree.at_level(node[born], level), home)
    post = chance.choice(3, officers, p=(0.30, 0.42, 0.28))
    inside = villages * townships
    work = node[(born // inside) * inside + chance.integers(0, inside, officers)]
    stands = np.where(post == 0, work, np.where(post == 1, tree.at_level(work, 1), tree.at_level(work, 2)))
    unit = stands * 14 + np.where(post == 2, np.arange(officers) % 14, 0)
    place = spot[node[living]] + chance.normal(0, 0.01, (households, 2))
    nobody, no = np.full(households, -1, np.int64), np.zeros(households, np.bool_)
    return Problem(
        tree,
        Officers(
            home, chance.choice(np.arange(1, 9), officers, p=_CAPACITY_SHARES), unit, earth_centred(*spot[stands].T)
        ),
        Households(
            node[living], earth_centred(*place.T), nobody, nobody, no, no, no, no, np.zeros(households, np.int64)
        ),
    )


def _spots(parent: IntArray, level: IntArray, chance: np.random.Generator) -> FloatArray:
    spot = np.tile([103.0, 34.5], (len(parent), 1))
    for place in range(len(parent) - 2, -1, -1):
        spot[place] = spot[parent[place]] + chance.normal(0, (0.08, 0.3, 1.0)[level[place]], 2)
    return spot


def staged(problem: Problem) -> tuple[IntArray, IntArray | None]:
    """gridmap: first contacts and back-ups."""
    solved = solve(problem)
    return solved.first, solved.second


def greedy(problem: Problem) -> tuple[IntArray, IntArray | None]:
    """One household after the other: the best tier with capacity left, and in it the nearest officer."""
    left = problem.officers.capacity.copy()
    first = np.full(len(problem.households), -1, np.int64)
    for row in range(len(first)):
        for columns in _around(problem, row):
            able = columns[left[columns] > 0]
            if len(able):
                metres = distances_m(problem.officers.place[able], problem.households.place[row][None])
                first[row] = able[np.argmin(metres)]
                left[first[row]] -= 1
                break
    return first, None


def dense(problem: Problem) -> tuple[IntArray, IntArray | None]:
    """A min-cost flow on twenty candidates of each household, tier before distance, in one cost.

    They are chosen for each household by itself: from each tier some that are nearest to its door and as many by
    chance, in proportion to what they can take. Only the nearest would be the same few for a whole village, whose
    capacity would end long before the households do.
    """
    chance = np.random.default_rng(20)
    order = np.argsort(problem.households.node, kind="stable")
    villages = np.split(order, np.flatnonzero(np.diff(problem.households.node[order])) + 1)
    arcs = [arc for rows in villages for arc in _arcs_of_village(problem, rows, chance)]
    head, tail, tier = (np.concatenate(part) for part in zip(*arcs, strict=True))
    # Who is near may have been drawn as well.
    _, once = np.unique(head * len(problem.officers) + tail, return_index=True)
    head, tail, tier = head[once], tail[once], tier[once]
    metres = distances_m(problem.officers.place[tail], problem.households.place[head])
    return _dense_flow(problem, tail, head, tier * _TIER_COST + metres), None


def _arcs_of_village(
    problem: Problem, rows: IntArray, chance: np.random.Generator
) -> list[tuple[IntArray, IntArray, IntArray]]:
    """The arcs of a village's households, tier by tier: household, officer, tier."""
    arcs, wanted = [], 0
    capacity, stands = problem.officers.capacity, problem.officers.place
    for tier, (columns, share) in enumerate(zip(_around(problem, int(rows[0])), _SHARES, strict=True)):
        wanted += share
        able = columns[capacity[columns] > 0]
        if len(able) == 0 or wanted == 0:
            continue
        near = min(len(able), wanted if len(able) <= wanted else (wanted + 1) // 2)
        homes = problem.households.place[rows]
        pool = able[np.argsort(distances_m(stands[able], homes[:1]), kind="stable")[:_NEAR]]
        metres = distances_m(stands[pool][None, :], homes[:, None])
        closest = pool[np.argsort(metres, axis=1, kind="stable")[:, :near]]
        room = np.cumsum(capacity[able])
        drawn = able[np.searchsorted(room, chance.integers(0, room[-1], (len(rows), wanted - near)), side="right")]
        tails = np.concatenate([closest, drawn] if len(able) > wanted else [closest], axis=1)
        arcs.append((np.repeat(rows, tails.shape[1]), tails.ravel(), np.full(tails.size, tier)))
        wanted -= tails.shape[1]
    return arcs


_NEAR = 200
"""The nearest to a door are looked for among so many that are nearest to one door of its village."""


def _dense_flow(problem: Problem, tail: IntArray, head: IntArray, cost: IntArray) -> IntArray:
    people, homes = len(problem.officers), len(problem.households)
    source, sink = people + homes, people + homes + 1
    solver = SimpleMinCostFlow()
    pairs = solver.add_arcs_with_capacity_and_unit_cost(tail, people + head, np.ones(len(tail), np.int64), cost)
    for start, end, most, price in (
        (np.full(people, source), np.arange(people), problem.officers.capacity, 0),
        (people + np.arange(homes), np.full(homes, sink), np.ones(homes, np.int64), 0),
        (np.full(homes, source), people + np.arange(homes), np.ones(homes, np.int64), _MISSED_COST),
    ):
        solver.add_arcs_with_capacity_and_unit_cost(start, end, most, np.full(len(start), price))
    solver.set_node_supply(source, homes)
    solver.set_node_supply(sink, -homes)
    if solver.solve() != solver.OPTIMAL:
        raise ArithmeticError("the dense flow was not solved")
    first = np.full(homes, -1, np.int64)
    used = solver.flows(pairs) > 0
    first[head[used]] = tail[used]
    return first


_LISTS: dict[int, list[IntArray]] = {}


def _around(problem: Problem, row: int) -> list[IntArray]:
    """The officers tier by tier, seen from a household; computed once for each village."""
    tree, node = problem.tree, int(problem.households.node[row])
    if node not in _LISTS:
        tier = tree.tiers(problem.officers.home, np.array([node]))
        _LISTS[node] = [np.flatnonzero(tier == level) for level in range(4)]
    return _LISTS[node]


CONTESTANTS: dict[str, Callable[[Problem], tuple[IntArray, IntArray | None]]] = {
    "greedy, best tier then nearest, first contacts only": greedy,
    f"OR-Tools on {_CANDIDATES} candidates a household, first contacts only": dense,
    "gridmap, in stages, with back-ups": staged,
}


def _apart(contestant: str, size: tuple[int, int, int, int, int]) -> list[Cell]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (contestant, size))


def _measured(contestant: str, size: tuple[int, int, int, int, int]) -> list[Cell]:
    problem = make_problem(*size)
    if contestant.startswith("gridmap"):
        # What is compiled once for all later runs is not what is measured.
        solve(make_problem(2, 2, 1, 60, 20))
    began, cpu = time.perf_counter(), time.process_time()
    first, second = CONTESTANTS[contestant](problem)
    took, worked = time.perf_counter() - began, time.process_time() - cpu
    placed = np.flatnonzero(first >= 0)
    tiers = problem.tree.tiers(problem.officers.home[first[placed]], problem.households.node[placed])
    counts = np.bincount(tiers, minlength=4).tolist()
    metres = distances_m(problem.households.place[placed], problem.officers.place[first[placed]])
    loads = int((np.bincount(first[placed], minlength=len(problem.officers)) ** 2).sum())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    backups = None if second is None else float((second >= 0).sum())
    return [took, worked, peak, float(len(first) - len(placed)), *map(float, counts[1:]), float(loads),
            float(metres.mean() / 1000), backups]  # fmt: skip


def _certificate_table(*size: int) -> Table:
    villages, townships, counties, households, officers = size
    certificate = solve(make_problem(villages, townships, counties, households, officers)).certificate
    rows: list[Sequence[Cell]] = [
        [stage["stage"], str(stage["value"]), str(stage["optimum"]), stage["status"]] for stage in certificate["stages"]
    ]
    note = (
        f"Register {certificate['register']:,} = paired {certificate['paired']:,} + missed {certificate['missed']:,}; "
        f"over capacity {certificate['over_capacity']}; back-ups {certificate['with_backup']:,}, of the same person "
        f"{certificate['backup_same_person']}, of the same unit {certificate['backup_same_unit']}. The bound of the "
        "distance takes each village as a transport of its own, with those whom any plan of these ranks can use; "
        "whoever comes from outside counts as standing where the nearest of them does."
    )
    return Table("The certificate of the Gannan-sized plan", note, ("value", "optimum or bound", "status"), rows)
