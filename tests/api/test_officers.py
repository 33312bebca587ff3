"""Daily upkeep of officers and duty posts over HTTP: absences and retirements say whom they leave alone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.contacts.model import ContactPair
from gridmap.db.engine import transaction
from tests.api.keys import Closed, closed_application
from tests.county import COUNTY, EAST, NORTH_EAST, NORTH_WEST, TOWNSHIP, WEST, record_id
from tests.postgres import Server
from tests.problems import assert_problem

P1, P2, P3, P4 = (record_id("P", number) for number in range(1, 5))
H1, H2, H3, H4, H5, H6 = (record_id("H", number) for number in range(1, 7))
OFFICERS, POSTS = "/api/v1/officers", "/api/v1/posts"
NEW = {"name": "才让", "kind": "volunteer", "unit": "双村镇政府", "home_code": WEST, "work_code": TOWNSHIP}


def _add_pairs(session: Session) -> None:
    """P1 is first contact of H1, H4 and the closed H6 and stands in for H2; P2 is first contact of H2."""
    for household, rank, officer in ((H1, 1, P1), (H2, 1, P2), (H2, 2, P1), (H4, 1, P1), (H6, 1, P1)):
        session.add(
            ContactPair(
                county_code=COUNTY, household_id=household, rank=rank, officer_county_code=COUNTY, officer_id=officer,
                tier=0, reason="born in this village",
            )
        )  # fmt: skip


@pytest.fixture(scope="module")
def read(server: Server) -> Iterator[Closed]:
    """For tests that only read."""
    with closed_application(server, public_map=True) as closed:
        with transaction(closed.engine) as session:
            _add_pairs(session)
        yield closed


@pytest.fixture
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        with transaction(closed.engine) as session:
            _add_pairs(session)
        yield closed


class Clerk:
    """A caller with a short way to say what is done."""

    def __init__(self, closed: Closed, role: str = "editor", scope: str = COUNTY) -> None:
        self.closed, self.header = closed, closed.key(role, scope, personal=role == "integrator")

    def __call__(self, method: str, path: str, match: str | None = None, **sent: Any) -> Response:
        headers = self.header | ({} if match is None else {"If-Match": match})
        return self.closed.client.request(method, path, headers=headers, **sent)

    def ids(self, **params: Any) -> list[str]:
        found = self("GET", OFFICERS, params=params)
        assert found.status_code == 200, found.text
        return [officer["id"] for officer in found.json()["officers"]]


def _in_full(closed: Closed, officer: str) -> Any:
    with transaction(closed.engine) as session:
        return session.execute(text("SELECT * FROM officer WHERE id = :id"), {"id": officer}).mappings().one()


def test_a_new_officer_is_told_masked_and_kept(closed: Closed) -> None:
    clerk = Clerk(closed)
    done = clerk("POST", OFFICERS, json=NEW | {"phone": "+86 139 0000 2222", "languages": ["bo", "zh", "bo"]})
    assert done.status_code == 201, done.text
    body = done.json()
    assert (body["id"], body["name"], body["phone"], body["capacity"]) == (record_id("P", 5), "才**", "139****2222", 0)
    assert body["languages"] == ["bo", "zh"]
    assert done.headers["location"] == f"{OFFICERS}/{body['id']}"
    assert _in_full(closed, body["id"])["phone"] == "13900002222"
    (first,) = clerk("GET", f"{OFFICERS}/{body['id']}/history").json()["revisions"]
    assert (first["action"], first["record"]["name"]) == ("create", "才**")


def test_an_absence_names_the_households_without_their_contact(closed: Closed) -> None:
    clerk = Clerk(closed)
    done = clerk("PATCH", f"{OFFICERS}/{P1}", '"1"', json={"absent_from": "2026-11-30"})
    assert done.headers["etag"] == '"2"'
    body = done.json()
    assert body["changes"] == [{"field": "absent_from", "before": None, "after": "2026-11-30"}]
    assert body["consequences"] == {
        "households": [{"household": H1, "rank": 1}, {"household": H2, "rank": 2}, {"household": H4, "rank": 1}],
        "elsewhere": 0, "charges": [], "posts": [], "replan_within": [COUNTY],
    }  # fmt: skip
    back = clerk("PATCH", f"{OFFICERS}/{P1}", json={"absent_from": None}).json()
    assert (back["absent_from"], back["consequences"]["households"]) == (None, [])
    over = clerk("PATCH", f"{OFFICERS}/{P1}", json={"absent_from": "2020-01-01", "absent_to": "2020-02-01"}).json()
    assert over["consequences"]["households"] == []


def test_an_absence_is_over_by_the_day_of_the_place(closed: Closed) -> None:
    clerk = Clerk(closed)
    # Half past midnight of the first of December in Gansu.
    closed.now = datetime(2026, 11, 30, 16, 30, tzinfo=UTC)
    away = {"absent_from": "2026-11-20", "absent_to": "2026-11-30"}
    assert clerk("PATCH", f"{OFFICERS}/{P1}", json=away).json()["consequences"]["households"] == []
    longer = clerk("PATCH", f"{OFFICERS}/{P1}", json={"absent_to": "2026-12-01"}).json()
    assert len(longer["consequences"]["households"]) == 3


def test_households_outside_the_scope_are_only_counted(closed: Closed) -> None:
    body = Clerk(closed, "editor", WEST)("PATCH", f"{OFFICERS}/{P1}", json={"absent_from": "2026-11-30"}).json()
    assert [pair["household"] for pair in body["consequences"]["households"]] == [H1, H2]
    assert body["consequences"]["elsewhere"] == 1
    assert H4 not in str(body)


def test_a_retirement_ends_charges_and_posts_and_can_be_taken_back(closed: Closed) -> None:
    clerk = Clerk(closed)
    post = clerk("POST", POSTS, json={"grid_code": NORTH_WEST, "task": "敲门叫人", "holder_id": P1}).json()
    body = clerk("DELETE", f"{OFFICERS}/{P1}", '"1"').json()
    assert (body["status"], body["responsibilities"]) == ("closed", [])
    assert (body["consequences"]["charges"], body["consequences"]["posts"]) == ([NORTH_WEST], [post["id"]])
    assert len(body["consequences"]["households"]) == 3
    assert clerk("GET", f"/api/v1/grids/{NORTH_WEST}/posts").json()["vacant"] == 1
    assert P1 not in clerk.ids()
    again = clerk("DELETE", f"{OFFICERS}/{P1}")
    assert (again.status_code, again.json()["changes"]) == (200, [])
    assert_problem(clerk("PATCH", f"{OFFICERS}/{P1}", json={"capacity": 2}), 409, "conflict")
    assert clerk("PATCH", f"{OFFICERS}/{P1}", json={"status": "current"}).json()["status"] == "current"


def test_masked_values_and_old_readings_change_nothing(closed: Closed) -> None:
    clerk = Clerk(closed)
    same = clerk("PATCH", f"{OFFICERS}/{P2}", json={"name": "李**", "phone": "135****0002", "capacity": 7}).json()
    assert [change["field"] for change in same["changes"]] == ["capacity"]
    assert_problem(
        clerk("PATCH", f"{OFFICERS}/{P2}", json={"phone": "136****0002"}), 422, "invalid_input", where="phone"
    )
    assert_problem(clerk("PATCH", f"{OFFICERS}/{P2}", '"1"', json={"capacity": 9}), 412, "row_changed")
    row = _in_full(closed, P2)
    assert (row["name"], row["phone"], row["capacity"]) == ("李措姆", "13500000002", 7)


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"home_code": "999999"}, "home_code"), ({"home_code": "99"}, "home_code"), ({"work_code": "99"}, "work_code"),
        ({"work_address_code": record_id("A", 99)}, "work_address_code"), ({"capacity": -1}, "capacity"),
        ({"capacity": 501}, "capacity"), ({"kind": "king"}, "kind"), ({"languages": ["藏语"]}, "languages"),
        ({"absent_to": "2026-01-01"}, "absent_from"), ({"name": " "}, "name"), ({"unit": "=1+1"}, "unit"),
        ({"absent_from": "2026-02-01", "absent_to": "2026-01-01"}, "absent_to"), ({"phone": "119x"}, "phone"),
        ({"absent_from": "tomorrow"}, "absent_from"), ({"rank": 1}, "rank"),
    ],
)  # fmt: skip
def test_each_wrong_field_of_an_officer_is_named(read: Closed, given: dict[str, Any], where: str) -> None:
    body = assert_problem(Clerk(read, "admin", "all")("POST", OFFICERS, json=NEW | given), 422, "invalid_input")
    assert where in [error["where"] for error in body["errors"]], body


def test_officers_are_listed_with_their_loads(read: Closed) -> None:
    clerk = Clerk(read)
    assert clerk.ids() == [P1, P2, P3, P4]
    assert clerk.ids(within=WEST) == clerk.ids(within=WEST, q="双村") == [P1, P2]
    assert clerk.ids(within=NORTH_WEST) == [P1, P2], "who answers for a grid or group belongs to it"
    assert clerk.ids(kind="official") == [P3, P4]
    assert clerk.ids(q="李措姆") == clerk.ids(q=P2) == [P2]
    assert clerk.ids(q="李") == []
    body = clerk("GET", OFFICERS, params={"count": True, "limit": 1}).json()
    assert (body["officers"][0]["first_contacts"], body["officers"][0]["back_ups"]) == (2, 1)
    assert body["totals"] == {"officers": 4, "capacity": 20}
    assert [o["id"] for o in read.client.get(body["next"], headers=clerk.header).json()["officers"]] == [P2]
    assert read.audit("officer.list")[-1].subjects == [P2]
    assert "13500000001" not in str(body)
    for params, where in (({"sort": "phone"}, "sort"), ({"kind": "x"}, "kind"), ({"cursor": "zz"}, "cursor")):
        assert_problem(clerk("GET", OFFICERS, params=params), 422, "invalid_input", where=where)


def test_the_register_is_closed_to_those_it_is_not_for(read: Closed) -> None:
    east = Clerk(read, "editor", EAST)
    assert east.ids() == [P3]
    for officer in (P1, record_id("P", 99)):
        for method in ("GET", "PATCH", "DELETE"):
            assert_problem(east(method, f"{OFFICERS}/{officer}", '"1"', json={}), 403, "forbidden")
        assert_problem(east("GET", f"{OFFICERS}/{officer}/history"), 403, "forbidden")
    assert_problem(east("POST", OFFICERS, json=NEW), 403, "forbidden")
    assert_problem(east("GET", OFFICERS, params={"within": WEST}), 403, "forbidden")
    assert_problem(Clerk(read, "reader")("GET", OFFICERS), 403, "forbidden")
    for role in ("commander", "integrator"):
        assert_problem(Clerk(read, role)("PATCH", f"{OFFICERS}/{P1}", json={}), 403, "forbidden")
    assert_problem(read.client.get(OFFICERS), 401, "unauthenticated")


def test_a_grid_shows_its_posts_and_which_are_vacant(closed: Closed) -> None:
    clerk = Clerk(closed)
    door = clerk("POST", POSTS, json={"grid_code": NORTH_WEST, "task": " 敲门  叫人 ", "holder_id": P2})
    assert door.status_code == 201, door.text
    assert door.json()["task"] == "敲门 叫人"
    assert door.json()["holder"] == {"id": P2, "name": "李**", "phone": "135****0002"}
    river = clerk("POST", POSTS, json={"grid_code": NORTH_WEST, "task": "看河水"}).json()
    clerk("POST", POSTS, json={"grid_code": NORTH_EAST, "task": "看河水"})
    body = clerk("GET", f"/api/v1/grids/{NORTH_WEST}/posts").json()
    assert ([post["id"] for post in body["posts"]], body["vacant"]) == ([door.json()["id"], river["id"]], 1)
    assert closed.audit("post.list")[-1].subjects == [door.json()["id"], river["id"], P2]
    vacant = clerk("GET", POSTS, params={"vacant": True}).json()
    assert (len(vacant["posts"]), vacant["vacant"]) == (2, 2)
    assert len(clerk("GET", POSTS, params={"holder": P2}).json()["posts"]) == 1
    path = f"{POSTS}/{river['id']}"
    assert clerk("PATCH", path, '"1"', json={"holder_id": P3}).json()["holder"]["id"] == P3
    assert_problem(clerk("PATCH", path, '"1"', json={"task": "看山"}), 412, "row_changed")
    assert clerk("PATCH", path, '"2"', json={"holder_id": None}).json()["holder"] is None
    assert clerk("DELETE", path).json()["status"] == "closed"
    assert_problem(clerk("PATCH", path, json={"task": "看山"}), 409, "conflict")
    told = clerk("GET", f"{path}/history").json()["revisions"]
    assert [(r["action"], r["record"]["holder_id"]) for r in told] == [
        ("create", None), ("change", P3), ("change", None), ("close", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "status", "where"),
    [
        ({"grid_code": WEST + "099", "task": "看河水"}, 422, "grid_code"),
        ({"grid_code": NORTH_WEST, "task": " "}, 422, "task"),
        ({"grid_code": NORTH_WEST, "task": "=HYPERLINK()"}, 422, "task"),
        ({"grid_code": NORTH_WEST, "task": "看河水", "holder_id": record_id("P", 99)}, 422, "holder_id"),
        ({"grid_code": NORTH_WEST, "task": "看河水", "身份证": "1"}, 422, "body"),
    ],
)
def test_each_wrong_field_of_a_post_is_named(read: Closed, given: dict[str, Any], status: int, where: str) -> None:
    body = assert_problem(Clerk(read)("POST", POSTS, json=given), status, "invalid_input")
    assert where in [error["where"] for error in body["errors"]], body


def test_two_posts_of_one_task_and_posts_elsewhere_are_refused(closed: Closed) -> None:
    clerk = Clerk(closed)
    post = clerk("POST", POSTS, json={"grid_code": NORTH_WEST, "task": "看河水"}).json()
    assert_problem(clerk("POST", POSTS, json={"grid_code": NORTH_WEST, "task": "看河水"}), 409, "conflict")
    east = Clerk(closed, "editor", EAST)
    for path in (f"{POSTS}/{post['id']}", f"{POSTS}/{record_id('D', 99)}"):
        for method in ("GET", "PATCH", "DELETE"):
            assert_problem(east(method, path, json={}), 403, "forbidden")
    assert_problem(east("POST", POSTS, json={"grid_code": NORTH_WEST, "task": "看山"}), 403, "forbidden")
    assert_problem(east("GET", f"/api/v1/grids/{NORTH_WEST}/posts"), 403, "forbidden")
    assert east("GET", POSTS).json()["posts"] == []
