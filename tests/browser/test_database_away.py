"""The database goes away under an open map: the county stays on the screen, says from when it is, and comes back."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Watched, county_site
from tests.browser.test_maps import AXE
from tests.county import NORTH_WEST, at
from tests.homes import eventually
from tests.postgres import Server

Watch = Callable[..., Watched]
# Draws the tiles as another program would, and tells what of them is there.
DRAW_TILES = """async ([lon, lat]) => {
  const holder = document.body.appendChild(document.createElement("div"));
  holder.style.cssText = "position:fixed;left:0;top:0;width:400px;height:400px;z-index:99";
  const url = "/tiles/grids/{z}/{x}/{y}.mvt";
  const source = new ol.source.VectorTile({ format: new ol.format.MVT(), url, maxZoom: 16 });
  const layer = new ol.layer.VectorTile({ source });
  const view = new ol.View({ center: ol.proj.fromLonLat([lon, lat]), zoom: 13 });
  const map = new ol.Map({ target: holder, layers: [layer], view, controls: [] });
  await new Promise((done) => map.once("rendercomplete", done));
  const here = await layer.getFeatures(map.getPixelFromCoordinate(view.getCenter()));
  const all = new Set(layer.getFeaturesInExtent(view.calculateExtent()).map((feature) => feature.get("code")));
  map.setTarget(null);
  holder.remove();
  return [here.map((feature) => feature.get("name")), all.size];
}"""


def test_the_map_stays_and_says_so(server: Server, watch: Watch, tmp_path: Path) -> None:
    with county_site(server) as (site, engine):
        name = engine.url.database
        watched = watch(site)
        page = watched.open("/")
        banner = page.locator("#degraded")
        expect(banner).to_be_hidden()
        assert eventually(lambda: page.request.get(f"{site}/tiles/grids.json").ok)
        _close(server, name)
        page = watched.open("/")
        expect(banner).to_contain_text("快照，版本 1")
        expect(page.locator("#freshness")).to_have_attribute("data-state", "snapshot")
        page.locator("#map").focus()
        page.goto(f"{site}/?code={NORTH_WEST}")
        expect(page.locator("#panel")).to_contain_text("西北")
        expect(page.locator("#panel")).to_contain_text("双村")
        expect(page.locator("#panel .error")).to_have_count(0)
        assert page.evaluate(DRAW_TILES, list(at(NORTH_WEST))) == [["西北"], 4]
        page.evaluate(AXE)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
        assert [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found] == []
        page.screenshot(path=tmp_path / "laptop.png")
        emap = watch(site, PHONE).open("/map")
        expect(emap.locator("#degraded")).to_be_visible()
        expect(emap.locator(".map-label", has_text="001").first).to_be_visible()
        emap.screenshot(path=tmp_path / "phone.png")
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        assert eventually(lambda: page.request.get(f"{site}/readyz").json()["status"] == "ready")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(banner).to_be_hidden()


def _close(server: Server, name: str | None) -> None:
    """Nobody is let in, and who is there is thrown out."""
    server.execute(
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )
