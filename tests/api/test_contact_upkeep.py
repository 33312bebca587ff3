"""Pairs between plans: they end with household and officer, one is moved by hand, and a plan's solver may die."""

import csv
import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from gridmap.contacts.plans import service
from gridmap.db.engine import transaction
from tests.api.keys import closed_application
from tests.api.test_pair_plans import H1, H5, P1, P2, P3, P4, PLANS, SCHOOL, Desk
from tests.county import COUNTY, EAST, NORTH_EAST, NORTH_WEST, SOUTH_EAST, SOUTH_WEST, WEST
from tests.postgres import Server
from tests.problems import assert_problem


@pytest.fixture
def desk(server: Server) -> Iterator[Desk]:
    with closed_application(server) as closed:
        yield Desk(closed)


def _get(desk: Desk, path: str) -> Any:
    answer = desk.closed.client.get(f"/api/v1{path}", headers=desk.editor)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _line(desk: Desk) -> dict[str, Any]:
    lines: list[dict[str, Any]] = _get(desk, f"/pair-plans/report?within={COUNTY}")["lines"]
    return lines[0]


def test_a_closed_household_and_a_retired_officer_end_their_pairs_at_once(desk: Desk) -> None:
    client = desk.closed.client
    desk.apply(desk.plan())
    held = {home: found for home, found in desk.standing().items() if found[0] == P3}
    assert set(held) == {SCHOOL, H5}
    assert client.delete(f"/api/v1/households/{H5}", headers=desk.editor).status_code == 200
    assert desk.contacts(H5) == []
    retired = client.delete(f"/api/v1/officers/{P3}", headers=desk.editor).json()
    assert {"household": SCHOOL, "rank": 1} in retired["consequences"]["households"]
    assert H5 not in {left["household"] for left in retired["consequences"]["households"]}
    assert P3 not in {found for pairs in desk.standing().values() for found in pairs}
    assert [contact["rank"] for contact in desk.contacts(SCHOOL)] == [2, 3, 4]
    assert (_line(desk)["households"], _line(desk)["paired"], _line(desk)["missed"]) == (4, 3, 1)
    missing = _get(desk, f"/contacts/missing?within={COUNTY}")
    assert (missing["count"], missing["next"]) == (1, None)
    (school,) = missing["households"]
    assert (school["id"], school["former"], school["why"]) == (SCHOOL, P3, "officer_retired")
    assert _get(desk, f"/contacts/missing?within={WEST}")["count"] == 0
    (ended, *_) = [pair for pair in _get(desk, f"/households/{SCHOOL}/contacts/history")["pairs"] if pair["until"]]
    assert (ended["officer"], ended["rank"], ended["why"], ended["name"]) == (P3, 1, "officer_retired", "周**")
    # A closed one that is opened again has nobody, and says so.
    client.patch(f"/api/v1/households/{H5}", json={"status": "current"}, headers=desk.editor)
    found = {home["id"]: home["why"] for home in _get(desk, f"/contacts/missing?within={COUNTY}")["households"]}
    assert found == {SCHOOL: "officer_retired", H5: "household_closed"}
    reader = desk.closed.key("reader", COUNTY)
    assert client.get(f"/api/v1/contacts/missing?within={COUNTY}", headers=reader).status_code == 403


def test_an_absent_contact_is_told_as_absent_and_the_back_up_comes_next(desk: Desk) -> None:
    desk.apply(desk.plan())
    first, second = desk.standing()[H1][:2]
    away = {"absent_from": "2026-11-20", "absent_to": "2026-11-30"}
    desk.closed.client.patch(f"/api/v1/officers/{first}", json=away, headers=desk.editor)
    household = _get(desk, f"/households/{H1}")
    door = _get(desk, f"/contacts/at?lon={household['lon']}&lat={household['lat']}")
    for told in (desk.contacts(H1), door["contacts"]):
        assert [(each["id"], each["absent"]) for each in told[:2]] == [(first, True), (second, False)]
        assert told[0]["absent_to"] == "2026-11-30"


def test_a_household_is_moved_by_hand_with_its_effect_told_before(desk: Desk) -> None:
    client = desk.closed.client
    desk.apply(desk.plan())
    first, second = desk.standing()[H1][:2]
    asked = f"/api/v1/households/{H1}/contact-effect?officer={P4}"
    effect = client.get(asked, headers=desk.editor)
    told = effect.json()
    assert (told["tier_now"], told["tier"], told["former"], told["load"], told["allowed"]) == (0, 2, first, 1, True)
    verdicts = {goal["goal"]: goal["verdict"] for goal in told["goals"]}
    assert (verdicts["missed"], verdicts["tiers"], verdicts["changes"], told["loses"]) == (
        "same", "worse", "worse", "tiers",
    )  # fmt: skip
    assert desk.standing()[H1] == [first, second]
    where, why = f"/api/v1/households/{H1}/contacts/first", "亲属关系，本人同意"
    move = {"officer": P4, "why": why}
    assert client.put(where, json=move, headers=desk.closed.key("commander", COUNTY)).status_code == 403
    assert client.put(where, json={"officer": P4, "why": "a"}, headers=desk.editor).status_code == 422
    done = client.put(where, json=move, headers=desk.editor | {"If-Match": effect.headers["ETag"]})
    assert done.status_code == 200, done.text
    assert desk.standing()[H1][0] == P4
    assert why in desk.contacts(H1)[0]["reason"]
    # Somebody else's old reading moves nothing.
    old = desk.editor | {"If-Match": effect.headers["ETag"]}
    stale = client.put(where, json={"officer": P3, "why": why}, headers=old)
    assert_problem(stale, 412, "row_changed")
    # The back-up becomes first, and the first the back-up: nobody is lost.
    assert client.put(where, json={"officer": second, "why": why}, headers=desk.editor).json()["swapped"] == 2
    assert desk.standing()[H1] == [second, P4]
    history = _get(desk, f"/households/{H1}/contacts/history")["pairs"]
    assert [(pair["officer"], pair["why"]) for pair in history if pair["rank"] == 1] == [
        (second, None), (P4, "moved"), (first, "moved"),
    ]  # fmt: skip
    # Later plans keep it.
    assert {p["household"] for p in desk.plan()["changes"]["pairs"] if p["rank"] == 1} == set()
    assert [entry.purpose for entry in desk.closed.audit("pairs.moved")] == [why, why]
    # Taken back, nothing is pinned that was not before.
    assert client.get(asked, headers=desk.editor).json()["pinned"] == second
    back = client.put(where, json={"officer": P4, "why": why, "pin": False}, headers=desk.editor)
    assert back.status_code == 200, back.text
    assert desk.standing()[H1] == [P4, second]
    assert _get(desk, f"/households/{H1}/pair-rules")["rules"] == []
    client.patch(f"/api/v1/officers/{P3}", json={"capacity": 0}, headers=desk.editor)
    full = client.put(where, json={"officer": P3, "why": why}, headers=desk.editor)
    problem = assert_problem(full, 422, "invalid_input", where="officer")
    # Whole sentences come with their codes, so that a page can say them in Chinese.
    assert [told[0]["code"] for told in problem["sentences"].values()] == ["why_no_capacity"]
    assert problem["detail"] in problem["sentences"]


def test_a_plan_solved_beside_the_server_is_told_as_it_goes_and_fails_when_its_process_dies(desk: Desk) -> None:
    answer = desk.closed.client.post(PLANS, json={"within": COUNTY, "wait": False}, headers=desk.editor)
    # The test client waits for the process that solves it, so the answer tells of the moment before.
    assert (answer.status_code, answer.json()["status"], answer.json()["certificate"]) == (202, "solving", None)
    done = desk.closed.client.get(answer.headers["Location"], headers=desk.editor).json()
    assert (done["status"], done["certificate"]["paired"]) == ("ready", 5)
    with transaction(desk.closed.engine) as session:
        plan = session.execute(
            text(
                "INSERT INTO pair_plan (county_code, within, from_scratch, author, version, progress)"
                " VALUES (:c, :c, false, 'key:x', 1, 'back-ups') RETURNING id"
            ),
            {"c": COUNTY},
        ).scalar_one()

    def status() -> tuple[str, str | None]:
        told = desk.closed.client.get(f"{PLANS}/{plan}", headers=desk.editor).json()
        return told["status"], told["failure"]

    def age(seconds: int) -> None:
        with transaction(desk.closed.engine) as session:
            stmt = text("UPDATE pair_plan SET created_at = now() - :age WHERE id = :id")
            session.execute(stmt, {"age": timedelta(seconds=seconds), "id": plan})

    # A process may just be starting; one that lives may take its time; one that is gone has failed.
    assert status() == ("solving", None)
    age(3600)
    with service.being_solved(desk.closed.engine, plan):
        assert status() == ("solving", None)
    found, why = status()
    assert found == "failed"
    assert why is not None
    assert why.startswith("interrupted:")
    assert desk.closed.client.get(PLANS, headers=desk.editor).json()["plans"][0]["status"] == "failed"


def test_an_undo_brings_nobody_back_who_retired_since(desk: Desk) -> None:
    client = desk.closed.client
    desk.apply(desk.plan())
    before = desk.standing()
    away = {"absent_from": "2026-11-01", "absent_to": "2026-12-31"}
    client.patch(f"/api/v1/officers/{P1}", json=away, headers=desk.editor)
    plan = desk.plan()
    desk.apply(plan)
    client.delete(f"/api/v1/officers/{P1}", headers=desk.editor)
    undone = client.post(f"{PLANS}/{plan['id']}/undo", headers=desk.reviewer).json()
    assert undone["status"] == "undone"
    assert undone["not_restored"] == [home for home, found in before.items() if P1 in found] != []
    after = desk.standing()
    assert after == {home: [officer for officer in found if officer != P1] for home, found in before.items()}
    without_first = sorted(home for home, found in before.items() if found[0] == P1)
    missing = _get(desk, f"/contacts/missing?within={COUNTY}")["households"]
    assert [home["id"] for home in missing] == without_first


def test_an_undo_that_would_give_one_officer_two_ranks_names_the_household(desk: Desk) -> None:
    client = desk.closed.client
    desk.apply(desk.plan())
    first, second = desk.standing()[H1]
    rules, move = f"/api/v1/households/{H1}/pair-rules", f"/api/v1/households/{H1}/contacts/first"
    asked = {"officer": second, "kind": "forbidden", "why": "亲属回避"}
    assert client.post(rules, json=asked, headers=desk.editor).status_code == 201
    plan = desk.plan()
    desk.apply(plan)
    assert desk.standing()[H1][0] == first
    client.delete(f"{rules}/{second}", headers=desk.editor)
    moved = client.put(move, json={"officer": second, "why": "本人同意"}, headers=desk.editor)
    assert moved.status_code == 200, moved.text
    refused = client.post(f"{PLANS}/{plan['id']}/undo", headers=desk.reviewer)
    assert_problem(refused, 409, "stale_base")
    assert [error["where"] for error in refused.json()["errors"]] == [H1]
    assert desk.standing()[H1][0] == second


def test_without_any_officer_everybody_is_missed_for_that_reason(desk: Desk) -> None:
    for officer in (P1, P2, P3, P4):
        assert desk.closed.client.delete(f"/api/v1/officers/{officer}", headers=desk.editor).status_code == 200
    plan = desk.plan()
    assert (plan["certificate"]["register"], plan["certificate"]["missed"], plan["pairs"]) == (5, 5, [])
    assert {missed["kind"] for missed in plan["missed"]} == {"no_officer"}


APPLY = """
import sys
from datetime import date
from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import Caller
from gridmap.contacts.plans import applying
from gridmap.db.engine import make_engine, transaction
engine = make_engine(sys.argv[1])
second = Actor(Caller("user:second", "admin", "all", ("",)), Origin("t"))
with transaction(engine) as session:
    applying.apply_plan(session, second, int(sys.argv[2]), date(2026, 11, 22))
"""


def test_an_apply_that_is_killed_in_the_middle_leaves_the_former_pairs(desk: Desk) -> None:
    desk.apply(desk.plan())
    before = desk.standing()
    desk.closed.client.delete(f"/api/v1/officers/{P1}", headers=desk.editor)
    lost = desk.standing()
    assert lost != before
    plan = desk.plan(from_scratch=True)
    url = desk.closed.engine.url.render_as_string(hide_password=False)
    with desk.closed.engine.connect() as holding:
        # Its pairs are taken away already when it waits to keep them for undoing.
        holding.execute(text("LOCK TABLE pair_plan_former IN EXCLUSIVE MODE"))
        process = subprocess.Popen([sys.executable, "-c", APPLY, url, str(plan["id"])])
        waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'pair_plan_former'::regclass")
        for _ in range(600):
            if holding.execute(waits).scalar_one():
                break
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        holding.rollback()
    assert desk.standing() == lost
    assert desk.closed.client.get(f"{PLANS}/{plan['id']}", headers=desk.editor).json()["status"] == "ready"
    # The same plan is applied afterwards as if nothing had been.
    desk.apply(plan)
    assert all(P1 not in found for found in desk.standing().values())


def test_a_plan_is_a_file_of_every_kind(desk: Desk) -> None:
    for who in (P1, P2, P4):
        desk.closed.client.patch(f"/api/v1/officers/{who}", json={"capacity": 1}, headers=desk.editor)
    desk.closed.client.patch(f"/api/v1/officers/{P3}", json={"capacity": 0}, headers=desk.editor)
    plan = desk.plan()
    path = f"{PLANS}/{plan['id']}/pairs"
    document = json.loads(desk.closed.client.get(path, headers=desk.editor).content)
    assert {"id", "version", "pairs", "missed", "certificate"} <= document.keys()
    table = desk.closed.client.get(f"{path}?format=csv", headers=desk.editor)
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [row["household"] for row in rows if row["missed"]] == [m["household"] for m in plan["missed"]]
    assert len(rows) == 5
    assert all(row["first"] for row in rows if not row["missed"])
    assert rows[-1]["first_name"].endswith("**")
    assert "李措姆" not in table.text
    assert desk.closed.client.get(f"{path}?format=xlsx", headers=desk.editor).content[:2] == b"PK"
    west = desk.closed.key("editor", WEST)
    assert desk.closed.client.get(f"{path}?format=csv", headers=west).status_code == 403


def test_the_report_tells_of_a_grid_how_its_officers_are_loaded(desk: Desk) -> None:
    desk.apply(desk.plan())
    desk.closed.client.patch(f"/api/v1/officers/{P3}", json={"capacity": 1}, headers=desk.editor)
    lines = {line["code"]: line for line in _get(desk, f"/pair-plans/report?within={COUNTY}")["lines"]}
    # P3 has the school and H5, one in each eastern grid: he is over in both.
    for grid in (NORTH_EAST, SOUTH_EAST):
        told = {name: lines[grid][name] for name in ("officers", "capacity", "first_contacts", "over", "largest_load")}
        assert told == {"officers": 1, "capacity": 1, "first_contacts": 2, "over": 1, "largest_load": 2}
    assert (lines[EAST]["over"], lines[COUNTY]["over"], lines[WEST]["over"]) == (1, 1, 0)


def test_the_report_tells_who_is_idle_down_to_the_grid_and_its_sums_agree(desk: Desk) -> None:
    # Nobody has anybody yet. P1 and P2 answer for the north-western grid, P3 holds a post, P4 is the county's.
    client, editor = desk.closed.client, desk.editor
    post = {"grid_code": SOUTH_EAST, "task": "看河水", "holder_id": P3}
    assert client.post("/api/v1/posts", json=post, headers=editor).status_code == 201

    def idle() -> dict[str, tuple[int, int]]:
        lines = _get(desk, f"/pair-plans/report?within={COUNTY}")["lines"]
        return {line["code"]: (line["idle"], line["idle_unplaced"]) for line in lines}

    told = idle()
    assert (told[NORTH_WEST], told[SOUTH_EAST], told[SOUTH_WEST]) == ((2, 0), (1, 0), (0, 0))
    assert (told[WEST], told[EAST], told[COUNTY]) == ((2, 0), (1, 0), (4, 1))
    # One whom only his village tells of is counted there; one who answers for a grid elsewhere, where he was born.
    assert client.patch(f"/api/v1/officers/{P1}", json={"home_code": EAST}, headers=editor).status_code == 200
    told = idle()
    assert (told[NORTH_WEST], told[WEST], told[EAST], told[COUNTY]) == ((1, 0), (1, 0), (2, 1), (4, 1))
    rows = client.get(f"/api/v1/pair-plans/report?within={COUNTY}&format=csv", headers=editor)
    table = {row["code"]: row for row in csv.DictReader(io.StringIO(rows.content.decode("utf-8-sig")))}
    assert {code: (int(row["idle"]), int(row["idle_unplaced"])) for code, row in table.items()} == told
    everywhere = desk.closed.key("editor", "all")
    above = client.get("/api/v1/pair-plans/report?within=99", headers=everywhere).json()["lines"]
    assert [(line["code"], line["households"], line["idle"]) for line in above[:3]] == [
        ("99", 5, 4), ("990000", 5, 4), (COUNTY, 5, 4)
    ]  # fmt: skip
