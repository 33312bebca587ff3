"""Backups of an installation, and its restoration from one: a restore that fails loses nothing."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg

from gridmap.db import bootstrap, dump, migrate
from gridmap.db.cluster import Cluster
from gridmap.db.configuration import ADMIN, OWNER
from gridmap.db.database import Database
from gridmap.db.disk import disk_errors
from gridmap.db.engine import make_engine
from gridmap.db.rights import grant_rights
from gridmap.errors import ClusterError

_INCOMING = "gridmap_incoming"
_DROP_EVERYTHING = """
DO $$ DECLARE thing record; BEGIN
  FOR thing IN
    SELECT format('public.%I', c.relname) AS name, CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
           WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('e', 'i', 'a'))
  LOOP
    EXECUTE format('DROP %s IF EXISTS %s CASCADE', thing.kind, thing.name);
  END LOOP;
  FOR thing IN
    SELECT format('public.%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)) AS name FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
  LOOP
    EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', thing.name);
  END LOOP;
END $$
"""
"""All that is ours in the schema; what belongs to an extension stays."""


def back_up(database: Database, file: Path) -> None:
    """Writes all data into a new file. Raises InvalidInput when it is there, ClusterError when the disk is full."""
    dump.write_dump(database.owner_url, file)


def back_up_before_migration(database: Database, revision: str) -> Path:
    """Writes a backup into the home, named by time and revision; where it is."""
    folder = database.home / "backups"
    with disk_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}-{revision}.dump"
    dump.write_dump(database.owner_url, file)
    return file


def restore(database: Database, file: Path) -> str:
    """Puts the state of a backup in the place of all data, brought up to this code's schema; the backup's revision.

    In the private cluster a second database is filled and then takes the first one's name: until that instant all is
    served as before. On a server of one's own, where extensions take an administrator, one transaction replaces
    everything.

    Raises InvalidInput for a file that is no backup, SchemaTooNew for a newer gridmap's.
    """
    revision = dump.revision_in(file)
    migrate.require_known(revision)
    if database.cluster is None:
        dump.restore_over(database.owner_url, file, database.home, _DROP_EVERYTHING)
        _bring_up(database.owner_url)
    else:
        _restore_beside(database.cluster, file, database.home)
    # Connections of ours that are left lead to the old database.
    database.dispose()
    return revision


def _restore_beside(cluster: Cluster, file: Path, scratch: Path) -> None:
    maintenance = cluster.url(ADMIN, "postgres")
    incoming = cluster.url(OWNER, _INCOMING)
    with bootstrap.admin_connection(maintenance) as connection:
        _require_sole_restore(connection)
        try:
            bootstrap.make_database(connection, maintenance, _INCOMING)
            dump.restore_into(incoming, file, scratch)
            _bring_up(incoming)
            bootstrap.swap_in(connection, _INCOMING)
        except BaseException:
            bootstrap.drop_database(connection, _INCOMING)
            raise


def _require_sole_restore(connection: psycopg.Connection) -> None:
    # The lock ends with the connection, however that ends.
    row = connection.execute("SELECT pg_try_advisory_lock(hashtext('gridmap restore'))").fetchone()
    if row != (True,):
        raise ClusterError("Another restore is under way.")


def _bring_up(url: str) -> None:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            migrate.upgrade(connection)
            grant_rights(connection)
        # Plans are made from statistics, which a dump doesn't hold.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
    finally:
        engine.dispose()
