"""How fast the cell index is beside the peers that Python has: `pytest --benchmark-enable -n0 tests/bench`."""

import geopandas
import numpy as np
import pytest
import shapely
from pytest_benchmark.fixture import BenchmarkFixture

from gridmap.bench.tessellation import SIDE, SOUTH, VILLAGE, WEST, winding_villages
from gridmap.geo.arrays import FloatArray
from gridmap.geo.cell_build import build_cells
from gridmap.geo.cell_lookup import CellLookup
from gridmap.geo.lonlat import LonLat
from gridmap.geo.nearest import NearestSearch

WIDE, HIGH, POINTS = 8, 16, 100_000
VILLAGES = winding_villages(WIDE, HIGH)
GRIDS = [grid for village in VILLAGES for grid in village]


def points(count: int) -> tuple[FloatArray, FloatArray]:
    random = np.random.default_rng(6)
    return random.uniform(WEST, WEST + WIDE * VILLAGE * SIDE, count), random.uniform(SOUTH, SOUTH + HIGH * SIDE, count)


def test_build(benchmark: BenchmarkFixture) -> None:
    assert benchmark(build_cells, VILLAGES).polygons == len(GRIDS)


def test_build_one_village(benchmark: BenchmarkFixture) -> None:
    assert benchmark(build_cells, VILLAGES[:1]).polygons == VILLAGE


@pytest.mark.benchmark(group="one point")
def test_one_point(benchmark: BenchmarkFixture) -> None:
    lookup = CellLookup(build_cells(VILLAGES))
    some = list(zip(*(numbers.tolist() for numbers in points(500)), strict=True))
    found = benchmark(lambda: [lookup.locate(lon, lat) for lon, lat in some])
    assert sum(bool(polygons) for polygons, _ in found) > 480


@pytest.mark.benchmark(group="one point")
def test_one_point_by_a_tree(benchmark: BenchmarkFixture) -> None:
    tree = shapely.STRtree(GRIDS)
    some = list(zip(*(numbers.tolist() for numbers in points(500)), strict=True))
    found = benchmark(lambda: [tree.query(shapely.Point(*point), predicate="intersects") for point in some])
    assert sum(bool(len(polygons)) for polygons in found) > 480


@pytest.mark.benchmark(group="many points")
def test_many_points(benchmark: BenchmarkFixture) -> None:
    lookup = CellLookup(build_cells(VILLAGES))
    lon, lat = points(POINTS)
    assert (benchmark(lookup.locate_many, lon, lat).polygon >= 0).mean() > 0.96


@pytest.mark.benchmark(group="many points")
def test_many_points_by_a_join(benchmark: BenchmarkFixture) -> None:
    lon, lat = points(POINTS)
    grids = geopandas.GeoDataFrame(geometry=GRIDS)
    spots = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(lon, lat))
    joined = benchmark(lambda: geopandas.sjoin(spots, grids, predicate="intersects"))
    lookup = CellLookup(build_cells(VILLAGES))
    first = joined.groupby(level=0)["index_right"].min()
    found = lookup.locate_many(lon, lat).polygon
    assert found[first.index.to_numpy()].tolist() == first.tolist()
    assert (found >= 0).sum() == len(first)


def test_nearest(benchmark: BenchmarkFixture) -> None:
    search = NearestSearch(build_cells(VILLAGES))
    some = [LonLat(WEST - 0.01 - 0.001 * step, SOUTH + 0.001 * step) for step in range(50)]
    assert all(benchmark(lambda: [search.find_nearest(point) for point in some]))
