"""The division tree over HTTP."""

from threading import current_thread

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from shapely.geometry import shape
from sqlalchemy import event, text

from gridmap.app import create_app
from gridmap.db.engine import make_engine, transaction
from gridmap.settings import Settings
from tests.api.keys import closed_application
from tests.county import COUNTY, EAST, NORTH_EAST, PREFECTURE, PROVINCE, SOUTH_EAST, TOWNSHIP, WEST, small_county
from tests.postgres import Server
from tests.problems import assert_problem

COUNTS = {
    "townships": 1, "villages": 2, "grids": 4, "groups": 4, "addresses": 6,
    "buildings": 6, "households": 5, "persons": 132, "officers": 4,
}  # fmt: skip


def test_a_county(api: TestClient) -> None:
    body = api.get(f"/api/v1/divisions/{COUNTY}").json()
    assert {key: body[key] for key in ("code", "name", "name_full", "name_bo", "level", "parent", "version")} == {
        "code": COUNTY, "name": "小县", "name_full": "小县", "name_bo": "རྫོང་ཆུང་",
        "level": "county", "parent": PREFECTURE, "version": 1,
    }  # fmt: skip
    assert body["counts"] == COUNTS
    assert body["bbox"] == [103.50, 34.50, 103.52, 34.52]
    assert [step["code"] for step in body["chain"]] == [PROVINCE, PREFECTURE, COUNTY]
    assert body["outline"] is None


@pytest.mark.parametrize("code", [PROVINCE, PREFECTURE])
def test_what_is_above_counts_all_that_is_below(api: TestClient, code: str) -> None:
    assert api.get(f"/api/v1/divisions/{code}").json()["counts"] == COUNTS


def test_villages_share_their_township_out(api: TestClient) -> None:
    of = {c: api.get(f"/api/v1/divisions/{c}").json()["counts"] for c in (TOWNSHIP, WEST, EAST)}
    for key in ("grids", "groups", "addresses", "buildings", "households", "persons"):
        assert of[WEST][key] + of[EAST][key] == of[TOWNSHIP][key] == COUNTS[key], key
    assert (of[TOWNSHIP]["townships"], of[TOWNSHIP]["villages"], of[WEST]["villages"]) == (0, 2, 0)
    assert (of[WEST]["officers"], of[EAST]["officers"], of[TOWNSHIP]["officers"]) == (2, 1, 3)


def test_the_past_of_people_is_not_told(api: TestClient) -> None:
    counts = api.get(f"/api/v1/divisions/{COUNTY}", params={"at": "2021-01-01T00:00:00Z"}).json()["counts"]
    assert (counts["grids"], counts["households"], counts["persons"], counts["officers"]) == (4, None, None, None)


def test_children_in_the_order_of_their_codes(api: TestClient) -> None:
    body = api.get(f"/api/v1/divisions/{TOWNSHIP}/children").json()
    assert [child["code"] for child in body["children"]] == [WEST, EAST]
    assert body["children"][0] == {
        "code": WEST, "name": "西村", "name_full": "西村村民委员会", "name_bo": "ནུབ་གྲོང་",
        "level": "village", "parent": TOWNSHIP,
    }  # fmt: skip
    assert api.get(f"/api/v1/divisions/{WEST}/children").json()["children"] == []


def test_an_outline_on_request(api: TestClient) -> None:
    outline = api.get(f"/api/v1/divisions/{WEST}", params={"include": "outline"}).json()["outline"]
    assert outline["type"] == "Polygon"
    assert {tuple(p) for p in outline["coordinates"][0]} >= {(103.50, 34.50), (103.51, 34.52)}


def test_a_list_in_pages(api: TestClient) -> None:
    codes, url = [], "/api/v1/divisions?limit=4"
    while url:
        body = api.get(url).json()
        codes += [division["code"] for division in body["divisions"]]
        url = body["next"]
    assert codes == sorted([PROVINCE, PREFECTURE, COUNTY, TOWNSHIP, WEST, EAST])
    villages = api.get("/api/v1/divisions", params={"level": "village"}).json()["divisions"]
    assert [village["code"] for village in villages] == [WEST, EAST]


def test_unknown_and_malformed(api: TestClient) -> None:
    assert "990002" in assert_problem(api.get("/api/v1/divisions/990002"), 404, "not_found")["detail"]
    assert_problem(api.get("/api/v1/divisions/990002/children"), 404, "not_found")
    assert_problem(api.get("/api/v1/divisions/99000"), 422, "invalid_input", where="code")
    assert_problem(api.get("/api/v1/divisions", params={"level": "hamlet"}), 422, "invalid_input", where="level")
    assert_problem(api.get("/api/v1/divisions", params={"limit": 0}), 422, "invalid_input", where="limit")
    assert_problem(api.get(f"/api/v1/divisions/{COUNTY}", params={"at": "2019-01-01T00:00:00Z"}), 404, "not_found")


def test_an_unchanged_answer_is_not_sent_again(api: TestClient) -> None:
    first = api.get(f"/api/v1/divisions/{COUNTY}")
    again = api.get(f"/api/v1/divisions/{COUNTY}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


def test_coverage_tells_what_is_wrong_where_and_how_much(server: Server) -> None:
    url = server.clone()
    engine = make_engine(url)
    with transaction(engine) as session:
        small_county(session)
        session.execute(
            text("UPDATE grid_version SET geometry = ST_Multi(ST_Envelope(ST_Translate(geometry, 0.001, 0)))"
                 " WHERE code = :code"), {"code": NORTH_EAST},
        )  # fmt: skip
    engine.dispose()
    with TestClient(create_app(Settings.from_env({}, database_url=url, public_map=True))) as api:
        body = api.get(f"/api/v1/divisions/{EAST}/coverage").json()
        assert (body["version"], body["code"], body["villages"], body["grids"]) == (1, EAST, 1, 2)
        kinds = {(p["kind"], p["severity"], p["unit"]): p for p in body["problems"]}
        gap, outside = kinds["gap", "error", "m2"], kinds["outside", "error", "m2"]
        assert (gap["grids"], outside["grids"]) == ([NORTH_EAST, SOUTH_EAST], [NORTH_EAST])
        assert shape(gap["where"]).area == pytest.approx(0.001 * 0.01)
        assert gap["size"] == pytest.approx(102_000, rel=0.01)
        assert NORTH_EAST in outside["message"]
        # Along the southern neighbour the corners no longer meet.
        assert (body["errors"], body["warnings"]) == (2, 1)
        assert api.get(f"/api/v1/divisions/{WEST}/coverage").json()["problems"] == []
        above = api.get(f"/api/v1/divisions/{COUNTY}/coverage?limit=1").json()
        assert (len(above["problems"]), above["errors"] >= 2) == (1, True)
        again = api.get(f"/api/v1/divisions/{COUNTY}/coverage")
        assert api.get(again.url.path, headers={"If-None-Match": again.headers["ETag"]}).status_code == 304
        assert_problem(api.get("/api/v1/divisions/990009/coverage"), 404, "not_found")
        assert_problem(api.get(f"/api/v1/divisions/{EAST}/coverage?at=2001-01-01T00:00:00Z"), 404, "not_found")
    server.drop(url)


def test_coverage_of_others_is_not_told_where_the_map_is_closed(server: Server) -> None:
    with closed_application(server) as closed:
        header = closed.key("reader", WEST)
        assert closed.client.get(f"/api/v1/divisions/{WEST}/coverage", headers=header).json()["problems"] == []
        assert_problem(closed.client.get(f"/api/v1/divisions/{EAST}/coverage", headers=header), 403, "forbidden")
        assert_problem(closed.client.get(f"/api/v1/divisions/{WEST}/coverage"), 401, "unauthenticated")


def test_counts_are_three_statements(api: TestClient) -> None:
    assert isinstance(api.app, FastAPI)
    counting: list[str] = []

    def note(*call: object) -> None:
        # The snapshot's own thread looks for itself.
        if current_thread().name != "snapshot-follower" and "count(*)" in str(call[2]):
            counting.append(str(call[2]))

    event.listen(api.app.state.engine, "before_cursor_execute", note)
    try:
        assert api.get(f"/api/v1/divisions/{COUNTY}").json()["counts"] == COUNTS
    finally:
        event.remove(api.app.state.engine, "before_cursor_execute", note)
    assert len(counting) == 3, counting
