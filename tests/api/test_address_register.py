"""The register of addresses over HTTP: entered, corrected, merged, cancelled; the grid is true all along."""

from collections.abc import Iterator
from typing import Any

import pytest
from shapely import union_all
from shapely.geometry import mapping
from sqlalchemy import update

from gridmap.addresses.problems import KINDS
from gridmap.db.engine import transaction
from gridmap.db.model import Event
from gridmap.households.model import Household
from tests.api.keys import Closed, closed_application
from tests.county import (
    COUNTY,
    EAST,
    NORTH_EAST,
    NORTH_WEST,
    SOUTH_EAST,
    SOUTH_WEST,
    TOWNSHIP,
    WEST,
    at,
    record_id,
    square,
)
from tests.postgres import Server
from tests.problems import assert_problem

URL = "/api/v1/addresses"
LEAD = "试验省练习州小县双村镇"
Header = dict[str, str]


@pytest.fixture(scope="module")
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


@pytest.fixture(scope="module")
def editor(closed: Closed) -> Header:
    return closed.key("editor", TOWNSHIP)


def create(closed: Closed, editor: Header, label: str, place: tuple[float, float], **more: Any) -> dict[str, Any]:
    body = {"label": label, "lon": place[0], "lat": place[1], **more}
    answer = closed.client.post(URL, json=body, headers=editor)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    assert answer.headers["etag"] == f'"{told["properties"]["row_version"]}"'
    assert answer.headers["location"] == f"{URL}/{told['id']}"
    return told


def read(closed: Closed, editor: Header, code: str) -> dict[str, Any]:
    answer = closed.client.get(f"{URL}/{code}", headers=editor)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def events_since(closed: Closed, version: int) -> list[tuple[str, dict[str, Any]]]:
    with transaction(closed.engine) as session:
        return [(e.kind, e.payload) for e in session.query(Event).filter(Event.version > version).order_by(Event.seq)]


def test_a_door_is_entered_in_words_and_lies_in_the_grid_of_its_point(closed: Closed, editor: Header) -> None:
    version = read(closed, editor, record_id("A", 1))["version"]
    told = create(closed, editor, "双村镇西村三社十二号附一", at(SOUTH_WEST, 0.25, 0.5), point_accuracy_m=3)
    found = told["properties"]
    assert found["label"] == f"{LEAD}西村3社12号附1号"
    assert (found["grid_code"], found["village_code"], found["status"]) == (SOUTH_WEST, WEST, "current")
    assert found["segments"]["village"] == "西村"
    assert (found["segments"]["group_name"], found["segments"]["sub_number"]) == ("3社", "附1号")
    assert told["geometry"]["coordinates"] == list(at(SOUTH_WEST, 0.25, 0.5))
    assert told["problems"] == []
    assert told["version"] == version + 1
    assert events_since(closed, version) == [("addresses", {"action": "create", "addresses": [told["id"]]})]
    again = closed.client.get(f"/api/v1/locate?lon={at(SOUTH_WEST, 0.25, 0.5)[0]}&lat=34.505", headers=editor).json()
    assert again["grid"]["code"] == SOUTH_WEST


def test_segments_of_a_table_become_one_label(closed: Closed, editor: Header) -> None:
    lon, lat = at(NORTH_EAST, 0.3, 0.3)
    body = {"village_code": EAST, "segments": {"group_name": "3组7号", "number": "7"}, "lon": lon, "lat": lat}
    assert_problem(closed.client.post(URL, json=body, headers=editor), 422, "bad_address", where="group_name")
    body["segments"] = {"group_name": "四", "number": "7", "sub_number": "2"}
    told = closed.client.post(URL, json=body, headers=editor).json()
    assert told["properties"]["label"] == f"{LEAD}东村4组7号附2号"
    flat = {
        "village_code": EAST,
        "estate": "阳光小区",
        "building": "3",
        "unit": "2",
        "room": "501",
        "lon": lon,
        "lat": lat,
    }
    assert (
        closed.client.post(URL, json=flat, headers=editor)
        .json()["properties"]["label"]
        .endswith("阳光小区3号楼2单元501室")
    )


def test_a_point_on_a_shared_line_belongs_to_the_lowest_code(closed: Closed, editor: Header) -> None:
    told = create(closed, editor, "双村镇东村90号", at(NORTH_EAST, 0, 0))
    assert told["properties"]["grid_code"] == NORTH_WEST
    assert [problem["kind"] for problem in told["problems"]] == ["elsewhere"]


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        ({"label": "双村镇西村1号"}, "address_exists", "label"),
        ({"label": "双村镇西村"}, "bad_address", "label"),
        ({"label": "双村镇西村3组"}, "bad_address", "label"),
        ({"label": "双村镇西村滨河路"}, "bad_address", "label"),
        ({"label": "双村镇西村村委会旁21号"}, "bad_address", "label"),
        ({"label": "北村21号"}, "bad_address", "label"),
        ({"label": "双村镇东村21号", "village_code": WEST}, "bad_address", "village_code"),
        ({"village_code": TOWNSHIP + "999", "number": "21号"}, "bad_address", "village_code"),
        ({"village_code": WEST, "segments": {"gate": "1"}}, "invalid_input", "body"),
        ({"village_code": WEST, "group_name": "3", "number": ""}, "bad_address", "number"),
        ({"village_code": WEST, "group_name": "3", "sub_number": "1"}, "bad_address", "number"),
        ({"village_code": WEST, "number": "12-3", "sub_number": "4"}, "bad_address", "number"),
        ({"number": "21号"}, "invalid_input", "village_code"),
        ({"label": "双村镇西村21号", "lon": 34.5, "lat": 103.5}, "invalid_input", "lat"),
        ({"label": "双村镇西村21号", "lon": 363034.2, "lat": 3830076.2}, "invalid_input", "lon"),
        ({"label": "双村镇西村21号", "lon": 103.51, "lat": 34.5, "crs": "EPSG:4544"}, "invalid_input", "crs"),
        ({"label": "双村镇西村21号", "lon": 116.4, "lat": 39.9}, "invalid_input", "lon,lat"),
        ({"label": "双村镇西村21号", "lon": 34.51, "lat": 80.0}, "invalid_input", "lon,lat"),
        ({"label": "双村镇西村21号", "lon": None, "lat": None}, "invalid_input", "lon"),
        ({"label": "双村镇西村21号", "lon": 103.51, "lat": None}, "invalid_input", "body"),
    ],
)
def test_what_can_not_be_a_door_is_refused_with_the_reason(
    closed: Closed, editor: Header, body: dict[str, Any], code: str, where: str
) -> None:
    lon, lat = at(SOUTH_WEST, 0.7, 0.7)
    answer = closed.client.post(URL, json={"lon": lon, "lat": lat, **body}, headers=editor)
    problem = assert_problem(answer, 409 if code == "address_exists" else 422, code, where=where)
    if code == "address_exists":
        assert record_id("A", 1) in problem["detail"]


def test_metres_are_taken_with_their_system(closed: Closed, editor: Header) -> None:
    metres = closed.client.post(
        "/api/v1/convert",
        json={"from": "EPSG:4490", "to": "EPSG:4544", "points": [at(SOUTH_WEST, 0.5, 0.25)]},
        headers=editor,
    ).json()["points"][0]
    told = create(closed, editor, "双村镇西村22号", tuple(metres), crs="EPSG:4544")
    assert told["geometry"]["coordinates"] == pytest.approx(at(SOUTH_WEST, 0.5, 0.25), abs=1e-7)
    assert told["properties"]["grid_code"] == SOUTH_WEST


def test_a_correction_keeps_the_former_label_and_moves_the_grid_at_once(closed: Closed, editor: Header) -> None:
    told = create(
        closed, editor, "双村镇西村30号", at(NORTH_WEST, 0.5, 0.5), aliases=[{"kind": "popular", "text": "老磨坊"}]
    )
    url = f"{URL}/{told['id']}"
    lon, lat = at(SOUTH_WEST, 0.5, 0.6)
    moved = closed.client.patch(
        url, json={"lon": lon, "lat": lat, "number": "31号"}, headers=editor | {"If-Match": '"1"'}
    )
    found = moved.json()["properties"]
    assert (found["grid_code"], found["label"], found["row_version"]) == (SOUTH_WEST, f"{LEAD}西村31号", 2)
    assert {(a["kind"], a["text"]) for a in found["aliases"]} == {("popular", "老磨坊"), ("old", f"{LEAD}西村30号")}
    stale = closed.client.patch(url, json={"number": "32号"}, headers=editor | {"If-Match": '"1"'})
    assert_problem(stale, 412, "row_changed")
    same = closed.client.patch(url, json={"number": "31号"}, headers=editor).json()
    assert same["properties"]["row_version"] == 2
    assert same["version"] == moved.json()["version"]
    history = closed.client.get(f"{url}/history", headers=editor).json()["revisions"]
    assert [(r["action"], r["row_version"], r["row"]["number"]) for r in history] == [
        ("create", 1, "30号"),
        ("change", 2, "31号"),
    ]
    assert history[0]["actor"].startswith("key:editor")


def test_what_was_never_written_here_has_a_history_too(closed: Closed, editor: Header) -> None:
    code = record_id("A", 6)
    assert len(closed.client.get(f"{URL}/{code}/history", headers=editor).json()["revisions"]) == 1
    closed.client.patch(f"{URL}/{code}", json={"point_source": "GPS", "point_accuracy_m": 2.5}, headers=editor)
    history = closed.client.get(f"{URL}/{code}/history", headers=editor).json()["revisions"]
    assert [(r["action"], r["row"]["point_source"]) for r in history] == [("known", "test"), ("change", "GPS")]


def test_a_point_in_another_village_decides_the_grid_and_is_listed(closed: Closed, editor: Header) -> None:
    told = create(closed, editor, "双村镇西村40号", at(SOUTH_EAST, 0.5, 0.4))
    assert told["properties"]["grid_code"] == SOUTH_EAST
    (problem,) = told["problems"]
    assert (problem["kind"], problem["severity"]) == ("elsewhere", "warning")
    assert "东村" in problem["message"]
    assert "西村" in problem["message"]
    listed = closed.client.get(f"{URL}/problems?within={EAST}&kind=elsewhere", headers=editor).json()
    assert told["id"] in [p["addresses"][0]["id"] for p in listed["problems"]]
    accepted = closed.client.post(
        f"{URL}/{told['id']}/accept", json={"kind": "elsewhere", "note": "隔河"}, headers=editor
    )
    assert accepted.json()["problems"] == []
    where = f"{URL}/{told['id']}/accept"
    reopened = closed.client.delete(f"{where}?kind=elsewhere", headers=editor)
    assert [p["kind"] for p in reopened.json()["problems"]] == ["elsewhere"]
    assert closed.client.delete(f"{where}?kind=elsewhere", headers=editor).status_code == 404
    assert_problem(closed.client.delete(f"{where}?kind=far", headers=editor), 422, "invalid_input", where="kind")
    closed.client.post(where, json={"kind": "elsewhere", "note": "隔河"}, headers=editor)
    lon, lat = at(SOUTH_EAST, 0.6, 0.4)
    moved = closed.client.patch(f"{URL}/{told['id']}", json={"lon": lon, "lat": lat}, headers=editor)
    assert [p["kind"] for p in moved.json()["problems"]] == ["elsewhere"]


def test_merging_takes_households_building_and_names_along(closed: Closed, editor: Header) -> None:
    gone, kept = record_id("A", 3), record_id("A", 6)
    officer, lon_lat = f"/api/v1/officers/{record_id('P', 1)}", at(NORTH_WEST, 0.5, 0.5)
    working = closed.client.patch(officer, json={"work_address_code": gone}, headers=editor)
    assert working.status_code == 200, working.text
    made = closed.client.post(
        "/api/v1/shelters",
        json={"name": "双村小学操场", "capacity": 80, "lon": lon_lat[0], "lat": lon_lat[1], "address_code": gone},
        headers=editor,
    )
    assert made.status_code == 201, made.text
    shelter = made.json()["id"]
    answer = closed.client.post(f"{URL}/{gone}/merge", json={"into": kept}, headers=editor)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["id"], told["moved_households"]) == (kept, 1)
    assert (told["moved_officers"], told["moved_shelters"]) == (1, [shelter])
    assert closed.client.get(officer, headers=editor).json()["work_address_code"] == kept
    assert closed.client.get(f"/api/v1/shelters/{shelter}", headers=editor).json()["address_code"] == kept
    assert (told["moved_buildings"], told["closed_buildings"]) == ([], [record_id("B", 3)])
    assert f"{LEAD}西村3号" in [alias["text"] for alias in told["properties"]["aliases"]]
    old = read(closed, editor, gone)["properties"]
    assert (old["status"], old["merged_into"]) == ("merged", kept)
    household = closed.client.get(f"/api/v1/households/{record_id('H', 3)}", headers=editor).json()
    assert household["address_code"] == kept
    assert_problem(closed.client.patch(f"{URL}/{gone}", json={"number": "9号"}, headers=editor), 409, "not_current")
    assert_problem(closed.client.post(f"{URL}/{kept}/merge", json={"into": gone}, headers=editor), 409, "not_current")
    third = create(closed, editor, "双村镇西村50号", at(SOUTH_WEST, 0.9, 0.9))["id"]
    closed.client.post(f"{URL}/{kept}/merge", json={"into": third}, headers=editor)
    assert read(closed, editor, gone)["properties"]["merged_into"] == third


def test_old_codes_and_labels_lead_on_wherever_they_are_asked(closed: Closed, editor: Header) -> None:
    reader = closed.key("reader", "all")
    place = at(SOUTH_EAST, 0.35, 0.35)
    gone, kept, dead = (
        create(closed, editor, f"双村镇东村{label}", (place[0] + step * 1e-4, place[1]))["id"]
        for step, label in enumerate(("5社31号", "5社32号", "5社33号"))
    )
    assert closed.client.post(f"{URL}/{gone}/merge", json={"into": kept}, headers=editor).status_code == 200
    assert closed.client.delete(f"{URL}/{dead}", params={"why": "拆除"}, headers=editor).status_code == 200
    assert closed.client.patch(f"{URL}/{kept}", json={"number": "34"}, headers=editor).status_code == 200

    def box(text: str, headers: Header = reader) -> list[tuple[str, Any]]:
        found = closed.client.get("/api/v1/search", params={"q": text}, headers=headers).json()["results"]
        return [(thing["code"], thing["detail"].get("status")) for thing in found]

    assert box(gone) == [(kept, "merged")]
    assert box(dead) == [(dead, "cancelled")]
    assert box(gone, closed.key("reader", WEST)) == box(dead, closed.key("reader", WEST)) == []
    # Its plate and everybody's papers say 32, and 31 is the one that was merged into it.
    for text in ("东村5社31号", "双村镇东村五组三十一号", "小县东村5队32#"):
        for path in (f"{URL}/search", "/geocoder/search/"):
            first, *_ = closed.client.get(path, params={"q": text}, headers=reader).json()["features"]
            assert first["properties"]["id"] == kept, (path, text)
        assert box(text)[0][0] == kept
        table = closed.client.post(f"{URL}/search/csv", content=f"地址\n{text}\n".encode(), headers=reader).text
        assert table.splitlines()[1].split(",")[1] == kept and table.splitlines()[1].endswith(",ok")
    told = closed.client.get(
        "/nominatim/search", params={"q": "东村5社31号", "format": "jsonv2"}, headers=reader
    ).json()
    assert told[0]["display_name"].endswith("5社34号")
    # A number that is given again is the door that has it now.
    anew = create(closed, editor, "双村镇东村5社31号", (place[0] + 5e-4, place[1]))["id"]
    assert box("东村5社31号")[0][0] == anew
    assert box("东村5社33号")[0][0] != dead


def test_a_household_comes_into_a_group_of_the_grid_where_its_door_stands_now(closed: Closed, editor: Header) -> None:
    home = f"/api/v1/households/{record_id('H', 1)}"
    household = closed.client.get(home, headers=editor).json()
    door, here = household["address_code"], household["grid_code"]
    assert household["group_code"].startswith(here)
    there = next(grid for grid in (NORTH_WEST, SOUTH_WEST) if grid != here)
    for grid in (there, here):
        moved = closed.client.patch(
            f"{URL}/{door}", json=dict(zip(("lon", "lat"), at(grid, 0.31, 0.69), strict=True)), headers=editor
        )
        assert moved.json()["properties"]["grid_code"] == grid, moved.text
        group = closed.client.get(home, headers=editor).json()["group_code"]
        assert group is None or group.startswith(grid)
    history = closed.client.get(f"{home}/history", headers=editor).json()
    assert "regroup" in [revision["action"] for revision in history["revisions"]]


def test_nobody_is_left_without_a_door(closed: Closed, editor: Header) -> None:
    code = record_id("A", 5)
    problem = assert_problem(closed.client.delete(f"{URL}/{code}", headers=editor), 409, "has_households")
    assert record_id("H", 5) in problem["detail"]
    assert [error["message"] for error in problem["errors"]] == [record_id("H", 5)]
    with transaction(closed.engine) as session:
        session.execute(update(Household).where(Household.id == record_id("H", 5)).values(status="closed"))
    ended = closed.client.delete(f"{URL}/{code}?why=拆除", headers=editor | {"If-Match": '"1"'}).json()["properties"]
    assert (ended["status"], ended["status_note"]) == ("cancelled", "拆除")
    building = closed.client.get(f"/api/v1/buildings/{record_id('B', 5)}", headers=editor).json()
    assert building["status"] == "closed"
    assert code not in closed.client.get(f"{URL}?within={EAST}", headers=editor).text
    assert code in closed.client.get(f"{URL}?within={EAST}&status=cancelled", headers=editor).text
    back = closed.client.patch(f"{URL}/{code}", json={"status": "current"}, headers=editor).json()
    assert (back["properties"]["status"], back["properties"]["status_note"]) == ("current", None)


def test_problems_are_found_page_by_page_with_what_to_do(closed: Closed, editor: Header) -> None:
    place = at(NORTH_EAST, 0.1, 0.9)
    twin = create(closed, editor, "双村镇东村2社60号", place)
    other = create(closed, editor, "双村镇东村2组60号", place)
    assert [p["kind"] for p in other["problems"]] == ["same_door"]
    create(closed, editor, "双村镇东村2组61号", place)
    far = create(closed, editor, "双村镇东村70号", (at(NORTH_EAST, 1, 1)[0] + 0.02, 34.515))
    assert (far["properties"]["grid_code"], [p["kind"] for p in far["problems"]]) == (None, ["outside"])
    for number in (62, 63, 64, 65, 162):
        create(closed, editor, f"双村镇东村2组{number}号", at(NORTH_EAST, 0.1 + number / 1000, 0.8))
    found: list[dict[str, Any]] = []
    counted: list[dict[str, int]] = []
    link: str | None = f"{URL}/problems?within={EAST}&limit=1"
    while link:
        page = closed.client.get(link, headers=editor).json()
        found += page["problems"]
        counted.append(page["counts"])
        link = page["next"]
    # On whichever page, and also where nothing of a kind is left to be listed.
    assert counted == [{kind: len([p for p in found if p["kind"] == kind]) for kind in page["counts"]}] * len(counted)
    by_kind = {p["kind"]: p for p in found}
    assert [p["kind"] for p in found] == sorted((p["kind"] for p in found), key=list(page["counts"]).index)
    assert {a["id"] for a in by_kind["same_door"]["addresses"]} == {twin["id"], other["id"]}
    assert "merge" in by_kind["same_door"]["actions"]
    assert len(by_kind["same_point"]["addresses"]) == 3
    assert by_kind["number_gap"]["addresses"][0]["properties"]["label"].endswith("2组162号")
    assert far["id"] in by_kind["outside"]["addresses"][0]["id"]
    assert page["counts"]["same_door"] == 1
    assert all(p["advice"] and p["advice_en"] for p in found)
    closed.client.post(f"{URL}/{other['id']}/accept", json={"kind": "same_door"}, headers=editor)
    after = closed.client.get(f"{URL}/problems?within={EAST}&kind=same_door", headers=editor).json()
    assert after["problems"] == []


def test_the_problems_are_shown_to_those_who_may_mend_them_and_nobody_else_meets_a_broken_page(
    closed: Closed, editor: Header
) -> None:
    place = at(NORTH_EAST, 0.37, 0.63)
    twins = [create(closed, editor, f"双村镇东村8{group}7号", place)["id"] for group in ("社", "组")]
    address = f"/addresses?view=problems&within={EAST}"
    assert closed.client.get(address, headers=closed.key("reader", "all")).status_code == 403
    assert closed.client.get(address, headers={"Accept": "text/html"}, follow_redirects=False).status_code == 303
    page = closed.client.get(f"{address}&problem={KINDS.index('same_door')}{min(twins)}", headers=editor).text
    # Which of the two goes and which stays is said where it is asked.
    assert f"东村8组7号（…{max(twins)[-4:]}）并入 " in page
    assert f"保留这个，把 …{max(twins)[-4:]} 并进来" in page


def test_a_page_says_in_the_readers_language_what_is_not_there_or_not_his(closed: Closed) -> None:
    reader, page = closed.key("reader", WEST), {"Accept": "text/html", "Accept-Language": "zh"}
    missing = closed.client.get("/addresses", params={"code": record_id("A", 99)}, headers={**reader, **page})
    assert missing.status_code == 404
    assert f"没有地址 {record_id('A', 99)}。" in missing.text
    foreign = closed.client.get("/addresses", params={"code": record_id("A", 4)}, headers={**reader, **page})
    assert foreign.status_code == 403
    assert "不在授予您的范围之内" in foreign.text


def test_a_door_that_is_there_already_is_refused_in_words_for_people(closed: Closed, editor: Header) -> None:
    create(closed, editor, "双村镇东村9组1号", at(NORTH_EAST, 0.41, 0.57))
    other = create(closed, editor, "双村镇东村9组2号", at(NORTH_EAST, 0.43, 0.59))["id"]
    refused = closed.client.patch(f"{URL}/{other}", json={"number": "1"}, headers=editor).json()
    assert refused["code"] == "address_exists"
    assert [said["code"] for said in refused["sentences"][refused["detail"]]] == ["door_exists"]
    unread = closed.client.patch(f"{URL}/{other}", json={"number": "abc"}, headers=editor).json()
    assert unread["errors"][0]["message"].startswith("ABC can't be read as this")


def test_lists_are_cut_by_place_box_and_cursor(closed: Closed, editor: Header) -> None:
    codes: list[str] = []
    link: str | None = f"{URL}?limit=2&status=any"
    while link:
        page = closed.client.get(link, headers=editor).json()
        codes += [feature["id"] for feature in page["features"]]
        link = page["next"]
    assert codes == sorted(set(codes))
    assert record_id("A", 1) in codes
    west, south, east, north = (*at(NORTH_WEST, 0, 0.6), *at(NORTH_WEST, 0.4, 1))
    boxed = closed.client.get(f"{URL}?bbox={west},{south},{east},{north}&within={NORTH_WEST}", headers=editor).json()
    assert [feature["id"] for feature in boxed["features"]] == [record_id("A", 1)]
    assert_problem(closed.client.get(f"{URL}?bbox=west", headers=editor), 422, "invalid_input")


def test_who_may_do_what(closed: Closed, editor: Header) -> None:
    reader, far = closed.key("reader", TOWNSHIP), closed.key("editor", EAST)
    code, lon_lat = record_id("A", 1), at(NORTH_WEST, 0.4, 0.4)
    body = {"label": "双村镇西村80号", "lon": lon_lat[0], "lat": lon_lat[1]}
    assert closed.client.get(f"{URL}/{code}", headers=reader).status_code == 200
    for refused in (
        closed.client.post(URL, json=body, headers=reader),
        closed.client.delete(f"{URL}/{code}", headers=reader),
        closed.client.post(URL, json=body, headers=far),
        closed.client.patch(f"{URL}/{code}", json={"number": "5号"}, headers=far),
        closed.client.get(f"{URL}/{code}", headers=far),
    ):
        assert_problem(refused, 403, "forbidden")
    assert closed.client.get(f"{URL}/{code}").status_code == 401
    assert_problem(closed.client.get(f"{URL}/A{COUNTY}99999999", headers=closed.key("reader", "all")), 404, "not_found")


def test_buildings_have_the_same_upkeep(closed: Closed, editor: Header) -> None:
    url = "/api/v1/buildings"
    there = closed.client.post(url, json={"address_code": record_id("A", 1)}, headers=editor)
    assert_problem(there, 409, "building_exists", where="address_code")
    door = create(closed, editor, "双村镇西村85号", at(NORTH_WEST, 0.6, 0.6))["id"]
    made = closed.client.post(url, json={"address_code": door, "kind": "store", "floors": 2}, headers=editor)
    assert made.status_code == 201
    told = made.json()
    assert (told["grid_code"], told["floors"], told["row_version"]) == (NORTH_WEST, 2, 1)
    changed = closed.client.patch(
        f"{url}/{told['id']}", json={"name": "供销社", "floors": None}, headers=editor | {"If-Match": '"1"'}
    ).json()
    assert (changed["name"], changed["floors"], changed["row_version"]) == ("供销社", None, 2)
    assert_problem(
        closed.client.patch(f"{url}/{told['id']}", json={"floors": 0}, headers=editor),
        422,
        "invalid_input",
        where="floors",
    )
    stale = closed.client.delete(f"{url}/{told['id']}", headers=editor | {"If-Match": '"1"'})
    assert_problem(stale, 412, "row_changed")
    assert closed.client.delete(f"{url}/{told['id']}", headers=editor).json()["status"] == "closed"
    actions = [
        r["action"] for r in closed.client.get(f"{url}/{told['id']}/history", headers=editor).json()["revisions"]
    ]
    assert actions == ["create", "change", "close"]
    listed = closed.client.get(f"{url}?within={NORTH_WEST}&kind=house", headers=editor).json()["buildings"]
    assert [building["id"] for building in listed] == [record_id("B", 1), record_id("B", 2)]
    assert (
        closed.client.get(f"{url}?address={door}&status=any", headers=editor).json()["buildings"][0]["id"] == told["id"]
    )


def test_the_grid_follows_when_grids_are_published(closed: Closed, editor: Header) -> None:
    """Two grids become one: their doors count to the one that is left, and the door's own record says so."""
    reviewer = closed.key("reviewer", TOWNSHIP)
    door = create(closed, editor, "双村镇西村95号", at(SOUTH_WEST, 0.2, 0.2))["id"]
    drawn = closed.client.post("/api/v1/changesets", json={"villages": [WEST], "title": "合并"}, headers=editor).json()
    whole = mapping(_west())
    feature = {"type": "Feature", "geometry": whole, "properties": {"code": NORTH_WEST, "name": "西"}}
    url = f"/api/v1/changesets/{drawn['id']}"
    proposed = {"type": "FeatureCollection", "features": [feature]}
    assert closed.client.put(f"{url}/grids", json=proposed, headers=editor).json()["problems"] == []
    assert closed.client.post(f"{url}/submit", headers=editor).status_code == 200
    assert closed.client.post(f"{url}/publish", headers=reviewer).status_code == 200
    told = read(closed, editor, door)["properties"]
    assert (told["grid_code"], told["row_version"]) == (NORTH_WEST, 2)


def _west() -> Any:
    return union_all([square(NORTH_WEST), square(SOUTH_WEST)])
