"""What every kind of test may use. None skips for want of PostGIS, Chromium or fonts: they are part of the set-up."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from pydantic_core import PydanticUndefined
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gridmap.db.engine import make_engine
from gridmap.exchange.points.warm import compile_once
from gridmap.settings import Settings
from tests import homes
from tests.postgres import TEMPLATE, Server, running_server

# How long an example takes says more about the machine than about the code; speed is measured in tests/bench.
settings.register_profile("gridmap", deadline=None)
settings.load_profile("gridmap")


_HOMES = tempfile.TemporaryDirectory(prefix="gridmap-homes-")


def _fresh_home() -> Path:
    return Path(tempfile.mkdtemp(dir=_HOMES.name))


def pytest_configure() -> None:
    """An application that is told no home gets one of its own: its snapshot is that of its database alone."""
    # Servers that are started end when their terminal closes, even where the tests outlive theirs (nohup).
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    field = Settings.model_fields["home"]
    field.default, field.default_factory = PydanticUndefined, _fresh_home
    Settings.model_rebuild(force=True)
    # Once for these sources; else the first tests would wait for compilers, each for its own.
    compile_once()


_TESTS = Path(__file__).parent
_LONGEST_FIRST = ("cli", "browser", "db", "api", "unit", "bench")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file goes to one process as a whole, which makes its fixtures once; what takes long does not come last.

    First come the groups of several files that a test names itself, then file by file.
    """

    def weight(item: pytest.Item) -> int:
        if item.get_closest_marker("xdist_group") is not None:
            return 0
        return 1 + _LONGEST_FIRST.index(item.path.relative_to(_TESTS).parts[0])

    items.sort(key=weight)
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(_TESTS).as_posix()))


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


@pytest.fixture(scope="session")
def template_home() -> Iterator[Path]:
    """A home whose private cluster was made from nothing and is stopped."""
    with homes.template_home() as home:
        yield home


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that an unprivileged user may enter."""
    with homes.scratch_folder() as folder:
        yield folder


@pytest.fixture
def home(folder: Path, template_home: Path) -> Path:
    """A home of its own with a whole cluster that is stopped."""
    return homes.copy_home(template_home, folder / "home")
