"""Engine and sessions: one pool a process, transactions that end where they begin."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from gridmap.db.errors import translated


def make_engine(url: str) -> Engine:
    """An engine for a postgresql+psycopg URL, with a pool that notices dead connections and gives up after 5 s."""
    return create_engine(
        url,
        pool_size=10,
        max_overflow=10,
        pool_timeout=5,
        pool_pre_ping=True,
        # A server whose machine was cut off says nothing: what was sent must be acknowledged in time.
        connect_args={"connect_timeout": 5, "tcp_user_timeout": 5000, "application_name": "gridmap"},
    )


def reading(engine: Engine) -> Engine:
    """The same pool, for transactions that see one state from beginning to end, whatever is published meanwhile."""
    return engine.execution_options(isolation_level="REPEATABLE READ")


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """A session that is committed when the block ends and rolled back when it raises. Driver errors are translated."""
    with translated(), Session(engine, expire_on_commit=False) as session, session.begin():
        yield session
