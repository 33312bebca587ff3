"""What the private cluster must survive. Every harm here is really done: processes killed, disks filled."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gridmap.db import cluster as cluster_module
from gridmap.db.bootstrap import libpq_url
from gridmap.db.cluster import Cluster
from gridmap.db.configuration import ADMIN, OWNER
from gridmap.db.database import Database
from gridmap.db.opening import open_database
from gridmap.db.postmaster import find_postmaster, kill_all, processes, stop_postmaster, wait_for_end
from gridmap.db.watchdog import watched
from gridmap.errors import ClusterError
from tests.homes import copy_home, environment, eventually, found, kill_each, settings_for

pytestmark = pytest.mark.xdist_group("cluster")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")


def test_everything_killed_and_nothing_lost(home: Path) -> None:
    data = found(home).data
    with open_database(settings_for(home)) as database:
        _write_version(database, 1)
        kill_each(processes(data))
        assert eventually(lambda: processes(data) == [])
        assert (data / "postmaster.pid").exists()
    assert _versions(home) == [1]


def test_backends_that_outlive_their_postmaster(home: Path) -> None:
    data = found(home).data
    with open_database(settings_for(home)) as database:
        _write_version(database, 1)
        busy = _busy_backend(database)
        postmaster = find_postmaster(data)
        assert postmaster is not None
        os.kill(postmaster, signal.SIGKILL)
        assert wait_for_end(postmaster, data, 10)
        assert busy.info.backend_pid in processes(data)
        _write_version(_revived(home), 2)
        assert busy.info.backend_pid not in processes(data)
        busy.close()
    assert _versions(home) == [1, 2]


def test_an_orphan_is_taken_over_as_it_is(home: Path) -> None:
    orphan = _orphan(home)
    with open_database(settings_for(home)) as database:
        assert find_postmaster(found(home).data) == orphan
        _write_version(database, 1)
    assert processes(found(home).data) == []
    assert _versions(home) == [1]


def test_an_orphan_with_other_settings_is_started_again(home: Path) -> None:
    orphan = _orphan(home)
    with open_database(settings_for(home, workers=9)):
        assert find_postmaster(found(home).data) not in {orphan, None}


def test_an_orphan_that_does_not_answer_is_replaced(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "_ANSWER_S", 2)
    orphan = _orphan(home)
    os.kill(orphan, signal.SIGSTOP)
    with open_database(settings_for(home)):
        assert find_postmaster(found(home).data) not in {orphan, None}


def test_an_orphan_that_is_just_stopping_is_waited_for(home: Path) -> None:
    orphan = _orphan(home)
    # A smart shutdown waits for sessions: the server lives, and takes no new ones.
    with psycopg.connect(libpq_url(Cluster(found(home)).url(OWNER))):
        os.kill(orphan, signal.SIGTERM)
        assert eventually(lambda: "stopping" in (found(home).data / "postmaster.pid").read_text())
    assert _versions(home) == []


def test_a_number_file_whose_number_belongs_to_another_process_now(home: Path) -> None:
    account = found(home).account
    other = subprocess.Popen(["sleep", "600"], **account.start_as())
    try:
        for pid in (other.pid, 1, 2**22 - 1):
            (found(home).data / "postmaster.pid").write_text(f"{pid}\n{found(home).data}\n1\n5432\n/x\n\n0 0\nready\n")
            assert _versions(home) == []
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("content", ["", "nonsense\n", "-7\n"])
def test_a_number_file_cut_short(home: Path, content: str) -> None:
    (found(home).data / "postmaster.pid").write_text(content)
    assert _versions(home) == []


def test_a_first_start_killed_half_way_leaves_nothing_half_made(folder: Path) -> None:
    home = folder / "home"
    first = subprocess.Popen(
        [sys.executable, "-m", "gridmap", "db", "migrate"], env=environment(home), stderr=subprocess.PIPE, cwd="/"
    )
    with first:
        assert eventually((home / "pg" / "data.unready" / "PG_VERSION").exists, within_s=60)
        first.kill()
    assert not (home / "pg" / "data").exists()
    assert _versions(home) == []
    assert not (home / "pg" / "data.unready").exists()


def test_a_first_start_killed_between_cluster_and_database(home: Path) -> None:
    """The database has its name only when it is whole: a half made one is thrown away and made again."""
    cluster = Cluster(found(home))
    with cluster.in_use(), psycopg.connect(libpq_url(cluster.url(ADMIN, "postgres")), autocommit=True) as admin:
        admin.execute("ALTER DATABASE gridmap RENAME TO gridmap_unready")
    assert _versions(home) == []
    with cluster.in_use(), psycopg.connect(libpq_url(cluster.url(ADMIN, "postgres"))) as admin:
        names = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'gridmap%'").fetchall()
    assert names == [("gridmap",)]


@as_root
def test_a_full_disk_on_the_first_start(folder: Path) -> None:
    with _small_disk(folder / "disk", "size=12m") as disk:
        with pytest.raises(ClusterError, match="No space left on device"), open_database(settings_for(disk / "home")):
            pass
        assert not (disk / "home" / "pg" / "data").exists()


@as_root
def test_a_disk_that_filled_up_and_was_cleared(folder: Path, template_home: Path) -> None:
    with _small_disk(folder / "disk", "size=150m") as disk:
        home = copy_home(template_home, disk / "home")
        with open_database(settings_for(home)) as database:
            _write_version(database, 1)
        subprocess.run(["dd", "if=/dev/zero", f"of={disk / 'filler'}", "bs=4k"], capture_output=True, check=False)
        with pytest.raises(ClusterError, match="the disk is full; make room"), open_database(settings_for(home)):
            pass
        (disk / "filler").unlink()
        assert _versions(home) == [1]


@as_root
def test_a_disk_that_fills_up_under_a_running_server(folder: Path, template_home: Path) -> None:
    said: list[str] = []
    with _small_disk(folder / "disk", "size=150m") as disk:
        home = copy_home(template_home, disk / "home")
        with open_database(settings_for(home)) as database, watched(Cluster(found(home)), said.append):
            _write_version(database, 1)
            with pytest.raises(Exception, match=r"No space left|terminat|closed|connection"):
                _fill(database)
            assert eventually(lambda: _can_write(database, 2), within_s=30), said
        assert _versions(home) == [1, 2]


@as_root
@pytest.mark.parametrize("made", [False, True])
def test_a_read_only_disk(folder: Path, template_home: Path, *, made: bool) -> None:
    with _small_disk(folder / "disk", "size=150m") as disk:
        if made:
            copy_home(template_home, disk / "home")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(ClusterError, match="the disk is read-only"), open_database(settings_for(disk / "home")):
            pass


def test_a_home_that_is_a_file(folder: Path) -> None:
    (folder / "home").write_text("")
    with pytest.raises(ClusterError, match="a folder is wanted"), open_database(settings_for(folder / "home")):
        pass


def test_a_start_that_postgresql_refuses_gives_its_last_words(home: Path) -> None:
    (found(home).data / "local.conf").write_text("shared_buffers = 'a lot'\n")
    with pytest.raises(ClusterError, match=r"local\.conf|shared_buffers"), open_database(settings_for(home)):
        pass
    assert processes(found(home).data) == []


def test_a_server_that_dies_is_started_again_under_its_users(home: Path) -> None:
    said: list[str] = []
    data = found(home).data
    with open_database(settings_for(home)) as database, watched(Cluster(found(home)), said.append):
        _write_version(database, 1)
        before = find_postmaster(data)
        kill_all(data)
        assert eventually(lambda: _can_write(database, 2)), said
        assert find_postmaster(data) not in {before, None}
    assert processes(data) == []
    assert said == ["PostgreSQL has ended; it is started again.", "PostgreSQL serves again."]


def test_a_long_log_is_put_aside(home: Path) -> None:
    log = found(home).log
    with log.open("r+b") as file:
        file.truncate(21 * 1024 * 1024)
    assert _versions(home) == []
    assert log.stat().st_size < 1024 * 1024
    assert log.with_name("postgresql.log.1").stat().st_size == 21 * 1024 * 1024


def _orphan(home: Path) -> int:
    """A server whose starter was killed: the locks are free, it runs on."""
    script = (
        "import os; from gridmap.settings import Settings; from gridmap.db.opening import open_database\n"
        "with open_database(Settings.from_env()): os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment(home), check=False, cwd="/")
    assert done.returncode == -signal.SIGKILL
    orphan = find_postmaster(found(home).data)
    assert orphan is not None
    return orphan


def _busy_backend(database: Database) -> psycopg.Connection:
    """A session in a computation that never looks up: it doesn't notice that its postmaster is gone."""
    connection = psycopg.connect(libpq_url(database.owner_url), autocommit=True)
    connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 2000000000000)")
    return connection


def _revived(home: Path) -> Database:
    cluster = Cluster(found(home))
    cluster.revive()
    return Database.of_cluster(cluster)


def _write_version(database: Database, version: int) -> None:
    with database.engine.begin() as connection:
        insert = "INSERT INTO dataset_version (version, actor, summary) VALUES (:version, 'test', 'test')"
        connection.execute(text(insert), {"version": version})
    database.dispose()


def _can_write(database: Database, version: int) -> bool:
    try:
        _write_version(database, version)
    except DBAPIError:
        return False
    return True


def _fill(database: Database) -> None:
    with database.owner_engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE filler AS SELECT repeat(md5(n::text), 30) FROM generate_series(1, 1000000) n")
        )


def _versions(home: Path) -> list[int]:
    with open_database(settings_for(home)) as database, database.engine.connect() as connection:
        return list(connection.scalars(text("SELECT version FROM dataset_version ORDER BY version")))


@contextmanager
def _small_disk(at: Path, options: str) -> Iterator[Path]:
    at.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"{options},mode=755", "tmpfs", at], check=True)
    try:
        yield at
    finally:
        stop_postmaster(at / "home" / "pg" / "data")
        subprocess.run(["umount", at], check=True)
