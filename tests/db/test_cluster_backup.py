"""Older and newer schemas, backups and restores: nothing is changed without a way back."""

import shutil
import stat
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import ProgrammingError

from gridmap.db import migrate
from gridmap.db.backup import back_up, restore
from gridmap.db.database import Database
from gridmap.db.opening import open_as_it_is, open_database
from gridmap.errors import ClusterError, InvalidInput, SchemaTooNew
from gridmap.resources import migrations_dir
from tests.db.test_cluster import FORBIDDEN
from tests.homes import gridmap, settings_for
from tests.postgres import Server

pytestmark = pytest.mark.xdist_group("cluster")
LATER = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade():
    op.drop_table("later")
"""


@pytest.fixture
def newer_gridmap(folder: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """This process is a newer gridmap, with one migration more, until the patch is undone."""
    newer = folder / "migrations"
    shutil.copytree(migrations_dir(), newer)
    (newer / "versions" / "9999_later.py").write_text(LATER.format(head=migrate.head_revision()))
    monkeypatch.setattr(migrate, "migrations_dir", lambda: newer)
    return monkeypatch


def test_an_older_schema_is_migrated_after_a_backup(home: Path, newer_gridmap: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with open_as_it_is(settings_for(home)) as database:
        _publish(database, 1)
        before = _revision(database)
    with open_database(settings_for(home), report=said.append) as database:
        assert "later" in inspect(database.engine).get_table_names()
        assert _versions(database) == [1]
        [backup] = (home / "backups").iterdir()
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        assert backup.name.endswith(f"Z-{before}.dump")
        assert str(backup) in said[0]
        _publish(database, 2)
        # The backup is good: back to the time before, and up again.
        assert restore(database, backup) == before
        assert _versions(database) == [1]
        assert migrate.head_revision() == "9999" == _revision(database)
    with open_database(settings_for(home)):
        assert list((home / "backups").iterdir()) == [backup]


def test_a_newer_schema_is_refused_with_both_revisions(home: Path, newer_gridmap: pytest.MonkeyPatch) -> None:
    with open_database(settings_for(home)) as database:
        back_up(database, home / "newer.dump")
    newer_gridmap.undo()
    with pytest.raises(SchemaTooNew, match=rf"9999.*{migrate.head_revision()}"), open_database(settings_for(home)):
        pass
    refused = gridmap(home, "db", "migrate")
    assert (refused.returncode, "9999" in refused.stderr) == (3, True)
    with open_as_it_is(settings_for(home)) as database, pytest.raises(SchemaTooNew):
        restore(database, home / "newer.dump")


def test_a_schema_of_a_newer_gridmap_can_be_left_by_an_old_backup(
    home: Path, newer_gridmap: pytest.MonkeyPatch
) -> None:
    with open_as_it_is(settings_for(home)) as database:
        back_up(database, home / "old.dump")
    with open_database(settings_for(home)):
        pass
    newer_gridmap.undo()
    with open_as_it_is(settings_for(home)) as database:
        restore(database, home / "old.dump")
    with open_database(settings_for(home)) as database:
        assert "later" not in inspect(database.engine).get_table_names()


def test_a_restored_state_has_its_rights_and_its_counters(home: Path) -> None:
    with open_database(settings_for(home)) as database:
        _publish(database, 1)
        back_up(database, home / "one.dump")
        _publish(database, 2)
        restore(database, home / "one.dump")
        assert _versions(database) == [1]
        _publish(database, 2)
        with database.engine.begin() as connection:
            assert connection.scalar(text("INSERT INTO event (kind, payload) VALUES ('x', '{}') RETURNING seq")) == 3
        for forbidden in FORBIDDEN:
            with database.engine.connect() as connection, pytest.raises(ProgrammingError, match=r"permission|owner"):
                connection.execute(text(forbidden))
        with database.owner_engine.connect() as connection:
            migrate.check(connection)


def test_a_restore_that_fails_half_way_loses_nothing(home: Path) -> None:
    with open_database(settings_for(home)) as database:
        _publish(database, 1)
        back_up(database, home / "whole.dump")
        _publish(database, 2)
        whole = (home / "whole.dump").read_bytes()
        for kept in (len(whole) // 2, len(whole) - 1000, 100, 0):
            (home / "cut.dump").write_bytes(whole[:kept])
            with pytest.raises((InvalidInput, ClusterError)):
                restore(database, home / "cut.dump")
            assert _versions(database) == [1, 2]
        assert _databases(database) == ["gridmap"]


def test_what_is_no_backup_is_refused(home: Path, folder: Path) -> None:
    (folder / "letter.dump").write_text("Dear county")
    with open_database(settings_for(home)) as database:
        with pytest.raises(InvalidInput, match="not a backup"):
            restore(database, folder / "letter.dump")
        with pytest.raises(ClusterError, match="nowhere"):
            restore(database, folder / "nowhere.dump")


def test_a_backup_replaces_no_file(home: Path) -> None:
    with open_database(settings_for(home)) as database:
        back_up(database, home / "one.dump")
        written = (home / "one.dump").read_bytes()
        with pytest.raises(InvalidInput, match="there already"):
            back_up(database, home / "one.dump")
        assert (home / "one.dump").read_bytes() == written
        with pytest.raises(ClusterError):
            back_up(database, home / "no-such-folder" / "x.dump")


def test_a_server_of_ones_own_is_migrated_backed_up_and_restored_too(server: Server, folder: Path) -> None:
    url = server.clone("template0")
    settings = settings_for(folder / "home", database_url=url)
    try:
        with open_database(settings) as database:
            _publish(database, 1)
            back_up(database, folder / "one.dump")
            _publish(database, 2)
            with database.engine.begin() as connection:
                connection.execute(text("CREATE TABLE left_over (version int REFERENCES dataset_version)"))
            restore(database, folder / "one.dump")
            assert _versions(database) == [1]
            assert "left_over" not in inspect(database.engine).get_table_names()
            with database.engine.connect() as connection:
                migrate.check(connection)
        assert not (folder / "home" / "pg").exists()
    finally:
        server.drop(url)


def test_a_failed_restore_on_a_server_of_ones_own_changes_nothing(server: Server, folder: Path) -> None:
    url = server.clone()
    try:
        with open_database(settings_for(folder, database_url=url)) as database:
            back_up(database, folder / "empty.dump")
            _publish(database, 1)
            cut = (folder / "empty.dump").read_bytes()
            (folder / "cut.dump").write_bytes(cut[: len(cut) - 800])
            with pytest.raises((InvalidInput, ClusterError)):
                restore(database, folder / "cut.dump")
            assert _versions(database) == [1]
    finally:
        server.drop(url)


def test_data_move_from_a_private_cluster_to_a_server_of_ones_own(home: Path, server: Server, folder: Path) -> None:
    with open_database(settings_for(home)) as database:
        _publish(database, 1)
        back_up(database, folder / "move.dump")
    url = server.clone()
    try:
        with open_database(settings_for(folder, database_url=url)) as database:
            restore(database, folder / "move.dump")
            assert _versions(database) == [1]
    finally:
        server.drop(url)


def _publish(database: Database, version: int) -> None:
    with database.engine.begin() as connection:
        insert = "INSERT INTO dataset_version (version, actor, summary) VALUES (:version, 'test', 'test')"
        connection.execute(text(insert), {"version": version})
        connection.execute(text("INSERT INTO event (kind, payload) VALUES ('test', '{}')"))


def _versions(database: Database) -> list[int]:
    with database.engine.connect() as connection:
        return list(connection.scalars(text("SELECT version FROM dataset_version ORDER BY version")))


def _revision(database: Database) -> str | None:
    with database.engine.connect() as connection:
        return migrate.current_revision(connection)


def _databases(database: Database) -> list[str]:
    with database.engine.connect() as connection:
        return list(connection.scalars(text("SELECT datname FROM pg_database WHERE datname LIKE 'gridmap%'")))
