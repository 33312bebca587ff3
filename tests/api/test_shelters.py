"""Upkeep of shelters over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.keys import Closed, closed_application
from tests.api.test_groups_and_grids import events
from tests.api.test_officers import Clerk
from tests.county import COUNTY, EAST, NORTH_EAST, NORTH_WEST, WEST, at, record_id
from tests.postgres import Server
from tests.problems import assert_problem

SHELTERS = "/api/v1/shelters"


@pytest.fixture
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


def new(grid: str, **more: Any) -> dict[str, Any]:
    lon, lat = at(grid)
    return {"name": "双村小学", "capacity": 300, "lon": lon, "lat": lat, **more}


def test_a_shelter_is_entered_changed_closed_and_opened_again(closed: Closed) -> None:
    clerk = Clerk(closed)
    made = clerk("POST", SHELTERS, json=new(NORTH_EAST))
    assert made.status_code == 201, made.text
    shelter = made.json()
    path = f"{SHELTERS}/{shelter['id']}"
    assert (shelter["id"], shelter["village_code"], made.headers["Location"]) == (record_id("S", 1), EAST, path)
    assert (shelter["lon"], shelter["lat"]) == at(NORTH_EAST)
    lon, lat = at(NORTH_WEST)
    moved = clerk("PATCH", path, '"1"', json={"lon": lon, "lat": lat, "capacity": 250})
    assert (moved.json()["village_code"], moved.json()["capacity"], moved.headers["ETag"]) == (WEST, 250, '"2"')
    assert_problem(clerk("PATCH", path, '"1"', json={"capacity": 1}), 412, "row_changed")
    assert clerk("PATCH", path, json={"capacity": 250}).headers["ETag"] == '"2"'
    assert clerk("GET", f"{SHELTERS}?within={WEST}").json()["shelters"][0]["id"] == shelter["id"]
    assert clerk("GET", f"{SHELTERS}?bbox=103.51,34.5,103.52,34.52").json()["shelters"] == []
    assert clerk("DELETE", path, '"2"').json()["status"] == "closed"
    assert clerk("GET", SHELTERS).json()["shelters"] == []
    assert_problem(clerk("PATCH", path, json={"capacity": 1}), 409, "conflict")
    assert clerk("DELETE", path).headers["ETag"] == '"3"'
    assert clerk("PATCH", path, json={"status": "current"}).json()["status"] == "current"
    kept = clerk("GET", f"{path}/history").json()["revisions"]
    actions = ["create", "change", "close", "change"]
    assert [(r["row_version"], r["action"]) for r in kept] == list(enumerate(actions, 1))
    assert kept[0]["record"]["capacity"] == 300
    assert [e["action"] for e in events(closed, "shelters")] == actions
    assert [e.action for e in closed.audit("shelter.")] == [f"shelter.{action}" for action in actions]


def test_mistakes_are_named_by_their_field(closed: Closed) -> None:
    clerk = Clerk(closed)
    assert clerk("POST", SHELTERS, json=new(NORTH_EAST)).status_code == 201
    for body, field in (
        (new(NORTH_EAST, village_code=WEST), "village_code"), (new(NORTH_EAST, capacity=-1), "capacity"),
        (new(NORTH_EAST, name=" "), "name"), (new(NORTH_EAST, address_code=record_id("A", 99)), "address_code"),
        ({**new(NORTH_EAST), "lon": 34.5, "lat": 103.5}, "lat"), (new(NORTH_EAST, crs="EPSG:1"), "crs"),
        ({**new(NORTH_EAST), "lon": 100.0}, "village_code"), ({"name": "x", "capacity": 1, "lon": 103.5}, "lat"),
    ):  # fmt: skip
        problem = assert_problem(clerk("POST", SHELTERS, json=body), 422, "invalid_input")
        assert field in {error["where"].split(".")[-1] for error in problem["errors"]}, (body, problem)
    assert_problem(clerk("POST", SHELTERS, json=new(NORTH_EAST)), 409, "conflict")
    outside = clerk("POST", SHELTERS, json={**new(NORTH_EAST), "lon": 103.6, "name": "桥东", "village_code": EAST})
    assert outside.json()["village_code"] == EAST
    assert_problem(clerk("GET", f"{SHELTERS}/{record_id('S', 99)}"), 404, "not_found")
    gcj = clerk("POST", SHELTERS, json=new(NORTH_EAST, name="广场", crs="gcj02")).json()
    assert 0.0005 < abs(gcj["lon"] - at(NORTH_EAST)[0]) < 0.005


def test_who_may_and_where(closed: Closed) -> None:
    shelter = Clerk(closed)("POST", SHELTERS, json=new(NORTH_EAST)).json()["id"]
    western = Clerk(closed, "editor", WEST)
    lon, lat = at(NORTH_WEST)
    for method, path, body in (
        ("GET", f"/{shelter}", None), ("PATCH", f"/{shelter}", {"lon": lon, "lat": lat}),
        ("DELETE", f"/{shelter}", None), ("POST", "", new(NORTH_EAST, name="x")), ("GET", f"/{shelter}/history", None),
    ):  # fmt: skip
        assert_problem(western(method, SHELTERS + path, json=body), 403, "forbidden")
    assert western("GET", SHELTERS).json()["shelters"] == []
    own = western("POST", SHELTERS, json=new(NORTH_WEST)).json()["id"]
    lon, lat = at(NORTH_EAST)
    assert_problem(western("PATCH", f"{SHELTERS}/{own}", json={"lon": lon, "lat": lat}), 403, "forbidden")
    for role in ("reader", "commander", "fieldworker", "integrator"):
        scope = NORTH_EAST if role == "fieldworker" else COUNTY
        assert_problem(Clerk(closed, role, scope)("POST", SHELTERS, json=new(NORTH_EAST)), 403, "forbidden")
    assert Clerk(closed, "reader")("GET", f"{SHELTERS}/{shelter}").status_code == 200
    assert_problem(closed.client.get(SHELTERS), 401, "unauthenticated")
