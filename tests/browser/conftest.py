"""A real server and a real browser. Every request and every complaint of the browser is kept, and none may leave."""

import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, Request, Route, sync_playwright
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gridmap.app import create_app
from gridmap.db.engine import make_engine, transaction
from gridmap.settings import Settings
from tests.county import county_clone
from tests.postgres import Server

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESK, LAPTOP, PHONE = (1920, 1080), (1366, 768), (390, 844)


@contextmanager
def served(engine: Engine) -> Iterator[str]:
    """The address of the application on a database, served on a free port of this machine."""
    url = engine.url.render_as_string(hide_password=False)
    home = tempfile.TemporaryDirectory(prefix="gridmap-browser-")
    app = create_app(Settings.from_env({}, database_url=url, public_map=True, home=home.name))
    with home, socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=20)
            assert not thread.is_alive()


@contextmanager
def county_site(server: Server, change: Callable[[Session], None] | None = None) -> Iterator[tuple[str, Engine]]:
    """The small county, changed as a test wants it, and served."""
    url = county_clone(server)
    engine = make_engine(url)
    if change is not None:
        with transaction(engine) as session:
            change(session)
    with served(engine) as address:
        yield address, engine
    engine.dispose()
    server.drop(url)


@pytest.fixture(scope="session")
def site(server: Server) -> Iterator[str]:
    """The small county, which no test changes."""
    with county_site(server) as (address, _):
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page and everything about it that must not happen."""

    page: Page
    site: str
    requests: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """The page at a path, when its map has been drawn."""
        self.page.goto(self.site + path)
        if self.page.locator("#map, .folium-map").count():
            self.page.wait_for_selector("[data-ready]")
        return self.page

    def cut(self) -> None:
        """Cuts the network. What the browser then says about failed requests is expected."""
        self.page.context.set_offline(True)

    def _pass(self, route: Route, request: Request) -> None:
        self.requests.append(request.url)
        here = urlsplit(request.url).netloc == urlsplit(self.site).netloc
        if here or request.url.startswith(("data:", "blob:")):
            route.continue_()
        else:
            self.outside.append(request.url)
            route.abort()


@pytest.fixture
def watch(chromium: Browser) -> Iterator[Callable[..., Watched]]:
    """Opens watched pages; at the end nothing may have left the machine and nothing may have been complained of."""
    opened: list[Watched] = []

    def watched(site: str, size: tuple[int, int] = LAPTOP, *, dark: bool = False, large: bool = False) -> Watched:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="zh-CN",
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        if large:
            context.add_cookies([{"name": "gridmap_size", "value": "large", "url": site}])
        watched = Watched(context.new_page(), site)
        context.route("**/*", watched._pass)
        watched.page.on("console", lambda m: watched.complaints.append(m.text) if m.type == "error" else None)
        watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        opened.append(watched)
        return watched

    yield watched
    for each in opened:
        each.page.context.close()
        assert each.outside == []
        # A request that fails because the test cut the network is no fault of the page.
        assert [text for text in each.complaints if "ERR_INTERNET_DISCONNECTED" not in text] == []
