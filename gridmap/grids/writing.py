"""Writing what is true of grids and household groups: what ends, what begins, and the lineage between them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from gridmap.db.geometry import from_shapely
from gridmap.db.versions import time_of
from gridmap.errors import Conflict
from gridmap.geo.arrays import Polygonal, as_multi
from gridmap.grids import queries
from gridmap.grids.lineage import Link
from gridmap.grids.model import GridLineage, GridVersion, GroupLineage, HouseholdGroupVersion

LONGEST = {"name": 100, "name_bo": 200, "note": 1000}
"""The most characters of what is said of a grid; a group's name is no longer than a grid's."""


@dataclass(frozen=True, slots=True)
class GridState:
    """What shall be true of a grid from a version on; geometry in EPSG:4490 degrees, on the lattice."""

    code: str
    name: str
    name_bo: str | None
    kind: str
    note: str | None
    geometry: Polygonal


@dataclass(frozen=True, slots=True)
class GroupLink:
    """A household group whose members, so many of them, came into another one."""

    predecessor: str
    successor: str
    households: int


def replace_grids(session: Session, version: int, ended: Iterable[str], begun: Sequence[GridState]) -> None:
    """Ends the states of some grids and begins others, in one version. Raises Conflict when one had ended already."""
    at = time_of(session, version)
    codes = sorted(ended)
    if queries.end_states(session, GridVersion, codes, version, at) != len(codes):
        raise Conflict("One of these grids is no longer what it was.")
    states = [
        {
            "county_code": state.code[:6],
            "code": state.code,
            "name": state.name,
            "name_bo": state.name_bo,
            "kind": state.kind,
            "note": state.note,
            "geometry": from_shapely(as_multi(state.geometry)),
            "valid_from": at,
            "version_from": version,
        }
        for state in begun
    ]
    queries.insert_grids(session, [state.code for state in begun], states)


def replace_groups(session: Session, version: int, ended: Iterable[str], begun: dict[str, str]) -> None:
    """Ends some groups and begins others, given as code and name, in one version. Raises Conflict likewise."""
    at = time_of(session, version)
    codes = sorted(ended)
    if queries.end_states(session, HouseholdGroupVersion, codes, version, at) != len(codes):
        raise Conflict("One of these household groups is no longer what it was.")
    states = [
        {"county_code": code[:6], "code": code, "name": name, "valid_from": at, "version_from": version}
        for code, name in begun.items()
    ]
    queries.insert_groups(session, list(begun), states)


def write_lineage(session: Session, links: Iterable[Link]) -> None:
    """What part of each grid went where."""
    rows = [
        {
            "county_code": link.predecessor[:6],
            "predecessor": link.predecessor,
            "successor": link.successor,
            "version": link.version,
            "kind": link.kind,
            "share_area": min(link.share_area, 1.0),
            "share_households": link.share_households,
        }
        for link in links
    ]
    queries.insert_lineage(session, GridLineage, rows)


def write_group_lineage(session: Session, version: int, links: Iterable[GroupLink]) -> None:
    """Where the members of groups went."""
    rows = [
        {
            "county_code": link.predecessor[:6],
            "predecessor": link.predecessor,
            "successor": link.successor,
            "version": version,
            "households": link.households,
        }
        for link in links
    ]
    queries.insert_lineage(session, GroupLineage, rows)
