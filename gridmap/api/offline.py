"""When the database is away: what of the map is told from the snapshot, and how a request comes to be answered so.

A request that finds the database gone in the middle is answered again from the snapshot, so that nobody sees an error
on the day the disk dies: it was a reading one, nothing of its answer has been sent, and nothing of its body read.
"""

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gridmap.errors import DatabaseUnavailable
from gridmap.snapshot.follower import Follower
from gridmap.snapshot.reader import Snapshot

_API = ("locate", "convert", "divisions", "grids", "layers", "addresses/search", "addresses/reverse")
_TOLD = ("/metrics", "/map-data/", "/tiles/", "/geocoder/", "/nominatim/", *(f"/api/v1/{part}" for part in _API))
_PAGES = frozenset({"/", "/map"})
_READING = frozenset({"GET", "HEAD"})
_TABLES = ("/api/v1/addresses", "/geocoder")
_ASKING = frozenset(
    {
        "/api/v1/locate",
        "/api/v1/convert",
        *(f"{root}/{asked}/csv{end}" for root in _TABLES for asked in ("search", "reverse") for end in ("", "/")),
    }
)


def only_reads(method: str, path: str) -> bool:
    """Whether a request changes nothing: a question that is too long for an address is sent with POST."""
    return method in _READING or (method == "POST" and path in _ASKING)


def get_follower(request: Request) -> Follower:
    """What keeps the process's snapshot and keys true."""
    follower: Follower = request.app.state.follower
    return follower


def is_offline(request: Request) -> bool:
    """Whether this request is answered without the database."""
    return bool(getattr(request.state, "offline", False))


def offline_snapshot(request: Request) -> Snapshot | None:
    """The snapshot to answer from when the database is away; None when it is there. Raises DatabaseUnavailable."""
    if not is_offline(request):
        return None
    snapshot = get_follower(request).snapshot
    if snapshot is None:
        raise DatabaseUnavailable("The database can't be reached just now, and there is no snapshot yet.")
    return snapshot


def _is_told(method: str, path: str) -> bool:
    return (path in _PAGES or path.startswith(_TOLD)) and only_reads(method, path)


class Offline:
    """Answers readings of the map from the snapshot while the database is away."""

    def __init__(self, app: ASGIApp, follower: Follower) -> None:
        self.app = app
        self.follower = follower

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, and once more when the database was found to be away."""
        if scope["type"] != "http" or not _is_told(scope["method"], scope["path"]):
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        if self.follower.away_since is None:
            # What came in a body can't be read twice; whoever sent it tries again.
            held = _Held(state, send) if scope["method"] in _READING else None
            # A copy: routing writes into the scope what it found.
            await self.app({**scope}, receive, held or send)
            if state.get("database_away"):
                self.follower.note_away()
            if held is None or not held.refused:
                return
        state["offline"] = True
        await self.app(scope, receive, send)


class _Held:
    """Sends an answer on, unless it says that the database is away."""

    def __init__(self, state: dict[str, object], send: Send) -> None:
        self._state = state
        self._send = send
        self.refused = False

    async def __call__(self, message: Message) -> None:
        """`api.errors` notes in the request's state why it refused."""
        if message["type"] == "http.response.start" and self._state.get("database_away"):
            self.refused = True
        if not self.refused:
            await self._send(message)
