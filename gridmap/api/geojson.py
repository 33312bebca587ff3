"""GeoJSON (RFC 7946) from shapely: the one place where geometry becomes JSON."""

from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.errors import FieldError, InvalidInput


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


def polygons(given: dict[str, Any] | None, where: str) -> shapely.MultiPolygon:
    """The polygons of a GeoJSON geometry in degrees, valid or not, heights dropped; empty for null.

    Raises InvalidInput that names the place for other kinds of geometry, rings that are no rings, and numbers that
    are no coordinates.
    """
    if given is None:
        return shapely.MultiPolygon()
    if given.get("type") not in {"Polygon", "MultiPolygon"}:
        raise _refused(where, f"a Polygon or MultiPolygon is wanted, not {given.get('type')!r}")
    try:
        shape = shapely.force_2d(shapely.geometry.shape(given))
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, shapely.errors.ShapelyError):
        raise _refused(where, "its coordinates are not those of a polygon: rings of four positions and more") from None
    lon, lat = shapely.get_coordinates(shape).T
    # NaN compares false: what can't be shown to be in range is not.
    if not bool(((abs(lon) <= 180) & (abs(lat) <= 90)).all()):
        raise _refused(where, "lon, lat in degrees are wanted; is it lat, lon, or a projected system?")
    return shapely.MultiPolygon([part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)])


def _refused(where: str, message: str) -> InvalidInput:
    return InvalidInput(f"{where}: {message}", errors=[FieldError(where, message)])
