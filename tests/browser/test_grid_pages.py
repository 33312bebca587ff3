"""The clerk's morning in a browser: find a grid, go through problems, bring a file in, keep a record true."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from shapely import box
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gridmap.access import service
from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import Caller
from gridmap.db.engine import transaction
from tests.browser.conftest import PHONE, Watched, county_site
from tests.browser.test_maps import AXE
from tests.county import COUNTY, EAST, NORTH_EAST, NORTH_WEST, SOUTH_WEST, WEST, square
from tests.files import companions, projected, write_shapefile, zip_of
from tests.postgres import Server

Watch = Callable[..., Watched]
PASSWORD = "Winter-2026"
# A file is read and tried on a busy machine.
SLOW_MS = 30_000
_ACTOR = Actor(Caller("cli:test", "admin", "all", ("",)), Origin("test"))


def prepare(session: Session) -> None:
    """An editor; a gap and an overlap in the eastern village, as if somebody had written to the table by hand."""
    service.add_user(session, _ACTOR, name="anna", password=PASSWORD, role="editor", scope=COUNTY)
    session.execute(
        text(
            "UPDATE grid_version SET geometry = ST_Multi(ST_SnapToGrid(ST_Translate(geometry, 0, -0.001), 1e-7))"
            " WHERE code = :code"
        ),
        {"code": NORTH_EAST},
    )


@pytest.fixture(scope="module")
def county(server: Server) -> Iterator[tuple[str, Engine]]:
    with county_site(server, prepare) as site:
        yield site


@pytest.fixture
def desk(county: tuple[str, Engine], watch: Watch) -> Iterator[Watched]:
    """Anna, signed in."""
    watched = watch(county[0])
    sign_in(watched)
    yield watched


def sign_in(watched: Watched) -> None:
    page = watched.open("/login")
    page.locator("#name").fill("anna")
    page.locator("#password").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    expect(page.locator(".signed-in")).to_be_visible()


def expect_code(page: Page, code: str) -> None:
    expect(page.locator("#drawer .bigcode")).to_have_text(" ".join([code[:6], code[6:9], code[9:12], code[12:]]))


def test_from_the_tree_to_a_grid_and_back(desk: Watched) -> None:
    page = desk.open("/grids")
    page.locator("#tree-box summary").click()
    page.locator(".twist").first.click()
    page.locator(f'[data-twig="{WEST}"]').click()
    expect(page.locator("#rows .count")).to_contain_text("2 个网格")
    page.locator(".filter input").fill("西南")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator(f"#row-{SOUTH_WEST} a").focus()
    page.keyboard.press("Enter")
    expect_code(page, SOUTH_WEST)
    assert f"grid={SOUTH_WEST}" in page.url
    page.keyboard.press("Escape")
    expect(page.locator("#drawer [data-code]")).to_have_count(0)
    page.go_back()
    expect_code(page, SOUTH_WEST)
    page.locator("#drawer details summary", has_text="相邻网格").click()
    page.locator("#drawer .plain-list a", has_text="西北").click()
    expect_code(page, NORTH_WEST)


def test_problems_one_after_the_other_by_key(desk: Watched) -> None:
    page = desk.open(f"/grids?within={EAST}&view=problems")
    expect(page.locator(".problem-list button").first).to_contain_text("重叠")
    page.keyboard.press("n")
    expect(page.locator("#drawer-title")).to_have_text("重叠")
    assert page.locator("#drawer .picture path").count() >= 3
    page.keyboard.press("n")
    expect(page.locator("#drawer-title")).to_have_text("空白")
    assert "problem=2" in page.url
    page.keyboard.press("p")
    expect(page.locator("#drawer-title")).to_have_text("重叠")
    expect(page.locator('.problem-list [aria-current="true"] .state')).to_contain_text("错")


def test_a_stale_form_keeps_what_was_typed_and_says_who_wrote(desk: Watched, county: tuple[str, Engine]) -> None:
    page = desk.open(f"/grids?within={WEST}&grid={NORTH_WEST}")
    page.locator("#drawer summary", has_text="编辑").click()
    page.locator("#field-note").fill("河西片")
    with transaction(county[1]) as session:
        key = service.add_key(session, _ACTOR, name="bo", role="editor", scope=COUNTY)
    changed = page.request.patch(
        f"{county[0]}/api/v1/grids/{NORTH_WEST}",
        data={"name": "西北片"},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert changed.ok
    page.get_by_role("button", name="保存").click()
    conflict = page.locator(".conflict")
    expect(conflict).to_contain_text("bo 已于")
    expect(conflict).to_contain_text("西北片")
    expect(page.locator("#field-note")).to_have_value("河西片")
    desk.complaints[:] = [said for said in desk.complaints if "412" not in said]
    conflict.get_by_role("button", name="仍按我输入的保存").click()
    expect(page.locator(".toast")).to_contain_text("已保存")
    expect(page.locator("#drawer .facts")).to_contain_text("河西片")
    expect(page.locator("#drawer h2")).to_have_text("西北片")
    slider = page.locator("#history-slider")
    slider.press("Home")
    expect(page.locator(".states li:not([hidden])")).to_contain_text("西北 ")
    slider.press("End")
    expect(page.locator(".states li:not([hidden])")).to_contain_text("河西片")


def surveyors(folder: Path) -> Path:
    """The western village with its line moved north: GBK, zone 34, a .prj that says zone 38, a heading nobody knows."""
    (west, south, east, north), line = square(SOUTH_WEST).union(square(NORTH_WEST)).bounds, square(NORTH_WEST).bounds[1]
    shapes = [box(west, line + 0.001, east, north), box(west, south, east, line + 0.001)]
    columns = {"网格编码": [NORTH_WEST, SOUTH_WEST], "称谓": ["西北", "西南"]}
    drawn = [projected(shape, "EPSG:4522") for shape in shapes]
    path = write_shapefile(folder / "z34.shp", drawn, columns, crs="EPSG:4526", cpg="UTF-8")
    return zip_of(folder / "测绘成果.zip", companions(path, "成果/34带"))


def test_a_surveyors_zip_becomes_a_changeset_and_everything_is_said_in_chinese(desk: Watched, tmp_path: Path) -> None:
    page = desk.open("/import")
    page.locator("#file").set_input_files(surveyors(tmp_path))
    preview = page.locator("#preview")
    # A column is missing: which, and what there is, is told; the clerk says which one it is.
    expect(preview.locator(".form-error")).to_contain_text(
        "没有对应 name 的列；现有的列是 网格编码, 称谓", timeout=SLOW_MS
    )
    preview.get_by_label("列 称谓 的含义").select_option("name")
    expect(preview.locator(".crs-taken")).to_have_text("EPSG:4522", timeout=SLOW_MS)
    expect(preview.locator(".reasons")).to_contain_text("文件写的是 EPSG:4526，与其数字不符")
    expect(preview).to_contain_text("按 UTF-8 读不通，按 GB18030（GBK）读得通，尽管其 .cpg 写的是")
    expect(page.locator("#import-key")).to_be_visible()
    assert any(url.endswith("/shapes") for url in desk.requests)
    expect(preview.locator(".numbers .loaded strong")).to_have_text("2")
    expect(preview.locator("tr[id^=row-]").first).to_contain_text("在变更单中变更")
    assert not LATIN.findall(re.sub(WORDS_ANYWHERE, "", preview.inner_text()))
    preview.get_by_role("button", name="接受并导入").click()
    page.locator("#confirm-yes").click()
    link = preview.get_by_role("link", name=re.compile(r"^变更单 \d+"))
    expect(link).to_be_visible(timeout=SLOW_MS)
    number = int((link.text_content() or "").split()[-1])
    link.click()
    expect(page.locator(f'[data-changeset="{number}"]')).to_contain_text("测绘成果.zip")
    expect(page.locator(".change-line")).to_contain_text("2")
    assert not LATIN.findall(re.sub(WORDS_ANYWHERE, "", page.locator("#changeset-problems").inner_text()))


# Whole English words; names of files, formats and systems are the same everywhere.
LATIN = re.compile(r"[A-Za-z]{4,}")
WORDS_ANYWHERE = r"(?i)EPSG|zone|name|code|kind|name_bo|note|UTF-8|GB18030|big5|Shapefile|shp|ddd\.mmss|gcj02|bd09|CSV"


def test_a_group_is_made_and_filled_with_its_effect_told(desk: Watched) -> None:
    page = desk.open(f"/groups?within={WEST}&group=new")
    page.locator("#field-grid_code").fill(NORTH_WEST)
    page.locator("#field-name").fill("河边组")
    page.get_by_role("button", name="建立").click()
    expect(page.locator("#drawer-title")).to_have_text("河边组")
    page.locator("#members summary").click()
    page.locator("#members-find").fill("多吉不在")
    expect(page.locator("#members li:visible")).to_have_count(0)
    page.locator("#members-find").fill("")
    page.locator("#members li input").first.check()
    expect(page.locator("#members-effect")).to_contain_text("将加入 1 户（来自")
    page.get_by_role("button", name="保存成员").click()
    expect(page.locator("#members summary .badge")).to_have_text("1")


def test_a_cut_network_is_told_and_the_page_stays(desk: Watched) -> None:
    page = desk.open(f"/grids?within={WEST}")
    desk.cut()
    page.locator(f"#row-{NORTH_WEST} a").click()
    expect(page.locator(".toast")).to_contain_text("没有取到数据")
    page.context.set_offline(False)
    page.locator(".toast").get_by_role("button", name="重试").click()
    expect_code(page, NORTH_WEST)
    desk.complaints[:] = [said for said in desk.complaints if "Failed to fetch" not in said]


PAGES = (
    f"/grids?within={WEST}&grid={NORTH_WEST}",
    f"/grids?within={EAST}&view=problems&problem=1",
    "/groups",
    "/shelters?shelter=new",
    "/import",
    "/changesets",
)


@pytest.mark.parametrize("look", [{}, {"dark": True, "large": True, "size": PHONE}])
def test_everyone_can_read_it(county: tuple[str, Engine], watch: Watch, look: dict[str, object]) -> None:
    watched = watch(county[0], **look)
    sign_in(watched)
    for path in PAGES:
        page = watched.open(path)
        if "problem=1" in path:
            expect(page.locator("#drawer-title")).to_be_visible()
        page.evaluate(AXE)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
        assert [(path, v["id"], [node["html"][:160] for node in v["nodes"]][:3]) for v in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
