"""Household groups drawn anew over HTTP: proposed, accepted whole with history, refused when the grid has moved on."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.contacts.model import Responsibility
from gridmap.db.engine import transaction
from gridmap.errors import SettingsError
from gridmap.households.model import Household
from gridmap.settings import Settings
from tests.api.keys import Closed, closed_application
from tests.api.test_officers import Clerk
from tests.county import COUNTY, EAST, NORTH_WEST, SOUTH_EAST, SOUTH_WEST, WEST, record_id
from tests.postgres import Server
from tests.problems import assert_problem

FIRST, SECOND = NORTH_WEST + "01", NORTH_WEST + "02"
P3 = record_id("P", 3)
REGROUP = f"/api/v1/grids/{NORTH_WEST}/regroup"


def _add_neighbours(session: Session) -> None:
    """44 more households at the door of H1, in its group; P3 leads the other group, which has H2 alone."""
    for number in range(7, 51):
        session.add(
            Household(
                county_code=COUNTY, id=record_id("H", number), address_code=record_id("A", 1), kind="family",
                group_code=FIRST, head_name="丁一", persons=2,
            )
        )  # fmt: skip
    session.add(Responsibility(county_code=COUNTY, code=SECOND, officer_id=P3, role="head"))


@pytest.fixture
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        with transaction(closed.engine) as session:
            _add_neighbours(session)
        yield closed


def sizes(proposal: dict[str, Any]) -> dict[str, int]:
    return {group["code"]: group["households"] for group in proposal["groups"]}


def test_groups_out_of_limits_are_drawn_anew_with_history_and_lineage(closed: Closed) -> None:
    clerk = Clerk(closed)
    proposal = clerk("POST", REGROUP).json()
    assert proposal["limits"] == {"smallest": 15, "target": 26, "largest": 40}
    # 45 and 1 become two of 23: the lone one joins, and the whole is cut.
    assert sizes(proposal) == {FIRST: 23, NORTH_WEST + "03": 23} or sizes(proposal) == {FIRST: 23, SECOND: 23}
    assert (proposal["out_of_limits"], clerk("POST", REGROUP).json()) == ([], proposal)
    assert "丁" not in str(proposal)
    before = clerk("GET", f"/api/v1/groups/{FIRST}").json()
    assert before["households"] == 45

    done = clerk("POST", f"{REGROUP}/accept", json={"groups": proposal["groups"]}).json()
    assert (done["moved"], done["version"]) == (len(proposal["moves"]), before["version"] + 1)
    assert [clerk("GET", f"/api/v1/groups/{code}").json()["households"] for code in sizes(proposal)] == [23, 23]
    mover = proposal["moves"][0]
    kept = clerk("GET", f"/api/v1/households/{mover['id']}/history").json()["revisions"]
    assert [(r["action"], r["record"]["group_code"]) for r in kept] == [
        ("known", mover["from"]), ("change", mover["to"])
    ]  # fmt: skip
    assert [r["action"] for r in clerk("GET", f"/api/v1/groups/{FIRST}/history").json()["revisions"]] == [
        "known", "change"
    ]  # fmt: skip
    with transaction(closed.engine) as session:
        rows = session.execute(text("SELECT predecessor, successor, households FROM group_lineage")).all()
    assert sum(row.households for row in rows) == len(proposal["moves"])
    # Who led a group that is no more, leads or stands in where its members are.
    charged = {o["id"] for code in sizes(proposal) for o in clerk("GET", f"/api/v1/groups/{code}").json()["officers"]}
    assert charged == {record_id("P", 2), P3}
    again = clerk("POST", REGROUP).json()
    assert (again["moves"], again["closed"]) == ([], [])
    same = clerk("POST", f"{REGROUP}/accept", json={"groups": again["groups"]}).json()
    assert (same["moved"], same["version"]) == (0, done["version"])
    assert {e.action for e in closed.audit("group.")} >= {"group.propose", "group.regroup"}


def test_what_changed_since_is_named_and_nothing_is_written(closed: Closed) -> None:
    clerk = Clerk(closed)
    proposal = clerk("POST", REGROUP).json()["groups"]
    closed_one, moved, other = record_id("H", 7), record_id("H", 8), record_id("H", 9)
    clerk("DELETE", f"/api/v1/households/{closed_one}")
    clerk("PATCH", f"/api/v1/households/{moved}", json={"address_code": record_id("A", 3)})
    clerk("PATCH", f"/api/v1/households/{other}", json={"group_code": SECOND})
    clerk("PATCH", f"/api/v1/households/{record_id('H', 3)}", json={"address_code": record_id("A", 1)})
    body = assert_problem(clerk("POST", f"{REGROUP}/accept", json={"groups": proposal}), 409, "stale_base")
    for told in (f"{closed_one}, {moved} left", f"{record_id('H', 3)} came", f"{other} came to another group"):
        assert told in body["detail"]
    assert clerk("GET", f"/api/v1/groups/{SECOND}").json()["households"] == 2

    fresh = clerk("POST", REGROUP).json()["groups"]
    twice = [*fresh, {**fresh[0], "code": NORTH_WEST + "77", "name": "x"}]
    assert_problem(clerk("POST", f"{REGROUP}/accept", json={"groups": twice}), 422, "invalid_input")
    elsewhere = [{**fresh[0], "code": SOUTH_WEST + "01"}, *fresh[1:]]
    assert_problem(clerk("POST", f"{REGROUP}/accept", json={"groups": elsewhere}), 422, "invalid_input")
    assert_problem(clerk("POST", f"{REGROUP}/accept", json={"groups": fresh[1:]}), 409, "stale_base")
    # Somebody may put a household elsewhere before he accepts.
    one = fresh[0]["members"].pop()
    fresh[1]["members"].append(one)
    assert clerk("POST", f"{REGROUP}/accept", json={"groups": fresh}).status_code == 200
    assert clerk("GET", f"/api/v1/households/{one['id']}").json()["group_code"] == fresh[1]["code"]


def test_who_may_and_where(closed: Closed) -> None:
    for role in ("reader", "commander", "integrator", "fieldworker"):
        assert_problem(Clerk(closed, role, NORTH_WEST)("POST", REGROUP), 403, "forbidden")
    assert_problem(Clerk(closed, "editor", EAST)("POST", REGROUP), 403, "forbidden")
    assert_problem(Clerk(closed)("POST", f"/api/v1/grids/{WEST}900/regroup"), 404, "not_found")
    # A grid with fewer households than a group has is told so; one without any has no groups.
    small = Clerk(closed)("POST", f"/api/v1/grids/{SOUTH_EAST}/regroup").json()
    assert (list(sizes(small).values()), small["out_of_limits"]) == ([1], [small["groups"][0]["code"]])


def test_the_page_shows_old_beside_new(closed: Closed) -> None:
    editor = closed.key("editor", COUNTY)
    listed = closed.client.get("/groups/regroup", headers=editor)
    assert f"grid={NORTH_WEST}" in listed.text
    assert listed.headers["cache-control"] == "private, no-store"
    page = closed.client.get(f"/groups/regroup?grid={NORTH_WEST}", headers=editor).text
    assert page.count('<svg class="picture') == 2
    assert "采用这个方案" in page
    alone = editor | {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#list"}
    part = closed.client.get(f"/groups/regroup?grid={NORTH_WEST}", headers=alone)
    assert (part.status_code, part.text.count('<svg class="picture')) == (200, 2)
    assert "<html" not in part.text
    assert "丁一" not in page
    assert closed.client.get("/groups/regroup", headers=closed.key("reader", COUNTY)).status_code == 403


def test_limits_that_cannot_be_held_stop_the_start() -> None:
    limits = Settings.from_env(
        {"GRIDMAP_GROUP_SMALLEST": "5", "GRIDMAP_GROUP_TARGET": "8", "GRIDMAP_GROUP_LARGEST": "12"}
    )
    assert limits.group_largest == 12
    for wrong, named in (
        ({"GRIDMAP_GROUP_SMALLEST": "30"}, "GRIDMAP_GROUP_SMALLEST (30)"),
        ({"GRIDMAP_GROUP_LARGEST": "20"}, "GRIDMAP_GROUP_LARGEST (20)"),
        ({"GRIDMAP_GROUP_TARGET": "ten"}, "GRIDMAP_GROUP_TARGET: "),
        ({"GRIDMAP_GROUP_SIZE": "26"}, "GRIDMAP_GROUP_SIZE: no such setting"),
    ):
        with pytest.raises(SettingsError) as refused:
            Settings.from_env(wrong)
        assert named in refused.value.detail
