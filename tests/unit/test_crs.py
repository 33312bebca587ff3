"""Coordinate systems: names as people give them, check values of surveyors, and refusals that say what to do."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.errors import InvalidInput
from gridmap.geo.crs import Crs, convert, from_lonlat, point_from_lonlat, point_to_lonlat, to_lonlat
from gridmap.geo.lonlat import LonLat
from gridmap.geo.measure import distance_m

SEAT = LonLat(103.507109, 34.589588)
GAUSS_KRUGER = [f"EPSG:{code}" for code in range(4491, 4555)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("EPSG:4490", "EPSG:4490"),
        ("epsg:4544", "EPSG:4544"),
        (" WGS84 ", "EPSG:4326"),
        ("CGCS2000", "EPSG:4490"),
        ("GCJ02", "gcj02"),
        ("bd09", "bd09"),
        ("EPSG:32648", "EPSG:32648"),
    ],
)
def test_names(text: str, name: str) -> None:
    assert Crs.parse(text).name == name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a coordinate system known here"),
        ("4490", "not a coordinate system known here"),
        ("EPSG:", "not a coordinate system known here"),
        ("EPSG:４４９０", "not a coordinate system known here"),
        ("EPSG:4490; DROP TABLE grid", "not a coordinate system known here"),
        ("EPSG:999999", "there is no EPSG:999999"),
        ("EPSG:2361", "Xian 1980"),
        ("EPSG:4214", "Beijing 1954"),
        ("EPSG:4979", "not a plane or geographic system"),
        ("EPSG:4479", "not a plane or geographic system"),
        ("+proj=merc", "not a coordinate system known here"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_with_what_is_allowed(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=r"allowed are EPSG:NNNN.*gcj02, bd09") as refusal:
        Crs.parse(text, parameter="out_crs")
    assert reason in refusal.value.detail
    assert refusal.value.errors[0].where == "out_crs"


@pytest.mark.parametrize(
    ("name", "x", "y"),
    [
        ("EPSG:4543", 638270.3432, 3830095.6097),
        ("EPSG:4544", 363034.1995, 3830076.2169),
        ("EPSG:4523", 35363034.1995, 3830076.2169),
        ("EPSG:3857", 11522358.6674, 4108246.7215),
    ],
)
def test_the_seat_of_zhuoni_as_surveyors_have_it(name: str, x: float, y: float) -> None:
    assert point_from_lonlat(Crs.parse(name), SEAT) == pytest.approx((x, y), abs=1e-4)
    back = point_to_lonlat(Crs.parse(name), x, y)
    assert distance_m(SEAT.lon, SEAT.lat, back.lon, back.lat) < 1e-3


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_wgs84_and_cgcs2000_are_the_same_bits(lon: float, lat: float) -> None:
    wgs84, cgcs2000 = Crs.parse("wgs84"), Crs.parse("cgcs2000")
    for x, y in (convert(wgs84, cgcs2000, lon, lat), convert(cgcs2000, wgs84, lon, lat), to_lonlat(wgs84, lon, lat)):
        assert (float(x), float(y)) == (lon, lat)


@given(st.sampled_from([*GAUSS_KRUGER, "EPSG:3857", "gcj02", "bd09"]), st.floats(-6, 6), st.floats(22, 45))
def test_every_system_comes_back_to_a_nanometre_or_so(name: str, beyond: float, lat: float) -> None:
    crs = Crs.parse(name)
    lon = (crs.area_of_use.west + crs.area_of_use.east) / 2 + beyond
    again = to_lonlat(crs, *from_lonlat(crs, lon, lat))
    assert distance_m(lon, lat, *map(float, again)) < 2e-8


def test_bad_rows_are_marked_and_good_rows_untouched() -> None:
    lon, lat = to_lonlat(
        Crs.parse("EPSG:4326"), [103.5, math.nan, math.inf, 200.0, 103.5], [34.5, 34.5, 34.5, 34.5, 91]
    )
    assert np.isnan(lon).tolist() == np.isnan(lat).tolist() == [False, True, True, True, True]
    assert (lon[0], lat[0]) == (103.5, 34.5)


@pytest.mark.parametrize(
    ("name", "x", "y"),
    [
        ("EPSG:4544", 3830076.2169, 363034.1995),  # northing first, as surveyors write it
        ("EPSG:4544", 35363034.1995, 3830076.2169),  # a zone prefix where none belongs
        ("EPSG:4523", 363034.1995, 3830076.2169),  # no zone prefix where one belongs
        ("EPSG:3857", 31522358.0, 4108246.7),  # once round the world
        ("EPSG:4490", 34.589588, 103.507109),  # latitude first
        ("gcj02", 34.589588, 103.507109),
        ("EPSG:4490", math.nan, 34.5),
        ("EPSG:4544", math.inf, 3830076.2),
    ],
)
def test_numbers_that_belong_to_another_system_are_never_a_place(name: str, x: float, y: float) -> None:
    crs = Crs.parse(name)
    assert np.isnan(to_lonlat(crs, [x], [y])).all()
    with pytest.raises(InvalidInput) as refusal:
        point_to_lonlat(crs, x, y)
    assert refusal.value.errors[0].where in {*crs.axes, "lat", "lon"}


def test_swapped_metres_are_explained() -> None:
    with pytest.raises(InvalidInput, match="easting comes first, then northing"):
        point_to_lonlat(Crs.parse("EPSG:4544"), 3830076.2169, 363034.1995)


def test_a_place_out_of_reach_of_the_system_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no place in EPSG:4544"):
        point_from_lonlat(Crs.parse("EPSG:4544"), LonLat(-71.0, 42.0))
    with pytest.raises(InvalidInput, match="no place in EPSG:3857"):
        point_from_lonlat(Crs.parse("EPSG:3857"), LonLat(103.5, 90.0))


def test_threads_share_a_system() -> None:
    crs = Crs.parse("EPSG:4543")
    lons = np.linspace(102, 104, 20_000)
    alone = from_lonlat(crs, lons, 34.5)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: from_lonlat(crs, lons, 34.5), range(16)))
    assert all(np.array_equal(alone, one) for one in together)


def test_the_input_is_never_written_to() -> None:
    lons, lats = np.array([103.5, 500.0]), np.array([34.5, 34.5])
    for name in ("EPSG:4490", "EPSG:4544", "gcj02", "bd09"):
        x, _ = from_lonlat(Crs.parse(name), lons, lats)
        x[0] = 0.0
    assert lons.tolist() == [103.5, 500.0]
    assert lats.tolist() == [34.5, 34.5]
