"""Writing what is true of divisions: what ends, what begins, and what became of what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gridmap.db.geometry import from_shapely
from gridmap.db.versions import time_of
from gridmap.divisions import queries
from gridmap.divisions.model import DivisionLineage
from gridmap.divisions.service import DivisionRecord
from gridmap.errors import Conflict

Kind = Literal["renamed", "recoded", "upgraded", "merged", "split"]


@dataclass(frozen=True, slots=True)
class DivisionLink:
    """What became of a division in a version; both codes are the same when only its name changed."""

    predecessor: str
    successor: str
    version: int
    kind: Kind


def replace_divisions(session: Session, version: int, ended: Iterable[str], begun: Sequence[DivisionRecord]) -> None:
    """Ends the states of some divisions and begins others, whose own validity is not looked at, in one version.

    Raises Conflict when one of them had ended already.
    """
    at = time_of(session, version)
    codes = sorted(ended)
    if queries.end_states(session, codes, version, at) != len(codes):
        raise Conflict("One of these divisions is no longer what it was.")
    states = [{**_columns(record), "valid_from": at, "version_from": version} for record in begun]
    queries.insert_divisions(session, [{"code": record.code, "level": record.level} for record in begun], states)


def write_lineage(session: Session, links: Iterable[DivisionLink]) -> None:
    """What became of what."""
    rows = [
        {"predecessor": k.predecessor, "successor": k.successor, "version": k.version, "kind": k.kind} for k in links
    ]
    queries.insert_lineage(session, rows)


def lineage_of(session: Session, code: str) -> list[DivisionLink]:
    """The steps that a division took part in, oldest first."""
    return [_link(row) for row in queries.lineage_of(session, code)]


def successors_of(session: Session, code: str) -> list[str]:
    """The divisions of now that an old code leads to, itself while it holds, through all generations; by code."""
    reached, pending = {code: 0}, [code]
    while pending:
        name = pending.pop()
        for link in queries.lineage_of(session, name):
            if link.predecessor == name and link.version > reached[name] and link.successor not in reached:
                reached[link.successor] = link.version
                pending.append(link.successor)
    return sorted(name for name in reached if queries.find_division(session, name, None) is not None)


def _link(row: DivisionLineage) -> DivisionLink:
    kind: Kind = row.kind  # type: ignore[assignment]  # the table's check allows no other
    return DivisionLink(row.predecessor, row.successor, row.version, kind)


def _columns(record: DivisionRecord) -> dict[str, Any]:
    return {
        "code": record.code,
        "parent_code": record.parent,
        "name": record.name,
        "name_full": record.name_full,
        "name_bo": record.name_bo,
        "outline": None if record.outline is None else from_shapely(_multi(record.outline)),
        "outline_source": record.outline_source,
        "seat": None if record.seat is None else from_shapely(record.seat),
        "seat_source": record.seat_source,
        "population": record.population,
    }


def _multi(outline: BaseGeometry) -> BaseGeometry:
    return shapely.MultiPolygon([outline]) if isinstance(outline, shapely.Polygon) else outline
