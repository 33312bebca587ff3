"""Without a public map, a key shows what lies in its scope and nothing else."""

from collections.abc import Iterator

import pytest

from tests.api.keys import Closed, closed_application
from tests.county import COUNTY, EAST, NORTH_EAST, NORTH_WEST, PREFECTURE, SOUTH_EAST, SOUTH_WEST, TOWNSHIP, WEST, at
from tests.postgres import Server
from tests.problems import assert_problem


@pytest.fixture(scope="module")
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


def test_lists_are_shortened(closed: Closed) -> None:
    def grids(scope: str, within: str) -> list[str]:
        answer = closed.client.get("/api/v1/grids", params={"within": within}, headers=closed.key("reader", scope))
        return [feature["id"] for feature in answer.json()["features"]]

    assert grids(EAST, COUNTY) == [NORTH_EAST, SOUTH_EAST]
    assert grids(SOUTH_EAST, COUNTY) == [SOUTH_EAST]
    assert grids(COUNTY, WEST) == grids(PREFECTURE, WEST) == grids("all", WEST) == [NORTH_WEST, SOUTH_WEST]
    assert grids(EAST, WEST) == []
    own = closed.client.get("/api/v1/divisions", headers=closed.key("reader", EAST)).json()["divisions"]
    assert [division["code"] for division in own] == [EAST]


def test_a_single_thing_outside_is_refused(closed: Closed) -> None:
    key = closed.key("reader", EAST)
    for path in (f"grids/{NORTH_WEST}", f"divisions/{WEST}", f"divisions/{TOWNSHIP}", f"divisions/{COUNTY}/children"):
        assert_problem(closed.client.get(f"/api/v1/{path}", headers=key), 403, "forbidden")
    for path in (f"grids/{NORTH_EAST}", f"divisions/{EAST}", f"divisions/{EAST}/children"):
        assert closed.client.get(f"/api/v1/{path}", headers=key).status_code == 200


def test_locate_says_that_it_must_not_say(closed: Closed) -> None:
    def located(place: tuple[float, float]) -> dict[str, object]:
        params = dict(zip(("lon", "lat"), place, strict=True))
        response = closed.client.get("/api/v1/locate", params=params, headers=closed.key("reader", EAST))
        assert response.status_code == 200
        answer: dict[str, object] = response.json()
        return answer

    outside = located(at(NORTH_WEST))
    assert (outside["outside_scope"], outside["grid"], outside["divisions"]) == (True, None, [])
    inside = located(at(NORTH_EAST))
    assert inside["grid"] == {**inside["grid"], "code": NORTH_EAST}  # type: ignore[dict-item]
    assert "outside_scope" not in inside


def test_a_copy_made_for_one_caller_is_not_confirmed_to_another(closed: Closed) -> None:
    path = "/api/v1/grids"
    of_all = closed.client.get(path, headers=closed.key("reader", "all"))
    mark = {"If-None-Match": of_all.headers["etag"]}
    narrower = closed.client.get(path, headers=closed.key("reader", EAST) | mark)
    assert (narrower.status_code, len(narrower.json()["features"])) == (200, 2)
    assert closed.client.get(path, headers=closed.key("reader", "all") | mark).status_code == 304


def test_nobody_sees_nothing(closed: Closed) -> None:
    assert_problem(closed.client.get("/api/v1/grids"), 401, "unauthenticated")
