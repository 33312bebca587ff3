"""Vertices put into every border that runs through their place, so that whoever shares a border shares its vertices."""

import numpy as np
import shapely

from gridmap.geo.arrays import FloatArray, Polygonal, ShapeArray
from gridmap.geo.lattice import Frame

# Half a lattice step, less what GEOS may be off by: the place that is rounded to one vertex.
_REACH = 0.5 - 1e-6


def with_vertices(shapes: ShapeArray, vertices: FloatArray) -> ShapeArray:
    """The polygons, with a vertex in each edge that passes within half a lattice step of it; the others as given.

    Shapes and vertices are lattice degrees. What an edge gets depends on it alone, so two neighbours get the same.

    >>> triangle = shapely.Polygon([(0, 0), (0.0000003, 0.0000001), (0, 0.0000009)])
    >>> [through] = with_vertices(np.array([triangle], object), np.array([[0.0000002, 0.0000001]]))
    >>> shapely.count_coordinates(through)
    5
    """
    if not len(shapes) or not len(vertices):
        return shapes
    points = np.asarray(shapely.points(vertices), object)
    frame = Frame.around([*shapes, *points])
    places = shapely.get_coordinates(frame.units(points))
    boxes = shapely.box(places[:, 0] - _REACH, places[:, 1] - _REACH, places[:, 0] + _REACH, places[:, 1] + _REACH)
    through = _Through(places, shapely.STRtree(np.asarray(boxes, object)))
    moved = [through.polygon(shape) for shape in frame.units(shapes)]
    changed = [shape if new is None else frame.degrees(new) for shape, new in zip(shapes, moved, strict=True)]
    return np.array(changed, object)


class _Through:
    def __init__(self, places: FloatArray, tree: shapely.STRtree) -> None:
        self._places, self._tree = places, tree

    def polygon(self, shape: Polygonal) -> Polygonal | None:
        """The shape with the vertices; None when none lies on it."""
        parts, found = [], False
        for part in shapely.get_parts(shape):
            rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(part)]
            drawn = [self._ring(ring) for ring in rings]
            found |= any(len(new) != len(old) for new, old in zip(drawn, rings, strict=True))
            parts.append(shapely.Polygon(drawn[0], drawn[1:]))
        if not found:
            return None
        return shapely.MultiPolygon(parts) if isinstance(shape, shapely.MultiPolygon) else parts[0]

    def _ring(self, ring: FloatArray) -> FloatArray:
        edges = np.asarray(shapely.linestrings(np.stack([ring[:-1], ring[1:]], axis=1)), object)
        edge, point = self._tree.query(edges, predicate="intersects")
        at = self._places[point]
        inside = (at != ring[edge]).any(axis=1) & (at != ring[edge + 1]).any(axis=1)
        edge, at = edge[inside], at[inside]
        along = ((at - ring[edge]) * (ring[edge + 1] - ring[edge])).sum(axis=1)
        order = np.lexsort([along, edge])
        return np.insert(ring, edge[order] + 1, at[order], axis=0)
