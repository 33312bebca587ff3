"""The database of a command, for as long as the command runs, and who acts in it."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy.orm import Session

from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import Caller
from gridmap.cli.output import say
from gridmap.db.database import Database
from gridmap.db.engine import transaction
from gridmap.db.opening import open_database
from gridmap.errors import Unavailable
from gridmap.settings import Settings


@contextmanager
def command_session() -> Iterator[Session]:
    """One transaction on the installation's database, committed when the block ends."""
    settings = Settings.from_env()
    with open_database(settings, report=say) as database:
        with transaction(database.engine) as session:
            yield session
        follow_with_snapshot(settings, database)


def follow_with_snapshot(settings: Settings, database: Database) -> None:
    """Brings the home's snapshot up to what was just committed, so that every worker of it can read that.

    A home without one, or with that of another database, is left alone: a command may run anywhere. Servers with other
    homes hear of the change and follow by themselves. What is committed stays so when the disk refuses.
    """
    if not (settings.home / "snapshot" / "manifest.json").exists():
        return
    # Late: most commands run where there is no server, and reading its files takes a library that is slow to import.
    from gridmap.snapshot.catch_up import catch_up, is_of, snapshot_folder

    try:
        if is_of(database.engine, snapshot_folder(settings.home)):
            catch_up(database.engine, snapshot_folder(settings.home))
    except (OSError, Unavailable) as error:
        say(f"The snapshot in {settings.home} could not be brought up to date just now ({error}); the server will.")


def command_actor() -> Actor:
    """The operating-system user, who may do everything and whom the audit calls ``cli:NAME``."""
    return Actor(Caller(f"cli:{getpass.getuser()}", "admin", "all", ("",)), Origin(f"cli-{uuid4().hex}"))
