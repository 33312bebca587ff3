"""Searching doors over HTTP: what is told, to whom, and that it follows every change and outlives the database."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import current_thread

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event, update

from gridmap.addresses.model import Address
from gridmap.app import create_app
from gridmap.db.engine import make_engine, transaction
from gridmap.editing import division_changes
from gridmap.editing.division_changes import Names
from gridmap.settings import Settings
from tests.api.keys import Closed, closed_application
from tests.county import COUNTY, EAST, NORTH_EAST, NORTH_WEST, SOUTH_EAST, TOWNSHIP, WEST, at, record_id, small_county
from tests.postgres import Server
from tests.problems import assert_problem
from tests.villages import ANNA

SOUTH = TOWNSHIP + "202"
"""A village made of a part of the east one."""
SEARCH, REVERSE = "/api/v1/addresses/search", "/api/v1/addresses/reverse"


@pytest.fixture(scope="module")
def geocoder(server: Server) -> Iterator[Closed]:
    """The small county, open as a geocoder."""
    with closed_application(server, public_geocoder=True) as closed:
        yield closed


@pytest.fixture
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


def test_a_door_in_the_form_of_a_geocoder(geocoder: Closed) -> None:
    lon, lat = at(NORTH_WEST, 0.2, 0.8)
    answer = geocoder.client.get(SEARCH, params={"q": "双村镇西邨１號", "lon": lon, "lat": lat}).json()
    feature = answer["features"][0]
    assert (answer["type"], answer["version"], answer["query"], answer["limit"]) == (
        "FeatureCollection", 1, "双村镇西邨１號", 5,
    )  # fmt: skip
    assert feature["geometry"] == {"type": "Point", "coordinates": [lon, lat]}
    assert {name: feature["properties"][name] for name in ("id", "label", "type", "match_level", "grid_code")} == {
        "id": record_id("A", 1), "label": "试验省练习州小县双村镇西村1号", "type": "housenumber",
        "match_level": "door", "grid_code": NORTH_WEST,
    }  # fmt: skip
    assert feature["properties"]["distance"] == 0
    assert 0.8 < feature["properties"]["score"] < 1
    assert feature["properties"]["segments"] == {
        "province_code": "99", "province": "试验省", "prefecture_code": "990000", "prefecture": "练习州",
        "county_code": COUNTY, "county": "小县", "township_code": "990001101", "township": "双村镇",
        "village_code": WEST, "village": "西村", "number": "1号",
    }  # fmt: skip


def test_explain_names_the_parts_of_the_score(geocoder: Closed) -> None:
    params: dict[str, str | int] = {"q": "双村镇西村9号"}
    plain = geocoder.client.get(SEARCH, params=params).json()["features"][0]["properties"]
    told = geocoder.client.get(SEARCH, params={**params, "explain": 1}).json()["features"][0]["properties"]
    assert "score_parts" not in plain
    assert set(told["score_parts"]) == {"village", "upper", "door", "rest", "sure", "near"}
    assert (told["match_level"], told["score_parts"]["door"] < 1) == ("village", True)


@pytest.mark.parametrize(
    ("params", "status", "where"),
    [
        ({}, 422, "q"), ({"q": "西村", "limit": 0}, 422, "limit"), ({"q": "西村", "lon": 103.5}, 422, "lon"),
        ({"q": "西村", "lon": "nan", "lat": 34}, 422, "lon"), ({"q": "西" * 1001}, 422, "q"),
        ({"q": "西村", "within": "98"}, 404, None), ({"q": "西村", "within": "x"}, 422, "within"),
        ({"q": "西村", "lon": 34.5, "lat": 103.5}, 422, "lat"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_by_name(
    geocoder: Closed, params: dict[str, str | int], status: int, where: str | None
) -> None:
    problem = assert_problem(
        geocoder.client.get(SEARCH, params=params), status, "invalid_input" if status == 422 else "not_found"
    )
    assert where is None or any(where in error["where"] for error in problem["errors"])


def test_nothing_is_an_empty_collection(geocoder: Closed) -> None:
    for text in ("", "北京市朝阳区建国路88号", "🏠"):
        assert geocoder.client.get(SEARCH, params={"q": text}).json()["features"] == []
    assert len(geocoder.client.get(SEARCH, params={"q": "西村", "limit": 5000}).json()["features"]) == 1


def test_within_a_village_or_a_grid(geocoder: Closed) -> None:
    def ids(within: str) -> list[str]:
        answer = geocoder.client.get(SEARCH, params={"q": "双村镇西村1号", "within": within}).json()
        return [f["properties"]["id"] for f in answer["features"] if f["properties"]["match_level"] == "door"]

    assert ids(WEST) == ids(NORTH_WEST) == ids(COUNTY) == ids("990000") == [record_id("A", 1)]
    assert ids(EAST) == ids(SOUTH_EAST) == []


def test_reverse_tells_doors_grid_and_chain(geocoder: Closed) -> None:
    lon, lat = at(NORTH_WEST, 0.2, 0.7)
    answer = geocoder.client.get(REVERSE, params={"lon": lon, "lat": lat, "limit": 2}).json()
    assert (answer["grid"]["code"], answer["nearest"], answer["grid_known"]) == (NORTH_WEST, None, True)
    assert [step["level"] for step in answer["divisions"]] == [
        "province", "prefecture", "county", "township", "village",
    ]  # fmt: skip
    first, second = answer["features"]
    assert first["properties"]["id"] == record_id("A", 1)
    assert first["properties"]["distance"] == pytest.approx(110.9, abs=0.2)
    assert first["properties"]["bearing"] == pytest.approx(0, abs=0.1)
    assert second["properties"]["distance"] > first["properties"]["distance"]


def test_reverse_outside_every_grid_says_what_is_nearest(geocoder: Closed) -> None:
    answer = geocoder.client.get(REVERSE, params={"lon": 103.53, "lat": 34.505, "limit": 1}).json()
    assert answer["grid"] is None
    assert answer["nearest"]["code"] == SOUTH_EAST
    assert answer["nearest"]["distance_m"] == pytest.approx(918, abs=2)
    assert answer["features"][0]["properties"]["id"] == record_id("A", 5)
    there = geocoder.client.get(REVERSE, params={"lon": 103.53, "lat": 34.505, "limit": 9, "within": WEST}).json()
    assert there["nearest"] == answer["nearest"]
    assert {feature["properties"]["segments"]["village_code"] for feature in there["features"]} == {WEST}
    gcj = geocoder.client.get(REVERSE, params={"lon": 103.505, "lat": 34.515, "crs": "gcj02"}).json()
    assert gcj["lon"] != 103.505


def test_only_where_the_geocoder_is_public_is_it_open(geocoder: Closed, closed: Closed) -> None:
    point = {"lon": 103.505, "lat": 34.515}
    assert geocoder.client.get(REVERSE, params=point).status_code == 200
    for path, params in ((SEARCH, {"q": "西村"}), (REVERSE, point)):
        assert_problem(closed.client.get(path, params=params), 401, "unauthenticated")
        assert closed.client.get(path, params=params, headers=closed.key("reader", "all")).status_code == 200


def test_a_key_finds_only_what_lies_in_its_scope(closed: Closed) -> None:
    east = closed.key("reader", EAST)
    west_door = closed.client.get(SEARCH, params={"q": "双村镇西村1号"}, headers=east).json()
    assert all(feature["properties"]["match_level"] != "door" for feature in west_door["features"])
    own = closed.client.get(SEARCH, params={"q": "双村镇东村4号"}, headers=east).json()
    assert own["features"][0]["properties"]["id"] == record_id("A", 4)
    assert_problem(closed.client.get(SEARCH, params={"q": "西村", "within": WEST}, headers=east), 403, "forbidden")
    lon, lat = at(NORTH_WEST, 0.2, 0.8)
    near = closed.client.get(REVERSE, params={"lon": lon, "lat": lat}, headers=east).json()
    assert near["grid"] is None
    assert {feature["properties"]["id"] for feature in near["features"]} == {record_id("A", 4), record_id("A", 5)}


def test_inside_a_village_its_name_need_not_be_said(closed: Closed) -> None:
    reader = closed.key("reader", "all")

    def inside(text: str, within: str) -> list[tuple[str, str]]:
        found = closed.client.get(SEARCH, params={"q": text, "within": within}, headers=reader).json()["features"]
        return [(each["properties"]["id"], each["properties"]["match_level"]) for each in found]

    for text in ("5号", "五号", "5", " 5# "):
        assert inside(text, EAST) == [(record_id("A", 5), "door")], text
        bulk = closed.client.post(
            f"{SEARCH}/csv", params={"within": EAST}, content=f"地址\n{text}\n".encode(), headers=reader
        )
        assert bulk.text.splitlines()[1].split(",")[1] == record_id("A", 5)
        assert bulk.text.splitlines()[1].endswith(",ok")
    assert inside("5号", SOUTH_EAST) == [(record_id("A", 5), "door")]
    # Another grid of the village, another village, what is no door of it, and what names a place itself.
    for text, within in (("5号", NORTH_EAST), ("4号", TOWNSHIP), ("99号", WEST), ("西村5号", EAST), ("旁边", EAST)):
        assert "door" not in {level for _, level in inside(text, within)}, text


def _best(client: TestClient, text: str) -> tuple[str, str]:
    found = client.get(SEARCH, params={"q": text}).json()["features"][0]["properties"]
    return found["id"], found["match_level"]


def _set(engine: Engine, door: int, /, **values: object) -> None:
    with transaction(engine) as session:
        session.execute(update(Address).where(Address.code == record_id("A", door)).values(**values))


def test_a_change_is_found_at_once(server: Server) -> None:
    with closed_application(server, public_geocoder=True) as closed:
        assert _best(closed.client, "双村镇西村1号") == (record_id("A", 1), "door")
        _set(closed.engine, 1, number="11号", label="试验省练习州小县双村镇西村11号")
        assert _best(closed.client, "双村镇西村11号") == (record_id("A", 1), "door")
        assert _best(closed.client, "双村镇西村1号")[1] == "village"
        _set(closed.engine, 1, status="cancelled")
        assert _best(closed.client, "双村镇西村11号")[1] == "village"
        assert _best(closed.client, "双村镇东村4号") == (record_id("A", 4), "door")


def test_a_door_of_a_divided_village_is_found_by_the_words_it_bears(server: Server) -> None:
    label = "试验省练习州小县双村镇东村5号"
    with closed_application(server, public_geocoder=True) as closed:

        def told(text: str, **params: str) -> list[tuple[str, str]]:
            found = closed.client.get(SEARCH, params={"q": text, **params}).json()["features"]
            return [(each["properties"]["id"], each["properties"]["match_level"]) for each in found]

        assert _best(closed.client, "双村镇东村5号") == (record_id("A", 5), "door")
        with transaction(closed.engine) as session:
            division_changes.split_village(
                session, ANNA, EAST, new_code=SOUTH, moved=[SOUTH_EAST], names=Names(name="南村")
            )
        for text in ("双村镇东村5号", "东村5号", "东村村委会5号", label, "双村镇南村5号"):
            first, *_ = closed.client.get(SEARCH, params={"q": text}).json()["features"]
            properties = first["properties"]
            assert (properties["id"], properties["match_level"], properties["label"]) == (
                record_id("A", 5), "door", label,
            )  # fmt: skip
            assert (properties["segments"]["village"], properties["grid_code"]) == ("南村", SOUTH + "001")
            assert properties["score"] > 0.9
        for text in ("双村镇东村5号", "东村村委会五号"):
            read = closed.client.post("/api/v1/addresses/parse", json={"text": text}).json()
            assert (read["segments"]["village_code"], read["label"]) == (SOUTH, "试验省练习州小县双村镇南村5号")
            old = [
                (text[slice(*each["span"])], each["value"]) for each in read["assumed"] if each["kind"] == "old_name"
            ]
            assert old == [("东村", "南村")]
        kept = closed.client.post("/api/v1/addresses/parse", json={"text": "双村镇东村4号"}).json()
        assert kept["segments"]["village_code"] == EAST
        assert told("双村镇东村4号")[0] == (record_id("A", 4), "door")
        assert "door" not in {level for _, level in told("双村镇南村4号") + told("东村5号", within=NORTH_EAST)}
        assert told("东村5号", within=SOUTH) == [(record_id("A", 5), "door")]
        assert told("双村镇东村", autocomplete="1", within=SOUTH) == []
        # The number is given again in the old village: both answer to it, and neither is told as sure.
        _set(closed.engine, 4, number="5号", label="试验省练习州小县双村镇老村5号")
        both = closed.client.get(SEARCH, params={"q": "双村镇东村5号"}).json()["features"]
        assert [each["properties"]["id"] for each in both[:2]] == [record_id("A", 5), record_id("A", 4)]
        assert all(each["properties"]["score"] <= 0.5 for each in both)
        read = closed.client.post("/api/v1/addresses/parse", json={"text": "双村镇东村5号"}).json()
        assert "village" not in read["segments"] and read["segments"]["number"] == "5号"
        assert [(each["reason"], each["segments"]["village"]) for each in read["alternatives"]] == [
            ("divided", "东村"), ("divided", "南村"),
        ]  # fmt: skip
        bulk = closed.client.post(f"{SEARCH}/csv", content="地址\n双村镇东村5号\n双村镇南村5号\n".encode())
        assert [line.rpartition(",")[2] for line in bulk.text.splitlines()[1:]] == ["ambiguous", "ok"]
        assert told(label) == [(record_id("A", 5), "door")]
        assert told("双村镇南村5号")[0] == (record_id("A", 5), "door")
        # Corrected to the name of its village, it leaves the number to the other one.
        _set(closed.engine, 5, label="试验省练习州小县双村镇南村5号")
        assert told("双村镇东村5号")[0] == (record_id("A", 4), "door")


def test_the_former_name_of_a_merged_village_means_the_doors_that_bear_it(server: Server) -> None:
    with closed_application(server, public_geocoder=True) as closed:
        _set(closed.engine, 4, number="1号", label="试验省练习州小县双村镇东村1号")
        with transaction(closed.engine) as session:
            division_changes.merge_villages(session, ANNA, [WEST, EAST], WEST, Names())
        for text in ("双村镇东村1号", "东村1号", "试验省练习州小县双村镇东村1号", "东村村民委员会1号"):
            found = closed.client.get(SEARCH, params={"q": text}).json()["features"]
            assert [(each["properties"]["id"], each["properties"]["match_level"]) for each in found] == [
                (record_id("A", 4), "door")
            ]
            assert found[0]["properties"]["score"] > 0.9
        # The name that both have now is said of either.
        both = closed.client.get(SEARCH, params={"q": "双村镇西村1号"}).json()["features"]
        assert [each["properties"]["id"] for each in both] == [record_id("A", 1), record_id("A", 4)]
        assert both[0]["properties"]["score"] <= 0.5


def test_what_changed_elsewhere_is_looked_into_once_and_a_door_is_seen_at_once(server: Server) -> None:
    asked: list[str] = []

    def note(*call: object) -> None:
        # The snapshot's own thread looks for itself.
        if current_thread().name != "snapshot-follower" and "place_change" in str(call[2]):
            asked.append(str(call[2]))

    with closed_application(server, public_geocoder=True) as closed, ExitStack() as patch:
        patch.callback(event.remove, Engine, "before_cursor_execute", note)
        event.listen(Engine, "before_cursor_execute", note)
        assert _best(closed.client, "双村镇西村2号") == (record_id("A", 2), "door")
        # A transaction that has nothing to do with addresses.
        closed.key("reader", WEST)
        asked.clear()
        for _ in range(3):
            assert _best(closed.client, "双村镇西村2号") == (record_id("A", 2), "door")
        assert len(asked) == 1
        _set(closed.engine, 2, number="22号", label="试验省练习州小县双村镇西村22号")
        assert _best(closed.client, "双村镇西村22号") == (record_id("A", 2), "door")


def test_every_worker_and_the_next_start_read_the_same_files_without_a_database(server: Server, folder: Path) -> None:
    url = server.clone()
    engine = make_engine(url)
    with transaction(engine) as session:
        small_county(session)
    settings = Settings.from_env({}, database_url=url, home=folder, public_geocoder=True)
    with TestClient(create_app(settings)) as one, TestClient(create_app(settings)) as other:
        assert _best(one, "双村镇西村1号") == _best(other, "双村镇西村1号") == (record_id("A", 1), "door")
        _set(engine, 2, number="22号", label="试验省练习州小县双村镇西村22号")
        assert _best(one, "双村镇西村22号") == _best(other, "双村镇西村22号") == (record_id("A", 2), "door")
        engine.dispose()
        server.drop(url)
        assert _best(one, "双村镇西村22号") == (record_id("A", 2), "door")
        for path in ("/api/v1/addresses/search/csv", "/geocoder/search/csv/", "/geocoder/search/csv"):
            table = one.post(path, content="地址\n双村镇西村22号\n".encode(), headers={"Content-Type": "text/csv"})
            assert record_id("A", 2) in table.text
    with TestClient(create_app(settings)) as later:
        assert _best(later, "双村镇西村22号") == (record_id("A", 2), "door")
        assert _best(later, "双村镇西村1号") == (record_id("A", 1), "door")
        near = later.get(REVERSE, params={"lon": 103.502, "lat": 34.518}).json()
        assert (near["features"][0]["properties"]["id"], near["grid"]["code"]) == (record_id("A", 1), NORTH_WEST)
        points = later.post(
            "/api/v1/addresses/reverse/csv", content=b"lon,lat\n103.502,34.518\n", headers={"Content-Type": "text/csv"}
        )
        assert record_id("A", 1) in points.text


def test_without_a_database_or_files_it_is_said_so(server: Server, folder: Path) -> None:
    url = server.clone()
    settings = Settings.from_env({}, database_url=url, home=folder, public_geocoder=True)
    server.drop(url)
    with TestClient(create_app(settings)) as client:
        assert_problem(client.get(SEARCH, params={"q": "西村"}), 503, "database_unavailable")
