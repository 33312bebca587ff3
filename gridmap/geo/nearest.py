"""The polygon of a cell index that is nearest to a point on the ground, and those within an accuracy circle."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyproj

from gridmap.geo import measure
from gridmap.geo.arrays import BoolArray, FloatArray, IntArray
from gridmap.geo.cell_lookup import CellLookup
from gridmap.geo.cells import EDGE_SHIFT, MORE, SLOT_BITS, CellIndex, Int32Array
from gridmap.geo.lonlat import LonLat
from gridmap.geo.measure import INVERSE_FLATTENING, SEMI_MAJOR_M, Nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from gridmap.geo.nearest_kernels import Near

EXACT_GROUND = pyproj.Geod(a=SEMI_MAJOR_M, rf=INVERSE_FLATTENING)
"""The ellipsoid that distances are measured on."""
EQUAL_M = 5e-4
"""Distances that differ by less are equal, so that the lowest code of two grids that meet in a corner is told."""
_STEPS = (0.5, 0.02, 0.0005)
"""Parts of an edge to either side of where its foot is looked for, less and less, until the earth's bend in between is
below a hundredth of a millimetre."""
_SHORT_DEG = 0.002
"""An edge no longer than this, at about 200 m, needs no third step."""
_FAR_M = 50_000.0
"""Beyond this the compiled series is off by more than a micrometre."""
_REACHES = np.array(_STEPS)
_ROOM = 256

Box = tuple[float, float, float, float]
"""West, south, east, north."""


class NearestSearch:
    """Finds the nearest polygon of an index, or of those of its segments that are `live`."""

    def __init__(self, index: CellIndex, live: BoolArray | None = None) -> None:
        self.index = index
        self._live = np.arange(index.segments) if live is None else np.flatnonzero(live)

    def find_nearest(self, point: LonLat, within_m: float = math.inf) -> Nearest | None:
        """The polygon whose border is nearest, the first of equals, to 1 mm; None without any in that reach.

        The point lies outside all of them: whether it does, `CellLookup` knows.

        >>> import shapely
        >>> from gridmap.geo.cell_build import build_cells
        >>> search = NearestSearch(build_cells([[shapely.box(103.4, 34.5, 103.6, 34.6)]]))
        >>> round(search.find_nearest(LonLat(103.5, 34.49)).distance_m, 3)
        1109.314
        """
        found = self._told(point.lon, point.lat, within_m)
        if found is None:
            return self._by_numbers(point, within_m) if len(self._live) else None
        polygon, distance, edge, part = found
        return None if polygon < 0 else Nearest(polygon, distance, self._at(edge, part))

    def find_polygon(self, point: LonLat, within_m: float = math.inf) -> tuple[int, float] | None:
        """The same without the place: the polygon and its distance in metres."""
        found = self._told(point.lon, point.lat, within_m)
        if found is None:
            near = self.find_nearest(point, within_m)
            return None if near is None else (near.index, near.distance_m)
        return None if found[0] < 0 else found[:2]

    def _told(self, lon: float, lat: float, within_m: float) -> tuple[int, float, int, float] | None:
        """Polygon, distance, edge and part of it, polygon -1 for none in reach; None where the kernel can't tell."""
        if not len(self._live):
            return None
        found = self._find(self._near, lon, lat, within_m, EQUAL_M, _REACHES, _ROOM)
        if found[0] < -1:
            return None
        polygon, distance, edge, part = found
        if distance > _FAR_M:
            at = self._at(edge, part)
            distance = float(EXACT_GROUND.inv(lon, lat, at.lon, at.lat)[2])
        return polygon, distance, edge, part

    def _by_numbers(self, point: LonLat, within_m: float) -> Nearest | None:
        """The same where series are not good enough, or many edges are as near."""
        edges = self._candidates(point, within_m)
        measured = [(*self._foot(point, edge), self._owner(edge)) for edge in edges]
        if not measured:
            return None
        least = min(distance for distance, _, _ in measured)
        distance, at, polygon = min(
            (each for each in measured if each[0] <= least + EQUAL_M), key=lambda each: (each[2], each[0])
        )
        return Nearest(polygon, distance, at)

    def _candidates(self, point: LonLat, within_m: float) -> list[int]:
        """The first vertices of the edges that may be nearest."""
        from gridmap.geo import nearest_kernels as kernels  # noqa: PLC0415 - compiled, so imported when first needed

        room = _ROOM
        while True:
            found, low = np.empty(room, np.int64), np.empty(room)
            limit, count = kernels.search(self._near, point.lon, point.lat, within_m, found, low)
            if count <= room:
                return [int(edge) for edge in found[:count][low[:count] <= limit]]
            room = count

    def _foot(self, point: LonLat, edge: int) -> tuple[float, LonLat]:
        """The distance to an edge and the point of it that is nearest."""
        (ax, ay), (bx, by) = self.index.vertices[edge : edge + 2].tolist()

        def distance(part: float) -> float:
            return float(EXACT_GROUND.inv(point.lon, point.lat, ax + part * (bx - ax), ay + part * (by - ay))[2])

        best = 0.5
        short = abs(bx - ax) + abs(by - ay) <= _SHORT_DEG
        for reach in _STEPS[:2] if short else _STEPS:
            middle = min(max(best, reach), 1 - reach)
            # The square of the distance is very nearly a parabola along the edge.
            before, here, after = (distance(middle + step) ** 2 for step in (-reach, 0, reach))
            bend = before - 2 * here + after
            best = middle if bend <= 0 else middle + reach * (before - after) / (2 * bend)
            best = min(max(best, 0.0), 1.0)
        return distance(best), self._at(edge, best)

    def _at(self, edge: int, part: float) -> LonLat:
        (ax, ay), (bx, by) = self.index.vertices[edge : edge + 2].tolist()
        return LonLat(ax + part * (bx - ax), ay + part * (by - ay))

    def _owner(self, edge: int) -> int:
        segment = int(np.searchsorted(self.index.vertex_start, edge, side="right")) - 1
        return int(self.index.polygon_start[segment]) + int(self.index.owner[edge])

    @cached_property
    def _find(self) -> "Callable[..., tuple[int, float, int, float]]":
        from gridmap.geo import nearest_kernels  # noqa: PLC0415 - compiled, so imported when first needed

        return nearest_kernels.find

    @cached_property
    def _near(self) -> "Near":
        from gridmap.geo.nearest_kernels import GROUP, Near, balls, small_balls  # noqa: PLC0415

        index = self.index
        live = self._live[_packed(index.box[self._live], GROUP)]
        return Near(
            live, balls(_joined(index.box[live], GROUP)), balls(index.box[live]),
            index.leaf_start, small_balls(index.leaf_box), index.vertex_start, index.vertices,
            index.polygon_start, index.owner,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Share:
    """A polygon that touches a point or its accuracy circle, and the part of the circle that lies in it (0 to 1)."""

    polygon: int
    share: float


def shares(lookup: CellLookup, point: LonLat, accuracy_m: float) -> tuple[Share, ...]:
    """The polygons that a point may lie in, in order. Without a circle those that touch the point share it equally.

    Raises InvalidInput for a circle that can't be drawn.
    """
    touching, _ = lookup.locate(point.lon, point.lat)
    if accuracy_m <= 0:
        return tuple(Share(polygon, 1 / len(touching)) for polygon in touching)
    circle = measure.buffer_m(point, accuracy_m)
    parts = (
        Share(polygon, circle.intersection(lookup.index.polygon(polygon)).area / circle.area)
        for polygon in polygons_near_box(lookup, circle.bounds)
    )
    return tuple(part for part in parts if part.share > 0 or part.polygon in touching)


def polygons_near_box(lookup: CellLookup, box: Box) -> list[int]:
    """The polygons that share a cell with a box (west, south, east, north), in order: all that touch it, and some more.

    >>> import shapely
    >>> from gridmap.geo.cell_build import build_cells
    >>> lookup = CellLookup(build_cells([[shapely.box(0, 0, 1, 1), shapely.box(5, 0, 6, 1)]]))
    >>> polygons_near_box(lookup, (0.5, 0.5, 0.6, 0.6))
    [0]
    """
    index = lookup.index
    found: set[int] = set()
    west, south, east, north = box
    of = index.box
    hit = (of[:, 0] <= east) & (of[:, 1] <= north) & (of[:, 2] >= west) & (of[:, 3] >= south) & lookup.live
    for segment in np.flatnonzero(hit).tolist():
        cells = _cells_in_box(index, segment, box)
        first = int(index.polygon_start[segment])
        found.update((first + _polygons_of(index, segment, cells)).tolist())
    return sorted(found)


def _cells_in_box(index: CellIndex, segment: int, box: Box) -> Int32Array:
    """What stands in the cells that a box touches."""
    low, high = np.floor(np.array(box).reshape(2, 2) * np.exp2(index.level[segment]))
    corner, shape = [index.column[segment], index.row[segment]], [index.columns[segment], index.rows[segment]]
    (x0, y0), (x1, y1) = (np.clip(edge - corner, 0, np.array(shape) - 1).astype(np.int64) for edge in (low, high))
    raster = index.cells[index.cell_start[segment] : index.cell_start[segment + 1]].reshape(shape[1], shape[0])
    return np.unique(raster[y0 : y1 + 1, x0 : x1 + 1])


def _polygons_of(index: CellIndex, segment: int, cells: Int32Array) -> IntArray:
    """The polygons of cells, counted in the segment."""
    direct = cells[(cells >= 0) & (cells & 1 == 0)] >> 1
    parts = [direct.astype(np.int64)]
    at = index.word_start[segment] + (cells[(cells >= 0) & (cells & 1 == 1)] >> 1)
    while len(at):
        head = index.words[at]
        slots = range(int((head & SLOT_BITS).max()))
        parts += [index.words[at[(head & SLOT_BITS) > slot] + 1 + slot].astype(np.int64) for slot in slots]
        at = (at + 1 + (head & SLOT_BITS) + (head >> EDGE_SHIFT))[head & MORE != 0]
    return np.unique(np.concatenate(parts))


def _packed(boxes: FloatArray, group: int) -> IntArray:
    """An order in which every so many boxes lie close together: bands of latitude, from west to east in each."""
    x, y = boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]
    by_latitude = np.argsort(np.argsort(y, kind="stable"), kind="stable")
    wide = max(1, round(math.sqrt(len(boxes) * group)))
    return np.lexsort((x, by_latitude // wide))


def _joined(boxes: FloatArray, group: int) -> FloatArray:
    """Boxes about every so many that follow each other."""
    first = np.arange(0, len(boxes), group)
    low, high = np.minimum.reduceat(boxes[:, :2], first), np.maximum.reduceat(boxes[:, 2:], first)
    return np.hstack([low, high])
