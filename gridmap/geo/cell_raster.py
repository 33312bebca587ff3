"""The rasters of segments: how fine they are, which cells an edge touches, and which corners a polygon covers."""

from dataclasses import dataclass

import numpy as np

from gridmap.geo.arrays import FloatArray, IntArray
from gridmap.geo.cell_edges import Chains, Sides
from gridmap.geo.predicates import nudged_side

CELLS_PER_EDGE = 2.0
"""Cells a segment may have for each of its edges: measured, see docs/decisions/0007."""
_COARSEST, _FINEST = -28, 24
_SLACK, _ROUNDED = 1e-6, 1e-15
"""Parts of a cell's side, and of the distance from (0, 0): more than rounding can shift a crossing, and far less than
would make cells hold needless edges."""


@dataclass(frozen=True, slots=True)
class Rasters:
    """One raster per segment; cells are counted row by row from the south-west."""

    level: IntArray
    column: IntArray
    row: IntArray
    columns: IntArray
    rows: IntArray
    box: FloatArray
    cell_start: IntArray

    def in_cells(self, x: FloatArray, y: FloatArray, segment: IntArray) -> tuple[FloatArray, FloatArray]:
        """Coordinates in cells, counted from (0, 0) without rounding: from the first cell they would be rounded."""
        scale = np.exp2(self.level[segment])
        return x * scale[:, 0], y * scale[:, 1]

    def cell(self, segment: IntArray, column: IntArray, row: IntArray) -> IntArray:
        """The place of a cell among the cells of all segments."""
        inside = (row - self.row[segment]) * self.columns[segment] + column - self.column[segment]
        return np.asarray(self.cell_start[segment] + inside)


def choose_rasters(sides: Sides, chains: Chains, polygon_start: IntArray) -> Rasters:
    """For each segment the finest raster that has no more than so many cells for each edge, and a few."""
    box = np.column_stack([
        np.minimum.reduceat(sides.box[:, :2], polygon_start[:-1]),
        np.maximum.reduceat(sides.box[:, 2:], polygon_start[:-1]),
    ]) + 0.0  # fmt: skip
    allowed = CELLS_PER_EDGE * np.bincount(chains.segment, minlength=len(box)) + 2
    level = np.full((len(box), 2), _COARSEST)
    # Halved in height and width by turns, so that one step doubles the number of cells.
    for finer in range(_COARSEST, _FINEST):
        for step in ([finer, finer + 1], [finer + 1, finer + 1]):
            span = np.floor(box * np.exp2(step + step))
            fits = (span[:, 2] - span[:, 0] + 1) * (span[:, 3] - span[:, 1] + 1) <= allowed
            level[fits] = step
    span = np.floor(box * np.exp2(np.tile(level, 2))).astype(np.int64)
    columns, rows = span[:, 2] - span[:, 0] + 1, span[:, 3] - span[:, 1] + 1
    cell_start = np.concatenate([[0], np.cumsum(columns * rows)]).astype(np.int64)
    return Rasters(level, span[:, 0], span[:, 1], columns, rows, box, cell_start)


@dataclass(frozen=True, slots=True)
class Crossed:
    """Pairs of a cell and an edge that touches it, or comes very near."""

    cell: IntArray
    edge: IntArray


def crossed_cells(chains: Chains, rasters: Rasters) -> Crossed:
    """The cells that every edge touches, borders included on the west and south."""
    ax, ay, bx, by = _edges_in_cells(chains, rasters)
    low, high = np.floor(np.minimum(ay, by)).astype(np.int64), np.floor(np.maximum(ay, by)).astype(np.int64)
    edge, row = _expanded(low, high + 1)
    ax, ay, bx, by = ax[edge], ay[edge], bx[edge], by[edge]
    # Where the edge enters and leaves the row; an edge along the row keeps its whole width.
    rise = np.where(by == ay, 1.0, by - ay)
    enters, leaves = np.clip((row - ay) / rise, 0, 1), np.clip((row + 1 - ay) / rise, 0, 1)
    flat = by == ay
    x0 = np.where(flat, ax, ax + (bx - ax) * enters)
    x1 = np.where(flat, bx, ax + (bx - ax) * leaves)
    slack = _SLACK + _ROUNDED * np.abs(x0)
    west = np.maximum(np.minimum(x0, x1) - slack, np.minimum(ax, bx))
    east = np.minimum(np.maximum(x0, x1) + slack, np.maximum(ax, bx))
    pair, column = _expanded(np.floor(west).astype(np.int64), np.floor(east).astype(np.int64) + 1)
    edge, row = edge[pair], row[pair]
    return Crossed(rasters.cell(chains.segment[edge], column, row), edge)


@dataclass(frozen=True, slots=True)
class Spans:
    """Pairs of a cell and a polygon that its corner, moved by a hair (`nudged_side`), lies in."""

    cell: IntArray
    polygon: IntArray


def corner_spans(chains: Chains, sides: Sides, rasters: Rasters) -> Spans:
    """Which corners lie in which polygons: along each row of corners, between an edge and the next of a polygon."""
    ax, ay, bx, by = _edges_in_cells(chains, rasters)
    # The rows whose line, moved up by a hair, the edge crosses.
    low, high = np.ceil(np.minimum(ay, by)).astype(np.int64), np.ceil(np.maximum(ay, by)).astype(np.int64)
    edge, row = _expanded(low, high)
    ax, ay, bx, by = ax[edge], ay[edge], bx[edge], by[edge]
    meets = ax + (bx - ax) * ((row - ay) / (by - ay))
    column = np.ceil(meets).astype(np.int64)
    doubtful = (np.abs(meets - np.rint(meets)) < _SLACK + _ROUNDED * np.abs(meets)) & (ax != bx)
    column[doubtful] = _decided(chains, rasters, edge[doubtful], row[doubtful], np.rint(meets[doubtful]))
    first = rasters.column[chains.segment[edge]]
    column = np.clip(column, first, first + rasters.columns[chains.segment[edge]])
    return _between(chains, sides, rasters, edge, row, column)


def _decided(chains: Chains, rasters: Rasters, edge: IntArray, row: IntArray, column: FloatArray) -> IntArray:
    """The first column whose corner in the row is east of the edge, exactly, where rounding could be wrong by one."""
    segment = chains.segment[edge]
    size = np.exp2(-rasters.level[segment])
    x, y = column * size[:, 0], row * size[:, 1]
    a, b = chains.vertices[chains.place[edge]], chains.vertices[chains.place[edge] + 1]
    upward = (a[:, 1] < b[:, 1])[:, None]
    lines = np.column_stack([np.where(upward, a, b), np.where(upward, b, a), x, y]).tolist()
    east = np.array([nudged_side(*line) < 0 for line in lines], bool)
    return np.where(east, column, column + 1).astype(np.int64)


def _between(chains: Chains, sides: Sides, rasters: Rasters, edge: IntArray, row: IntArray, column: IntArray) -> Spans:
    """From where edges cross rows to the corners between the first and second, third and fourth… of each polygon."""
    crossings_of_edge = np.argsort(edge, kind="stable")
    first = np.searchsorted(edge[crossings_of_edge], np.arange(len(chains.place) + 1))
    side, at = _expanded(first[chains.edge_of_side], first[chains.edge_of_side + 1])
    crossing = crossings_of_edge[at]
    polygon, segment = sides.polygon[side], sides.segment[side]
    row, column = row[crossing], column[crossing]
    order = np.lexsort((column, polygon, row, segment))
    # A closed ring crosses a line an even number of times.
    opens, closes = order[::2], order[1::2]
    pair, column = _expanded(column[opens], column[closes])
    opens = opens[pair]
    return Spans(rasters.cell(segment[opens], column, row[opens]), polygon[opens])


def _edges_in_cells(chains: Chains, rasters: Rasters) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    a, b = chains.vertices[chains.place], chains.vertices[chains.place + 1]
    ax, ay = rasters.in_cells(a[:, 0], a[:, 1], chains.segment)
    bx, by = rasters.in_cells(b[:, 0], b[:, 1], chains.segment)
    return ax, ay, bx, by


def _expanded(first: IntArray, stop: IntArray) -> tuple[IntArray, IntArray]:
    """Every whole number from `first` to before `stop` of each item, with the item it is of."""
    counts = np.maximum(stop - first, 0)
    item = np.repeat(np.arange(len(first)), counts)
    offset = np.arange(len(item)) - np.repeat(np.cumsum(counts) - counts, counts)
    return item, first[item] + offset
