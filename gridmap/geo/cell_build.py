"""Building the cell index of many segments in one sweep over flat arrays: a village takes a millisecond or two."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from gridmap.errors import InvalidInput
from gridmap.geo import cell_edges, cell_words
from gridmap.geo.arrays import FloatArray, IntArray, Polygonal
from gridmap.geo.cell_edges import Chains
from gridmap.geo.cell_raster import choose_rasters, corner_spans, crossed_cells
from gridmap.geo.cells import LEAF, CellIndex

_BATCH = 4000
"""Segments swept at a time: more only takes more memory."""


def build_cells(segments: Sequence[Sequence[Polygonal]]) -> CellIndex:
    """The index of segments of polygons, which stand in the order of their codes.

    The polygons are valid, in any units up to ±1e9; inside a segment and between segments they may overlap, leave gaps
    and be multi-part. Raises InvalidInput without a segment, for a segment without a polygon, an empty polygon and a
    vertex that is no number or out of that range.

    >>> import shapely
    >>> index = build_cells([[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], [shapely.box(0, 1, 2, 2)]])
    >>> index.segments, index.polygons, index.polygon(2).equals(shapely.box(0, 1, 2, 2))
    (2, 3, True)
    """
    if not segments:
        raise InvalidInput("an index needs at least one segment")
    return CellIndex.joined([_build(batch) for batch in _batches(segments)])


def _batches(segments: Sequence[Sequence[Polygonal]]) -> Iterator[list[Sequence[Polygonal]]]:
    left = iter(segments)
    while batch := list(islice(left, _BATCH)):
        yield batch


def _build(segments: Sequence[Sequence[Polygonal]]) -> CellIndex:
    counts = np.array([len(segment) for segment in segments], np.int64)
    if not counts.all():
        raise InvalidInput("a segment needs at least one polygon")
    polygon_start = starts(counts)
    sides = cell_edges.read_sides([polygon for segment in segments for polygon in segment], counts)
    chains = cell_edges.chain(sides, len(segments))
    rasters = choose_rasters(sides, chains, polygon_start)
    crossed = crossed_cells(chains, rasters)
    spans = corner_spans(chains, sides, rasters)
    packed = cell_words.pack(chains, sides, rasters, crossed, spans)
    leaf_start, leaf_box = _leaves(chains)
    ring_runs, runs, run_start = cell_edges.runs(sides, chains, len(segments))
    return CellIndex(
        level=rasters.level,
        column=rasters.column,
        row=rasters.row,
        columns=rasters.columns,
        rows=rasters.rows,
        box=rasters.box,
        polygon_start=polygon_start,
        cell_start=rasters.cell_start,
        word_start=packed.word_start,
        vertex_start=chains.vertex_start,
        ring_start=sides.ring_start,
        run_start=run_start,
        leaf_start=leaf_start,
        cells=packed.cells,
        words=packed.words,
        vertices=chains.vertices,
        owner=chains.owner,
        leaf_box=leaf_box,
        ring_polygon=sides.ring_polygon,
        ring_hole=sides.ring_hole,
        ring_runs=ring_runs,
        runs=runs,
    )


def _leaves(chains: Chains) -> tuple[IntArray, FloatArray]:
    """The boxes about every LEAF vertices of a segment and the one after them."""
    lengths = np.diff(chains.vertex_start)
    leaf_start = starts(-(-lengths // LEAF))
    segment = np.repeat(np.arange(len(lengths)), np.diff(leaf_start))
    first = chains.vertex_start[segment] + (np.arange(leaf_start[-1]) - leaf_start[segment]) * LEAF
    # A segment ends with the NaN behind its last chain, so that the vertex after a full last leaf is another's.
    after = chains.vertices[np.minimum(first + LEAF, chains.vertex_start[segment + 1] - 1)]
    low = np.fmin(np.fmin.reduceat(chains.vertices, first), after)
    high = np.fmax(np.fmax.reduceat(chains.vertices, first), after)
    return leaf_start, np.column_stack([low, high])


def starts(counts: IntArray) -> IntArray:
    """Where each of some arrays of these lengths begins when they follow each other, and where the last ends."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
