"""Coordinates from one system into another, over HTTP; check values are published ones."""

import pytest
from fastapi.testclient import TestClient

from tests.problems import assert_problem

URL = "/api/v1/convert"


@pytest.mark.parametrize(
    ("source", "target", "point", "expected", "within"),
    [
        ("wgs84", "gcj02", (116.404, 39.915), (116.41024449916938, 39.91640428150164), 1e-12),
        ("gcj02", "bd09", (116.404, 39.915), (116.41036949371029, 39.92133699351021), 1e-12),
        ("EPSG:4490", "EPSG:4544", (103.507109, 34.589588), (363034.1995, 3830076.2169), 1e-4),
        ("EPSG:4490", "EPSG:4543", (103.507109, 34.589588), (638270.3432, 3830095.6097), 1e-4),
        ("EPSG:4523", "cgcs2000", (35363034.1995, 3830076.2169), (103.507109, 34.589588), 1e-8),
    ],
)
def test_published_values(
    api: TestClient, source: str, target: str, point: tuple[float, float], expected: tuple[float, float], within: float
) -> None:
    body = api.post(URL, json={"from": source, "to": target, "points": [point]}).json()
    assert body["status"] == ["ok"]
    assert body["points"][0] == pytest.approx(expected, abs=within)


def test_there_and_back_within_a_millimetre(api: TestClient) -> None:
    points = [[103.507109, 34.589588], [116.404, 39.915], [121.5, 31.2]]
    for shifted in ("gcj02", "bd09"):
        there = api.post(URL, json={"from": "wgs84", "to": shifted, "points": points}).json()["points"]
        back = api.post(URL, json={"from": shifted, "to": "wgs84", "points": there}).json()["points"]
        for before, after in zip(points, back, strict=True):
            assert after == pytest.approx(before, abs=1e-9)


def test_a_point_without_a_place_keeps_its_row(api: TestClient) -> None:
    body = api.post(URL, json={"from": "wgs84", "to": "EPSG:4544", "points": [[105, 35], [200, 35], [105, 36]]}).json()
    assert body["status"] == ["ok", "invalid", "ok"]
    assert body["points"][1] is None


def test_nothing_in_nothing_out(api: TestClient) -> None:
    assert api.post(URL, json={"from": "wgs84", "to": "bd09", "points": []}).json() == {"points": [], "status": []}


def test_bad_input_is_named(api: TestClient) -> None:
    def refused(body: object, where: str) -> None:
        assert_problem(api.post(URL, json=body), 422, "invalid_input", where=where)

    refused({"from": "mars", "to": "wgs84", "points": []}, "from")
    refused({"from": "wgs84", "to": "EPSG:1", "points": []}, "to")
    refused({"from": "wgs84", "to": "bd09", "points": [["x", 1]]}, "points.0.0")
    refused({"from": "wgs84", "to": "bd09"}, "points")
    refused({"from": "wgs84", "to": "bd09", "points": [[1, 2]], "crs": "x"}, "crs")
