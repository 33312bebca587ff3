"""Which grid an address lies in: the point decides, and on a shared line the lowest code."""

from collections.abc import Sequence

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gridmap.db.locks import lock_villages
from gridmap.divisions import service as divisions
from gridmap.errors import FieldError, InvalidInput
from gridmap.geo.lattice import STEP_DEG, snap
from gridmap.geo.lonlat import BBox, LonLat
from gridmap.geo.measure import nearest_distance_m
from gridmap.grids import service as grids
from gridmap.sentences import say

FAR_M = 100_000.0
"""Farther than this from its county nobody has meant a point: it is swapped, of another system, or mistyped."""


def stored_point(point: LonLat) -> shapely.Point:
    """The point on the lattice, as it is kept."""
    return shapely.Point(*snap([point.lon, point.lat]).tolist())


def grid_at(session: Session, point: shapely.Point) -> str | None:
    """The grid that counts a point; None outside every grid."""
    near = grids.near_point(session, point.x, point.y, None)
    return min((grid.code for grid in near if grid.geometry.intersects(point)), default=None)


def lock_ground(session: Session, point: shapely.Point, villages: Sequence[str]) -> None:
    """Makes publishers of the villages that a point may come to lie in wait, so that its grid stays true."""
    there = [division.code for division in divisions.covering(session, point.x, point.y) if division.level == "village"]
    grid = grid_at(session, point)
    lock_villages(session, {*villages, *there, *([grid[:12]] if grid else [])})


def grids_at(session: Session, points: Sequence[shapely.Point]) -> list[str | None]:
    """The grid of each of many points; only grids near them are read."""
    if not points:
        return []
    # Wider than the points: a box without area, as one point's, meets nothing.
    west, south, east, north = shapely.box(*shapely.total_bounds(points).tolist()).buffer(STEP_DEG).bounds
    near = grids.list_grids(session, bbox=BBox(west, south, east, north))
    codes: list[str | None] = [None] * len(points)
    found = shapely.STRtree([grid.geometry for grid in near]).query(np.array(points, object), predicate="intersects")
    for place, which in sorted(zip(*found.tolist(), strict=True), reverse=True):
        # Grids come by code: from the last to the first the lowest one stays.
        codes[place] = near[which].code
    return codes


def check_near(session: Session, point: shapely.Point, county_code: str) -> None:
    """Raises InvalidInput for a point so far from its county that it must be a mistake."""
    county = divisions.by_codes(session, [county_code]).get(county_code)
    if county is None or not isinstance(county.outline, shapely.Polygon | shapely.MultiPolygon):
        return
    west, south, east, north = county.outline.bounds
    if west <= point.x <= east and south <= point.y <= north:
        return
    away = nearest_distance_m(LonLat(point.x, point.y), [county.outline]) or 0.0
    if away > FAR_M:
        turned = shapely.Point(point.y, point.x).within(county.outline.envelope)
        swapped = say("are_swapped", "lon and lat are swapped")
        message = say(
            "far_from_county",
            "{lon:.6f}, {lat:.6f} is {away_km:,.0f} km away from {county}: {hint}",
            lon=point.x,
            lat=point.y,
            away_km=away / 1000,
            county=county.name_full,
            hint=swapped if turned else say("other_crs", "are they of another coordinate system? Say crs"),
        )
        raise InvalidInput(message, errors=[FieldError("lon,lat", message, "swapped" if turned else "far_away")])
