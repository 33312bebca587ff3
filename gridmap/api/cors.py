"""Which routes a page of another address may call from a browser: the geocoder's two wires, tiles, and no others.

They take no cookie and change nothing: a key in the address, or none, is all that counts. So any page of the closed
network may search and show the map; nothing else of the service can be called by a page that is not its own.
"""

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_OPEN = ("/geocoder/", "/nominatim/", "/tiles/")
_OWN_PAGES_TOO = "/tiles/"
_ALLOWED = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Accept-Language, Authorization, Content-Type, X-API-Key, X-Requested-With",
    "Access-Control-Max-Age": "600",
}
_OPENED = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Disposition, ETag, Gridmap-Version, X-Request-Id",
}


class OpenWires:
    """Adds what browsers ask for to the answers of these routes, refusals included, and answers their preflights."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] != "http" or not scope["path"].startswith(_OPEN):
            await self.app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=_ALLOWED)(scope, receive, send)
            return

        async def send_opened(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_OPENED)
            await send(message)

        # A cookie is of no use here: a page of another address could not send one, and must not be able to.
        # Our own pages show tiles to who has signed in, and say no origin when they ask.
        headers = scope["headers"]
        if not scope["path"].startswith(_OWN_PAGES_TOO) or any(name == b"origin" for name, _ in headers):
            headers = [(name, value) for name, value in headers if name != b"cookie"]
        await self.app({**scope, "headers": headers}, receive, send_opened)
