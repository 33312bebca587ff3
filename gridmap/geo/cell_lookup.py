"""Which polygons of a cell index touch a point: one point in a few microseconds, or many in one compiled loop.

From a point the path goes west to the line through its cell's south-west corner, and south along it to the corner.
The index knows which polygons the corner lies in; each edge that the path crosses changes that for the polygons it
bounds. Path and corner are moved by a hair (`predicates.nudged_side`), so that no vertex is ever met and no edge run
along, whatever the polygons are; the point itself is not moved, and one on an edge is told by `side` alone.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from math import floor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from gridmap.geo.arrays import BoolArray, FloatArray, IntArray, as_pair
from gridmap.geo.cell_directory import build_directory
from gridmap.geo.cells import EDGE_SHIFT, MASK_BITS, MASK_SHIFT, MORE, SLOT_BITS, VERTEX_SHIFT, CellIndex
from gridmap.geo.predicates import FILTER, UNDERFLOW, exact_side, nudged_side

if TYPE_CHECKING:
    from gridmap.geo.cell_kernels import Arrays


Touching = tuple[tuple[int, ...], bool]
"""The polygons that touch a point, in order, of which it belongs to the first; and whether it is on the border of any.
A plain tuple: to make one with names takes a sixth of the whole call."""


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """For many points what touches each."""

    polygon: IntArray
    """The first polygon that touches the point, -1 for none."""
    touching: IntArray
    """How many do."""
    on_boundary: BoolArray
    """Whether the point is on the border of any of them."""


class CellLookup:
    """Looks points up in an index, or in those of its segments that are `live`. Safe to use from many threads.

    >>> import shapely
    >>> from gridmap.geo.cell_build import build_cells
    >>> lookup = CellLookup(build_cells([[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]]))
    >>> lookup.locate(1.0, 0.5), lookup.locate(1.5, 0.5), lookup.locate(9.0, 9.0)
    (((0, 1), True), ((1,), False), ((), False))
    """

    def __init__(self, index: CellIndex, live: BoolArray | None = None) -> None:
        self.index = index
        self.live = np.ones(index.segments, bool) if live is None else live
        self.directory = build_directory(index, live)
        # A memoryview gives a number of Python's in half the time that an array gives one of numpy's.
        self._cells, self._words = index.cells.data, index.words.data
        self._vertices = index.vertices.reshape(-1).data
        directory = self.directory
        self._tiles = (2.0**directory.level, directory.column, directory.row, directory.columns, directory.rows)
        self._tile_first, self._tile_segments = directory.first.data, directory.segments.data
        self._near: dict[int, tuple[_Boxed, ...]] = {}
        self._opened: dict[int, _Boxed] = {}
        level = index.level.astype(np.float64)
        self._frame = np.hstack([index.box, np.exp2(level), np.exp2(-level)])
        first = index.cell_start[:-1] - index.row * index.columns - index.column
        parts = (index.polygon_start[:-1], first, index.word_start[:-1], index.vertex_start[:-1], index.columns)
        self._base = np.column_stack(parts)

    def locate(self, lon: float, lat: float) -> Touching:
        """The polygons that touch a point, numbered through all segments; none for what is no number."""
        scale, west, south, columns, rows = self._tiles
        x, y = lon * scale, lat * scale
        # In this form also for what is no number.
        if not (west <= x < west + columns and south <= y < south + rows):
            return _NOWHERE
        # Rounded down before anything is taken off: just west of (0, 0) the difference would be rounded up.
        tile = (floor(y) - south) * columns + floor(x) - west
        found: list[int] = []
        on_boundary = False
        for min_x, min_y, max_x, max_y, segment in self._near.get(tile) or self._open(tile):
            if lon < min_x or lon > max_x or lat < min_y or lat > max_y:
                continue
            scale_x, scale_y, _, _, first, cells, _, _, columns = segment
            column, row = floor(lon * scale_x), floor(lat * scale_y)
            cell = self._cells[cells + row * columns + column]
            if cell < 0:
                continue
            if cell & 1:
                corner = (column * segment.size_x, row * segment.size_y)
                on_boundary |= self._look(segment, cell >> 1, *corner, lon, lat, found)
            else:
                found.append(first + (cell >> 1))
        if len(found) > 1:
            found.sort()
        return (tuple(found), on_boundary) if found else _NOWHERE

    def locate_many(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Located:
        """For points in any order what touches each; what is no number is touched by nothing."""
        from gridmap.geo import cell_kernels as kernels  # noqa: PLC0415 - a single point needs no compiler

        x, y = _flat(lon, lat)
        told = np.full(len(x), kernels.NOTHING)

        def look(part: slice) -> None:
            kernels.locate(self._arrays, *kernels.sort_by_place(self._arrays, x[part], y[part]), told[part])

        parts = _parts(len(x))
        if len(parts) == 1:
            look(parts[0])
        else:
            # The loops hold no lock of the interpreter's.
            list(_threads().map(look, parts))
        nothing = told == kernels.NOTHING
        located = Located(
            np.where(nothing, -1, told & (kernels.BORDER - 1)),
            np.where(nothing, 0, told >> kernels.COUNT_SHIFT),
            ~nothing & (told & kernels.BORDER != 0),
        )
        for at in np.flatnonzero(told == kernels.UNDECIDED):
            polygons, located.on_boundary[at] = self.locate(float(x[at]), float(y[at]))
            located.touching[at] = len(polygons)
            located.polygon[at] = polygons[0] if polygons else -1
        return located

    def list_many(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[IntArray, IntArray]:
        """All polygons that touch each point, in order: where each point's begin (one number more), and they."""
        from gridmap.geo import cell_kernels as kernels  # noqa: PLC0415

        x, y = _flat(lon, lat)
        located = self.locate_many(x, y)
        start = np.concatenate([[0], np.cumsum(located.touching)]).astype(np.int64)
        found = np.full(start[-1], -1)
        kernels.list_touching(self._arrays, x, y, start, found)
        for at in np.unique(np.searchsorted(start, np.flatnonzero(found < 0), side="right") - 1):
            found[start[at] : start[at + 1]] = self.locate(float(x[at]), float(y[at]))[0]
        return start, found

    def _look(
        self, segment: "_Segment", place: int, x0: float, y0: float, lon: float, lat: float, found: list[int]
    ) -> bool:
        """Adds the polygons of a cell that touch the point; whether it is on the border of any."""
        words, at, bordering = self._words, segment.words + place, 0
        while True:
            head = words[at]
            touching, border = self._in_block(at, segment.vertices, lon, lat, x0, y0)
            bordering |= border
            slot = at + 1
            while touching:
                if touching & 1:
                    found.append(segment.polygons + words[slot])
                touching >>= 1
                slot += 1
            if not head & MORE:
                return bordering != 0
            at += 1 + (head & SLOT_BITS) + (head >> EDGE_SHIFT)

    def _in_block(self, at: int, base: int, px: float, py: float, x0: float, y0: float) -> tuple[int, int]:
        """Masks of the polygons in a block that the point touches, and of those on whose border it is."""
        words, vertices = self._words, self._vertices
        head, border = words[at], 0
        inside = (head >> MASK_SHIFT) & MASK_BITS
        first = at + 1 + (head & SLOT_BITS)
        for entry in range(first, first + (head >> EDGE_SHIFT)):
            word = words[entry]
            v = 2 * (base + (word >> VERTEX_SHIFT))
            ax, ay, bx, by = vertices[v], vertices[v + 1], vertices[v + 2], vertices[v + 3]
            if (ax > px and bx > px) or (ay > py and by > py) or (ax < x0 and bx < x0) or (ay < y0 and by < y0):
                continue
            left, right = (bx - ax) * (py - ay), (by - ay) * (px - ax)
            here = left - right
            if abs(here) <= FILTER * (abs(left) + abs(right)) + UNDERFLOW:
                here = exact_side(ax, ay, bx, by, px, py)
                if not here and min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by):
                    border |= word & MASK_BITS
                    continue
            crossed = False
            if (ay <= py) != (by <= py):
                right = (by - ay) * (x0 - ax)
                turn = left - right
                if abs(turn) <= FILTER * (abs(left) + abs(right)) + UNDERFLOW:
                    turn = nudged_side(ax, ay, bx, by, x0, py)
                crossed = (here > 0) != (turn > 0)
            if (ax <= x0) != (bx <= x0):
                crossed ^= nudged_side(ax, ay, bx, by, x0, py) != nudged_side(ax, ay, bx, by, x0, y0)
            if crossed:
                inside ^= word & MASK_BITS
        return inside | border, border

    def _open(self, tile: int) -> "tuple[_Boxed, ...]":
        """The segments of a tile, kept for the next point."""
        if len(self._near) >= _MOST_OPEN:
            self._near.clear()
        numbers = self._tile_segments[self._tile_first[tile] : self._tile_first[tile + 1]]
        opened = tuple([self._opened.get(number) or self._read(number) for number in numbers])
        self._near[tile] = opened
        return opened

    def _read(self, number: int) -> "_Boxed":
        west, south, east, north, *frame = self._frame[number].tolist()
        opened = west, south, east, north, _Segment(*frame, *self._base[number].tolist())
        self._opened[number] = opened
        return opened

    @cached_property
    def _arrays(self) -> "Arrays":
        from gridmap.geo.cell_kernels import Arrays  # noqa: PLC0415

        found, index = self.directory, self.index
        return Arrays(
            *self._tiles, found.first, found.segments, self._frame, self._base, index.cells, index.words, index.vertices
        )


class _Segment(NamedTuple):
    """What the lookups in one segment need, as numbers of Python's: of a row of `Arrays.frame` and one of `.base`."""

    scale_x: float
    scale_y: float
    size_x: float
    size_y: float
    polygons: int
    cells: int
    words: int
    vertices: int
    columns: int


_Boxed = tuple[float, float, float, float, _Segment]
"""West, south, east and north before the rest: most segments of a tile are passed over by these."""
_MOST_OPEN = 1 << 16
_WORTH_A_THREAD = 1 << 15
_NOWHERE: Touching = ((), False)


def _parts(count: int) -> list[slice]:
    """As many equal parts as there are processors, of those that are worth a thread."""
    many = max(1, min(os.cpu_count() or 1, count // _WORTH_A_THREAD))
    edges = [count * at // many for at in range(many + 1)]
    return [slice(first, last) for first, last in pairwise(edges)]


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="locate")


# A child has the pool, and none of its threads.
os.register_at_fork(after_in_child=_threads.cache_clear)


def _flat(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, y = as_pair(lon, lat)
    return np.ascontiguousarray(x.reshape(-1)), np.ascontiguousarray(y.reshape(-1))
