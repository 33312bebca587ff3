"""The commands on contact pairs, as a shell sees them."""

import getpass
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridmap.db.engine import transaction
from tests.cli.shell import Shell
from tests.county import COUNTY, small_county
from tests.postgres import Server


@pytest.fixture
def shell(server: Server) -> Iterator[Shell]:
    url = server.clone()
    shell = Shell(url)
    with transaction(shell.engine) as session:
        small_county(session)
    yield shell
    shell.engine.dispose()
    server.drop(url)


def test_plan_apply_report_undo(shell: Shell, tmp_path: Path) -> None:
    out = tmp_path / "PLAN.json"
    made = shell("pairs", "plan", "--within", COUNTY, "--out", str(out))
    assert made.returncode == 0, made.stderr
    assert "register 5 = paired 5 + missed 0" in made.stdout
    plan = json.loads(out.read_text())
    assert {"id", "version", "pairs", "missed", "certificate"} <= plan.keys()
    assert {"household", "officer", "rank", "tier", "reason"} <= plan["pairs"][0].keys()
    own = shell("pairs", "apply", str(plan["id"]))
    assert own.returncode == 1
    assert "second person" in own.stderr
    with shell.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE pair_plan SET author = 'user:anna'")
    applied = shell("pairs", "apply", str(plan["id"]))
    assert applied.returncode == 0, applied.stderr
    lines = shell.rows("pairs", "report", "--within", COUNTY)
    assert (lines[0]["code"], lines[0]["paired"]) == (COUNTY, 5)
    head, *told = shell("pairs", "report", "--within", COUNTY).stdout.splitlines()
    assert head.split() == list(lines[0])
    assert [line.split()[0] for line in told] == [line["code"] for line in lines]
    assert f"cli:{getpass.getuser()}" in shell("pairs", "list").stdout
    undone = shell("pairs", "undo")
    assert undone.returncode == 0, undone.stderr
    assert shell.rows("pairs", "report", "--within", COUNTY)[0]["paired"] == 0
    assert shell("pairs", "undo").returncode == 1
    assert shell("pairs", "plan", "--within", "990009").returncode == 1
    assert shell("pairs", "plan").returncode == 2


def test_a_plan_opened_by_the_server_is_solved_by_a_process_of_its_own(shell: Shell) -> None:
    with shell.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO pair_plan (county_code, within, from_scratch, author, version)"
            " VALUES (%s, %s, false, 'user:anna', 1)",
            (COUNTY, COUNTY),
        )
    done = shell("pairs", "solve", "1")
    assert done.returncode == 0, done.stderr
    plans = shell.rows("pairs", "list")
    assert [(plan["id"], plan["status"], plan["author"]) for plan in plans] == [(1, "ready", "user:anna")]
    again = shell("pairs", "solve", "1")
    assert again.returncode == 1
    assert shell.rows("pairs", "list")[0]["status"] == "ready"
