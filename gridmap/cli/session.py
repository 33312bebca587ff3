"""The database of a command, for as long as the command runs, and who acts in it."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy.orm import Session

from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import Caller
from gridmap.db.engine import make_engine, transaction
from gridmap.errors import DatabaseUnavailable
from gridmap.settings import Settings


@contextmanager
def command_session() -> Iterator[Session]:
    """One transaction on the installation's database, committed when the block ends."""
    settings = Settings.from_env()
    if settings.database_url is None:
        raise DatabaseUnavailable("No database: set GRIDMAP_DATABASE_URL.")
    engine = make_engine(settings.database_url)
    try:
        with transaction(engine) as session:
            yield session
    finally:
        engine.dispose()


def command_actor() -> Actor:
    """The operating-system user, who may do everything and whom the audit calls ``cli:NAME``."""
    return Actor(Caller(f"cli:{getpass.getuser()}", "admin", "all", ("",)), Origin(f"cli-{uuid4().hex}"))
