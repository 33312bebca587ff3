"""`gridmap coverage check`, as a shell sees it."""

import json
from collections.abc import Iterator

import pytest
from shapely.geometry import shape

from gridmap.db.engine import transaction
from tests.cli.shell import Shell
from tests.db.test_coverage_check import put
from tests.maps import cell
from tests.postgres import Server
from tests.villages import UPPER, code, county


@pytest.fixture
def shell(server: Server) -> Iterator[Shell]:
    url = server.clone()
    shell = Shell(url)
    with transaction(shell.engine) as session:
        county(session, "AAaa")
    yield shell
    shell.engine.dispose()
    server.drop(url)


def test_errors_make_the_exit_status_and_warnings_do_not(shell: Shell) -> None:
    with transaction(shell.engine) as session:
        put(session, "A", cell(0, 0).union(cell(1, 0)).segmentize(0.0005))
    warned = shell("coverage", "check")
    assert (warned.returncode, warned.stderr) == (0, "")
    assert "warning: " in warned.stdout
    assert warned.stdout.endswith("checked villages: 2, grids: 2; errors: 0, warnings: 2\n")
    with transaction(shell.engine) as session:
        put(session, "A", cell(0, 0))
    wrong = shell("coverage", "check", "--within", UPPER)
    assert wrong.returncode == 1
    assert (
        f"error: Grid {code('A')}: beside lie 10,188 m² that belong to no grid. (103.5015000, 34.5005000)"
        in wrong.stdout
    )
    found = shell("coverage", "check", "--json")
    assert found.returncode == 1
    (problem,) = json.loads(found.stdout)["problems"]
    assert (problem["kind"], problem["severity"], problem["unit"], problem["village"]) == ("gap", "error", "m2", UPPER)
    assert shape(problem["where"]).equals(cell(1, 0))
