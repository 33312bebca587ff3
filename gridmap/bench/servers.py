"""Servers to be measured: each a process of its own on a free port of this machine, ended by its process id."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_START_S = 90.0


@contextmanager
def served(target: str, env: Mapping[str, str], *, factory: bool) -> Iterator[int]:
    """Runs `module:name` under uvicorn with one worker and no log; yields the port. Raises RuntimeError if it ends."""
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", target, "--port", str(port), "--no-access-log", "--log-level", "error"]
    process = subprocess.Popen([*command, *(["--factory"] if factory else [])], env={**os.environ, **env})
    try:
        _await_answer(process, port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_answer(process: subprocess.Popen[bytes], port: int) -> None:
    give_up = time.monotonic() + _START_S
    while time.monotonic() < give_up and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse()
        except OSError:
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"the server on port {port} did not start")
