"""`gridmap demo`, as a shell sees it."""

import os
import subprocess
from collections.abc import Callable, Iterator

import pytest

from gridmap.db.engine import make_engine, transaction
from tests.commands import run_command
from tests.county import small_county
from tests.postgres import Server

pytestmark = pytest.mark.xdist_group("demo")
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    url = server.clone()
    yield url
    server.drop(url)


@pytest.fixture
def demo(url: str) -> Command:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command(("demo", *arguments), {**os.environ, "GRIDMAP_DATABASE_URL": url})

    return run


def test_load_load_again_and_remove(demo: Command) -> None:
    first = demo("load", "--county", "623026")
    assert first.returncode == 0, first.stderr
    assert first.stdout == "Loaded 623026 as version 1.\n"
    assert "623026 household" in first.stderr
    assert "\x1b" not in first.stderr

    again = demo("load", "--county", "623026")
    assert (again.returncode, again.stderr) == (0, "")
    assert "already" in again.stdout

    removed = demo("remove")
    assert removed.returncode == 0, removed.stderr
    assert removed.stdout == "Removed 623026.\n"
    assert demo("remove").stdout == "There are no demo data; nothing was changed.\n"


def test_an_unknown_county_is_refused_with_the_known_ones(demo: Command) -> None:
    done = demo("load", "--county", "620102")
    assert done.returncode == 1
    assert "623022" in done.stderr


def test_real_data_are_not_mixed_with_the_demo(demo: Command, url: str) -> None:
    engine = make_engine(url)
    with transaction(engine) as session:
        small_county(session)
    engine.dispose()
    done = demo("load")
    assert done.returncode == 1
    assert "real data" in done.stderr
    assert done.stdout == ""
