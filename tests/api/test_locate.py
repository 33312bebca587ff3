"""Which grid a point lies in, as a programmer of another system asks it."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from gridmap.geo.crs import Crs, point_from_lonlat
from gridmap.geo.lonlat import LonLat
from tests.county import (
    COUNTY,
    NORTH_EAST,
    NORTH_WEST,
    PREFECTURE,
    PROVINCE,
    SOUTH_EAST,
    SOUTH_WEST,
    TOWNSHIP,
    WEST,
    at,
)
from tests.problems import assert_problem

URL = "/api/v1/locate"


def ask(api: TestClient, lon: float, lat: float, **more: str | float) -> dict[str, object]:
    response = api.get(URL, params={"lon": lon, "lat": lat, **more})
    assert response.status_code == 200, response.text
    answer: dict[str, object] = response.json()
    return answer


def test_a_point_in_a_grid(api: TestClient) -> None:
    lon, lat = at(NORTH_WEST, 0.25, 0.75)
    assert ask(api, lon, lat) == {
        "lon": lon,
        "lat": lat,
        "version": 1,
        "grid": {"code": NORTH_WEST, "name": "西北", "name_bo": None, "kind": "base"},
        "on_boundary": False,
        "grids": [{"code": NORTH_WEST, "share": 1.0}],
        "divisions": [
            {"level": "province", "code": PROVINCE, "name": "试验", "name_bo": None},
            {"level": "prefecture", "code": PREFECTURE, "name": "练习", "name_bo": None},
            {"level": "county", "code": COUNTY, "name": "小县", "name_bo": "རྫོང་ཆུང་"},
            {"level": "township", "code": TOWNSHIP, "name": "双村", "name_bo": None},
            {"level": "village", "code": WEST, "name": "西村", "name_bo": "ནུབ་གྲོང་"},
        ],
        "group": {"code": NORTH_WEST + "01", "name": "1组"},
        "nearest": None,
    }


@pytest.mark.parametrize(
    ("place", "lowest", "touching"),
    [
        (at(SOUTH_WEST, 0.5, 1.0), NORTH_WEST, [NORTH_WEST, SOUTH_WEST]),
        (at(NORTH_WEST, 1.0, 0.5), NORTH_WEST, [NORTH_WEST, NORTH_EAST]),
        (at(SOUTH_EAST, 0.0, 1.0), NORTH_WEST, [NORTH_WEST, SOUTH_WEST, NORTH_EAST, SOUTH_EAST]),
        (at(NORTH_EAST, 1.0, 0.5), NORTH_EAST, [NORTH_EAST]),
    ],
    ids=["edge within a village", "edge between villages", "corner of four", "edge of the county"],
)
def test_a_point_on_a_line_belongs_to_the_lowest_code(
    api: TestClient, place: tuple[float, float], lowest: str, touching: list[str]
) -> None:
    answer = ask(api, *place)
    assert answer["on_boundary"] is True
    assert answer["grid"] == {**answer["grid"], "code": lowest}  # type: ignore[dict-item]
    assert answer["grids"] == [{"code": code, "share": 1 / len(touching)} for code in touching]
    assert answer["nearest"] is None


def test_a_hair_beside_a_line_is_not_on_it(api: TestClient) -> None:
    lon, lat = at(SOUTH_WEST, 0.5, 1.0)
    above, below = ask(api, lon, lat + 1e-13), ask(api, lon, lat - 1e-13)
    assert [above["on_boundary"], below["on_boundary"]] == [False, False]
    assert [a["grid"]["code"] for a in (above, below)] == [NORTH_WEST, SOUTH_WEST]  # type: ignore[index]


def test_outside_all_grids_the_nearest_is_told(api: TestClient) -> None:
    answer = ask(api, *at(NORTH_WEST, -1.0, 0.5))
    assert (answer["grid"], answer["grids"], answer["on_boundary"], answer["divisions"]) == (None, [], False, [])
    nearest = answer["nearest"]
    assert isinstance(nearest, dict)
    assert nearest["code"] == NORTH_WEST
    assert nearest["distance_m"] == pytest.approx(918.2, abs=0.5)


def test_nearest_on_the_ground_not_in_degrees(api: TestClient) -> None:
    # East of the corner by more degrees than north of it, yet nearer in metres: a degree of longitude is shorter.
    east = ask(api, 103.52 + 0.0110, 34.515)["nearest"]
    assert isinstance(east, dict)
    assert east["code"] == NORTH_EAST
    assert east["distance_m"] == pytest.approx(1010, abs=2)


@pytest.mark.parametrize(
    "crs", ["EPSG:4490", "epsg:4326", "wgs84", "cgcs2000", "gcj02", "bd09", "EPSG:4544", "EPSG:4523", "EPSG:3857"]
)
def test_every_crs_means_the_same_place(api: TestClient, crs: str) -> None:
    place = at(SOUTH_EAST, 0.01, 0.01)
    x, y = point_from_lonlat(Crs.parse(crs), LonLat(*place))
    answer = ask(api, x, y, crs=crs)
    assert answer["grid"]["code"] == SOUTH_EAST  # type: ignore[index]
    assert (answer["lon"], answer["lat"]) == pytest.approx(place, abs=1e-9)


def test_an_accuracy_circle_is_shared_out(api: TestClient) -> None:
    lon, lat = at(NORTH_WEST, 1.0, 0.5)
    shares = {g["code"]: g["share"] for g in ask(api, lon, lat, accuracy=100)["grids"]}  # type: ignore[attr-defined]
    assert shares == {NORTH_WEST: pytest.approx(0.5, abs=1e-3), NORTH_EAST: pytest.approx(0.5, abs=1e-3)}
    half_outside = ask(api, *at(NORTH_EAST, 1.0, 0.5), accuracy=100)
    assert half_outside["grids"] == [{"code": NORTH_EAST, "share": pytest.approx(0.5, abs=1e-3)}]


def test_includes(api: TestClient) -> None:
    lon, lat = at(NORTH_WEST, 0.25, 0.75)
    answer = ask(api, lon, lat, include="boundary,address")
    assert answer["boundary"] == api.get(f"/api/v1/grids/{NORTH_WEST}").json()["geometry"]
    assert answer["address"] == {
        "code": "A99000100000001",
        "label": "试验省练习州小县双村镇西村1号",
        "distance_m": pytest.approx(72, abs=1),
    }
    assert_problem(
        api.get(URL, params={"lon": lon, "lat": lat, "include": "adress"}), 422, "invalid_input", where="include"
    )


def test_the_past(api: TestClient) -> None:
    lon, lat = at(NORTH_WEST)
    now = ask(api, lon, lat, at="2026-01-01T00:00:00+08:00")
    assert now["grid"]["code"] == NORTH_WEST  # type: ignore[index]
    before = ask(api, lon, lat, at="2019-12-31T23:59:59Z")
    assert (before["grid"], before["divisions"], before["nearest"]) == (None, [], None)


def test_a_time_to_come_is_refused_and_clocks_may_differ(api: TestClient) -> None:
    now, (lon, lat) = datetime.now(UTC), at(NORTH_WEST)
    assert ask(api, lon, lat, at=(now + timedelta(seconds=20)).isoformat())["grid"]["code"] == NORTH_WEST  # type: ignore[index]
    asked: dict[str, str | float] = {"lon": lon, "lat": lat, "at": (now + timedelta(days=1)).isoformat()}
    for path in (URL, "/api/v1/divisions", f"/api/v1/grids/{NORTH_WEST}"):
        detail = assert_problem(api.get(path, params=asked), 422, "invalid_input", where="at")["detail"]
        assert "still to come" in detail


def test_a_version_that_is_there_is_not_waited_for(api: TestClient) -> None:
    assert ask(api, *at(NORTH_WEST), min_version=1)["version"] == 1


def test_a_version_that_does_not_come(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridmap.api.deps.WAIT_FOR_VERSION_S", 0.05)
    response = api.get(URL, params={"lon": 103.5, "lat": 34.5, "min_version": 2})
    assert_problem(response, 503, "version_not_reached")
    assert int(response.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({"lon": "103.5"}, "lat"),
        ({"lon": "x", "lat": "34.5"}, "lon"),
        ({"lon": "nan", "lat": "34.5"}, "lon"),
        ({"lon": "inf", "lat": "34.5"}, "lon"),
        ({"lon": "34.5", "lat": "103.5"}, "lat"),
        ({"lon": "181", "lat": "34.5"}, "lon"),
        ({"lon": "103.5", "lat": "34.5", "crs": "EPSG:9999999"}, "crs"),
        ({"lon": "103.5", "lat": "34.5", "crs": "火星"}, "crs"),
        ({"lon": "103.5", "lat": "34.5", "crs": "EPSG:4544"}, "crs"),
        ({"lon": "103.5", "lat": "34.5", "at": "yesterday"}, "at"),
        ({"lon": "103.5", "lat": "34.5", "at": "2026-01-01T00:00:00"}, "at"),
        ({"lon": "103.5", "lat": "34.5", "at": "9999-12-31T23:59:59-14:00"}, "at"),
        ({"lon": "103.5", "lat": "34.5", "layer": "beats"}, "layer"),
        ({"lon": "103.5", "lat": "34.5", "accuracy": "-1"}, "accuracy"),
        ({"lon": "103.5", "lat": "34.5", "min_version": "x"}, "min_version"),
    ],
)
def test_bad_input_is_named(api: TestClient, params: dict[str, str], where: str) -> None:
    assert_problem(api.get(URL, params=params), 422, "invalid_input", where=where)


def test_swapped_axes_are_guessed_and_said(api: TestClient) -> None:
    detail = assert_problem(api.get(URL, params={"lon": 34.5, "lat": 103.5}), 422, "invalid_input")["detail"]
    assert "swapped" in detail
