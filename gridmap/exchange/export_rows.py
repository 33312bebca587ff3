"""What an export holds: columns and rows of each kind, without names, phones or anything else personal."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gridmap.addresses.segments import DOOR_SEGMENTS
from gridmap.db.geometry import to_shapely
from gridmap.divisions import service as divisions
from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange import queries
from gridmap.exchange.table import Value
from gridmap.grids import service as grids
from gridmap.snapshot.counts import households_by_grid

Columns = tuple[tuple[str, type], ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """A kind of export: named and typed columns, rows, and for kinds on the map a geometry a row (or None)."""

    kind: str
    columns: Columns
    rows: Sequence[tuple[Value, ...]]
    shapes: Sequence[BaseGeometry | None] | None = None
    personal_ids: tuple[str, ...] = ()
    """Ids of households and officers in it, for the audit."""


_DIVISIONS: Columns = tuple((c, str) for c in ("code", "name", "level", "parent", "name_full", "name_bo", "source"))
_GRIDS: Columns = (
    ("code", str), ("name", str), ("name_bo", str), ("kind", str), ("village_code", str), ("area_m2", float),
    ("households", int), ("persons", int), ("status", str), ("valid_from", str), ("valid_to", str), ("note", str),
)  # fmt: skip
_GROUPS: Columns = (("code", str), ("name", str), ("grid_code", str), ("head", str))
_ADDRESSES: Columns = (
    ("code", str), ("label", str), ("lon", float), ("lat", float), ("grid_code", str), ("village_code", str),
    *((name, str) for name in DOOR_SEGMENTS), ("point_source", str), ("point_accuracy_m", float),
    *((kind, str) for kind in ("old", "popular", "tibetan")),
)  # fmt: skip
_BUILDINGS: Columns = (
    ("id", str), ("kind", str), ("name", str), ("floors", int), ("address_code", str), ("lon", float), ("lat", float),
)  # fmt: skip
_HOUSEHOLDS: Columns = (
    ("id", str), ("kind", str), ("village_code", str), ("grid_code", str), ("group_code", str), ("address_code", str),
    ("persons", int), ("lon", float), ("lat", float),
)  # fmt: skip
_OFFICERS: Columns = (("id", str), ("home_code", str), ("capacity", int), ("kind", str), ("unit", str))
_PAIRS: Columns = (("household", str), ("officer", str), ("rank", int), ("tier", int), ("reason", str))


def rows_of(session: Session, kind: str, within: str | None, at: datetime | None) -> Exported:
    """The rows of a kind by code or id, those within a code, as true at a time.

    Raises InvalidInput for an unknown kind, and for a past time of a register that keeps none; NotFound for `within`.
    """
    if kind not in _EXPORTS:
        message = f"{kind!r} can't be exported; {', '.join(EXPORTABLE)} can"
        raise InvalidInput(message, errors=[FieldError("kind", message)])
    make, has_past = _EXPORTS[kind]
    if at is not None and not has_past:
        message = f"{kind} are a register without past states; leave --at away"
        raise InvalidInput(message, errors=[FieldError("at", message)])
    return make(session, within, at)


def _divisions(session: Session, within: str | None, at: datetime | None) -> Exported:
    prefixes = _prefixes(session, within, at)
    found = [d for d in divisions.list_divisions(session, at=at) if d.code.startswith(prefixes) or d.code == within]
    rows = [(d.code, d.name, d.level, d.parent, d.name_full, d.name_bo, d.outline_source) for d in found]
    return Exported("divisions", _DIVISIONS, rows, [d.outline for d in found])


def _grids(session: Session, within: str | None, at: datetime | None) -> Exported:
    found = grids.list_grids(session, prefixes=_prefixes(session, within, at), at=at)
    counts = {} if at else households_by_grid(session, [grid.code for grid in found])
    rows = [
        (
            *(grid.code, grid.name, grid.name_bo, grid.kind, grid.village_code, round(grid.area_m2, 2)),
            *counts.get(grid.code, (None, None)),
            *(grid.status, grid.valid_from.isoformat(), grid.valid_to.isoformat() if grid.valid_to else None),
            grid.note,
        )
        for grid in found
    ]
    return Exported("grids", _GRIDS, rows, [grid.geometry for grid in found])


def _groups(session: Session, within: str | None, at: datetime | None) -> Exported:
    found = queries.groups(session, _prefixes(session, within, at), at)
    # Who leads a group is a register of persons: of a past time it is not known.
    rows = [(code, name, code[:15], head if at is None else None) for code, name, head in found]
    heads = tuple(sorted({row[3] for row in rows if row[3] is not None}))
    return Exported("groups", _GROUPS, rows, personal_ids=heads)


def _addresses(session: Session, within: str | None, at: datetime | None) -> Exported:
    found = queries.addresses(session, _prefixes(session, within, at))
    names = queries.address_names(session, _prefixes(session, within, at))
    placed = [(row[0], to_shapely(row[0].point)) for row in found]
    rows = [
        (
            *(a.code, a.label, *_lonlat(point), a.grid_code, a.village_code),
            *(getattr(a, name) for name in DOOR_SEGMENTS),
            *(a.point_source, a.point_accuracy_m),
            *(names.get((a.code, kind)) for kind in ("old", "popular", "tibetan")),
        )
        for a, point in placed
    ]
    return Exported("addresses", _ADDRESSES, rows, [point for _, point in placed])


def _buildings(session: Session, within: str | None, at: datetime | None) -> Exported:
    found = _with_points(queries.buildings(session, _prefixes(session, within, at)))
    rows = [(b.id, b.kind, b.name, b.floors, b.address_code, *_lonlat(point)) for b, point in found]
    return Exported("buildings", _BUILDINGS, rows, [point for _, point in found])


def _households(session: Session, within: str | None, at: datetime | None) -> Exported:
    found = _with_points(queries.households(session, _prefixes(session, within, at)))
    rows = [
        (
            *(h.id, h.kind, h.grid_code[:12] if h.grid_code else h.village_code, h.grid_code),
            *(h.group_code, h.address_code, h.persons, *_lonlat(point)),
        )
        for h, point in found
    ]
    return Exported("households", _HOUSEHOLDS, rows, [p for _, p in found], tuple(h.id for h, _ in found))


def _officers(session: Session, within: str | None, at: datetime | None) -> Exported:
    """Those that a plan for `within` may use: of its counties by birth or work, or from above them."""
    prefixes = tuple(sorted({prefix[:6] for prefix in _prefixes(session, within, at)}))
    above = [d.code for prefix in prefixes for d in divisions.chain_above(session, prefix)]
    rows = [tuple(row) for row in queries.officers(session, prefixes, above)]
    return Exported("officers", _OFFICERS, rows, personal_ids=tuple(str(row[0]) for row in rows))


def _pairs(session: Session, within: str | None, at: datetime | None) -> Exported:
    rows = [tuple(row) for row in queries.pairs(session, _prefixes(session, within, at))]
    ids = sorted({str(code) for row in rows for code in row[:2]})
    return Exported("pairs", _PAIRS, rows, personal_ids=tuple(ids))


_EXPORTS: dict[str, tuple[Callable[[Session, str | None, datetime | None], Exported], bool]] = {
    "divisions": (_divisions, True),
    "grids": (_grids, True),
    "groups": (_groups, True),
    "addresses": (_addresses, False),
    "buildings": (_buildings, False),
    "households": (_households, False),
    "officers": (_officers, False),
    "pairs": (_pairs, False),
}
EXPORTABLE = tuple(_EXPORTS)


def _prefixes(session: Session, within: str | None, at: datetime | None) -> tuple[str, ...]:
    return ("",) if within is None else divisions.prefixes_within(session, within, at)


def _with_points(rows: Iterable[Any]) -> list[tuple[Any, BaseGeometry]]:
    return [(row, to_shapely(row.point)) for row in rows]


def _lonlat(point: BaseGeometry) -> tuple[float, float]:
    x, y = point.coords[0]
    return x, y
