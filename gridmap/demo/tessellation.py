"""A tessellation of the sheet: cells around sites, their neighbours, and the corners where three cells meet."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix
from scipy.spatial import Delaunay, cKDTree

from gridmap.geo.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Mesh:
    """Voronoi cells. Edge e runs from corner `ends[e, 0]` to `ends[e, 1]` with cell `cells[e, 0]` on its left."""

    sites: FloatArray
    triangles: IntArray
    corners: FloatArray
    cells: IntArray
    ends: IntArray

    @cached_property
    def neighbours(self) -> csr_matrix:
        """Cells that share an edge; the value is the edge's number plus one."""
        a, b = self.cells.T
        number = np.arange(1, len(a) + 1)
        size = len(self.sites)
        return csr_matrix(
            (np.concatenate([number, number]), (np.concatenate([a, b]), np.concatenate([b, a]))), shape=(size, size)
        )


def make_mesh(sites: FloatArray) -> Mesh:
    """The cells nearest to each site; those at the rim of the sheet are open and have no complete edges."""
    delaunay = Delaunay(sites)
    triangles = delaunay.simplices.astype(np.int64)
    corners = _circumcentres(sites[triangles])
    first = np.repeat(np.arange(len(triangles)), 3)
    second = delaunay.neighbors.astype(np.int64).ravel()
    pairs = np.stack([triangles[:, [1, 2]], triangles[:, [2, 0]], triangles[:, [0, 1]]], axis=1).reshape(-1, 2)
    once = second > first
    cells, ends = pairs[once], np.column_stack([first, second])[once]
    # The cell on the left of an edge sees its first end turn counter-clockwise into its second.
    turned = cross(sites[cells[:, 1]] - sites[cells[:, 0]], corners[ends[:, 1]] - corners[ends[:, 0]]) < 0
    ends[turned] = ends[turned][:, ::-1]
    return Mesh(sites, triangles, corners, cells, ends)


def relaxed(sites: FloatArray, fixed: BoolArray, *, steps: int) -> FloatArray:
    """Sites moved to the middle of their cells (Lloyd), so that cells get rounder; `fixed` ones and the rim stay."""
    for _ in range(steps):
        mesh = make_mesh(sites)
        middle, sound = _centroids(mesh)
        move = sound & ~fixed & (np.hypot(*(middle - sites).T) < 3.0)
        sites = np.where(move[:, None], middle, sites)
    return sites


def cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """The z of the cross product, row by row."""
    z: FloatArray = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return z


def nearest(of: FloatArray, points: FloatArray) -> tuple[FloatArray, IntArray]:
    """For each point the distance to the nearest one of `of`, and that one's number."""
    distance, index = cKDTree(of).query(points)
    return np.asarray(distance, dtype=np.float64), np.asarray(index, dtype=np.int64)


def _circumcentres(corners: FloatArray) -> FloatArray:
    a, b, c = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    scale = 2.0 * cross(b, c)
    b2, c2 = (b**2).sum(axis=1), (c**2).sum(axis=1)
    x = (c[:, 1] * b2 - b[:, 1] * c2) / scale
    y = (b[:, 0] * c2 - c[:, 0] * b2) / scale
    centres: FloatArray = a + np.column_stack([x, y])
    return centres


def _centroids(mesh: Mesh) -> tuple[FloatArray, BoolArray]:
    size = len(mesh.sites)
    area, moment = np.zeros(size), np.zeros((size, 2))
    for side, sign in ((0, 1.0), (1, -1.0)):
        cell = mesh.cells[:, side]
        a, b = mesh.corners[mesh.ends[:, 0]] - mesh.sites[cell], mesh.corners[mesh.ends[:, 1]] - mesh.sites[cell]
        part = sign * cross(a, b) / 2
        area += np.bincount(cell, weights=part, minlength=size)
        for axis in (0, 1):
            moment[:, axis] += np.bincount(cell, weights=part * (a + b)[:, axis] / 3, minlength=size)
    sound = area > 0
    return mesh.sites + moment / np.where(sound, area, 1.0)[:, None], sound
