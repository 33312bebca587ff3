"""GCJ-02 and BD-09: published vectors to the last digit, true inverses everywhere, the border of the rectangle."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gridmap.geo import datum
from gridmap.geo.measure import distance_m

# Only one degree inside is every point sure to have one original; the border has tests of its own.
LONS = st.floats(datum.WEST + 1, datum.EAST - 1)
LATS = st.floats(datum.SOUTH + 1, datum.NORTH - 1)
TIANANMEN = (116.404, 39.915)


def _pair(point: tuple[np.ndarray, np.ndarray]) -> tuple[float, float]:
    return float(point[0]), float(point[1])


def test_published_vectors() -> None:
    gcj02 = datum.wgs84_to_gcj02(*TIANANMEN)
    assert _pair(gcj02) == pytest.approx((116.41024449916938, 39.91640428150164), abs=2e-14)
    assert _pair(datum.gcj02_to_bd09(*TIANANMEN)) == pytest.approx((116.41036949371029, 39.92133699351021), abs=2e-14)


def test_the_true_bd09_inverse_is_better_than_the_published_closed_form() -> None:
    closed_form = (116.39762729119315, 39.90865673957631)
    exact = _pair(datum.bd09_to_gcj02(*TIANANMEN))
    assert 0.0 < distance_m(*closed_form, *exact) < 0.13
    assert distance_m(*TIANANMEN, *_pair(datum.gcj02_to_bd09(*exact))) < 3e-9
    assert distance_m(*TIANANMEN, *_pair(datum.gcj02_to_bd09(*closed_form))) > 0.01


@given(LONS, LATS)
def test_every_system_comes_back(lon: float, lat: float) -> None:
    for there, back in (
        (datum.wgs84_to_gcj02, datum.gcj02_to_wgs84),
        (datum.gcj02_to_bd09, datum.bd09_to_gcj02),
        (datum.wgs84_to_bd09, datum.bd09_to_wgs84),
    ):
        again = _pair(back(*there(lon, lat)))
        # On 105°E, a kink of the offset, originals a third of a micrometre apart share an image.
        assert distance_m(lon, lat, *again) < (6e-9 if abs(lon - 105) > 0.01 else 4e-7)


@given(LONS, LATS)
def test_the_inverse_has_the_given_point_as_its_image(lon: float, lat: float) -> None:
    assert distance_m(lon, lat, *_pair(datum.wgs84_to_gcj02(*datum.gcj02_to_wgs84(lon, lat)))) < 6e-9
    assert distance_m(lon, lat, *_pair(datum.gcj02_to_bd09(*datum.bd09_to_gcj02(lon, lat)))) < 6e-9


def test_the_meridian_where_the_offset_has_a_kink_converges() -> None:
    lons = 105 + np.concatenate([np.linspace(-1e-9, 1e-9, 2001), np.linspace(-1e-12, 1e-12, 2001)])
    gcj02 = datum.wgs84_to_gcj02(lons, 34.5)
    again = datum.gcj02_to_wgs84(*gcj02)
    assert distance_m(lons, 34.5, *again).max() < 4e-7
    assert distance_m(*gcj02, *datum.wgs84_to_gcj02(*again)).max() < 4e-7


def test_the_shift_at_gannan_is_what_was_measured_there() -> None:
    lons, lats = np.meshgrid(np.linspace(100.8, 104.8, 80), np.linspace(33.1, 36.2, 80))
    shift_m = distance_m(lons, lats, *datum.wgs84_to_gcj02(lons, lats))
    assert (round(float(shift_m.min()) / 100), round(float(shift_m.max()) / 100)) == (1, 3)


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_away_from_china_all_are_one(lon: float, lat: float) -> None:
    if datum.WEST - 0.01 < lon < datum.EAST + 0.01 and datum.SOUTH - 0.01 < lat < datum.NORTH + 0.01:
        return
    for change in (datum.wgs84_to_gcj02, datum.gcj02_to_wgs84, datum.gcj02_to_bd09, datum.bd09_to_gcj02):
        assert _pair(change(lon, lat)) == (lon, lat)


@example(0.0, "south", 0.4450380535159483)
@given(st.floats(-0.02, 0.02), st.sampled_from(["west", "south", "east", "north"]), st.floats(0, 1))
def test_across_the_border_a_shifted_point_comes_back(beyond: float, side: str, along: float) -> None:
    lon = {"west": datum.WEST, "east": datum.EAST}.get(side, datum.WEST + 1 + 60 * along)
    lat = {"south": datum.SOUTH, "north": datum.NORTH}.get(side, datum.SOUTH + 1 + 50 * along)
    lon, lat = (lon + beyond, lat) if side in {"west", "east"} else (lon, lat + beyond)
    gcj02 = datum.wgs84_to_gcj02(lon, lat)
    again = _pair(datum.gcj02_to_wgs84(*gcj02))
    image = datum.wgs84_to_gcj02(*again)
    # Where two originals share an image either is an original; what is inside always comes back to itself.
    assert distance_m(*_pair(gcj02), *_pair(image)) < 1e-8
    if datum.in_china(lon, lat):
        assert distance_m(lon, lat, *again) < 1e-8


def test_where_the_border_leaves_no_original_the_answer_stays_close() -> None:
    strip = np.linspace(datum.WEST, datum.WEST + 0.02, 500)
    lon, lat = datum.gcj02_to_wgs84(strip, 40.0)
    assert distance_m(strip, 40.0, lon, lat).max() < 2000


def test_arrays_keep_their_shape_and_nan_stays_nan() -> None:
    lon, lat = datum.bd09_to_wgs84([[103.5, np.nan], [np.inf, 2.0]], 34.5)
    assert lon.shape == lat.shape == (2, 2)
    assert np.isfinite(lon).tolist() == [[True, False], [False, True]]
