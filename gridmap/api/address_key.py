"""Keys in the address, for map clients that can send no header: taken out before anything writes the address down."""

from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from gridmap.access.service import KEY_PREFIX

TAKES_KEYS = ("/geocoder", "/nominatim", "/ogc", "/tiles")
_PREFIX = "/k/"


class AddressKey:
    """Moves `?key=KEY` and `/k/KEY/…` from the address to the request's state, as `address_key`, on the four paths.

    The scope is changed in place, since the server's own access log reads it when the answer begins. A key that is
    sent elsewhere is of no use, and is taken out all the same.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on without the key."""
        if scope["type"] == "http":
            _take_from_path(scope)
            _take_from_query(scope)
        await self.app(scope, receive, send)


def keyed(request: Request, path: str) -> str:
    """The whole address of another path for the same client, with the key where he put it: he can send no header."""
    root = str(request.base_url).rstrip("/")
    key = getattr(request.state, "address_key", None)
    if key is None:
        return root + path
    in_path = getattr(request.state, "address_key_in_path", False)
    return f"{root}{_PREFIX}{quote(key, safe='')}{path}" if in_path else f"{root}{path}?{urlencode({'key': key})}"


def _take_from_path(scope: Scope) -> None:
    if not scope["path"].startswith(_PREFIX):
        return
    key, _, rest = scope["path"].removeprefix(_PREFIX).partition("/")
    if _takes_keys("/" + rest):
        scope["path"] = "/" + rest
        scope.setdefault("state", {}).update(address_key=key, address_key_in_path=True)
    else:
        scope["path"] = f"{_PREFIX}(key)/{rest}"
    scope["raw_path"] = quote(scope["path"], safe="/:@!$&'()*+,;=~").encode()


def _take_from_query(scope: Scope) -> None:
    query = scope["query_string"]
    if b"key=" not in query and KEY_PREFIX.encode() not in unquote_to_bytes(query):
        return
    takes_keys = _takes_keys(scope["path"])
    kept = []
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if takes_keys and name == "key":
            scope.setdefault("state", {})["address_key"] = value
        elif not value.startswith(KEY_PREFIX):
            kept.append((name, value))
    scope["query_string"] = urlencode(kept).encode()


def _takes_keys(path: str) -> bool:
    return any(path == root or path.startswith(root + "/") for root in TAKES_KEYS)
