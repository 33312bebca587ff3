"""Opens the database of an installation: the server of GRIDMAP_DATABASE_URL, or the private cluster."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from gridmap.db import migrate
from gridmap.db.backup import back_up_before_migration
from gridmap.db.cluster import Cluster
from gridmap.db.database import Database
from gridmap.db.errors import translated
from gridmap.db.home import make_home
from gridmap.db.rights import grant_rights
from gridmap.settings import Settings


@contextmanager
def open_database(settings: Settings, *, report: Callable[[str], None] = lambda _: None) -> Iterator[Database]:
    """The installation's database, running and with this code's schema, for the duration of the block.

    The private cluster is used when it runs and started otherwise; the last process that uses it stops it. An older
    schema is migrated after a backup, which `report` tells of. With a URL no server is ever started.

    Raises ClusterError when it can't be made or started, SchemaTooNew for a newer gridmap's, DatabaseUnavailable when
    the server of the URL doesn't answer.
    """
    with open_as_it_is(settings) as database:
        bring_up_to_date(database, report)
        yield database


@contextmanager
def open_as_it_is(settings: Settings) -> Iterator[Database]:
    """The same, whatever the revision of its schema: for status, backups and restores."""
    with ExitStack() as stack:
        if settings.database_url is not None:
            database = Database(settings.home, settings.database_url, settings.database_url)
        else:
            cluster = Cluster(make_home(settings.home), workers=settings.workers)
            stack.enter_context(cluster.in_use())
            database = Database.of_cluster(cluster)
        stack.callback(database.dispose)
        yield database


def bring_up_to_date(database: Database, report: Callable[[str], None]) -> None:
    """Migrates an empty or older schema to this code's, an older one after a backup into the home.

    Raises SchemaTooNew when the schema is a newer gridmap's.
    """
    with translated(), migrate.migrating(database.owner_engine) as connection:
        revision = migrate.current_revision(connection)
        # Reading the revision began a transaction, whose locks would make pg_dump and the migrations wait.
        connection.commit()
        if revision == migrate.head_revision():
            return
        if revision is not None:
            migrate.require_known(revision)
            file = back_up_before_migration(database, revision)
            report(f"The schema goes from {revision} to {migrate.head_revision()}; the data before that are in {file}")
        migrate.upgrade(connection)
        grant_rights(connection)
