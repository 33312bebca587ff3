"""Plans of contact pairs over HTTP: made, reviewed by a second person, applied, undone; and who looks after whom."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from gridmap.contacts.plans.answers import LookedAfter
from gridmap.maps.contact_book import in_route_order
from tests.api.keys import Closed, closed_application
from tests.county import COUNTY, EAST, NORTH_EAST, NORTH_WEST, SOUTH_EAST, SOUTH_WEST, WEST, at, record_id
from tests.postgres import Server
from tests.problems import assert_problem

H1, H2, H3, SCHOOL, H5 = (record_id("H", number) for number in range(1, 6))
P1, P2, P3, P4 = (record_id("P", number) for number in range(1, 5))
PLANS = "/api/v1/pair-plans"
NOBODY: dict[str, list[str]] = {home: [] for home in (H1, H2, H3, SCHOOL, H5)}


@pytest.fixture
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


class Desk:
    """An editor who makes plans and a reviewer who applies them."""

    def __init__(self, closed: Closed) -> None:
        self.closed = closed
        self.editor, self.reviewer = closed.key("editor", COUNTY), closed.key("reviewer", COUNTY)

    def plan(self, **more: object) -> dict[str, Any]:
        answer = self.closed.client.post(PLANS, json={"within": COUNTY, **more}, headers=self.editor)
        assert answer.status_code == 201, answer.text
        found = self.closed.client.get(answer.headers["Location"] + "?include=pairs", headers=self.editor)
        told: dict[str, Any] = found.json()
        return told

    def apply(self, plan: dict[str, Any]) -> dict[str, Any]:
        answer = self.closed.client.post(f"{PLANS}/{plan['id']}/apply", headers=self.reviewer)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def contacts(self, household: str) -> list[dict[str, Any]]:
        found = self.closed.client.get(f"/api/v1/households/{household}/contacts", headers=self.editor)
        assert found.status_code == 200, found.text
        told: list[dict[str, Any]] = found.json()["contacts"]
        return told

    def standing(self) -> dict[str, list[str]]:
        return {home: [found["id"] for found in self.contacts(home)] for home in (H1, H2, H3, SCHOOL, H5)}


@pytest.fixture
def desk(closed: Closed) -> Desk:
    return Desk(closed)


def test_a_plan_covers_the_register_and_proves_it(desk: Desk) -> None:
    plan = desk.plan()
    certificate = plan["certificate"]
    assert (certificate["register"], certificate["paired"], certificate["missed"]) == (5, 5, 0)
    assert certificate["over_capacity"] == 0
    assert certificate["tiers"] == {"0": 5, "1": 0, "2": 0, "3": 0}
    first = {pair["household"]: pair["officer"] for pair in plan["pairs"] if pair["rank"] == 1}
    second = {pair["household"]: pair["officer"] for pair in plan["pairs"] if pair["rank"] == 2}
    assert set(first) == set(second) == {H1, H2, H3, SCHOOL, H5}
    assert {first[H1], first[H2], first[H3]} == {P1, P2}
    assert first[SCHOOL] == first[H5] == P3
    assert all(first[home] != second[home] for home in first)
    assert all(pair["reason"] and pair["reason_en"] for pair in plan["pairs"])
    # The school has 120 persons: two more officers beside its first and its back-up.
    assert sorted(pair["rank"] for pair in plan["pairs"] if pair["household"] == SCHOOL) == [1, 2, 3, 4]
    assert [stage["stage"] for stage in certificate["stages"][:5]] == [
        "missed", "tiers", "changes", "loads", "distance_m",
    ]  # fmt: skip
    assert plan["changes"]["first_contacts"] == 5
    assert desk.standing() == NOBODY


def test_a_second_person_applies_and_undo_restores(desk: Desk) -> None:
    plan = desk.plan()
    own = desk.closed.client.post(f"{PLANS}/{plan['id']}/apply", headers=desk.editor)
    assert own.status_code == 403
    applied = desk.apply(plan)
    assert (applied["status"], applied["removed"], applied["written"]) == ("applied", 0, len(plan["pairs"]))
    before = desk.standing()
    assert all(len(found) >= 2 for found in before.values())
    contact = desk.contacts(H1)[0]
    assert contact["name"].endswith("**")
    assert "****" in contact["phone"]
    assert contact["reason"].startswith("本村出生")
    again = desk.plan()
    assert again["changes"]["first_contacts"] == again["changes"]["back_ups"] == 0
    twice = desk.closed.client.post(f"{PLANS}/{plan['id']}/apply", headers=desk.reviewer)
    assert_problem(twice, 409, "wrong_status")
    undone = desk.closed.client.post(f"{PLANS}/{plan['id']}/undo", headers=desk.reviewer)
    assert undone.json()["status"] == "undone"
    assert desk.standing() == NOBODY
    assert {"pair_plan.make", "pair_plan.apply", "pair_plan.undo"} <= {e.action for e in desk.closed.audit("pair_plan")}


def test_nobody_applies_his_own_plan_whatever_his_role(desk: Desk) -> None:
    made = desk.closed.client.post(PLANS, json={"within": COUNTY}, headers=desk.reviewer).json()
    answer = desk.closed.client.post(f"{PLANS}/{made['id']}/apply", headers=desk.reviewer)
    assert_problem(answer, 403, "own_plan")


def test_a_plan_is_refused_when_the_registers_moved_on_and_says_where(desk: Desk) -> None:
    plan = desk.plan()
    desk.closed.client.patch(f"/api/v1/officers/{P2}", json={"capacity": 1}, headers=desk.editor)
    answer = desk.closed.client.post(f"{PLANS}/{plan['id']}/apply", headers=desk.reviewer)
    assert_problem(answer, 409, "stale_base")
    assert P2 in answer.json()["detail"]
    assert [error["where"] for error in answer.json()["errors"]] == [P2]
    assert desk.standing()[H1] == []


def test_when_an_officer_leaves_only_his_households_change(desk: Desk) -> None:
    desk.apply(desk.plan())
    before = desk.standing()
    away = {"absent_from": "2026-11-01", "absent_to": "2026-12-31"}
    answer = desk.closed.client.patch(f"/api/v1/officers/{P1}", json=away, headers=desk.editor)
    assert answer.status_code == 200, answer.text
    plan = desk.plan()
    touched = {home for home, found in before.items() if P1 in found}
    assert touched
    changed = {pair["household"] for pair in plan["changes"]["pairs"]}
    assert changed <= touched
    first = {home for home, found in before.items() if found[0] == P1}
    (stage,) = [stage for stage in plan["certificate"]["stages"] if stage["stage"] == "changes"]
    assert (stage["value"], stage["optimum"], stage["forced"]) == (len(first), len(first), len(first))
    losing = [row for row in plan["changes"]["officers"] if row["officer"] == P1]
    assert losing
    assert all(row["gained"] == 0 for row in losing)
    desk.apply(plan)
    after = desk.standing()
    assert all(after[home] == before[home] for home in before.keys() - touched)
    assert all(P1 not in found for found in after.values())
    # The plan applied last is undone first: what came before it would be lost.
    assert desk.closed.client.post(f"{PLANS}/{plan['id']}/undo", headers=desk.reviewer).status_code == 200
    assert desk.standing() == before


def _moved_border(desk: Desk) -> None:
    """Publishes the villages' border 400 m further west, so that the second household lies in the eastern one."""
    west, middle, old, east = 103.5, 103.506, 103.51, 103.52
    south, border, north = 34.5, 34.51, 34.52
    rings = {
        NORTH_WEST: [(west, border), (middle, border), (middle, north), (west, north), (west, border)],
        NORTH_EAST: [
            (middle, border), (old, border), (east, border), (east, north), (middle, north), (middle, border)
        ],
        SOUTH_WEST: [(west, south), (old, south), (old, border), (middle, border), (west, border), (west, south)],
        SOUTH_EAST: [(old, south), (east, south), (east, border), (old, border), (old, south)],
    }  # fmt: skip
    drawn = [
        {"type": "Feature", "id": None, "properties": {"code": code, "name": code[-3:]},
         "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for code, ring in rings.items()
    ]  # fmt: skip
    client, body = desk.closed.client, {"villages": [WEST, EAST], "title": "界线西移"}
    changeset = f"/api/v1/changesets/{client.post('/api/v1/changesets', json=body, headers=desk.editor).json()['id']}"
    put = client.put(f"{changeset}/grids", json={"type": "FeatureCollection", "features": drawn}, headers=desk.editor)
    assert [move["id"] for move in put.json()["households"]["items"]] == [H2], put.text
    assert client.post(f"{changeset}/submit", headers=desk.editor).status_code == 200
    assert client.post(f"{changeset}/publish", headers=desk.reviewer).status_code == 200


def test_when_a_border_moves_only_the_households_on_its_ground_change(desk: Desk) -> None:
    desk.apply(desk.plan())
    before = desk.standing()
    assert desk.contacts(H2)[0]["tier"] == 0
    _moved_border(desk)
    plan = desk.plan()
    assert {pair["household"] for pair in plan["changes"]["pairs"]} == {H2}
    desk.apply(plan)
    after = desk.standing()
    # The one officer who was born in the eastern village.
    assert (after[H2][0], desk.contacts(H2)[0]["tier"]) == (P3, 0)
    assert {home: found for home, found in after.items() if home != H2} == {
        home: found for home, found in before.items() if home != H2
    }
    # Nothing is left to change; all of it solved again is at least as even, and says what it would change.
    assert desk.plan()["changes"]["pairs"] == []
    assert desk.plan(from_scratch=True)["certificate"]["missed"] == 0


def test_pins_and_bans_are_kept_and_their_effect_is_told(desk: Desk) -> None:
    client, path = desk.closed.client, f"/api/v1/households/{H1}"
    effect = client.get(f"{path}/contact-effect?officer={P4}", headers=desk.editor).json()
    assert (effect["tier"], effect["tier_now"], effect["load"], effect["allowed"]) == (2, None, 1, True)
    pin = {"officer": P4, "kind": "pinned", "why": "亲属关系"}
    assert client.post(f"{path}/pair-rules", json=pin, headers=desk.editor).status_code == 201
    ban = {"officer": P3, "kind": "forbidden", "why": "回避关系"}
    assert client.post(f"/api/v1/households/{H5}/pair-rules", json=ban, headers=desk.editor).status_code == 201
    plan = desk.plan()
    first = {pair["household"]: pair for pair in plan["pairs"] if pair["rank"] == 1}
    assert first[H1]["officer"] == P4
    assert "按指定结对" in first[H1]["reason"]
    assert not [pair for pair in plan["pairs"] if pair["household"] == H5 and pair["officer"] == P3]
    assert client.delete(f"{path}/pair-rules/{P4}", headers=desk.editor).status_code == 204
    assert client.delete(f"{path}/pair-rules/{P4}", headers=desk.editor).status_code == 404


def test_who_looks_after_the_nearest_house(desk: Desk) -> None:
    desk.apply(desk.plan())
    lon, lat = at(NORTH_WEST, 0.21, 0.8)
    asked = f"/api/v1/contacts/at?lon={lon}&lat={lat}"
    found = desk.closed.client.get(asked, headers=desk.editor).json()
    assert found["household"]["id"] == H1
    assert found["household"]["head"]["name"] == "李**"
    assert 5 < found["distance_m"] < 15
    assert [contact["rank"] for contact in found["contacts"]] == [1, 2]
    commander = desk.closed.key("commander", COUNTY)
    full = desk.closed.client.get(f"{asked}&unmask=phone&purpose=泥石流转移", headers=commander).json()
    assert full["contacts"][0]["phone"].startswith("1350000000")
    assert desk.closed.client.get(asked, headers=desk.closed.key("reader", COUNTY)).status_code == 403
    east = desk.closed.key("editor", EAST)
    assert desk.closed.client.get(asked, headers=east).status_code == 403
    (entry,) = [e for e in desk.closed.audit("contacts.at") if e.unmasked]
    assert H1 in entry.subjects
    assert entry.purpose == "泥石流转移"


def test_an_officers_households_are_those_in_the_callers_scope(desk: Desk) -> None:
    desk.apply(desk.plan())
    whole = desk.closed.client.get(f"/api/v1/officers/{P3}/households", headers=desk.editor).json()
    assert {home["id"] for home in whole["households"] if home["rank"] == 1} == {SCHOOL, H5}
    assert all(home["distance_m"] > 0 for home in whole["households"])
    west = desk.closed.client.get(f"/api/v1/officers/{P1}/households", headers=desk.closed.key("editor", WEST)).json()
    assert west["households"]
    assert all(home["grid_code"][:12] == WEST for home in west["households"])


def test_the_report_counts_down_to_the_grid(desk: Desk) -> None:
    desk.apply(desk.plan())
    path = f"{PLANS}/report?within={COUNTY}"
    lines = {line["code"]: line for line in desk.closed.client.get(path, headers=desk.editor).json()["lines"]}
    assert {name: lines[COUNTY][name] for name in ("households", "paired", "missed", "tier_0", "officers")} == {
        "households": 5, "paired": 5, "missed": 0, "tier_0": 5, "officers": 4,
    }  # fmt: skip
    assert (lines[WEST]["households"], lines[SOUTH_WEST]["households"], lines[SOUTH_WEST]["level"]) == (3, 1, "grid")
    assert (lines[COUNTY]["idle"], lines[COUNTY]["over"]) == (1, 0)
    for line in lines.values():
        below = [other for other in lines.values() if _is_below(other["code"], line["code"])]
        if below:
            assert line["idle"] == sum(other["idle"] for other in below) + line["idle_unplaced"], line
    text = desk.closed.client.get(f"{path}&format=csv", headers=desk.editor).content.decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(text)))["paired"] == "5"
    book = desk.closed.client.get(f"{path}&format=xlsx", headers=desk.editor).content
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert rows[1][0] == COUNTY


def _is_below(code: str, above: str) -> bool:
    digits = (6, 9, 12, 15)
    return code.startswith(above) and digits.index(len(code)) == digits.index(len(above)) + 1


def test_plans_are_by_scope_and_mistakes_are_told(desk: Desk) -> None:
    client = desk.closed.client
    plan = desk.plan()
    west = desk.closed.key("editor", WEST)
    assert client.get(f"{PLANS}/{plan['id']}", headers=west).status_code == 403
    assert client.post(PLANS, json={"within": COUNTY}, headers=west).status_code == 403
    assert client.post(PLANS, json={"within": COUNTY}, headers=desk.closed.key("commander", COUNTY)).status_code == 403
    assert_problem(client.post(PLANS, json={"within": "12345"}, headers=desk.editor), 422, "invalid_input")
    assert_problem(client.get(f"{PLANS}/99", headers=desk.editor), 404, "not_found")
    village = client.post(PLANS, json={"within": WEST, "from_scratch": True}, headers=desk.editor).json()
    assert village["certificate"]["register"] == 3
    listed = client.get(PLANS, headers=desk.editor).json()["plans"]
    assert [found["id"] for found in listed] == [village["id"], plan["id"]]
    assert [found["id"] for found in client.get(PLANS, headers=west).json()["plans"]] == [village["id"]]


def test_the_contact_book_is_two_pages_in_the_order_of_the_way(desk: Desk) -> None:
    desk.apply(desk.plan())
    path = f"/api/v1/officers/{P1}/book.pdf"
    masked = desk.closed.client.get(path, headers=desk.editor)
    assert masked.headers["content-type"] == "application/pdf"
    pages = PdfReader(io.BytesIO(masked.content)).pages
    assert len(pages) == 2
    fonts = {font["/BaseFont"] for page in pages for font in _fonts(page)}
    assert any("CJK" in name for name in fonts)
    text = "".join(page.extract_text() for page in pages)
    assert "13500000001" not in text
    commander = desk.closed.key("commander", COUNTY)
    full = desk.closed.client.get(f"{path}?unmask=phone&purpose=泥石流转移", headers=commander)
    assert "13500000001" in "".join(page.extract_text() for page in PdfReader(io.BytesIO(full.content)).pages)
    assert desk.closed.client.get(f"{path}?unmask=phone&purpose=泥石流转移", headers=desk.editor).status_code == 403


def _fonts(page: Any) -> list[Any]:
    return [font.get_object() for font in page["/Resources"]["/Font"].get_object().values()]


def test_the_way_is_short() -> None:
    """Doors on a line, given in disorder, are walked from the near end to the far one."""
    doors = [_door(number) for number in (3, 1, 4, 2, 5)]
    assert [door.id for door in in_route_order(doors, (103.5, 34.5))] == ["1", "2", "3", "4", "5"]
    assert in_route_order([], None) == []


def _door(number: int) -> LookedAfter:
    return LookedAfter(
        id=str(number), rank=1, tier=0, reason="", kind="family", name=None, head_name="", head_phone=None,
        address="", persons=1, needs={}, grid_code=None, lon=103.5 + number / 100, lat=34.5, distance_m=None,
    )  # fmt: skip
