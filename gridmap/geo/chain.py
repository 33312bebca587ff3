"""Borders as directed edges that cancel: an exact proof that polygons tile an outline, by comparing vertices only.

Every ring runs with its polygon on the left. An edge shared by two neighbours then occurs once each way and cancels.
If what is left over is exactly the outline's own edges, every point (but those on the lines) is covered as often by the
polygons as by the outline: once inside and never outside. No arithmetic is done on coordinates, so nothing rounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from gridmap.geo.arrays import BoolArray, FloatArray, IntArray, Polygonal, ShapeArray

OUTLINE = -1
"""The owner of an edge of the outline."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Directed edges, one a row: where it starts and ends, and the index of its polygon."""

    start: FloatArray
    end: FloatArray
    owner: IntArray

    def __len__(self) -> int:
        return len(self.owner)

    def take(self, rows: BoolArray) -> "Edges":
        """The edges of those rows."""
        return Edges(self.start[rows], self.end[rows], self.owner[rows])

    def lines(self) -> ShapeArray:
        """Each as a line of two points."""
        return np.asarray(shapely.linestrings(np.stack([self.start, self.end], axis=1)), object)


def edges_of(polygons: ShapeArray) -> Edges:
    """All edges of valid polygons, each polygon on the left of its edges; repeated vertices make none."""
    # Of a multi-polygon get_rings returns nothing at all, without a word.
    parts, owner = shapely.get_parts(shapely.orient_polygons(polygons), return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    owners = owner[part]
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    real = (ring[1:] == ring[:-1]) & (xy[1:] != xy[:-1]).any(axis=1)
    return Edges(xy[:-1][real], xy[1:][real], owners[ring[:-1][real]])


def unmatched_edges(polygons: ShapeArray, outline: Polygonal | None) -> Edges:
    """The edges that do not cancel, the outline's (turned round, owned by OUTLINE) among them."""
    edges = edges_of(polygons)
    if outline is not None:
        border = edges_of(np.array([outline], object))
        edges = Edges(
            np.concatenate([edges.start, border.end]),
            np.concatenate([edges.end, border.start]),
            np.concatenate([edges.owner, np.full(len(border), OUTLINE)]),
        )
    return edges.take(~_cancelled(edges))


def tiles(polygons: Sequence[Polygonal], outline: Polygonal) -> bool:
    """Whether valid polygons tile the outline exactly and neighbours share identical vertices.

    >>> west, east = shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)
    >>> whole = shapely.coverage_union(west, east)
    >>> tiles([west, east], whole), tiles([west], whole), tiles([west, west, east], whole)
    (True, False, False)
    >>> tiles([shapely.MultiPolygon([west])], shapely.MultiPolygon([whole]))
    False
    """
    shapes = np.array([*polygons, outline], object)
    if not shapely.is_valid(shapes).all():
        return False
    return len(unmatched_edges(shapes[:-1], outline)) == 0


def _cancelled(edges: Edges) -> BoolArray:
    """Which edges are met by as many in the other direction as go their own way."""
    if not len(edges):
        return np.zeros(0, np.bool_)
    ends = np.concatenate([edges.start, edges.end]) + 0.0
    # Compared as complex numbers, which numpy sorts ten times faster than rows.
    _, vertex = np.unique(ends.view(np.complex128).ravel(), return_inverse=True)
    first, last = vertex.reshape(2, -1)
    low, high = np.minimum(first, last), np.maximum(first, last)
    _, pair = np.unique(low * len(ends) + high, return_inverse=True)
    balance = np.bincount(pair, weights=np.where(first < last, 1, -1))
    return np.asarray(balance[pair] == 0)
