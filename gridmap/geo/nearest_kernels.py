"""Finding the edges that may be the nearest to a point: a search through boxes within boxes, compiled.

Distances here are straight through the earth, which puts near and far in the order of geodesics wherever the point
is. An edge, straight in degrees, bows from the straight line between its ends by less than `_bow`.
"""

import math
from typing import NamedTuple

import numpy as np

from gridmap.geo.arrays import Float32Array, FloatArray, IntArray
from gridmap.geo.cells import LEAF, Int32Array
from gridmap.geo.compiled import bare, compiled, inlined

_SEMI_MAJOR_M = 6378137.0
_ECCENTRICITY_SQUARED = 0.006694380022900787
"""Of the CGCS2000 ellipsoid, as in `measure`."""
_M_PER_DEGREE = 111_700.0
"""No degree is longer on the ellipsoid."""
_SLACK_M, _SLACK_PART = 1e-3, 1e-6
"""By how much the order of distances through the earth may differ from that of geodesics."""
_FLATTENING = 1.0 / 298.257222101
_SEMI_MINOR_M = _SEMI_MAJOR_M * (1.0 - _FLATTENING)
_FARTHEST_M = 5e6
"""So far the series below are good to a hundredth of a millimetre."""
_ROUNDS = 12
_ROUNDED_M = 1.0
"""More than the rounding to 32 bits moves a place on the earth, half a metre at most along each axis."""


class Near(NamedTuple):
    """What the search reads of an index. A ball is about a box: x, y, z of its centre and its radius in metres."""

    live: IntArray
    """The segments that count, neighbours together."""
    group_balls: FloatArray
    """About every `GROUP` live segments that follow each other."""
    segment_balls: FloatArray
    leaf_start: IntArray
    leaf_balls: Float32Array
    vertex_start: IntArray
    vertices: FloatArray
    polygon_start: IntArray
    owner: Int32Array


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


@inlined
def _radius(west: float, south: float, east: float, north: float) -> float:
    """Of a ball about the middle of a box, with all in it: along the meridian and across it, which are square."""
    high = abs(north - south) / 2.0
    narrow = min(1.0, math.cos(math.radians((south + north) / 2.0)) + math.radians(high))
    return math.hypot(high, abs(east - west) / 2.0 * narrow) * _M_PER_DEGREE + 1.0


@compiled
def balls(box: FloatArray) -> FloatArray:
    """Balls about boxes in degrees."""
    made = np.empty((len(box), 4))
    for at in range(len(box)):
        west, south, east, north = box[at, 0], box[at, 1], box[at, 2], box[at, 3]
        made[at, 0], made[at, 1], made[at, 2] = place((west + east) / 2, (south + north) / 2)
        made[at, 3] = _radius(west, south, east, north)
    return made


def small_balls(box: FloatArray) -> Float32Array:
    """The same in half the room: what that moves a centre by is added to the radius."""
    made = balls(box)
    made[:, 3] += _ROUNDED_M
    return made.astype(np.float32)


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


@inlined
def _leaf_clearance(on: Near, leaf: int, px: float, py: float, pz: float) -> float:
    ball = on.leaf_balls
    return _clearance(px, py, pz, ball[leaf, 0], ball[leaf, 1], ball[leaf, 2], ball[leaf, 3])


@bare
def _search_segment(
    on: Near, s: int, px: float, py: float, pz: float, limit: float, found: IntArray, low: FloatArray, count: int
) -> tuple[float, int]:
    """The leaf that may be nearest first: behind it few others have to be looked into."""
    first, least = -1, limit
    for leaf in range(on.leaf_start[s], on.leaf_start[s + 1]):
        clearance = _leaf_clearance(on, leaf, px, py, pz)
        if clearance <= least:
            first, least = leaf, clearance
    if first < 0:
        return limit, count
    limit, count = _search_leaf(on, s, first, px, py, pz, limit, found, low, count)
    for leaf in range(on.leaf_start[s], on.leaf_start[s + 1]):
        if leaf != first and _leaf_clearance(on, leaf, px, py, pz) <= limit:
            limit, count = _search_leaf(on, s, leaf, px, py, pz, limit, found, low, count)
    return limit, count


@inlined
def _clearances(ball: FloatArray, first: int, stop: int, px: float, py: float, pz: float, away: FloatArray) -> None:
    """How far what is in each ball is at least."""
    for at in range(first, stop):
        away[at - first] = _clearance(px, py, pz, ball[at, 0], ball[at, 1], ball[at, 2], ball[at, 3])


@inlined
def _take_least(away: FloatArray, count: int, limit: float) -> int:
    """The place of the least that is within the limit, which is not taken again; -1 without any. Few are taken."""
    best, least = -1, limit
    for at in range(count):
        if away[at] <= least:
            best, least = at, away[at]
    if best >= 0:
        away[best] = math.nan
    return best


@compiled
def search(on: Near, lon: float, lat: float, limit: float, found: IntArray, low: FloatArray) -> tuple[float, int]:
    """What the nearest edge is within, in metres and no more than a limit, and how many edges were near when met.

    Their first vertices are written to `found` as far as it reaches, and what they are at least away to `low`. Those
    that are at least farther away than the limit are not the nearest.
    """
    px, py, pz = place(lon, lat)
    count = 0
    groups, away = np.empty(len(on.group_balls)), np.empty(GROUP)
    _clearances(on.group_balls, 0, len(groups), px, py, pz, groups)
    group = _take_least(groups, len(groups), limit)
    while group >= 0:
        first = group * GROUP
        inner = min(GROUP, len(on.live) - first)
        _clearances(on.segment_balls, first, first + inner, px, py, pz, away)
        at = _take_least(away, inner, limit)
        while at >= 0:
            limit, count = _search_segment(on, on.live[first + at], px, py, pz, limit, found, low, count)
            at = _take_least(away, inner, limit)
        group = _take_least(groups, len(groups), limit)
    return limit, count


@inlined
def geodesic_m(sin_u: float, cos_u: float, lon: float, to_lon: float, to_lat: float) -> float:
    """The length of a geodesic from a reduced latitude and a longitude (degrees), NaN where the series is not good.

    T. Vincenty, Direct and inverse solutions of geodesics on the ellipsoid, Survey Review 23 (1975).
    """
    u2 = math.atan((1.0 - _FLATTENING) * math.tan(math.radians(to_lat)))
    sin_u2, cos_u2 = math.sin(u2), math.cos(u2)
    along = math.radians(to_lon - lon)
    bent = along
    for _ in range(_ROUNDS):
        sin_l, cos_l = math.sin(bent), math.cos(bent)
        across, up = cos_u2 * sin_l, cos_u * sin_u2 - sin_u * cos_u2 * cos_l
        sin_s, cos_s = math.sqrt(across * across + up * up), sin_u * sin_u2 + cos_u * cos_u2 * cos_l
        if sin_s == 0.0:
            return 0.0 if cos_s > 0.0 else math.nan
        arc = math.atan2(sin_s, cos_s)
        sin_a = cos_u * cos_u2 * sin_l / sin_s
        squared = 1.0 - sin_a * sin_a
        middle = cos_s - 2.0 * sin_u * sin_u2 / squared if squared > 0.0 else 0.0
        c = _FLATTENING / 16.0 * squared * (4.0 + _FLATTENING * (4.0 - 3.0 * squared))
        inner = middle + c * cos_s * (2.0 * middle * middle - 1.0)
        before = bent
        bent = along + (1.0 - c) * _FLATTENING * sin_a * (arc + c * sin_s * inner)
        if abs(bent - before) < 1e-13:
            u = squared * (_SEMI_MAJOR_M**2 - _SEMI_MINOR_M**2) / _SEMI_MINOR_M**2
            a = 1.0 + u / 16384.0 * (4096.0 + u * (u * (320.0 - 175.0 * u) - 768.0))
            b = u / 1024.0 * (256.0 + u * (u * (74.0 - 47.0 * u) - 128.0))
            twice = middle * middle
            last = b / 6.0 * middle * (4.0 * sin_s * sin_s - 3.0) * (4.0 * twice - 3.0)
            bend = b * sin_s * (middle + b / 4.0 * (cos_s * (2.0 * twice - 1.0) - last))
            length = _SEMI_MINOR_M * a * (arc - bend)
            return length if length <= _FARTHEST_M else math.nan
    return math.nan


@bare
def _foot(on: Near, edge: int, lon: float, lat: float, steps: FloatArray) -> tuple[float, float]:
    """The distance to an edge, and what part of it lies before its point that is nearest."""
    u = math.atan((1.0 - _FLATTENING) * math.tan(math.radians(lat)))
    sin_u, cos_u = math.sin(u), math.cos(u)
    ax, ay = on.vertices[edge, 0], on.vertices[edge, 1]
    dx, dy = on.vertices[edge + 1, 0] - ax, on.vertices[edge + 1, 1] - ay
    best = 0.5
    for at in range(len(steps)):
        reach = steps[at]
        middle = min(max(best, reach), 1.0 - reach)
        # The square of the distance is very nearly a parabola along the edge.
        low, high = middle - reach, middle + reach
        before = geodesic_m(sin_u, cos_u, lon, ax + low * dx, ay + low * dy) ** 2
        here = geodesic_m(sin_u, cos_u, lon, ax + middle * dx, ay + middle * dy) ** 2
        after = geodesic_m(sin_u, cos_u, lon, ax + high * dx, ay + high * dy) ** 2
        bend = before - 2.0 * here + after
        best = middle if bend <= 0.0 else middle + reach * (before - after) / (2.0 * bend)
        best = min(max(best, 0.0), 1.0)
    return geodesic_m(sin_u, cos_u, lon, ax + best * dx, ay + best * dy), best


@compiled
def _owner(on: Near, edge: int) -> int:
    segment = np.searchsorted(on.vertex_start, edge, side="right") - 1
    return int(on.polygon_start[segment] + on.owner[edge])


@compiled
def find(
    on: Near, lon: float, lat: float, within_m: float, equal_m: float, steps: FloatArray, room: int
) -> tuple[int, float, int, float]:
    """The polygon whose edge is nearest, the first of equals, with the distance, the edge and the part of it before.

    -1 without any in that reach; -2 where it can't be told here: too many edges are as near, or too far.
    """
    found, low = np.empty(room, np.int64), np.empty(room)
    limit, count = search(on, lon, lat, within_m, found, low)
    if count > room:
        return -2, math.nan, -1, math.nan
    away, part = np.empty(count), np.empty(count)
    least = math.inf
    for at in range(count):
        away[at] = math.inf
        if low[at] <= limit:
            away[at], part[at] = _foot(on, found[at], lon, lat, steps)
            if not away[at] >= 0.0:
                return -2, math.nan, -1, math.nan
            least = min(least, away[at])
    best, owner = -1, -1
    for at in range(count):
        if away[at] <= least + equal_m and away[at] < math.inf:
            mine = _owner(on, found[at])
            if best < 0 or mine < owner or (mine == owner and away[at] < away[best]):
                best, owner = at, mine
    if best < 0:
        return -1, math.nan, -1, math.nan
    return owner, away[best], found[best], part[best]


@compiled
def nearest_kind(points: FloatArray, scale: float, lon: float, lat: float) -> int:
    """The kind of the nearest point of a few kilometres; -1 where a plane can't tell it. A row is x, y and a kind.

    `scale` is what a degree of longitude is of one of latitude there. What a plane errs by grows with the distance:
    all whose squares are within that of the least are the nearest, perhaps.
    """
    least = math.inf
    for at in range(len(points)):
        x, y = (points[at, 0] - lon) * scale, points[at, 1] - lat
        least = min(least, x * x + y * y)
    limit, kind = least * (1.001 + 0.05 * math.sqrt(least)), -1.0
    for at in range(len(points)):
        x, y = (points[at, 0] - lon) * scale, points[at, 1] - lat
        if x * x + y * y <= limit:
            if kind >= 0.0 and points[at, 2] != kind:
                return -1
            kind = points[at, 2]
    return int(kind)
