"""The database of a command, for as long as the command runs, and who acts in it."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy.orm import Session

from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import Caller
from gridmap.cli.output import say
from gridmap.db.engine import transaction
from gridmap.db.opening import open_database
from gridmap.settings import Settings


@contextmanager
def command_session() -> Iterator[Session]:
    """One transaction on the installation's database, committed when the block ends."""
    with open_database(Settings.from_env(), report=say) as database, transaction(database.engine) as session:
        yield session


def command_actor() -> Actor:
    """The operating-system user, who may do everything and whom the audit calls ``cli:NAME``."""
    return Actor(Caller(f"cli:{getpass.getuser()}", "admin", "all", ("",)), Origin(f"cli-{uuid4().hex}"))
