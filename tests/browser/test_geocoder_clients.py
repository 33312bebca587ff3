"""Geocoding clients that know nothing of us, unmodified, pointed at a running server: they find the right door."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from geopy.geocoders import BANFrance, Nominatim
from playwright.sync_api import expect

from gridmap.access import service
from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import Caller
from gridmap.db.engine import transaction
from tests.browser.conftest import Chromium, county_site
from tests.county import NORTH_WEST, WEST, at, record_id
from tests.postgres import Server

LABEL = "试验省练习州小县双村镇西村1号"
MODULES = Path(__file__).parents[2] / "node_modules"
PAGE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/leaflet/dist/leaflet.css">
<link rel="stylesheet" href="/leaflet-control-geocoder/dist/Control.Geocoder.css">
<div id="map" style="height: 400px"></div>
<script src="/leaflet/dist/leaflet.js"></script>
<script src="/leaflet-control-geocoder/dist/Control.Geocoder.js"></script>
"""


@pytest.fixture(scope="module")
def keyed(server: Server) -> Iterator[str]:
    """The address of the service with a reader's key in its path; without a key it tells nothing."""
    with county_site(server) as (address, engine):
        with transaction(engine) as session:
            actor = Actor(Caller("cli:test", "admin", "all", ("",)), Origin("test"))
            key = service.add_key(session, actor, name="map", role="reader", scope="all", personal=False)
        yield f"{address}/k/{key}"


def test_geopy_with_the_french_service(keyed: str) -> None:
    client = BANFrance(domain=f"{keyed.removeprefix('http://')}/geocoder", scheme="http", timeout=20)
    lon, lat = at(NORTH_WEST, 0.2, 0.8)
    found = client.geocode("双村镇 西邨１號")
    assert (found.address, found.longitude, found.latitude) == (LABEL, lon, lat)
    assert found.raw["properties"]["id"] == record_id("A", 1)
    near = client.reverse((lat + 0.0001, lon))
    assert (near.address, near.raw["properties"]["distance"]) == (LABEL, 11)
    assert client.geocode("北京市朝阳区建国路88号") is None
    place = client.geocode("双村镇西村99号", exactly_one=False)
    assert [feature.raw["properties"]["type"] for feature in place] == ["locality"]


def test_geopy_with_nominatim(keyed: str) -> None:
    client = Nominatim(
        domain=f"{keyed.removeprefix('http://')}/nominatim", scheme="http", user_agent="a test", timeout=20
    )
    lon, lat = at(NORTH_WEST, 0.2, 0.8)
    found = client.geocode("双村镇西村1号", addressdetails=True)
    assert (found.address, found.longitude, found.latitude) == (LABEL, lon, lat)
    assert found.raw["address"] == {
        "house_number": "1号", "village": "西村", "town": "双村镇", "county": "小县", "state_district": "练习州",
        "state": "试验省", "country": "中国", "country_code": "cn",
    }  # fmt: skip
    parts = {"state": "试验省", "county": "小县", "city": "双村镇", "street": "西村1号"}
    assert client.geocode(parts).address == LABEL
    assert client.geocode("西村1号", viewbox=[(34, 100), (34.1, 100.1)], bounded=True) is None
    assert client.geocode("西村1号", country_codes="fr") is None
    assert client.reverse((lat, lon)).address == LABEL
    assert client.reverse((lat, lon), zoom=15).raw["display_name"] == LABEL.removesuffix("1号")
    assert client.reverse((10, 10)) is None


def test_leaflet_control_geocoder_on_a_page_of_another_address(keyed: str, chromium: Chromium, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(PAGE, encoding="utf-8")
    for name in ("leaflet", "leaflet-control-geocoder"):
        (tmp_path / name).symlink_to(MODULES / name)
    handler = partial(_Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        page = chromium.browser.new_page()
        page.goto(f"http://127.0.0.1:{other.server_address[1]}/index.html")
        page.evaluate(
            """service => {
            const map = L.map('map').setView([34.51, 103.51], 14);
            window.geocoder = L.Control.Geocoder.nominatim({serviceUrl: service});
            L.Control.geocoder({geocoder, defaultMarkGeocode: true, collapsed: false}).addTo(map);
        }""",
            f"{keyed}/nominatim/",
        )
        lon, lat = at(NORTH_WEST, 0.2, 0.8)
        told: list[dict[str, Any]] = page.evaluate("text => geocoder.geocode(text)", "双村西村一号")
        assert (told[0]["name"], told[0]["center"]) == (LABEL, {"lat": lat, "lng": lon})
        near: list[dict[str, Any]] = page.evaluate(
            "([lat, lng]) => geocoder.reverse({lat, lng}, 256 * 2 ** 18)", [lat, lon]
        )
        assert near[0]["name"] == LABEL
        photon = "L.Control.Geocoder.photon({serviceUrl: service + 'search/', reverseUrl: service + 'reverse/'})"
        for asked in (
            "geocode('双村西村一号', {map: null})",
            "suggest('双村西村1号')",
            f"reverse({{lat: {lat}, lng: {lon}}}, 1)",
        ):
            found = page.evaluate(f"service => {photon}.{asked}", f"{keyed}/geocoder/")
            assert (found[0]["name"], found[0]["properties"]["label"]) == ("西村1号, 西村, 小县", LABEL)
        # As a person uses it: typed into the control, chosen, told in a pop-up on the map.
        page.locator(".leaflet-control-geocoder-form input").fill("双村西村一号")
        page.keyboard.press("Enter")
        # The control tells a number only behind a street's name, and this door has no street.
        expect(page.locator(".leaflet-popup-content")).to_contain_text("西村")
        bare = keyed.split("/k/", maxsplit=1)[0]
        assert page.evaluate("url => fetch(url).then(a => a.status)", f"{bare}/geocoder/search/?q=1") == 401
        closed = "url => fetch(url).then(() => 'told', () => 'kept')"
        assert page.evaluate(closed, f"{bare}/api/v1/divisions") == "kept"
        page.close()
        other.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_the_village_has_a_code(keyed: str) -> None:
    client = BANFrance(domain=f"{keyed.removeprefix('http://')}/geocoder", scheme="http", timeout=20)
    assert client.geocode("双村镇西村").raw["properties"]["id"] == WEST
