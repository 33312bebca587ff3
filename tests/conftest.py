"""What every kind of test may use. None skips for want of PostGIS, Chromium or fonts: they are part of the set-up."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gridmap.db.engine import make_engine
from tests.postgres import TEMPLATE, Server, running_server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One private server per test process, with a template database made by the migrations."""
    with running_server() as server:
        server.make_template()
        yield server


@pytest.fixture(scope="session")
def shared_engine(server: Server) -> Iterator[Engine]:
    """An engine on a database that tests see empty, because each rolls back."""
    engine = make_engine(server.clone(TEMPLATE))
    yield engine
    engine.dispose()


@pytest.fixture
def session(shared_engine: Engine) -> Iterator[Session]:
    """A session whose transaction is rolled back after the test."""
    with Session(shared_engine, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture
def clone(server: Server) -> Iterator[Engine]:
    """An engine on a fresh migrated database, for a test that must commit."""
    url = server.clone()
    engine = make_engine(url)
    yield engine
    engine.dispose()
    server.drop(url)
