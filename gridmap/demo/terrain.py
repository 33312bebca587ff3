"""An invented landscape: valleys that branch through every seat, ridges between them, and what a walk costs."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

from gridmap.demo.shares import stream
from gridmap.geo.arrays import FloatArray, IntArray
from gridmap.geo.lattice import to_units

ORIGIN_LON, ORIGIN_LAT = 102.75, 34.35
KM_PER_LON, KM_PER_LAT = 91.91, 110.94
"""A flat plane in km for drawing only; nothing that is answered is measured in it."""
WEST, SOUTH, EAST, NORTH = 100.35, 32.75, 105.10, 35.95
_SPACING_KM = 6.0


def to_km(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Degrees to the drawing plane, shape (n, 2)."""
    return np.column_stack([(lon - ORIGIN_LON) * KM_PER_LON, (lat - ORIGIN_LAT) * KM_PER_LAT])


def to_lattice(km: FloatArray) -> IntArray:
    """The drawing plane to whole steps of 1e-7 degree, lon and lat."""
    degrees = km / (KM_PER_LON, KM_PER_LAT) + (ORIGIN_LON, ORIGIN_LAT)
    return to_units(degrees)


def jittered(spacing_km: float, rng: np.random.Generator) -> FloatArray:
    """Points over the whole sheet, about `spacing_km` apart, none in line."""
    low, high = to_km(np.array([WEST, EAST]), np.array([SOUTH, NORTH]))
    x, y = np.meshgrid(np.arange(low[0], high[0], spacing_km), np.arange(low[1], high[1], spacing_km * 0.87))
    x = x + (np.arange(x.shape[0]) % 2)[:, None] * spacing_km / 2
    points = np.column_stack([x.ravel(), y.ravel()])
    return points + rng.uniform(-0.36, 0.36, points.shape) * spacing_km


@dataclass(frozen=True)
class Terrain:
    """Points along the valleys, the valley's direction there, and a rough surface."""

    valley: FloatArray
    direction: FloatArray
    tree: cKDTree
    waves: FloatArray

    def height(self, points: FloatArray) -> FloatArray:
        """0 in a valley's bottom, about 1 on a ridge."""
        away, _ = self.tree.query(points)
        height: FloatArray = np.clip(away / 3.2, 0.0, 1.3) + 0.22 * self._roughness(points)
        return height

    def cost(self, points: FloatArray, starts: IntArray, ends: IntArray) -> FloatArray:
        """What it costs to walk between points: ridges are dear, so that borders come to lie on them."""
        height = self.height(points)
        mean = np.clip((height[starts] + height[ends]) / 2, 0.0, None)
        cost: FloatArray = np.hypot(*(points[starts] - points[ends]).T) * (1.0 + 3.0 * mean**2)
        return cost

    def _roughness(self, points: FloatArray) -> FloatArray:
        phase = points @ self.waves[:, :2].T + self.waves[:, 2]
        rough: FloatArray = np.cos(phase) @ self.waves[:, 3]
        return rough


def make_terrain(seats: FloatArray, seed: int) -> Terrain:
    """Valleys as a tree of least length through scattered points and all seats, bent as rivers are."""
    rng = stream(seed, 2)
    points = jittered(_SPACING_KM, rng)
    near, _ = cKDTree(seats).query(points)
    nodes = np.vstack([seats, points[near > _SPACING_KM * 0.6]])
    a, b = _tree_edges(nodes, rng)
    valley, direction = _bent(nodes[a], nodes[b], rng)
    angle, length = rng.uniform(0, 2 * np.pi, 48), rng.uniform(2.5, 14.0, 48)
    waves = np.column_stack([
        np.cos(angle) * 2 * np.pi / length,
        np.sin(angle) * 2 * np.pi / length,
        rng.uniform(0, 2 * np.pi, 48),
        np.full(48, np.sqrt(2 / 48)),
    ])  # fmt: skip
    return Terrain(valley, direction, cKDTree(valley), waves)


def _tree_edges(nodes: FloatArray, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    triangles = Delaunay(nodes).simplices
    pairs = np.unique(np.sort(np.vstack([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])), axis=0)
    length = np.hypot(*(nodes[pairs[:, 0]] - nodes[pairs[:, 1]]).T) * rng.lognormal(0.0, 0.25, len(pairs))
    graph = coo_matrix((length, (pairs[:, 0], pairs[:, 1])), shape=(len(nodes), len(nodes)))
    tree = minimum_spanning_tree(graph.tocsr()).tocoo()
    return tree.row.astype(np.int64), tree.col.astype(np.int64)


def _bent(starts: FloatArray, ends: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    t = np.linspace(0.0, 1.0, 13)
    along = ends - starts
    across = np.column_stack([-along[:, 1], along[:, 0]])
    first, second, third = rng.normal(0.0, 1.0, (3, len(starts), 1)) * np.array([0.13, 0.07, 0.04])[:, None, None]
    bend = first * np.sin(np.pi * t) + second * np.sin(2 * np.pi * t) + third * np.sin(3 * np.pi * t)
    path = starts[:, None] + t[:, None] * along[:, None] + bend[:, :, None] * across[:, None]
    steps = np.gradient(path, axis=1)
    steps /= np.linalg.norm(steps, axis=2, keepdims=True)
    return path.reshape(-1, 2), steps.reshape(-1, 2)
