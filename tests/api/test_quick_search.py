"""The plain address search is answered before routing: whatever is sent, the answer is the ordinary route's."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from fastapi import Response
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from gridmap.addresses.model import Address
from gridmap.addresses.search.asking import Asking
from gridmap.api.quick_search import PATH, QuickSearch
from gridmap.db.engine import transaction
from tests.api.keys import Closed, closed_application
from tests.county import COUNTY, EAST, NORTH_WEST, WEST, at, record_id
from tests.homes import eventually
from tests.postgres import Server

ORDINARY = "&unknown=1"
"""A parameter that nobody asks for: it changes no answer, but the request is not plain any more."""


@dataclass
class Both:
    """An application, keys that it knows, and what was answered before routing."""

    closed: Closed
    client: TestClient
    keys: list[dict[str, str]]
    quick: list[bool]


@pytest.fixture(
    scope="module",
    params=[{}, {"public_geocoder": True}, {"public_map": True}],
    ids=["closed", "public geocoder", "public map"],
)
def both(server: Server, request: pytest.FixtureRequest) -> Iterator[Both]:
    quick: list[bool] = []
    answer = QuickSearch._told

    def counted(self: QuickSearch, text: str, asking: Asking, mark: str) -> Response | None:
        told = answer(self, text, asking, mark)
        quick.append(told is not None)
        return told

    with pytest.MonkeyPatch.context() as patch, closed_application(server, **request.param) as closed:
        patch.setattr(QuickSearch, "_told", counted)
        keys = [closed.key("reader", scope) for scope in ("all", COUNTY, WEST, NORTH_WEST, "62")]
        keys += [closed.key("commander", EAST), {"X-API-Key": "gm_nobody"}, {}]
        follower = closed.app.state.follower
        assert eventually(lambda: len(follower.sure_keys) == 6)
        yield Both(closed, closed.client, keys, quick)


def same(both: Both, query: str, headers: dict[str, str]) -> None:
    told = []
    for url in (f"{PATH}?{query}", f"{PATH}?{query}{ORDINARY}"):
        answer = both.client.get(url, headers=headers)
        others = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
        body = answer.text.replace(answer.headers["x-request-id"], "")
        told.append((answer.status_code, body, others))
    (status, body, others), ordinary = told
    if status >= 400:
        # A refusal names the request it refuses.
        assert status == ordinary[0]
        assert body.replace(ORDINARY, "") == ordinary[1].replace(ORDINARY, "")
        return
    assert (status, body, others) == ordinary


LON, LAT = at(NORTH_WEST, 0.2, 0.8)
TEXTS = st.one_of(
    st.sampled_from([
        "双村镇西邨１號", "双村镇西村9号", "西村", "东村", "双村", "xicun1hao", "北京市", "", " ", "1号", "双村镇",
        "gm_x", "西村1号 gm_abc", "a&b", "西" * 1001, "\U00020000", "é", "100%",
    ]),
    st.text(max_size=12),
)  # fmt: skip
VALUES = st.sampled_from(["", "0", "1", "5", "-1", "05", "x", "true", "false", "True", "on", "101", "99999", "100000",
                          str(LON), str(LAT), "nan", "1e2", " 3", "３", WEST, "62"])  # fmt: skip
NAMES = st.sampled_from(["limit", "autocomplete", "lon", "lat", "crs", "within", "explain", "q", "key", "LIMIT"])
QUERIES = st.builds(
    lambda text, pairs: "&".join([f"q={quote(text)}", *(f"{name}={quote(value)}" for name, value in pairs)]),
    TEXTS,
    st.lists(st.tuples(NAMES, VALUES), max_size=3),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(query=QUERIES | st.text("q=%&E8;A+1", max_size=12), who=st.integers(0, 7))
@example(query=f"q={quote('双村镇西邨１號')}&lon={LON}&lat={LAT}", who=0)
@example(query=f"q={quote('双村镇东村1号')}", who=2)
@example(query=f"q={quote('西村1')}&autocomplete=1&limit=2", who=7)
@example(query=f"q={quote('西村1号')}", who=6)
def test_the_same_answer_to_any_query_of_anybody(both: Both, query: str, who: int) -> None:
    same(both, query, both.keys[who])


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": ""}, {"Authorization": "Basic eDp5"}, {"Cookie": "gridmap_session=abc"},
        {"Cookie": "gridmap_lang=zh"}, {"If-None-Match": "*"}, {"Accept": "text/html"}, {"Origin": "https://example.org"},
    ],
)  # fmt: skip
def test_the_same_answer_to_any_header(both: Both, headers: dict[str, str]) -> None:
    same(both, f"q={quote('双村镇西村1号')}", headers)


def test_plain_requests_never_reach_the_router(both: Both) -> None:
    plain = f"{PATH}?q={quote('双村镇西邨１號')}"
    for more in ("", "&limit=3", "&autocomplete=true", f"&lon={LON}&lat={LAT}"):
        both.quick.clear()
        assert both.client.get(plain + more, headers=both.keys[0]).status_code == 200
        assert both.quick == [True], more
    for more in ("&limit=0", "&explain=1", f"&within={WEST}", "&lon=103.5", "&q=1", "&crs=gcj02"):
        both.quick.clear()
        both.client.get(plain + more, headers=both.keys[0])
        assert both.quick == [], more
    both.quick.clear()
    head = both.client.head(plain, headers=both.keys[0])
    assert (head.status_code, head.content) == (200, b"")


def test_who_has_the_answer_is_not_sent_it_again_until_an_address_changes(both: Both) -> None:
    url = f"{PATH}?q={quote('双村镇西村2号')}"
    for key in both.keys[:2]:
        first = both.client.get(url, headers=key)
        both.quick.clear()
        again = both.client.get(url, headers={**key, "If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
        with transaction(both.closed.engine) as session:
            session.execute(update(Address).where(Address.code == record_id("A", 3)).values(status="cancelled"))
        changed = both.client.get(url, headers={**key, "If-None-Match": first.headers["ETag"]})
        assert (changed.status_code, changed.json()["features"]) == (200, first.json()["features"])
        assert changed.headers["ETag"] != first.headers["ETag"]
        with transaction(both.closed.engine) as session:
            session.execute(update(Address).where(Address.code == record_id("A", 3)).values(status="current"))


def test_a_change_is_told_at_once_and_a_revoked_key_no_more(both: Both) -> None:
    url = f"{PATH}?q={quote('双村镇西村1号')}"
    with transaction(both.closed.engine) as session:
        session.execute(update(Address).where(Address.code == record_id("A", 1)).values(status="cancelled"))
    both.quick.clear()
    found = both.client.get(url, headers=both.keys[0]).json()["features"]
    assert record_id("A", 1) not in [feature["properties"]["id"] for feature in found]
    assert both.quick == [True]
    with transaction(both.closed.engine) as session:
        session.execute(update(Address).where(Address.code == record_id("A", 1)).values(status="current"))
    key = both.closed.key("reader", "all")
    assert both.client.get(url, headers=key).status_code == 200
    with both.closed.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE api_key SET revoked_at = now() WHERE id = (SELECT max(id) FROM api_key)")
    assert eventually(lambda: both.client.get(url, headers=key).status_code == 401, within_s=10)


def test_it_is_counted_and_nothing_of_what_was_asked(both: Both) -> None:
    def counted() -> float:
        lines = both.client.get("/metrics", headers=both.keys[0]).text.splitlines()
        told = [line for line in lines if f'route="{PATH}",status="200"' in line and "requests_total" in line]
        return sum(float(line.split()[-1]) for line in told)

    before = counted()
    for more in ("", ORDINARY):
        both.client.get(f"{PATH}?q={quote('双村镇西村1号')}{more}", headers=both.keys[0])
    assert counted() == before + 2
