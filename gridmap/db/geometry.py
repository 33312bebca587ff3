"""Between the two forms of geometry: what the driver hands over, and shapely's."""

import shapely
from geoalchemy2 import WKBElement
from shapely.geometry.base import BaseGeometry

from gridmap.db.base import SRID


def to_shapely(element: WKBElement) -> BaseGeometry:
    """The shapely geometry of a column's value, degrees in EPSG:4490, lon first."""
    data = element.data
    return shapely.from_wkb(bytes.fromhex(data) if isinstance(data, str) else bytes(data))


def from_shapely(geometry: BaseGeometry) -> WKBElement:
    """A value for a geometry column; degrees in EPSG:4490, lon first."""
    return WKBElement(shapely.to_wkb(geometry, include_srid=False), srid=SRID)
