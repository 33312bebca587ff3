"""What a superuser does once for a database, so that everything after needs no superuser: roles, extensions, rights."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from gridmap.db.configuration import APPLICATION, DATABASE, OWNER
from gridmap.errors import ClusterError

_EXTENSIONS = ("postgis", "btree_gist")
_DEFAULT = "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT "
_HALF_MADE = "gridmap_unready"


@contextmanager
def admin_connection(url: str) -> Iterator[psycopg.Connection]:
    """A connection whose statements each commit by themselves. Raises ClusterError when PostgreSQL refuses."""
    try:
        with psycopg.connect(libpq_url(url), autocommit=True, connect_timeout=10) as connection:
            yield connection
    except psycopg.Error as error:
        raise ClusterError(f"PostgreSQL refused: {str(error).strip()}") from error


def libpq_url(url: str) -> str:
    """The URL as psql and libpq understand it."""
    rendered = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    # SQLAlchemy writes a space in the query as a plus, which libpq takes for a plus; a real plus is %2B.
    place, mark, query = rendered.partition("?")
    return place + mark + query.replace("+", "%20")


def ensure_database(maintenance_url: str) -> None:
    """Makes roles and database on the first start; the database has its name only when it is whole."""
    with admin_connection(maintenance_url) as connection:
        _ensure_roles(connection)
        if not _exists(connection, DATABASE):
            make_database(connection, maintenance_url, _HALF_MADE)
            _rename(connection, _HALF_MADE, DATABASE)


def make_database(connection: psycopg.Connection, maintenance_url: str, name: str) -> None:
    """Makes a fresh, empty database with extensions and rights; one of that name that is left over is dropped."""
    identifiers = {"name": sql.Identifier(name), "owner": sql.Identifier(OWNER), "app": sql.Identifier(APPLICATION)}
    drop_database(connection, name)
    for statement in (
        # template0: nothing that somebody put into template1 comes along.
        "CREATE DATABASE {name} OWNER {owner} TEMPLATE template0",
        "REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        "GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {app}",
    ):
        connection.execute(sql.SQL(statement).format(**identifiers))
    with admin_connection(database_url(maintenance_url, name)) as inside:
        for extension in _EXTENSIONS:
            inside.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(extension)))
        for statement in (
            "GRANT USAGE ON SCHEMA public TO {app}",
            _DEFAULT + "SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
            _DEFAULT + "USAGE, SELECT ON SEQUENCES TO {app}",
        ):
            inside.execute(sql.SQL(statement).format(**identifiers))


def drop_database(connection: psycopg.Connection, name: str) -> None:
    """Drops a database, whoever uses it, if it is there."""
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def swap_in(connection: psycopg.Connection, name: str) -> None:
    """Puts a prepared database in the place of the installation's, in an instant; the old one is dropped after."""
    old = f"{DATABASE}_replaced"
    drop_database(connection, old)
    # Pools connect again at once, so the door is shut before their sessions are ended.
    connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(DATABASE)))
    try:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [DATABASE]
        )
        with connection.transaction():
            _rename(connection, DATABASE, old)
            _rename(connection, name, DATABASE)
    except psycopg.Error:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(DATABASE)))
        raise
    drop_database(connection, old)


def update_extensions(url: str) -> None:
    """Follows an upgrade of the system's PostGIS package."""
    with admin_connection(url) as connection:
        outdated = connection.execute(
            "SELECT name FROM pg_available_extensions WHERE name = ANY(%s) AND installed_version <> default_version",
            [list(_EXTENSIONS)],
        ).fetchall()
        for (name,) in outdated:
            connection.execute(sql.SQL("ALTER EXTENSION {} UPDATE").format(sql.Identifier(name)))


def database_url(url: str, name: str) -> str:
    """The same server and role, another database."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _ensure_roles(connection: psycopg.Connection) -> None:
    for role in (OWNER, APPLICATION):
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))


def _exists(connection: psycopg.Connection, name: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _rename(connection: psycopg.Connection, old: str, new: str) -> None:
    connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))
