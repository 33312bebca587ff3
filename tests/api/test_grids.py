"""Grids over HTTP."""

import pytest
from fastapi.testclient import TestClient
from shapely.geometry import shape

from tests.county import COUNTY, EAST, NORTH_EAST, NORTH_WEST, SOUTH_EAST, SOUTH_WEST, WEST, at, square
from tests.problems import assert_problem


def codes(api: TestClient, **params: str) -> list[str]:
    response = api.get("/api/v1/grids", params=params)
    assert response.status_code == 200, response.text
    return [feature["properties"]["code"] for feature in response.json()["features"]]


def test_one_grid(api: TestClient) -> None:
    body = api.get(f"/api/v1/grids/{NORTH_WEST}").json()
    assert (body["type"], body["id"], body["version"]) == ("Feature", NORTH_WEST, 1)
    assert shape(body["geometry"]).equals(square(NORTH_WEST))
    assert body["geometry"]["type"] == "Polygon"
    assert body["properties"] == {
        "code": NORTH_WEST, "name": "西北", "name_bo": None, "kind": "base", "village_code": WEST,
        "area_m2": pytest.approx(1_018_500, rel=1e-3), "households": 2, "persons": 6, "status": "current",
        "valid_from": "2020-01-01T00:00:00Z", "valid_to": None,
    }  # fmt: skip


def test_within(api: TestClient) -> None:
    everything = [NORTH_WEST, SOUTH_WEST, NORTH_EAST, SOUTH_EAST]
    assert (
        codes(api) == codes(api, within="99") == codes(api, within="990000") == codes(api, within=COUNTY) == everything
    )
    assert codes(api, within=EAST) == [NORTH_EAST, SOUTH_EAST]
    assert codes(api, within=SOUTH_EAST) == [SOUTH_EAST]


def test_bbox_means_intersects(api: TestClient) -> None:
    west, south = at(SOUTH_WEST, 0.5, 0.5)
    east, north = at(NORTH_WEST, 0.6, 0.0)
    assert codes(api, bbox=f"{west},{south},{east},{north}") == [NORTH_WEST, SOUTH_WEST]
    assert codes(api, bbox="0,0,1,1") == []


@pytest.mark.parametrize("bbox", ["1,2,3", "a,b,c,d", "nan,1,2,3", "103.6,34.5,103.5,34.6", "34.5,103.5,34.6,103.6"])
def test_a_bad_bbox_is_said(api: TestClient, bbox: str) -> None:
    assert_problem(api.get("/api/v1/grids", params={"bbox": bbox}), 422, "invalid_input")


def test_pages_lose_nothing(api: TestClient) -> None:
    found, url = [], "/api/v1/grids?limit=1&within=990001"
    while url:
        body = api.get(url).json()
        found += [feature["id"] for feature in body["features"]]
        url = body["next"]
    assert found == [NORTH_WEST, SOUTH_WEST, NORTH_EAST, SOUTH_EAST]


def test_more_than_a_thousand_is_clamped(api: TestClient) -> None:
    assert api.get("/api/v1/grids", params={"limit": 5000}).status_code == 200


def test_the_past(api: TestClient) -> None:
    then = api.get(f"/api/v1/grids/{NORTH_WEST}", params={"at": "2021-01-01T00:00:00Z"}).json()["properties"]
    assert (then["households"], then["status"]) == (None, "current")
    before = api.get(f"/api/v1/grids/{NORTH_WEST}", params={"at": "2019-01-01T00:00:00Z"})
    assert_problem(before, 404, "not_found")


def test_unknown_and_malformed(api: TestClient) -> None:
    assert_problem(api.get("/api/v1/grids/990001101200009"), 404, "not_found")
    assert_problem(api.get("/api/v1/grids/99000110120000"), 422, "invalid_input", where="code")
    assert_problem(api.get("/api/v1/grids", params={"within": "990002"}), 404, "not_found")
