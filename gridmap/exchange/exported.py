"""An export between the registers and a file: what is asked for, and the rows that answer it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shapely.geometry.base import BaseGeometry

from gridmap.exchange.table import Value

Columns = tuple[tuple[str, type], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows: those within a code, as true at a time, of a reference layer (all of them when None)."""

    within: str | None = None
    at: datetime | None = None
    layer: str | None = None
    public_only: bool = False
    """Only layers that may be seen without a key."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A kind of export: named and typed columns, rows, and for kinds on the map a geometry a row (or None)."""

    kind: str
    columns: Columns
    rows: Sequence[tuple[Value, ...]]
    shapes: Sequence[BaseGeometry | None] | None = None
    personal_ids: tuple[str, ...] = ()
    """Ids of households and officers in it, for the audit."""
