"""GeoJSON (RFC 7946) from shapely: the one place where geometry becomes JSON."""

from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry


def geometry(shape: BaseGeometry) -> dict[str, Any]:
    """A GeoJSON geometry, outer rings counter-clockwise; a multi-polygon of one part is written as a polygon."""
    if isinstance(shape, shapely.MultiPolygon) and len(shape.geoms) == 1:
        shape = shape.geoms[0]
    if isinstance(shape, shapely.Polygon | shapely.MultiPolygon):
        shape = shapely.orient_polygons(shape)
    written: dict[str, Any] = shapely.geometry.mapping(shape)
    return written


def position(point: BaseGeometry) -> tuple[float, float]:
    """The lon, lat of a point."""
    return (float(shapely.get_x(point)), float(shapely.get_y(point)))
