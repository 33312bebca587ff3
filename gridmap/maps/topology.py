"""Areas as arcs that neighbours share, in the TopoJSON form: half the size of polygons, and no gap when simplified."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

LATTICE = 1e-7
"""Degrees; coordinates are written as whole numbers of it, so that nothing is lost."""

Position = tuple[int, int]
Ring = list[Position]
Arc = tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """Arcs on the lattice, and each area as the parts, rings and arc numbers of TopoJSON (~n: arc n backwards)."""

    arcs: tuple[Arc, ...]
    areas: tuple[list[list[list[int]]], ...]

    def neighbours(self, of: Sequence[int]) -> dict[int, list[int]]:
        """Which of some areas (by their number) share an arc; a shared point alone is not enough."""
        owners: dict[int, list[int]] = {}
        for area in of:
            for arc in self.arcs_of(area):
                owners.setdefault(arc, []).append(area)
        near: dict[int, dict[int, None]] = {area: {} for area in of}
        for sharing in owners.values():
            for area in sharing:
                near[area].update(dict.fromkeys(other for other in sharing if other != area))
        return {area: list(others) for area, others in near.items()}

    def arcs_of(self, area: int) -> set[int]:
        """The numbers of the arcs around an area."""
        return {arc if arc >= 0 else ~arc for part in self.areas[area] for ring in part for arc in ring}


def build(shapes: Sequence[BaseGeometry]) -> Topology:
    """The shared arcs of polygons (degrees). Rings that follow the same vertices share arcs, whoever owns them."""
    parts = [[_rings(polygon) for polygon in _polygons(shape)] for shape in shapes]
    junctions = _junctions(ring for area in parts for part in area for ring in part)
    numbers: dict[Arc, int] = {}
    arcs: list[Arc] = []

    def number(arc: Arc) -> int:
        if arc in numbers:
            return numbers[arc]
        if arc[::-1] in numbers:
            return ~numbers[arc[::-1]]
        numbers[arc] = len(arcs)
        arcs.append(arc)
        return numbers[arc]

    areas = [[[[number(arc) for arc in _cut(ring, junctions)] for ring in part] for part in area] for area in parts]
    return Topology(tuple(arcs), tuple(areas))


def simplified(arcs: Sequence[Arc], tolerance: float) -> tuple[Arc, ...]:
    """The arcs with fewer vertices, off by at most `tolerance` degrees; their ends stay, so neighbours still meet.

    An arc that closes on itself keeps at least four positions.
    """
    lines: npt.NDArray[np.object_] = shapely.linestrings(  # type: ignore[assignment]  # an array, since indices are given
        np.concatenate([np.asarray(arc, dtype=float) for arc in arcs]),
        indices=np.repeat(np.arange(len(arcs)), [len(arc) for arc in arcs]),
    )
    thin = shapely.simplify(lines, tolerance / LATTICE, preserve_topology=True)
    kept = [tuple(map(tuple, shapely.get_coordinates(line).astype(np.int64).tolist())) for line in thin]
    return tuple(new if new[0] != new[-1] or len(new) >= 4 else old for new, old in zip(kept, arcs, strict=True))


def written(arcs: Iterable[Arc]) -> list[list[list[int]]]:
    """Arcs as TopoJSON writes them: a first position, then steps."""
    result = []
    for arc in arcs:
        positions: npt.NDArray[np.int64] = np.asarray(arc, dtype=np.int64)
        result.append(np.concatenate([positions[:1], np.diff(positions, axis=0)]).tolist())
    return result


def transform() -> Mapping[str, Any]:
    """TopoJSON's rule from whole numbers to degrees."""
    return {"scale": [LATTICE, LATTICE], "translate": [0, 0]}


def _polygons(shape: BaseGeometry) -> list[shapely.Polygon]:
    return [part for part in shapely.get_parts(shapely.orient_polygons(shape)) if isinstance(part, shapely.Polygon)]


def _rings(polygon: shapely.Polygon) -> list[Ring]:
    return [_on_lattice(ring) for ring in (polygon.exterior, *polygon.interiors)]


def _on_lattice(ring: shapely.LinearRing) -> Ring:
    """The open ring (first position not repeated) as whole numbers, started at its smallest position.

    An island's ring is one closed arc: with the same start whoever draws it, it is shared like any other.
    """
    xy = np.rint(shapely.get_coordinates(ring)[:-1] / LATTICE).astype(np.int64)
    first = int(np.lexsort((xy[:, 1], xy[:, 0]))[0])
    return [(x, y) for x, y in np.roll(xy, -first, axis=0).tolist()]


def _junctions(rings: Iterable[Ring]) -> set[Position]:
    """Positions where rings part: not all that pass there come from and go to the same two."""
    passing: dict[Position, tuple[Position, Position]] = {}
    junctions: set[Position] = set()
    for ring in rings:
        for index, here in enumerate(ring):
            before, after = ring[index - 1], ring[(index + 1) % len(ring)]
            pair = (before, after) if before <= after else (after, before)
            if passing.setdefault(here, pair) != pair:
                junctions.add(here)
    return junctions


def _cut(ring: Ring, junctions: set[Position]) -> list[Arc]:
    cuts = [index for index, position in enumerate(ring) if position in junctions]
    if not cuts:
        return [(*ring, ring[0])]
    turned = ring[cuts[0] :] + ring[: cuts[0]] + [ring[cuts[0]]]
    ends = [index - cuts[0] for index in cuts[1:]] + [len(ring)]
    starts = [0, *ends[:-1]]
    return [tuple(turned[start : end + 1]) for start, end in zip(starts, ends, strict=True)]
