"""Outlines of divisions, when the grids or villages within them exchange ground."""

from collections.abc import Iterable, Mapping

import numpy as np
import shapely

from gridmap.geo.arrays import Polygonal
from gridmap.geo.lattice import Frame, snap_geometry

# In lattice units: results of GEOS are off by 1e-8, the thinnest triangle on the lattice is 5e-7 wide.
_NOISE_WIDTH = 1e-7


def union_of(shapes: Iterable[Polygonal]) -> Polygonal:
    """The area of all valid shapes together, on the lattice; every vertex on its border is kept."""
    union = shapely.union_all([shape for shape in shapes if shape.is_valid])
    return snap_geometry(union).geometry if isinstance(union, Polygonal) else shapely.MultiPolygon()


def cover_the_same(left: Polygonal, right: Polygonal) -> bool:
    """Whether two areas are one and the same, whatever vertices they have on straight sides."""
    frame = Frame.around([left, right])
    a, b = frame.units(np.array([left, right], object))
    parts = shapely.get_parts(shapely.symmetric_difference(a, b))
    return not any(2 * part.area > _NOISE_WIDTH * part.length for part in parts)


def moved_outlines(
    outlines: Mapping[str, Polygonal | None], shapes: Mapping[str, Iterable[Polygonal]]
) -> dict[str, Polygonal]:
    """The unions of the grids of each village, where that is not the outline it has."""
    moved: dict[str, Polygonal] = {}
    for village, outline in outlines.items():
        union = union_of(shapes.get(village, ()))
        if not union.is_empty and (outline is None or not cover_the_same(union, outline)):
            moved[village] = union
    return moved


def parent_outline(parent: Polygonal, before: Iterable[Polygonal], after: Iterable[Polygonal]) -> Polygonal | None:
    """The outline of a division when the outlines of some parts of it change; None when theirs together stay as is."""
    old, new = union_of(before), union_of(after)
    if cover_the_same(old, new):
        return None
    return union_of([_polygons(shapely.difference(parent, old)), new])


def _polygons(shape: shapely.Geometry) -> Polygonal:
    return shapely.MultiPolygon([p for p in shapely.get_parts(shape) if isinstance(p, shapely.Polygon)])
