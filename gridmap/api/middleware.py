"""What every answer carries: a request id, the security headers, a nonce for pages that write inline script."""

import secrets
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gridmap.api.errors import unexpected

_POLICY = (
    "default-src 'self'; script-src 'self'{nonce}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:{images}; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)


def security_headers(image_hosts: str, nonce: str = "") -> list[tuple[str, str]]:
    """The headers of every answer but its request id."""
    return [
        ("Content-Security-Policy", _POLICY.format(nonce=nonce, images=image_hosts)),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
    ]


class Envelope:
    """Puts `request_id` and `nonce` in the request's state, and the headers that follow from them on the answer.

    A page that writes inline script asks for its nonce by setting `request.state.uses_nonce`; no other page's policy
    allows inline script at all. `image_hosts` are those of the basemap, when one is configured.

    What can be read can be asked for its headers alone (HEAD), as balancers and link checkers do: it is read, and
    nothing of it is sent.
    """

    def __init__(self, app: ASGIApp, image_hosts: str = "") -> None:
        self.app = app
        self.image_hosts = image_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and completes the answer's headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        if asks_for_head := scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        state["request_id"] = uuid4().hex
        state["nonce"] = secrets.token_urlsafe(16)

        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            started = True
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), state)
            elif asks_for_head:
                message = {**message, "body": b""}
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:
            # Caught here rather than by Starlette's outermost layer, whose answers would lack these headers.
            if started:
                raise
            await unexpected(str(state["request_id"]), error)(scope, receive, send_with_headers)

    def _add(self, headers: MutableHeaders, state: dict[str, object]) -> None:
        nonce = f" 'nonce-{state['nonce']}'" if state.get("uses_nonce") else ""
        for name, value in security_headers(self.image_hosts, nonce):
            headers[name] = value
        headers["X-Request-Id"] = str(state["request_id"])
