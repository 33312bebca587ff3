"""Finding the edges that may be the nearest to a point: a search through boxes within boxes, compiled.

Distances here are straight through the earth, which puts near and far in the order of geodesics wherever the point
is. An edge, straight in degrees, bows from the straight line between its ends by less than `_bow`.
"""

import math
from typing import NamedTuple

import numpy as np

from gridmap.geo.arrays import FloatArray, IntArray
from gridmap.geo.cells import LEAF
from gridmap.geo.compiled import bare, compiled, inlined

_SEMI_MAJOR_M = 6378137.0
_ECCENTRICITY_SQUARED = 0.006694380022900787
"""Of the CGCS2000 ellipsoid, as in `measure`."""
_M_PER_DEGREE = 111_700.0
"""No degree is longer on the ellipsoid."""
_SLACK_M, _SLACK_PART = 1e-3, 1e-6
"""By how much the order of distances through the earth may differ from that of geodesics."""


class Near(NamedTuple):
    """What the search reads of an index. A ball is about a box: x, y, z of its centre and its radius in metres."""

    live: IntArray
    """The segments that count, neighbours together."""
    group_balls: FloatArray
    """About every `GROUP` live segments that follow each other."""
    segment_balls: FloatArray
    leaf_start: IntArray
    leaf_box: FloatArray
    vertex_start: IntArray
    vertices: FloatArray


GROUP = 64


@inlined
def place(lon: float, lat: float) -> tuple[float, float, float]:
    """Geocentric metres of a point on the ellipsoid."""
    east, north = math.radians(lon), math.radians(lat)
    upright = _SEMI_MAJOR_M / math.sqrt(1.0 - _ECCENTRICITY_SQUARED * math.sin(north) ** 2)
    flat = upright * math.cos(north)
    return flat * math.cos(east), flat * math.sin(east), upright * (1.0 - _ECCENTRICITY_SQUARED) * math.sin(north)


@inlined
def _clearance(px: float, py: float, pz: float, x: float, y: float, z: float, radius: float) -> float:
    """The least that a point can be from what is in a ball."""
    return math.sqrt((px - x) ** 2 + (py - y) ** 2 + (pz - z) ** 2) - radius


@compiled
def balls(box: FloatArray) -> FloatArray:
    """Balls about boxes in degrees."""
    made = np.empty((len(box), 4))
    for at in range(len(box)):
        west, south, east, north = box[at, 0], box[at, 1], box[at, 2], box[at, 3]
        made[at, 0], made[at, 1], made[at, 2] = place((west + east) / 2, (south + north) / 2)
        made[at, 3] = (abs(east - west) + abs(north - south)) / 2 * _M_PER_DEGREE + 1.0
    return made


@inlined
def _bow(length: float) -> float:
    """How far an edge can be from the straight line between its ends: the sag of an arc, twice for the parallel's."""
    return length * length / (2.0 * _SEMI_MAJOR_M)


@inlined
def _to_line(
    px: float, py: float, pz: float, a: tuple[float, float, float], b: tuple[float, float, float]
) -> tuple[float, float]:
    """The distance to the straight line between two places, and its length."""
    dx, dy, dz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    fx, fy, fz = px - a[0], py - a[1], pz - a[2]
    squared = dx * dx + dy * dy + dz * dz
    along = 0.0 if squared == 0.0 else min(1.0, max(0.0, (fx * dx + fy * dy + fz * dz) / squared))
    fx, fy, fz = fx - along * dx, fy - along * dy, fz - along * dz
    return math.sqrt(fx * fx + fy * fy + fz * fz), math.sqrt(squared)


@inlined
def _search_leaf(
    on: Near,
    s: int,
    leaf: int,
    px: float,
    py: float,
    pz: float,
    limit: float,
    found: IntArray,
    low: FloatArray,
    count: int,
) -> tuple[float, int]:
    """Lowers the limit to what an edge of the leaf reaches; counts, and writes down, those that may lie within it."""
    first = on.vertex_start[s] + (leaf - on.leaf_start[s]) * LEAF
    stop = min(first + LEAF, on.vertex_start[s + 1] - 1)
    here = place(on.vertices[first, 0], on.vertices[first, 1])
    for v in range(first, stop):
        there = place(on.vertices[v + 1, 0], on.vertices[v + 1, 1])
        distance, length = _to_line(px, py, pz, here, there)
        here = there
        # Not so with NaN, which stands between chains.
        if distance - _bow(length) <= limit:
            if count < len(found):
                found[count], low[count] = v, distance - _bow(length)
            count += 1
            limit = min(limit, (distance + _bow(length)) * (1.0 + _SLACK_PART) + _SLACK_M)
    return limit, count


@bare
def _search_segment(
    on: Near, s: int, px: float, py: float, pz: float, limit: float, found: IntArray, low: FloatArray, count: int
) -> tuple[float, int]:
    for leaf in range(on.leaf_start[s], on.leaf_start[s + 1]):
        west, south, east, north = (
            on.leaf_box[leaf, 0],
            on.leaf_box[leaf, 1],
            on.leaf_box[leaf, 2],
            on.leaf_box[leaf, 3],
        )
        x, y, z = place((west + east) / 2, (south + north) / 2)
        radius = (abs(east - west) + abs(north - south)) / 2 * _M_PER_DEGREE + 1.0
        if _clearance(px, py, pz, x, y, z, radius) <= limit:
            limit, count = _search_leaf(on, s, leaf, px, py, pz, limit, found, low, count)
    return limit, count


@compiled
def _nearest_first(
    ball: FloatArray, first: int, stop: int, px: float, py: float, pz: float
) -> tuple[FloatArray, IntArray]:
    """How far each ball is at least, and their order by that."""
    away = np.empty(stop - first)
    for at in range(first, stop):
        away[at - first] = _clearance(px, py, pz, ball[at, 0], ball[at, 1], ball[at, 2], ball[at, 3])
    return away, np.argsort(away)


@compiled
def search(on: Near, lon: float, lat: float, limit: float, found: IntArray, low: FloatArray) -> tuple[float, int]:
    """What the nearest edge is within, in metres and no more than a limit, and how many edges were near when met.

    Their first vertices are written to `found` as far as it reaches, and what they are at least away to `low`. Those
    that are at least farther away than the limit are not the nearest.
    """
    px, py, pz = place(lon, lat)
    count = 0
    groups, order = _nearest_first(on.group_balls, 0, len(on.group_balls), px, py, pz)
    for group in order:
        if groups[group] > limit:
            break
        first = group * GROUP
        stop = min(first + GROUP, len(on.live))
        away, inner = _nearest_first(on.segment_balls, first, stop, px, py, pz)
        for at in inner:
            if away[at] > limit:
                break
            limit, count = _search_segment(on, on.live[first + at], px, py, pz, limit, found, low, count)
    return limit, count
