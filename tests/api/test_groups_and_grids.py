"""Upkeep of household groups, and of what of a grid is not its shape, over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from gridmap.db.engine import transaction
from tests.api.keys import Closed, closed_application
from tests.api.test_officers import Clerk
from tests.county import (
    EAST,
    NORTH_EAST,
    NORTH_WEST,
    SOUTH_EAST,
    SOUTH_WEST,
    TOWNSHIP,
    WEST,
    record_id,
    square,
)
from tests.postgres import Server
from tests.problems import assert_problem

P1, P2, P3, P4 = (record_id("P", number) for number in range(1, 5))
H1, H2, H3, H4, H5, H6 = (record_id("H", number) for number in range(1, 7))
GROUPS = "/api/v1/groups"


@pytest.fixture
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


def events(closed: Closed, kind: str) -> list[dict[str, Any]]:
    with transaction(closed.engine) as session:
        rows = session.execute(text("SELECT payload FROM event WHERE kind = :kind ORDER BY seq"), {"kind": kind})
        return [row[0] for row in rows]


def test_a_group_from_its_first_day_to_its_last(closed: Closed) -> None:
    clerk = Clerk(closed)
    made = clerk("POST", GROUPS, json={"grid_code": SOUTH_EAST, "name": " 河边 组 ", "head": P3, "members": [H5]})
    assert made.status_code == 201, made.text
    group = made.json()
    code = SOUTH_EAST + "01"
    assert (group["code"], group["name"], group["households"], group["status"]) == (code, "河边 组", 1, "current")
    assert made.headers["Location"] == f"{GROUPS}/{code}"
    assert [(o["id"], o["role"], o["name"]) for o in group["officers"]] == [(P3, "head", "周**")]
    assert (made.headers["ETag"], group["version"]) == ('"1"', 2)
    assert clerk("GET", f"/api/v1/households/{H5}").json()["group_code"] == code

    changed = clerk("PATCH", f"{GROUPS}/{code}", '"1"', json={"name": "河东组", "head": P4, "deputies": [P3]})
    assert (changed.json()["name"], changed.headers["ETag"], changed.json()["version"]) == ("河东组", '"2"', 3)
    assert [(o["id"], o["role"]) for o in changed.json()["officers"]] == [(P4, "head"), (P3, "deputy")]
    assert_problem(clerk("PATCH", f"{GROUPS}/{code}", '"1"', json={"name": "x"}), 412, "row_changed")
    same = clerk("PATCH", f"{GROUPS}/{code}", '"2"', json={"name": "河东组"})
    assert (same.headers["ETag"], same.json()["version"]) == ('"2"', 3)

    body = assert_problem(clerk("DELETE", f"{GROUPS}/{code}"), 409, "group_has_members")
    assert "1 households" in body["detail"]
    assert clerk("PATCH", f"{GROUPS}/{code}", json={"members": []}).json()["households"] == 0
    gone = clerk("DELETE", f"{GROUPS}/{code}", '"3"')
    assert (gone.json()["status"], gone.json()["officers"]) == ("retired", [])
    assert clerk("GET", f"{GROUPS}/{code}").json()["valid_to"] is not None
    assert_problem(clerk("PATCH", f"{GROUPS}/{code}", json={"name": "x"}), 409, "conflict")
    assert_problem(clerk("DELETE", f"{GROUPS}/{code}"), 409, "conflict")
    # A number that was given is not given again.
    assert clerk("POST", GROUPS, json={"grid_code": SOUTH_EAST, "name": "新组"}).json()["code"] == SOUTH_EAST + "02"

    kept = clerk("GET", f"{GROUPS}/{code}/history").json()["revisions"]
    assert [(r["row_version"], r["action"], r["record"]["name"]) for r in kept] == [
        (1, "create", "河边 组"), (2, "change", "河东组"), (3, "change", "河东组"), (4, "close", "河东组")
    ]  # fmt: skip
    assert (kept[1]["record"]["head"], kept[0]["record"]["members"]) == (P4, [H5])
    assert {"action": "close", "codes": [code]} in events(closed, "groups")
    assert {e.action for e in closed.audit("group.")} >= {"group.create", "group.change", "group.close", "group.read"}


def test_a_group_of_the_load_has_a_history_from_its_first_change_on(closed: Closed) -> None:
    clerk, code = Clerk(closed), NORTH_WEST + "01"
    (known,) = clerk("GET", f"{GROUPS}/{code}/history").json()["revisions"]
    assert (known["row_version"], known["action"], known["record"]["head"]) == (1, "known", P2)
    done = clerk("PATCH", f"{GROUPS}/{code}", clerk("GET", f"{GROUPS}/{code}").headers["ETag"], json={"head": None})
    assert (done.json()["officers"], done.headers["ETag"], done.json()["version"]) == ([], '"2"', 1)
    assert [r["action"] for r in clerk("GET", f"{GROUPS}/{code}/history").json()["revisions"]] == ["known", "change"]


def test_members_live_in_the_grid_of_their_group(closed: Closed) -> None:
    clerk, code = Clerk(closed), NORTH_WEST + "01"
    moved = clerk("PATCH", f"{GROUPS}/{code}", json={"members": [H1, H2]}).json()
    assert moved["households"] == 2
    assert clerk("DELETE", f"{GROUPS}/{NORTH_WEST}02").json()["status"] == "retired"
    for wrong in ([H4], [H6], [record_id("H", 99)]):
        refused = assert_problem(clerk("PATCH", f"{GROUPS}/{code}", json={"members": wrong}), 422, "invalid_input")
        assert refused["errors"][0]["where"] == "members.0"
        assert clerk("GET", f"{GROUPS}/{code}").json()["households"] == 2
    for body, field in (
        ({"head": record_id("P", 99)}, "head"), ({"deputies": [P2]}, "deputies"), ({"name": " "}, "name"),
        ({"deputies": [record_id("P", 99)]}, "deputies"), ({"name": "x" * 101}, "name"),
    ):  # fmt: skip
        problem = assert_problem(clerk("PATCH", f"{GROUPS}/{code}", json=body), 422, "invalid_input")
        assert problem["errors"][0]["where"] == field, body
    assert_problem(clerk("POST", GROUPS, json={"grid_code": WEST + "900", "name": "x"}), 422, "invalid_input")
    assert_problem(clerk("PATCH", f"{GROUPS}/{code}", json={"id_card": "x"}), 422, "invalid_input")


def test_who_may_and_where(closed: Closed) -> None:
    code, body = NORTH_WEST + "01", {"name": "新名"}
    for role in ("reader", "commander", "integrator"):
        assert_problem(Clerk(closed, role)("PATCH", f"{GROUPS}/{code}", json=body), 403, "forbidden")
    own = Clerk(closed, "fieldworker", NORTH_WEST)
    assert own("GET", f"{GROUPS}/{code}").json()["households"] == 1
    assert_problem(own("PATCH", f"{GROUPS}/{code}", json=body), 403, "forbidden")
    assert_problem(Clerk(closed, "reader")("GET", GROUPS), 403, "forbidden")
    eastern = Clerk(closed, "editor", EAST)
    for method, path in (("GET", code), ("PATCH", code), ("DELETE", code), ("GET", f"{code}/history")):
        assert_problem(eastern(method, f"{GROUPS}/{path}", json=body if method == "PATCH" else None), 403, "forbidden")
    assert_problem(eastern("POST", GROUPS, json={"grid_code": NORTH_WEST, "name": "x"}), 403, "forbidden")
    assert [g["code"] for g in eastern("GET", GROUPS).json()["groups"]] == [NORTH_EAST + "01"]
    # A household of another village can't be drawn into one's own group.
    refused = eastern("PATCH", f"{GROUPS}/{NORTH_EAST}01", json={"members": [H1, H4]})
    assert refused.status_code in {403, 422}
    page = Clerk(closed)("GET", f"{GROUPS}?within={WEST}&limit=2").json()
    assert [(g["code"], g["households"]) for g in page["groups"]] == [(NORTH_WEST + "01", 1), (NORTH_WEST + "02", 1)]
    assert page["groups"][0]["head"]["name"] == "李**"
    rest = Clerk(closed)("GET", page["next"]).json()
    assert ([g["code"] for g in rest["groups"]], rest["next"]) == ([SOUTH_WEST + "01"], None)


def test_a_retired_group_leads_to_its_successors(closed: Closed) -> None:
    author, second = Clerk(closed, "editor", TOWNSHIP), Clerk(closed, "reviewer", TOWNSHIP)
    number = author("POST", "/api/v1/changesets", json={"villages": [WEST], "title": "并网格"}).json()["id"]
    whole = square(NORTH_WEST).union(square(SOUTH_WEST))
    feature = {"type": "Feature", "geometry": whole.__geo_interface__, "properties": {"code": None, "name": "西"}}
    author("PUT", f"/api/v1/changesets/{number}/grids", json={"type": "FeatureCollection", "features": [feature]})
    author("POST", f"/api/v1/changesets/{number}/submit")
    version = second("POST", f"/api/v1/changesets/{number}/publish").json()["version"]
    old = author("GET", f"{GROUPS}/{NORTH_WEST}02")
    assert (old.status_code, old.json()["status"], old.json()["name"]) == (200, "retired", "2组")
    (heir,) = old.json()["successors"]
    assert heir.startswith(WEST + "003")
    assert author("GET", f"{GROUPS}/{heir}").json()["households"] == 1
    then = author("GET", f"{GROUPS}/{NORTH_WEST}02?at=2024-01-01T00:00:00Z").json()
    assert (then["status"], then["successors"], then["officers"]) == ("current", [heir], [])
    assert version == 2
    assert_problem(author("GET", f"{GROUPS}/{NORTH_WEST}77"), 404, "not_found")
    refused = assert_problem(author("PATCH", f"{GROUPS}/{NORTH_WEST}02", json={"name": "x"}), 409, "conflict")
    assert heir in refused["detail"]


def test_a_grid_gets_a_name_and_people(closed: Closed) -> None:
    clerk, path = Clerk(closed), f"/api/v1/grids/{NORTH_WEST}"
    read = clerk("GET", path)
    changed = clerk(
        "PATCH", path, read.headers["ETag"], json={"name": "西北新区", "name_bo": "ནུབ་བྱང་", "kind": "special"}
    )
    assert changed.status_code == 200, changed.text
    grid = changed.json()
    assert (grid["properties"]["name"], grid["properties"]["kind"], grid["version"]) == ("西北新区", "special", 2)
    assert [(o["id"], o["role"]) for o in grid["officers"]] == [(P1, "head")]
    assert changed.headers["ETag"] == '"2"'
    # What was read before is an old reading now, by either of its tags.
    for stale in (read.headers["ETag"], '"1"'):
        assert_problem(clerk("PATCH", path, stale, json={"name": "x"}), 412, "row_changed")
    people = clerk("PATCH", path, clerk("GET", path).headers["ETag"], json={"head": P3, "deputies": [P1]}).json()
    assert [(o["id"], o["role"]) for o in people["officers"]] == [(P3, "head"), (P1, "deputy")]
    assert (people["version"], people["row_version"]) == (2, 3)
    assert clerk("GET", f"{path}/officers").json()["officers"] == people["officers"]
    states = clerk("GET", f"{path}/history").json()["states"]
    assert [(s["name"], s["changed"]) for s in states] == [("西北", []), ("西北新区", ["name", "name_bo", "kind"])]
    then = clerk("GET", f"{path}?at=2024-01-01T00:00:00Z").json()
    assert then["properties"]["name"] == "西北"
    assert grid["geometry"] == then["geometry"]
    assert clerk("PATCH", path, json={"name_bo": None}).json()["properties"]["name_bo"] is None
    assert_problem(clerk("PATCH", path, json={"name": "\t"}), 422, "invalid_input")
    assert_problem(clerk("PATCH", path, json={"geometry": {}}), 422, "invalid_input")
    assert_problem(clerk("PATCH", path, "3", json={"name": "x"}), 422, "invalid_input")
    assert_problem(clerk("PATCH", f"/api/v1/grids/{WEST}900", json={"name": "x"}), 404, "not_found")
    assert_problem(Clerk(closed, "editor", EAST)("PATCH", path, json={"name": "x"}), 403, "forbidden")
    assert_problem(Clerk(closed, "fieldworker", NORTH_WEST)("PATCH", path, json={"name": "x"}), 403, "forbidden")
    assert closed.audit("grid.change")[-1].subjects[0] == NORTH_WEST
    assert events(closed, "grids")[0] == {"action": "change", "codes": [NORTH_WEST]}


def test_a_draft_drawn_before_a_name_was_changed_is_stale(closed: Closed) -> None:
    clerk = Clerk(closed)
    number = clerk("POST", "/api/v1/changesets", json={"villages": [WEST], "title": "a"}).json()["id"]
    clerk("PATCH", f"/api/v1/grids/{NORTH_WEST}", json={"name": "新名"})
    problems = clerk("GET", f"/api/v1/changesets/{number}").json()["problems"]
    (stale,) = [problem for problem in problems if problem["kind"] == "stale_base"]
    assert "新名" in stale["message_en"]
