"""The pages as a browser gets them: language, frame, security policy, empty and failing states, caching."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from gridmap.app import create_app
from gridmap.db.engine import transaction
from gridmap.db.model import InstallationFact
from gridmap.settings import Settings
from tests.api.keys import PASSWORD, Closed, closed_application
from tests.county import COUNTY, EAST, NORTH_WEST, SOUTH_WEST, TOWNSHIP, WEST, small_county
from tests.postgres import Server

DOCUMENT = f"/map-data/{COUNTY}.json"
KEY = "0123456789abcdef0123456789abcdef"


def client_of(engine: Engine, **settings: object) -> TestClient:
    url = engine.url.render_as_string(hide_password=False)
    return TestClient(create_app(Settings.from_env({}, database_url=url, public_map=True, **settings)))


@pytest.fixture
def empty(clone: Engine) -> Iterator[TestClient]:
    with client_of(clone) as client:
        yield client


@pytest.fixture
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


class TestFront:
    def test_it_names_the_county_in_both_scripts(self, api: TestClient) -> None:
        page = api.get("/").text
        assert "小县" in page
        assert re.search(r'lang="bo">རྫོང་ཆུང་<', page)
        assert f'href="/map-data/{COUNTY}.json"' in page

    def test_it_tells_version_and_local_time(self, api: TestClient) -> None:
        assert "版本 1 · 01-01 08:00" in api.get("/").text

    def test_another_division_can_be_asked_for(self, api: TestClient) -> None:
        assert f'"within":"{TOWNSHIP}"' in api.get("/", params={"within": TOWNSHIP}).text

    def test_no_inline_script_is_allowed_and_there_is_none(self, api: TestClient) -> None:
        response = api.get("/")
        assert "script-src 'self';" in response.headers["content-security-policy"]
        scripts = re.findall(r"<script([^>]*)>", response.text)
        assert scripts
        assert all("src=" in attributes or "application/json" in attributes for attributes in scripts)
        assert not re.search(r"\son\w+=", response.text)

    def test_an_empty_installation_says_what_to_do(self, empty: TestClient) -> None:
        page = empty.get("/")
        assert page.status_code == 200
        assert "gridmap demo load" in page.text
        assert 'id="map"' not in page.text

    def test_demo_data_carry_a_banner_with_their_source(self, clone: Engine) -> None:
        with transaction(clone) as session:
            small_county(session)
            session.add(InstallationFact(name="demo", value={}))
        with client_of(clone) as client:
            for path in ("/", "/map"):
                assert re.search("演示数据.*示意.*GeoNames（CC BY 4.0）", client.get(path).text, re.DOTALL)

    def test_real_data_carry_none(self, api: TestClient) -> None:
        assert "演示数据" not in api.get("/").text

    def test_the_frame_follows_the_readers_choice(self, api: TestClient) -> None:
        page = api.get("/", headers={"cookie": "gridmap_theme=dark; gridmap_size=large"}).text
        assert '<html lang="zh-CN" data-theme="dark" data-size="large">' in page

    def test_a_strange_choice_is_none(self, api: TestClient) -> None:
        page = api.get("/", headers={"cookie": 'gridmap_theme="><b>; gridmap_size=9'}).text
        assert 'data-theme="auto" data-size="normal"' in page


class TestLanguage:
    def test_asking_for_one_is_remembered(self, clone: Engine) -> None:
        with client_of(clone) as client:
            assert '<html lang="en"' in client.get("/?lang=en").text
            assert '<html lang="en"' in client.get("/").text
            assert '<html lang="zh-CN"' in client.get("/?lang=zh").text

    def test_the_switch_keeps_what_is_on_the_screen(self, api: TestClient) -> None:
        page = api.get("/", params={"within": TOWNSHIP, "code": WEST}).text
        assert f'href="?within={TOWNSHIP}&amp;code={WEST}&amp;lang=en"' in page


class TestSignedIn:
    def test_the_frame_names_who_is_signed_in_and_lets_him_out(self, closed: Closed) -> None:
        closed.user("li.si", "commander", "all")
        client = closed.client
        refused = client.get("/", headers={"accept": "text/html"}, follow_redirects=False)
        assert (refused.status_code, refused.headers["location"]) == (303, "/login?next=/")
        _sign_in(client, "li.si")
        page = client.get("/").text
        assert "li.si" in page
        assert 'href="/login"' not in page
        (token,) = re.findall(r'name="csrf_token" value="([^"]+)"', page)
        assert client.post("/logout", data={"csrf_token": token}, follow_redirects=False).status_code == 303
        assert client.get("/", follow_redirects=False).status_code == 401

    def test_the_maps_are_closed_to_strangers(self, closed: Closed) -> None:
        for path in ("/", "/map", DOCUMENT):
            assert closed.client.get(path, follow_redirects=False).status_code == 401
            assert closed.client.get(path, headers=closed.key("reader", COUNTY)).status_code == 200


class TestScope:
    """A key for the western village, where the map is not public."""

    def test_the_maps_show_what_was_granted_and_nothing_else(self, closed: Closed) -> None:
        west = closed.key("reader", WEST)
        assert f'"within":"{WEST}"' in closed.client.get("/", headers=west).text
        assert "东北" not in closed.client.get("/map", headers=west).text
        whole = closed.client.get(DOCUMENT, headers=west).json()["objects"]
        assert [grid["id"] for grid in whole["grid"]["geometries"]] == [NORTH_WEST, SOUTH_WEST]
        assert whole.keys() == {"village", "grid", "group"}

    def test_elsewhere_they_are_refused_in_words(self, closed: Closed) -> None:
        west = closed.key("reader", WEST)
        for path in (f"/?within={EAST}", f"/map?within={EAST}"):
            response = closed.client.get(path, headers=west)
            assert response.status_code == 403
            assert "无权查看" in response.text
        assert closed.client.get(f"/map-data/{EAST}.json", headers=west).status_code == 403

    def test_nobody_is_given_what_was_made_for_somebody_else(self, closed: Closed) -> None:
        everything, west = closed.key("reader", "all"), closed.key("reader", WEST)
        for keys in ((everything, west, everything), (west, everything, west)):
            sizes = [
                len(closed.client.get(DOCUMENT, headers=key).json()["objects"]["grid"]["geometries"]) for key in keys
            ]
            assert sizes == [4 if key is everything else 2 for key in keys]
        tag = closed.client.get(DOCUMENT, headers=everything).headers["etag"]
        assert closed.client.get(DOCUMENT, headers=west | {"if-none-match": tag}).status_code == 200
        assert "东北" in closed.client.get("/map", params={"within": COUNTY}, headers=everything).text
        assert "东北" not in closed.client.get("/map", params={"within": COUNTY}, headers=west).text

    def test_a_grids_own_fieldworker_sees_that_grid(self, closed: Closed) -> None:
        document = closed.client.get(f"/map-data/{WEST}.json", headers=closed.key("fieldworker", NORTH_WEST)).json()
        assert [grid["id"] for grid in document["objects"]["grid"]["geometries"]] == [NORTH_WEST]


def _sign_in(client: TestClient, name: str) -> None:
    (token,) = re.findall(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)
    form = {"csrf_token": token, "name": name, "password": PASSWORD, "next": "/"}
    assert client.post("/login", data=form, follow_redirects=False).headers["location"] == "/"


class TestProblems:
    def test_an_unknown_division_is_a_page_in_words(self, api: TestClient) -> None:
        response = api.get("/map", params={"within": "999999"})
        assert response.status_code == 404
        assert response.headers["content-type"].startswith("text/html")
        assert "没有找到" in response.text
        assert "999999" in response.text

    def test_a_malformed_code_is_told_and_not_echoed_as_markup(self, api: TestClient) -> None:
        response = api.get("/map", params={"within": "<img src=x onerror=alert(1)>"})
        assert response.status_code == 422
        assert "within" in response.text
        assert "<img" not in response.text

    def test_without_a_database_the_page_says_so(self) -> None:
        nowhere = "postgresql://gridmap@/none?host=/nonexistent"
        with TestClient(create_app(Settings.from_env({}, database_url=nowhere, public_map=True))) as client:
            response = client.get("/")
        assert response.status_code == 503
        assert "暂时无法读取" in response.text
        assert 'data-state="away"' in response.text

    def test_an_e_map_of_nothing_says_what_to_do(self, empty: TestClient) -> None:
        response = empty.get("/map")
        assert response.status_code == 404
        assert "gridmap demo load" in response.text


class TestDocument:
    def test_it_is_not_sent_again_while_nothing_was_published(self, api: TestClient) -> None:
        first = api.get(DOCUMENT)
        assert first.status_code == 200
        again = api.get(DOCUMENT, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")

    def test_it_is_the_same_plain_and_compressed(self, api: TestClient) -> None:
        plain = api.get(DOCUMENT, headers={"accept-encoding": "identity"})
        compressed = api.get(DOCUMENT, headers={"accept-encoding": "gzip"})
        assert "content-encoding" not in plain.headers
        assert compressed.headers["content-encoding"] == "gzip"
        assert plain.json() == compressed.json()

    def test_a_publish_is_seen_at_once(self, clone: Engine) -> None:
        with transaction(clone) as session:
            small_county(session)
        with client_of(clone) as client:
            before = client.get(DOCUMENT)
            with clone.begin() as connection:
                connection.exec_driver_sql(
                    "INSERT INTO dataset_version (version, actor, summary) VALUES (2, 'test', 'renamed')"
                )
                connection.exec_driver_sql("UPDATE grid_version SET name = '新名'")
            after = client.get(DOCUMENT, headers={"if-none-match": before.headers["etag"]})
        assert after.json()["version"] == 2
        assert {grid["properties"]["name"] for grid in after.json()["objects"]["grid"]["geometries"]} == {"新名"}

    def test_an_unknown_division_is_a_problem_for_programs(self, api: TestClient) -> None:
        response = api.get("/map-data/999999.json")
        assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


class TestEMap:
    def test_its_scripts_run_by_a_nonce_that_no_other_answer_has(self, api: TestClient) -> None:
        nonces = set()
        for _ in range(2):
            response = api.get("/map")
            (nonce,) = re.findall(r"<script nonce=\"([^\"]+)\">", response.text)
            assert f"script-src 'self' 'nonce-{nonce}'" in response.headers["content-security-policy"]
            nonces.add(nonce)
        assert len(nonces) == 2

    def test_it_names_no_other_host(self, api: TestClient) -> None:
        assert not re.findall(r"(?:https?:)?//[\w.-]+\.\w+", api.get("/map").text)

    def test_it_holds_its_data(self, api: TestClient) -> None:
        page = api.get("/map").text
        assert f'"code":"{NORTH_WEST}"' in page
        assert "ནུབ་གྲོང་" in page

    def test_any_division_has_one(self, api: TestClient) -> None:
        page = api.get("/map", params={"within": WEST}).text
        assert f'"code":"{NORTH_WEST}"' in page
        assert "东北" not in page

    def test_a_tianditu_key_adds_its_pairs_and_allows_their_pictures(self, clone: Engine) -> None:
        with transaction(clone) as session:
            small_county(session)
        with client_of(clone, tianditu_key=KEY) as client:
            response = client.get("/map")
        layers = re.findall(rf"tianditu\.gov\.cn/(\w+)_w/wmts[^\"]*tk={KEY}", response.text)
        assert layers == ["vec", "cva", "img", "cia", "ter", "cta"]
        assert "img-src 'self' data: blob: https://*.tianditu.gov.cn;" in response.headers["content-security-policy"]
