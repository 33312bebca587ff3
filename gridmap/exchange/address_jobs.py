"""Large tables of addresses coded by as many processes as there are processors, which share the mapped index.

Searching holds the interpreter's lock, so threads would not help. The first rows are answered here at once; the
processes take over when they are ready, and what they can't do is done here as well: the answers are the same.
"""

import logging
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait

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
_one_table = threading.Semaphore(1)
"""More than one table at a time would only share the same processors."""


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
    if not _one_table.acquire(blocking=False):
        yield from (answer_batch(index, answer, rows) for rows in left)
        return
    try:
        yield from _Together(index, answer, packed, processes).code(left)
    finally:
        _one_table.release()


class _Together:
    """A pool of processes for one table."""

    def __init__(self, index: AddressIndex, answer: Answer, packed: Packed, processes: int) -> None:
        self._index, self._answer, self._processes = index, answer, processes
        # Not forked: the threads of a server may hold any lock at that moment.
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(processes, context, _take, (packed, answer))
        self._waiting: deque[tuple[list[Row], Future[list[Row]]]] = deque()

    def code(self, batches: Iterator[list[Row]]) -> Iterator[list[Row]]:
        """The answers, here until the first process is ready."""
        try:
            ready = self._pool.submit(_ready)
            for rows in batches:
                if not ready.done():
                    yield answer_batch(self._index, self._answer, rows)
                    continue
                self._waiting.append((rows, self._submit(rows)))
                if len(self._waiting) > self._processes * _AHEAD:
                    yield self._next()
            while self._waiting:
                yield self._next()
        finally:
            self._pool.shutdown(cancel_futures=True)

    def _submit(self, rows: list[Row]) -> Future[list[Row]]:
        try:
            return self._pool.submit(_give, rows)
        except RuntimeError as error:
            broken: Future[list[Row]] = Future()
            broken.set_exception(error)
            return broken

    def _next(self) -> list[Row]:
        """The answers of the batch that came first; done here if its process could not."""
        rows, future = self._waiting.popleft()
        try:
            return future.result()
        except (BrokenProcessPool, RuntimeError) as error:
            log.warning("a table is coded in one process: %s", error)
            return answer_batch(self._index, self._answer, rows)


_given: list[tuple[AddressIndex, Answer]] = []
"""What this process was given to work with."""


def _take(packed: Packed, answer: Answer) -> None:
    """Makes a process of the pool ready; it ends with the one that it works for."""
    # Who asks for one address must not wait for a table.
    os.nice(_NICE)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _given.append((unpack(packed), answer))


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _ready() -> bool:
    return True


def _give(rows: list[Row]) -> list[Row]:
    return answer_batch(*_given[-1], rows)
