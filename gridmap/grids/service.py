"""What is known of grids and household groups."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import shapely
from sqlalchemy.orm import Session

from gridmap.db.geometry import to_polygons
from gridmap.errors import NotFound
from gridmap.geo.arrays import Polygonal
from gridmap.geo.lonlat import BBox, LonLat
from gridmap.geo.measure import box_about
from gridmap.grids import queries
from gridmap.grids.model import HouseholdGroupVersion
from gridmap.grids.queries import GridRow


@dataclass(frozen=True, slots=True)
class GridRecord:
    """What was true of a grid at the time asked for; geometry in EPSG:4490 degrees, area geodesic."""

    code: str
    village_code: str
    name: str
    name_bo: str | None
    kind: str
    note: str | None
    geometry: Polygonal
    area_m2: float
    valid_from: datetime
    valid_to: datetime | None
    version_from: int
    version_to: int | None
    status: Literal["current", "retired"] = "current"
    """Whether it held at the time asked for; `retired` is only told by an answer about now."""


@dataclass(frozen=True, slots=True)
class GridFacts:
    """What is last true of a grid, but for its shape; area geodesic."""

    code: str
    village_code: str
    name: str
    name_bo: str | None
    kind: str
    note: str | None
    area_m2: float
    valid_from: datetime
    valid_to: datetime | None

    @property
    def status(self) -> Literal["current", "retired"]:
        """Whether it still holds."""
        return "current" if self.valid_to is None else "retired"


def list_facts(session: Session, prefixes: Sequence[str]) -> list[GridFacts]:
    """Every grid that ever was within, by code, as it is or last was."""
    return [GridFacts(**row._mapping) for row in queries.last_facts(session, prefixes)]


def get_grid(session: Session, code: str, at: datetime | None = None) -> GridRecord:
    """One grid at a time; without a time also a retired one, as it last was. Raises NotFound."""
    row = queries.find_grid(session, code, at)
    if row is not None:
        return _record(row)
    last = queries.find_last_grid(session, code) if at is None else None
    if last is None:
        then = "" if at is None else f" at {at.isoformat()}"
        raise NotFound(f"There is no grid {code}{then}.")
    return replace(_record(last), status="retired")


def get_holding(session: Session, codes: Sequence[str], at: datetime | None = None) -> list[GridRecord]:
    """Those of some grids that hold at a time, by code."""
    return [_record(row) for row in queries.grids_among(session, codes, at)]


def get_last(session: Session, codes: Sequence[str]) -> list[GridRecord]:
    """What was last true of each of some grids, whether it still is or not, by code."""
    return [_record(row) for row in queries.last_grids(session, codes)]


def list_grids_of_version(session: Session, village_codes: Sequence[str], version: int) -> list[GridRecord]:
    """The grids of villages as a dataset version had them, by code."""
    stmt = queries.of_version(queries.within_prefixes(queries.select_grids(), village_codes), version)
    return [_record(row) for row in queries.list_grids(session, queries.after_code(stmt, None, None))]


def list_in_villages(session: Session, village_codes: Sequence[str]) -> list[GridRecord]:
    """The grids that some villages have now, by code."""
    return [_record(row) for row in queries.grids_of_villages(session, village_codes)]


def villages_with_grids(session: Session) -> set[str]:
    """The villages that have a grid now."""
    return set(queries.villages_with_grids(session))


def villages_changed_since(session: Session, version: int) -> set[str]:
    """The villages whose grids or household groups are not all as they were in a version."""
    return set(queries.villages_changed_since(session, version))


def group_names(session: Session, codes: Sequence[str]) -> dict[str, str]:
    """Code and name of those of some household groups that hold now."""
    return {row[0]: row[1] for row in queries.groups_among(session, codes)}


def codes_ever_used(session: Session, village_codes: Sequence[str]) -> list[str]:
    """All grid codes that villages ever had: none of them is given to another grid."""
    return list(queries.codes_ever_used(session, village_codes))


def last_version_of(session: Session, village_codes: Sequence[str]) -> int:
    """The newest version in which something of the grids of villages changed; 0 when they never had any."""
    return queries.last_version_of(session, village_codes)


def groups_in(session: Session, grid_codes: Sequence[str]) -> dict[str, str]:
    """Code and name of the household groups that grids have now."""
    return {row[0]: row[1] for row in queries.groups_in(session, grid_codes)}


def group_codes_ever_used(session: Session, grid_codes: Sequence[str]) -> list[str]:
    """All group codes that grids ever had."""
    return list(queries.group_codes_ever_used(session, grid_codes))


def list_grids(
    session: Session,
    *,
    prefixes: Sequence[str] = ("",),
    bbox: BBox | None = None,
    at: datetime | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> list[GridRecord]:
    """Grids by code, a page or all of them: those with one of the code prefixes whose geometry intersects the box."""
    stmt = queries.within_prefixes(queries.holding(queries.select_grids(), at), prefixes)
    if bbox is not None:
        stmt = queries.within_bbox(stmt, (bbox.west, bbox.south, bbox.east, bbox.north))
    return [_record(row) for row in queries.list_grids(session, queries.after_code(stmt, cursor, limit))]


def near_point(session: Session, lon: float, lat: float, at: datetime | None) -> list[GridRecord]:
    """The grids that may cover a point, by code; only their boxes have been tested."""
    return [_record(row) for row in queries.grids_near_point(session, lon, lat, at)]


def near_circle(session: Session, lon: float, lat: float, radius_m: float, at: datetime | None) -> list[GridRecord]:
    """The grids that intersect a box about the circle, by code; the caller measures."""
    return list_grids(session, bbox=box_about(LonLat(lon, lat), radius_m), at=at)


def nearest_in_degrees(session: Session, lon: float, lat: float, at: datetime | None) -> GridRecord | None:
    """The grid that is nearest when a degree of longitude counts like one of latitude; None when there is no grid."""
    rows = queries.nearest_grids(session, lon, lat, at, limit=1)
    return _record(rows[0]) if rows else None


def count(session: Session, prefixes: Sequence[str], at: datetime | None = None) -> tuple[int, int]:
    """How many grids and household groups lie within."""
    return queries.count(session, prefixes, at)


def count_each(session: Session, codes: Sequence[str]) -> dict[str, int]:
    """How many current grids lie within each of some codes of one length; those without any are left out."""
    return queries.count_by_prefix(session, codes, len(codes[0])) if codes else {}


def neighbours(session: Session, grid: GridRecord) -> list[GridRecord]:
    """The current grids that share a border with one, not only a corner, by code."""
    around = list_grids(session, bbox=BBox(*grid.geometry.bounds))
    return [
        other
        for other in around
        if other.code != grid.code and shapely.intersection(grid.geometry, other.geometry).length > 0
    ]


@dataclass(frozen=True, slots=True)
class GroupState:
    """What was true of a household group at the time asked for."""

    code: str
    name: str
    valid_from: datetime
    valid_to: datetime | None
    version_from: int
    version_to: int | None
    status: Literal["current", "retired"] = "current"


def get_group(session: Session, code: str, at: datetime | None = None) -> GroupState:
    """One group at a time; without a time also a retired one, as it last was. Raises NotFound."""
    found = queries.find_group(session, code, at)
    if found is not None:
        return _group(found)
    last = queries.find_last_group(session, code) if at is None else None
    if last is None:
        then = "" if at is None else f" at {at.isoformat()}"
        raise NotFound(f"There is no household group {code}{then}.")
    return replace(_group(last), status="retired")


def list_groups(
    session: Session, prefixes: Sequence[str], *, at: datetime | None = None, cursor: str | None = None, limit: int
) -> list[GroupState]:
    """Groups by code, a page."""
    return [_group(found) for found in queries.list_groups(session, prefixes, at, cursor, limit)]


def lock_group(session: Session, code: str) -> None:
    """Nobody else writes a group until the transaction ends."""
    queries.lock_group(session, code)


def lock_grid(session: Session, code: str) -> None:
    """Nobody else writes who answers for a grid until the transaction ends."""
    queries.lock_grid(session, code)


def _group(found: HouseholdGroupVersion) -> GroupState:
    return GroupState(found.code, found.name, found.valid_from, found.valid_to, found.version_from, found.version_to)


def find_group_name(session: Session, code: str, at: datetime | None = None) -> str | None:
    """The name of a household group."""
    return queries.find_group_name(session, code, at)


def _record(row: GridRow) -> GridRecord:
    version, village_code = row
    return GridRecord(
        code=version.code,
        village_code=village_code,
        name=version.name,
        name_bo=version.name_bo,
        kind=version.kind,
        note=version.note,
        geometry=to_polygons(version.geometry),
        area_m2=version.area_m2,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        version_from=version.version_from,
        version_to=version.version_to,
    )
