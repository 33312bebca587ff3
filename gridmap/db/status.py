"""What there is to say about an installation's database, without starting or changing anything."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from gridmap.db import migrate
from gridmap.db.cluster import Cluster
from gridmap.db.database import Database
from gridmap.db.home import Home, find_home
from gridmap.db.lock import serving_process
from gridmap.settings import Settings


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a database. What only a running one can tell is None otherwise; sizes are in bytes."""

    kind: Literal["private", "url"]
    running: bool
    home: str
    server: str
    served_by: int | None
    schema_wanted: str
    postgresql: str | None = None
    postgis: str | None = None
    schema: str | None = None
    database_bytes: int | None = None
    free_bytes: int | None = None
    problem: str | None = None


_FACTS = text(
    "SELECT current_setting('server_version'),"
    " (SELECT extversion FROM pg_extension WHERE extname = 'postgis'), pg_database_size(current_database())"
)


def look_at_database(settings: Settings) -> Status:
    """The state of the installation's database; a server that doesn't answer is a state too."""
    if settings.database_url is not None:
        server = make_url(settings.database_url).render_as_string(hide_password=True)
        return _ask(Database(settings.home, settings.database_url, settings.database_url), server)
    home = find_home(settings.home)
    cluster = None if home is None else Cluster(home)
    if home is None or cluster is None or cluster.pid is None:
        return _resting(settings.home, home)
    return _ask(Database.of_cluster(cluster), str(home.data))


def _resting(folder: Path, home: Home | None) -> Status:
    made = home is not None and (home.data / "PG_VERSION").is_file()
    return Status(
        kind="private",
        running=False,
        home=str(folder),
        server=str(home.data) if home is not None and made else "not made yet",
        served_by=serving_process(folder),
        schema_wanted=migrate.head_revision(),
        postgresql=(home.data / "PG_VERSION").read_text().strip() if home is not None and made else None,
        free_bytes=_free(home.place) if home is not None else None,
    )


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _ask(database: Database, server: str) -> Status:
    kind: Literal["private", "url"] = "url" if database.cluster is None else "private"
    served_by = serving_process(database.home)
    wanted = migrate.head_revision()
    try:
        with database.owner_engine.connect() as connection:
            postgresql, postgis, size = connection.execute(_FACTS).one()
            schema = migrate.current_revision(connection)
    except DBAPIError as error:
        problem = str(error.orig).strip()
        return Status(kind, False, str(database.home), server, served_by, wanted, problem=problem)  # noqa: FBT003
    finally:
        database.dispose()
    return Status(
        kind=kind,
        running=True,
        home=str(database.home),
        server=server,
        served_by=served_by,
        schema_wanted=wanted,
        postgresql=postgresql,
        postgis=postgis,
        schema=schema,
        database_bytes=size,
        free_bytes=None if database.cluster is None else _free(database.cluster.home.place),
    )
