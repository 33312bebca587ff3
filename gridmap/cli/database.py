"""`gridmap db`: the database of an installation, for whoever looks after it."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from gridmap.cli.errors import UNREACHABLE
from gridmap.cli.output import say
from gridmap.db import backup as backups
from gridmap.db import migrate as migrations
from gridmap.db.bootstrap import libpq_url
from gridmap.db.cluster import Cluster
from gridmap.db.database import Database
from gridmap.db.home import find_home
from gridmap.db.opening import bring_up_to_date, open_as_it_is
from gridmap.db.status import Status, look_at_database
from gridmap.errors import ClusterError
from gridmap.settings import Settings

db_app = typer.Typer(no_args_is_help=True, help="The database: its address, schema, state and backups.")

File = Annotated[Path, typer.Argument(show_default=False)]


@db_app.command()
def url() -> None:
    """Prints the address of the database as psql and QGIS take it."""
    settings = Settings.from_env()
    if settings.database_url is not None:
        print(libpq_url(settings.database_url))
        return
    home = find_home(settings.home)
    if home is None:
        raise ClusterError(f"There is no database in {settings.home} yet; `gridmap up` makes one.")
    cluster = Cluster(home)
    print(Database.of_cluster(cluster).libpq_url)
    if cluster.pid is None:
        say("It does not run just now; it does while `gridmap up` or another command runs.")


@db_app.command()
def migrate() -> None:
    """Brings the schema up to this gridmap's, after a backup of what is there."""
    with open_as_it_is(Settings.from_env()) as database:
        bring_up_to_date(database, say)
    say(f"The schema is at revision {migrations.head_revision()}.")


@db_app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Says where the database is, whether it runs, and how large it is."""
    found = look_at_database(Settings.from_env())
    print(json.dumps(dataclasses.asdict(found), ensure_ascii=False) if as_json else _as_lines(found))
    if found.problem is not None or (found.kind == "url" and not found.running):
        sys.exit(UNREACHABLE)


@db_app.command()
def backup(file: File) -> None:
    """Writes all data into a new FILE, also while the server runs."""
    with open_as_it_is(Settings.from_env()) as database:
        backups.back_up(database, file.absolute())
    say(f"{file} holds {_size(file.stat().st_size)}.")


@db_app.command()
def restore(file: File) -> None:
    """Puts the data of a backup in the place of all that is there; when that fails, nothing changes."""
    with open_as_it_is(Settings.from_env()) as database:
        revision = backups.restore(database, file.absolute())
    brought = "" if revision == migrations.head_revision() else f", brought up from {revision}"
    say(f"The data are those of {file}; the schema is at revision {migrations.head_revision()}{brought}.")


def _as_lines(status: Status) -> str:
    where = "private cluster" if status.kind == "private" else "server of GRIDMAP_DATABASE_URL"
    served = "" if status.served_by is None else f", served by process {status.served_by}"
    lines = {
        "database": f"{where}, {'running' if status.running else 'not running'}{served}",
        "home": status.home,
        "data" if status.kind == "private" else "server": status.server,
        "versions": f"PostgreSQL {status.postgresql or '?'}, PostGIS {status.postgis or '?'}",
        "schema": f"{status.schema or ('empty' if status.running else '?')}, wanted {status.schema_wanted}",
        "size": f"{_size(status.database_bytes)}, free on the disk {_size(status.free_bytes)}",
        "problem": status.problem,
    }
    return "\n".join(f"{name:<10}{value}" for name, value in lines.items() if value)


def _size(size: int | None) -> str:
    return "?" if size is None else f"{size / 1e6:.1f} MB"
