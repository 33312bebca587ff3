"""The processes of a cluster, seen from outside: which are alive, whether they are ready, how to end them.

A process is known by its current directory, which for every process of PostgreSQL is the data directory, never by a
number alone: after a crash or a reboot the number in `postmaster.pid` may belong to anybody.
"""

import os
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gridmap.errors import ClusterError

_FAST_S = 60.0
_IMMEDIATE_S = 10.0
_KILL_S = 10.0
_LINE_OF_STATUS = 7


def find_postmaster(data: Path) -> int | None:
    """The number of the live process that serves a data directory."""
    written = _lines(data)[:1]
    if not written or not written[0].lstrip("-").isdigit():
        return None
    pid = int(written[0])
    return pid if pid > 0 and _belongs(pid, data) else None


def is_ready(data: Path) -> bool:
    """Whether the postmaster has said that it takes connections."""
    return _lines(data)[_LINE_OF_STATUS:] == ["ready"]


def processes(data: Path) -> list[int]:
    """All processes of PostgreSQL in a data directory: backends may outlive their postmaster."""
    numbers = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in numbers if _belongs(pid, data)]


def stop_postmaster(data: Path) -> None:
    """Ends the cluster in an orderly way (sessions are cut off, nothing is lost), and by force when that fails."""
    pid = find_postmaster(data)
    if pid is not None and not _end(pid, data, signal.SIGINT, _FAST_S):
        _end(pid, data, signal.SIGQUIT, _IMMEDIATE_S)
    kill_all(data)


def kill_all(data: Path) -> None:
    """Ends every process of a data directory at once; recovery at the next start sees to the rest."""
    # The postmaster goes first, or it would start new children meanwhile.
    first = find_postmaster(data)
    if first is not None:
        _end(first, data, signal.SIGKILL, _KILL_S)
    for pid in processes(data):
        if not _end(pid, data, signal.SIGKILL, _KILL_S):
            raise ClusterError(f"Process {pid} of PostgreSQL can't be ended; the disk of {data} may hang.")


def clear_away(data: Path, socket_path: Path) -> None:
    """Makes a data directory without a postmaster ready for one: no orphaned backends, no stale files of its number.

    PostgreSQL itself takes any live process of its user, and a dead one that nobody has collected, for a postmaster.
    Raises ClusterError when somebody listens on the socket whom we can't see.
    """
    kill_all(data)
    if _is_listening(socket_path):
        raise ClusterError(f"Somebody serves {data} who can't be seen from here, perhaps in a container.")
    for stale in (data / "postmaster.pid", socket_path, socket_path.with_name(socket_path.name + ".lock")):
        stale.unlink(missing_ok=True)


def wait_for_end(pid: int, data: Path, timeout_s: float, wake: int | None = None) -> bool:
    """Waits until a process of the cluster has ended; false when the time is up or the `wake` handle is readable."""
    with _handle(pid, data) as handle:
        if handle is None:
            return True
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        if wake is not None:
            poll.register(wake, select.POLLIN)
        return handle in {ready for ready, _ in poll.poll(timeout_s * 1000)}


def _end(pid: int, data: Path, number: signal.Signals, timeout_s: float) -> bool:
    with _handle(pid, data) as handle:
        if handle is None:
            return True
        try:
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return True
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(timeout_s * 1000))


@contextmanager
def _handle(pid: int, data: Path) -> Iterator[int | None]:
    """A handle that stays with this process, whoever gets its number later; None when it is gone."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield handle if _belongs(pid, data) else None
    finally:
        os.close(handle)


def _belongs(pid: int, data: Path) -> bool:
    process = Path("/proc", str(pid))
    try:
        return (process / "exe").readlink().name.startswith("postgres") and (process / "cwd").samefile(data)
    except OSError:
        # Gone, a zombie, or another user's: in each case not a process of ours.
        return False


def _is_listening(socket_path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(os.fspath(socket_path)) == 0


def _lines(data: Path) -> list[str]:
    try:
        written = (data / "postmaster.pid").read_text(errors="surrogateescape")
    except OSError:
        return []
    return [line.strip() for line in written.splitlines()]
