"""The private cluster as its users know it: who may do what, who starts and stops it, where it may live."""

import os
import pwd
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from gridmap.db import binaries
from gridmap.db import home as home_module
from gridmap.db.binaries import find_binaries
from gridmap.db.cluster import Cluster
from gridmap.db.configuration import Machine, postgresql_conf
from gridmap.db.home import find_home, make_home
from gridmap.db.opening import open_database
from gridmap.db.postmaster import find_postmaster, processes
from gridmap.errors import ClusterError
from tests.homes import copy_home, environment, found, settings_for

pytestmark = pytest.mark.xdist_group("cluster")
FORBIDDEN = (
    "CREATE TABLE mine (x int)",
    "DROP TABLE event",
    "CREATE SCHEMA mine",
    "TRUNCATE event",
    "DELETE FROM audit_record",
    "UPDATE alembic_version SET version_num = '9999'",
)
VERSION = "INSERT INTO dataset_version (version, actor, summary) VALUES (1, 'test', 'test')"


def test_the_application_writes_rows_but_no_tables(home: Path) -> None:
    with open_database(settings_for(home)) as database:
        with database.engine.begin() as connection:
            connection.execute(text(VERSION))
            connection.execute(text("INSERT INTO event (kind, payload) VALUES ('x', '{}')"))
            assert connection.scalar(text("SELECT count(*) FROM event")) == 1
        for forbidden in FORBIDDEN:
            with database.engine.connect() as connection, pytest.raises(ProgrammingError, match=r"permission|owner"):
                connection.execute(text(forbidden))


def test_no_role_of_ours_is_a_superuser(home: Path) -> None:
    with open_database(settings_for(home)) as database, database.owner_engine.connect() as connection:
        roles = "SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname LIKE 'gridmap%'"
        assert sorted(map(tuple, connection.execute(text(roles)))) == [("gridmap_app", False), ("gridmap_owner", False)]
        assert connection.scalar(text("SELECT PostGIS_Lib_Version()")) >= "3.3"


def test_it_is_durable_checked_and_reached_by_the_socket_alone(home: Path) -> None:
    with open_database(settings_for(home)) as database, database.engine.connect() as connection:
        assert _shown(connection, "listen_addresses") == ""
        assert _shown(connection, "fsync") == _shown(connection, "full_page_writes") == "on"
        assert _shown(connection, "data_checksums") == "on"
        assert _shown(connection, "server_encoding") == "UTF8"
        assert connection.scalar(text("SELECT 'ཅོ་ནེ་ 卓尼' COLLATE \"default\" < '木耳'")) is not None
        sockets = found(home).sockets
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        owner = Path(f"/proc/{find_postmaster(found(home).data)}").stat().st_uid
        assert owner == found(home).account.uid != 0


def test_another_user_of_the_machine_gets_no_connection(home: Path) -> None:
    with open_database(settings_for(home)) as database:
        found(home).sockets.chmod(0o755)
        found(home).place.chmod(0o755)
        Path(found(home).sockets, ".s.PGSQL.5432").chmod(0o777)
        try:
            stranger = ["setpriv", "--reuid=65534", "--clear-groups", "psql", database.libpq_url, "-c", "SELECT 1"]
            refused = subprocess.run(stranger, capture_output=True, text=True, check=False, cwd="/")
        finally:
            found(home).place.chmod(0o700)
            found(home).sockets.chmod(0o700)
    assert refused.returncode != 0
    assert "Peer authentication failed" in refused.stderr


def test_the_last_one_out_stops_it(home: Path) -> None:
    data = found(home).data
    with open_database(settings_for(home)):
        first = find_postmaster(data)
        with open_database(settings_for(home)):
            assert find_postmaster(data) == first
        assert find_postmaster(data) == first is not None
    assert processes(data) == []


def test_commands_at_the_same_time_share_one_server(home: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from gridmap.settings import Settings;"
        "from gridmap.db.opening import open_database\n"
        "with open_database(Settings.from_env()) as d, d.engine.connect() as c:\n"
        "    print(d.cluster.pid, flush=True); sys.stdin.readline(); c.exec_driver_sql('SELECT 1')"
    )
    users = [
        subprocess.Popen(
            [sys.executable, "-c", script], env=environment(home), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for _ in range(3)
    ]  # fmt: skip
    assert len({user.stdout.readline() for user in users if user.stdout}) == 1
    assert [user.communicate("\n")[0] == "" and user.returncode for user in users] == [0, 0, 0]
    assert processes(found(home).data) == []


def test_a_new_home_is_made_where_there_was_none(template_home: Path) -> None:
    assert find_home(template_home.parent / "nowhere") is None
    made = found(template_home)
    assert made.place == template_home / "pg"
    assert stat.S_IMODE(made.place.stat().st_mode) == 0o700
    assert sorted(entry.name for entry in made.place.iterdir() if entry.is_dir()) == ["data", "socket"]


@pytest.mark.parametrize("name", ["with space", "卓尼县 ཅོ་ནེ་", "a,b", 'it\'s $(exit 7) `x` "quoted"', "x%20y"])
def test_a_home_may_have_any_name(folder: Path, template_home: Path, name: str) -> None:
    home = copy_home(template_home, folder / name)
    with open_database(settings_for(home)) as database, database.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM event")) == 0
        assert subprocess.run(["psql", database.libpq_url, "-c", "SELECT 1"], check=False, cwd="/").returncode == 0


def test_a_home_too_long_for_a_socket(folder: Path, template_home: Path) -> None:
    home = copy_home(template_home, folder / ("卓尼" * 30))
    with open_database(settings_for(home)) as database, database.engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
        short = found(home).sockets
        assert len(os.fsencode(short)) < 60
        assert stat.S_IMODE(short.stat().st_mode) == 0o700
    with open_database(settings_for(home)):
        assert found(home).sockets == short


def test_a_copied_home_gets_a_socket_of_its_own(folder: Path, template_home: Path) -> None:
    home = copy_home(template_home, folder / ("x" * 100))
    with open_database(settings_for(home)):
        first = found(home).sockets
    copy = copy_home(home, folder / ("y" * 100))
    with open_database(settings_for(home)), open_database(settings_for(copy)):
        assert found(copy).sockets != first == found(home).sockets


def test_a_socket_folder_laid_by_someone_else_is_refused(folder: Path, template_home: Path) -> None:
    home = copy_home(template_home, folder / ("x" * 100))
    with open_database(settings_for(home)):
        short = found(home).sockets
    short.rmdir()
    (folder / "trap").mkdir()
    short.symlink_to(folder / "trap")
    try:
        with pytest.raises(ClusterError, match=short.name), open_database(settings_for(home)):
            pass
        assert list((folder / "trap").iterdir()) == []
    finally:
        short.unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends its cluster to another user")
def test_a_home_that_the_clusters_user_cannot_enter(folder: Path, template_home: Path) -> None:
    closed = folder / "root"
    closed.mkdir(mode=0o700)
    home = make_home(closed / "home")
    assert home.place.parent == Path("/var/lib/gridmap")
    assert stat.S_IMODE(home.place.stat().st_mode) == 0o700
    subprocess.run(["cp", "-a", template_home / "pg" / "data", home.data], check=True)
    with open_database(settings_for(home.folder)) as database, database.engine.begin() as connection:
        connection.execute(text(VERSION))
    assert find_home(home.folder) == home
    with open_database(settings_for(home.folder)) as database, database.engine.connect() as connection:
        assert connection.scalar(text("SELECT max(version) FROM dataset_version")) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends its cluster to another user")
def test_a_home_removed_and_made_anew_begins_empty_and_keeps_the_old_data(folder: Path) -> None:
    closed = folder / "root"
    closed.mkdir(mode=0o700)
    first = make_home(closed / "home")
    first.data.mkdir()
    try:
        subprocess.run(["rm", "-r", first.folder], check=True)
        second = make_home(closed / "home")
        assert second.place != first.place
        assert first.data.is_dir()
    finally:
        subprocess.run(["rm", "-r", first.place], check=True)


def test_a_pointer_to_lost_data_is_no_reason_to_begin_with_nothing(folder: Path) -> None:
    (folder / "cluster-path").write_text("/var/lib/gridmap/lost\n")
    with (
        pytest.raises(ClusterError, match="/var/lib/gridmap/lost, which is not there"),
        open_database(settings_for(folder)),
    ):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="needs two users")
def test_a_home_of_another_user_is_refused_by_name(home: Path) -> None:
    home.chmod(0o755)
    refused = _as_user(65534, 65534, home, "find_home(home)")
    owner = pwd.getpwuid(found(home).place.stat().st_uid).pw_name
    assert f"belongs to the user {owner}" in refused.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test is this one then")
def test_an_unprivileged_user_has_a_cluster_of_his_own(folder: Path, template_home: Path) -> None:
    owner = found(template_home).account
    home = copy_home(template_home, folder / "home")
    subprocess.run(["chown", "-R", f"{owner.uid}:{owner.gid}", home], check=True)
    _use_as(owner.uid, owner.gid, home)
    # Root may use it after him, and leaves nothing that he can't open.
    with open_database(settings_for(home)):
        pass
    _use_as(owner.uid, owner.gid, home)


def test_a_machine_without_postgresql_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(binaries, "_DEBIAN", folder)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(ClusterError, match="apt-get install postgresql-15 postgresql-15-postgis-3") as caught:
        find_binaries()
    assert "\n" not in caught.value.detail


def test_data_of_another_major_version_say_which_one(home: Path) -> None:
    (found(home).data / "PG_VERSION").write_text("14\n")
    with pytest.raises(ClusterError, match="postgresql-14-postgis-3"), open_database(settings_for(home)):
        pass


def test_postgresql_is_found_by_the_path_alone(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    there = find_binaries()
    monkeypatch.setattr(binaries, "_DEBIAN", folder)
    monkeypatch.setenv("PATH", str(there.folder))
    assert find_binaries() == there


@pytest.mark.parametrize(("memory_mib", "cores", "shared"), [(512, 1, 64), (8192, 2, 1024), (262144, 64, 2048)])
def test_memory_is_given_by_the_size_of_the_machine(memory_mib: int, cores: int, shared: int) -> None:
    conf = postgresql_conf(Machine(memory_mib, cores), Path("/run/x"), workers=1)
    assert f"shared_buffers = '{shared}MB'\n" in conf
    assert f"max_parallel_workers_per_gather = {min(2, cores // 2)}\n" in conf


def test_many_workers_find_enough_connections(home: Path) -> None:
    with open_database(settings_for(home, workers=8)) as database, database.engine.connect() as connection:
        assert int(_shown(connection, "max_connections")) >= 8 * 20


def test_settings_of_the_installation_come_last(home: Path) -> None:
    (found(home).data / "local.conf").write_text("work_mem = '7MB'\n")
    with open_database(settings_for(home)) as database, database.engine.connect() as connection:
        assert _shown(connection, "work_mem") == "7MB"


def test_a_refused_row_leaves_no_trace_of_a_person_in_the_log(home: Path) -> None:
    with open_database(settings_for(home)) as database:
        with database.engine.connect() as connection, pytest.raises(Exception, match="not-null"):
            connection.exec_driver_sql("INSERT INTO event (kind, payload) VALUES ('13812345678', NULL)")
        log = found(home).log.read_text()
    assert "violates not-null constraint" in log
    assert "13812345678" not in log


def test_a_cluster_that_was_never_started_has_no_process(home: Path) -> None:
    assert Cluster(found(home)).pid is None
    assert home_module.PORT == 5432


def _use_as(uid: int, gid: int, home: Path) -> None:
    done = _as_user(uid, gid, home, "with open_database(Settings.from_env()) as d: d.engine.connect().close()")
    assert done.returncode == 0, done.stderr


def _as_user(uid: int, gid: int, home: Path, statement: str) -> subprocess.CompletedProcess[str]:
    """Runs a statement as another user, who need not be able to reach the interpreter: it becomes him on the way."""
    script = (
        "import os, sys; from pathlib import Path; from gridmap.settings import Settings\n"
        "from gridmap.db.home import find_home; from gridmap.db.opening import open_database\n"
        "from gridmap.db import migrate; migrate.head_revision(); home = Path(os.environ['GRIDMAP_HOME'])\n"
        "import psycopg, sqlalchemy.dialects.postgresql.psycopg\n"
        f"os.setgroups([]); os.setgid({gid}); os.setuid({uid})\n{statement}"
    )
    command = [sys.executable, "-W", "error", "-c", script]
    return subprocess.run(command, env=environment(home), capture_output=True, text=True, check=False, cwd="/")


def _shown(connection: Connection, setting: str) -> str:
    return str(connection.scalar(text(f"SHOW {setting}")))
