"""The page of addresses by keyboard: from half a word to a door, and through three problems, each put right."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from geoalchemy2.shape import from_shape
from playwright.sync_api import Page, expect
from shapely import Point
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gridmap.access import service as access
from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import Caller
from gridmap.addresses.model import AcceptedProblem, Address, WaitingAddress
from gridmap.db.base import SRID
from gridmap.db.engine import transaction
from gridmap.db.model import IdCounter
from tests.browser.conftest import LAPTOP, PHONE, Watched, county_site
from tests.browser.test_maps import AXE
from tests.county import COUNTY, EAST, NORTH_EAST, SOUTH_EAST, WEST, at, record_id
from tests.postgres import Server

Watch = Callable[..., Watched]
LEAD = "试验省练习州小县双村镇"
PASSWORD = "Winter-2026"
CLERK = Actor(Caller("cli:test", "admin", "all", ("",)), Origin("test"))


def messy(session: Session) -> None:
    """The same door twice, a door in the wrong village, and a row without a point; and somebody to put it right."""
    doors = (
        (11, EAST, NORTH_EAST, "2社60号", {"group_name": "2社", "number": "60号"}, (0.3, 0.3)),
        (12, EAST, NORTH_EAST, "2组60号", {"group_name": "2组", "number": "60号"}, (0.32, 0.3)),
        (13, WEST, SOUTH_EAST, "40号", {"number": "40号"}, (0.5, 0.3)),
    )
    for number, village, grid, text, segments, place in doors:
        lead = f"{LEAD}{'西村' if village == WEST else '东村'}"
        row = Address(county_code=COUNTY, code=record_id("A", number), village_code=village, label=lead + text)
        row.grid_code, row.point_source = grid, "test"
        row.point = from_shape(Point(at(grid, *place)), srid=SRID)
        for name, value in segments.items():
            setattr(row, name, value)
        session.add(row)
    segments = {"group_name": "2组", "number": "61号"}
    waiting = WaitingAddress(county_code=COUNTY, village_code=EAST, label=f"{LEAD}东村2组61号", segments=segments)
    waiting.file, waiting.row, waiting.actor = "门牌.xlsx", 7, "cli:test"
    session.add(waiting)
    session.merge(IdCounter(county_code=COUNTY, letter="A", last=20))
    access.add_user(session, CLERK, name="clerk", password=PASSWORD, role="editor", scope="all")


@contextmanager
def messy_site(server: Server) -> Iterator[tuple[str, Engine]]:
    with county_site(server, messy) as site:
        yield site


@pytest.fixture(scope="module")
def desk(server: Server) -> Iterator[tuple[str, Engine]]:
    with messy_site(server) as site:
        yield site


def sign_in(watched: Watched, to: str) -> Page:
    page = watched.page
    page.goto(f"{watched.site}/login?next={to}")
    page.fill("input[name=name]", "clerk")
    page.fill("input[type=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-ready]")
    return page


def addresses(engine: Engine) -> dict[str, Address]:
    with transaction(engine) as session:
        return {row.code: row for row in session.query(Address)}


def test_from_half_a_word_to_a_door_by_keyboard_alone(desk: tuple[str, Engine], watch: Watch) -> None:
    page = sign_in(watch(desk[0]), "/grids")
    page.keyboard.press("Control+k")
    page.keyboard.type("dongcun60")
    page.keyboard.press("Backspace")
    page.keyboard.type("0号")
    options = page.locator("#search-list [role=option]")
    # The first search builds the index.
    expect(options.filter(has_text="2社60号")).to_be_visible(timeout=30_000)
    while "2社60号" not in page.locator("#search-list [aria-selected=true]").inner_text():
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/addresses?code={record_id('A', 11)}")
    expect(page.locator("#drawer")).to_contain_text("东村2社60号")
    expect(page.locator("#drawer")).to_contain_text(NORTH_EAST)
    page.wait_for_selector("[data-ready]")
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_empty()


def test_three_problems_one_after_the_other(desk: tuple[str, Engine], watch: Watch) -> None:
    site, engine = desk
    page = sign_in(watch(site), "/addresses?view=problems")
    expect(page.locator("a[data-problem]").first).to_be_visible()
    page.locator("#rows .door-problems").focus()
    page.keyboard.press("n")
    expect(page.locator("#drawer")).to_contain_text("门牌.xlsx")
    page.keyboard.press("g")
    expect(page.locator("#move-bar")).to_be_visible()
    page.keyboard.press("Enter")
    # Where its neighbour stands it stands only when somebody says so.
    expect(page.locator("#move-words")).to_contain_text("还没有指出位置")
    page.keyboard.press("Enter")
    expect(page.locator("#move-bar")).to_be_hidden()
    expect(page.locator("#drawer")).to_contain_text("已处理")
    assert f"{LEAD}东村2组61号" in {row.label for row in addresses(engine).values()}

    page.locator("#drawer [data-next]").press("n")
    expect(page.locator("#drawer")).to_contain_text("同一门牌")
    page.locator("#drawer h2").press("m")
    expect(page.locator("#confirm")).to_be_visible()
    page.locator("#confirm-yes").press("Enter")
    expect(page.locator("#drawer")).to_contain_text("已处理")
    assert addresses(engine)[record_id("A", 12)].merged_into == record_id("A", 11)

    while page.locator("#drawer [data-next]").count() and "在别的村" not in page.locator("#drawer").inner_text():
        page.locator("#drawer [data-next]").press("n")
        expect(page.locator("#drawer [data-shown-problem], #drawer [data-key]").first).to_be_visible()
        expect(page.locator("#drawer h2")).not_to_have_text("已处理")
    expect(page.locator("#drawer")).to_contain_text("位置在东村，文字写的是西村")
    page.locator("#drawer h2").press("a")
    expect(page.locator("#drawer")).to_contain_text("已处理")
    # Pressed by mistake, it is taken back where it is told that it was done.
    page.get_by_role("button", name="撤销").click()
    expect(page.locator("#drawer")).to_contain_text("位置在东村，文字写的是西村")
    page.locator("#drawer h2").press("a")
    expect(page.locator("#drawer")).to_contain_text("已处理")
    with transaction(engine) as session:
        assert session.query(AcceptedProblem.address_code, AcceptedProblem.kind).all() == [
            (record_id("A", 13), "elsewhere")
        ]


def test_a_door_is_dragged_to_its_place_and_its_grid_follows(desk: tuple[str, Engine], watch: Watch) -> None:
    site, engine = desk
    code = record_id("A", 5)
    page = sign_in(watch(site, PHONE), f"/addresses?code={code}")
    before = addresses(engine)[code].row_version
    page.locator("#drawer [data-move]").click()
    expect(page.locator("#move-bar")).to_be_visible()
    # At a gate with a telephone in the hand the map is what is seen.
    expect(page.locator("#drawer")).to_be_hidden()
    box = page.locator("#map").bounding_box()
    assert box is not None and box["height"] > 500
    page.mouse.click(box["x"] + 60, box["y"] + 200)
    expect(page.locator("#move-words")).to_contain_text("网格")
    page.locator("#move-save").click()
    expect(page.locator("#move-bar")).to_be_hidden()
    expect(page.locator("#drawer")).to_contain_text("地图上指定")
    after = addresses(engine)[code]
    assert (after.row_version, after.point_source) == (before + 1, "map")


@pytest.mark.parametrize(
    ("path", "size", "look"),
    [
        (f"/addresses?code={record_id('A', 1)}", LAPTOP, {}),
        ("/addresses?view=problems", LAPTOP, {"dark": True}),
        ("/addresses", PHONE, {"large": True}),
    ],
)
def test_axe_finds_nothing(
    desk: tuple[str, Engine], watch: Watch, path: str, size: tuple[int, int], look: dict[str, bool]
) -> None:
    page = sign_in(watch(desk[0], size, **look), path.replace("?", "%3F").replace("=", "%3D"))
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_new_door_by_a_form_its_other_name_and_what_was_chosen_lately(desk: tuple[str, Engine], watch: Watch) -> None:
    site, engine = desk
    watched = watch(site)
    page = sign_in(watched, f"/addresses?within={EAST}")
    page.locator("[data-new]").click()
    page.keyboard.type("东村")
    page.keyboard.press("Enter")
    page.locator("#move-save").press("Enter")
    page.locator("#move-save").press("Enter")
    # What can't be a door comes back to where it was written, and can be written on.
    expect(page.locator("#error-label")).to_contain_text("东村 只到村")
    expect(page.locator("#move-bar")).to_be_hidden()
    watched.complaints.clear()  # the browser names the refused request
    page.fill("#new-door-label", "")
    page.keyboard.type("双村镇东村三组九十九号")
    expect(page.locator("#new-door-read")).to_have_text(f"{LEAD}东村3组99号")
    page.keyboard.press("Enter")
    expect(page.locator("#move-bar")).to_be_visible()
    # By keyboard the middle of the map is taken, when it was moved.
    page.locator("#map").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#move-words")).not_to_contain_text("键盘")
    page.locator("#move-save").press("Enter")
    expect(page.locator("#drawer")).to_contain_text("东村3组99号")
    page.locator("#drawer summary", has_text="添加别名").click()
    page.fill("#field-alias", "老水磨")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer [data-alias]")).to_contain_text("老水磨")
    (door,) = [row.code for row in addresses(engine).values() if row.label.endswith("3组99号")]
    # A number that is emptied leaves a group; a 附号 is taken as it is written.
    page.locator("#edit summary").click()
    page.fill("#edit [name=number]", "")
    page.keyboard.press("Enter")
    expect(page.locator("#edit #error-number")).to_contain_text("不是一个门牌")
    watched.complaints.clear()
    page.fill("#edit [name=number]", "九十九")
    page.fill("#edit [name=sub_number]", "附一")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer h2")).to_contain_text("3组99号附1号")
    # The village that is shown need not be said.
    page.keyboard.press("Control+k")
    page.keyboard.type("99号附1")
    expect(page.locator("#search-list [role=option]").first).to_contain_text("3组99号附1号")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.press("Backspace")
    page.keyboard.type("老水磨")
    expect(page.locator("#search-list [role=option]").first).to_contain_text("3组99号")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/addresses?code={door}")
    page.wait_for_selector("[data-ready]")
    page.keyboard.press("Control+k")
    expect(page.locator("#search-list [role=option]").first).to_contain_text("3组99号")
    page.keyboard.press("Escape")
    page.locator(".place-names summary").click()
    page.fill(".place-names #field-text", "水磨庄")
    page.keyboard.press("Enter")
    expect(page.locator(".place-names")).to_contain_text("水磨庄")
