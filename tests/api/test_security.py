"""Who is let in: keys, sessions, tokens against forged requests, the login page, keys in addresses."""

import logging
import re
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx2 as httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient

from gridmap.access import service
from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import Caller
from gridmap.access.rights import RIGHTS, Right
from gridmap.api.security import CallerDep, route_paths
from gridmap.db.engine import transaction
from tests.api.keys import PASSWORD, Closed, closed_application
from tests.county import COUNTY, record_id
from tests.postgres import Server
from tests.problems import assert_problem

LOCATE = "/api/v1/locate?lon=103.505&lat=34.515"
HOUSEHOLD = f"/api/v1/households/{record_id('H', 1)}"
BROWSER = {"Accept": "text/html,application/xhtml+xml"}
ADMIN = Actor(Caller("cli:test", "admin", "all", ("",)), Origin("test"))


@pytest.fixture
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


@pytest.fixture
def public(server: Server) -> Iterator[Closed]:
    with closed_application(server, public_map=True) as public:
        yield public


def _sign_in(closed: Closed, name: str = "li.si", password: str = PASSWORD, wanted: str = "/map") -> httpx.Response:
    page = closed.client.get("/login", params={"next": wanted}).text
    (token,) = re.findall(r'name="csrf_token" value="([^"]+)"', page)
    form = {"name": name, "password": password, "csrf_token": token, "next": wanted}
    return closed.client.post("/login", data=form, follow_redirects=False)


def _page_token(closed: Closed) -> str:
    """The token that a page of the running session carries."""
    (token,) = re.findall(r'"X-CSRF-Token"\] = "([^"]+)"', closed.client.get("/docs").text)
    return str(token)


def test_without_a_key_nothing_but_health_and_the_login(closed: Closed) -> None:
    response = closed.client.get(LOCATE)
    assert_problem(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"] == "Bearer"
    for path in ("/api/v1/grids", f"/api/v1/divisions/{COUNTY}", "/openapi.json", HOUSEHOLD):
        assert_problem(closed.client.get(path), 401, "unauthenticated")
    for path in ("/healthz", "/readyz", "/login"):
        assert closed.client.get(path).status_code == 200


def test_either_header_carries_a_key(closed: Closed) -> None:
    header = closed.key("reader", "all")
    key = header["Authorization"].removeprefix("Bearer ")
    assert closed.client.get(LOCATE, headers=header).status_code == 200
    assert closed.client.get(LOCATE, headers={"X-API-Key": key}).status_code == 200
    assert closed.client.get(LOCATE, headers={"Authorization": f"bearer {key}"}).status_code == 200


def test_a_wrong_key_is_refused_even_where_none_is_needed(public: Closed) -> None:
    assert public.client.get(LOCATE).status_code == 200
    for wrong in ({"Authorization": "Bearer gm_wrong"}, {"X-API-Key": "gm_wrong"}):
        assert_problem(public.client.get(LOCATE, headers=wrong), 401, "unauthenticated")
    header = public.key("reader", "all")
    assert public.client.get(LOCATE, headers=header).status_code == 200
    with transaction(public.engine) as session:
        (key,) = service.list_keys(session)
        service.revoke_key(session, ADMIN, name=key.name, now=public.now)
    assert_problem(public.client.get(LOCATE, headers=header), 401, "unauthenticated")


def test_a_route_without_an_entry_is_refused_to_everybody(public: Closed) -> None:
    public.app.add_api_route("/forgotten", lambda: "secret", methods=["GET"])
    for headers in ({}, public.key("admin", "all")):
        response = public.client.get("/forgotten", headers=headers)
        assert_problem(response, 403, "forbidden")
        assert "secret" not in response.text


def test_a_person_is_taken_to_the_login_and_back(closed: Closed) -> None:
    closed.user("li.si", "commander", COUNTY)
    response = closed.client.get("/docs?a=1&b=2", headers=BROWSER, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/login?next=/docs%3Fa%3D1%26b%3D2")
    assert_problem(closed.client.get(HOUSEHOLD, headers=BROWSER), 401, "unauthenticated")
    back = _sign_in(closed, wanted="/docs?a=1&b=2")
    assert (back.status_code, back.headers["location"]) == (303, "/docs?a=1&b=2")
    assert closed.client.get("/docs", headers=BROWSER).status_code == 200
    assert closed.client.get(HOUSEHOLD).json()["head"]["phone"] == "138****8000"


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", ""],
)
def test_nobody_is_sent_to_another_host(closed: Closed, wanted: str) -> None:
    closed.user("li.si", "reader", "all")
    assert _sign_in(closed, wanted=wanted).headers["location"] == "/"


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(closed: Closed) -> None:
    closed.user("li.si", "reader", "all")
    cookie = next(c for c in _sign_in(closed).headers.get_list("set-cookie") if c.startswith("gridmap_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    https = TestClient(closed.app, base_url="https://testserver")
    assert "Secure" in https.get("/login").headers["set-cookie"]


def test_a_form_from_elsewhere_signs_nobody_in(closed: Closed) -> None:
    closed.user("li.si", "reader", "all")
    form = {"name": "li.si", "password": PASSWORD, "csrf_token": "guessed"}
    for cookies in ({}, {"gridmap_login": ""}, {"gridmap_login": "other"}):
        client = TestClient(closed.app, cookies=cookies)
        response = client.post("/login", data=form, follow_redirects=False)
        assert response.status_code == 403
        assert "gridmap_session" not in response.headers["set-cookie"]
    assert closed.audit("login") == []


def test_a_change_in_a_session_wants_its_token(closed: Closed) -> None:
    closed.user("li.si", "reader", "all")
    _sign_in(closed)
    for forged in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": ""}):
        assert_problem(closed.client.post("/logout", headers=forged), 403, "forbidden")
    for field in ("x", "汉", ""):
        assert_problem(closed.client.post("/logout", data={"csrf_token": field}), 403, "forbidden")
    assert closed.client.get(LOCATE).status_code == 200, "still signed in"
    body = {"from": "wgs84", "to": "gcj02", "points": [[103.5, 34.5]]}
    assert_problem(closed.client.post("/api/v1/convert", json=body), 403, "forbidden")
    token = _page_token(closed)
    assert closed.client.post("/api/v1/convert", json=body, headers={"X-CSRF-Token": token}).status_code == 200
    key = closed.key("reader", "all")
    assert closed.client.post("/api/v1/convert", json=body, headers=key).status_code == 200, "a key can't be forged"


@pytest.mark.parametrize("in_form", [True, False])
def test_signing_out(closed: Closed, in_form: bool) -> None:
    closed.user("li.si", "reader", "all")
    _sign_in(closed)
    cookie = closed.client.cookies["gridmap_session"]
    token = _page_token(closed)
    sent = {"data": {"csrf_token": token}} if in_form else {"headers": {"X-CSRF-Token": token}}
    response = closed.client.post("/logout", follow_redirects=False, **sent)  # type: ignore[arg-type]
    assert (response.status_code, response.headers["location"]) == (303, "/login")
    stolen = TestClient(closed.app, cookies={"gridmap_session": cookie})
    assert_problem(stolen.get(LOCATE), 401, "unauthenticated")
    assert stolen.post("/logout", follow_redirects=False).status_code == 303
    assert [entry.action for entry in closed.audit("log")] == ["login", "logout"]


def test_an_old_cookie_is_no_cookie(public: Closed) -> None:
    public.user("li.si", "admin", "all")
    _sign_in(public)
    assert public.client.get(HOUSEHOLD).status_code == 200
    public.now += timedelta(minutes=29)
    assert public.client.get(HOUSEHOLD).status_code == 200, "which also keeps the session awake"
    public.now += timedelta(minutes=29)
    assert public.client.get(HOUSEHOLD).status_code == 200
    public.now += timedelta(minutes=31)
    assert_problem(public.client.get(HOUSEHOLD), 401, "unauthenticated")
    assert public.client.get(LOCATE).status_code == 200


def test_many_requests_of_one_page_do_not_refuse_each_other(closed: Closed) -> None:
    closed.user("li.si", "admin", "all")
    _sign_in(closed)
    closed.now += timedelta(minutes=2)
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(closed.client.get(HOUSEHOLD).status_code)) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 12


def test_a_failed_login_keeps_what_was_typed_and_says_when_to_come_back(closed: Closed) -> None:
    closed.user("li.si", "reader", "all")
    for _ in range(4):
        page = _sign_in(closed, password="wrong", wanted="/map?within=62")
        assert page.status_code == 401
        assert 'value="li.si"' in page.text
        assert 'value="/map?within=62"' in page.text
        assert "用户名或密码不正确" in page.text
        assert "wrong" not in page.text
    assert "11-22 10:55" in _sign_in(closed, password="wrong").text, "a quarter of an hour later, Chinese time"
    assert "11-22 10:55" in _sign_in(closed).text
    assert len(closed.audit("login.failed")) == 5
    closed.now += timedelta(minutes=15)
    assert _sign_in(closed).status_code == 303


def test_a_name_that_is_not_there_is_told_like_a_wrong_password(closed: Closed) -> None:
    closed.user("li.si", "reader", "all")
    known = _sign_in(closed, password="wrong").text.replace("li.si", "NAME")
    unknown = _sign_in(closed, name="wang.wu").text.replace("wang.wu", "NAME")
    hide = re.compile(r'csrf_token" value="[^"]+"')
    assert hide.sub("", known) == hide.sub("", unknown)


def test_the_login_page_speaks_both_languages_and_escapes(closed: Closed) -> None:
    assert 'lang="zh-CN"' in closed.client.get("/login").text
    english = closed.client.get("/login?lang=en").text
    assert ('lang="en"' in english, "Password" in english) == (True, True)
    assert "Password" in closed.client.get("/login").text, "the choice is remembered"
    page = _sign_in(closed, name='"><script>alert(1)</script>').text
    assert "<script>alert" not in page
    assert closed.client.post("/login", content=b"\xff\x00", headers={"Content-Type": "text/plain"}).status_code == 403


def test_docs_run_from_our_own_files_and_know_both_headers(public: Closed) -> None:
    page = public.client.get("/docs")
    (nonce,) = re.findall(r'<script nonce="([^"]+)">', page.text)
    assert f"script-src 'self' 'nonce-{nonce}'" in page.headers["content-security-policy"]
    assert re.findall(r'(?:src|href)="(?!/)', page.text) == []
    described = public.client.get("/openapi.json").json()
    assert set(described["components"]["securitySchemes"]) == {"HTTPBearer", "APIKeyHeader"}
    assert described["paths"]["/api/v1/households/{household_id}"]["get"]["security"]
    assert "/login" not in described["paths"]


def test_a_grant_before_its_division_covers_only_its_own_code(closed: Closed) -> None:
    header = closed.key("commander", "990100")
    assert closed.client.get(LOCATE, headers=header).status_code == 200
    assert_problem(closed.client.get(HOUSEHOLD, headers=header), 403, "forbidden")


@pytest.fixture
def served(closed: Closed) -> Iterator[tuple[Closed, str]]:
    """The application behind a real server with its access log, and a route for clients without headers."""

    def tile(_: CallerDep, other: str = "") -> str:
        return other

    closed.app.add_api_route("/tiles/{name}", tile, methods=["GET"])
    closed.app.state.route_paths = route_paths(closed.app)
    RIGHTS["GET /tiles/{name}"] = Right()
    server = uvicorn.Server(uvicorn.Config(closed.app, port=0, log_config=None, log_level="trace", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        host, port = server.servers[0].sockets[0].getsockname()
        yield closed, f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()
        del RIGHTS["GET /tiles/{name}"]


def test_a_key_in_the_address_serves_and_is_never_logged(
    served: tuple[Closed, str], caplog: pytest.LogCaptureFixture
) -> None:
    closed, base = served
    key = closed.key("reader", "all")["Authorization"].removeprefix("Bearer ")
    with caplog.at_level(logging.DEBUG, logger="uvicorn"), httpx.Client(base_url=base) as client:
        assert client.get("/tiles/grid").status_code == 401
        assert client.get(f"/tiles/grid?key={key}&other=%E5%8D%93").json() == "卓", "the rest of the query is kept"
        assert client.get(f"/k/{key}/tiles/grid?other=a%20b").json() == "a b"
        assert client.get("/tiles/grid?key=gm_wrong").status_code == 401
        assert client.get("/k/gm_wrong/tiles/grid").status_code == 401
        assert client.get(f"{LOCATE}&key={key}").status_code == 401, "only where clients can send no header"
        assert client.get(f"/k/{key}{HOUSEHOLD}").status_code == 404
        assert client.get(LOCATE, headers={"X-API-Key": key}).status_code == 200
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("uvicorn"))
    assert logged.count("GET /tiles/grid") == 5
    assert "GET /k/(key)/api" in logged or "GET /k/%28key%29/api" in logged
    assert key not in logged
    assert "gm_" not in logged
