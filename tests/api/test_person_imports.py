"""Registers of persons from files over HTTP: looked at masked, written with history, and the file gone when used."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gridmap.exchange.uploads import UploadStore
from tests.api.keys import Closed, closed_application
from tests.county import COUNTY, EAST, NORTH_WEST, TOWNSHIP, WEST, record_id
from tests.postgres import Server
from tests.problems import assert_problem

IMPORTS = "/api/v1/imports"
H1, P1, A3, A5 = record_id("H", 1), record_id("P", 1), record_id("A", 3), record_id("A", 5)
Header = dict[str, str]


@pytest.fixture
def closed(server: Server, tmp_path: Path) -> Iterator[Closed]:
    with closed_application(server, home=tmp_path / "home") as closed:
        yield closed


def sent(closed: Closed, header: Header, kind: str, text: str) -> dict[str, Any]:
    query = {"kind": kind, "filename": f"{kind}.csv"}
    response = closed.client.post(IMPORTS, params=query, content=text.encode(), headers=header)
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


def left_in(folder: Path) -> list[Path]:
    return [path for path in (folder / "home" / "uploads").rglob("files/*") if path.is_file()]


def everything_kept(folder: Path) -> str:
    return "".join(p.read_text("utf-8", "ignore") for p in (folder / "home" / "uploads").rglob("*") if p.is_file())


HOUSEHOLDS = f"""户编号,户主,电话,人口,婴幼儿,地址编码,备用电话
{H1},李措姆,13812348765,4,1,{record_id("A", 1)},13500001111
,才让东智,13912349999,3,0,{A3},13500002222
,王小明,12,2,0,{A3},
,周大,13512349998,2,5,{A3},
,马五,13512349997,2,0,A00000000000009,
"""


def test_households_are_looked_at_masked_and_written_whole(closed: Closed, tmp_path: Path) -> None:
    editor = closed.key("editor", COUNTY)
    seen = sent(closed, editor, "households", HOUSEHOLDS)
    assert (seen["status"], seen["preview"]["counts"]) == ("previewed", {"loaded": 2, "unchanged": 0, "rejected": 3})
    assert [(c["column"], c["field"]) for c in seen["tables"][0]["columns"]][1:3] == [
        ("户主", "head_name"), ("电话", "head_phone")
    ]  # fmt: skip
    assert seen["tables"][0]["sample"][1] == [None, "才**", "139****9999", "3", "0", A3, "135****2222"]
    for told in (str(seen), closed.client.get(f"{IMPORTS}/{seen['id']}", headers=editor).text):
        assert [s for s in ("措姆", "才让", "13812348765", "13912349999", "13500001111") if s in told] == []
    rejected = [row["reason"] for row in seen["preview"]["rows"] if row["status"] == "rejected"]
    assert ["phone" in rejected[0], "needs.infants" in rejected[1], "address" in rejected[2]] == [True] * 3
    assert len(left_in(tmp_path)) == 1

    # Somebody else enters a household before it is accepted: its number is not what was looked at.
    born = {"kind": "family", "address_code": A5, "head": {"name": "赵二"}, "persons": 1, "needs": {}}
    assert closed.client.post("/api/v1/households", json=born, headers=editor).status_code == 201
    done = closed.client.post(f"{IMPORTS}/{seen['id']}/accept", headers=editor)
    assert (done.status_code, done.json()["result"]["counts"]["loaded"]) == (200, 2), done.text
    assert left_in(tmp_path) == []
    assert not any(secret in everything_kept(tmp_path) for secret in ("措姆", "才让", "13912349999", "13500001111"))
    report = closed.client.get(f"{IMPORTS}/{seen['id']}/report.csv", headers=editor).text
    statuses = [row["status"] for row in csv.DictReader(io.StringIO(report.removeprefix("\ufeff")))]
    assert statuses == ["loaded", "loaded", "rejected", "rejected", "rejected"]
    household = closed.client.get(f"/api/v1/households/{H1}", headers=editor).json()
    assert (household["persons"], household["needs"]["infants"]) == (4, 1)
    kept = closed.client.get(f"/api/v1/households/{H1}/history", headers=editor).json()["revisions"]
    assert [r["action"] for r in kept] == ["known", "import"]
    assert {e.action for e in closed.audit("import")} == {"import households"}
    # Once more, it says what is known; what was rejected still is.
    again = sent(closed, editor, "households", HOUSEHOLDS)
    assert again["preview"]["counts"] == {"loaded": 0, "unchanged": 2, "rejected": 3}


def test_a_file_with_what_is_never_kept_is_refused_and_gone_at_once(closed: Closed, tmp_path: Path) -> None:
    editor = closed.key("editor", COUNTY)
    seen = sent(closed, editor, "officers", "姓名,身份证号,民族\n扎西,623022199001010011,藏\n")
    assert (seen["status"], seen["preview"], seen["tables"]) == ("refused", None, [])
    assert [(e["where"], e["code"]) for e in seen["refusal"]["errors"]] == [
        ("身份证号", "never_kept"), ("民族", "never_kept")
    ]  # fmt: skip
    assert left_in(tmp_path) == []
    assert "623022199001010011" not in everything_kept(tmp_path)
    for method, path in (("PATCH", seen["id"]), ("POST", f"{seen['id']}/accept")):
        again = closed.client.request(
            method, f"{IMPORTS}/{path}", json={} if method == "PATCH" else None, headers=editor
        )
        assert_problem(again, 409, "import_refused")


def test_officers_posts_and_pairs(closed: Closed) -> None:
    reviewer = closed.key("reviewer", COUNTY)
    officers = f"编号,姓名,类别,单位,出生地编码,工作地编码,可联系户数\n{P1},扎西,网格长,双村镇政府,{WEST},{WEST},9\n"
    posts = f"网格编码,岗位,上岗人员编号\n{NORTH_WEST},巡河,{P1}\n{NORTH_WEST},守夜,\n"
    pairs = f"户编号,干部编号,顺位\n{H1},{P1},1\n"
    for kind, text, loaded in (("officers", officers, 1), ("posts", posts, 2), ("pairs", pairs, 1)):
        seen = sent(closed, reviewer, kind, text)
        assert seen["preview"]["counts"]["loaded"] == loaded, seen["preview"]
        assert "扎西" not in str(seen)
        done = closed.client.post(f"{IMPORTS}/{seen['id']}/accept", headers=reviewer)
        assert done.status_code == 200, done.text
    contacts = closed.client.get(f"/api/v1/households/{H1}/contacts", headers=reviewer).json()
    assert P1 in str(contacts)
    vacant = closed.client.get(f"/api/v1/grids/{NORTH_WEST}/posts", headers=reviewer).json()["posts"]
    assert [post["task"] for post in vacant if post["holder"] is None] == ["守夜"]
    card = f"/grids?within={WEST}&grid={NORTH_WEST}"
    assert "空岗 1 个" in closed.client.get(card, headers=reviewer).text
    assert "守夜" not in closed.client.get(card, headers=closed.key("reader", COUNTY)).text
    # The editor keeps registers, and yet does not set pairs past the second person.
    editor = closed.key("editor", COUNTY)
    refused = closed.client.post(IMPORTS, params={"kind": "pairs", "filename": "p.csv"}, content=b"x", headers=editor)
    assert_problem(refused, 403, "forbidden")
    page = closed.client.get("/import?kind=households", headers=editor).text
    assert '<option value="households" selected>' in page
    assert 'value="pairs"' not in page


def test_who_may_and_where(closed: Closed, tmp_path: Path) -> None:
    for role in ("reader", "commander", "integrator", "fieldworker"):
        scope = NORTH_WEST if role == "fieldworker" else COUNTY
        header = closed.key(role, scope, personal=role == "integrator")
        query = {"kind": "households", "filename": "h.csv"}
        answer = closed.client.post(IMPORTS, params=query, content=HOUSEHOLDS.encode(), headers=header)
        assert_problem(answer, 403, "forbidden")
    assert left_in(tmp_path) == []
    eastern = sent(closed, closed.key("editor", EAST), "households", HOUSEHOLDS)
    assert eastern["preview"]["counts"] == {"loaded": 0, "unchanged": 0, "rejected": 5}
    other = closed.key("editor", TOWNSHIP)
    for path in ("", "/report.csv", "/shapes"):
        assert_problem(closed.client.get(f"{IMPORTS}/{eastern['id']}{path}", headers=other), 404, "not_found")


def test_a_file_of_persons_waits_for_an_hour_only(tmp_path: Path) -> None:
    store = UploadStore(tmp_path / "uploads")
    for lasts in (timedelta(seconds=-1), None):
        upload_id = store.open_new()
        _, sink = store.create_file(upload_id, "h.csv")
        sink.close()
        store.enter(upload_id, owner="key:x", kind="households", options={}, lasts=lasts)
    store.sweep()
    assert [upload.expires_at > upload.created_at for upload in store.list_of("key:x")] == [True]
    assert len(list((tmp_path / "uploads").iterdir())) == 1
