"""Sweeping files that waited too long while the server runs, not only when it starts."""

import logging
from threading import Event, Thread

from gridmap.exchange.uploads import UploadStore

log = logging.getLogger(__name__)


class Sweeper:
    """A thread that removes expired uploads now and then; every worker has one, and they don't mind each other."""

    def __init__(self, store: UploadStore, every_s: float = 600.0) -> None:
        self._store = store
        self._every_s = every_s
        self._ended = Event()
        self._thread = Thread(target=self._run, name="upload-sweeper", daemon=True)

    def start(self) -> None:
        """Sweeps at once and from then on."""
        self._thread.start()

    def stop(self) -> None:
        """Returns when no sweep is under way any more."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self._store.sweep()
            except OSError:
                # The home may be full or away for a while; the next sweep tries again.
                log.warning("expired uploads could not be swept", exc_info=True)
            if self._ended.wait(self._every_s):
                return
