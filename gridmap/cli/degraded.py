"""A start while the database is away: the snapshot is served, and all of it when the database is back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gridmap.cli.output import say
from gridmap.db.database import Database
from gridmap.db.opening import bring_up_to_date, open_as_it_is
from gridmap.errors import DatabaseUnavailable, GridmapError, NotFound, SnapshotDamaged
from gridmap.settings import Settings

_TRY_EVERY_S = 2.0


@contextmanager
def open_or_go_without(settings: Settings) -> Iterator[tuple[Database, bool]]:
    """The installation's database for the duration of the block, and whether it answers.

    One that does not is waited for, in a thread: when it is back its schema is brought up to date. Raises as
    `open_database` does, DatabaseUnavailable only when there is no snapshot to serve from.
    """
    with open_as_it_is(settings) as database:
        try:
            bring_up_to_date(database, say)
        except DatabaseUnavailable as error:
            say(f"{error.detail} Starting without it, from the snapshot, version {_kept_version(settings, error)}.")
            with _waiting_for(database):
                yield database, False
            return
        yield database, True


def _kept_version(settings: Settings, error: DatabaseUnavailable) -> int:
    from gridmap.snapshot.catch_up import snapshot_folder
    from gridmap.snapshot.reader import Snapshot

    try:
        return Snapshot.open_intact(snapshot_folder(settings.home)).version
    except (NotFound, SnapshotDamaged):
        message = f"{error.detail} In {settings.home} there is no snapshot to go on with; start the database first."
        raise DatabaseUnavailable(message) from error


@contextmanager
def _waiting_for(database: Database) -> Iterator[None]:
    over = threading.Event()
    thread = threading.Thread(target=_wait, args=(database, over), name="database-returns", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _wait(database: Database, over: threading.Event) -> None:
    while not over.wait(_TRY_EVERY_S):
        try:
            bring_up_to_date(database, say)
        except DatabaseUnavailable:
            continue
        except GridmapError as error:
            say(f"The database is back, but can't be used: {error.detail}")
            return
        say("The database is back.")
        return
