"""HTTP as uvicorn speaks it, with a short cut: what an application can answer at once is sent as the bytes it gives.

A request that takes it costs neither a task nor a look at every header that is sent. All others, and this one whenever
anything about the connection is unusual, go the ordinary way; under another server nothing does anything else.
"""

from typing import Any, Protocol

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gridmap.serving.wire import Wire


class AnswersAtOnce(Protocol):
    """An application that knows some answers by heart."""

    def answer_at_once(self, scope: Scope) -> bytes | None:
        """The answer, of status 200, from behind the status line and the server's own headers on; None for others."""


def with_short_cut(app: AnswersAtOnce) -> type[Wire]:
    """The protocol of a server whose application is this one."""

    class ShortCut(Wire):
        _heads: tuple[Any, bytes] = (None, b"")

        def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
            usual = cycle.keep_alive and not cycle.waiting_for_100_continue and not self.flow.write_paused
            scope: Any = cycle.scope
            answer = answer_at_once(scope) if usual else None
            if answer is None:
                super()._start_asgi_task(cycle, app)
                return
            self.transport.write(self._head() + answer)
            cycle.response_started = cycle.response_complete = True
            cycle.message_event.set()
            cycle.on_response()

        def _head(self) -> bytes:
            """The status line and the server's headers, which are others every second."""
            headers = self.server_state.default_headers
            if headers is not ShortCut._heads[0]:
                lines = b"".join(b"%b: %b\r\n" % header for header in headers)
                ShortCut._heads = headers, b"HTTP/1.1 200 OK\r\n" + lines
            return ShortCut._heads[1]

    answer_at_once = app.answer_at_once
    return ShortCut
