"""Engine and sessions: one pool a process, transactions that end where they begin."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session, SessionTransaction

from gridmap.db.errors import translated

_ALWAYS: dict[str, Any] = {
    "pool_pre_ping": True,
    # A server whose machine was cut off says nothing: what was sent must be acknowledged in time.
    "connect_args": {"connect_timeout": 5, "tcp_user_timeout": 5000, "application_name": "gridmap"},
}
_ASKED = "asked"


def make_engine(url: str) -> Engine:
    """An engine for a postgresql+psycopg URL, with a pool that notices dead connections and gives up after 5 s."""
    return create_engine(url, pool_size=10, max_overflow=10, pool_timeout=5, **_ALWAYS)


def reading(engine: Engine) -> Engine:
    """The same pool, for transactions that see one state from beginning to end, whatever is published meanwhile."""
    return engine.execution_options(isolation_level="REPEATABLE READ")


def looking(engine: Engine) -> Engine:
    """Another pool on the same database, for statements that stand alone: a look whether anything has changed.

    Without a transaction's begin, level and end such a look costs a quarter. It is disposed of with the engine.
    """
    other = create_engine(
        engine.url, isolation_level="AUTOCOMMIT", pool_reset_on_return=None, pool_size=2, pool_timeout=5, **_ALWAYS
    )
    event.listen(engine, "engine_disposed", lambda _: other.dispose())
    return other


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """A session that is committed when the block ends and rolled back when it raises. Driver errors are translated."""
    with translated(), _Noting(engine, expire_on_commit=False) as session, session.begin():
        yield session


class _Noting(Session):
    """A session that knows whether it has asked its database anything."""


@event.listens_for(_Noting, "after_begin")
def _note(session: Session, *_: SessionTransaction | Connection) -> None:
    session.info[_ASKED] = True


def has_asked(session: Session) -> bool:
    """Whether a session of `transaction` has been given a connection: until then it ends without a word to anybody."""
    return _ASKED in session.info
