"""The server's short cut: what an application answers at once is sent as it is, all else goes the ordinary way."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from gridmap.serving.protocol import with_short_cut


class App:
    """Knows one answer by heart; tells which of its two doors was used."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def answer_at_once(self, target: bytes, headers: bytes) -> bytes | None:
        if target != b"/known" or headers != LINES:
            return None
        self.asked.append("at once")
        return b"content-length: 5\r\n\r\nknown"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append("in turn")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        await send({"type": "http.response.body", "body": b"other"})


class Wire(asyncio.Transport):
    """What a server writes."""

    def __init__(self) -> None:
        super().__init__()
        self.sent, self.closed = b"", False

    def write(self, data: Any) -> None:
        self.sent += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        """Nothing is read from this."""

    def resume_reading(self) -> None:
        """Nothing is read from this."""


def answered(*received: bytes) -> tuple[App, Wire]:
    """What a connection sends for what it receives, piece by piece."""

    async def run() -> tuple[App, Wire]:
        app, wire, state = App(), Wire(), ServerState()
        state.default_headers = [(b"date", b"today")]
        config = uvicorn.Config(app, access_log=False, proxy_headers=False)
        config.load()
        connection = with_short_cut(app)(config, state, {})
        connection.connection_made(wire)
        for piece in received:
            connection.data_received(piece)
            for _ in range(9):
                await asyncio.sleep(0)
        connection.connection_lost(None)
        return app, wire

    # A thread of its own: a browser of another test may keep a loop in this one.
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, run()).result()


LINES = b"Host: x\r\n\r\n"
KNOWN = b"GET /known HTTP/1.1\r\nHost: x\r\n\r\n"
OTHER = b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n"
TOLD = b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-length: 5\r\n\r\n"


def test_one_connection_goes_both_ways() -> None:
    app, wire = answered(KNOWN, OTHER, KNOWN)
    assert app.asked == ["at once", "in turn", "at once"]
    assert wire.sent == TOLD + b"known" + TOLD + b"other" + TOLD + b"known"


def test_requests_that_come_together_or_in_pieces_are_parsed() -> None:
    app, wire = answered(KNOWN + KNOWN + OTHER, KNOWN)
    assert app.asked == ["in turn", "in turn", "in turn", "at once"]
    assert wire.sent == 3 * (TOLD + b"other") + TOLD + b"known"
    for cut in range(1, len(KNOWN)):
        app, wire = answered(KNOWN[:cut], KNOWN[cut:], KNOWN)
        assert app.asked == ["in turn", "at once"], cut
        assert wire.sent == TOLD + b"other" + TOLD + b"known"


def test_what_looks_like_a_request_within_another_is_none() -> None:
    post = b"POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(KNOWN)
    app, wire = answered(post, KNOWN, KNOWN)
    assert app.asked == ["in turn", "at once"]
    assert wire.sent == TOLD + b"other" + TOLD + b"known"
    app, wire = answered(b"GET /other HTTP/1.1\r\nX: y\r\n", KNOWN)
    assert "at once" not in app.asked


def test_an_unusual_connection_goes_the_ordinary_way() -> None:
    for line in (b"Connection: close\r\n", b"Expect: 100-continue\r\nContent-Length: 1\r\n"):
        app, wire = answered(KNOWN.replace(b"Host", line + b"Host"))
        assert app.asked == ["in turn"], line
        assert wire.sent.startswith(b"HTTP/1.1 200 OK")


def test_nothing_is_answered_behind_a_last_answer() -> None:
    app, wire = answered(OTHER.replace(b"Host", b"Connection: close\r\nHost"), KNOWN)
    assert app.asked == ["in turn"]
    assert wire.closed


def test_a_connection_is_closed_when_nothing_has_come_for_long() -> None:
    async def run() -> None:
        app, wire, state = App(), Wire(), ServerState()
        config = uvicorn.Config(app, access_log=False, proxy_headers=False, timeout_keep_alive=1)
        config.load()
        connection = with_short_cut(app)(config, state, {})
        connection.connection_made(wire)
        connection.data_received(KNOWN)
        began = connection.loop.time()
        await asyncio.sleep(0.6)
        connection.data_received(KNOWN)
        while not wire.closed:
            assert connection.loop.time() < began + 30
            await asyncio.sleep(0.02)
        assert connection.loop.time() - began >= 1.5
        assert app.asked == ["at once", "at once"]
        assert state.total_requests == 2

    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, run()).result()
