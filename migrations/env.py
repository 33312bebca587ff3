"""Alembic's environment: gridmap hands it an open connection (`gridmap.db.migrate`); it never connects by itself."""

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.schema import SchemaItem

import gridmap.access.model
import gridmap.addresses.model
import gridmap.contacts.model
import gridmap.contacts.plans.model
import gridmap.db.model
import gridmap.divisions.model
import gridmap.editing.model
import gridmap.grids.layers.model
import gridmap.grids.model
import gridmap.households.model
import gridmap.preplans.model  # noqa: F401
from gridmap.db.base import Base


def _is_ours(item: SchemaItem, name: str | None, kind: str, reflected: bool, other: SchemaItem | None) -> bool:  # noqa: ARG001, FBT001
    """PostGIS brings tables of its own, which are not in the models and stay as they are."""
    return not (kind == "table" and reflected and name == "spatial_ref_sys")


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=_is_ours,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_run(context.config.attributes["connection"])
