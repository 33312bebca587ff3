"""The pages of people in a real browser: found, unmasked for a purpose, changed, and in conflict."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gridmap.access import service as access
from gridmap.access.audit import list_records
from gridmap.contacts.model import ContactPair, DutyPost
from gridmap.db.engine import transaction
from tests.api.keys import PASSWORD
from tests.browser.conftest import DESK, PHONE, Watched, county_site
from tests.county import COUNTY, NORTH_WEST, record_id
from tests.importing import CLERK
from tests.postgres import Server

AXE = (Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
H1, P1 = record_id("H", 1), record_id("P", 1)


def _people(session: Session) -> None:
    for name, role in (("commander", "commander"), ("editor", "editor")):
        access.add_user(session, CLERK, name=name, password=PASSWORD, role=role, scope=COUNTY)
    session.add(
        ContactPair(
            county_code=COUNTY, household_id=H1, rank=1, officer_county_code=COUNTY, officer_id=P1, tier=0,
            reason="born in this village",
        )
    )  # fmt: skip
    for number, holder in ((1, None), (2, P1)):
        session.add(
            DutyPost(
                county_code=COUNTY, id=record_id("D", number), grid_code=NORTH_WEST, task=f"看河水{number}",
                holder_id=holder, holder_county_code=COUNTY if holder else None,
            )
        )  # fmt: skip


@pytest.fixture(scope="module")
def people(server: Server) -> Iterator[tuple[str, Engine]]:
    with county_site(server, _people) as site:
        yield site


def violations(page: Page) -> list[str]:
    """What axe finds wrong with a page as it is shown."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
    return [f"{each['id']}: {[node['target'] for node in each['nodes']]}" for each in found]


def _sign_in(watched: Watched, name: str, path: str) -> Page:
    page = watched.page
    page.goto(f"{watched.site}/login?next={path}")
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    if page.locator("#map").count():
        page.wait_for_selector("[data-ready]")
    return page


def test_a_commander_finds_a_household_and_sees_its_phone_for_a_purpose(
    people: tuple[str, Engine], watch: Callable[..., Watched]
) -> None:
    page = _sign_in(watch(people[0], DESK), "commander", "/households")
    expect(page.locator("#rows .count")).to_contain_text("5 户 · 132 人")
    page.select_option("#needs", "any")
    expect(page.locator("#rows tbody tr")).to_have_count(2)
    expect(page.locator("#rows tbody tr").first.locator(".need")).to_contain_text("老")
    page.click(f"#row-{H1} a")
    drawer = page.locator("#drawer")
    expect(drawer.locator("h2")).to_have_text("李**")
    expect(drawer.locator(".contacts")).to_contain_text("born in this village")
    assert f"household={H1}" in page.url
    assert violations(page) == []
    expect(drawer.get_by_text("修改", exact=True)).to_have_count(0)
    assert "13812348000" not in page.content()
    drawer.locator("[data-ask-unmask]").click()
    page.fill("#unmask-purpose", "转移避险通知")
    page.keyboard.press("Enter")
    expect(drawer.locator("[data-unmask=phone]")).to_have_text("13812348000")
    expect(drawer.locator("[data-unmask=name]")).to_have_text("李措姆")
    with transaction(people[1]) as session:
        last = [entry for entry in list_records(session, subject=H1) if entry.unmasked][-1]
    assert (last.actor, last.unmasked, last.purpose) == ("user:commander", ["name", "phone"], "转移避险通知")
    page.keyboard.press("Escape")
    expect(drawer.locator("h2")).to_have_count(0)


def test_an_editor_changes_a_household_while_somebody_else_does(
    people: tuple[str, Engine], watch: Callable[..., Watched]
) -> None:
    watched = watch(people[0])
    page = _sign_in(watched, "editor", f"/households%3Fhousehold={H1}")
    drawer = page.locator("#drawer")
    expect(drawer.locator("[data-ask-unmask]")).to_have_count(0)
    drawer.get_by_text("修改", exact=True).click()
    page.fill("[id='field-persons']", "6")
    page.fill("[id='field-needs.infants']", "9")
    drawer.get_by_role("button", name="保存").click()
    expect(page.locator("[id='error-needs.infants']")).to_have_text("9 人多于全户 6 人")
    with transaction(people[1]) as session:
        session.execute(
            text("UPDATE household SET persons = 5, row_version = row_version + 1 WHERE id = :h"), {"h": H1}
        )
    page.fill("[id='field-needs.infants']", "1")
    drawer.get_by_role("button", name="保存").click()
    conflict = drawer.locator(".conflict")
    expect(conflict).to_contain_text("现在是“5”，您读到的是“3”")
    expect(page.locator("[id='field-persons']")).to_have_value("6")
    watched.complaints.clear()  # the browser names the two refused requests
    conflict.get_by_role("button", name="仍按我输入的保存").click()
    expect(page.locator(f"#row-{H1} td.number")).to_have_text("6")
    with transaction(people[1]) as session:
        row = session.execute(text("SELECT * FROM household WHERE id = :h"), {"h": H1}).mappings().one()
    assert (row["persons"], row["infants"], row["head_name"], row["head_phone"]) == (6, 1, "李措姆", "13812348000")


def test_an_absence_says_how_many_households_it_leaves_alone(
    people: tuple[str, Engine], watch: Callable[..., Watched]
) -> None:
    page = _sign_in(watch(people[0]), "editor", f"/officers%3Fofficer={P1}")
    drawer = page.locator("#drawer")
    expect(drawer.locator(".numbers")).to_contain_text("1 / 5")
    assert violations(page) == []
    page.fill("#field-absent_from", "2026-01-01")
    drawer.get_by_role("button", name="保存").first.click()
    expect(page.locator(".toast[data-kind=wrong]")).to_contain_text("1 户失去这名联系人")
    expect(page.locator(f"#row-{P1}")).to_contain_text("另行通知")
    page.goto(page.url.split("/officers")[0] + "/posts?vacant=yes")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    expect(page.locator("#rows")).to_contain_text("空岗")
    assert violations(page) == []


@pytest.mark.parametrize("path", ["/households", "/officers", "/posts"])
def test_on_a_phone_in_the_dark_and_large_nothing_is_wider_than_the_screen(
    people: tuple[str, Engine], watch: Callable[..., Watched], path: str
) -> None:
    page = _sign_in(watch(people[0], PHONE, dark=True, large=True), "editor", path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
