"""Min-cost flows that come with their proof: OR-Tools solves, potentials of our own show that nothing is cheaper."""

from dataclasses import dataclass, field

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from gridmap.geo.arrays import IntArray


class NoFlow(ArithmeticError):
    """The network can't carry what it has to, or the answer could not be proven: a mistake of ours, never of data."""


@dataclass
class Network:
    """Arcs in blocks, in the order in which they were added, and what each node gives or takes."""

    nodes: int
    blocks: list[IntArray] = field(default_factory=list)
    spans: dict[str, slice] = field(default_factory=dict)
    _arcs: int = 0

    def add(
        self, name: str, tail: IntArray | int, head: IntArray | int, capacity: IntArray | int, cost: IntArray | int
    ) -> None:
        """Arcs of a kind: from, to, how much they carry, and what a unit costs."""
        wide = np.broadcast_arrays(tail, head, capacity, cost)
        self.blocks.append(np.column_stack([np.asarray(part, np.int64).ravel() for part in wide]))
        self.spans[name] = slice(self._arcs, self._arcs + len(self.blocks[-1]))
        self._arcs += len(self.blocks[-1])

    @property
    def arcs(self) -> IntArray:
        """All arcs: tail, head, capacity, cost."""
        return np.concatenate(self.blocks)


@dataclass(frozen=True, slots=True)
class Flow:
    """An optimal flow, arc by arc."""

    network: Network
    arcs: IntArray
    amount: IntArray

    def of(self, name: str) -> IntArray:
        """The flow on the arcs of a kind, in their order."""
        return self.amount[self.network.spans[name]]

    @property
    def cost(self) -> int:
        """What the flow costs."""
        return int(self.amount @ self.arcs[:, 3])

    def potentials(self) -> IntArray:
        """Distances of the nodes in the residual network; that there are any proves the flow optimal.

        Raises NoFlow when a circuit of negative cost is left, which would make the flow cheaper (Bellman and Ford).
        """
        tail, head, capacity, cost = self.arcs.T
        more, less = self.amount < capacity, self.amount > 0
        start = np.concatenate([tail[more], head[less]])
        end = np.concatenate([head[more], tail[less]])
        length = np.concatenate([cost[more], -cost[less]])
        potential = np.zeros(self.network.nodes, np.int64)
        for _ in range(self.network.nodes + 1):
            before = potential.copy()
            np.minimum.at(potential, end, potential[start] + length)
            if (before == potential).all():
                return potential
        raise NoFlow("a circuit of negative cost is left")


def solve_flow(network: Network, supply: dict[int, int] | IntArray) -> Flow:
    """The cheapest flow that gives and takes what `supply` says at each node. Raises NoFlow when there is none."""
    arcs = network.arcs
    solver = SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(*(np.ascontiguousarray(arcs[:, part]) for part in range(4)))
    given = np.zeros(network.nodes, np.int64)
    if isinstance(supply, dict):
        given[list(supply)] = list(supply.values())
    else:
        given[: len(supply)] = supply
    solver.set_nodes_supplies(np.arange(network.nodes), given)
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise NoFlow(f"the solver says {status!r}")
    return Flow(network, arcs, np.asarray(solver.flows(np.arange(len(arcs))), np.int64))
