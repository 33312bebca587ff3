"""A worker process: answers requests on the supervisor's socket, and dies with the supervisor.

Run as ``python -m gridmap.serving.worker APP SOCKET SUPERVISOR``: an ASGI factory, the number of the inherited socket's
handle and that of the supervisor's process.
"""

import ctypes
import gc
import os
import signal
import socket
import sys
from typing import Any

import uvicorn
from uvicorn.importer import import_from_string

from gridmap.serving.protocol import with_short_cut
from gridmap.serving.wire import Wire

_PR_SET_PDEATHSIG = 1
_GRACE_S = 5


def main(app: str, handle: int, supervisor: int) -> None:
    """Serves until SIGTERM."""
    _die_with(supervisor)
    os.set_inheritable(handle, False)  # noqa: FBT003
    application = _made(app)
    config = uvicorn.Config(
        application,
        http=with_short_cut(application) if hasattr(application, "answer_at_once") else Wire,
        log_level="warning",
        # Paths may hold a key (/k/KEY/…) and queries a name; neither belongs into a log.
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=handle)])


def _made(app: str) -> Any:
    """What the factory makes. Nothing is looked through for garbage until it is there, nor it itself ever again."""
    gc.disable()
    application = import_from_string(app)()
    gc.freeze()
    gc.enable()
    return application


def _die_with(supervisor: int) -> None:
    """Has the kernel kill this process when its supervisor dies, by whatever: an orphan would keep the port."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    # It may have died before the line above; then nobody will send the signal.
    if os.getppid() != supervisor:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
