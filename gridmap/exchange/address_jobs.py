"""Large tables of addresses coded by as many processes as there are processors, which share the mapped index.

Searching holds the interpreter's lock, so threads would not help. The first rows are answered here at once; the
processes take over when they are ready, and what they can't do is done here as well: the answers are the same.
"""

import atexit
import logging
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from itertools import chain
from typing import ClassVar

from gridmap.addresses.search.index import AddressIndex
from gridmap.exchange.coding_processes import READY, Answer, Row, answer_batch, lead
from gridmap.snapshot.address_pack import Packed

log = logging.getLogger(__name__)

_WORTH_IT = 8
"""A table of so many batches is worth the seconds that processes take to start."""
_AHEAD = 4
_STAY_S = 120.0
"""So long processes wait for another table: whoever sends one often sends the next."""
_one_table = threading.Semaphore(1)
"""More than one table at a time would only share the same processors. Who holds it may touch `_staying`."""


def code_batches(
    index: AddressIndex, answer: Answer, packed: Packed | None, batches: Iterable[list[Row]]
) -> Iterator[list[Row]]:
    """The answers of each batch in their order; at most a few batches are held at a time."""
    processes = len(os.sched_getaffinity(0))
    left = iter(batches)
    if packed is None or processes < 2:
        yield from (answer_batch(index, answer, rows) for rows in left)
        return
    if not Coders.are_ready_for(packed):
        for _, rows in zip(range(_WORTH_IT), left, strict=False):
            yield answer_batch(index, answer, rows)
    first = next(left, None)
    if first is None:
        return
    left = chain((first,), left)
    if not _one_table.acquire(blocking=False):
        yield from (answer_batch(index, answer, rows) for rows in left)
        return
    try:
        yield from Coders.for_table(packed, processes).code(index, answer, left)
    finally:
        _one_table.release()


class Coders:
    """Processes that hold one index, and stay for a while when a table is done."""

    _staying: "ClassVar[Coders | None]" = None

    def __init__(self, packed: Packed, processes: int) -> None:
        self._packed, self._processes = packed, processes
        # Not forked: the threads of a server may hold any lock at that moment.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._leader = context.Process(target=lead, args=(theirs, packed, processes), name="coding")
        self._leader.start()
        theirs.close()
        # The interpreter waits for its children, and they wait for the end of the pipe.
        atexit.register(self.close)
        self._ready = self._broken = False
        self._waiting: deque[list[Row]] = deque()
        self._unwanted = 0
        self._end: threading.Timer | None = None

    @classmethod
    def are_ready_for(cls, packed: Packed) -> bool:
        """Whether those that stay hold this index and wait for a table."""
        coders = cls._staying
        return coders is not None and coders._ready and not coders._broken and coders._packed == packed

    @classmethod
    def for_table(cls, packed: Packed, processes: int) -> "Coders":
        """Those that stayed, when they hold the same index; else others in their place."""
        coders = cls._staying
        if coders is None or coders._broken or coders._packed != packed:
            if coders is not None:
                coders.close()
            coders = cls._staying = cls(packed, processes)
        coders._stay()
        return coders

    def code(
        self, index: AddressIndex, answer: Answer, batches: Iterable[list[Row]]
    ) -> Generator[list[Row], None, None]:
        """The answers, here until the processes are ready."""
        self._stay()
        try:
            for rows in batches:
                if not self.wait_until_ready(0):
                    yield from self._rest(index, answer)
                    yield answer_batch(index, answer, rows)
                    continue
                self._ask(answer, rows)
                if len(self._waiting) > self._processes * _AHEAD:
                    yield self._next(index, answer)
            yield from self._rest(index, answer)
        finally:
            # Whoever asked may be gone; what was asked for is answered all the same.
            self._unwanted += len(self._waiting)
            self._waiting.clear()
            self._stay()

    def wait_until_ready(self, seconds: float) -> bool:
        """Whether the processes can be asked, in so many seconds at the latest."""
        if not (self._ready or self._broken):
            try:
                said = self._pipe.recv_bytes() if self._pipe.poll(seconds) else b""
            except (EOFError, OSError) as error:
                self._give_up(str(error))
            else:
                self._ready = said == READY
                if said and not self._ready:
                    self._give_up(said.decode())
        return self._ready and not self._broken

    def close(self) -> None:
        """Ends the processes."""
        atexit.unregister(self.close)
        if self._end is not None:
            self._end.cancel()
        self._broken = True
        self._pipe.close()

    def join(self) -> None:
        """Waits until they have ended."""
        self._leader.join()

    def _stay(self) -> None:
        """From now on for a while."""
        if self._end is not None:
            self._end.cancel()
        self._end = threading.Timer(_STAY_S, _end_those_that_stay)
        self._end.daemon = True
        self._end.start()

    def _ask(self, answer: Answer, rows: list[Row]) -> None:
        self._waiting.append(rows)
        try:
            self._pipe.send((answer, rows))
        except OSError as error:
            self._give_up(str(error))

    def _rest(self, index: AddressIndex, answer: Answer) -> Iterator[list[Row]]:
        while self._waiting:
            yield self._next(index, answer)

    def _next(self, index: AddressIndex, answer: Answer) -> list[Row]:
        """The answers of the batch that came first; done here if the processes could not."""
        rows = self._waiting.popleft()
        if not self._broken:
            try:
                return self._receive()
            except (EOFError, OSError) as error:
                self._give_up(str(error))
        return answer_batch(index, answer, rows)

    def _receive(self) -> list[Row]:
        while self._unwanted:
            self._pipe.recv_bytes()
            self._unwanted -= 1
        told: list[Row] = self._pipe.recv()
        return told

    def _give_up(self, why: str) -> None:
        self._broken = True
        log.warning("a table is coded in one process: %s", why or "the others have ended")


def _end_those_that_stay() -> None:
    """Unless a table is being coded just now: then it says itself how long they stay."""
    if _one_table.acquire(blocking=False):
        try:
            coders, Coders._staying = Coders._staying, None
            if coders is not None:
                coders.close()
                coders.join()
        finally:
            _one_table.release()
