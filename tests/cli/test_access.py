"""The commands on users, keys and the audit, as a shell sees them."""

import getpass
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from gridmap.access import sessions
from gridmap.access.audit import Origin
from gridmap.db.engine import transaction
from tests.cli.shell import Shell
from tests.county import COUNTY, county_clone
from tests.postgres import Server

PASSWORD = "Winter-2026"


@pytest.fixture
def shell(server: Server) -> Iterator[Shell]:
    url = county_clone(server)
    shell = Shell(url)
    yield shell
    shell.engine.dispose()
    server.drop(url)


def _signs_in(shell: Shell, name: str, password: str) -> bool:
    with transaction(shell.engine) as session:
        users_now = sessions.sign_in(session, Origin("test"), name=name, password=password, now=_now())
        return users_now.secret is not None


def _now() -> datetime:
    return datetime.now(UTC)


def test_a_key_is_printed_alone_and_once(shell: Shell) -> None:
    done = shell("key", "add", "gis", "--role", "integrator", "--scope", COUNTY, "--personal")
    assert (done.returncode, done.stderr) == (0, "")
    key = done.stdout.removesuffix("\n")
    assert key.startswith("gm_")
    assert key.split() == [key]
    with transaction(shell.engine) as session:
        identity = sessions.find_by_key(session, key)
    assert identity is not None
    assert (identity.caller.name, identity.caller.personal) == ("key:gis", True)
    (row,) = shell.rows("key", "list")
    assert (row["name"], row["role"], row["scope"], row["revoked_at"]) == ("gis", "integrator", COUNTY, None)
    assert key not in shell("key", "list").stdout

    taken = shell("key", "add", "GIS", "--role", "reader", "--scope", "all")
    assert (taken.returncode, taken.stdout) == (1, "")
    assert "already" in taken.stderr
    assert shell("key", "revoke", "gis").returncode == 0
    with transaction(shell.engine) as session:
        assert sessions.find_by_key(session, key) is None
    assert shell("key", "revoke", "gis").returncode == 1


def test_a_user_with_a_password_from_stdin_or_made_at_random(shell: Shell) -> None:
    done = shell("user", "add", "li.si", "--role", "commander", "--scope", COUNTY, typed=PASSWORD + "\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert _signs_in(shell, "li.si", PASSWORD)
    made = shell("user", "password", "li.si", "--generate-password").stdout.strip()
    assert not _signs_in(shell, "li.si", PASSWORD)
    assert _signs_in(shell, "li.si", made)
    assert shell("user", "disable", "li.si").returncode == 0
    assert not _signs_in(shell, "li.si", made)
    (row,) = shell.rows("user", "list")
    assert row["disabled_at"] is not None
    assert "password_hash" not in row
    assert "commander" in shell("user", "list").stdout


def test_on_a_terminal_the_password_is_asked_for_twice_and_not_shown(shell: Shell) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gridmap", "user", "add", "li.si", "--role", "reader", "--scope", "all"]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=shell.env, start_new_session=True
    ) as running:
        os.close(theirs)
        seen = b""
        for prompt in (b"Password: ", b"confirmation: "):
            while not seen.endswith(prompt):
                seen += os.read(ours, 1000)
            os.write(ours, PASSWORD.encode() + b"\n")
        assert running.wait(60) == 0
    os.close(ours)
    assert PASSWORD.encode() not in seen
    assert _signs_in(shell, "li.si", PASSWORD)


@pytest.mark.parametrize(
    ("arguments", "typed", "told"),
    [
        (("--role", "king", "--scope", "all"), PASSWORD, "king"),
        (("--role", "reader", "--scope", "62x"), PASSWORD, "scope"),
        (("--role", "reader", "--scope", "all"), "short", "10 to 200"),
        (("--role", "reader", "--scope", "all"), "", "10 to 200"),
    ],
)
def test_what_is_refused_is_told_and_leaves_nothing(
    shell: Shell, arguments: tuple[str, ...], typed: str, told: str
) -> None:
    done = shell("user", "add", "li.si", *arguments, typed=typed)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert shell.rows("user", "list") == []
    assert shell.rows("audit", "show") == []


def test_a_scope_that_is_not_there_yet_is_pointed_out(shell: Shell) -> None:
    done = shell("key", "add", "gis", "--role", "reader", "--scope", "990002")
    assert done.returncode == 0
    assert "990002" in done.stderr
    assert done.stdout.startswith("gm_")


def test_the_audit_names_the_operating_system_user(shell: Shell) -> None:
    shell("key", "add", "gis", "--role", "reader", "--scope", "all")
    shell("key", "revoke", "gis")
    me = f"cli:{getpass.getuser()}"
    rows = shell.rows("audit", "show")
    assert [(row["actor"], row["action"], row["subjects"]) for row in rows] == [
        (me, "key.add", ["key:gis"]),
        (me, "key.revoke", ["key:gis"]),
    ]
    assert shell.rows("audit", "show", "--who", "nobody") == []
    assert len(shell.rows("audit", "show", "--record", "key:gis", "--since", "2020-01-01")) == 2
    assert shell.rows("audit", "show", "--since", "2999-01-01T00:00:00Z") == []
    table = shell("audit", "show")
    assert len(table.stdout.splitlines()) == 3, "a head and a line a record, also in a pipe"
    refused = shell("audit", "show", "--since", "yesterday")
    assert refused.returncode == 1
    assert "--since" in refused.stderr


def test_no_database_is_exit_3(shell: Shell) -> None:
    shell.env["GRIDMAP_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    done = shell("key", "list")
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr


def test_a_missing_option_is_exit_2(shell: Shell) -> None:
    assert shell("key", "add", "gis").returncode == 2
