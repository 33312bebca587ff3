"""In which grid a point lies: from the snapshot, or from PostGIS for a past that is not kept. Both tell the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import shapely
from sqlalchemy.orm import Session

from gridmap.addresses.search.index import AddressIndex
from gridmap.divisions import service as divisions
from gridmap.geo import measure
from gridmap.geo.arrays import Polygonal
from gridmap.geo.lonlat import LonLat
from gridmap.geo.nearest import EQUAL_M
from gridmap.grids import service as grids
from gridmap.grids.service import GridRecord
from gridmap.snapshot import queries
from gridmap.snapshot.groups import GroupName
from gridmap.snapshot.reader import Snapshot
from gridmap.snapshot.registry import Registry
from gridmap.snapshot.segment import DivisionName, GridName


@dataclass(frozen=True, slots=True)
class Share:
    """A grid that touches the point or its accuracy circle, and the part of the circle that lies in it (0 to 1)."""

    code: str
    share: float


@dataclass(frozen=True, slots=True)
class Nearest:
    """The grid that is nearest to a point outside all grids, and how far it is on the ground."""

    code: str
    distance_m: float


@dataclass(frozen=True, slots=True)
class NearestAddress:
    """The nearest door in the same grid."""

    code: str
    label: str
    distance_m: float


@dataclass(frozen=True, slots=True)
class Located:
    """Where a point lies. `grid` is the one with the lowest code of those that share a line the point is on."""

    point: LonLat
    grid: GridName | None
    on_boundary: bool
    touching: tuple[Share, ...]
    divisions: tuple[DivisionName, ...]
    group: GroupName | None
    nearest: Nearest | None

    @property
    def place(self) -> str | None:
        """The code of the grid that was found, or of the nearest: what a caller's scope has to cover."""
        if self.grid is not None:
            return self.grid.code
        return None if self.nearest is None else self.nearest.code


def locate_in(snapshot: Snapshot, point: LonLat, *, accuracy_m: float = 0.0, past: bool = False) -> Located:
    """Where a point lies in a snapshot; `past`: it is an older one, whose groups are not told. No database is asked.

    A point on a line that grids share belongs to the lowest code and is `on_boundary`. Outside all grids `grid` is
    None, `nearest` is told, and the divisions are those whose outline covers the point. The point is used as given,
    never rounded.
    """
    found = snapshot.villages.find(point.lon, point.lat)
    if accuracy_m > 0:
        shares = snapshot.villages.find_shares(point, accuracy_m)
    else:
        shares = [(item, 1 / len(found.items)) for item in found.items]
    touching = tuple(Share(item.code, share) for item, share in shares)
    if not found.items:
        return locate_outside(snapshot, point, touching)
    grid = found.items[0]
    return Located(
        point=point,
        grid=grid,
        on_boundary=found.on_boundary,
        touching=touching,
        divisions=found.divisions,
        group=None if past else snapshot.group_near(grid.code, point.lon, point.lat),
        nearest=None,
    )


def locate_outside(snapshot: Snapshot, point: LonLat, touching: tuple[Share, ...] = ()) -> Located:
    """Where a point lies that is known to lie in no grid; its circle may touch some."""
    nearest = snapshot.villages.find_nearest(point)
    return Located(
        point=point,
        grid=None,
        on_boundary=False,
        touching=touching,
        divisions=Registry.of(snapshot).covering(point.lon, point.lat),
        group=None,
        nearest=None if nearest is None else Nearest(nearest.item.code, nearest.distance_m),
    )


def locate(session: Session, point: LonLat, *, accuracy_m: float = 0.0, at: datetime | None = None) -> Located:
    """The same from PostGIS, now or at a time: boxes find the candidates, and an exact predicate decides."""
    spot = shapely.Point(point.lon, point.lat)
    covering = [grid for grid in grids.near_point(session, point.lon, point.lat, at) if grid.geometry.intersects(spot)]
    grid = covering[0] if covering else None
    chain: Sequence[divisions.NamedDivision]
    if grid is None:
        chain = divisions.covering(session, point.lon, point.lat, at)
    else:
        chain = divisions.chain_above(session, grid.village_code, at)
    return Located(
        point=point,
        grid=None if grid is None else GridName(grid.code, grid.name, grid.name_bo, grid.kind),
        on_boundary=any(found.geometry.touches(spot) for found in covering),
        touching=_shares(session, point, covering, accuracy_m, at),
        divisions=tuple(DivisionName(step.level, step.code, step.name, step.name_bo) for step in chain),
        group=None if grid is None or at is not None else _group(session, grid.code, point),
        nearest=_nearest(session, point, at) if grid is None else None,
    )


def outline_of(session: Session, grid_code: str, at: datetime | None) -> Polygonal:
    """The outline of a grid, now or at a time. Raises NotFound."""
    return grids.get_grid(session, grid_code, at).geometry


def nearest_door(index: AddressIndex, grid_code: str, point: LonLat) -> NearestAddress | None:
    """The same from the index of the addresses, as it last was."""
    near = next(iter(index.nearest(point, 1, (grid_code,))), None)
    return None if near is None else NearestAddress(near.row.code, near.row.label, near.distance_m)


def nearest_address(session: Session, grid_code: str, point: LonLat) -> NearestAddress | None:
    """The nearest current address in a grid; None in a grid that has none."""
    row = queries.nearest_address(session, grid_code, point.lon, point.lat)
    return None if row is None else NearestAddress(*row)


def _shares(
    session: Session, point: LonLat, covering: list[GridRecord], accuracy_m: float, at: datetime | None
) -> tuple[Share, ...]:
    """Without a circle the grids that touch the point share it equally."""
    if accuracy_m <= 0:
        return tuple(Share(grid.code, 1 / len(covering)) for grid in covering)
    circle = measure.buffer_m(point, accuracy_m)
    parts = (
        Share(grid.code, circle.intersection(grid.geometry).area / circle.area)
        for grid in grids.near_circle(session, point.lon, point.lat, accuracy_m, at)
    )
    return tuple(part for part in parts if part.share > 0 or any(part.code == grid.code for grid in covering))


def _nearest(session: Session, point: LonLat, at: datetime | None) -> Nearest | None:
    """The nearest in degrees bounds how far the nearest on the ground can be; all within that are measured."""
    first = grids.nearest_in_degrees(session, point.lon, point.lat, at)
    if first is None:
        return None
    bound_m = measure.nearest_distance_m(point, [first.geometry]) or 0.0
    candidates = grids.near_circle(session, point.lon, point.lat, bound_m, at) or [first]
    measured = [(measure.nearest_distance_m(point, [grid.geometry]) or 0.0, grid.code) for grid in candidates]
    # Of grids that are equally near the lowest code, as in the snapshot.
    least = min(distance_m for distance_m, _ in measured)
    distance_m, code = min((each for each in measured if each[0] <= least + EQUAL_M), key=lambda each: each[1])
    return Nearest(code, distance_m)


def _group(session: Session, grid_code: str, point: LonLat) -> GroupName | None:
    code = queries.group_of_nearest_household(session, grid_code, point.lon, point.lat)
    return None if code is None else GroupName(code, grids.find_group_name(session, code))
