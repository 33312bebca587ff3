"""The processes that code tables, as they see it: one reads the index, and the others are forked from it when it has.

They share its memory, and none but the first has to import anything. Batches come and go in one order, through it.
"""

import gc
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from queue import SimpleQueue

from gridmap.addresses.search.index import AddressIndex
from gridmap.addresses.search.warm import use_all
from gridmap.errors import SnapshotDamaged
from gridmap.snapshot.address_pack import Packed, unpack

Row = list[str]
Answer = Callable[[AddressIndex, Row], Row]
"""The cells that an index adds to a row. It goes to other processes: of a class with a name, without anything open."""
log = logging.getLogger(__name__)

READY = b"ready"
_NICE = 5
_index: list[AddressIndex] = []
"""What the processes work with."""
_last: list[Answer] = []
"""The answer that this process gave last: it remembers what it told before."""


def answer_batch(index: AddressIndex, answer: Answer, rows: list[Row]) -> list[Row]:
    """The answers of some rows; an empty line has none."""
    return [answer(index, row) if row else [] for row in rows]


def lead(pipe: Connection, packed: Packed, processes: int) -> None:
    """Says `READY` when so many processes wait, or why they can't, then answers each batch that comes.

    It ends when the pipe does, and at once: nobody wants what is still being made, and the forked processes notice.
    """
    try:
        _lead(pipe, packed, processes)
    except (EOFError, OSError, BrokenProcessPool):
        # Who asked is gone, or will see that we are.
        os._exit(0)
    except Exception:
        log.exception("no processes for tables")
    os._exit(1)


def _lead(pipe: Connection, packed: Packed, processes: int) -> None:
    # Who stops a server at its terminal stops the server, which closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Who asks for one address must not wait for a table.
    os.nice(_NICE)
    try:
        _index.append(unpack(packed))
    except SnapshotDamaged as error:
        pipe.send_bytes(str(error).encode())
        return
    use_all(_index[0])
    gc.collect()
    gc.freeze()
    # Forked before this process has another thread.
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("fork"), _begin, (pipe,))
    pool.submit(os.getpid).result()
    pipe.send_bytes(READY)
    answers = SimpleQueue[Future[bytes]]()
    threading.Thread(target=_send_on, args=(pipe, answers), daemon=True).start()
    while True:
        answers.put(pool.submit(_give, pipe.recv_bytes()))


def _send_on(pipe: Connection, answers: "SimpleQueue[Future[bytes]]") -> None:
    """The answers in the order in which they were asked for; without one of them there is no going on."""
    try:
        while True:
            pipe.send_bytes(answers.get().result())
    finally:
        os._exit(1)


def _begin(pipe: Connection) -> None:
    """A forked process ends with the one that it was forked from, and keeps nobody's pipe open."""
    pipe.close()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _give(asked: bytes) -> bytes:
    answer, rows = ForkingPickler.loads(asked)
    if _last != [answer]:
        _last[:] = [answer]
    return bytes(ForkingPickler.dumps(answer_batch(_index[0], _last[0], rows)))
