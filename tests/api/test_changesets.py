"""Changesets over HTTP: from a drawing to a published version, by two persons."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from gridmap.access.caller import Role
from gridmap.access.rights import RIGHTS
from tests.api.keys import Closed, closed_application
from tests.county import EAST, NORTH_EAST, NORTH_WEST, SOUTH_EAST, SOUTH_WEST, TOWNSHIP, WEST, record_id, square
from tests.postgres import Server
from tests.problems import assert_problem

CHANGESETS = "/api/v1/changesets"
Header = dict[str, str]


@pytest.fixture
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


@pytest.fixture
def editor(closed: Closed) -> Header:
    return closed.key("editor", TOWNSHIP)


@pytest.fixture
def reviewer(closed: Closed) -> Header:
    return closed.key("reviewer", TOWNSHIP)


def halves(code: str) -> tuple[BaseGeometry, BaseGeometry]:
    """The western and the eastern half of a grid's square."""
    west, south, east, north = square(code).bounds
    middle = round((west + east) / 2, 7)
    return _box(west, south, middle, north), _box(middle, south, east, north)


def _box(west: float, south: float, east: float, north: float) -> BaseGeometry:
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return shape({"type": "Polygon", "coordinates": [ring]})


def feature(geometry: BaseGeometry | None, **properties: Any) -> dict[str, Any]:
    identifier = properties.pop("id", None)
    body = None if geometry is None else mapping(geometry)
    return {"type": "Feature", "id": identifier, "geometry": body, "properties": properties}


def collection(*features: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features), **more}


def split_west() -> dict[str, Any]:
    """The north-western grid cut in two, where a household stands in each part; the lower line gets the new vertex."""
    left, right = halves(NORTH_WEST)
    x, y = right.bounds[0], right.bounds[1]
    west, south, east, north = square(SOUTH_WEST).bounds
    below = [(west, south), (east, south), (east, north), (x, y), (west, north), (west, south)]
    return collection(
        feature(left, code=NORTH_WEST, name="西北"),
        feature(right, code=None, name="西北东", id="mine"),
        feature(shape({"type": "Polygon", "coordinates": [below]}), code=SOUTH_WEST, name="西南"),
    )


def opened(closed: Closed, header: Header, *villages: str) -> int:
    response = closed.client.post(CHANGESETS, json={"villages": villages or [WEST], "title": "分网格"}, headers=header)
    assert response.status_code == 201, response.text
    return int(response.json()["id"])


def proposed(closed: Closed, header: Header, body: dict[str, Any] | None = None) -> int:
    number = opened(closed, header)
    response = closed.client.put(f"{CHANGESETS}/{number}/grids", json=body or split_west(), headers=header)
    assert response.status_code == 200, response.text
    return number


def step(closed: Closed, header: Header, number: int, name: str, **body: Any) -> Any:
    return closed.client.post(f"{CHANGESETS}/{number}/{name}", json=body or None, headers=header)


def test_from_a_drawing_to_a_version(closed: Closed, editor: Header, reviewer: Header) -> None:
    number = opened(closed, editor)
    put = closed.client.put(f"{CHANGESETS}/{number}/grids", json=split_west(), headers=editor)
    body = put.json()
    new = WEST + "003"
    assert (body["status"], body["base_version"], body["version"]) == ("draft", 1, 1)
    assert [p for p in body["problems"] if p["severity"] == "error"] == []
    assert body["codes"]["mine"] == new
    assert body["grids"] == {"add": [new], "change": [NORTH_WEST, SOUTH_WEST], "retire": []}
    assert {(k["predecessor"], k["successor"], k["kind"]) for k in body["lineage"]} == {
        (NORTH_WEST, NORTH_WEST, "reshape"), (NORTH_WEST, new, "split"), (SOUTH_WEST, SOUTH_WEST, "reshape")
    }  # fmt: skip
    assert body["households"] == {"count": 1, "items": [{"id": record_id("H", 2), "from": NORTH_WEST, "to": new}]}
    assert body["groups"] == [{"from": NORTH_WEST + "02", "to": new + "02", "name": "2组", "households": 1}]
    assert body["closed_groups"] == [NORTH_WEST + "02"]

    assert step(closed, editor, number, "submit").json()["status"] == "submitted"
    assert step(closed, reviewer, number, "publish").json() == {"version": 2}
    grid = closed.client.get(f"/api/v1/grids/{new}?min_version=2", headers=editor).json()
    assert (grid["version"], grid["properties"]["households"], grid["properties"]["name"]) == (2, 1, "西北东")
    spot = closed.client.get("/api/v1/locate?lon=103.508&lat=34.512", headers=editor).json()
    assert spot["grid"]["code"] == new
    done = closed.client.get(f"{CHANGESETS}/{number}", headers=reviewer).json()
    assert (done["status"], done["published_version"]) == ("published", 2)
    assert done["lineage"] == body["lineage"]


def test_history_lineage_and_the_past(closed: Closed, editor: Header, reviewer: Header) -> None:
    number = proposed(closed, editor, collection(
        feature(square(NORTH_WEST).union(square(SOUTH_WEST)), code=None, name="西"),
    ))  # fmt: skip
    step(closed, editor, number, "submit")
    assert step(closed, reviewer, number, "publish").json() == {"version": 2}
    new = WEST + "003"
    retired = closed.client.get(f"/api/v1/grids/{NORTH_WEST}", headers=editor).json()
    assert retired["properties"]["status"] == "retired"
    assert shape(retired["geometry"]).equals(square(NORTH_WEST))
    assert retired["successors"] == [{"code": new, "share_area": 1.0, "share_households": 1.0}]
    then = closed.client.get(f"/api/v1/grids/{NORTH_WEST}?at=2024-01-01T00:00:00Z", headers=editor).json()
    assert (then["properties"]["status"], [s["code"] for s in then["successors"]]) == ("current", [new])
    lineage = closed.client.get(f"/api/v1/grids/{new}/lineage", headers=editor).json()
    assert [(k["predecessor"], k["kind"]) for k in lineage["predecessors"]] == [
        (NORTH_WEST, "merge"), (SOUTH_WEST, "merge")
    ]  # fmt: skip
    assert lineage["now"] == [{"code": new, "share_area": 1.0, "share_households": 1.0}]
    (state,) = closed.client.get(f"/api/v1/grids/{NORTH_WEST}/history", headers=editor).json()["states"]
    assert (state["version_from"], state["version_to"], state["summary"]) == (1, 2, "small county")
    before = closed.client.get(f"/api/v1/grids/{NORTH_WEST}/lineage?at=2024-01-01T00:00:00Z", headers=editor).json()
    assert (before["successors"], before["now"][0]["code"]) == ([], NORTH_WEST)
    for path in ("history", "lineage"):
        early = closed.client.get(f"/api/v1/grids/{new}/{path}?at=2024-01-01T00:00:00Z", headers=editor)
        assert_problem(early, 404, "not_found")
        assert_problem(closed.client.get(f"/api/v1/grids/{WEST}900/{path}", headers=editor), 404, "not_found")
    listed = closed.client.get("/api/v1/grids?at=2024-01-01T00:00:00Z&within=" + WEST, headers=editor).json()
    assert [f["id"] for f in listed["features"]] == [NORTH_WEST, SOUTH_WEST]


def test_an_errant_draft_is_saved_and_can_not_be_submitted(closed: Closed, editor: Header) -> None:
    number = proposed(closed, editor, collection(feature(square(NORTH_WEST), code=NORTH_WEST, name="西北")))
    shown = closed.client.get(f"{CHANGESETS}/{number}", headers=editor).json()
    (gap,) = shown["problems"]
    assert (gap["kind"], gap["severity"], gap["unit"]) == ("gap", "error", "m2")
    assert shape(gap["where"]).equals(square(SOUTH_WEST))
    body = assert_problem(step(closed, editor, number, "submit"), 422, "changeset_has_errors")
    assert [error["code"] for error in body["errors"]] == ["gap"]
    kept = closed.client.get(f"{CHANGESETS}/{number}/grids", headers=editor).json()
    assert [(f["id"], f["properties"]["action"]) for f in kept["features"]] == [
        (NORTH_WEST, "keep"), (SOUTH_WEST, "retire")
    ]  # fmt: skip


def test_what_was_answered_can_be_sent_back(closed: Closed, editor: Header) -> None:
    number = opened(closed, editor)
    given = closed.client.get("/api/v1/grids?within=" + WEST, headers=editor).json()
    given.pop("next")
    put = closed.client.put(f"{CHANGESETS}/{number}/grids", json=given, headers=editor)
    assert put.status_code == 200, put.text
    assert put.json()["grids"] == {"add": [], "change": [], "retire": []}


def test_a_stale_base_is_a_conflict_that_names_the_other(closed: Closed, editor: Header, reviewer: Header) -> None:
    one, other = proposed(closed, editor), proposed(closed, editor)
    for number in (one, other):
        step(closed, editor, number, "submit")
    step(closed, reviewer, one, "publish")
    body = assert_problem(step(closed, reviewer, other, "publish"), 409, "stale_base")
    assert f"changeset {one} “分网格”, version 2" in body["detail"]
    (told,) = body["sentences"][body["detail"]]
    assert f"变更单 {one}“分网格”" in told["args"]["zh"]


def test_what_forbids_submitting_is_told_in_both_languages(closed: Closed, editor: Header) -> None:
    number = proposed(closed, editor, collection(feature(square(NORTH_WEST), code=NORTH_WEST, name="西北")))
    body = assert_problem(step(closed, editor, number, "submit"), 422, "changeset_has_errors")
    for message in (body["detail"], *(error["message"] for error in body["errors"])):
        (told,) = body["sentences"][message]
        zh = told["args"].get("zh") or told["args"]["first"][0]["args"]["zh"]
        assert re.search("[一-鿿]", zh), told


def test_a_rejected_changeset_is_taken_up_again(closed: Closed, editor: Header, reviewer: Header) -> None:
    number = proposed(closed, editor)
    step(closed, editor, number, "submit")
    step(closed, reviewer, number, "reject", reason="名称有误")
    new = step(closed, editor, number, "redraft").json()
    assert (new["status"], new["grids"]) == (
        "draft",
        closed.client.get(f"{CHANGESETS}/{number}", headers=editor).json()["grids"],
    )
    old = closed.client.get(f"{CHANGESETS}/{number}", headers=editor).json()
    assert (old["status"], old["reason"]) == ("rejected", f"名称有误 → {new['id']}")
    step(closed, editor, new["id"], "submit")
    assert step(closed, reviewer, new["id"], "publish").json() == {"version": 2}


def test_nobody_publishes_his_own(closed: Closed, reviewer: Header) -> None:
    number = proposed(closed, reviewer)
    step(closed, reviewer, number, "submit")
    assert_problem(step(closed, reviewer, number, "publish"), 403, "own_change")
    assert closed.client.get("/api/v1/grids/" + NORTH_WEST, headers=reviewer).json()["version"] == 1


def test_rejected_with_a_reason_and_drawn_again(closed: Closed, editor: Header, reviewer: Header) -> None:
    number = proposed(closed, editor)
    assert_problem(step(closed, reviewer, number, "publish"), 409, "wrong_status")
    step(closed, editor, number, "submit")
    assert_problem(step(closed, reviewer, number, "reject", reason=""), 422, "invalid_input", where="reason")
    body = step(closed, reviewer, number, "reject", reason="沿河分").json()
    assert (body["status"], body["reason"]) == ("rejected", "沿河分")
    again = closed.client.put(f"{CHANGESETS}/{number}/grids", json=split_west(), headers=editor).json()
    assert again["status"] == "draft"


def kept_places(closed: Closed, header: Header, household: str) -> list[tuple[int, str, str | None, str | None]]:
    """Row version, action, grid and group of a household after each write."""
    told = closed.client.get(f"/api/v1/households/{household}/history", headers=header).json()["revisions"]
    return [
        (r["row_version"], r["action"], r["record"]["grid_code"], r["record"]["group_code"]) for r in told
    ]  # fmt: skip


def test_a_household_tells_that_a_boundary_moved_it_and_back(closed: Closed, editor: Header, reviewer: Header) -> None:
    mover, stayer, new = record_id("H", 2), record_id("H", 1), WEST + "003"
    url = f"/api/v1/households/{mover}"
    read = closed.client.get(url, headers=editor).headers["etag"]
    number = proposed(closed, editor)
    step(closed, editor, number, "submit")
    step(closed, reviewer, number, "publish")
    was, became = (1, "known", NORTH_WEST, NORTH_WEST + "02"), (2, "publish", new, new + "02")
    assert kept_places(closed, editor, mover) == [was, became]
    told = closed.client.get(f"{url}/history", headers=editor).json()["revisions"]
    assert told[1]["actor"].startswith("key:reviewer")
    stale = closed.client.patch(url, json={"persons": 4}, headers={**editor, "If-Match": read})
    assert_problem(stale, 412, "row_changed")
    assert kept_places(closed, editor, stayer) == [(1, "known", NORTH_WEST, NORTH_WEST + "01")]
    assert closed.client.get(f"/api/v1/households/{stayer}", headers=editor).headers["etag"] == '"1"'

    back = step(closed, editor, number, "revert").json()["id"]
    step(closed, editor, back, "submit")
    step(closed, reviewer, back, "publish")
    again = (3, "publish", NORTH_WEST, NORTH_WEST + "02")
    assert kept_places(closed, editor, mover) == [was, became, again]
    door = closed.client.get(f"/api/v1/addresses/{record_id('A', 2)}/history", headers=editor).json()["revisions"]
    assert [(r["action"], r["row"]["grid_code"]) for r in door] == [
        ("known", NORTH_WEST), ("publish", new), ("publish", NORTH_WEST)
    ]  # fmt: skip


def test_reverting_is_reviewed_too(closed: Closed, editor: Header, reviewer: Header) -> None:
    number = proposed(closed, editor)
    step(closed, editor, number, "submit")
    step(closed, reviewer, number, "publish")
    response = step(closed, editor, number, "revert")
    assert response.status_code == 201, response.text
    reverting = response.json()
    assert (reverting["reverts"], reverting["status"], reverting["grids"]["retire"]) == (
        number,
        "draft",
        [WEST + "003"],
    )
    step(closed, editor, reverting["id"], "submit")
    assert step(closed, reviewer, reverting["id"], "publish").json() == {"version": 3}
    back = closed.client.get("/api/v1/grids?within=" + WEST, headers=editor).json()["features"]
    assert [shape(f["geometry"]).equals(square(f["id"])) for f in back] == [True, True]
    members = closed.client.get(f"/api/v1/groups/{NORTH_WEST}02/households", headers=reviewer).json()["households"]
    assert [household["id"] for household in members] == [record_id("H", 2)]


def test_a_renumbering_is_proposed(closed: Closed, editor: Header) -> None:
    number = opened(closed, editor)
    in_order = step(closed, editor, number, "renumber", village=WEST).json()
    assert in_order["grids"] == {"add": [], "change": [], "retire": []}
    assert_problem(step(closed, editor, number, "renumber", village=EAST), 422, "invalid_input")


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        ({"type": "Point", "coordinates": [103.5, 34.5]}, "Polygon or MultiPolygon"),
        ({"type": "Polygon", "coordinates": [[[103.5, 34.5], [103.6, 34.5]]]}, "rings of four positions"),
        ({"type": "Polygon", "coordinates": "x"}, "rings of four positions"),
        ({"type": "Polygon"}, "rings of four positions"),
        ({"type": "Polygon", "coordinates": [[[34.5, 103], [34.6, 103], [34.6, 104], [34.5, 103]]]}, "lat, lon"),
        ({"type": "Polygon", "coordinates": [[[35363034, 3830076], [35363035, 3830076], [35363035, 3830077],
                                              [35363034, 3830076]]]}, "projected"),
    ],
)  # fmt: skip
def test_what_is_no_polygon_in_degrees_is_refused_by_name(
    closed: Closed, editor: Header, geometry: dict[str, Any], said: str
) -> None:
    number = opened(closed, editor)
    bad = {"type": "Feature", "geometry": geometry, "properties": {"code": NORTH_WEST, "name": "x"}}
    response = closed.client.put(f"{CHANGESETS}/{number}/grids", json=collection(bad), headers=editor)
    body = assert_problem(response, 422, "invalid_input", where="features.0.geometry")
    assert said in body["detail"]


def test_nan_is_refused(closed: Closed, editor: Header) -> None:
    number = opened(closed, editor)
    text = '{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Polygon","coordinates":'
    text += '[[[NaN,34.5],[103.6,34.5],[103.6,34.6],[NaN,34.5]]]},"properties":{"name":"x"}}]}'
    headers = {**editor, "Content-Type": "application/json"}
    response = closed.client.put(f"{CHANGESETS}/{number}/grids", content=text, headers=headers)
    assert_problem(response, 422, "invalid_input")


def test_a_new_grid_among_several_villages_names_its_own(closed: Closed, editor: Header) -> None:
    number = opened(closed, editor, WEST, EAST)
    body = collection(feature(square(NORTH_EAST), code=None, name="x"))
    response = closed.client.put(f"{CHANGESETS}/{number}/grids", json=body, headers=editor)
    assert_problem(response, 422, "invalid_input", where="features.0.properties.village_code")


def test_lists_show_the_newest_first_within_the_scope(closed: Closed, editor: Header) -> None:
    west, east, both = opened(closed, editor, WEST), opened(closed, editor, EAST), opened(closed, editor, WEST, EAST)

    def listed(header: Header, query: str = "") -> list[int]:
        body = closed.client.get(f"{CHANGESETS}{query}", headers=header).json()
        return [found["id"] for found in body["changesets"]]

    assert listed(editor) == [both, east, west]
    assert listed(editor, f"?village={WEST}") == [both, west]
    assert listed(editor, "?status=published") == []
    assert listed(closed.key("editor", EAST)) == [east]
    first = closed.client.get(f"{CHANGESETS}?limit=2", headers=editor).json()
    rest = closed.client.get(first["next"], headers=editor).json()
    assert [found["id"] for found in rest["changesets"]] == [west]
    assert rest["next"] is None
    assert_problem(closed.client.get(f"{CHANGESETS}?cursor=x", headers=editor), 422, "invalid_input", where="cursor")


def test_outside_the_scope_nothing_is_told_or_done(closed: Closed, editor: Header) -> None:
    number = proposed(closed, editor)
    elsewhere = closed.key("reviewer", EAST)
    assert_problem(closed.client.get(f"{CHANGESETS}/{number}", headers=elsewhere), 403, "forbidden")
    assert_problem(closed.client.get(f"{CHANGESETS}/{number}/grids", headers=elsewhere), 403, "forbidden")
    for name, body in (("submit", {}), ("publish", {}), ("reject", {"reason": "no"}), ("revert", {})):
        assert_problem(step(closed, elsewhere, number, name, **body), 403, "forbidden")
    response = closed.client.post(CHANGESETS, json={"villages": [WEST], "title": "x"}, headers=elsewhere)
    assert_problem(response, 403, "forbidden")
    assert_problem(closed.client.get(f"{CHANGESETS}/99", headers=elsewhere), 404, "not_found")


@pytest.mark.parametrize("role", ["reader", "commander", "integrator"])
def test_other_roles_neither_draw_nor_publish(closed: Closed, role: Role) -> None:
    header = closed.key(role, TOWNSHIP)
    for key in (key for key in RIGHTS if "/api/v1/changesets" in key):
        method, path = key.split(" ")
        response = closed.client.request(method, path.format(changeset_id=1), headers=header, json={})
        assert_problem(response, 403, "forbidden")


def test_a_fieldworker_proposes_what_an_editor_submits(closed: Closed, editor: Header, reviewer: Header) -> None:
    worker = closed.key("fieldworker", NORTH_WEST)
    number = proposed(closed, worker)
    seen = closed.client.get(f"{CHANGESETS}/{number}", headers=worker).json()
    assert (seen["status"], seen["households"]["count"]) == ("draft", 1)
    for name, body in (("submit", {}), ("publish", {}), ("reject", {"reason": "no"}), ("revert", {})):
        assert_problem(step(closed, worker, number, name, **body), 403, "forbidden")
    assert step(closed, editor, number, "submit").json()["status"] == "submitted"
    assert step(closed, reviewer, number, "publish").json() == {"version": 2}


def test_a_fieldworker_sees_the_own_drafts_and_no_other_grid_s_households(closed: Closed, editor: Header) -> None:
    worker = closed.key("fieldworker", SOUTH_WEST)
    other = proposed(closed, editor)
    number = proposed(closed, worker)
    assert [each["id"] for each in closed.client.get(CHANGESETS, headers=worker).json()["changesets"]] == [number]
    seen = closed.client.get(f"{CHANGESETS}/{number}", headers=worker).json()
    # Who moves lives in the grid north of the own one.
    assert seen["households"] == {"count": 1, "items": []}
    assert_problem(closed.client.get(f"{CHANGESETS}/{other}", headers=worker), 403, "forbidden")
    assert_problem(
        closed.client.put(f"{CHANGESETS}/{other}/grids", json=split_west(), headers=worker), 403, "forbidden"
    )
    response = closed.client.post(CHANGESETS, json={"villages": [EAST], "title": "x"}, headers=worker)
    assert_problem(response, 403, "forbidden")


def test_a_stale_changeset_is_drawn_again_on_the_present_state(
    closed: Closed, editor: Header, reviewer: Header
) -> None:
    stale = proposed(closed, editor)
    assert_problem(step(closed, editor, stale, "redraft"), 409, "wrong_status")
    named = proposed(closed, editor, collection(
        feature(square(NORTH_WEST), code=NORTH_WEST, name="西北"),
        feature(square(SOUTH_WEST), code=SOUTH_WEST, name="南坡"),
    ))  # fmt: skip
    step(closed, editor, stale, "submit")
    step(closed, editor, named, "submit")
    assert step(closed, reviewer, named, "publish").json() == {"version": 2}
    told = assert_problem(step(closed, reviewer, stale, "publish"), 409, "stale_base")
    assert f"changeset {named}" in told["detail"]
    new = step(closed, editor, stale, "redraft").json()
    assert (new["status"], new["base_version"]) == ("draft", 2)
    grids = closed.client.get(f"{CHANGESETS}/{new['id']}/grids", headers=editor).json()["features"]
    # The line is the draft's, and so is the name of the grid that both changed; nothing else is the old base's.
    assert {g["properties"]["name"] for g in grids} == {"西北", "西北东", "西南"}
    old = closed.client.get(f"{CHANGESETS}/{stale}", headers=editor).json()
    assert (old["status"], old["reason"]) == ("rejected", f"→ {new['id']}")
    step(closed, editor, new["id"], "submit")
    assert step(closed, reviewer, new["id"], "publish").json() == {"version": 3}


def test_editors_do_not_publish(closed: Closed, editor: Header) -> None:
    number = proposed(closed, editor)
    step(closed, editor, number, "submit")
    other = closed.key("editor", TOWNSHIP)
    assert_problem(step(closed, other, number, "publish"), 403, "forbidden")
    assert_problem(step(closed, other, number, "reject", reason="no"), 403, "forbidden")


def test_every_step_is_in_the_audit(closed: Closed, editor: Header, reviewer: Header) -> None:
    number = proposed(closed, editor)
    step(closed, editor, number, "submit")
    step(closed, reviewer, number, "publish")
    told = [(entry.action, entry.subjects) for entry in closed.audit("changeset.")]
    assert told == [(f"changeset.{done}", [f"changeset:{number}"]) for done in ("open", "propose", "submit", "publish")]


def test_a_township_is_recoded_over_http(closed: Closed) -> None:
    admin = closed.key("admin", "all")
    change = {"kind": "recode", "code": TOWNSHIP, "new_code": "990001102", "name": "新镇"}
    assert_problem(
        closed.client.post("/api/v1/divisions/changes", json=change, headers=closed.key("reviewer", "all")),
        403, "forbidden",
    )  # fmt: skip
    body = closed.client.post("/api/v1/divisions/changes", json=change, headers=admin).json()
    assert body["version"] == 2
    assert body["grids"][SOUTH_EAST] == SOUTH_EAST.replace(TOWNSHIP, "990001102")
    old = closed.client.get(f"/api/v1/divisions/{TOWNSHIP}", headers=admin).json()
    assert (old["status"], old["name"], old["successors"]) == ("retired", "双村", ["990001102"])
    new = closed.client.get("/api/v1/divisions/990001102", headers=admin).json()
    assert (new["status"], new["name"], new["counts"]["households"]) == ("current", "新镇", 5)
    then = closed.client.get(f"/api/v1/divisions/{TOWNSHIP}?at=2024-01-01T00:00:00Z", headers=admin).json()
    assert (then["status"], then["counts"]["grids"]) == ("current", 4)
    assert_problem(closed.client.get("/api/v1/divisions/990001999", headers=admin), 404, "not_found")
    moved = SOUTH_EAST.replace(TOWNSHIP, "990001102")
    # It is in no group, and its history tells the new code of its grid all the same.
    assert kept_places(closed, admin, record_id("H", 5)) == [(1, "known", SOUTH_EAST, None), (2, "recode", moved, None)]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "rename", "code": WEST, "name": "西山村"},
        {"kind": "merge", "codes": [WEST, EAST], "into": EAST},
        {"kind": "split", "code": WEST, "new_code": TOWNSHIP + "210", "grids": [SOUTH_WEST], "name": "西南村"},
    ],
)
def test_other_changes_of_divisions(closed: Closed, change: dict[str, Any]) -> None:
    admin = closed.key("admin", "all")
    response = closed.client.post("/api/v1/divisions/changes", json=change, headers=admin)
    assert (response.status_code, response.json()["version"]) == (200, 2), response.text
    assert closed.client.get("/api/v1/divisions/990001", headers=admin).json()["counts"]["grids"] == 4


def test_an_unknown_change_of_divisions_is_refused(closed: Closed) -> None:
    admin = closed.key("admin", "all")
    for body in ({"kind": "abolish", "code": WEST}, {"kind": "rename"}, {"kind": "rename", "code": WEST, "more": 1}):
        assert_problem(closed.client.post("/api/v1/divisions/changes", json=body, headers=admin), 422, "invalid_input")
