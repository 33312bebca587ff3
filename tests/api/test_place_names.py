"""Other names of places: entered, found by at once, imported, taken along when a village gets another code."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import Caller
from gridmap.db.engine import transaction
from gridmap.exchange.importing import ImportRequest, import_file
from tests.api.keys import Closed, closed_application
from tests.county import EAST, TOWNSHIP, WEST
from tests.postgres import Server
from tests.problems import assert_problem


@pytest.fixture(scope="module")
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


def found(closed: Closed, headers: dict[str, str], text: str) -> list[str]:
    answer = closed.client.get("/api/v1/addresses/search", params={"q": text}, headers=headers)
    return [feature["properties"]["id"] for feature in answer.json()["features"]]


def test_a_name_is_found_at_once_and_forgotten_at_once(closed: Closed) -> None:
    editor, url = closed.key("editor", TOWNSHIP), f"/api/v1/divisions/{WEST}/names"
    assert found(closed, editor, "磨坊沟") == []
    told = closed.client.post(url, json={"text": "磨坊沟"}, headers=editor)
    assert told.status_code == 201, told.text
    assert told.json()["names"] == [{"text": "磨坊沟", "kind": "popular", "hamlet": ""}]
    assert found(closed, editor, "磨坊沟1号")[0] == found(closed, editor, "西村1号")[0]
    closed.client.post(url, json={"text": "ཆུ་མིག་", "kind": "tibetan"}, headers=editor)
    assert found(closed, editor, "ཆུ་མིག")[0] == WEST
    assert closed.client.delete(url, params={"text": "磨坊沟"}, headers=editor).status_code == 200
    assert found(closed, editor, "磨坊沟") == []
    assert_problem(closed.client.delete(url, params={"text": "磨坊沟"}, headers=editor), 404, "not_found")


def test_what_is_no_name_and_who_may_not(closed: Closed) -> None:
    url = f"/api/v1/divisions/{WEST}/names"
    editor = closed.key("editor", TOWNSHIP)
    for body, where in (({"text": "沟", "kind": "old"}, "text"), ({"text": "12"}, "text"),
                        ({"text": "上庄", "hamlet": "没有庄"}, "hamlet")):  # fmt: skip
        answer = closed.client.post(url, json=body, headers=editor)
        assert answer.status_code == 422
        assert where in str(answer.json()["errors"][0]["where"])
    for headers in (closed.key("reader", "all"), closed.key("editor", EAST)):
        assert closed.client.post(url, json={"text": "磨坊沟"}, headers=headers).status_code == 403


def test_names_of_a_file_and_of_a_village_with_another_code(closed: Closed, tmp_path: Path) -> None:
    admin, path = closed.key("admin", "all"), tmp_path / "别名.csv"
    path.write_text(
        f"区划编码,别名,类别\n{EAST},水磨庄,旧名\n{EAST},水磨庄,旧名\n990001999999,没有,俗名\n{EAST},沟,俗名\n"
    )
    actor = Actor(Caller("cli:test", "admin", "all", ("",)), Origin("test"))
    with transaction(closed.engine) as session:
        report = import_file(session, ImportRequest("names", path, actor))
    assert report.counts() == {"loaded": 1, "unchanged": 0, "rejected": 3}
    assert found(closed, admin, "水磨庄1号")[0] == found(closed, admin, "东村1号")[0]
    new = f"{EAST[:9]}299"
    changed = closed.client.post(
        "/api/v1/divisions/changes", json={"kind": "recode", "code": EAST, "new_code": new}, headers=admin
    )
    assert changed.status_code == 200, changed.text
    assert changed.json()["counts"]["names"] == 1
    assert found(closed, admin, "水磨庄")[0] == new
