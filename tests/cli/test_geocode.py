"""`gridmap address search` and `geocode`, as a shell sees them."""

import csv
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gridmap.db.engine import make_engine, transaction
from tests.commands import run_command
from tests.county import WEST, record_id, small_county
from tests.postgres import Server

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs `gridmap address` against the small county, from a home of its own."""
    url = server.clone()
    engine = make_engine(url)
    with transaction(engine) as session:
        small_county(session)
    engine.dispose()
    home = tmp_path_factory.mktemp("home")

    def run(*arguments: str, away: bool = False) -> subprocess.CompletedProcess[str]:
        # Nobody listens on port 1.
        database = "postgresql://nobody@127.0.0.1:1/nothing" if away else url
        env = {**os.environ, "GRIDMAP_DATABASE_URL": database, "GRIDMAP_HOME": str(home), "COLUMNS": "200"}
        return run_command(("address", *arguments), env)

    yield run
    server.drop(url)


def test_search_for_people_for_programs_and_without_a_database(run: Run) -> None:
    shown = run("search", "双村镇西邨１號", "--within", WEST)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert record_id("A", 1) in shown.stdout
    away = run("search", "双村镇西村1号", "--json", away=True)
    assert away.returncode == 0
    assert "Going on with the addresses of version 1" in away.stderr
    assert json.loads(away.stdout)["features"][0]["properties"]["id"] == record_id("A", 1)


def test_a_table_in_gbk_comes_back_whole(run: Run, tmp_path: Path) -> None:
    given, out = tmp_path / "in.csv", tmp_path / "out.csv"
    texts = [f"双村镇{'西' if n % 2 else '东'}村{n % 6}号" for n in range(700)]
    with given.open("w", encoding="gbk", newline="") as file:
        csv.writer(file).writerows([["编号", "门牌"], *([str(n), text] for n, text in enumerate(texts))])
    done = run("geocode", "--file", str(given), "--column", "门牌", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "700 rows: ok 350, partial 350" in done.stderr
    with out.open(encoding="gb18030", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["门牌"] for row in rows] == texts
    assert {row["result_id"] for row in rows if row["门牌"] == "双村镇西村1号"} == {record_id("A", 1)}
    refused = run("geocode", "--file", str(given), "--column", "地址", "--out", str(tmp_path / "no.csv"))
    assert (refused.returncode, "there is no column 地址" in refused.stderr) == (1, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]
