"""A real server and a real browser. Every request and every complaint of the browser is kept, and none may leave."""

import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Thread
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright
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
    # Nothing can leave: no name is known but this machine's. A route for every request would see to that as well, and
    # would have each file of each page fetched anew.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
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


class Window:
    """A window of the browser that is used for one test after the other, with nothing kept of its users.

    The files of pages that it has read before, and a process that runs as long as its first, empty page is open, are
    half of what a new window costs.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self._empty = context.new_page()
        self._session = context.new_cdp_session(self._empty)

    def forget(self, site: str) -> None:
        """Closes its pages and forgets whoever looked at a site."""
        for page in self.context.pages:
            if page != self._empty:
                page.close()
        kept = "cookies,local_storage,indexeddb,cache_storage,service_workers"
        self._session.send("Storage.clearDataForOrigin", {"origin": site, "storageTypes": kept})
        self.context.clear_cookies()
        self.context.set_offline(False)


class Chromium:
    """One browser, and the windows that nobody uses just now, by their size and whether they are dark."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self._free: dict[tuple[tuple[int, int], bool], list[Window]] = {}

    @contextmanager
    def window(self, site: str, size: tuple[int, int], *, dark: bool) -> Iterator[BrowserContext]:
        """One that no other test uses."""
        free = self._free.setdefault((size, dark), [])
        window = free.pop() if free else Window(self._new(size, dark=dark))
        yield window.context
        window.forget(site)
        free.append(window)

    @contextmanager
    def new_window(self, size: tuple[int, int], *, dark: bool) -> Iterator[BrowserContext]:
        """One that has read nothing before."""
        context = self._new(size, dark=dark)
        yield context
        context.close()

    def _new(self, size: tuple[int, int], *, dark: bool) -> BrowserContext:
        return self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="zh-CN",
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield Chromium(browser)
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
        """Cuts the network, and takes away what was kept. That requests then fail is no fault of the page."""
        self.page.context.new_cdp_session(self.page).send("Network.clearBrowserCache")
        self.page.context.set_offline(True)

    def note_request(self, request: Request) -> None:
        self.requests.append(request.url)
        here = urlsplit(request.url).netloc == urlsplit(self.site).netloc
        if not here and not request.url.startswith(("data:", "blob:")):
            self.outside.append(request.url)

    def note_complaint(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(said.text)


@pytest.fixture
def watch(chromium: Chromium) -> Iterator[Callable[..., Watched]]:
    """Opens watched pages; at the end nothing may have left the machine and nothing may have been complained of."""
    opened: list[Watched] = []
    with ExitStack() as stack:

        def watched(
            site: str,
            size: tuple[int, int] = LAPTOP,
            *,
            dark: bool = False,
            large: bool = False,
            fresh: bool = False,
        ) -> Watched:
            window = chromium.new_window(size, dark=dark) if fresh else chromium.window(site, size, dark=dark)
            context = stack.enter_context(window)
            if large:
                context.add_cookies([{"name": "gridmap_size", "value": "large", "url": site}])
            watched = Watched(context.new_page(), site)
            context.on("request", watched.note_request)
            stack.callback(context.remove_listener, "request", watched.note_request)
            watched.page.on("console", watched.note_complaint)
            watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
            opened.append(watched)
            return watched

        yield watched
    for each in opened:
        assert each.outside == []
        assert [text for text in each.complaints if "ERR_INTERNET_DISCONNECTED" not in text] == []
