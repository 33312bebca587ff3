"""Homes with a private cluster for tests: made once by the real thing, then copied (0.1 s instead of 3)."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2 as httpx

from gridmap.db.home import Home, find_home
from gridmap.db.opening import open_database
from gridmap.db.postmaster import stop_postmaster
from gridmap.settings import Settings
from tests.commands import run_command
from tests.places import fast_folder

ROOT = Path(__file__).parent.parent


@contextmanager
def scratch_folder(mode: int = 0o755) -> Iterator[Path]:
    """A folder that an unprivileged user may enter, which pytest's own temporary folders are not."""
    with tempfile.TemporaryDirectory(prefix="gridmap-home-", dir=fast_folder()) as name:
        folder = Path(name)
        folder.chmod(mode)
        try:
            yield folder
        finally:
            for home in sorted(folder.rglob("cluster-path")) + sorted(folder.rglob("pg")):
                _remove_cluster(home.parent)


@contextmanager
def template_home() -> Iterator[Path]:
    with scratch_folder() as folder:
        home = folder / "template"
        with open_database(settings_for(home)):
            pass
        yield home


def copy_home(template: Path, home: Path) -> Path:
    subprocess.run(["cp", "-a", template, home], check=True)
    return home


def settings_for(home: Path, **others: object) -> Settings:
    return Settings.from_env({}, home=home, **others)


def found(home: Path) -> Home:
    home_found = find_home(home)
    assert home_found is not None
    return home_found


def kill_each(pids: Iterable[int]) -> None:
    """kill -9 of one after the other; a child may have ended by itself once its parent was gone."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def environment(home: Path, **others: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRIDMAP_")}
    return kept | {"GRIDMAP_HOME": str(home), "PYTHONPATH": str(ROOT)} | others


def gridmap(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command that has run to its end, in a process of its own."""
    return run_command(arguments, environment(home, **variables), folder=Path("/"))


class Up:
    """A `gridmap up` that serves; what it said on stderr is in `said`."""

    def __init__(self, home: Path, *arguments: str, **variables: str) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gridmap", "up", "--port", "0", *arguments],
            env=environment(home, **variables), stderr=subprocess.PIPE, text=True, cwd="/", process_group=0,
        )  # fmt: skip
        self.said: list[str] = []
        self.url = self.read_until("gridmap serves ").split()[-1]

    def read_until(self, words: str) -> str:
        """The next line on stderr with these words; fails when the process ends before."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if words in line:
                return line
        raise AssertionError(f"ended with {self.process.wait()} without saying {words!r}: {self.said}")

    def get(self, path: str, *, key: str | None = None) -> httpx.Response:
        headers = {} if key is None else {"X-API-Key": key}
        # `verify`: else each request would read the certificates of all authorities, 50 ms, to ask over plain HTTP.
        return httpx.get(self.url + path, headers=headers, trust_env=False, timeout=10, verify=False)

    def workers(self) -> list[int]:
        """The numbers of the processes that answer."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [pid for pid in map(int, children) if b"serving.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def end(self, number: int) -> int:
        """Sends a signal and waits for the end; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(30)
        if self.process.stderr is not None and not self.process.stderr.closed:
            self.said += self.process.stderr.readlines()
            self.process.stderr.close()
        return status

    def port_is_free(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", int(self.url.rpartition(":")[2]))) != 0


@contextmanager
def up(home: Path, *arguments: str, **variables: str) -> Iterator[Up]:
    server = Up(home, *arguments, **variables)
    try:
        yield server
    finally:
        server.end(9)


def eventually(condition: Callable[[], bool], within_s: float = 60) -> bool:
    """Whether something that another process does comes true in time."""
    give_up = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True


def _remove_cluster(folder: Path) -> None:
    """Ends what still runs for a home, and removes what is outside it."""
    inside = folder / "pg"
    place = inside if inside.is_dir() else Path((folder / "cluster-path").read_text().strip())
    if not place.is_dir():
        return
    # In order, or segments of shared memory would stay in /dev/shm for ever.
    stop_postmaster(place / "data")
    sockets = place / "socket"
    if sockets.is_symlink():
        shutil.rmtree(sockets.readlink(), ignore_errors=True)
    if place != inside:
        shutil.rmtree(place)
