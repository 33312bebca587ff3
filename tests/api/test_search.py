"""One box for everything: what is found, and by whom."""

from collections.abc import Iterator
from typing import Any

import pytest

from gridmap.exchange.pasted import read_place
from tests.api.keys import Closed, closed_application
from tests.county import COUNTY, EAST, NORTH_WEST, WEST, at, record_id
from tests.postgres import Server
from tests.problems import assert_problem

SEARCH = "/api/v1/search"


@pytest.fixture(scope="module")
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


def ask(closed: Closed, headers: dict[str, str], text: str) -> list[dict[str, Any]]:
    answer = closed.client.get(SEARCH, params={"q": text}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def test_codes_doors_places_and_coordinates(closed: Closed) -> None:
    reader = closed.key("reader", "all")
    for text, kind, code in (
        (COUNTY, "division", COUNTY), (NORTH_WEST, "grid", NORTH_WEST), (f" {WEST} ", "division", WEST),
        (record_id("A", 1), "address", record_id("A", 1)), (record_id("a", 1), "address", record_id("A", 1)),
        ("双村镇西村1号", "address", record_id("A", 1)), ("西村", "place", WEST), ("xicun", "place", WEST),
    ):  # fmt: skip
        first = ask(closed, reader, text)[0]
        assert (first["kind"], first["code"]) == (kind, code), text
        assert first["href"].endswith(code)
    lon, lat = at(NORTH_WEST, 0.2, 0.8)
    point, door, *_ = ask(closed, reader, f"{lon}, {lat}")
    assert (point["kind"], point["detail"]["grid"]["code"], point["assumed"]) == ("point", NORTH_WEST, ["CGCS2000"])
    assert (door["code"], door["detail"]["distance_m"]) == (record_id("A", 1), 0)
    assert ask(closed, reader, f"{lat} {lon}")[0]["assumed"] == ["CGCS2000", "lat, lon"]
    link = ask(closed, reader, f"https://apis.map.qq.com/uri/v1/marker?marker=coord:{lat},{lon}")[0]
    assert (link["assumed"], link["lon"] != lon) == (["GCJ-02"], True)
    for nothing in ("", "   ", "999999999999999", "P99000199999999"):
        assert ask(closed, reader, nothing) == []


def test_what_is_on_the_screen_says_which_village_is_meant(closed: Closed) -> None:
    reader = closed.key("reader", "all")

    def first(text: str, shown: str, headers: dict[str, str] = reader) -> list[str]:
        answer = closed.client.get(SEARCH, params={"q": text, "shown": shown}, headers=headers)
        return [thing["code"] for thing in answer.json()["results"]]

    west, east = record_id("A", 2), record_id("A", 4)
    for shown in (WEST, NORTH_WEST, NORTH_WEST + "01"):
        assert first("2号", shown)[0] == west
    assert first("4号", EAST)[0] == east
    # Somebody who looks at the west and says the east means the east, and a county's sheet means no village.
    assert first("双村镇东村4号", WEST)[0] == east
    assert first("东村", WEST)[0] == EAST
    assert first("4号", COUNTY) == []
    assert east not in first("4号", WEST)
    assert east not in first("4号", EAST, closed.key("reader", WEST))


def test_persons_by_right_masked_and_audited(closed: Closed) -> None:
    household, officer = record_id("H", 1), record_id("P", 1)
    for text in (household, officer, "扎西", "双村镇政府", NORTH_WEST + "01"):
        assert all(thing["kind"] not in {"household", "officer", "group"}
                   for thing in ask(closed, closed.key("reader", "all"), text))  # fmt: skip
    before = len(closed.audit())
    commander = closed.key("commander", WEST)
    assert [thing["label"] for thing in ask(closed, commander, household)] == ["李**"]
    answer = closed.client.get(SEARCH, params={"q": "扎西"}, headers=commander)
    assert [(t["kind"], t["label"]) for t in answer.json()["results"] if t["kind"] == "officer"] == [
        ("officer", "扎**")
    ]
    assert answer.headers["cache-control"] == "private, no-store"
    assert len(closed.audit()) >= before + 2
    assert ask(closed, closed.key("commander", EAST), household) == []
    assert ask(closed, commander, NORTH_WEST + "01")[0]["label"] == "1组"


def test_buildings_by_name_and_code_with_the_page_that_shows_them(closed: Closed) -> None:
    editor = closed.key("editor", "all")
    building = record_id("B", 1)
    named = closed.client.patch(f"/api/v1/buildings/{building}", json={"name": "双村小学"}, headers=editor)
    assert named.status_code == 200, named.text
    for text in ("双村小学", building, building.lower()):
        found = [thing for thing in ask(closed, editor, text) if thing["kind"] == "building"]
        assert [(thing["code"], thing["page"]) for thing in found] == [
            (building, f"/addresses?code={record_id('A', 1)}")
        ]
    elsewhere = EAST if found[0]["detail"]["grid_code"].startswith(WEST) else WEST
    assert all(thing["kind"] != "building" for thing in ask(closed, closed.key("reader", elsewhere), "双村小学"))
    assert ask(closed, closed.key("reader", elsewhere), building) == []


def test_without_a_key_nothing(closed: Closed) -> None:
    assert_problem(closed.client.get(SEARCH, params={"q": "西村"}), 401, "unauthenticated")


@pytest.mark.parametrize(("text", "crs", "swapped"), [
    ("103.507,34.589", "EPSG:4490", False), ("（34.589， 103.507）", "EPSG:4490", True),
    ("纬度:34.589 经度:103.507", "EPSG:4490", False),
    ("https://uri.amap.com/marker?position=103.507,34.589", "gcj02", False),
    ("https://map.qq.com/?marker=coord%3A34.589%2C103.507", "gcj02", False),
])  # fmt: skip
def test_what_people_paste(text: str, crs: str, swapped: bool) -> None:
    found = read_place(text)
    assert found is not None
    assert (found.crs, found.swapped) == (crs, swapped)
    assert abs(found.point.lon - 103.507) < 0.01
    assert abs(found.point.lat - 34.589) < 0.01


@pytest.mark.parametrize("text", ["3-12", "多坝村3组12号", "123", "1,2,3", "500, 600", "103.5, 95"])
def test_what_is_no_place(text: str) -> None:
    assert read_place(text) is None
