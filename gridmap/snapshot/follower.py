"""What keeps a worker's snapshot and keys true: a thread that listens to the database, and asks it when in doubt."""

import contextlib
import logging
import os
import select
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import Connection
from sqlalchemy import Engine

from gridmap.access.caller import Caller
from gridmap.access.service import key_marks
from gridmap.db.bootstrap import libpq_url
from gridmap.db.engine import reading, transaction
from gridmap.errors import GridmapError, Unavailable
from gridmap.snapshot.answers import Answers
from gridmap.snapshot.catch_up import catch_up, check_files, is_behind
from gridmap.snapshot.keys import Keys, load_keys, read_copy, write_copy
from gridmap.snapshot.reader import Snapshot
from gridmap.snapshot.served import Served

log = logging.getLogger(__name__)

_ASK_EVERY_S = 0.5
"""How often the database is asked when it tells nothing: a proxy may swallow notifications."""
_CHECK_EVERY_S = 30.0
"""How often the files are compared with their notes, so that damage is mended before somebody needs them."""
_SURE_FOR_S = 1.0
_NO_KEYS: Mapping[bytes, Caller] = {}


class Follower:
    """The snapshot and the keys of one process. `start` it where it serves; without, it answers from what is there."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self.served = Served(folder)
        self._folder = folder
        self._keys: Keys | None = None
        self._key_marks: object = None
        self._asked = -1e9
        self._checked = -1e9
        self._away_since: datetime | None = None
        self._stop = -1
        self._thread: threading.Thread | None = None

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot that is served now."""
        return self.served.current()

    @property
    def away_since(self) -> datetime | None:
        """Since when the database has not answered; None while it does."""
        return self._away_since

    @property
    def sure_keys(self) -> Keys:
        """The keys for whoever can't ask the database: those it told a second ago at most, or last, when it is away.

        None hold for a moment when neither is so; ask the database then.
        """
        if self._away_since is not None:
            return self.last_keys
        if time.monotonic() - self._asked > _SURE_FOR_S:
            return _NO_KEYS
        return self._keys or _NO_KEYS

    @property
    def last_keys(self) -> Keys:
        """The keys that held when the database was last there."""
        if self._keys is None:
            self._keys = read_copy(self._folder)
        return self._keys

    def start(self) -> None:
        """Begins to follow, in a thread of its own."""
        self._stop = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="snapshot-follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        if self._thread is not None:
            os.eventfd_write(self._stop, 1)
            self._thread.join()
            os.close(self._stop)
            self._thread = None

    def note_away(self) -> None:
        """Somebody else found that the database does not answer; the thread finds out when it is back."""
        if self._away_since is None:
            log.warning("the database does not answer; what is not personal is told from the snapshot")
            self._away_since = datetime.now(UTC)

    def catch_up(self) -> None:
        """Brings the snapshot up to the database, for whoever has just committed. What fails here fails later again."""
        try:
            catch_up(self._engine, self._folder)
        except (OSError, Unavailable):
            log.exception("the snapshot could not be brought up to date")

    def _run(self) -> None:
        while True:
            try:
                with psycopg.connect(_url(self._engine), autocommit=True, connect_timeout=5) as connection:
                    connection.execute("LISTEN gridmap_event")
                    self._follow(connection)
                    return
            except (psycopg.OperationalError, Unavailable):
                self.note_away()
            except (OSError, GridmapError, psycopg.Error):
                # A full disk, say: the former state is served, and it is tried again.
                log.exception("the snapshot could not be brought up to date")
            if self._told_to_stop(_ASK_EVERY_S):
                return

    def _follow(self, connection: Connection) -> None:
        told = {"keys", "version"}
        while True:
            self._look(told)
            told = set()
            if self._told_to_stop(_ASK_EVERY_S, connection.fileno()):
                return
            told.update(note.payload for note in connection.notifies(timeout=0))
            # A connection that was cut is readable and has nothing to say.
            connection.execute("SELECT 1")

    def _look(self, told: set[str]) -> None:
        """Asks the database how far it is, and follows."""
        asked = time.monotonic()
        snapshot = self.snapshot
        with transaction(reading(self._engine)) as session:
            behind = is_behind(session, None if snapshot is None else snapshot.manifest)
            marks = key_marks(session)
            if marks != self._key_marks or behind or told & {"keys", "version"}:
                self._keys, self._key_marks = load_keys(session), marks
                write_copy(self._folder, self._keys)
        self._asked, self._away_since = asked, None
        if behind or self.served.damaged or self._is_check_due(asked):
            catch_up(self._engine, self._folder)
        newest = self.served.current()
        if newest is not None:
            Answers.of(newest).warm_up()

    def _is_check_due(self, now: float) -> bool:
        """Whether it is time for the files to be looked at, and one of them is not as it was."""
        if now - self._checked < _CHECK_EVERY_S:
            return False
        self._checked = now
        snapshot = self.snapshot
        if snapshot is not None:
            with contextlib.suppress(GridmapError):
                check_files(self._folder, snapshot.manifest)
                return False
        return True

    def _told_to_stop(self, timeout_s: float, also: int | None = None) -> bool:
        poll = select.poll()
        poll.register(self._stop, select.POLLIN)
        if also is not None:
            poll.register(also, select.POLLIN)
        return any(handle == self._stop for handle, _ in poll.poll(timeout_s * 1000))


def _url(engine: Engine) -> str:
    """With a limit to how long a server that was cut off is waited for, and a name that `pg_stat_activity` shows."""
    url = engine.url.update_query_dict({"tcp_user_timeout": "3000", "application_name": "gridmap follower"})
    return libpq_url(url.render_as_string(hide_password=False))
