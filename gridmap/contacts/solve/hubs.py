"""The network of hubs: officers go up the tree from where they were born, turn at a node, and go down to households.

A pair's tier is the level of the node where it turns. Officers and households that stand in a forbidden pair are
*special*: they are single nodes, those officers have hubs of their own that lead to the other households only, and a
direct arc to each special household that is not forbidden to them. So no path leads through a forbidden pair.
"""

from dataclasses import dataclass

import numpy as np

from gridmap.contacts.solve.flow import Network
from gridmap.contacts.solve.problem import Problem
from gridmap.geo.arrays import BoolArray, IntArray

UP, DOWN, UP_SPECIAL, DOWN_SPECIAL = range(4)
KINDS = ((UP, DOWN), (UP, DOWN_SPECIAL), (UP_SPECIAL, DOWN))
"""Which hubs of officers lead to which hubs of households."""


@dataclass(frozen=True, slots=True)
class Hubs:
    """A problem's nodes: four hubs for every place, a class of households for every place, source and sink, specials.

    `special_officers`, `special_households` are numbers; `direct` are the pairs among them that may be.
    """

    problem: Problem
    special_officers: IntArray
    special_households: IntArray
    direct: IntArray

    @property
    def places(self) -> int:
        """How many nodes the tree has."""
        return len(self.problem.tree.parent)

    @property
    def source(self) -> int:
        """Where every flow starts."""
        return 5 * self.places

    @property
    def sink(self) -> int:
        """Where every flow ends."""
        return 5 * self.places + 1

    @property
    def first_single(self) -> int:
        """The number of the first node that is a single officer or household."""
        return 5 * self.places + 2

    def hub(self, kind: int, place: IntArray) -> IntArray:
        """The hubs of places."""
        return kind * self.places + place

    def households_at(self, place: IntArray) -> IntArray:
        """The classes of households of places."""
        return 4 * self.places + place

    def is_special_officer(self) -> BoolArray:
        """Officer by officer."""
        return _flags(len(self.problem.officers), self.special_officers)

    def is_special_household(self) -> BoolArray:
        """Household by household."""
        return _flags(len(self.problem.households), self.special_households)

    def add_hub_arcs(self, network: Network, prices: IntArray, limit: int) -> None:
        """The arcs between hubs; a turn at a level costs its price."""
        tree = self.problem.tree
        child = np.arange(self.places - 1)
        parent = tree.parent[child]
        everywhere = np.arange(self.places)
        for kind in (UP, UP_SPECIAL):
            network.add(f"up {kind}", self.hub(kind, child), self.hub(kind, parent), limit, 0)
        for kind in (DOWN, DOWN_SPECIAL):
            network.add(f"down {kind}", self.hub(kind, parent), self.hub(kind, child), limit, 0)
        for up, down in KINDS:
            turn = prices[tree.level]
            network.add(f"turn {up} {down}", self.hub(up, everywhere), self.hub(down, everywhere), limit, turn)


def hubs_of(problem: Problem) -> Hubs:
    """The hubs of a problem; who stands in a forbidden pair is special."""
    banned = problem.forbidden
    officers, households = np.unique(banned[:, 1]), np.unique(banned[:, 0])
    cross = np.stack(np.meshgrid(households, officers, indexing="ij"), axis=-1).reshape(-1, 2)
    keys = cross[:, 0] * (len(problem.officers) + 1) + cross[:, 1]
    allowed = ~np.isin(keys, banned[:, 0] * (len(problem.officers) + 1) + banned[:, 1])
    return Hubs(problem, officers, households, cross[allowed])


def _flags(count: int, chosen: IntArray) -> BoolArray:
    flags = np.zeros(count, np.bool_)
    flags[chosen] = True
    return flags
