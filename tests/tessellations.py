"""Wiggly tessellations on the lattice: Voronoi cells whose borders were bent, every vertex shared by its neighbours."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from scipy.spatial import Voronoi

from gridmap.geo.arrays import FloatArray, Polygonal
from gridmap.geo.coverage import CodedPolygon
from gridmap.geo.lattice import from_units

CELL = 60_000
ORIGIN = np.array([1_034_000_000, 345_000_000])


@dataclass(frozen=True)
class Tessellation:
    grids: tuple[CodedPolygon, ...]
    outline: Polygonal

    def polygon(self, index: int) -> shapely.Polygon:
        polygon = self.grids[index].geometry
        assert isinstance(polygon, shapely.Polygon)
        return polygon

    def with_grid(self, index: int, geometry: Polygonal) -> list[CodedPolygon]:
        damaged = list(self.grids)
        damaged[index] = CodedPolygon(self.grids[index].code, geometry)
        return damaged

    def neighbours(self, index: int) -> tuple[str, ...]:
        """The codes of all that touch the grid, if only in a point."""
        own = self.grids[index]
        return tuple(g.code for g in self.grids if g is not own and g.geometry.intersects(own.geometry))


@lru_cache(maxsize=64)
def tessellation(seed: int, side: int = 4, bends: int = 5, sway: float = 0.03) -> Tessellation:
    """`side` × `side` cells of about 600 m, coded from 001; each edge has so many bends, by a share of its length."""
    random = np.random.default_rng(seed)
    steps = np.arange(-2, side + 2)
    seats = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2).astype(np.float64)
    inner = np.flatnonzero(((seats >= 0) & (seats < side)).all(axis=1))
    voronoi = Voronoi((seats + random.uniform(-0.3, 0.3, seats.shape)) * CELL)
    corners = np.rint(voronoi.vertices)
    bent = {}
    for a, b in voronoi.ridge_vertices:
        if min(a, b) >= 0:
            bent[a, b] = _bent(corners[a], corners[b], bends, sway, random)
            bent[b, a] = bent[a, b][::-1]
    rings = [_ring(voronoi.regions[voronoi.point_region[seat]], corners, bent) for seat in inner]
    polygons = [shapely.Polygon(from_units((ring + ORIGIN).astype(np.int64))) for ring in rings]
    outline = shapely.coverage_union_all(polygons)
    assert isinstance(outline, shapely.Polygon)
    return Tessellation(tuple(CodedPolygon(f"{i:03d}", p) for i, p in enumerate(polygons, 1)), outline)


def _bent(start: FloatArray, end: FloatArray, bends: int, sway: float, random: np.random.Generator) -> FloatArray:
    along, length = np.linspace(0, 1, bends + 2)[1:-1, None], float(np.hypot(*(end - start)))
    across = np.array([start[1] - end[1], end[0] - start[0]]) / max(length, 1.0)
    # The bends of short edges are slight, so that no two borders cross.
    return np.asarray(
        np.rint(start + (end - start) * along + across * random.uniform(-sway, sway, (bends, 1)) * length)
    )


def _ring(region: list[int], corners: FloatArray, bent: dict[tuple[int, int], FloatArray]) -> FloatArray:
    sides = zip(region, [*region[1:], region[0]], strict=True)
    return np.vstack([np.vstack([corners[a : a + 1], bent[a, b]]) for a, b in sides])
