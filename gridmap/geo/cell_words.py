"""Packing what each cell keeps into words: one number for most cells, blocks of polygons and edges for the rest."""

from dataclasses import dataclass

import numpy as np

from gridmap.errors import InvalidInput
from gridmap.geo.arrays import BoolArray, IntArray
from gridmap.geo.cell_edges import Chains, Sides
from gridmap.geo.cell_raster import Crossed, Rasters, Spans
from gridmap.geo.cells import (
    EDGE_SHIFT,
    EMPTY,
    MASK_SHIFT,
    MORE,
    MOST_EDGES_IN_CELL,
    MOST_VERTICES,
    MOST_WORDS,
    SLOTS,
    VERTEX_SHIFT,
    Int32Array,
)


@dataclass(frozen=True, slots=True)
class Packed:
    """The cells and words of all segments."""

    cells: Int32Array
    words: Int32Array
    word_start: IntArray


@dataclass(frozen=True, slots=True)
class _Slots:
    """Pairs of a cell and a polygon that touches it, by cell and polygon, and the block and bit each has there."""

    cell: IntArray
    polygon: IntArray
    inside: BoolArray
    """Whether the polygon covers the cell's corner."""
    block: IntArray
    bit: IntArray


def pack(chains: Chains, sides: Sides, rasters: Rasters, crossed: Crossed, spans: Spans) -> Packed:
    """What stands in every cell, in the form that `cells` describes."""
    owned = _owners(chains, sides, crossed)
    slots = _slots(int(sides.polygon.max()) + 1, owned, spans)
    edge_block, edge_words = _edge_words(chains, owned, slots)
    blocks = _blocks(rasters, slots, edge_block)
    _check_room(chains, blocks)
    words = np.zeros(int(blocks.size.sum()), np.int32)
    words[blocks.place[blocks.kept]] = blocks.head[blocks.kept]
    listed = blocks.kept[slots.block]
    words[(blocks.place[slots.block] + 1 + slots.bit)[listed]] = slots.polygon[listed]
    words[blocks.place[edge_block] + 1 + blocks.polygons[edge_block] + _rank_in_run(edge_block)] = edge_words
    cells = np.full(rasters.cell_start[-1], EMPTY, np.int32)
    base = blocks.word_start[np.searchsorted(rasters.cell_start, blocks.cell, side="right") - 1]
    cells[blocks.cell[blocks.opens]] = np.where(blocks.kept, (blocks.place - base) * 2 + 1, blocks.first * 2)[
        blocks.opens
    ]
    return Packed(cells, words, blocks.word_start)


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Blocks of words, those of a cell together and in order."""

    cell: IntArray
    polygons: IntArray
    """How many."""
    edges: IntArray
    first: IntArray
    """The first polygon."""
    head: IntArray
    opens: BoolArray
    """Whether a block is the first of its cell."""
    kept: BoolArray
    """Whether it is written: a cell with one polygon and no edge needs no block."""
    size: IntArray
    place: IntArray
    """Its words' number, and where they begin."""
    word_start: IntArray


def _blocks(rasters: Rasters, slots: _Slots, edge_block: IntArray) -> _Blocks:
    opens_block = slots.bit == 0
    cell, first = slots.cell[opens_block], slots.polygon[opens_block]
    count = len(cell)
    polygons, edges = np.bincount(slots.block, minlength=count), np.bincount(edge_block, minlength=count)
    opens = np.ones(count, bool)
    opens[1:] = cell[1:] != cell[:-1]
    follows = np.append(~opens[1:], False)
    # Bits of different polygons: their sum is the mask.
    mask = np.bincount(slots.block, slots.inside << slots.bit, count).astype(np.int64)
    kept = (edges > 0) | (polygons > 1) | follows | ~opens
    size = np.where(kept, 1 + polygons + edges, 0)
    segment = np.searchsorted(rasters.cell_start, cell, side="right") - 1
    lengths = np.bincount(segment, size, len(rasters.level)).astype(np.int64)
    return _Blocks(
        cell=cell,
        polygons=polygons,
        edges=edges,
        first=first,
        head=polygons + MORE * follows + (mask << MASK_SHIFT) + (edges << EDGE_SHIFT),
        opens=opens,
        kept=kept,
        size=size,
        place=np.cumsum(size) - size,
        word_start=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
    )


def _check_room(chains: Chains, blocks: _Blocks) -> None:
    vertices, words = int(np.diff(chains.vertex_start).max()), int(np.diff(blocks.word_start).max())
    if vertices > MOST_VERTICES or words > MOST_WORDS or int(blocks.edges.max()) >= MOST_EDGES_IN_CELL:
        raise InvalidInput("these polygons have more vertices than one segment can hold; divide them")


@dataclass(frozen=True, slots=True)
class _Owned:
    """Triples of a cell, an edge in it and a polygon which that edge bounds."""

    cell: IntArray
    edge: IntArray
    polygon: IntArray


def _owners(chains: Chains, sides: Sides, crossed: Crossed) -> _Owned:
    order = np.argsort(chains.edge_of_side, kind="stable")
    first = np.searchsorted(chains.edge_of_side[order], np.arange(len(chains.place) + 1))
    counts = np.diff(first)[crossed.edge]
    pair = np.repeat(np.arange(len(crossed.edge)), counts)
    side = order[first[crossed.edge[pair]] + _rank_in_run(pair)]
    return _Owned(crossed.cell[pair], crossed.edge[pair], sides.polygon[side])


def _slots(polygons: int, owned: _Owned, spans: Spans) -> _Slots:
    """The polygons of each cell in order, so many to a block."""
    keys = np.concatenate([owned.cell * polygons + owned.polygon, spans.cell * polygons + spans.polygon])
    keys, where = np.unique(keys, return_inverse=True)
    inside = np.zeros(len(keys), bool)
    inside[where[len(owned.cell) :]] = True
    cell, polygon = np.divmod(keys, polygons)
    rank = _rank_in_run(cell)
    return _Slots(cell, polygon, inside, np.cumsum(rank % SLOTS == 0) - 1, rank % SLOTS)


def _edge_words(chains: Chains, owned: _Owned, slots: _Slots) -> tuple[IntArray, IntArray]:
    """The edges of each block in the form that they are kept in, by block."""
    polygons = int(slots.polygon.max()) + 1
    at = np.searchsorted(slots.cell * polygons + slots.polygon, owned.cell * polygons + owned.polygon)
    edges = len(chains.place)
    # A polygon that has an edge twice, there and back, is bounded by it all the same: its bit counts once.
    triples = np.unique(np.column_stack([slots.block[at] * edges + owned.edge, slots.bit[at]]), axis=0)
    keys, where = np.unique(triples[:, 0], return_inverse=True)
    mask = np.bincount(where, 1 << triples[:, 1]).astype(np.int64)
    block, edge = np.divmod(keys, edges)
    vertex = chains.place[edge] - chains.vertex_start[chains.segment[edge]]
    return block, (vertex << VERTEX_SHIFT) + mask


def _rank_in_run(sorted_keys: IntArray) -> IntArray:
    """How many equal numbers stand before each in an array in which equals stand together."""
    new = np.ones(len(sorted_keys), bool)
    new[1:] = sorted_keys[1:] != sorted_keys[:-1]
    first = np.flatnonzero(new)
    return np.asarray(np.arange(len(sorted_keys)) - first[np.cumsum(new) - 1])
