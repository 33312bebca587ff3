"""Answering while the question is still coming in, in bounded memory, whatever the client does first.

A client that sends all before it reads anything (most do) would wait for the server, and a server that writes as it
reads would wait for the client. So what can't be sent yet is kept: a little in memory, the rest in a file.
"""

import asyncio
import tempfile
from collections import deque
from functools import partial
from threading import Lock
from typing import IO, Any

import anyio
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gridmap.errors import GridmapError
from gridmap.exchange.points.counts import PointStream

_BATCH = 2 << 20
_IN_MEMORY = 32 << 20
_IN_FILE = 32 << 30
_SENT_AT_ONCE = 1 << 20
_WAIT_S = 0.05


class PointsAnswer(Response):
    """Sends back what a stream of points makes of the request's body.

    Work is done in threads of its own, so many at a time as the limiter has; the event loop only passes bytes on. The
    answer begins with the first byte that is made: what is refused before is an ordinary error, sent when the body has
    been read, since many clients look at no answer before that. What fails later breaks the connection off, so that
    half an answer is never taken for a whole one.
    """

    def __init__(self, points: PointStream, limiter: CapacityLimiter, headers: dict[str, str]) -> None:
        super().__init__(headers=headers, media_type=points.content_type)
        # The length is not known.
        del self.headers["content-length"]
        self._points = points
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as ASGI has it
        """Reads, works and sends, each at its own pace."""
        body, outbox = _Body(receive), _Outbox()
        sending: asyncio.Task[None] | None = None
        coming = asyncio.create_task(body.batch())
        try:
            while not outbox.closed:
                data, last = await coming
                if not last:
                    coming = asyncio.create_task(body.batch())
                await run_sync(partial(self._work, data, last, outbox), limiter=self._limiter)
                if sending is None and not outbox.empty:
                    sending = asyncio.create_task(self._send(outbox, send))
                outbox.tell()
                await outbox.has_room()
            if sending is not None:
                await sending
        except GridmapError:
            if sending is None:
                await _read_to_end(coming, body)
            raise
        except ClientDisconnect:
            pass
        finally:
            await _ended(coming, sending)
            outbox.discard()

    def _work(self, data: bytes, last: bool, outbox: "_Outbox") -> None:
        for made in self._points.feed(data, last=last):
            outbox.put(made)
        if last:
            outbox.closed = True

    async def _send(self, outbox: "_Outbox", send: Send) -> None:
        # Known only now: a CSV comes back in the encoding it came in.
        self.headers["content-type"] = self._points.content_type
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        while (data := await outbox.next()) is not None:
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _ended(*tasks: "asyncio.Task[Any] | None") -> None:
    """Takes back what is still under way."""
    begun = [task for task in tasks if task is not None]
    for task in begun:
        task.cancel()
    await asyncio.gather(*begun, return_exceptions=True)


async def _read_to_end(coming: "asyncio.Task[tuple[bytes, bool]]", body: "_Body") -> None:
    try:
        _, last = await coming
        while not last:
            _, last = await body.batch()
    except ClientDisconnect:
        pass


class _Body:
    """The request's body in batches that are worth a thread's while."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    async def batch(self) -> tuple[bytes, bool]:
        """The next bytes, and whether they are the last. Raises ClientDisconnect."""
        parts: list[bytes] = []
        size, more = 0, True
        while more and size < _BATCH:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
        return b"".join(parts), not more


class _Outbox:
    """What is still to be sent, in order: the oldest in memory, what doesn't fit there in a file without a name."""

    def __init__(self) -> None:
        self.closed = False
        self._lock = Lock()
        self._memory: deque[bytes | memoryview] = deque()
        self._in_memory = 0
        self._file: IO[bytes] | None = None
        self._read, self._written = 0, 0
        self._news = asyncio.Event()

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._memory and self._read == self._written

    def put(self, data: bytes | memoryview) -> None:
        """Adds something; from any thread."""
        with self._lock:
            if self._read == self._written and self._in_memory < _IN_MEMORY:
                self._memory.append(data)
                self._in_memory += len(data)
                return
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by discard
            self._file.seek(self._written)
            self._file.write(data)
            self._written += len(data)

    def tell(self) -> None:
        """Wakes who waits for the next."""
        self._news.set()

    async def has_room(self) -> None:
        """Waits while far too much is waiting."""
        while self._written - self._read > _IN_FILE:
            await anyio.sleep(_WAIT_S)

    async def next(self) -> bytes | None:
        """What is to be sent next; None when there will be no more."""
        while True:
            self._news.clear()
            if self._memory:
                with self._lock:
                    data = self._memory.popleft()
                    self._in_memory -= len(data)
                return bytes(data)
            if self._read < self._written:
                return await run_sync(self._from_file)
            if self.closed:
                return None
            await self._news.wait()

    def discard(self) -> None:
        """Forgets all of it."""
        if self._file is not None:
            self._file.close()

    def _from_file(self) -> bytes:
        with self._lock:
            if self._file is None:
                return b""
            self._file.seek(self._read)
            data = self._file.read(min(_SENT_AT_ONCE, self._written - self._read))
            self._read += len(data)
            if self._read == self._written:
                self._file.truncate(0)
                self._read = self._written = 0
            return data
