"""A repair of an imported coverage, offered with all that it would do; it happens only when it is accepted."""

from dataclasses import dataclass, field

from gridmap.editing.problems import Problem
from gridmap.geo.noding import Refusal, RepairOptions


@dataclass(frozen=True, slots=True)
class Noding:
    """How neighbours are made to share identical vertices: how far anything may move, and whether that is accepted."""

    options: RepairOptions = field(default_factory=RepairOptions)
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class GridEffect:
    """What the repair does to one grid: its area, and the addresses and households that come or go with it."""

    code: str
    area_before_m2: float
    area_after_m2: float
    moved_max_m: float
    """The farthest that any place of its border is from the border before or after."""
    vertices_added: int
    addresses_in: int
    addresses_out: int
    households_in: int
    households_out: int


@dataclass(frozen=True, slots=True)
class Repair:
    """The proposal for some villages: what changes, what is refused, what is wrong before and would be after."""

    villages: tuple[str, ...]
    tolerance_m: float
    accepted: bool
    tiles: bool
    """Whether the grids are proven to tile their outlines afterwards."""
    effects: tuple[GridEffect, ...]
    refused: tuple[Refusal, ...]
    before: tuple[Problem, ...]
    left: tuple[Problem, ...]
    beyond: tuple[str, ...] = ()
    """Outlines and grids of other villages that get vertices too, their border bent by less than a lattice step."""

    @property
    def helps(self) -> bool:
        """Whether anything would be better than before."""
        return bool(self.effects) and len(self.left) < len(self.before)
