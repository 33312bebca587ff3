"""Points and boxes as people type them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.errors import InvalidInput
from gridmap.geo.lonlat import BBox, LonLat


@pytest.mark.parametrize(
    "text",
    [
        "103.507,34.589",
        " 103.507, 34.589 ",
        "103.507 34.589",
        "103.507\t34.589",
        "１０３．５０７，３４．５８９",
        "103.507、34.589",
        "103.507；34.589",
        "+103.507,3.4589e1",
    ],
)
def test_a_point_as_people_write_it(text: str) -> None:
    assert LonLat.parse(text) == LonLat(103.507, 34.589)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "103.507",
        "103.507,34.589,0",
        "nan,34.5",
        "103.5,inf",
        "infinity,1",
        "1_0,2",
        "0x10,2",
        "a,b",
        "103.5,,34.5",
        ".,.",
    ],
)
def test_what_is_no_point_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"103\.507,34\.589"):
        LonLat.parse(text)


def test_metres_are_told_from_degrees() -> None:
    with pytest.raises(InvalidInput, match="EPSG:4523"):
        LonLat(35363034.2, 3830076.2)


def test_swapped_numbers_are_named_as_such() -> None:
    with pytest.raises(InvalidInput, match="swapped") as refusal:
        LonLat.parse("34.589,103.507")
    assert refusal.value.errors[0].code == "swapped"


@pytest.mark.parametrize(
    ("lon", "lat", "where"),
    [
        (math.nan, 34.5, "lon"),
        (103.5, math.nan, "lat"),
        (math.inf, 0, "lon"),
        (180.1, 0, "lon"),
        (200, 91, "lon"),
        (120, 90.1, "lat"),
    ],
)
def test_numbers_that_are_no_degrees(lon: float, lat: float, where: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        LonLat(lon, lat)
    assert refusal.value.errors[0].where == where


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_a_point_comes_back_from_its_text(lon: float, lat: float) -> None:
    assert LonLat.parse(str(LonLat(lon, lat))) == LonLat(lon, lat)


def test_a_box() -> None:
    assert BBox.parse("103,34,104.5,35") == BBox(103, 34, 104.5, 35)
    assert BBox.parse(str(BBox(103, 34, 104.5, 35))) == BBox(103, 34, 104.5, 35)
    assert BBox.parse("103,34,103,34").west == 103


@pytest.mark.parametrize(
    "text", ["1,2,3", "a,b,c,d", "104,34,103,35", "103,35,104,34", "34,103,35,104", "0,0,nan,1", ""]
)
def test_what_is_no_box(text: str) -> None:
    with pytest.raises(InvalidInput):
        BBox.parse(text)
