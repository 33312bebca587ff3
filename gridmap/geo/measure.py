"""Geodesic areas, lengths, distances and circles on the CGCS2000 ellipsoid: the same answers as PostGIS `geography`."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.errors import FieldError, InvalidInput
from gridmap.geo.arrays import FloatArray, Polygonal, as_pair
from gridmap.geo.lonlat import BBox, LonLat

SEMI_MAJOR_M = 6378137.0
INVERSE_FLATTENING = 298.257222101

_GEOD = pyproj.Geod(a=SEMI_MAJOR_M, rf=INVERSE_FLATTENING)
# A side straight in degrees bows from the geodesic between its ends by less than 1 mm when it is this short.
_SHORT_DEG = 0.002
_CIRCLE_SIDES = 180


def area_m2(geometry: Polygonal) -> float:
    """The area of the polygons, holes taken off, whatever the direction of their rings.

    >>> round(area_m2(shapely.box(103.5, 34.5, 103.51, 34.51)))
    1018734
    """
    polygons = shapely.get_parts(geometry)
    return float(sum(_ring_area_m2(p.exterior) - sum(map(_ring_area_m2, p.interiors)) for p in polygons))


def areas_m2(geometries: Iterable[Polygonal]) -> FloatArray:
    """The area of each, in order."""
    return np.array([area_m2(geometry) for geometry in geometries], np.float64)


def length_m(geometry: BaseGeometry) -> float:
    """The length of lines, or of the rings of polygons; 0 for points.

    >>> round(length_m(shapely.LineString([(103.5, 34.5), (103.51, 34.5)])), 3)
    918.4
    """
    if shapely.get_dimensions(geometry) == 2:
        geometry = shapely.boundary(geometry)
    lines = (shapely.get_coordinates(line) for line in shapely.get_parts(geometry))
    return float(sum(_GEOD.line_length(line[:, 0], line[:, 1]) for line in lines if len(line) > 1))


def distance_m(lon1: npt.ArrayLike, lat1: npt.ArrayLike, lon2: npt.ArrayLike, lat2: npt.ArrayLike) -> FloatArray:
    """Metres along the geodesic between points, element by element; NaN where a coordinate is.

    >>> round(float(distance_m(103.5, 34.5, 103.5, 34.51)), 3)
    1109.315
    """
    return _inverse(lon1, lat1, lon2, lat2)[1]


def bearing_deg(lon1: npt.ArrayLike, lat1: npt.ArrayLike, lon2: npt.ArrayLike, lat2: npt.ArrayLike) -> FloatArray:
    """The direction at the first point towards the second, in degrees clockwise from north, 0 to below 360.

    >>> float(bearing_deg(103.5, 34.5, 103.5, 34.4))
    180.0
    """
    return np.asarray(_inverse(lon1, lat1, lon2, lat2)[0] % 360.0)


def metres_per_degree(lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """How many metres a degree of longitude and one of latitude are at a latitude.

    For shapes so small that a geodesic area, good to 1 cm², has too few digits left, and for telling widths.

    >>> lon_m, lat_m = metres_per_degree(34.5)
    >>> print(round(float(lon_m), 1), round(float(lat_m), 1))
    91840.0 110931.4
    """
    squared = (2 - 1 / INVERSE_FLATTENING) / INVERSE_FLATTENING
    radians = np.radians(np.asarray(lat, np.float64))
    bent = 1 - squared * np.sin(radians) ** 2
    lon_m = np.radians(SEMI_MAJOR_M) * np.cos(radians) / np.sqrt(bent)
    return lon_m, np.radians(SEMI_MAJOR_M) * (1 - squared) / bent**1.5


@dataclass(frozen=True, slots=True)
class Nearest:
    """The polygon nearest to a point: its place in the list, how far it is, and its point that is nearest."""

    index: int
    distance_m: float
    at: LonLat


def find_nearest(point: LonLat, polygons: Sequence[Polygonal]) -> Nearest | None:
    """The nearest of the polygons, the first of equals, to 1 mm; distance 0 when it covers the point; None without any.

    Looks at every vertex: callers choose candidates by an index.
    """
    filled = [index for index, polygon in enumerate(polygons) if not polygon.is_empty]
    if not filled:
        return None
    # In an azimuthal equidistant plane the distance from its centre is the geodesic one, in every direction.
    plane = pyproj.Proj(proj="aeqd", lon_0=point.lon, lat_0=point.lat, a=SEMI_MAJOR_M, rf=INVERSE_FLATTENING)
    short = shapely.segmentize(np.array([polygons[index] for index in filled], object), _SHORT_DEG)
    flat = shapely.transform(short, lambda xy: np.column_stack(plane(xy[:, 0], xy[:, 1])))
    centre = shapely.Point(0, 0)
    best = int(np.argmin(shapely.distance(flat, centre)))
    foot = shapely.get_coordinates(shapely.shortest_line(flat[best], centre))[0]
    lon, lat = plane(foot[0], foot[1], inverse=True)
    if polygons[filled[best]].covers(shapely.Point(point.lon, point.lat)):
        return Nearest(filled[best], 0.0, point)
    return Nearest(filled[best], float(distance_m(point.lon, point.lat, lon, lat)), LonLat(lon, lat))


def nearest_distance_m(point: LonLat, polygons: Sequence[Polygonal]) -> float | None:
    """Metres to the nearest of the polygons, 0 inside one or on its border; None without any.

    >>> round(nearest_distance_m(LonLat(103.5, 34.49), [shapely.box(103.4, 34.5, 103.6, 34.6)]), 3)
    1109.314
    """
    nearest = find_nearest(point, polygons)
    return None if nearest is None else nearest.distance_m


def box_about(point: LonLat, radius_m: float) -> BBox:
    """A box that surely holds the circle about a point; cut off at the poles and at the antimeridian.

    >>> box_about(LonLat(103.5, 34.5), 1000.0)
    BBox(west=103.48899, south=34.49093, east=103.51101, north=34.50907)
    """
    # A degree of latitude is never shorter than 110,500 m, one of longitude never shorter than that times the cosine.
    reach_lat = radius_m * 1.001 / 110_500 + 1e-5
    farthest = min(abs(point.lat) + reach_lat, 90.0)
    narrow = math.cos(math.radians(farthest))
    reach_lon = 360.0 if narrow < 1e-3 else reach_lat / narrow
    return BBox(
        max(round(point.lon - reach_lon, 5), -180.0),
        max(round(point.lat - reach_lat, 5), -90.0),
        min(round(point.lon + reach_lon, 5), 180.0),
        min(round(point.lat + reach_lat, 5), 90.0),
    )


def buffer_m(point: LonLat, radius_m: float) -> shapely.Polygon:
    """The circle about a point as a polygon of 180 sides, everywhere within 0.01 % of the radius.

    Raises InvalidInput for a radius that is not above 0 and at most 100 km, and within reach of a pole.
    """
    if not 0 < radius_m <= 100_000:
        message = f"a radius of {radius_m:g} m can't be used; above 0 and at most 100000 m are"
        raise InvalidInput(message, errors=[FieldError("radius_m", message)])
    if abs(point.lat) > 88:
        raise InvalidInput("no circle is drawn at a pole", errors=[FieldError("lat", "within 2 degrees of a pole")])
    # The corners lie as far outside the circle as the middles of the sides lie inside.
    corner_m = radius_m * 2 / (1 + np.cos(np.pi / _CIRCLE_SIDES))
    count = np.arange(_CIRCLE_SIDES)
    lons, lats, _ = _GEOD.fwd(
        np.full(count.shape, point.lon),
        np.full(count.shape, point.lat),
        -360.0 / _CIRCLE_SIDES * count,
        np.full(count.shape, corner_m),
    )
    # Unwrapped about the centre, so that a circle on the antimeridian stays one ring.
    return shapely.Polygon(np.column_stack([point.lon + (lons - point.lon + 180) % 360 - 180, lats]))


def _ring_area_m2(ring: shapely.LinearRing) -> float:
    xy = shapely.get_coordinates(ring)
    return abs(float(_GEOD.polygon_area_perimeter(xy[:, 0], xy[:, 1])[0]))


def _inverse(
    lon1: npt.ArrayLike, lat1: npt.ArrayLike, lon2: npt.ArrayLike, lat2: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Forward azimuth and distance. Geod refuses arrays that differ in shape."""
    x1, y1 = as_pair(lon1, lat1)
    x2, y2 = as_pair(lon2, lat2)
    x1, y1, x2, y2 = np.broadcast_arrays(x1, y1, x2, y2)
    azimuth, _, distance = _GEOD.inv(x1.ravel(), y1.ravel(), x2.ravel(), y2.ravel())
    return np.asarray(azimuth).reshape(x1.shape), np.asarray(distance).reshape(x1.shape)
