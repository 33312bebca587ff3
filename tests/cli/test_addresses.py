"""`gridmap address parse`, as a shell sees it."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator

import pytest

from gridmap.db.engine import make_engine, transaction
from tests.commands import run_command
from tests.county import EAST, WEST, small_county
from tests.postgres import Server

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(server: Server) -> Iterator[Run]:
    """Runs `gridmap address parse` against the small county."""
    url = server.clone()
    engine = make_engine(url)
    with transaction(engine) as session:
        small_county(session)
    engine.dispose()

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "GRIDMAP_DATABASE_URL": url, "COLUMNS": "200"}
        return run_command(("address", "parse", *arguments), env)

    yield run
    server.drop(url)


def test_for_people(run: Run) -> None:
    done = run("双村西村三社12号，小学旁")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].endswith("西村3社12号")
    village = next(line.split() for line in lines if line.startswith("village"))
    assert village == ["village", "西村", WEST, "西村"]
    group = next(line.split() for line in lines if line.startswith("group_name"))
    assert group == ["group_name", "3社", "三社", "group_word"]
    assert lines[-1] == "left over: 小学旁"


def test_for_programs(run: Run) -> None:
    answer = json.loads(run("东村3-12号", "--json").stdout)
    assert answer["segments"]["village_code"] == EAST
    (other,) = answer["alternatives"]
    assert (other["reason"], other["segments"]["group_name"]) == ("group_and_number", "3组")


def test_what_may_be_several_is_listed(run: Run) -> None:
    assert "or (group_and_number): " in run("东村3-12号").stdout


def test_nothing_found_is_said_and_is_no_failure(run: Run) -> None:
    done = run("你好")
    assert (done.returncode, done.stdout.splitlines()) == (0, ["no address was found in this", "left over: 你好"])


def test_within_a_division_that_does_not_exist(run: Run) -> None:
    done = run("西村", "--within", "98")
    assert (done.returncode, done.stdout) == (1, "")
    assert "98" in done.stderr
