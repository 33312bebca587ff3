"""Areas as arcs that neighbours share, in the TopoJSON form: half the size of polygons, and no gap when simplified."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.geo.arrays import BoolArray, IntArray, ShapeArray

LATTICE = 1e-7
"""Degrees; coordinates are written as whole numbers of it, so that nothing is lost."""

Arc = IntArray
"""Positions as whole numbers of the lattice, one a row."""


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
    rings = _rings(np.array(shapes, object))
    junctions = _junctions(rings)
    arcs = _Arcs(rings)
    parts: list[list[list[int]]] = [[] for _ in rings.owner]
    for ring, part in enumerate(rings.part.tolist()):
        parts[part].append([arcs.number(rows) for rows in _cut(rings, ring, junctions)])
    areas: list[list[list[list[int]]]] = [[] for _ in shapes]
    for part, area in zip(parts, rings.owner.tolist(), strict=True):
        areas[area].append(part)
    return Topology(tuple(arcs.found), tuple(areas))


def simplified(arcs: Sequence[Arc], tolerance: float) -> tuple[Arc, ...]:
    """The arcs with fewer vertices, off by at most `tolerance` degrees; their ends stay, so neighbours still meet.

    An arc that closes on itself keeps at least four positions.
    """
    lines: npt.NDArray[np.object_] = shapely.linestrings(  # type: ignore[assignment]  # an array, since indices are given
        np.concatenate(arcs).astype(float),
        indices=np.repeat(np.arange(len(arcs)), [len(arc) for arc in arcs]),
    )
    xy, line = shapely.get_coordinates(
        shapely.simplify(lines, tolerance / LATTICE, preserve_topology=True), return_index=True
    )
    thin = np.split(xy.astype(np.int64), np.flatnonzero(np.diff(line)) + 1)
    return tuple(
        new if len(new) >= 4 or (new[0] != new[-1]).any() else old for new, old in zip(thin, arcs, strict=True)
    )


def written(arcs: Sequence[Arc]) -> list[list[list[int]]]:
    """Arcs as TopoJSON writes them: a first position, then steps."""
    if not arcs:
        return []
    positions = np.concatenate(arcs)
    ends = np.cumsum([len(arc) for arc in arcs])
    starts = np.concatenate([[0], ends[:-1]])
    steps = np.diff(positions, axis=0, prepend=0)
    steps[starts] = positions[starts]
    rows = steps.tolist()
    return [rows[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def transform() -> Mapping[str, Any]:
    """TopoJSON's rule from whole numbers to degrees."""
    return {"scale": [LATTICE, LATTICE], "translate": [0, 0]}


@dataclass(frozen=True, slots=True)
class _Rings:
    """All rings of all areas, one after the other: open (no position repeated), each begun at its smallest position.

    An island's ring is one closed arc: with the same start whoever draws it, it is shared like any other.
    """

    xy: IntArray
    """One position a row, in whole numbers of the lattice."""
    key: npt.NDArray[np.uint64]
    """Each position as one number; by x, then y."""
    starts: IntArray
    """Where each ring begins, and where the last one ends."""
    part: IntArray
    """The part that each ring belongs to, its outer ring first."""
    owner: IntArray
    """The area that each part belongs to."""


def _rings(shapes: ShapeArray) -> _Rings:
    parts, owner = shapely.get_parts(shapely.orient_polygons(shapes), return_index=True)
    areal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    rings, part = shapely.get_rings(parts[areal], return_index=True)
    degrees, ring = shapely.get_coordinates(rings, return_index=True)
    open_ = np.append(ring[1:] == ring[:-1], False)[: len(ring)]
    xy = np.rint(degrees[open_] / LATTICE).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(np.bincount(ring[open_], minlength=len(rings)))]).astype(np.int64)
    rows = _from_the_smallest(_keys(xy), starts)
    return _Rings(xy[rows], _keys(xy[rows]), starts, part, owner[areal])


def _keys(xy: IntArray) -> npt.NDArray[np.uint64]:
    # Whole numbers of the lattice lie well within 32 bits, with either sign.
    return ((xy[:, 0] + 2**31).astype(np.uint64) << np.uint64(32)) | (xy[:, 1] + 2**31).astype(np.uint64)


def _from_the_smallest(key: npt.NDArray[np.uint64], starts: IntArray) -> IntArray:
    """The rows of rings, each turned so that it begins at its smallest position."""
    lengths = np.diff(starts)
    ring = np.repeat(np.arange(len(lengths)), lengths)
    smallest = np.lexsort((key, ring))[starts[:-1]]
    begin = starts[:-1][ring]
    turned = (np.arange(len(key)) - begin + (smallest - starts[:-1])[ring]) % lengths[ring]
    return np.asarray(begin + turned, np.int64)


def _junctions(rings: _Rings) -> BoolArray:
    """Which rows are positions where rings part: not all that pass there come from and go to the same two."""
    row, first, last = np.arange(len(rings.key)), rings.starts[:-1], rings.starts[1:] - 1
    before, after = row - 1, row + 1
    before[first], after[last] = last, first
    pair = np.sort(np.stack([rings.key[before], rings.key[after]], axis=1), axis=1)
    _, seen_first, place = np.unique(rings.key, return_index=True, return_inverse=True)
    parting = np.zeros(len(seen_first), bool)
    parting[place[(pair != pair[seen_first][place]).any(axis=1)]] = True
    return np.asarray(parting[place], np.bool_)


def _cut(rings: _Rings, ring: int, junctions: BoolArray) -> list[IntArray]:
    """The rows of a ring's arcs, from junction to junction; the whole ring closed where it has none."""
    start, length = int(rings.starts[ring]), int(rings.starts[ring + 1] - rings.starts[ring])
    cuts = np.flatnonzero(junctions[start : start + length]).tolist() or [0]
    turned = start + (np.arange(length + 1) + cuts[0]) % length
    ends = [cut - cuts[0] for cut in cuts[1:]] + [length]
    return [turned[first : last + 1] for first, last in zip([0, *ends[:-1]], ends, strict=True)]


class _Arcs:
    """Arcs by what they follow, each once, whichever way it was met."""

    def __init__(self, rings: _Rings) -> None:
        self.found: list[Arc] = []
        self._rings = rings
        self._numbers: dict[bytes, int] = {}

    def number(self, rows: IntArray) -> int:
        """The number of the arc along some rows; ~n when arc n runs the other way."""
        keys = self._rings.key[rows]
        there = self._numbers.get(keys.tobytes())
        if there is not None:
            return there
        back = self._numbers.get(keys[::-1].tobytes())
        if back is not None:
            return ~back
        self._numbers[keys.tobytes()] = len(self.found)
        self.found.append(self._rings.xy[rows])
        return len(self.found) - 1
