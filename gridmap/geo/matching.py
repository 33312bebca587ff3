"""Brings borders that nearly coincide onto the same vertices: merges near vertices, inserts those a neighbour lacks.

Works in a local frame of whole units. Only ends of unmatched edges move, so what matched before is left as it was.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.geo import chain
from gridmap.geo.arrays import FloatArray, Polygonal, ShapeArray
from gridmap.geo.pieces import valid_areas

_Vertex = tuple[float, float]
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Matcher:
    """What may move how far: nothing of the outline, nor of the polygons in `fixed` (by index)."""

    outline: Polygonal | None
    fixed: frozenset[int]
    tolerance_m: float
    unit_m: FloatArray
    """Metres of a unit along x and y."""

    def match(self, polygons: ShapeArray) -> ShapeArray:
        """The polygons with near vertices merged and missing ones inserted, as far as the tolerance goes."""
        polygons = shapely.orient_polygons(polygons)
        for _ in range(_ROUNDS):
            unmatched = chain.unmatched_edges(polygons, self.outline)
            if not len(unmatched):
                break
            moves = self._merged(self._owners(polygons, unmatched))
            moved = _moved(polygons, moves)
            pulled = _moved(moved, self._pulled(chain.unmatched_edges(moved, self.outline)))
            inserted = self._inserted(pulled)
            if shapely.equals_identical(inserted, polygons).all():
                break
            polygons = shapely.orient_polygons(valid_areas(inserted))
        return polygons

    def _is_fixed(self, owners: set[int]) -> bool:
        return chain.OUTLINE in owners or not self.fixed.isdisjoint(owners)

    def _owners(self, polygons: ShapeArray, unmatched: chain.Edges) -> dict[_Vertex, set[int]]:
        """Who has a vertex at each end of an unmatched edge, those included whose edges there all match."""
        ends = {(x, y) for x, y in np.concatenate([unmatched.start, unmatched.end]).tolist()}
        owners: dict[_Vertex, set[int]] = {end: set() for end in ends}
        edges = chain.edges_of(polygons)
        shapes = [(edges.start, edges.owner), (unmatched.start, unmatched.owner), (unmatched.end, unmatched.owner)]
        for places, who in shapes:
            for (x, y), owner in zip(places.tolist(), who.tolist(), strict=True):
                if (x, y) in owners:
                    owners[x, y].add(owner)
        return owners

    def _merged(self, owners: dict[_Vertex, set[int]]) -> dict[_Vertex, _Vertex]:
        """For each vertex that gives way: where it goes. The nearest pairs come first.

        The one that more polygons share stays; nobody's own two vertices are merged, so no detail is lost.
        """
        from scipy.spatial import KDTree  # noqa: PLC0415 - slow to import, and repairs are rare

        places = sorted(owners)
        if not places:
            return {}
        metric = np.array(places) * self.unit_m
        pairs = KDTree(metric).query_pairs(self.tolerance_m, output_type="ndarray")
        distances = np.hypot(*(metric[pairs[:, 0]] - metric[pairs[:, 1]]).T)
        held = {place: set(who) for place, who in owners.items()}
        moves: dict[_Vertex, _Vertex] = {}
        for row in np.lexsort((pairs[:, 1], pairs[:, 0], distances)).tolist():
            first, second = places[pairs[row, 0]], places[pairs[row, 1]]
            if first in moves or second in moves or held[first] & held[second]:
                continue
            stays, goes = sorted((first, second), key=lambda place: self._rank(owners[place]), reverse=True)
            if not self._is_fixed(held[goes]):
                moves[goes] = stays
                held[stays] |= held[goes]
        return {goes: _last(moves, goes) for goes in moves}

    def _rank(self, owners: set[int]) -> tuple[bool, int, int]:
        """Fixed before free, shared by many before shared by few, the lowest code's before others'."""
        return self._is_fixed(owners), len(owners), -min(owners, default=0)

    def _pulled(self, unmatched: chain.Edges) -> dict[_Vertex, _Vertex]:
        """Free vertices near a fixed edge: to the lattice point on it, where the edge will get a vertex."""
        is_fixed = np.isin(unmatched.owner, [chain.OUTLINE, *self.fixed])
        fixed, free = unmatched.take(is_fixed), unmatched.take(~is_fixed)
        taken = {(x, y) for x, y in np.concatenate([fixed.start, fixed.end]).tolist()}
        steps = fixed.end - fixed.start
        near = [
            (vertex, _vertex(np.rint(fixed.start[edge] + along * steps[edge])))
            for vertex, edge, along in self._near(free, fixed)
        ]
        return {vertex: target for vertex, target in near if vertex not in taken and target != vertex}

    def _inserted(self, polygons: ShapeArray) -> ShapeArray:
        """Vertices of others near a free edge become vertices of it."""
        unmatched = chain.unmatched_edges(polygons, self.outline)
        free = unmatched.take(~np.isin(unmatched.owner, [chain.OUTLINE, *self.fixed]))
        missing: dict[tuple[int, _Vertex, _Vertex], list[tuple[float, _Vertex]]] = defaultdict(list)
        has = self._owners(polygons, unmatched)
        for vertex, edge, along in self._near(unmatched, free):
            owner = int(free.owner[edge])
            if owner not in has[vertex]:
                missing[owner, _vertex(free.start[edge]), _vertex(free.end[edge])].append((along, vertex))
        changed = polygons.copy()
        for owner in {key[0] for key in missing}:
            changed[owner] = _with_vertices(polygons[owner], owner, missing)
        return changed

    def _near(self, ends: chain.Edges, edges: chain.Edges) -> list[tuple[_Vertex, int, float]]:
        """Vertices at the ends of some edges that stand within the tolerance beside others, and how far along."""
        if not len(ends) or not len(edges):
            return []
        places = np.unique(np.concatenate([ends.start, ends.end]), axis=0)
        start, end = edges.start * self.unit_m, edges.end * self.unit_m
        tree = shapely.STRtree(np.asarray(shapely.linestrings(np.stack([start, end], axis=1)), object))
        points = np.asarray(shapely.points(places * self.unit_m), object)
        point, edge = tree.query(points, predicate="dwithin", distance=self.tolerance_m)
        side = (end - start)[edge]
        along = ((places[point] * self.unit_m - start[edge]) * side).sum(axis=1) / (side**2).sum(axis=1)
        beside = (along > 0) & (along < 1)
        return [
            (_vertex(places[p]), int(e), float(a))
            for p, e, a in zip(point[beside].tolist(), edge[beside].tolist(), along[beside].tolist(), strict=True)
        ]


def _last(moves: dict[_Vertex, _Vertex], goes: _Vertex) -> _Vertex:
    while goes in moves:
        goes = moves[goes]
    return goes


def _vertex(place: FloatArray) -> _Vertex:
    x, y = (place + 0.0).tolist()
    return x, y


def _moved(polygons: ShapeArray, moves: dict[_Vertex, _Vertex]) -> ShapeArray:
    if not moves:
        return polygons

    def move(xy: FloatArray) -> FloatArray:
        return np.array([moves.get((x, y), (x, y)) for x, y in xy.tolist()])

    touched: ShapeArray = polygons.copy()
    near = shapely.STRtree(polygons).query(shapely.MultiPoint(list(moves)), predicate="intersects")
    touched[near] = shapely.transform(polygons[near], move)
    return touched


def _with_vertices(
    polygon: Polygonal, owner: int, missing: dict[tuple[int, _Vertex, _Vertex], list[tuple[float, _Vertex]]]
) -> BaseGeometry:
    def ring(line: shapely.LinearRing) -> list[_Vertex]:
        places: list[_Vertex] = [(x, y) for x, y in shapely.get_coordinates(line).tolist()]
        full = places[:1]
        for start, end in pairwise(places):
            full += [vertex for _, vertex in sorted(missing.get((owner, start, end), []))]
            full.append(end)
        return full

    parts = [
        shapely.Polygon(ring(part.exterior), [ring(line) for line in part.interiors])
        for part in shapely.get_parts(polygon)
    ]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
