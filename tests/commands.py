"""Runs `gridmap` in a process of its own that need not import it first: a copy of one that has (0.3 s instead of 2).

What a command does is the same: it has its own arguments, environment, folder, standard files and exit status, and
`gridmap` runs as `python -m gridmap` does. `tests.homes.up` starts Python from nothing.
"""

import atexit
import gc
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO

_ROOMS = ("cli", "exchange", "snapshot", "preplans", "editing", "contacts", "households", "addresses", "grids", "demo")


def run_command(
    arguments: tuple[str, ...], env: Mapping[str, str], typed: str = "", folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """A command that has run to its end."""
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(typed)
        given.seek(0)
        status = _ask(
            json.dumps({"arguments": arguments, "env": dict(env), "folder": str(folder or Path.cwd())}),
            (given, out, err),
        )
        return subprocess.CompletedProcess(("gridmap", *arguments), status, _text(out), _text(err))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _ask(request: str, files: tuple[IO[str], IO[bytes], IO[bytes]]) -> int:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(_address())
        socket.send_fds(line, [b" "], [file.fileno() for file in files])
        line.sendall(request.encode())
        line.shutdown(socket.SHUT_WR)
        return int(line.makefile().read())


@cache
def _address() -> str:
    """Where the process listens that all commands of this one are copies of; it ends with this one."""
    folder = tempfile.TemporaryDirectory(prefix="gridmap-commands-")
    address = str(Path(folder.name) / "socket")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.commands", address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"

    def end() -> None:
        process.communicate()
        folder.cleanup()

    atexit.register(end)
    return address


def _import_everything() -> None:
    for room in _ROOMS:
        package = import_module(f"gridmap.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"gridmap.{room}."):
            import_module(module.name)


def _requests(address: str) -> tuple[socket.socket, list[int], dict[str, object]]:
    """Returns in a copy of this process, once for each request; ends when standard input does."""
    with socket.socket(socket.AF_UNIX) as door, selectors.DefaultSelector() as selector:
        door.bind(address)
        door.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        selector.register(door, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            if any(key.fileobj is sys.stdin for key, _ in selector.select()):
                sys.exit()
            line = door.accept()[0]
            if os.fork() == 0:
                _, files, _, _ = socket.recv_fds(line, 1, 3)
                return line, files, json.loads(line.makefile().read())
            line.close()


def _tell_status(line: socket.socket, child: int) -> None:
    """Waits for the command and tells how it ended, as `subprocess` would."""
    line.sendall(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
    os._exit(0)


def main() -> None:
    _import_everything()
    # Else a copy would touch, and so copy, the memory of all that was imported.
    gc.freeze()
    # Nobody waits for those that only wait for their command.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    line, files, request = _requests(sys.argv[1])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if child := os.fork():
        _tell_status(line, child)
    line.close()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    arguments, env = request["arguments"], request["env"]
    os.chdir(str(request["folder"]))
    assert isinstance(arguments, list)
    assert isinstance(env, dict)
    os.environ.clear()
    os.environ.update(env)
    sys.argv[1:] = arguments
    runpy.run_module("gridmap", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
