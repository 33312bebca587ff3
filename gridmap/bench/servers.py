"""Servers to be measured: each a process of its own on a free port of this machine, ended by its process id."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import make_url

from gridmap.bench import peer_servers
from gridmap.bench.ground import PEERS_PYTHON

_START_S = 120.0


class Server(NamedTuple):
    """Where a server listens, and its process."""

    port: int
    pid: int

    def memory_mb(self) -> float:
        """What the process and those it started hold now, what they share counted once and mapped files left out."""
        return sum(_own_kb(pid) for pid in _family(self.pid)) / 1e3


@contextmanager
def running(target: str, env: Mapping[str, str]) -> Iterator[Server]:
    """Runs `module:factory` as `gridmap up` runs a worker. Raises RuntimeError if it ends."""
    with _listening() as bound:
        command = [sys.executable, "-m", "gridmap.serving.worker", target, str(bound.fileno()), str(os.getpid())]
        with _running(command, bound, env) as server:
            yield server


@contextmanager
def served(target: str, env: Mapping[str, str]) -> Iterator[int]:
    """The same; yields the port alone."""
    with running(target, env) as server:
        yield server.port


@contextmanager
def peer_served(name: str, database_url: str) -> Iterator[int]:
    """Runs a peer by the Python that has it; yields the port. Raises RuntimeError if it is not there, or ends."""
    if not PEERS_PYTHON.exists():
        raise RuntimeError("`make bench` has not installed it")
    url = make_url(database_url)
    place = [str(url.query.get("host", url.host)), str(url.query.get("port", url.port or 5432))]
    with _listening() as bound:
        command = [str(PEERS_PYTHON), peer_servers.__file__, name, str(bound.fileno()), *place]
        with _running([*command, str(url.database), str(url.username)], bound, {}) as server:
            yield server.port


@contextmanager
def _listening() -> Iterator[socket.socket]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen(64)
        yield bound


@contextmanager
def _running(command: Sequence[str], bound: socket.socket, env: Mapping[str, str]) -> Iterator[Server]:
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, env={**os.environ, **env}, pass_fds=[bound.fileno()], stderr=said, stdout=said
        )
        try:
            port: int = bound.getsockname()[1]
            if not _answers(process, port):
                said.seek(0)
                lines = said.read().decode(errors="replace").strip().splitlines() or ["it did not start in time"]
                raise RuntimeError(lines[-1])
            yield Server(port, process.pid)
        finally:
            process.terminate()
            process.wait()


def _family(pid: int) -> list[int]:
    """A process and all that it started, and they."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in _read(task).split()]
    return [pid, *(other for child in children for other in _family(child))]


def _own_kb(pid: int) -> int:
    lines = (line.split() for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines())
    return next((int(words[1]) for words in lines if words[0] == "Pss_Anon:"), 0)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended meanwhile
        return ""


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether the server has come up; it may answer anything."""
    give_up = time.monotonic() + _START_S
    while time.monotonic() < give_up and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse()
        except OSError:
            time.sleep(0.05)
        else:
            return True
        finally:
            connection.close()
    return False
