"""The commands on changesets, as a shell sees them."""

import getpass
import json
from collections.abc import Iterator

import pytest

from gridmap.db.engine import transaction
from gridmap.db.versions import current_version
from gridmap.editing import review
from tests.cli.shell import Shell
from tests.postgres import Server
from tests.villages import ANNA, code, county, draft, settle


@pytest.fixture
def shell(server: Server) -> Iterator[Shell]:
    url = server.clone()
    shell = Shell(url)
    with transaction(shell.engine) as session:
        county(session, "AABB")
        settle(session, 1, 1.5, 0.5, "A01")
    yield shell
    shell.engine.dispose()
    server.drop(url)


def drawn(shell: Shell, text: str, new: str = "", *, submit: bool = False) -> str:
    with transaction(shell.engine) as session:
        changeset = draft(session, text, new, title="沿河分网格")
        if submit:
            review.submit(session, ANNA, changeset)
    return str(changeset)


def test_show_submit_publish(shell: Shell) -> None:
    changeset = drawn(shell, "AXBB", "X")
    shown = shell("changeset", "show", changeset)
    assert shown.returncode == 0, shown.stderr
    for told in ("沿河分网格", "draft, by user:anna", f"add: {code('C')}", "split 50.0%", "households that move: 1"):
        assert told in shown.stdout
    for step in ("submit", "publish"):
        done = shell("changeset", step, changeset)
        assert done.returncode == 0, done.stderr
    assert "version 4" in done.stdout
    with transaction(shell.engine) as session:
        assert current_version(session) == 4


def test_list_is_json_for_programs(shell: Shell) -> None:
    changeset = drawn(shell, "AXBB", "X", submit=True)
    rows = shell.rows("changeset", "list", "--status", "submitted")
    assert [(str(row["id"]), row["status"], row["author"]) for row in rows] == [(changeset, "submitted", "user:anna")]
    assert "沿河分网格" in shell("changeset", "list").stdout
    shown = json.loads(shell("changeset", "show", changeset, "--json").stdout)
    assert (shown["title"], shown["grids"]["add"], shown["problems"]) == ("沿河分网格", [code("C")], [])


def test_reject_says_why(shell: Shell) -> None:
    changeset = drawn(shell, "AXBB", "X", submit=True)
    assert shell("changeset", "reject", changeset).returncode == 2
    assert shell("changeset", "reject", changeset, "--why", "沿路，不沿河").returncode == 0
    assert "沿路，不沿河" in shell("changeset", "show", changeset).stdout


def test_errors_are_listed_and_refused(shell: Shell) -> None:
    changeset = drawn(shell, "AA.B")
    done = shell("changeset", "submit", changeset)
    assert done.returncode == 1
    assert "belong to no grid" in done.stderr
    assert "error: Grids" in shell("changeset", "show", changeset).stdout
    assert shell("changeset", "show", "99").returncode == 1
    assert shell("changeset", "show", "x").returncode == 2


def test_the_author_at_the_command_line_needs_a_second_person(shell: Shell) -> None:
    changeset = drawn(shell, "AXBB", "X", submit=True)
    with shell.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE changeset SET author = 'user:' || %s", (getpass.getuser(),))
    done = shell("changeset", "publish", changeset)
    assert done.returncode == 1
    assert "second person" in done.stderr
