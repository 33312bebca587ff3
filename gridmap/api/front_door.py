"""The plain `GET /locate`, answered before FastAPI: that one is asked a hundred times as often as all others.

Whatever is in any way unusual falls through to the ordinary route in `api.locate`: another parameter, a number that
isn't plain, a key that is not known, a browser's session, a condition. So the two agree: here is only what has passed
through there a thousand times. OpenAPI describes the ordinary route.
"""

import re
import time
from dataclasses import dataclass
from itertools import count
from os import urandom

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from gridmap import __version__
from gridmap.access.rights import RIGHTS
from gridmap.api.known_callers import Headers, Known, KnownCallers
from gridmap.api.locating import state_of
from gridmap.api.metrics import Metrics
from gridmap.api.middleware import security_headers
from gridmap.errors import InvalidInput
from gridmap.geo.crs import Crs, point_to_lonlat
from gridmap.settings import Settings
from gridmap.snapshot.answers import Answers
from gridmap.snapshot.follower import Follower
from gridmap.snapshot.reader import Snapshot

PATH = "/api/v1/locate"
_NUMBER = rb"(-?[0-9]{1,3}(?:\.[0-9]{1,17})?)"
_POINT = (
    rb"(?:lon=" + _NUMBER + rb"&lat=" + _NUMBER + rb"(?:&crs=([A-Za-z0-9:]{3,9}))?"
    rb"|lat=" + _NUMBER + rb"&lon=" + _NUMBER + rb")"
)
_QUERY = re.compile(_POINT)
_TARGET = re.compile(re.escape(PATH.encode()) + rb"\?" + _POINT)
_AS_GIVEN = frozenset({b"EPSG:4490", b"EPSG:4326", b"wgs84", b"cgcs2000"})
_SHIFTED = frozenset({b"gcj02", b"bd09"})
_REST = b"%bcontent-length: %d\r\nx-request-id: %b\r\n\r\n%b"


@dataclass(frozen=True, slots=True)
class _Head:
    """The headers that are the same in every answer to somebody, and they as the lines that are sent."""

    pairs: Headers
    lines: bytes


class FrontDoor:
    """The outermost ASGI callable of the application that it is put before."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        settings: Settings = app.state.settings
        self._follower: Follower = app.state.follower
        self._metrics: Metrics = app.state.metrics
        self._callers = KnownCallers(RIGHTS[f"GET {PATH}"], self._follower, settings, everything=settings.public_map)
        self._snapshot: Snapshot | None = None
        self._heads: dict[Known, _Head] = {}
        self._always: Headers = [
            *((name.lower().encode(), value.encode()) for name, value in security_headers(app.state.image_hosts)),
            (b"content-type", b"application/json"),
            (b"cache-control", b"private, no-cache"),
            (b"vary", b"Authorization, X-API-Key, Cookie"),
        ]
        # As unlikely to come twice as what the others get, at a tenth of the cost.
        self._prefix, self._numbers = urandom(8).hex().encode(), count(int.from_bytes(urandom(4)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or passes the request on."""
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "GET":
            began = time.perf_counter()
            asked = _QUERY.fullmatch(scope["query_string"])
            answer = None if asked is None else self._answer(asked, self._callers.of(scope["headers"]))
            if answer is not None:
                head, number, body = answer
                own = [(b"content-length", b"%d" % len(body)), (b"x-request-id", number)]
                await send({"type": "http.response.start", "status": 200, "headers": [*head.pairs, *own]})
                await send({"type": "http.response.body", "body": body})
                self._metrics.observe("GET", PATH, 200, time.perf_counter() - began)
                return
        await self.app(scope, receive, send)

    def answer_at_once(self, target: bytes, headers: bytes) -> bytes | None:
        """The same answer as bytes, from behind the server's own headers on; None for what `__call__` is needed for.

        `headers` are the lines of a request behind its first; more than one whole request is not answered.
        """
        asked = _TARGET.fullmatch(target)
        if asked is None:
            return None
        began = time.perf_counter()
        answer = self._answer(asked, self._callers.of_lines(headers))
        if answer is None:
            return None
        head, number, body = answer
        sent = _REST % (head.lines, len(body), number, body)
        self._metrics.observe("GET", PATH, 200, time.perf_counter() - began)
        return sent

    def _answer(self, asked: re.Match[bytes], known: Known | None) -> tuple[_Head, bytes, bytes] | None:
        """The headers, the request's number and the body."""
        if known is None:
            return None
        snapshot = self._follower.snapshot
        if snapshot is None:
            return None
        point = _point(*asked.groups())
        body = None if point is None else Answers.of(snapshot).answer(*point, known.told)
        if body is None:
            return None
        if snapshot is not self._snapshot:
            self._snapshot, self._heads = snapshot, {}
        head = self._heads.get(known) or self._head(snapshot, known)
        return head, b"%b%016x" % (self._prefix, next(self._numbers)), body

    def _head(self, snapshot: Snapshot, known: Known) -> _Head:
        etag = f'"{__version__}-{state_of(snapshot)}-{known.mark}"'.encode()
        pairs = [*self._always, (b"etag", etag)]
        self._heads[known] = _Head(pairs, b"".join(b"%b: %b\r\n" % pair for pair in pairs))
        return self._heads[known]


def _point(
    lon: bytes | None, lat: bytes | None, crs: bytes | None, lat_first: bytes | None, lon_second: bytes | None
) -> tuple[float, float] | None:
    """The point in EPSG:4490 degrees; None for one that the ordinary route has something to say about."""
    x, y = float(lon or lon_second or b""), float(lat or lat_first or b"")
    if not (-180 <= x <= 180 and -90 <= y <= 90):
        return None
    if crs is None or crs in _AS_GIVEN:
        return x, y
    if crs not in _SHIFTED:
        return None
    try:
        point = point_to_lonlat(Crs.parse(crs.decode()), x, y)
    except InvalidInput:
        return None
    return point.lon, point.lat
