"""The command map and the e-map as people use them: by mouse, by keyboard, without a network, at night, on a phone."""

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.browser.conftest import DESK, LAPTOP, PHONE, Watched, county_site
from tests.county import COUNTY, NORTH_EAST, NORTH_WEST, SOUTH_EAST, SOUTH_WEST, TOWNSHIP, WEST, at
from tests.postgres import Server

Watch = Callable[..., Watched]
AXE = (Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
ADDRESS = re.compile(r"""(?:https?:)?//[\w-]+\.[\w.-]+""")
NAMESPACES = {"http://www.w3.org", "https://www.w3.org"}


def asked(site: str, path: str) -> dict[str, object]:
    with urlopen(site + path) as answer:
        body: dict[str, object] = json.load(answer)
    return body


def view_of(grid: str, zoom: float = 14.5) -> str:
    lon, lat = at(grid)
    return f"view={zoom}/{lat}/{lon}"


def click_middle(page: Page, selector: str) -> None:
    box = page.locator(selector).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def panel(page: Page) -> str:
    expect(page.locator("#panel")).to_be_visible()
    expect(page.locator("#panel .skeleton")).to_have_count(0)
    return page.locator("#panel").inner_text()


def spaced(code: str) -> str:
    return " ".join([code[:6], code[6:9], code[9:12], code[12:15]])


class TestNothingLeavesTheMachine:
    @pytest.mark.parametrize("path", ["/", "/map", f"/?code={TOWNSHIP}", "/map?lang=en", "/docs"])
    def test_every_request_stays_here(self, site: str, watch: Watch, path: str) -> None:
        """The watch fails at its end if one did not, or if the browser complained of a script or a policy."""
        watched = watch(site, fresh=True)
        watched.open(path)
        if path == "/docs":
            expect(watched.page.locator(".opblock").first).to_be_visible(timeout=20_000)
        assert any("/static/vendor/" in url for url in watched.requests)

    @pytest.mark.parametrize("path", ["/", "/map"])
    def test_no_page_style_or_script_of_ours_names_another_host(self, site: str, watch: Watch, path: str) -> None:
        """Scripts of vendors name standards and examples in passing; that they ask nobody is shown above."""
        watched = watch(site, fresh=True)
        watched.open(path)
        for url in {*watched.requests} - {site + "/favicon.ico"}:
            with urlopen(url) as answer:
                kind = answer.headers["content-type"]
                body = answer.read()
            if re.search("html|css|javascript|svg", kind) and not re.search(r"/vendor/.*\.js$", url):
                loaded = re.sub(r"/\*.*?\*/", "", body.decode(), flags=re.DOTALL)
                assert set(ADDRESS.findall(loaded)) <= NAMESPACES, url


class TestClickToLocate:
    @pytest.mark.parametrize("grid", [NORTH_WEST, SOUTH_EAST])
    def test_a_click_shows_the_grid_that_the_api_names(self, site: str, watch: Watch, grid: str) -> None:
        page = watch(site).open(f"/?{view_of(grid)}")
        click_middle(page, "#map")
        assert spaced(grid) in panel(page)
        (point,) = parse_qs(urlsplit(page.url).query)["point"]
        lon, lat = point.split(",")
        answer = asked(site, f"/api/v1/locate?lon={lon}&lat={lat}")
        assert isinstance(answer["grid"], dict)
        assert answer["grid"]["code"] == grid

    def test_it_tells_the_chain_in_both_scripts_the_counts_and_the_version(self, site: str, watch: Watch) -> None:
        page = watch(site).open(f"/?{view_of(NORTH_WEST)}")
        click_middle(page, "#map")
        words = panel(page)
        for expected in ("试验", "练习", "小县", "རྫོང་ཆུང་", "双村", "西村", "ནུབ་གྲོང་", "截至版本 1"):
            assert expected in words
        assert re.search(r"2\s*户数", words)
        assert page.locator("#panel [lang=bo]").count() >= 2

    def test_a_point_on_a_line_shows_every_grid_it_touches(self, site: str, watch: Watch) -> None:
        page = watch(site).open("/?point=103.51,34.51")
        words = panel(page)
        assert "在界线上" in words
        assert [code for code in (NORTH_WEST, NORTH_EAST, SOUTH_WEST, SOUTH_EAST) if spaced(code) not in words] == []
        page.locator("#panel .touching").get_by_role("button", name=spaced(SOUTH_EAST)).click()
        expect(page.locator("#panel h2")).to_have_text("东南")

    def test_a_point_outside_shows_the_nearest_grid(self, site: str, watch: Watch) -> None:
        words = panel(watch(site).open("/?point=103.53,34.505"))
        assert "不在任何网格内" in words
        assert spaced(SOUTH_EAST) in words
        assert re.search(r"9\d\d m", words)

    def test_the_line_for_the_terminal_asks_the_same(self, site: str, watch: Watch) -> None:
        page = watch(site).open("/?point=103.505,34.515")
        panel(page)
        line = page.locator("#panel .copyline code").inner_text()
        address = line.removeprefix("curl '").removesuffix("'")
        assert address.startswith(site)
        answer = asked(site, address.removeprefix(site))
        assert isinstance(answer["grid"], dict)
        assert answer["grid"]["code"] == NORTH_WEST

    def test_by_keyboard_alone(self, site: str, watch: Watch) -> None:
        page = watch(site).open(f"/?{view_of(SOUTH_WEST)}")
        page.locator("#map").focus()
        page.keyboard.press("Enter")
        assert spaced(SOUTH_WEST) in panel(page)
        page.keyboard.press("Escape")
        expect(page.locator("#panel")).to_be_hidden()


class TestSearch:
    @pytest.mark.parametrize("path", ["/", "/map"])
    def test_by_code_with_the_keyboard_alone(self, site: str, watch: Watch, path: str) -> None:
        page = watch(site).open(path)
        page.keyboard.press("Control+k")
        page.keyboard.type(NORTH_EAST)
        expect(page.get_by_role("option", selected=True)).to_contain_text("东北")
        page.keyboard.press("Enter")
        expect(page.locator("#panel h2, .popup h2")).to_have_text("东北")
        expect(page.locator("#panel .bigcode, .popup .bigcode")).to_have_text(spaced(NORTH_EAST))

    def test_arrows_choose_among_names(self, site: str, watch: Watch) -> None:
        page = watch(site).open("/")
        page.keyboard.press("Control+k")
        page.keyboard.type("村")
        options = page.get_by_role("option")
        assert options.count() == 3
        page.keyboard.press("ArrowDown")
        chosen = page.get_by_role("option", selected=True)
        expect(chosen).to_contain_text("西村")
        page.keyboard.press("Enter")
        expect(page.locator("#panel h2")).to_have_text("西村")

    def test_coordinates_ask_for_their_grid(self, site: str, watch: Watch) -> None:
        page = watch(site).open("/")
        page.locator("#search").fill("34.505N 103.515E")
        page.keyboard.press("Enter")
        assert spaced(SOUTH_EAST) in panel(page)

    def test_a_code_that_does_not_exist_is_told_in_place(self, site: str, watch: Watch) -> None:
        watched = watch(site)
        page = watched.open("/")
        page.locator("#search").fill("990001101200999")
        page.keyboard.press("Enter")
        assert "没有这个编码" in panel(page)
        # The browser reports the 404 it was told; that is the only thing it may report.
        assert all("404" in complaint for complaint in watched.complaints)
        watched.complaints.clear()

    def test_nothing_found_says_what_can_be_typed(self, site: str, watch: Watch) -> None:
        page = watch(site).open("/")
        page.locator("#search").fill("舟曲")
        expect(page.locator("#search-note")).to_contain_text("没有找到“舟曲”")
        page.keyboard.press("Escape")
        expect(page.locator("#search-sheet")).to_be_hidden()


class TestAddress:
    def test_what_is_on_the_screen_opens_the_same_elsewhere(self, site: str, watch: Watch) -> None:
        first = watch(site).open(f"/?{view_of(NORTH_WEST)}")
        click_middle(first, "#map")
        said = panel(first)
        second = watch(site).open(first.url.removeprefix(site))
        assert panel(second) == said
        assert second.url == first.url

    def test_back_returns_to_what_was_chosen_before(self, site: str, watch: Watch) -> None:
        page = watch(site).open(f"/?code={NORTH_WEST}")
        expect(page.locator("#panel h2")).to_have_text("西北")
        page.locator("#panel .chain button", has_text="双村").click()
        expect(page.locator("#panel h2")).to_have_text("双村")
        page.go_back()
        expect(page.locator("#panel h2")).to_have_text("西北")

    def test_a_division_tells_its_counts_and_none_that_it_cannot_have(self, site: str, watch: Watch) -> None:
        words = panel(watch(site).open(f"/?code={TOWNSHIP}"))
        assert re.search(r"2\s*村", words)
        assert re.search(r"132\s*人数", words)
        assert not re.search(r"0\s*乡镇", words)

    def test_a_division_links_to_its_e_map(self, site: str, watch: Watch) -> None:
        page = watch(site).open(f"/?code={WEST}")
        page.locator("#panel a.button").click()
        page.wait_for_selector(".folium-map[data-ready]")
        assert page.url == f"{site}/map?within={WEST}"


class TestWithoutANetwork:
    def test_the_e_map_goes_on_working(self, site: str, watch: Watch) -> None:
        watched = watch(site)
        page = watched.open("/map")
        watched.cut()
        page.locator("#search").fill(SOUTH_WEST)
        page.keyboard.press("Enter")
        expect(page.locator(".popup h2")).to_have_text("西南")
        expect(page.locator(".popup")).to_contain_text("1.02 km²")
        page.keyboard.press("Control+k")
        page.keyboard.press("Escape")
        page.locator(".leaflet-popup-close-button").click()
        expect(page.locator(".popup")).to_have_count(0)
        click_middle(page, ".folium-map")
        expect(page.locator(".popup .bigcode")).to_contain_text(COUNTY)

    def test_the_command_map_stays_and_says_what_has_to_wait(self, site: str, watch: Watch) -> None:
        watched = watch(site)
        page = watched.open(f"/?{view_of(NORTH_WEST)}")
        watched.cut()
        click_middle(page, "#map")
        assert "网络不通" in panel(page)
        watched.page.context.set_offline(False)
        page.locator("#panel").get_by_role("button", name="重试").click()
        expect(page.locator("#panel .bigcode")).to_have_text(spaced(NORTH_WEST))

    def test_a_known_grid_is_shown_from_the_map_itself(self, site: str, watch: Watch) -> None:
        watched = watch(site)
        page = watched.open("/")
        watched.cut()
        page.locator("#search").fill(NORTH_WEST)
        page.keyboard.press("Enter")
        words = panel(page)
        assert "西北" in words
        assert re.search(r"2\s*户数", words)


ATTACKS = (
    "<img src=x onerror=\"window.pwned='img'\">",
    "`+(window.pwned='tick')+`",
    "${window.pwned='dollar'}",
    "</script><script>window.pwned='script'</script>",
)


NAMES = dict(zip((NORTH_WEST, NORTH_EAST, SOUTH_WEST, SOUTH_EAST), ATTACKS, strict=True))


def _rename(session: Session) -> None:
    """Each grid is called after one attack, all that is around it after all of them."""
    for table in ("division_version", "household_group_version"):
        session.execute(text(f"UPDATE {table} SET name = :name"), {"name": " ".join(ATTACKS)})
    for code, name in NAMES.items():
        session.execute(text("UPDATE grid_version SET name = :name WHERE code = :code"), {"code": code, "name": name})


def _shows(page: Page, attack: str) -> None:
    # A popup that was open fades away behind the new one.
    expect(page.locator("#panel h2, .popup h2").last).to_have_text(attack)
    expect(page.locator("#panel .chain, .popup .facts").last).to_contain_text(" ".join(ATTACKS))
    assert page.evaluate("window.pwned === undefined")
    assert attack in page.title()


def test_a_name_is_never_more_than_text(server: Server, watch: Watch) -> None:
    with county_site(server, _rename) as (site, _):
        watched = watch(site)
        page = watched.open("/map")
        for grid, attack in NAMES.items():
            page.locator("#search").fill(grid)
            expect(page.get_by_role("option").first).to_contain_text(attack)
            page.keyboard.press("Enter")
            _shows(page, attack)
        for grid, attack in NAMES.items():
            _shows(watched.open(f"/?code={grid}"), attack)
            lon, lat = at(grid)
            _shows(watched.open(f"/?point={lon},{lat}"), attack)


def test_a_publish_is_announced_and_can_be_shown(server: Server, watch: Watch) -> None:
    with county_site(server) as (site, engine):
        page = watch(site).open("/")
        with engine.begin() as connection:
            connection.execute(
                text("INSERT INTO dataset_version (version, actor, summary) VALUES (2, 'test', 'renamed')")
            )
            connection.execute(text("UPDATE grid_version SET name = '新名' WHERE code = :code"), {"code": NORTH_WEST})
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        note = page.locator("#map-note")
        expect(note).to_contain_text("有新版本 2")
        with page.expect_navigation():
            note.get_by_role("button").click()
        page.wait_for_selector("[data-ready]")
        page.locator("#search").fill("新名")
        expect(page.get_by_role("option").first).to_contain_text("新名")


class TestEveryoneCanReadIt:
    @pytest.mark.parametrize("look", [{}, {"dark": True, "large": True}])
    @pytest.mark.parametrize(
        "path", ["/", f"/?code={TOWNSHIP}", "/?point=103.51,34.51", "/map", "/map?within=999999", "/login"]
    )
    def test_axe_finds_nothing(self, site: str, watch: Watch, path: str, look: dict[str, bool]) -> None:
        watched = watch(site, **look)
        page = watched.open(path)
        if path == "/map":
            page.locator("#search").fill(NORTH_WEST)
            page.keyboard.press("Enter")
            expect(page.locator(".popup")).to_be_visible()
        elif "?" in path and path.startswith("/?"):
            panel(page)
        page.evaluate(AXE)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
        assert [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found] == []
        watched.complaints[:] = [text for text in watched.complaints if "404" not in text]

    @pytest.mark.parametrize("path", ["/", "/?point=103.505,34.515", "/map"])
    @pytest.mark.parametrize(("size", "large"), [(PHONE, False), (PHONE, True), (LAPTOP, True), (DESK, False)])
    def test_it_fits_and_the_map_is_the_largest_thing(
        self, site: str, watch: Watch, path: str, size: tuple[int, int], large: bool
    ) -> None:
        page = watch(site, size, large=large).open(path)
        if "point" in path:
            panel(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        assert page.evaluate(
            """() => { const boxes = [...document.querySelectorAll(
                '.legend, .zoom, .leaflet-control-zoom, .map-foot, .leaflet-control-scale, .leaflet-control-layers')]
                .map((element) => element.getBoundingClientRect()).filter(({ width }) => width > 0);
              return boxes.every((a, i) => boxes.slice(i + 1).every((b) => a.left >= b.right || b.left >= a.right
                || a.top >= b.bottom || b.top >= a.bottom)); }"""
        ), "tools lie over each other"
        areas = page.evaluate(
            """() => Object.fromEntries([...document.querySelectorAll(
              'header.bar, .rail, .banner, #panel:not([hidden]), .legend, .map-tools, main')].map((element) => {
                const { width, height } = element.getBoundingClientRect();
                return [element.className || element.tagName, width * height];
              }))"""
        )
        whole = areas.pop("MAIN")
        free = whole - areas.get("panel", 0) - areas.get("legend", 0) - areas.get("map-tools", 0)
        assert free > max(areas.values())

    @pytest.mark.parametrize("path", ["/", "/map"])
    def test_no_line_of_the_legend_covers_another(self, site: str, watch: Watch, path: str) -> None:
        page = watch(site, DESK).open(path)
        page.evaluate("document.getElementById('legend').open = true")
        lines = page.locator("#legend-body .key > span, #legend-body .switch, #legend-body h3, #legend-body .fine")
        boxes = sorted((box for line in lines.all() if (box := line.bounding_box())), key=lambda box: box["y"])
        assert len(boxes) >= 8
        for upper, lower in pairwise(boxes):
            assert lower["y"] >= upper["y"] + upper["height"] - 1

    def test_everything_to_press_is_large_enough(self, site: str, watch: Watch) -> None:
        page = watch(site, PHONE).open("/?point=103.505,34.515")
        panel(page)
        small = page.evaluate(
            """() => [...document.querySelectorAll(
              'header a, header summary, .rail a, .zoom button, .panel-close, .legend summary, #search'
              )].filter((element) => {
                const { width, height } = element.getBoundingClientRect();
                return width > 0 && (width < 44 || height < 44);
              }).map((element) => element.outerHTML)"""
        )
        assert small == []

    def test_the_systems_dark_and_the_chosen_dark_are_the_same(self, site: str, watch: Watch) -> None:
        tokens = """() => { const style = getComputedStyle(document.documentElement);
          return ['ink', 'muted', 'line', 'ground', 'paper', 'primary', 'danger', 'warning', 'good'].map(
            (name) => style.getPropertyValue('--' + name)); }"""
        light, dark = watch(site).open("/"), watch(site, dark=True).open("/")
        by_system = dark.evaluate(tokens)
        assert by_system != light.evaluate(tokens)
        light.evaluate("document.documentElement.dataset.theme = 'dark'")
        assert light.evaluate(tokens) == by_system

    def test_theme_and_size_are_remembered(self, site: str, watch: Watch) -> None:
        page = watch(site).open("/")
        page.locator("#display-menu summary").click()
        page.get_by_label("深色").check()
        page.get_by_label("大字").check()
        page.goto(site + "/map")
        assert page.evaluate("[document.documentElement.dataset.theme, document.documentElement.dataset.size]") == [
            "dark",
            "large",
        ]
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "20px"

    def test_tibetan_is_set_in_its_font_with_room(self, site: str, watch: Watch) -> None:
        page = watch(site).open(f"/?code={WEST}")
        panel(page)
        font, height, size = page.evaluate(
            """() => { const style = getComputedStyle(document.querySelector('#panel [lang=bo]'));
              return [style.fontFamily, parseFloat(style.lineHeight), parseFloat(style.fontSize)]; }"""
        )
        assert "Noto Serif Tibetan" in font
        assert height / size >= 1.8 - 1e-9
        assert page.evaluate("document.fonts.check('16px \"Noto Serif Tibetan\"', 'ཀ')")
