"""Between the two forms of geometry: what the driver hands over, and shapely's."""

import shapely
from geoalchemy2 import WKBElement
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from gridmap.db.base import SRID


def to_shapely(element: WKBElement) -> BaseGeometry:
    """The shapely geometry of a column's value, degrees in EPSG:4490, lon first."""
    data = element.data
    return shapely.from_wkb(bytes.fromhex(data) if isinstance(data, str) else bytes(data))


def to_polygons(element: WKBElement) -> MultiPolygon:
    """The shapely multi-polygon of a column that holds nothing else."""
    shape = to_shapely(element)
    if not isinstance(shape, MultiPolygon):
        raise TypeError(f"a multi-polygon column held a {shape.geom_type}")
    return shape


def from_shapely(geometry: BaseGeometry) -> WKBElement:
    """A value for a geometry column; degrees in EPSG:4490, lon first."""
    return WKBElement(shapely.to_wkb(geometry, include_srid=False), srid=SRID)
