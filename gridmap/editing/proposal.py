"""What is proposed, and what it stands on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gridmap.geo.arrays import Polygonal
from gridmap.geo.lattice import snap_geometry
from gridmap.grids.service import GridRecord


@dataclass(frozen=True, slots=True)
class ProposedGrid:
    """One grid of a proposed state, as it was handed in. A new one has no code; `ref` names it till it has."""

    village_code: str
    code: str | None
    name: str
    geometry: Polygonal
    name_bo: str | None = None
    kind: str = "base"
    note: str | None = None
    ref: str = ""

    @property
    def label(self) -> str:
        """What the grid is called before it is published."""
        return self.code or self.ref

    @property
    def shape(self) -> Polygonal:
        """The geometry as it would be stored: on the lattice."""
        return snap_geometry(self.geometry).geometry


@dataclass(frozen=True, slots=True)
class Ground:
    """What a proposal stands on: the current grids of its villages, their outlines, and all codes ever used there.

    `retired` are the last shapes of codes that are no longer current, `neighbours` the current grids of other
    villages of the county around.
    """

    grids: Mapping[str, GridRecord]
    outlines: Mapping[str, Polygonal | None]
    used: Sequence[str]
    retired: Mapping[str, Polygonal]
    neighbours: Mapping[str, Polygonal]

    @property
    def shapes(self) -> dict[str, Polygonal]:
        """The current shapes by code."""
        return {code: grid.geometry for code, grid in self.grids.items()}


def valid_shapes(shapes: Mapping[str, Polygonal]) -> dict[str, Polygonal]:
    """Those that can be laid over one another."""
    return {code: shape for code, shape in shapes.items() if shape.is_valid and not shape.is_empty}
