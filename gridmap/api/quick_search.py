"""The plain `GET /addresses/search`, answered before routing: people wait for it while they type, or on the telephone.

FastAPI takes ten times as long to bring a request to the search as the search takes. What is in any way unusual falls
through to the ordinary route in `api.address_search`, which OpenAPI describes; both tell the same bytes.
"""

import re
from collections.abc import Callable
from urllib.parse import parse_qsl

from fastapi import Response
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from gridmap.access.rights import RIGHTS
from gridmap.access.service import KEY_PREFIX
from gridmap.addresses.search.asking import Asking
from gridmap.addresses.search.bulk import LONGEST_TEXT
from gridmap.api.address_search import JSON, MOST_FOUND, USUALLY_FOUND, told_json
from gridmap.api.deps import tag_headers
from gridmap.api.known_callers import KnownCallers
from gridmap.errors import GridmapError, InvalidInput
from gridmap.geo.crs import Crs, point_to_lonlat
from gridmap.geo.lonlat import LonLat
from gridmap.settings import Settings
from gridmap.snapshot.addresses import AddressStore
from gridmap.snapshot.follower import Follower

_CGCS2000 = Crs.parse("EPSG:4490")
PATH = "/api/v1/addresses/search"
_NAMES = frozenset({"q", "limit", "autocomplete", "lon", "lat"})
_LIMIT = re.compile("[1-9][0-9]{0,4}", re.ASCII)
_DEGREES = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,17})?", re.ASCII)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class QuickSearch:
    """Stands right before the router."""

    def __init__(self, app: ASGIApp, store: AddressStore, follower: Follower, settings: Settings) -> None:
        self.app = app
        self._store = store
        everything = settings.public_map or settings.public_geocoder
        self._callers = KnownCallers(RIGHTS[f"GET {PATH}"], follower, settings, everything=everything)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or passes the request on."""
        answer = self._answer(scope)
        told = None if answer is None else await run_in_threadpool(answer)
        if told is None:
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})["route"] = PATH
        await told(scope, receive, send)

    def _answer(self, scope: Scope) -> Callable[[], Response | None] | None:
        """What answers the request; None for one that is not plain, or from somebody who is not known."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "GET":
            return None
        asked = None if scope.get("state", {}).get("offline") else read_plain(scope["query_string"])
        known = None if asked is None else self._callers.of(scope["headers"])
        if asked is None or known is None:
            return None
        text, limit, near, autocomplete = asked
        asking = Asking(limit, known.told, near, autocomplete)
        return lambda: self._told(text, asking, known.mark)

    def _told(self, text: str, asking: Asking, mark: str) -> Response | None:
        try:
            served = self._store.current()
            told = told_json(served, text, asking)
            return Response(told, headers=tag_headers(served.mark, mark), media_type=JSON)
        except GridmapError:
            # The ordinary route meets the same, and says so in its way.
            return None


def read_plain(query: bytes) -> tuple[str, int, LonLat | None, bool] | None:
    """The text, how many answers are wanted, the point to weigh by, and whether the text is being typed.

    None for a query that holds anything else, or anything twice, or that the ordinary route may refuse.
    """
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    asked = dict(pairs)
    text, limit = asked.get("q"), asked.get("limit", str(USUALLY_FOUND))
    autocomplete = _FLAGS.get(asked.get("autocomplete", "false"))
    if len(asked) < len(pairs) or not asked.keys() <= _NAMES or autocomplete is None or not _LIMIT.fullmatch(limit):
        return None
    # A key in place of a text is taken out of the address before anybody reads it.
    if text is None or len(text) > LONGEST_TEXT or KEY_PREFIX in text:
        return None
    point = (asked.get("lon"), asked.get("lat"))
    if point == (None, None):
        return text, min(int(limit), MOST_FOUND), None, autocomplete
    near = _point(*point)
    return None if near is None else (text, min(int(limit), MOST_FOUND), near, autocomplete)


def _point(lon: str | None, lat: str | None) -> LonLat | None:
    if lon is None or lat is None or not (_DEGREES.fullmatch(lon) and _DEGREES.fullmatch(lat)):
        return None
    try:
        return point_to_lonlat(_CGCS2000, float(lon), float(lat))
    except InvalidInput:
        return None
