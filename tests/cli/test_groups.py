"""`gridmap group regroup`: shown first, true when it is asked for."""

from collections.abc import Iterator

import pytest

from gridmap.db.engine import transaction
from tests.cli.shell import Shell
from tests.county import NORTH_WEST, small_county
from tests.postgres import Server


@pytest.fixture
def shell(server: Server) -> Iterator[Shell]:
    shell = Shell(server.clone())
    shell.env |= {"GRIDMAP_GROUP_SMALLEST": "2", "GRIDMAP_GROUP_TARGET": "3", "GRIDMAP_GROUP_LARGEST": "4"}
    with transaction(shell.engine) as session:
        small_county(session)
    yield shell
    shell.engine.dispose()


def test_a_proposal_is_shown_and_applied(shell: Shell) -> None:
    shown = shell("group", "regroup", NORTH_WEST)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "1 households move" in shown.stdout
    assert "closed" in shown.stdout
    assert "nothing is changed" in shown.stdout
    done = shell("group", "regroup", NORTH_WEST, "--apply")
    assert "version 2" in done.stdout
    assert "0 households move" in shell("group", "regroup", NORTH_WEST).stdout
    unknown = shell("group", "regroup", "990001101200900")
    assert (unknown.returncode, "There is no grid" in unknown.stderr) == (1, True)
    shell.env["GRIDMAP_GROUP_LARGEST"] = "2"
    refused = shell("group", "regroup", NORTH_WEST)
    assert refused.returncode != 0
    assert "GRIDMAP_GROUP_LARGEST (2)" in refused.stderr
