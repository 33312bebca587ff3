"""`gridmap db`: what it prints and how it ends."""

import json
import subprocess
from pathlib import Path

import pytest

from gridmap.db import migrate
from gridmap.db.opening import open_database
from gridmap.db.postmaster import processes
from tests.homes import found, gridmap, settings_for

pytestmark = pytest.mark.xdist_group("commands")


def test_the_url_is_psqls_and_its_role_the_applications(home: Path) -> None:
    with open_database(settings_for(home)):
        told = gridmap(home, "db", "url")
        assert (told.returncode, told.stderr) == (0, "")
        who = ["psql", told.stdout.strip(), "-Atc", "SELECT current_user, current_database()"]
        assert (
            subprocess.run(who, capture_output=True, text=True, check=True, cwd="/").stdout == "gridmap_app|gridmap\n"
        )


def test_the_url_of_one_that_rests_says_so(home: Path) -> None:
    told = gridmap(home, "db", "url")
    assert told.returncode == 0
    assert told.stdout.startswith("postgresql://gridmap_app@/gridmap?host=")
    assert "does not run" in told.stderr


def test_the_url_of_nothing(folder: Path) -> None:
    told = gridmap(folder, "db", "url")
    assert (told.returncode, told.stdout) == (3, "")
    assert "gridmap up" in told.stderr


def test_status_of_one_that_runs(home: Path) -> None:
    with open_database(settings_for(home)):
        told = json.loads(gridmap(home, "db", "status", "--json").stdout)
    assert (told["kind"], told["running"], told["home"]) == ("private", True, str(home))
    assert told["postgresql"] >= "15"
    assert told["postgis"] >= "3.3"
    assert told["schema"] == told["schema_wanted"] == migrate.head_revision()
    assert told["database_bytes"] > 5_000_000
    assert told["served_by"] is None


def test_status_starts_nothing(home: Path, folder: Path) -> None:
    told = gridmap(home, "db", "status")
    assert told.returncode == 0
    assert "not running" in told.stdout
    assert str(found(home).data) in told.stdout
    assert processes(found(home).data) == []
    assert "not made yet" in gridmap(folder / "new", "db", "status").stdout
    assert not (folder / "new").exists()


def test_status_of_a_server_that_does_not_answer(folder: Path) -> None:
    told = gridmap(folder, "db", "status", "--json", GRIDMAP_DATABASE_URL="postgresql://x:secret@/x?host=/nowhere")
    assert told.returncode == 3
    assert json.loads(told.stdout)["running"] is False
    assert "secret" not in told.stdout


def test_a_backup_and_its_restore(home: Path, folder: Path) -> None:
    file = folder / "county.dump"
    assert gridmap(home, "db", "backup", str(file)).returncode == 0
    again = gridmap(home, "db", "backup", str(file))
    assert (again.returncode, "there already" in again.stderr) == (1, True)
    restored = gridmap(home, "db", "restore", str(file))
    assert restored.returncode == 0
    assert migrate.head_revision() in restored.stderr
    refused = gridmap(home, "db", "restore", str(Path(__file__)))
    assert (refused.returncode, "not a backup" in refused.stderr) == (1, True)
    assert processes(found(home).data) == []


def test_migrate_says_where_it_stands(home: Path) -> None:
    told = gridmap(home, "db", "migrate")
    assert told.returncode == 0
    assert told.stderr == f"The schema is at revision {migrate.head_revision()}.\n"
