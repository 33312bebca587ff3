"""The pages of contact pairs in a real browser: a plan is made, reviewed, applied; the map; a household is moved."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gridmap.access import service as access
from gridmap.db.engine import transaction
from tests.api.keys import PASSWORD
from tests.browser.conftest import DESK, PHONE, Watched, county_site
from tests.browser.test_people import violations
from tests.county import COUNTY, EAST, NORTH_EAST, WEST, record_id
from tests.importing import CLERK
from tests.postgres import Server

H1, P4 = record_id("H", 1), record_id("P", 4)


def _people(session: Session) -> None:
    for name in ("editor", "reviewer"):
        access.add_user(session, CLERK, name=name, password=PASSWORD, role=name, scope=COUNTY)


@pytest.fixture
def pairs(server: Server) -> Iterator[tuple[str, Engine]]:
    with county_site(server, _people) as site:
        yield site


def _sign_in(watched: Watched, name: str, path: str) -> Page:
    page = watched.page
    page.goto(f"{watched.site}/login?next={path}")
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url, wait_until="load")
    return page


def test_a_plan_goes_from_the_clerk_to_the_reviewer_and_a_household_to_another_officer(
    pairs: tuple[str, Engine], watch: Callable[..., Watched]
) -> None:
    site, engine = pairs
    # One household can't be had by anybody: four first contacts are left for five.
    with transaction(engine) as session:
        session.execute(text("UPDATE officer SET capacity = CASE WHEN id = :p THEN 4 ELSE 0 END"), {"p": P4})
    clerk = _sign_in(watch(site), "editor", "/pairs")
    expect(clerk.locator("#list")).to_contain_text("还没有方案")
    assert violations(clerk) == []
    clerk.get_by_role("button", name="制定方案").click()
    # It is solved beside the server; the page reads again until it is done.
    expect(clerk.locator("h2 .state")).to_contain_text("待第二人审阅", timeout=90_000)
    expect(clerk.locator(".missed-list li")).to_have_count(1)
    expect(clerk.locator(".missed-list")).to_contain_text("名额已全部用完")
    expect(clerk.locator(".equation")).to_contain_text("5 登记户 = 4 已结对 + 1 缺联系人")
    expect(clerk.get_by_role("button", name="批准并执行")).to_have_count(0)
    path = clerk.url.removeprefix(site)

    watched = watch(site, DESK)
    reviewer = _sign_in(watched, "reviewer", path)
    expect(reviewer.locator("#rows tbody tr")).to_have_count(8)
    reviewer.select_option("#village", WEST)
    expect(reviewer.locator("#rows .count")).not_to_contain_text("8 对变动")
    reviewer.get_by_role("link", name="按联系干部").click()
    expect(reviewer.locator(".pair-sheet .gained").first).to_have_text("+4")
    assert violations(reviewer) == []
    reviewer.get_by_role("button", name="批准并执行").click()
    expect(reviewer.locator("#confirm-text")).to_contain_text("仍有 1 户缺联系人")
    reviewer.locator("#confirm-yes").click()
    expect(reviewer.locator("h2 .state")).to_contain_text("已执行")

    # The map: down by the table, the missed behind their number, and back up.
    reviewer.goto(f"{site}/pairs/coverage?within={COUNTY}")
    reviewer.wait_for_selector("[data-ready]")
    reviewer.get_by_role("link", name="双村").first.click()
    expect(reviewer.locator("#list tr[data-cover]")).to_have_count(2)
    assert reviewer.locator("tr[data-cover='0']").count() < 2
    reviewer.locator(".sums a").click()
    expect(reviewer.locator("#drawer .missing-list li")).to_have_count(1)
    expect(reviewer.locator("#drawer .missing-list")).to_contain_text("从未结对")
    assert violations(reviewer) == []
    reviewer.keyboard.press("Escape")
    reviewer.get_by_role("link", name="超负荷").click()
    expect(reviewer.locator("th.chosen")).to_have_text("超负荷")

    # By key: another officer, the effect first.
    with transaction(engine) as session:
        session.execute(text("UPDATE officer SET capacity = 2 WHERE id <> :p"), {"p": P4})
    clerk.goto(f"{site}/officers?officer={P4}")
    clerk.locator(f"#door-{H1} [data-move-button], .doors [data-move-button]").first.click()
    clerk.fill("#move-officer", record_id("P", 1))
    expect(clerk.locator("#move-effect")).to_contain_text("按目标次序没有损失")
    clerk.fill("#move-why", "住得更近")
    assert violations(clerk) == []
    clerk.locator("#move-yes").click()
    expect(clerk.locator(".toast")).to_contain_text("已更换")
    expect(clerk.locator(".doors li[draggable=true]")).to_have_count(3)
    # By drag: onto the row of another; cancelled, nothing is written.
    clerk.locator(".doors li[draggable=true]").first.drag_to(clerk.locator(f"#row-{record_id('P', 2)}"))
    expect(clerk.locator("#move-officer")).to_have_value(record_id("P", 2))
    expect(clerk.locator("#move-effect tbody tr")).to_have_count(5)
    clerk.locator("#move-no").click()
    expect(clerk.locator(".doors li[draggable=true]")).to_have_count(3)
    with transaction(engine) as session:
        pinned = session.execute(text("SELECT officer_id, why FROM pair_rule")).all()
    assert [tuple(row) for row in pinned] == [(record_id("P", 1), "住得更近")]

    # Undoing what was moved since is refused and says what was.
    reviewer.goto(site + path)
    reviewer.get_by_role("button", name="撤销执行").click()
    reviewer.locator("#confirm-yes").click()
    expect(reviewer.locator(".form-error")).to_contain_text("在那之后又有改动")
    expect(reviewer.locator(".form-error")).to_contain_text(re.compile(r"H\d{14}"))
    watched.complaints.clear()  # the browser names the refused request


def test_on_a_phone_in_the_dark_the_map_tells_its_classes_and_goes_down_by_touch(
    pairs: tuple[str, Engine], watch: Callable[..., Watched]
) -> None:
    page = _sign_in(watch(pairs[0], PHONE, dark=True, large=True), "editor", f"/pairs/coverage%3Fwithin={EAST}")
    page.wait_for_selector("[data-ready]")
    expect(page.locator("tr[data-cover='3']")).to_have_count(2)
    expect(page.locator("tr[data-cover='3'] .look").first).to_have_attribute("aria-label", "严重")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
    page.get_by_role("link", name=NORTH_EAST[12:]).click()
    expect(page).to_have_url(f"{pairs[0]}/households?within={NORTH_EAST}")
    page.goto(f"{pairs[0]}/pairs")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
