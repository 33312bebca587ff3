"""What an export holds: columns and rows of each kind, without names, phones or anything else personal."""

from collections.abc import Callable, Iterable
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gridmap.addresses.segments import DOOR_SEGMENTS
from gridmap.db.geometry import to_shapely
from gridmap.divisions import service as divisions
from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange import queries
from gridmap.exchange.export_layers import export_layers
from gridmap.exchange.exported import Asked, Columns, Exported
from gridmap.grids import service as grids
from gridmap.preplans import shelters
from gridmap.sentences import say
from gridmap.snapshot.counts import households_by_grid

_DIVISIONS: Columns = tuple((c, str) for c in ("code", "name", "level", "parent", "name_full", "name_bo", "source"))
_GRIDS: Columns = (
    ("code", str), ("name", str), ("name_bo", str), ("kind", str), ("village_code", str), ("area_m2", float),
    ("households", int), ("persons", int), ("status", str), ("valid_from", str), ("valid_to", str), ("note", str),
)  # fmt: skip
_GROUPS: Columns = (("code", str), ("name", str), ("grid_code", str), ("head", str))
_ADDRESSES: Columns = (
    ("code", str), ("label", str), ("lon", float), ("lat", float), ("grid_code", str), ("village_code", str),
    *((name, str) for name in DOOR_SEGMENTS), ("point_source", str), ("point_accuracy_m", float),
    *((kind, str) for kind in ("old", "popular", "tibetan", "other_code")),
)  # fmt: skip
_BUILDINGS: Columns = (
    ("id", str), ("kind", str), ("name", str), ("floors", int), ("address_code", str), ("lon", float), ("lat", float),
)  # fmt: skip
_HOUSEHOLDS: Columns = (
    ("id", str), ("kind", str), ("village_code", str), ("grid_code", str), ("group_code", str), ("address_code", str),
    ("persons", int), ("lon", float), ("lat", float),
)  # fmt: skip
_OFFICERS: Columns = (("id", str), ("home_code", str), ("capacity", int), ("kind", str), ("unit", str))
_SHELTERS: Columns = (
    ("id", str), ("name", str), ("name_bo", str), ("kind", str), ("capacity", int), ("village_code", str),
    ("address_code", str), ("lon", float), ("lat", float),
)  # fmt: skip
_PAIRS: Columns = (("household", str), ("officer", str), ("rank", int), ("tier", int), ("reason", str))


def rows_of(session: Session, kind: str, asked: Asked) -> Exported:
    """The rows of a kind by code or id.

    Raises InvalidInput for an unknown kind, and for a past time of a register that keeps none; NotFound for `within`
    and for a layer.
    """
    if kind not in _EXPORTS:
        message = f"{kind!r} can't be exported; {', '.join(EXPORTABLE)} can"
        raise InvalidInput(message, errors=[FieldError("kind", message)])
    make, has_past = _EXPORTS[kind]
    if asked.at is not None and not has_past:
        message = say("export_no_past", "{kind} are a register without past states; leave --at away", kind=kind)
        raise InvalidInput(message, errors=[FieldError("at", message)])
    return make(session, asked)


def _divisions(session: Session, asked: Asked) -> Exported:
    prefixes = _prefixes(session, asked)
    found = [
        d
        for d in divisions.list_divisions(session, at=asked.at)
        if d.code.startswith(prefixes) or d.code == asked.within
    ]
    rows = [(d.code, d.name, d.level, d.parent, d.name_full, d.name_bo, d.outline_source) for d in found]
    return Exported("divisions", _DIVISIONS, rows, [d.outline for d in found])


def _grids(session: Session, asked: Asked) -> Exported:
    found = grids.list_grids(session, prefixes=_prefixes(session, asked), at=asked.at)
    counts = {} if asked.at else households_by_grid(session, [grid.code for grid in found])
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


def _groups(session: Session, asked: Asked) -> Exported:
    found = queries.groups(session, _prefixes(session, asked), asked.at)
    # Who leads a group is a register of persons: of a past time it is not known.
    rows = [(code, name, code[:15], head if asked.at is None else None) for code, name, head in found]
    heads = tuple(sorted({row[3] for row in rows if row[3] is not None}))
    return Exported("groups", _GROUPS, rows, personal_ids=heads)


def _addresses(session: Session, asked: Asked) -> Exported:
    found = queries.addresses(session, _prefixes(session, asked))
    names = queries.address_names(session, _prefixes(session, asked))
    placed = [(row[0], to_shapely(row[0].point)) for row in found]
    rows = [
        (
            *(a.code, a.label, *_lonlat(point), a.grid_code, a.village_code),
            *(getattr(a, name) for name in DOOR_SEGMENTS),
            *(a.point_source, a.point_accuracy_m),
            *(names.get((a.code, kind)) for kind in ("old", "popular", "tibetan", "code")),
        )
        for a, point in placed
    ]
    return Exported("addresses", _ADDRESSES, rows, [point for _, point in placed])


def _buildings(session: Session, asked: Asked) -> Exported:
    found = _with_points(queries.buildings(session, _prefixes(session, asked)))
    rows = [(b.id, b.kind, b.name, b.floors, b.address_code, *_lonlat(point)) for b, point in found]
    return Exported("buildings", _BUILDINGS, rows, [point for _, point in found])


def _households(session: Session, asked: Asked) -> Exported:
    found = _with_points(queries.households(session, _prefixes(session, asked)))
    rows = [
        (
            *(h.id, h.kind, h.grid_code[:12] if h.grid_code else h.village_code, h.grid_code),
            *(h.group_code, h.address_code, h.persons, *_lonlat(point)),
        )
        for h, point in found
    ]
    return Exported("households", _HOUSEHOLDS, rows, [p for _, p in found], tuple(h.id for h, _ in found))


def _officers(session: Session, asked: Asked) -> Exported:
    """Those that a plan for the division may use: of its counties by birth or work, or from above them."""
    prefixes = tuple(sorted({prefix[:6] for prefix in _prefixes(session, asked)}))
    above = [d.code for prefix in prefixes for d in divisions.chain_above(session, prefix)]
    rows = [tuple(row) for row in queries.officers(session, prefixes, above)]
    return Exported("officers", _OFFICERS, rows, personal_ids=tuple(str(row[0]) for row in rows))


def _pairs(session: Session, asked: Asked) -> Exported:
    rows = [tuple(row) for row in queries.pairs(session, _prefixes(session, asked))]
    ids = sorted({str(code) for row in rows for code in row[:2]})
    return Exported("pairs", _PAIRS, rows, personal_ids=tuple(ids))


def _shelters(session: Session, asked: Asked) -> Exported:
    found = shelters.list_within(session, _prefixes(session, asked), asked.at)
    rows = [
        (s.id, s.name, s.name_bo, s.kind, s.capacity, s.village_code, s.address_code, *_lonlat(s.point)) for s in found
    ]
    return Exported("shelters", _SHELTERS, rows, [s.point for s in found])


_EXPORTS: dict[str, tuple[Callable[[Session, Asked], Exported], bool]] = {
    "divisions": (_divisions, True),
    "grids": (_grids, True),
    "groups": (_groups, True),
    "addresses": (_addresses, False),
    "buildings": (_buildings, False),
    "households": (_households, False),
    "officers": (_officers, False),
    "pairs": (_pairs, False),
    "shelters": (_shelters, True),
    "layers": (export_layers, True),
}
EXPORTABLE = tuple(_EXPORTS)


def _prefixes(session: Session, asked: Asked) -> tuple[str, ...]:
    return ("",) if asked.within is None else divisions.prefixes_within(session, asked.within, asked.at)


def _with_points(rows: Iterable[Any]) -> list[tuple[Any, BaseGeometry]]:
    return [(row, to_shapely(row.point)) for row in rows]


def _lonlat(point: BaseGeometry) -> tuple[float, float]:
    x, y = point.coords[0]
    return x, y
