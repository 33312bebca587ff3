"""The pages of groups, shelters, changesets and imports as a browser gets them."""

from collections.abc import Iterator

import pytest

from tests.api.keys import Closed, closed_application
from tests.county import COUNTY, NORTH_EAST, NORTH_WEST, SOUTH_EAST, WEST, record_id
from tests.postgres import Server

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


def test_groups_are_told_with_masked_heads_and_kept_nowhere(closed: Closed) -> None:
    editor = closed.key("editor", COUNTY)
    page = closed.client.get(f"/groups?within={WEST}&sort=-code&group={NORTH_WEST}01", headers=editor)
    assert page.headers["cache-control"] == "private, no-store"
    assert "李**" in page.text
    assert "李措姆" not in page.text
    assert 'data-send="PATCH"' in page.text
    found = closed.client.get("/groups?q=李", headers=editor | PARTIAL | {"HX-Target": "div#rows"}).text
    assert f'id="row-{NORTH_WEST}01"' in found
    assert f'id="row-{NORTH_EAST}01"' not in found
    assert closed.client.get("/groups", headers=closed.key("reader", "all")).status_code == 403


def test_who_is_in_no_group_is_found_from_the_groups_and_comes_into_one(closed: Closed) -> None:
    editor, lone = closed.key("editor", COUNTY), record_id("H", 5)
    listed = f"/households?within={COUNTY}&amp;group=none"
    assert listed in closed.client.get("/groups", headers=editor).text
    assert f'id="row-{lone}"' in closed.client.get(listed.replace("&amp;", "&"), headers=editor).text
    table = closed.client.get("/households/table.csv?group=none", headers=editor).text
    assert [line.split(",")[0] for line in table.splitlines()[1:]] == [lone]
    card = closed.client.get(f"/households?household={lone}", headers=editor).text
    assert f"/groups/regroup?grid={SOUTH_EAST}" in card
    assert (
        f"/households?within={SOUTH_EAST}&amp;group=none" in closed.client.get("/groups/regroup", headers=editor).text
    )

    proposal = closed.client.post(f"/api/v1/grids/{SOUTH_EAST}/regroup", headers=editor).json()
    accepted = closed.client.post(
        f"/api/v1/grids/{SOUTH_EAST}/regroup/accept", json={"groups": proposal["groups"]}, headers=editor
    )
    assert accepted.status_code == 200, accepted.text
    assert "group=none" not in closed.client.get("/groups", headers=editor).text


def test_a_shelter_is_made_changed_and_closed_with_its_history_on_the_card(closed: Closed) -> None:
    editor = closed.key("editor", COUNTY)
    given = {"name": "双村小学", "capacity": 200, "lon": 103.505, "lat": 34.515}
    made = closed.client.post("/api/v1/shelters", json=given, headers=editor).json()
    address = f"/shelters?shelter={made['id']}"
    card = closed.client.get(address, headers=editor).text
    assert "双村小学" in card
    assert "西村" in card
    etag = {"If-Match": f'"{made["row_version"]}"'}
    closed.client.patch(f"/api/v1/shelters/{made['id']}", json={"capacity": 150}, headers=editor | etag)
    assert "200 → 150" in closed.client.get(address, headers=editor).text
    reader = closed.client.get(address, headers=closed.key("reader", COUNTY)).text
    assert "data-send" not in reader


def test_a_changeset_offers_what_the_reader_may_do_with_it(closed: Closed) -> None:
    editor, reviewer = closed.key("editor", COUNTY), closed.key("reviewer", COUNTY)
    asked = {"villages": [WEST], "title": "改界线"}
    changeset = closed.client.post("/api/v1/changesets", json=asked, headers=editor).json()["id"]
    page = closed.client.get(f"/changesets/{changeset}", headers=editor).text
    assert "还没有任何改动" in page
    grids = closed.client.get(f"/api/v1/changesets/{changeset}/grids", headers=editor).json()
    grids["features"][0]["properties"]["name"] = "新名"
    proposed = {key: grids[key] for key in ("type", "base_version", "features")}
    assert closed.client.put(f"/api/v1/changesets/{changeset}/grids", json=proposed, headers=editor).status_code == 200
    assert closed.client.post(f"/api/v1/changesets/{changeset}/submit", headers=editor).status_code == 200
    assert "/publish" not in closed.client.get(f"/changesets/{changeset}", headers=editor).text
    page = closed.client.get(f"/changesets/{changeset}", headers=reviewer).text
    assert f'data-to="/api/v1/changesets/{changeset}/publish"' in page
    assert "改界线" in closed.client.get("/changesets", headers=reviewer).text
    assert "没有变更单" in closed.client.get("/changesets?status=published", headers=reviewer).text
    assert closed.client.get("/changesets", headers=closed.key("reader", "all")).status_code == 403


def test_who_may_not_import_divisions_is_not_asked_for_them(closed: Closed) -> None:
    assert 'value="divisions"' in closed.client.get("/import", headers=closed.key("admin", "all")).text
    editor = closed.client.get("/import", headers=closed.key("editor", COUNTY)).text
    assert 'value="grids"' in editor
    assert 'value="divisions"' not in editor


def test_a_grid_tells_whom_it_was_changed_by_to_who_may_change_it(closed: Closed) -> None:
    editor = closed.key("editor", COUNTY)
    closed.client.patch(f"/api/v1/grids/{NORTH_WEST}", json={"note": "河西"}, headers=editor)
    told = closed.client.get(f"/grids/{NORTH_WEST}/writes.json", headers=editor).json()["revisions"]
    assert told[-1]["actor"].startswith("key:editor")
    assert closed.client.get(f"/grids/{NORTH_WEST}/writes.json", headers=closed.key("reader", "all")).status_code == 403
