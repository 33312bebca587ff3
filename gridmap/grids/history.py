"""What a grid code meant when, where it came from, and what became of it: an old code always resolves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from gridmap.db.geometry import to_polygons
from gridmap.db.versions import version_at
from gridmap.errors import NotFound
from gridmap.geo.arrays import Polygonal
from gridmap.grids import queries, service
from gridmap.grids.lineage import Kind, Link, Successor, resolve, same_shape, successors
from gridmap.grids.model import GridLineage, GridVersion


@dataclass(frozen=True, slots=True)
class GridChange:
    """One state of a grid: from when to when, which versions wrote and ended it, by whom, and what was new in it."""

    valid_from: datetime
    valid_to: datetime | None
    version_from: int
    version_to: int | None
    actor: str
    summary: str
    changed: tuple[str, ...]
    name: str
    name_bo: str | None
    kind: str
    note: str | None
    geometry: Polygonal
    area_m2: float


@dataclass(frozen=True, slots=True)
class Lineage:
    """The steps above and below a grid through all generations, oldest first, and who holds its ground now."""

    predecessors: list[Link]
    successors: list[Link]
    now: list[Successor]


def history(session: Session, code: str, until: datetime | None = None) -> list[GridChange]:
    """All states of a grid, oldest first; only those that began by a time. Raises NotFound for one that never was."""
    rows = [row for row in queries.states_of_grid(session, code) if until is None or row[0].valid_from <= until]
    if not rows:
        raise NotFound(f"There never was a grid {code}{'' if until is None else f' by {until.isoformat()}'}.")
    states = [row[0] for row in rows]
    before = [None, *states[:-1]]
    return [_change(row[0], row[1], row[2], old) for row, old in zip(rows, before, strict=True)]


def lineage(session: Session, code: str, until: datetime | None = None) -> Lineage:
    """Where a grid came from and what became of it, as it stood at a time. Raises NotFound for one that never was."""
    last = history(session, code, until)[-1]
    newest = None if until is None else version_at(session, until)
    below = _links(queries.links_below(session, code), newest)
    holds = last.valid_to is None or (until is not None and last.valid_to > until)
    shares = resolve(code, last.version_to or 0, below)
    now = [Successor(code, 1.0, 1.0)] if holds else _now(session, last.geometry, shares, until)
    return Lineage(_links(queries.links_above(session, code), newest), below, now)


def successors_of(session: Session, code: str, at: datetime | None = None) -> list[Successor]:
    """The grids that hold now what a grid held at a time, or at its end: they tile it, and their shares add up to 1.

    Itself when it holds as it was. Raises NotFound.
    """
    state = service.get_grid(session, code, at)
    if state.version_to is None:
        return [Successor(code, 1.0, 1.0)]
    shares = resolve(code, state.version_to, _links(queries.links_below(session, code), None))
    return _now(session, state.geometry, shares, None)


def _now(
    session: Session, was: Polygonal, shares: Mapping[str, tuple[float, float]], at: datetime | None
) -> list[Successor]:
    current = {grid.code: grid.geometry for grid in service.get_holding(session, list(shares), at)}
    return successors(was, shares, current)


def _links(rows: Sequence[GridLineage], newest: int | None) -> list[Link]:
    return [_link(row) for row in rows if newest is None or row.version <= newest]


def descendants_of(session: Session, code: str) -> set[str]:
    """All codes that a part of a grid ever went to; empty for an unknown one."""
    return {link.successor for link in queries.links_below(session, code)}


def group_predecessors(session: Session, version: int) -> list[tuple[str, str]]:
    """The groups whose members went into another group in a version: predecessor and successor."""
    return [(row.predecessor, row.successor) for row in queries.group_links(session, version=version)]


def group_successors(session: Session, code: str) -> list[str]:
    """The household groups of now that members of a group came into, itself while it holds; by code."""
    reached, pending = {code: 0}, [code]
    while pending:
        name = pending.pop()
        for link in queries.group_links(session, code=name):
            if link.predecessor == name and link.version > reached[name] and link.successor not in reached:
                reached[link.successor] = link.version
                pending.append(link.successor)
    return [group for group, _ in queries.groups_among(session, list(reached))]


def _change(state: GridVersion, actor: str, summary: str, before: GridVersion | None) -> GridChange:
    geometry = to_polygons(state.geometry)
    fields = ("name", "name_bo", "kind", "note")
    changed = [field for field in fields if before is not None and getattr(before, field) != getattr(state, field)]
    if before is not None and not same_shape(to_polygons(before.geometry), geometry):
        changed.append("geometry")
    return GridChange(
        valid_from=state.valid_from,
        valid_to=state.valid_to,
        version_from=state.version_from,
        version_to=state.version_to,
        actor=actor,
        summary=summary,
        changed=tuple(changed),
        name=state.name,
        name_bo=state.name_bo,
        kind=state.kind,
        note=state.note,
        geometry=geometry,
        area_m2=state.area_m2,
    )


def _link(row: GridLineage) -> Link:
    kind: Kind = row.kind  # type: ignore[assignment]  # the table's check allows no other
    return Link(row.predecessor, row.successor, row.version, kind, row.share_area, row.share_households)
