"""Keeps N workers alive on one socket until told to stop."""

import http.client
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from urllib.parse import urlsplit

from gridmap.errors import ClusterError
from gridmap.serving.listening import reachable_url

_START_S = 120.0
_STOP_S = 8.0
_SHORT_LIFE_S = 5.0
_PAUSE_S = 1.0
_POLL_S = 0.03
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(BaseException):
    """Someone asked this process to end; raised in the main thread, wherever it is, so that everything is unwound."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Inside the block Ctrl-C, SIGTERM and a closed terminal raise Stop, once; the block then ends without an error."""

    def stop(_: int, __: FrameType | None) -> None:
        # A second Ctrl-C must not break the orderly end that the first one began.
        for number in _STOPPING:
            signal.signal(number, signal.SIG_IGN)
        raise Stop

    # Under nohup a closed terminal is ignored, and stays so.
    heeded = [n for n in _STOPPING if n != signal.SIGHUP or signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heeded}
    try:
        yield
    except Stop:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def serve(
    app: str,
    bound: socket.socket,
    *,
    workers: int,
    environment: Mapping[str, str],
    ready: Callable[[str], None],
    report: Callable[[str], None],
) -> None:
    """Serves an ASGI factory until Stop; `ready` gets the address once `/healthz` answers there.

    Raises ClusterError when the workers end before they ever answered.
    """
    team = [_Worker(app, bound, environment) for _ in range(workers)]
    try:
        url = reachable_url(bound)
        _await_health(url, team)
        ready(url)
        while True:
            _replace_one_that_ends(team, report)
    finally:
        _end(team)


class _Worker:
    """A child process, started again under the same conditions when it dies."""

    def __init__(self, app: str, bound: socket.socket, environment: Mapping[str, str]) -> None:
        self._app, self._bound, self._environment = app, bound, environment
        self.start()

    def start(self) -> None:
        # From the main thread only: the kernel ends the worker when the thread that started it ends.
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("workers are started by the main thread")
        handle = self._bound.fileno()
        command = [sys.executable, "-m", "gridmap.serving.worker", self._app, str(handle), str(os.getpid())]
        # A process group of its own: Ctrl-C is the supervisor's to hear.
        self.process = subprocess.Popen(command, pass_fds=[handle], env=dict(self._environment), process_group=0)
        self.since = time.monotonic()


def _await_health(url: str, team: list[_Worker]) -> None:
    give_up = time.monotonic() + _START_S
    while time.monotonic() < give_up:
        if _is_healthy(url):
            return
        for worker in team:
            if worker.process.poll() is not None:
                raise ClusterError(f"A server process ended at its start, with status {worker.process.returncode}.")
        time.sleep(_POLL_S)
    raise ClusterError(f"The server did not answer within {_START_S:.0f} s.")


def _is_healthy(url: str) -> bool:
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _replace_one_that_ends(team: list[_Worker], report: Callable[[str], None]) -> None:
    worker = _first_to_end(team)
    status = worker.process.wait()
    lived_s = time.monotonic() - worker.since
    report(f"Server process {worker.process.pid} ended (status {status}); another one takes its place.")
    if lived_s < _SHORT_LIFE_S:
        # It will likely die again; a pause keeps that from eating the machine.
        time.sleep(_PAUSE_S)
    worker.start()


def _first_to_end(team: list[_Worker]) -> _Worker:
    poll = select.poll()
    handles = {os.pidfd_open(worker.process.pid): worker for worker in team}
    try:
        for handle in handles:
            poll.register(handle, select.POLLIN)
        return handles[poll.poll()[0][0]]
    finally:
        for handle in handles:
            os.close(handle)


def _end(team: list[_Worker]) -> None:
    for worker in team:
        worker.process.terminate()
    give_up = time.monotonic() + _STOP_S
    for worker in team:
        try:
            worker.process.wait(max(0.0, give_up - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
