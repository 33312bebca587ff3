"""Locks between processes. The kernel frees them when their holder dies, however it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gridmap.db.account import Account
from gridmap.db.disk import disk_errors
from gridmap.errors import AlreadyRunning


class Lock:
    """An open lock file; closing it, or dying, gives the lock back.

    A program that inherits `handle` holds the lock too, until it ends, even when the one who started it has died.
    """

    def __init__(self, path: Path, account: Account | None = None) -> None:
        with disk_errors(path):
            # No link is followed: below root, the folder belongs to someone with fewer rights.
            self.handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            if account is not None and os.geteuid() == 0:
                os.fchown(self.handle, account.uid, account.gid)

    def share(self) -> None:
        """Holds the lock together with others who share it."""
        fcntl.flock(self.handle, fcntl.LOCK_SH)

    def wait(self) -> None:
        """Waits until nobody else holds the lock, and takes it."""
        fcntl.flock(self.handle, fcntl.LOCK_EX)

    def try_alone(self) -> bool:
        """Takes the lock if nobody else holds it. A share that was held is lost when it fails."""
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def sign(self) -> None:
        """Writes this process's number into the file."""
        os.ftruncate(self.handle, 0)
        os.pwrite(self.handle, f"{os.getpid()}\n".encode(), 0)

    def signature(self) -> str:
        """What the last holder wrote."""
        return os.pread(self.handle, 32, 0).decode().strip()

    def close(self) -> None:
        """Gives the lock back."""
        os.close(self.handle)


@contextmanager
def locked(path: Path, account: Account | None = None) -> Iterator[Lock]:
    """One process at a time inside the block; the others wait."""
    lock = Lock(path, account)
    try:
        lock.wait()
        yield lock
    finally:
        lock.close()


@contextmanager
def sole_server(folder: Path) -> Iterator[None]:
    """This process serves a home. Raises AlreadyRunning, with the number of the process, when another one does."""
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=home_mode())
    lock = Lock(_server_lock(folder))
    try:
        if not lock.try_alone():
            raise AlreadyRunning(f"Another gridmap (process {lock.signature()}) serves the home {folder}.")
        with disk_errors(folder):
            lock.sign()
        yield
    finally:
        lock.close()


def serving_process(folder: Path) -> int | None:
    """The number of the process that serves a home."""
    if not _server_lock(folder).exists() or not os.access(_server_lock(folder), os.R_OK | os.W_OK):
        return None
    lock = Lock(_server_lock(folder))
    try:
        return None if lock.try_alone() else int(lock.signature() or 0)
    finally:
        lock.close()


def home_mode() -> int:
    """The mode of a new home: closed, but for passing through when root lends the cluster to another user."""
    return 0o711 if os.geteuid() == 0 else 0o700


def _server_lock(folder: Path) -> Path:
    return folder / "server.lock"
