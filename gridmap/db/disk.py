"""What the disk refuses, told to a person."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gridmap.errors import ClusterError

_SENTENCES = {
    errno.ENOSPC: "the disk is full; make room and try again",
    errno.EDQUOT: "the disk quota is used up; make room and try again",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "this user may not write there",
    errno.EPERM: "this user may not write there",
    errno.ENOTDIR: "a folder is wanted, and there is a file",
    errno.EEXIST: "a folder is wanted, and there is a file",
}


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turns what the operating system refuses inside into a ClusterError that names the path."""
    try:
        yield
    except OSError as error:
        where = error.filename or path
        raise ClusterError(f"{os.fspath(where)}: {_SENTENCES.get(error.errno or 0, error.strerror)}.") from error


def require_writable(folder: Path) -> None:
    """Raises ClusterError when not even a page can be written to a folder: then no start can succeed."""
    probe = folder / f".probe-{os.getpid()}"
    with disk_errors(folder):
        # Never through a link: below root, the folder belongs to someone with fewer rights.
        handle = os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        try:
            os.write(handle, bytes(65536))
            os.fsync(handle)
        finally:
            os.close(handle)
            probe.unlink()
