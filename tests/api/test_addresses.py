"""Parsing addresses over HTTP: what is told, to whom, and that it keeps up with what is published."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, update

from gridmap.db.engine import transaction
from gridmap.db.versions import raise_version
from gridmap.divisions.model import DivisionVersion
from tests.api.keys import Closed, closed_application
from tests.county import COUNTY, EAST, TOWNSHIP, WEST
from tests.postgres import Server
from tests.problems import assert_problem

PARSE = "/api/v1/addresses/parse"


@pytest.fixture(scope="module")
def geocoder(server: Server) -> Iterator[Closed]:
    """The small county, open as a geocoder."""
    with closed_application(server, public_geocoder=True) as closed:
        yield closed


@pytest.fixture
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


def test_every_segment_with_its_words_and_what_was_assumed(geocoder: Closed) -> None:
    answer = geocoder.client.post(PARSE, json={"text": "双村镇 西村三社１２號附一，小学旁"}).json()
    assert answer == {
        "version": 1,
        "text": "双村镇 西村三社１２號附一，小学旁",
        "normalised": "双村镇西村3社12号附1,小学旁",
        "label": "试验省练习州小县双村镇西村3社12号附1号",
        "segments": {
            "province_code": "99", "province": "试验省", "prefecture_code": "990000", "prefecture": "练习州",
            "county_code": COUNTY, "county": "小县", "township_code": TOWNSHIP, "township": "双村镇",
            "village_code": WEST, "village": "西村", "group_name": "3社", "number": "12号", "sub_number": "附1号",
        },
        "spans": {"township": [0, 3], "village": [4, 6], "group_name": [6, 8], "number": [8, 11],
                  "sub_number": [11, 13]},
        "assumed": [
            {"kind": "filled", "segment": "province", "said": None, "span": None, "value": "试验省"},
            {"kind": "filled", "segment": "prefecture", "said": None, "span": None, "value": "练习州"},
            {"kind": "filled", "segment": "county", "said": None, "span": None, "value": "小县"},
            {"kind": "group_word", "segment": "group_name", "said": "三社", "span": [6, 8], "value": "3社"},
        ],
        "left_over": [{"kind": "hint", "said": "小学旁", "span": [14, 17]}],
        "alternatives": [],
        "alternatives_more": 0,
    }  # fmt: skip


def test_a_tibetan_name(geocoder: Closed) -> None:
    answer = geocoder.client.post(PARSE, json={"text": "ནུབ་གྲོང༌།"}).json()
    assert (answer["segments"]["village_code"], answer["left_over"]) == (WEST, [])


def test_within_leaves_only_what_lies_there(geocoder: Closed) -> None:
    inside = geocoder.client.post(PARSE, json={"text": "西村3组", "within": WEST}).json()
    outside = geocoder.client.post(PARSE, json={"text": "西村3组", "within": EAST}).json()
    assert inside["segments"]["village_code"] == WEST
    assert "village_code" not in outside["segments"]
    assert outside["left_over"] == [{"kind": "division", "said": "西村", "span": [0, 2]}]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"text": "西" * 1001}, "text"),
        ({"text": None}, "text"),
        ({}, "text"),
        ({"text": "西村", "crs": "wgs84"}, "crs"),
        ({"text": "西村", "within": "99000110"}, "within"),
    ],
)
def test_what_cannot_be_parsed_is_refused_by_field(geocoder: Closed, body: dict[str, object], where: str) -> None:
    problem = assert_problem(geocoder.client.post(PARSE, json=body), 422, "invalid_input")
    assert any(where in error["where"] for error in problem["errors"])


def test_within_an_unknown_division_is_not_found(geocoder: Closed) -> None:
    assert_problem(geocoder.client.post(PARSE, json={"text": "西村", "within": "98"}), 404, "not_found")


def test_half_of_a_surrogate_pair_is_refused(geocoder: Closed) -> None:
    answer = geocoder.client.post(PARSE, content=b'{"text": "\\ud83d"}', headers={"Content-Type": "application/json"})
    assert_problem(answer, 422, "invalid_input")


def test_only_where_the_geocoder_is_public_is_it_open(geocoder: Closed, closed: Closed) -> None:
    assert geocoder.client.post(PARSE, json={"text": "西村"}).status_code == 200
    assert_problem(closed.client.post(PARSE, json={"text": "西村"}), 401, "unauthenticated")
    answer = closed.client.post(PARSE, json={"text": "西村"}, headers=closed.key("reader", "all"))
    assert answer.json()["segments"]["village_code"] == WEST


def test_a_key_is_told_of_its_scope(closed: Closed) -> None:
    east = closed.key("reader", EAST)
    answers = [closed.client.post(PARSE, json={"text": text}, headers=east).json() for text in ("东村3组", "西村3组")]
    assert [answer["segments"].get("village_code") for answer in answers] == [EAST, None]
    assert_problem(closed.client.post(PARSE, json={"text": "西村", "within": "98"}, headers=east), 404, "not_found")


def test_a_village_that_was_renamed_is_known_by_both_names(closed: Closed) -> None:
    reader = closed.key("reader", "all")
    before = closed.client.post(PARSE, json={"text": "朝阳村3组"}, headers=reader).json()
    _rename(closed.engine, EAST, "朝阳村")
    new, old = (
        closed.client.post(PARSE, json={"text": text}, headers=reader).json() for text in ("朝阳村3组", "东村3组")
    )
    assert (before["segments"].get("village_code"), before["version"]) == (None, 1)
    assert (new["segments"]["village_code"], new["version"]) == (EAST, 2)
    assert (old["segments"]["village_code"], old["label"]) == (EAST, "试验省练习州小县双村镇朝阳村3组")
    assert {"kind": "old_name", "segment": "village", "said": "东村", "span": [0, 2], "value": "朝阳村"} in old[
        "assumed"
    ]


def _rename(engine: Engine, code: str, name: str) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    with transaction(engine) as session:
        version = raise_version(session, "test", "renamed")
        row = session.query(DivisionVersion).filter_by(code=code).one()
        values = {"code": code, "parent_code": row.parent_code, "name": name, "name_full": f"{name}村民委员会"}
        current = update(DivisionVersion).where(DivisionVersion.code == code)
        session.execute(current.values(valid_to=now, version_to=version))
        session.add(DivisionVersion(**values, valid_from=now, version_from=version))
