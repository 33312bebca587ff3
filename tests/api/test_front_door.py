"""The plain `GET /locate` is answered before FastAPI: whatever is sent, the answer is the ordinary route's."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gridmap.api.front_door import PATH, FrontDoor
from gridmap.snapshot.answers import Answers
from tests.api.keys import Closed, closed_application
from tests.county import COUNTY, EAST, NORTH_EAST, NORTH_WEST, WEST, at, record_id
from tests.homes import eventually
from tests.postgres import Server

PER_REQUEST = {"x-request-id"}


@dataclass
class Both:
    """The same application with the front door and without."""

    closed: Closed
    door: FrontDoor
    before: TestClient
    behind: TestClient
    keys: list[dict[str, str]]
    answered: list[bool]


@pytest.fixture(scope="module", params=[False, True], ids=["closed", "public"])
def both(server: Server, request: pytest.FixtureRequest) -> Iterator[Both]:
    with closed_application(server, public_map=request.param) as closed:
        keys = [closed.key("reader", scope) for scope in ("all", COUNTY, WEST, NORTH_WEST, "990000", "62")]
        keys += [closed.key("commander", EAST), {"X-API-Key": "gm_nobody"}, {}]
        door = FrontDoor(closed.app)
        answered: list[bool] = []
        answer = door._answer

        def counted(*arguments: object) -> object:
            found = answer(*arguments)  # type: ignore[arg-type]
            answered.append(found is not None)
            return found

        door._answer = counted  # type: ignore[method-assign, assignment]
        follower = closed.app.state.follower
        assert eventually(lambda: len(follower.sure_keys) == 7 and Answers.of(follower.snapshot).warm)
        yield Both(closed, door, TestClient(_as_app(door)), TestClient(closed.app), keys, answered)


def _as_app(door: FrontDoor) -> FastAPI:
    return door  # type: ignore[return-value]


def same(both: Both, url: str, headers: dict[str, str]) -> None:
    first, second = both.before.get(url, headers=headers), both.behind.get(url, headers=headers)
    told = [
        (answer.status_code, answer.json(), {k: v for k, v in answer.headers.items() if k not in PER_REQUEST})
        for answer in (first, second)
    ]
    assert told[0] == told[1]
    assert len(first.headers["x-request-id"]) == len(second.headers["x-request-id"]) == 32


NUMBERS = st.one_of(
    st.floats(103.48, 103.54).map(repr),
    st.floats(34.48, 34.54).map(repr),
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    st.sampled_from(["", "103.51", "34.51", "103.5", "34.5", "-0", "1e2", "+34.5", " 34.5", "34.5%20", "１０３", "abc",
                     "103,51", "1_0", "0x1", "nan", "181", "-181", "90.0000001", "34.5.1", "00103.505", ".5", "34."]),
)  # fmt: skip
NAMES = st.sampled_from(["lon", "lat", "crs", "at", "include", "accuracy", "min_version", "x", "LON", ""])
CRS = st.sampled_from(["EPSG:4490", "EPSG:4326", "epsg:4326", "EPSG%3A4326", "wgs84", "cgcs2000", "gcj02", "bd09",
                       "EPSG:4544", "EPSG:1", "", "mars"])  # fmt: skip
OTHERS = st.sampled_from(["", "0", "1", "boundary", "group", "layers", "officers", "50", "2026-01-01T00:00:00Z", "x"])
PAIRS = st.one_of(
    st.tuples(st.just("lon"), NUMBERS), st.tuples(st.just("lat"), NUMBERS), st.tuples(st.just("crs"), CRS),
    st.tuples(NAMES, OTHERS),
)  # fmt: skip
PLAIN = st.builds(
    "lon={!r}&lat={!r}".format,
    st.floats(103.495, 103.525) | st.sampled_from([103.50, 103.51, 103.52, 103.505]),
    st.floats(34.495, 34.525) | st.sampled_from([34.50, 34.51, 34.52]),
)
SOME_PAIRS = st.lists(PAIRS, max_size=5).map(lambda pairs: "&".join(map("=".join, pairs)))
NOISE = st.text("lonat=&.%0123456789;+-", max_size=30)
QUERIES = st.one_of(PLAIN, st.builds("{}&crs={}".format, PLAIN, CRS), SOME_PAIRS, NOISE)


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(query=QUERIES, who=st.integers(0, 8))
@example(query="lon=103.505&lat=34.515", who=0)
@example(query="lat=34.515&lon=103.505", who=2)
@example(query="lon=103.51&lat=34.51", who=3)
@example(query="lon=103.49&lat=34.51", who=0)
@example(query="lon=103.515&lat=34.515", who=2)
@example(query="lon=103.505&lat=34.515&crs=gcj02", who=0)
@example(query="lon=103.4999999999&lat=34.515", who=0)
@example(query="lon=103.505&lat=34.515", who=7)
@example(query="lon=103.505&lat=34.515", who=8)
def test_the_same_answer_to_any_query_of_anybody(both: Both, query: str, who: int) -> None:
    same(both, f"{PATH}?{query}", both.keys[who])


def test_plain_requests_are_answered_at_the_door(both: Both) -> None:
    lon, lat = at(NORTH_WEST, 0.3, 0.3)
    plain = f"{PATH}?lon={lon}&lat={lat}"
    for url in (plain, f"{PATH}?lat={lat}&lon={lon}", f"{plain}&crs=gcj02", f"{PATH}?lon=103.4&lat=34.5"):
        both.answered.clear()
        same(both, url, both.keys[0])
        assert both.answered == [True], url
    for more in ("&at=2026-01-01T00:00:00Z", "&include=boundary", "&accuracy=5", "&min_version=1", "&lon=1"):
        both.answered.clear()
        same(both, plain + more, both.keys[0])
        assert both.answered == [], more


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer  x"},
        {"Authorization": "Basic eDp5"},
        {"Authorization": "bearer gm_x"},
        {"Cookie": "gridmap_session=abc"},
        {"Cookie": "gridmap_lang=zh"},
        {"If-None-Match": "*"},
        {"Range": "bytes=0-3"},
        {"Accept": "text/html"},
        {"Origin": "https://example.org"},
    ],
)
def test_the_same_answer_to_any_header(both: Both, headers: dict[str, str]) -> None:
    same(both, f"{PATH}?lon=103.505&lat=34.515", headers)


def test_the_bytes_sent_at_once_are_the_same_answer(both: Both) -> None:
    lon, lat = at(NORTH_WEST, 0.3, 0.3)
    key = both.keys[0]
    for query in (f"lon={lon}&lat={lat}", "lon=103.51&lat=34.51", "lon=103.4&lat=34.5", f"lon={lon}&lat={lat}&at=x"):
        ordinary = both.behind.get(f"{PATH}?{query}", headers=key)
        sent = both.door.answer_at_once(f"{PATH}?{query}".encode(), lines({"Host": "x", **key}))
        if ordinary.status_code != 200:
            assert sent is None
            continue
        assert sent is not None
        head, _, body = sent.decode().partition("\r\n\r\n")
        told = dict(line.split(": ", 1) for line in head.split("\r\n"))
        assert body == ordinary.text
        assert told.keys() == ordinary.headers.keys()
        assert told | dict.fromkeys(PER_REQUEST) == dict(ordinary.headers) | dict.fromkeys(PER_REQUEST)


def lines(headers: dict[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n"


def test_lines_that_are_more_than_a_plain_request_are_not_answered_at_once(both: Both) -> None:
    lon, lat = at(NORTH_WEST, 0.3, 0.3)
    target, key = f"{PATH}?lon={lon}&lat={lat}".encode(), both.keys[0]
    plain = lines(key)
    usual = (plain, lines({**key, "Connection": "Keep-Alive"}), lines({**key, "User-Agent": "a: b\t(c)"}))
    assert all(both.door.answer_at_once(target, headers) for headers in usual)
    unusual = (
        b"", plain[:-2], plain + b"x", plain + b"GET " + target + b" HTTP/1.1\r\n" + plain, b" " + plain,
        lines({**key, "Content-Length": "0"}), lines({**key, "Transfer-Encoding": "chunked"}),
        lines({**key, "Expect": "100-continue"}), lines({**key, "Connection": "close"}),
        lines({**key, "Connection": "Upgrade", "Upgrade": "websocket"}), lines({**key, "X Y": "z"}),
        lines({**key, "X": "木"}), plain.replace(b"\r\n", b"\n"), plain[:-2] + b" folded\r\n\r\n",
    )  # fmt: skip
    for headers in unusual:
        assert both.door.answer_at_once(target, headers) is None, headers


def test_who_asked_before_is_known_by_his_lines_and_forgotten_with_his_key(both: Both) -> None:
    target = f"{PATH}?lon=103.505&lat=34.515".encode()
    headers = lines(both.closed.key("reader", "all"))
    assert eventually(lambda: both.door.answer_at_once(target, headers) is not None, within_s=10)
    assert both.door.answer_at_once(target, headers) is not None
    with both.closed.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE api_key SET revoked_at = now() WHERE id = (SELECT max(id) FROM api_key)")
    assert eventually(lambda: both.door.answer_at_once(target, headers) is None, within_s=10)


def test_an_answer_that_is_known_is_not_sent_again(both: Both) -> None:
    url, key = f"{PATH}?lon=103.505&lat=34.515", both.keys[0]
    etag = both.before.get(url, headers=key).headers["etag"]
    again = both.before.get(url, headers={**key, "If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS", "DELETE"])
def test_other_methods_are_the_ordinary_routes(both: Both, method: str) -> None:
    url = f"{PATH}?lon=103.505&lat=34.515"
    assert both.before.request(method, url).status_code == both.behind.request(method, url).status_code


def test_a_key_that_is_revoked_is_refused_at_once(both: Both) -> None:
    url = f"{PATH}?lon=103.505&lat=34.515"
    key = both.closed.key("reader", "all")
    assert both.before.get(url, headers=key).status_code == 200
    with both.closed.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE api_key SET revoked_at = now() WHERE id = (SELECT max(id) FROM api_key)")
    assert eventually(lambda: both.before.get(url, headers=key).status_code == 401, within_s=10)


def test_a_household_that_moves_out_changes_the_group_without_a_version(both: Both) -> None:
    lon, lat = at(NORTH_EAST, 0.4, 0.4)
    url, key = f"{PATH}?lon={lon}&lat={lat}", both.keys[0]
    before = both.before.get(url, headers=key)
    assert before.json()["group"]["code"] == NORTH_EAST + "01"
    with both.closed.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE household SET status = 'closed' WHERE id = '{record_id('H', 4)}'")
    assert eventually(lambda: both.before.get(url, headers=key).json()["group"] is None, within_s=10)
    after = both.before.get(url, headers={**key, "If-None-Match": before.headers["etag"]})
    assert (after.status_code, after.json()["version"]) == (200, before.json()["version"])


def test_both_are_counted_and_nothing_of_what_was_asked(both: Both) -> None:
    url, key = f"{PATH}?lon=103.5049&lat=34.515", both.keys[0]

    def counted() -> float:
        text = both.behind.get("/metrics", headers=key).text
        assert "103.5" not in text
        assert "gridmap_snapshot_version 1.0" in text
        assert "gridmap_degraded 0.0" in text
        lines = [line for line in text.splitlines() if line.startswith("gridmap_http_requests_total{")]
        return sum(float(line.split()[-1]) for line in lines if f'route="{PATH}",status="200"' in line)

    before = counted()
    both.before.get(url, headers=key)
    both.behind.get(url, headers=key)
    assert counted() == before + 2
    assert both.behind.get("/metrics").status_code == 401
