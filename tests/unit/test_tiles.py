"""Vector tiles: what GDAL reads of them, neighbours without gaps at every zoom, and tiles that can't be."""

import doctest
from types import ModuleType

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.bench.tessellation import winding_villages
from gridmap.errors import NotFound
from gridmap.exchange.tiles import addressing, mvt, sources
from gridmap.exchange.tiles.addressing import TileAddress, to_world
from gridmap.exchange.tiles.drawing import BUFFER, draw
from gridmap.exchange.tiles.mvt import EXTENT, TileFeature, encode
from gridmap.geo.crs import Crs, from_lonlat
from tests.mvt import read_tile

GRIDS = np.array([grid for village in winding_villages(2, 4) for grid in village], dtype=object)
_WINDOW = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)


def tile_of(lon: float, lat: float, zoom: int) -> TileAddress:
    column, row = np.floor(to_world(np.array([[lon, lat]]))[0] * 2.0**zoom).astype(int).tolist()
    return TileAddress.checked(zoom, column, row)


@pytest.mark.parametrize("module", [mvt, addressing, sources])
def test_examples(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


def test_every_kind_of_shape_and_value_comes_back() -> None:
    ring = shapely.Polygon(shapely.box(0, 0, 50, 50).exterior, [shapely.box(10, 10, 20, 20).exterior])
    given = [
        TileFeature(2**52, shapely.MultiPolygon([ring, shapely.box(90, 0, 99, 9)]), {"code": "623022101200001"}),
        TileFeature(1, shapely.LineString([(0, 0), (5, 9), (4160, -64)]), {"n": 5, "m": -7, "f": 1.5, "same": "one"}),
        TileFeature(2, shapely.MultiPoint([(1, 2), (4000, 4)]), {"yes": True, "one": 1, "name_bo": "ཅོ་ནེ་", "a": "one"}),
        TileFeature(3, shapely.box(100, 200, 300, 500), {}),
    ]
    read = read_tile(encode("mixed", given), "mixed")
    assert [properties.pop("mvt_id") for _, properties in read] == [2**52, 1, 2, 3]
    for (shape, properties), feature in zip(read, given, strict=True):
        assert shape.equals(feature.geometry)
        assert properties == feature.properties
    assert encode("mixed", []) == b""


def test_outer_rings_run_as_the_standard_says() -> None:
    """Positive by the surveyor's formula in the tile's own numbers; holes the other way."""
    ring = shapely.box(0, 0, 50, 50).difference(shapely.box(10, 10, 20, 20))
    for either in (ring, ring.reverse()):
        paths = mvt._paths(3, np.array([either], dtype=object))
        areas = []
        for path in range(2):
            x, y = paths.positions[paths.path_of == path].T
            areas.append(int((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) / 2)
        assert areas == [2500, -100]


@pytest.mark.parametrize("zoom", range(8, 17))
def test_neighbours_stay_without_gap_or_overlap(zoom: int) -> None:
    tile = tile_of(103.05, 34.02, zoom)
    drawn, _ = draw(GRIDS, tile)
    assert shapely.is_valid(drawn).all()
    assert (shapely.get_coordinates(drawn) % 1 == 0).all()
    whole = shapely.union_all(drawn)
    assert shapely.area(drawn).sum() == pytest.approx(whole.area, rel=1e-9)
    holes = [hole for part in shapely.get_parts(whole) for hole in part.interiors]
    assert holes == []
    assert _WINDOW.covers(whole)


@pytest.mark.parametrize("zoom", [9, 12, 14, 18])
def test_a_tile_shows_the_ground_it_is_of(zoom: int) -> None:
    """Against pyproj's Web Mercator, to a unit or the coarser step."""
    tile = tile_of(103.05, 34.02, zoom)
    drawn, whose = draw(GRIDS, tile)
    size_m = 2 * 20037508.342789244 / 2**zoom
    for shape, place in zip(drawn, whose, strict=True):
        easting, northing = from_lonlat(Crs.parse("EPSG:3857"), *shapely.get_coordinates(GRIDS[place]).T)
        x = (easting + 20037508.342789244) / size_m - tile.column
        y = (20037508.342789244 - northing) / size_m - tile.row
        exact = shapely.Polygon(np.column_stack([x, y]) * EXTENT).intersection(_WINDOW)
        assert shape.symmetric_difference(exact).area <= exact.length * tile.step


def test_what_has_no_size_is_left_out_and_no_neighbour_gapes() -> None:
    drawn, _ = draw(GRIDS, tile_of(103.05, 34.02, 3))
    assert len(drawn) < len(GRIDS)
    assert all(shape.area > 0 for shape in drawn)
    mixed = shapely.GeometryCollection(
        [shapely.Point(103.05, 34.02), shapely.LineString([(103, 34.02), (103.1, 34.02)])]
    )
    line = shapely.LineString([(103.05, 34.02), (103.05000001, 34.02)])
    shapes, whose = draw(np.array([mixed, line], dtype=object), tile_of(103.05, 34.02, 10))
    assert sorted(shape.geom_type for shape in shapes) == ["LineString", "Point"]
    assert whose.tolist() == [0, 0]


@given(st.integers(4, 18), st.floats(103.0, 103.1), st.floats(34.0, 34.04), st.integers(3, 40), st.randoms())
def test_any_shape_is_valid_in_its_tile(zoom: int, lon: float, lat: float, corners: int, random: object) -> None:
    """Stars and spikes, of which rounding makes rings that cross themselves."""
    angles = np.sort(np.random.default_rng(random.getrandbits(32)).uniform(0, 2 * np.pi, corners))  # type: ignore[attr-defined]
    radius = np.random.default_rng(random.getrandbits(32)).exponential(0.01, corners)  # type: ignore[attr-defined]
    star = shapely.Polygon(np.column_stack([lon + radius * np.cos(angles), lat + radius * np.sin(angles)])).buffer(0)
    if star.is_empty:
        return
    drawn, _ = draw(np.array([star], dtype=object), tile_of(lon, lat, zoom))
    for shape in drawn:
        assert shape.is_valid
        assert _WINDOW.covers(shape)
        assert (shapely.get_coordinates(shape) % 1 == 0).all()
        ((read, _),) = read_tile(encode("x", [TileFeature(1, shape, {})]), "x")
        assert read.equals(shape)


@pytest.mark.parametrize(("zoom", "column", "row"), [(-1, 0, 0), (23, 0, 0), (3, 8, 0), (3, 0, 8), (3, -1, 0)])
def test_a_tile_that_can_not_be_is_not_there(zoom: int, column: int, row: int) -> None:
    with pytest.raises(NotFound, match="there is no"):
        TileAddress.checked(zoom, column, row)
