"""The database of an installation, as its commands and its server use it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy import Engine

from gridmap.db.bootstrap import libpq_url
from gridmap.db.cluster import Cluster
from gridmap.db.configuration import APPLICATION, OWNER
from gridmap.db.engine import make_engine


@dataclass(frozen=True)
class Database:
    """A database that is there: `url` is the application's role, `owner_url` that of migrations, backups and restores.

    `cluster` is None for a server that is not ours; both roles are then the same.
    """

    home: Path
    url: str
    owner_url: str
    cluster: Cluster | None = None

    @classmethod
    def of_cluster(cls, cluster: Cluster) -> "Database":
        """The database in the private cluster."""
        return cls(cluster.home.folder, cluster.url(APPLICATION), cluster.url(OWNER), cluster)

    @cached_property
    def engine(self) -> Engine:
        """The application's pool of connections."""
        return make_engine(self.url)

    @cached_property
    def owner_engine(self) -> Engine:
        """A pool of connections of the role that owns the schema."""
        return make_engine(self.owner_url)

    @property
    def libpq_url(self) -> str:
        """The application's URL as psql, QGIS and GDAL take it."""
        return libpq_url(self.url)

    def dispose(self) -> None:
        """Closes the connections."""
        self.engine.dispose()
        self.owner_engine.dispose()
