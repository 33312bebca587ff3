"""Large tables of addresses coded by as many processes as there are processors, which share the mapped index.

Searching holds the interpreter's lock, so threads would not help. The first rows are answered here at once; the
processes take over when they are ready, and what they can't do is done here as well: the answers are the same.
"""

import logging
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain
from multiprocessing.connection import wait
from typing import ClassVar

from gridmap.addresses.search.index import AddressIndex
from gridmap.snapshot.address_pack import Packed, unpack

log = logging.getLogger(__name__)

Row = list[str]
Answer = Callable[[AddressIndex, Row], Row]
"""The cells that an index adds to a row. It goes to other processes: of a class with a name, without anything open."""
_WORTH_IT = 8
"""A table of so many batches is worth the second or two that processes take to start."""
_AHEAD = 4
_NICE = 5
_STAY_S = 120.0
"""So long processes wait for another table: whoever sends one often sends the next."""
_one_table = threading.Semaphore(1)
"""More than one table at a time would only share the same processors. Who holds it may touch `_staying`."""


def answer_batch(index: AddressIndex, answer: Answer, rows: list[Row]) -> list[Row]:
    """The answers of some rows; an empty line has none."""
    return [answer(index, row) if row else [] for row in rows]


def code_batches(
    index: AddressIndex, answer: Answer, packed: Packed | None, batches: Iterable[list[Row]]
) -> Iterator[list[Row]]:
    """The answers of each batch in their order; at most a few batches are held at a time."""
    processes = len(os.sched_getaffinity(0))
    left = iter(batches)
    if packed is None or processes < 2:
        yield from (answer_batch(index, answer, rows) for rows in left)
        return
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
        self._pool = ProcessPoolExecutor(processes, context, _take, (packed,))
        self._ready = self._pool.submit(_is_ready)
        self._broken = False
        self._waiting: deque[tuple[list[Row], Future[list[Row]]]] = deque()
        self._end: threading.Timer | None = None

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
        """The answers, here until the first process is ready."""
        self._stay()
        try:
            for rows in batches:
                if not self._ready.done():
                    yield answer_batch(index, answer, rows)
                    continue
                self._waiting.append((rows, self._submit(answer, rows)))
                if len(self._waiting) > self._processes * _AHEAD:
                    yield self._next(index, answer)
            while self._waiting:
                yield self._next(index, answer)
        finally:
            # Whoever asked may be gone.
            for _, future in self._waiting:
                future.cancel()
            self._waiting.clear()
            self._stay()

    def close(self) -> None:
        """Ends the processes."""
        if self._end is not None:
            self._end.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _stay(self) -> None:
        """From now on for a while."""
        if self._end is not None:
            self._end.cancel()
        self._end = threading.Timer(_STAY_S, _end_those_that_stay)
        self._end.daemon = True
        self._end.start()

    def _submit(self, answer: Answer, rows: list[Row]) -> Future[list[Row]]:
        try:
            return self._pool.submit(_give, answer, rows)
        except RuntimeError as error:
            broken: Future[list[Row]] = Future()
            broken.set_exception(error)
            return broken

    def _next(self, index: AddressIndex, answer: Answer) -> list[Row]:
        """The answers of the batch that came first; done here if its process could not."""
        rows, future = self._waiting.popleft()
        try:
            return future.result()
        except (BrokenProcessPool, RuntimeError) as error:
            self._broken = True
            log.warning("a table is coded in one process: %s", error)
            return answer_batch(index, answer, rows)


def _end_those_that_stay() -> None:
    """Unless a table is being coded just now: then it says itself how long they stay."""
    if _one_table.acquire(blocking=False):
        try:
            coders, Coders._staying = Coders._staying, None
            if coders is not None:
                coders.close()
        finally:
            _one_table.release()


_index: list[AddressIndex] = []
"""What this process was given to work with."""
_last: list[Answer] = []
"""The answer that it gave last: it remembers what it told before."""


def _take(packed: Packed) -> None:
    """Makes a process of the pool ready; it ends with the one that it works for."""
    # Who asks for one address must not wait for a table.
    os.nice(_NICE)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _index.append(unpack(packed))


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _is_ready() -> bool:
    return True


def _give(answer: Answer, rows: list[Row]) -> list[Row]:
    if _last != [answer]:
        _last[:] = [answer]
    return answer_batch(_index[-1], _last[0], rows)
