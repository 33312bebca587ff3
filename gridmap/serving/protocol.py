"""HTTP as uvicorn speaks it, with a short cut: what an application can answer at once is sent as the bytes it gives.

A request that takes it is never parsed: it came whole, alone and when nothing else was under way, and the application
knows its target and its headers by sight. All others go the ordinary way; under another server nothing else happens.
"""

from typing import Any, ClassVar, Protocol

from gridmap.serving.wire import Wire

_BEFORE, _BEHIND = b"GET ", b" HTTP/1.1"


class AnswersAtOnce(Protocol):
    """An application that knows some answers by heart."""

    def answer_at_once(self, target: bytes, headers: bytes) -> bytes | None:
        """The answer, of status 200, from behind the status line and the server's own headers on; None for others.

        `headers` are the lines behind the request's first, as they came, with the empty one: of any form at all.
        """


class ShortCut(Wire):
    """A connection of a server whose application knows answers by heart."""

    knows: ClassVar[AnswersAtOnce]
    _heads: ClassVar[tuple[Any, bytes]] = (None, b"")
    _parsing = False
    _answered = 0.0

    def data_received(self, data: bytes) -> None:
        """Answers what is known, or has it parsed."""
        answer = self._known(data) if self._is_idle() else None
        if answer is None:
            super().data_received(data)
            return
        self.transport.write(self._head() + answer)
        self.server_state.total_requests += 1
        self._wait_for_the_next()

    def on_message_begin(self) -> None:
        """The parser has seen a request begin."""
        self._parsing = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """The parser has seen its end."""
        self._parsing = False
        super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing has come for long, unless something was answered at once meanwhile."""
        left = self._answered + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def _wait_for_the_next(self) -> None:
        """As after any answer, but one alarm serves many: to set it anew each time would take a fifth of all."""
        self._answered = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _is_idle(self) -> bool:
        """Whether nothing is being read or answered, so that what comes is the begin of a request."""
        return not (self._parsing or self.flow.write_paused or self.transport.is_closing() or self._answering())

    def _known(self, data: bytes) -> bytes | None:
        line, _, headers = data.partition(b"\r\n")
        if line[:4] != _BEFORE or line[-9:] != _BEHIND:
            return None
        return self.knows.answer_at_once(line[4:-9], headers)

    def _head(self) -> bytes:
        """The status line and the server's headers, which are others every second."""
        headers = self.server_state.default_headers
        if headers is not ShortCut._heads[0]:
            lines = b"".join(b"%b: %b\r\n" % header for header in headers)
            ShortCut._heads = headers, b"HTTP/1.1 200 OK\r\n" + lines
        return ShortCut._heads[1]


def with_short_cut(app: AnswersAtOnce) -> type[ShortCut]:
    """The protocol of a server whose application is this one."""

    class ToApp(ShortCut):
        knows = app

    return ToApp
