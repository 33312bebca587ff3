"""The cell index: polygons cut up by a raster, in flat arrays that can be mapped from a file and read by any worker.

A *segment* is the polygons of one village or one layer, with a raster of its own. Its cells are squares whose sides are
a power of two of a degree, so that the cell of a point is found without rounding. A cell keeps the edges that touch it,
whole and as they were given, and which polygons its south-west corner lies in; how a point is looked up from there
stands in `cell_lookup`. An edge that several polygons of a segment share is kept once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.geo.arrays import BoolArray, FloatArray, IntArray, Polygonal

Int32Array = npt.NDArray[np.int32]

EMPTY = -1
"""A cell that no polygon touches. Otherwise an even number is twice the one polygon that covers the cell, an odd one is
twice the place of the cell's first block in `words` and one more."""
SLOTS = 8
"""Polygons a block holds, one bit each. A cell that more polygons touch has several blocks."""
SLOT_BITS, MORE, MASK_SHIFT, MASK_BITS, EDGE_SHIFT = 15, 1 << 4, 5, 255, 13
"""A block is its head, its polygons in order, and its edges. The head is the number of polygons, `MORE` when another
block of the cell follows, from bit 5 a mask of the polygons that its corner is in, from bit 13 the number of edges."""
VERTEX_SHIFT = 8
"""An edge is a mask of the polygons it bounds and, from bit 8, its first vertex."""
MOST_VERTICES, MOST_EDGES_IN_CELL, MOST_WORDS = 1 << 23, 1 << 18, 1 << 30
LEAF = 32
"""Vertices of a segment under one box of `leaf_box`."""


@dataclass(frozen=True, slots=True, eq=False)
class CellIndex:
    """Segments of polygons, one after the other, all read-only.

    `*_start` say where a segment's part of a flat array begins (one number more than there are segments); what stands
    in the flat arrays themselves counts from there, so that segments can be cut out and joined as they are. Polygons
    stand in the order of their codes within their segment.
    """

    level: IntArray
    """(segments, 2): its cells are 2**-level degrees wide and high."""
    column: IntArray
    row: IntArray
    """The first cell's column and row, counted in cells from (0, 0)."""
    columns: IntArray
    rows: IntArray
    box: FloatArray
    """(segments, 4): west, south, east, north."""
    polygon_start: IntArray
    cell_start: IntArray
    word_start: IntArray
    vertex_start: IntArray
    ring_start: IntArray
    run_start: IntArray
    leaf_start: IntArray
    cells: Int32Array
    words: Int32Array
    vertices: FloatArray
    """(vertices, 2). An edge joins a vertex to the next; NaN stands between chains."""
    owner: Int32Array
    """Per vertex the first of the polygons that the edge it begins bounds, -1 where none begins."""
    leaf_box: FloatArray
    """(leaves, 4), each about `LEAF` vertices and the next one."""
    ring_polygon: Int32Array
    ring_hole: BoolArray
    """Whether a ring is a hole of the shell before it."""
    ring_runs: Int32Array
    """Of how many runs each ring is made."""
    runs: Int32Array
    """(runs, 2): from which vertex to which a ring follows a chain, backwards where the second is smaller."""

    def __post_init__(self) -> None:
        for field in fields(self):
            # One type for arrays just built and arrays mapped from a file: else all kernels are compiled twice.
            locked = np.ascontiguousarray(getattr(self, field.name)).view()
            locked.flags.writeable = False
            object.__setattr__(self, field.name, locked)

    @property
    def segments(self) -> int:
        """How many segments there are."""
        return len(self.level)

    @property
    def polygons(self) -> int:
        """How many polygons there are in all segments."""
        return int(self.polygon_start[-1])

    @property
    def nbytes(self) -> int:
        """The bytes of all arrays."""
        return sum(getattr(self, field.name).nbytes for field in fields(self))

    def polygon(self, position: int) -> Polygonal:
        """A polygon as it was given: its rings' first vertices, directions and order, -0.0 as 0.0.

        A multipolygon of one part comes back as a polygon.
        """
        segment = int(np.searchsorted(self.polygon_start, position, side="right")) - 1
        rings = slice(self.ring_start[segment], self.ring_start[segment + 1])
        mine = np.flatnonzero(self.ring_polygon[rings] == position - self.polygon_start[segment])
        run_end = self.run_start[segment] + np.cumsum(self.ring_runs[rings])
        parts: list[list[FloatArray]] = []
        for ring in mine:
            end = run_end[ring]
            line = self._line(segment, self.runs[end - self.ring_runs[rings][ring] : end])
            if self.ring_hole[rings][ring]:
                parts[-1].append(line)
            else:
                parts.append([line])
        polygons = [shapely.Polygon(part[0], part[1:]) for part in parts]
        return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)

    def _line(self, segment: int, runs: Int32Array) -> FloatArray:
        """The vertices along some runs, in which the end of one is the beginning of the next."""
        mine = self.vertices[self.vertex_start[segment] : self.vertex_start[segment + 1]]
        pieces = [mine[first : last + 1] if first <= last else mine[last : first + 1][::-1] for first, last in runs]
        return np.concatenate([piece if not at else piece[1:] for at, piece in enumerate(pieces)])

    @classmethod
    def joined(cls, indexes: Sequence[Self]) -> Self:
        """The segments of several indexes one after the other."""
        together: dict[str, Any] = {}
        for field in fields(cls):
            arrays = [getattr(index, field.name) for index in indexes]
            together[field.name] = _chained(arrays) if field.name.endswith("_start") else np.concatenate(arrays)
        return cls(**together)


def _chained(starts: Sequence[IntArray]) -> IntArray:
    """Starts of arrays that follow each other."""
    lengths = np.concatenate([np.diff(start) for start in starts])
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
