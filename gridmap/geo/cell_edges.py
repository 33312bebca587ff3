"""The edges of polygons, each that neighbours share kept once in a chain of vertices, and the rings as runs of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from gridmap.errors import InvalidInput
from gridmap.geo.arrays import BoolArray, FloatArray, IntArray, Polygonal
from gridmap.geo.cells import Int32Array

_FARTHEST = 1e9


@dataclass(frozen=True, slots=True)
class Sides:
    """Every edge of every ring in order: an edge that two polygons share is two sides."""

    start: FloatArray
    end: FloatArray
    segment: IntArray
    polygon: IntArray
    """Counted in the segment."""
    ring: IntArray
    ring_start: IntArray
    """Where each segment's rings begin."""
    ring_polygon: Int32Array
    ring_hole: BoolArray
    box: FloatArray
    """Per polygon: west, south, east, north."""


@dataclass(frozen=True, slots=True)
class Chains:
    """The edges, each once, as chains of vertices with NaN behind each, segment by segment."""

    vertices: FloatArray
    vertex_start: IntArray
    owner: Int32Array
    edge_of_side: IntArray
    """Per side the edge it lies on."""
    forward: BoolArray
    """Whether a side runs along its edge as the chain does."""
    place: IntArray
    """Per edge the place of its first vertex in `vertices`."""
    segment: IntArray
    """Per edge."""


def read_sides(polygons: Sequence[Polygonal], counts: IntArray) -> Sides:
    """The sides of polygons of which each segment has so many. Raises InvalidInput as `build_cells` says."""
    shapes = shapely.force_2d(np.array(polygons, object))
    if shapely.is_empty(shapes).any():
        raise InvalidInput("an empty polygon can't be looked up")
    # Told that all are multipolygons, the ragged arrays have the three levels below whatever the input mixes.
    _, coords, (ring_at, part_at, polygon_at) = _ragged(shapes)
    # Written and decided with one zero: -0.0 would be another vertex than 0.0.
    coords = coords + 0.0
    if not (np.abs(coords) <= _FARTHEST).all():
        raise InvalidInput("a vertex is no number, or too far out for any coordinate system")
    polygon_of_ring = np.repeat(np.arange(len(shapes)), np.diff(part_at[polygon_at]))
    first_of_segment = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    segment_of_polygon = np.repeat(np.arange(len(counts)), counts)
    ring_hole = np.ones(len(ring_at) - 1, bool)
    ring_hole[part_at[:-1]] = False
    ring = np.repeat(np.arange(len(ring_at) - 1), np.diff(ring_at) - 1)
    begin = np.delete(np.arange(len(coords)), ring_at[1:] - 1)
    in_segment = np.arange(len(shapes)) - first_of_segment[segment_of_polygon]
    return Sides(
        start=coords[begin],
        end=coords[begin + 1],
        segment=segment_of_polygon[polygon_of_ring[ring]],
        polygon=in_segment[polygon_of_ring[ring]],
        ring=ring,
        ring_start=part_at[polygon_at][first_of_segment].astype(np.int64),
        ring_polygon=in_segment[polygon_of_ring].astype(np.int32),
        ring_hole=ring_hole,
        box=shapely.bounds(shapes),
    )


def _ragged(shapes: np.ndarray[tuple[int, ...], np.dtype[np.object_]]) -> tuple[object, FloatArray, list[IntArray]]:
    parts = [shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape]) for shape in shapes]
    kind, coords, offsets = shapely.to_ragged_array(parts)
    return kind, np.asarray(coords, np.float64), [np.asarray(offset, np.int64) for offset in offsets or ()]


def chain(sides: Sides, segments: int) -> Chains:
    """Each edge once, where the first side that has it stands; sides that follow one another make a chain."""
    first_side, edge_of_side, forward = _distinct(sides)
    in_order = np.argsort(first_side)
    rank = np.empty_like(in_order)
    rank[in_order] = np.arange(len(in_order))
    first_side = first_side[in_order]
    edge_of_side = rank[edge_of_side]
    ring = sides.ring[first_side]
    opens = np.ones(len(first_side), bool)
    opens[1:] = (np.diff(first_side) != 1) | (np.diff(ring) != 0)
    number = np.cumsum(opens) - 1
    place = np.arange(len(first_side)) + 2 * number
    closes = np.append(opens[1:], True)
    vertices = np.full((len(first_side) + 2 * int(opens.sum()), 2), np.nan)
    vertices[place] = sides.start[first_side]
    vertices[place[closes] + 1] = sides.end[first_side[closes]]
    # A side is first where it has the lowest polygon of its edge: polygons stand in order.
    owner = np.full(len(vertices), -1, np.int32)
    owner[place] = sides.polygon[first_side]
    segment = sides.segment[first_side]
    lengths = np.bincount(segment, minlength=segments) + 2 * np.bincount(segment[opens], minlength=segments)
    return Chains(
        vertices=vertices,
        vertex_start=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        owner=owner,
        edge_of_side=edge_of_side,
        forward=forward == forward[first_side][edge_of_side],
        place=place,
        segment=segment,
    )


def _distinct(sides: Sides) -> tuple[IntArray, IntArray, BoolArray]:
    """For each edge the first side on it, for each side its edge, and whether it runs from its smaller vertex."""
    ends = np.concatenate([sides.start, sides.end])
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    ends = ends[order]
    vertex = np.empty(len(order), np.int64)
    vertex[order] = np.cumsum(np.concatenate([[False], (ends[1:] != ends[:-1]).any(axis=1)]))
    begin, end = vertex[: len(sides.start)], vertex[len(sides.start) :]
    low, high = np.minimum(begin, end), np.maximum(begin, end)
    order = np.lexsort((high, low, sides.segment))
    keys = np.column_stack([sides.segment, low, high])[order]
    new = np.concatenate([[True], (keys[1:] != keys[:-1]).any(axis=1)])
    edge_of_side = np.empty(len(order), np.int64)
    edge_of_side[order] = np.cumsum(new) - 1
    # lexsort is stable, so that the first of equals is the side that comes first.
    return order[new], edge_of_side, begin <= end


def runs(sides: Sides, chains: Chains, segments: int) -> tuple[Int32Array, Int32Array, IntArray]:
    """How many runs each ring has, the runs as pairs of vertices, and where each segment's runs begin."""
    base = chains.vertex_start[sides.segment]
    place = chains.place[chains.edge_of_side] - base
    step = np.where(chains.forward, 1, -1)
    opens = np.ones(len(place), bool)
    follows = (np.diff(sides.ring) == 0) & (np.diff(step) == 0) & (np.diff(place) == step[1:])
    opens[1:] = ~follows
    closes = np.append(opens[1:], True)
    first = np.where(chains.forward, place, place + 1)[opens]
    last = np.where(chains.forward, place + 1, place)[closes]
    ring_runs = np.bincount(sides.ring[opens], minlength=len(sides.ring_polygon)).astype(np.int32)
    run_counts = np.bincount(sides.segment[opens], minlength=segments)
    run_start = np.concatenate([[0], np.cumsum(run_counts)]).astype(np.int64)
    return ring_runs, np.column_stack([first, last]).astype(np.int32), run_start
