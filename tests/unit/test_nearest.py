"""The nearest polygon and the shares of an accuracy circle, against a look at every polygon."""

import numpy as np
import pytest
import shapely

from gridmap.bench.tessellation import SIDE, SOUTH, WEST, winding_villages
from gridmap.errors import InvalidInput
from gridmap.geo import measure
from gridmap.geo.cell_build import build_cells
from gridmap.geo.cell_lookup import CellLookup
from gridmap.geo.lonlat import LonLat
from gridmap.geo.nearest import NearestSearch, Share, polygons_near_box, shares
from tests.shapes import SHAPES

VILLAGES = winding_villages(3, 12)
GRIDS = [grid for village in VILLAGES for grid in village]


def outside(spread: float, count: int) -> list[LonLat]:
    """Points around the villages, as far off as told."""
    random = np.random.default_rng(4)
    low, high = [WEST - spread, SOUTH - spread], [WEST + 15 * SIDE + spread, SOUTH + 12 * SIDE + spread]
    county = shapely.union_all(GRIDS)
    points = (LonLat(lon, lat) for lon, lat in random.uniform(low, high, (50 * count, 2)).tolist())
    return [point for point in points if not county.intersects(shapely.Point(point.lon, point.lat))][:count]


@pytest.mark.parametrize(("spread", "count"), [(0.003, 60), (0.1, 40), (3.0, 20)])
def test_the_nearest_is_that_of_all_polygons(spread: float, count: int) -> None:
    search = NearestSearch(build_cells(VILLAGES))
    for point in outside(spread, count):
        found, right = search.find_nearest(point), measure.find_nearest(point, GRIDS)
        assert found is not None
        assert right is not None
        assert found.distance_m == pytest.approx(right.distance_m, abs=1e-3, rel=1e-8)
        assert found.index == right.index
        there = measure.distance_m(point.lon, point.lat, found.at.lon, found.at.lat)
        assert float(there) == pytest.approx(found.distance_m, abs=1e-6)
        assert shapely.distance(GRIDS[found.index], shapely.Point(found.at.lon, found.at.lat)) < 1e-12


@pytest.mark.parametrize("north", [1e-6, 1e-4, 0.01, 1.0])
def test_a_long_side_bows_with_the_earth(north: float) -> None:
    """A side of 18 km, straight in degrees, bows 3 m from the straight line: a metre beside it is a metre."""
    box = shapely.box(103.4, 34.5, 103.6, 34.6)
    point = LonLat(103.47, 34.6 + north)
    found = NearestSearch(build_cells([[box]])).find_nearest(point)
    right = measure.nearest_distance_m(point, [box])
    assert found is not None
    assert found.distance_m == pytest.approx(right, abs=1e-3)


def test_of_two_that_meet_in_the_nearest_corner_the_lowest_code_is_told() -> None:
    tip, back = (103.5, 34.51), (103.51, 34.51)
    upper, lower = shapely.Polygon([tip, back, (103.51, 34.52)]), shapely.Polygon([tip, (103.51, 34.50), back])
    for first, second in ((upper, lower), (lower, upper)):
        together = NearestSearch(build_cells([[first, second]])).find_nearest(LonLat(103.49, 34.51))
        apart = NearestSearch(build_cells([[first], [second]])).find_nearest(LonLat(103.49, 34.51))
        assert together is not None
        assert apart is not None
        assert (together.index, apart.index) == (0, 0)


def test_lakes_and_parts_have_shores_too() -> None:
    segments = SHAPES["enclaves"]()
    polygons = [polygon for segment in segments for polygon in segment]
    point = LonLat(4.0, 1.5)
    found, right = NearestSearch(build_cells(segments)).find_nearest(point), measure.find_nearest(point, polygons)
    assert found is not None
    assert right is not None
    assert (found.index, round(found.distance_m, 2)) == (right.index, round(right.distance_m, 2))


def test_only_live_segments_are_near() -> None:
    near, far = shapely.box(103.5, 34.5, 103.51, 34.51), shapely.box(104.5, 34.5, 104.51, 34.51)
    index = build_cells([[near], [far]])
    found = NearestSearch(index, live=np.array([False, True])).find_nearest(LonLat(103.4, 34.5))
    assert found is not None
    assert found.index == 1
    assert NearestSearch(index, live=np.zeros(2, bool)).find_nearest(LonLat(103.4, 34.5)) is None


@pytest.mark.parametrize("radius_m", [3.0, 120.0, 800.0, 2500.0])
def test_a_circle_is_shared_as_areas_say(radius_m: float) -> None:
    lookup = CellLookup(build_cells(VILLAGES))
    for lon, lat in ((WEST + 0.075, SOUTH + 0.06), (WEST + 0.1, SOUTH + 0.0401), (WEST - 0.002, SOUTH + 0.05)):
        point = LonLat(lon, lat)
        circle = measure.buffer_m(point, radius_m)
        parts = [(at, circle.intersection(grid).area / circle.area) for at, grid in enumerate(GRIDS)]
        found = shares(lookup, point, radius_m)
        assert [share.polygon for share in found] == [at for at, part in parts if part > 0]
        assert [share.share for share in found] == pytest.approx([part for _, part in parts if part > 0])


def test_without_a_circle_those_that_touch_the_point_share_it() -> None:
    index = build_cells([[shapely.box(103.5, 34.5, 103.51, 34.51), shapely.box(103.51, 34.5, 103.52, 34.51)]])
    assert shares(CellLookup(index), LonLat(103.51, 34.505), 0.0) == (Share(0, 0.5), Share(1, 0.5))
    assert shares(CellLookup(index), LonLat(103.6, 34.505), 0.0) == ()


def test_a_circle_that_can_not_be_drawn_is_refused() -> None:
    with pytest.raises(InvalidInput):
        shares(CellLookup(build_cells(VILLAGES)), LonLat(103.5, 34.5), 2e5)


@pytest.mark.parametrize("name", SHAPES)
def test_no_polygon_that_touches_a_box_is_left_out(name: str) -> None:
    segments = SHAPES[name]()
    polygons = [polygon for segment in segments for polygon in segment]
    lookup = CellLookup(build_cells(segments))
    west, south, east, north = shapely.total_bounds(polygons)
    random = np.random.default_rng(3)
    for _ in range(100):
        x, y = random.uniform(west - 1, east), random.uniform(south - 1, north)
        box = (x, y, x + random.uniform(0, (east - west) / 3), y + random.uniform(0, (north - south) / 3))
        near = polygons_near_box(lookup, box)
        assert {at for at, polygon in enumerate(polygons) if polygon.intersects(shapely.box(*box))} <= set(near)
        assert near == sorted(near)
