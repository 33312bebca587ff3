"""Daily upkeep of households over HTTP: births, moves, phones, and those who would see or change what they may not."""

from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import text

from gridmap.db.engine import transaction
from tests.api.keys import Closed, closed_application
from tests.county import COUNTY, EAST, NORTH_WEST, SOUTH_EAST, SOUTH_WEST, TOWNSHIP, WEST, record_id
from tests.postgres import Server
from tests.problems import assert_problem

H1, H2, H3, H4, H5, H6 = (record_id("H", number) for number in range(1, 7))
A1, A2, A3, A4, A5 = (record_id("A", number) for number in range(1, 6))
PATH = "/api/v1/households"
GROUP_1, GROUP_2 = NORTH_WEST + "01", NORTH_WEST + "02"


@pytest.fixture(scope="module")
def read(server: Server) -> Iterator[Closed]:
    """For tests that only read."""
    with closed_application(server, public_map=True) as closed:
        yield closed


@pytest.fixture
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


class Clerk:
    """An editor of the county with a short way to say what is done."""

    def __init__(self, closed: Closed, role: str = "editor", scope: str = COUNTY) -> None:
        self.closed, self.header = closed, closed.key(role, scope, personal=role == "integrator")

    def patch(self, household: str, given: dict[str, Any], match: str | None = None) -> Response:
        return self._send("PATCH", f"/{household}", match, json=given)

    def post(self, given: dict[str, Any]) -> Response:
        return self._send("POST", "", None, json=given)

    def delete(self, household: str, match: str | None = None) -> Response:
        return self._send("DELETE", f"/{household}", match)

    def get(self, path: str = "", **params: Any) -> Response:
        return self._send("GET", path, None, params=params)

    def ids(self, **params: Any) -> list[str]:
        found = self.get(**params)
        assert found.status_code == 200, found.text
        return [household["id"] for household in found.json()["households"]]

    def _send(self, method: str, path: str, match: str | None, **sent: Any) -> Response:
        headers = self.header | ({} if match is None else {"If-Match": match})
        return self.closed.client.request(method, PATH + path, headers=headers, **sent)


def _in_full(closed: Closed, household: str) -> Any:
    with transaction(closed.engine) as session:
        return session.execute(text("SELECT * FROM household WHERE id = :id"), {"id": household}).mappings().one()


def test_a_birth_says_what_it_changed_and_is_kept(closed: Closed) -> None:
    clerk = Clerk(closed)
    assert clerk.get(f"/{H1}").headers["etag"] == '"1"'
    done = clerk.patch(H1, {"persons": 4, "needs": {"infants": 1}}, '"1"')
    assert (done.status_code, done.headers["etag"]) == (200, '"2"')
    assert done.headers["cache-control"] == "private, no-store"
    body = done.json()
    assert body["needs"] == {"elderly_alone": 1, "infants": 1, "disabled": 0, "pregnant": 0, "medical_device": 0}
    assert body["changes"] == [
        {"field": "persons", "before": 3, "after": 4, "follows": False},
        {"field": "needs.infants", "before": 0, "after": 1, "follows": False},
    ]
    told = clerk.get(f"/{H1}/history").json()["revisions"]
    assert [(r["row_version"], r["action"], r["record"]["persons"]) for r in told] == [
        (1, "known", 3),
        (2, "change", 4),
    ]
    assert told[1]["actor"].startswith("key:editor")
    assert told[1]["record"]["head.name"] == "李**"
    assert "李措姆" not in str(told)
    entry = closed.audit("household.change")[-1]
    assert entry.subjects == [H1]


def test_a_change_on_an_old_reading_is_refused_and_nothing_is_written(closed: Closed) -> None:
    clerk = Clerk(closed)
    assert clerk.patch(H1, {"persons": 4}, '"1"').status_code == 200
    assert_problem(clerk.patch(H1, {"persons": 5}, '"1"'), 412, "row_changed")
    assert_problem(clerk.delete(H1, '"1"'), 412, "row_changed")
    assert _in_full(closed, H1)["persons"] == 4


def test_what_is_shown_masked_and_comes_back_leaves_what_is_known(closed: Closed) -> None:
    clerk = Clerk(closed)
    shown = clerk.get(f"/{H1}").json()["head"]
    done = clerk.patch(H1, {"persons": 5, "head": shown})
    assert [change["field"] for change in done.json()["changes"]] == ["persons"]
    row = _in_full(closed, H1)
    assert (row["head_name"], row["head_phone"]) == ("李措姆", "13812348000")
    for head, where in (({"phone": "139****8001"}, "head.phone"), ({"name": "王**"}, "head.name")):
        refused = assert_problem(clerk.patch(H1, {"head": head}), 422, "invalid_input", where=where)
        assert "masked" in refused["detail"]
    assert _in_full(closed, H1)["head_phone"] == "13812348000"


@pytest.mark.parametrize("given", ["+86 138-0000-1111", "１３８００００１１１１", "138 0000 1111", "008613800001111"])
def test_a_phone_in_any_usual_form_is_kept_in_one(closed: Closed, given: str) -> None:
    done = Clerk(closed).patch(H3, {"head": {"phone": given}}).json()
    assert done["changes"] == [{"field": "head.phone", "before": None, "after": "138****1111", "follows": False}]
    assert _in_full(closed, H3)["head_phone"] == "13800001111"


def test_a_move_takes_grid_and_group_along(closed: Closed) -> None:
    body = Clerk(closed).patch(H1, {"address_code": A3}).json()
    assert (body["grid_code"], body["group_code"], body["address_code"]) == (SOUTH_WEST, SOUTH_WEST + "01", A3)
    assert {(c["field"], c["after"], c["follows"]) for c in body["changes"]} == {
        ("address_code", A3, False),
        ("group_code", SOUTH_WEST + "01", True),
        ("grid_code", SOUTH_WEST, True),
    }
    over = Clerk(closed).patch(H1, {"address_code": A5}).json()
    assert (over["village_code"], over["grid_code"], over["group_code"]) == (EAST, SOUTH_EAST, None)
    within = Clerk(closed).patch(H2, {"address_code": A1}).json()
    assert (within["grid_code"], within["group_code"]) == (NORTH_WEST, GROUP_2), "in its grid it stays in its group"


def test_a_new_household_gets_its_neighbours_group(closed: Closed) -> None:
    clerk = Clerk(closed)
    given = {"address_code": A2, "persons": 2, "head": {"name": " 才让 ", "phone": "0941-3621234"}}
    done = clerk.post(given)
    assert done.status_code == 201, done.text
    body = done.json()
    assert (body["id"], body["kind"], body["group_code"]) == (record_id("H", 7), "family", GROUP_2)
    assert done.headers["location"] == f"{PATH}/{body['id']}"
    assert clerk.get(f"/{body['id']}/history").json()["revisions"][0]["action"] == "create"
    school = {"kind": "collective", "name": "西村寺", "address_code": A1, "persons": 40, "head": {"name": "丹增"}}
    assert clerk.post(school).json()["name"] == "西村寺"
    assert closed.audit("household.create")[-1].subjects == [record_id("H", 8)]


@pytest.fixture(scope="module")
def counted(server: Server) -> Iterator[Closed]:
    """H1 to H6 have their numbers taken, as the importers that wrote them would have."""
    with closed_application(server) as closed:
        yield closed


GOOD = {"address_code": A1, "persons": 2, "head": {"name": "才让"}}


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"needs": {"infants": 3}}, "needs.infants"),
        ({"needs": {"disabled": -1}}, "needs.disabled"),
        ({"persons": -1}, "persons"),
        ({"persons": 100}, "persons"),
        ({"kind": "collective"}, "name"),
        ({"name": "某某"}, "name"),
        ({"head": {"name": "  "}}, "head.name"),
        ({"head": {"name": "=cmd|' /C calc'!A0"}}, "head.name"),
        ({"head": {"name": "才\u202e让"}}, "head.name"),
        ({"head": {"name": "才让", "phone": "1381234800"}}, "head.phone"),
        ({"head": {"name": "才让", "phone": "13812348000/13912348000"}}, "head.phone"),
        ({"group_code": SOUTH_WEST + "01"}, "group_code"),
        ({"group_code": NORTH_WEST + "09"}, "group_code"),
        ({"address_code": record_id("A", 99)}, "address_code"),
        ({"address_code": "1号"}, "address_code"),
        ({"persons": "four"}, "persons"),
        ({"grid_code": NORTH_WEST}, "grid_code"),
    ],
)
def test_each_wrong_field_is_named(counted: Closed, given: dict[str, Any], where: str) -> None:
    response = Clerk(counted).post(GOOD | given)
    body = assert_problem(response, 422, "invalid_input")
    assert where in [error["where"] for error in body["errors"]], body


@pytest.mark.parametrize("field", ["id_card", "身份证号", "民族", "religion", "政治面貌", "重点人员"])
def test_what_no_register_keeps_is_refused_with_a_clear_word(counted: Closed, field: str) -> None:
    for given in (GOOD | {field: "x"}, GOOD | {"head": {"name": "才让", field: "x"}}):
        body = assert_problem(Clerk(counted).post(given), 422, "invalid_input")
        assert "is kept in no register" in body["detail"]
    assert "is kept in no register" in Clerk(counted).patch(H1, {field: "x"}).text


def test_several_wrong_fields_are_told_together(counted: Closed) -> None:
    given = {"address_code": A1, "persons": 1, "needs": {"infants": 2}, "head": {"name": "", "phone": "12"}}
    body = assert_problem(Clerk(counted).post(given), 422, "invalid_input")
    assert {error["where"] for error in body["errors"]} == {"needs.infants", "head.name", "head.phone"}


def test_closing_keeps_everything_and_can_be_taken_back(closed: Closed) -> None:
    clerk = Clerk(closed)
    assert clerk.delete(H1).json()["status"] == "closed"
    again = clerk.delete(H1)
    assert (again.status_code, again.json()["changes"], again.headers["etag"]) == (200, [], '"2"')
    assert H1 not in clerk.ids()
    assert H1 in clerk.ids(status="closed")
    assert_problem(clerk.patch(H1, {"persons": 9}), 409, "conflict")
    assert clerk.patch(H1, {"status": "current"}).json()["status"] == "current"
    actions = [r["action"] for r in clerk.get(f"/{H1}/history").json()["revisions"]]
    assert actions == ["known", "close", "change"]


def test_a_change_that_says_what_is_known_writes_nothing(closed: Closed) -> None:
    done = Clerk(closed).patch(H1, {"persons": 3, "group_code": GROUP_1})
    assert (done.json()["changes"], done.headers["etag"]) == ([], '"1"')


def test_lists_filter_sort_count_and_go_page_by_page(read: Closed) -> None:
    clerk = Clerk(read)
    assert clerk.ids() == [H1, H2, H3, H4, H5]
    assert clerk.ids(within=WEST) == [H1, H2, H3]
    assert clerk.ids(within=NORTH_WEST) == [H1, H2]
    assert clerk.ids(group=GROUP_2) == clerk.ids(within=GROUP_2) == [H2]
    assert clerk.ids(group="none") == clerk.ids(group="none", within=EAST) == [H5]
    assert clerk.ids(group="none", within=WEST) == []
    assert_problem(clerk.get(within=f"{WEST}999"), 404, "not_found")
    short = clerk.get(within="9900")
    assert_problem(short, 422, "invalid_input")
    assert "a code of 2, 6, 9, 12, 15 or 17 digits is wanted" in short.json()["detail"]
    assert clerk.ids(needs="any") == [H1, H2]
    assert clerk.ids(needs="infants,disabled") == [H2]
    assert clerk.ids(kind="collective") == [H4]
    assert clerk.ids(sort="-persons") == [H4, H1, H2, H3, H5]
    assert clerk.ids(q="3号") == [H3]
    assert clerk.ids(q="小学") == clerk.ids(q=H4) == clerk.ids(q=A4) == [H4]
    assert clerk.ids(q="李措姆") == [H1]
    assert clerk.ids(q="李") == clerk.ids(q="13812348000") == clerk.ids(q="%") == []
    body = clerk.get(count=True, needs="any").json()
    assert body["totals"]["households"] == 2
    assert (body["totals"]["persons"], body["totals"]["needs"]["infants"]) == (6, 1)
    found: list[str] = []
    answer = clerk.get(sort="-persons", limit=2).json()
    while True:
        found += [household["id"] for household in answer["households"]]
        if answer["next"] is None:
            break
        answer = read.client.get(answer["next"], headers=clerk.header).json()
    assert found == [H4, H1, H2, H3, H5]


def test_a_list_is_audited_with_the_ids_returned_and_masked(read: Closed) -> None:
    response = Clerk(read).get(within=NORTH_WEST, limit=1)
    entry = read.audit()[-1]
    assert (entry.action, entry.subjects) == ("household.list", [H1])
    assert response.headers["cache-control"] == "private, no-store"
    assert "李措姆" not in response.text
    assert "etag" not in response.headers


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({"sort": "head_phone"}, "sort"), ({"sort": "phone"}, "sort"), ({"sort": "head_name"}, "sort"),
        ({"needs": "rich"}, "needs"), ({"kind": "monastery"}, "kind"), ({"status": "all"}, "status"),
        ({"q": "x" * 81}, "q"), ({"within": "62302210"}, "within"), ({"cursor": "nowhere"}, "cursor"),
    ],
)  # fmt: skip
def test_a_list_names_what_it_cannot_do(read: Closed, params: dict[str, str], where: str) -> None:
    body = assert_problem(Clerk(read).get(**params), 422, "invalid_input")
    assert where in [error["where"] for error in body["errors"]]


class TestAnAttacker:
    def test_gets_nothing_outside_the_scope_by_any_filter(self, read: Closed) -> None:
        east = Clerk(read, "commander", EAST)
        assert east.ids() == [H4, H5]
        for asked in ({"within": WEST}, {"within": NORTH_WEST}, {"group": GROUP_1}, {"within": "991000"}):
            assert_problem(east.get(**asked), 403, "forbidden")
        assert east.ids(within=TOWNSHIP) == [H4, H5], "a wider area is narrowed to the scope"
        for words in ("李措姆", H1, A1, NORTH_WEST, "西村"):
            assert east.ids(q=words) == []

    def test_cannot_tell_what_is_there_from_what_is_not(self, read: Closed) -> None:
        east = Clerk(read, "editor", EAST)
        for household in (H1, H6, record_id("H", 99)):
            answers = [
                east.get(f"/{household}"),
                east.get(f"/{household}/history"),
                east.patch(household, {"persons": 1}, '"7"'),
                east.delete(household, '"1"'),
            ]
            for answer in answers:
                assert_problem(answer, 403, "forbidden")
                assert "etag" not in answer.headers
        taken = [east.post(GOOD | {"address_code": code}) for code in (A1, record_id("A", 99))]
        assert taken[0].json()["detail"] == taken[1].json()["detail"]
        assert {answer.status_code for answer in taken} == {403}
        assert_problem(east.patch(H5, {"address_code": A1}), 403, "forbidden")

    def test_learns_no_order_from_a_cursor_outside_the_scope(self, read: Closed) -> None:
        east = Clerk(read, "editor", EAST)
        told = [east.get(sort="persons", cursor=other).json()["detail"] for other in (H1, record_id("H", 99))]
        assert told[0] == told[1]

    def test_finds_no_phone_by_trying(self, read: Closed) -> None:
        asked = {"phone": "13812348000", "purpose": "泥石流转移"}
        assert_problem(Clerk(read).get(**asked), 403, "forbidden")
        assert_problem(Clerk(read, "commander").get(phone="13812348000"), 422, "invalid_input", where="purpose")
        assert Clerk(read, "commander").ids(**asked) == [H1]
        entry = read.audit("household.list")[-1]
        assert (entry.unmasked, entry.purpose) == (["phone"], "泥石流转移")
        assert Clerk(read, "commander", EAST).ids(**asked) == []

    def test_is_told_the_whole_answer_whatever_is_in_if_none_match(self, read: Closed) -> None:
        clerk = Clerk(read)
        tag = clerk.get(f"/{H1}").headers["etag"]
        before = len(read.audit())
        again = read.client.get(f"{PATH}/{H1}", headers=clerk.header | {"If-None-Match": tag})
        assert again.status_code == 200
        assert len(read.audit()) == before + 1

    @pytest.mark.parametrize("role", ["reader", "fieldworker", "commander", "integrator"])
    def test_changes_nothing_in_another_role(self, read: Closed, role: str) -> None:
        other = Clerk(read, role, NORTH_WEST if role == "fieldworker" else COUNTY)
        for answer in (other.patch(H1, {"persons": 1}), other.delete(H1), other.post(GOOD)):
            assert_problem(answer, 403, "forbidden")

    def test_without_a_key_gets_nothing_even_on_a_public_map(self, read: Closed) -> None:
        for method, path in (("GET", ""), ("POST", ""), ("PATCH", f"/{H1}"), ("DELETE", f"/{H1}")):
            assert_problem(read.client.request(method, PATH + path, json={}), 401, "unauthenticated")

    def test_a_fieldworker_of_a_group_sees_its_members_only(self, read: Closed) -> None:
        assert Clerk(read, "fieldworker", GROUP_2).ids() == [H2]
        assert Clerk(read, "fieldworker", NORTH_WEST).ids() == [H1, H2]
        assert_problem(Clerk(read, "fieldworker", WEST).get(), 403, "forbidden")
        assert_problem(Clerk(read, "integrator").get(f"/{H1}", unmask="phone", purpose="statistics"), 403, "forbidden")


def test_a_history_is_unmasked_with_a_purpose_only(closed: Closed) -> None:
    Clerk(closed).patch(H1, {"head": {"phone": "13900000000"}})
    asked = {"unmask": "phone", "purpose": "泥石流转移"}
    assert_problem(Clerk(closed).get(f"/{H1}/history", **asked), 403, "forbidden")
    told = Clerk(closed, "commander").get(f"/{H1}/history", **asked).json()["revisions"]
    assert [r["record"]["head.phone"] for r in told] == ["13812348000", "13900000000"]
    assert {r["record"]["head.name"] for r in told} == {"李**"}
    assert closed.audit("household.history")[-1].unmasked == ["phone"]


def test_names_of_any_script_come_back_as_they_are(closed: Closed) -> None:
    names = ["ཚེ་རིང་སྒྲོལ་མ་", "<script>alert(1)</script>", "O'Brien; DROP TABLE household", "𠮷田"]
    for name in names:
        Clerk(closed).patch(H1, {"head": {"name": name}})
        asked = {"unmask": "name", "purpose": "泥石流转移"}
        assert Clerk(closed, "commander").get(f"/{H1}", **asked).json()["head"]["name"] == name
        assert Clerk(closed).ids(q=name) == [H1]


def test_an_id_of_the_wrong_form_is_told_the_right_one(read: Closed) -> None:
    told = assert_problem(read.client.get(f"{PATH}/123", headers=read.key("editor", COUNTY)), 422, "invalid_input")
    assert told["detail"] == "household_id: H and 14 digits are wanted, such as H62302200000001; this has 3"
