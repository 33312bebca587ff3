"""The snapshot of a command: brought up to the database when that can be reached, as it is when not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gridmap.cli.output import say
from gridmap.db.opening import open_database
from gridmap.errors import ClusterError, DatabaseUnavailable
from gridmap.settings import Settings
from gridmap.snapshot.catch_up import catch_up, snapshot_folder
from gridmap.snapshot.manifest import read_manifest


@contextmanager
def current_snapshot_folder(settings: Settings) -> Iterator[Path]:
    """The folder of the home's snapshot, up to date if that can be had.

    Raises DatabaseUnavailable or ClusterError when the database is away and there is no snapshot to go on with.
    """
    folder = snapshot_folder(settings.home)
    try:
        with open_database(settings, report=say) as database:
            catch_up(database.engine, folder, say=say)
    except (DatabaseUnavailable, ClusterError) as error:
        former = read_manifest(folder)
        if former is None:
            raise
        say(f"{error.detail} Going on with the snapshot, version {former.version}.")
    yield folder
