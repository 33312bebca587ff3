"""Sets of polygons that a lookup must not err on, and points where it would: vertices, edges and their neighbours."""

import numpy as np
import shapely
from shapely.affinity import translate

from gridmap.bench.tessellation import winding_villages
from gridmap.geo.arrays import FloatArray, Polygonal
from gridmap.geo.lattice import snap

Segments = list[list[Polygonal]]


def squares() -> Segments:
    """Four villages of nine squares of a quarter degree: sides along cells' sides, corners on corners."""
    return [
        [shapely.box(x, y, x + 0.25, y + 0.25) for y in steps_y for x in steps_x]
        for steps_y in _thirds(-0.75)
        for steps_x in _thirds(103.0)
    ]


def _thirds(start: float) -> list[list[float]]:
    return [[start + 0.25 * step for step in range(first, first + 3)] for first in (0, 3)]


def winding() -> Segments:
    """Six villages of winding grids on the lattice."""
    return [list(village) for village in winding_villages(2, 3)]


def diamonds() -> Segments:
    """Diamonds whose slanting sides have points that doubles can hold; they meet at corners and along sides."""
    shape = shapely.Polygon([(0, 1), (1, 0), (2, 1), (1, 2)])
    return [[translate(shape, x + (y % 2), y) for x in range(0, 12, 2) for y in range(row, row + 4)] for row in (0, 4)]


def enclaves() -> Segments:
    """A ring about a lake with an island that holds another, a village in three parts, and a grid within a grid."""
    outer = _cut(shapely.box(0, 0, 8, 8), shapely.Point(4, 4).buffer(3))
    island = _cut(shapely.Point(4, 4).buffer(2), shapely.box(3.5, 3.5, 4.5, 4.5))
    parts = shapely.MultiPolygon([shapely.box(9, 0, 10, 2), shapely.box(9.5, 3, 11, 5), shapely.Point(10, 7).buffer(1)])
    return [[outer, island, shapely.box(3.5, 3.5, 4.5, 4.5)], [parts, shapely.box(8, 0, 9, 8)]]


def _cut(outer: shapely.Polygon, hole: shapely.Polygon) -> shapely.Polygon:
    return shapely.Polygon(outer.exterior, [hole.exterior])


def overlapping() -> Segments:
    """Two layers that lie over each other: circles in any number over a place, twice the same one, stars."""
    random = np.random.default_rng(11)
    circles = [
        shapely.Point(*random.uniform(0, 4, 2)).buffer(random.uniform(0.3, 2.5), quad_segs=int(random.integers(1, 12)))
        for _ in range(40)
    ]
    turns = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    reach = np.where(np.arange(14) % 2, 0.5, 2.0)
    star = shapely.Polygon(np.column_stack([2 + reach * np.cos(turns), 2 + reach * np.sin(turns)]))
    return [[*circles, circles[3], star], [star, shapely.box(-1, -1, 5, 5)]]


def scattered() -> Segments:
    """Multipolygons of scattered parts with holes, some touching in a point."""
    block = _cut(shapely.box(0, 0, 1, 1), shapely.box(0.25, 0.25, 0.75, 0.75))
    return [
        [shapely.MultiPolygon([translate(block, x, x), translate(block, x + 1, x + 1), translate(block, x, x + 3)])]
        for x in range(-3, 4, 2)
    ]


def hairlines() -> Segments:
    """Long slanting sides that pass close by (0, 0), where doubles stand so close that a rounded product misjudges."""
    (west, east), (near, far) = (-17.3, 17.5), (-13.7, 13.9)
    return [
        [
            shapely.Polygon([(west, west), (east, east), (west, east)]),
            shapely.Polygon([(west, west), (east, west), (east, east)]),
        ],
        [shapely.Polygon([(near, -near), (far, -far), (far, -near)])],
    ]


SHAPES = {made.__name__: made for made in (squares, winding, diamonds, enclaves, overlapping, scattered, hairlines)}


def hard_points(segments: Segments, count: int, seed: int = 5) -> tuple[FloatArray, FloatArray]:
    """Points about the polygons: nine in ten anywhere, the tenth on vertices and sides and one double beside them."""
    random = np.random.default_rng(seed)
    polygons = np.array([polygon for segment in segments for polygon in segment], object)
    west, south, east, north = shapely.total_bounds(polygons)
    margin = (east - west) / 10
    points = random.uniform([west - margin, south - margin], [east + margin, north + margin], (count, 2))
    edges = _edges(polygons)
    chosen = edges[random.integers(len(edges), size=count // 10)]
    part = random.choice([0.0, 0.25, 0.5, 0.75, 1.0, 0.3], size=(len(chosen), 1))
    near = chosen[:, :2] + part * (chosen[:, 2:] - chosen[:, :2])
    beside = random.choice([-1, 0, 0, 0, 1], near.shape)
    near = np.where(beside == 0, near, np.nextafter(near, np.where(beside > 0, np.inf, -np.inf)))
    # GEOS loses what underflows (test_the_smallest_double_beside_a_side_is_not_on_it): no such point here.
    near[(near != 0) & (np.abs(near) < 1e-100)] = 2.0**-60
    points[: len(near)] = near
    # Points as they are typed: on the lattice.
    points[len(near) : 2 * len(near)] = snap(points[len(near) : 2 * len(near)])
    return points[:, 0].copy(), points[:, 1].copy()


def _edges(polygons: np.ndarray[tuple[int, ...], np.dtype[np.object_]]) -> FloatArray:
    rings = shapely.get_rings(shapely.get_parts(polygons))
    lines = [shapely.get_coordinates(ring) for ring in rings]
    return np.concatenate([np.hstack([line[:-1], line[1:]]) for line in lines])
