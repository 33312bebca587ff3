"""Metres on the ellipsoid, against the flat answer of a projection and against brute force."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.errors import InvalidInput
from gridmap.geo.crs import Crs, from_lonlat
from gridmap.geo.lonlat import LonLat
from gridmap.geo.measure import (
    area_m2,
    areas_m2,
    bearing_deg,
    buffer_m,
    distance_m,
    find_nearest,
    length_m,
    nearest_distance_m,
)

NEAR = st.builds(LonLat, st.floats(103.3, 103.7), st.floats(34.3, 34.7))


def _in_metres(polygon: shapely.Polygon) -> shapely.Polygon:
    """In 3° Gauss-Krüger, at most 0.05 % off near its meridian."""
    crs = Crs.parse("EPSG:4544")
    flat: shapely.Polygon = shapely.transform(polygon, lambda xy: np.column_stack(from_lonlat(crs, xy[:, 0], xy[:, 1])))
    return flat


def test_an_area_agrees_with_the_projection_and_leaves_out_holes() -> None:
    square, hole = shapely.box(103.5, 34.5, 103.6, 34.6), shapely.box(103.52, 34.52, 103.53, 34.53)
    assert area_m2(square) == pytest.approx(_in_metres(square).area, rel=5e-4)
    holed = shapely.Polygon(square.exterior, [hole.exterior])
    assert area_m2(holed) == pytest.approx(area_m2(square) - area_m2(hole), abs=1e-3)
    assert area_m2(shapely.MultiPolygon([square, shapely.box(104, 34, 104.1, 34.1)])) > area_m2(square)


def test_the_direction_of_a_ring_does_not_matter() -> None:
    square = shapely.box(103.5, 34.5, 103.6, 34.6)
    assert areas_m2([square, square.reverse(), shapely.Polygon()]).tolist() == [area_m2(square), area_m2(square), 0.0]


def test_lengths() -> None:
    line = shapely.LineString([(103.5, 34.5), (103.5, 34.6), (103.6, 34.6)])
    parts = distance_m([103.5, 103.5], [34.5, 34.6], [103.5, 103.6], 34.6)
    assert length_m(line) == pytest.approx(float(parts.sum()))
    assert length_m(shapely.box(103.5, 34.5, 103.6, 34.6)) == pytest.approx(
        length_m(shapely.box(103.5, 34.5, 103.6, 34.6).exterior)
    )
    assert length_m(shapely.MultiLineString([line, line])) == pytest.approx(2 * length_m(line))
    assert length_m(shapely.Point(1, 2)) == 0


def test_bearings_go_clockwise_from_north() -> None:
    bearings = bearing_deg(103.5, 34.5, [103.5, 103.6, 103.5, 103.4], [34.6, 34.5, 34.4, 34.5])
    assert bearings == pytest.approx([0, 90, 180, 270], abs=0.1)


@settings(max_examples=40)
@given(NEAR, st.lists(st.builds(lambda p: (p.lon, p.lat), NEAR), min_size=3, max_size=8))
def test_the_nearest_distance_is_that_of_a_dense_border(point: LonLat, corners: list[tuple[float, float]]) -> None:
    hull = shapely.MultiPoint(corners).convex_hull
    if not isinstance(hull, shapely.Polygon):
        return
    found = nearest_distance_m(point, [hull])
    assert found is not None
    if hull.covers(shapely.Point(point.lon, point.lat)):
        assert found == 0
        return
    border = shapely.get_coordinates(shapely.segmentize(hull.exterior, 0.0005))
    brute = float(distance_m(point.lon, point.lat, border[:, 0], border[:, 1]).min())
    # Samples stand up to 30 m from the foot: at close range that is what the two may differ by.
    assert found <= brute + 1e-3
    assert brute - found <= math.hypot(found, 30) - found + 1e-3


def test_the_foot_on_a_long_side_is_exact() -> None:
    # Straight in degrees, as the map draws it: the foot due north is on the parallel, not on the geodesic above it.
    parallel = shapely.Polygon([(103, 34.6), (104, 34.6), (103.5, 35)])
    found = find_nearest(LonLat(103.5, 34.59), [parallel])
    assert found is not None
    assert found.distance_m == pytest.approx(float(distance_m(103.5, 34.59, 103.5, 34.6)), abs=1e-3)
    assert found.at.lat == pytest.approx(34.6, abs=1e-8)


def test_the_first_of_equals_and_none_of_none() -> None:
    square = shapely.box(103.5, 34.5, 103.6, 34.6)
    inside = find_nearest(LonLat(103.55, 34.55), [shapely.Polygon(), shapely.box(0, 0, 1, 1), square, square])
    assert inside is not None
    assert (inside.index, inside.distance_m) == (2, 0.0)
    assert nearest_distance_m(LonLat(103.6, 34.6), [square]) == 0
    assert find_nearest(LonLat(103.5, 34.5), [shapely.Polygon()]) is None
    assert nearest_distance_m(LonLat(103.5, 34.5), []) is None


@settings(max_examples=30)
@given(st.floats(-180, 180), st.floats(-85, 85), st.floats(0.5, 20_000))
def test_a_circle_is_round_to_its_stated_error(lon: float, lat: float, radius_m: float) -> None:
    circle = buffer_m(LonLat(lon, lat), radius_m)
    border = shapely.get_coordinates(shapely.segmentize(circle.exterior, circle.length / 1000))
    off = np.abs(distance_m(lon, lat, border[:, 0], border[:, 1]) - radius_m)
    assert circle.is_valid
    assert off.max() <= radius_m * 1e-4
    assert area_m2(circle) == pytest.approx(math.pi * radius_m**2, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("radius_m", [0.0, -1.0, math.nan, math.inf, 100_001.0])
def test_a_radius_that_makes_no_circle(radius_m: float) -> None:
    with pytest.raises(InvalidInput, match="radius"):
        buffer_m(LonLat(103.5, 34.5), radius_m)
