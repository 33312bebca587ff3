"""The page of grids as a browser gets it: whole, and part by part."""

import csv
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from gridmap.db.engine import transaction
from tests.api.keys import Closed, closed_application
from tests.county import COUNTY, EAST, NORTH_EAST, NORTH_WEST, SOUTH_WEST, TOWNSHIP, WEST
from tests.postgres import Server


def part(client: TestClient, address: str, name: str) -> str:
    """What htmx gets for an element of the page."""
    response = client.get(
        address, headers={"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": f"div#{name}"}
    )
    assert response.status_code == 200, response.text
    assert "<html" not in response.text
    assert "HX-Target" in response.headers["vary"]
    return response.text


def codes(html: str) -> list[str]:
    return re.findall(r'<tr id="row-(\d{15})"', html)


def test_the_table_tells_the_grids_of_a_division_in_the_order_asked_for(api: TestClient) -> None:
    assert codes(part(api, f"/grids?within={WEST}", "list")) == [NORTH_WEST, SOUTH_WEST]
    assert codes(part(api, f"/grids?within={TOWNSHIP}&sort=-persons", "rows"))[0] == NORTH_EAST
    assert codes(part(api, f"/grids?within={COUNTY}&q=东北", "rows")) == [NORTH_EAST]
    assert "没有符合条件的网格" in part(api, f"/grids?within={COUNTY}&q=无此网格", "rows")


def test_a_link_that_names_a_grid_alone_shows_it_among_its_neighbours(api: TestClient) -> None:
    assert codes(part(api, f"/grids?grid={NORTH_WEST}", "list")) == [NORTH_WEST, SOUTH_WEST]


def test_a_part_is_the_same_as_in_the_whole_page(api: TestClient) -> None:
    address = f"/grids?within={WEST}&grid={NORTH_WEST}"
    whole = api.get(address).text
    for name in ("list", "rows", "drawer"):
        assert part(api, address, name).strip() in whole


def test_the_card_tells_facts_neighbours_and_groups(api: TestClient) -> None:
    card = part(api, f"/grids?within={WEST}&grid={NORTH_WEST}", "drawer")
    assert "ནུབ" not in card
    for word in ("西北", "1.02 km²", "1组", SOUTH_WEST[12:], NORTH_EAST[12:]):
        assert word in card
    # The south-eastern grid touches it in a corner only, and nobody without a key is told who heads it.
    assert "东南" not in card
    assert "扎**" not in card


def test_the_tree_opens_branch_by_branch(api: TestClient) -> None:
    branch = api.get(f"/grids/tree/{TOWNSHIP}").text
    assert re.findall(r'data-twig="(\d+)"', branch) == [WEST, EAST]
    assert re.findall(r'twig-count"[^>]*>(\d+)<', branch) == ["2", "2"]


def test_the_export_is_what_the_table_shows(api: TestClient) -> None:
    response = api.get(f"/grids/table.csv?within={COUNTY}&q=西&sort=-code")
    assert response.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(response.content.decode("utf-8-sig").splitlines()))
    assert [row["code"] for row in rows] == [SOUTH_WEST, NORTH_WEST]
    assert (rows[1]["households"], rows[1]["head"]) == ("2", "")


def test_a_part_that_is_wrong_is_told_in_its_place(api: TestClient) -> None:
    headers = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "aside#drawer"}
    response = api.get(f"/grids?within={WEST}&grid={WEST}999", headers=headers)
    assert response.status_code == 404
    assert "<html" not in response.text
    assert "没有找到" in response.text


@pytest.fixture
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


def test_heads_are_told_masked_and_audited_to_whom_they_may_be(closed: Closed) -> None:
    assert closed.client.get("/grids", headers={"accept": "text/html"}, follow_redirects=False).status_code == 303
    editor, reader = closed.key("editor", WEST), closed.key("reader", WEST)
    page = closed.client.get(f"/grids?within={WEST}&grid={NORTH_WEST}", headers=editor)
    assert "扎**" in page.text
    assert "扎西" not in page.text
    assert page.headers["cache-control"] == "private, no-store"
    assert [entry.action for entry in closed.audit("heads")] == ["heads.list"]
    assert "扎**" not in closed.client.get(f"/grids?within={WEST}&grid={NORTH_WEST}", headers=reader).text
    assert closed.client.get(f"/grids?within={EAST}", headers=editor).status_code == 403


def test_a_part_without_a_session_sends_the_whole_page_to_the_login(closed: Closed) -> None:
    headers = {"accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#rows"}
    response = closed.client.get("/grids", headers=headers, follow_redirects=False)
    assert (response.status_code, response.headers["hx-redirect"]) == (204, "/login?next=/grids")


def test_what_a_reader_may_not_do_is_not_offered(closed: Closed) -> None:
    address = f"/grids?within={WEST}&grid={NORTH_WEST}"
    assert "data-open-changeset" in closed.client.get(address, headers=closed.key("editor", "all")).text
    assert "data-open-changeset" not in closed.client.get(address, headers=closed.key("reader", "all")).text


def test_a_name_that_is_a_formula_is_text_in_the_export(closed: Closed) -> None:
    with transaction(closed.engine) as session:
        session.execute(text("UPDATE grid_version SET name = '=1+1' WHERE code = :code"), {"code": NORTH_WEST})
    exported = closed.client.get(f"/grids/table.csv?within={WEST}", headers=closed.key("editor", "all")).text
    assert f"{NORTH_WEST},'=1+1," in exported
