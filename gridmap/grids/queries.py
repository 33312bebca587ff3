"""Every statement on grids and household groups."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from gridmap.db.base import SRID, holds, within_codes
from gridmap.grids.model import Grid, GridVersion, HouseholdGroup, HouseholdGroupVersion

GridRow = Row[GridVersion, str]
GridSelect = Select[GridVersion, str]


def select_grids() -> GridSelect:
    """Every version of every grid, with its village."""
    return select(GridVersion, Grid.village_code).join(Grid)


def holding(stmt: GridSelect, at: datetime | None) -> GridSelect:
    """Only what is true at a time; now by uq_grid_version_current."""
    return stmt.where(holds(GridVersion, at))


def within_bbox(stmt: GridSelect, bbox: tuple[float, float, float, float]) -> GridSelect:
    """Grids whose geometry intersects a box (west, south, east, north); by ix_grid_version_geometry."""
    box = func.ST_MakeEnvelope(*bbox, SRID)
    return stmt.where(func.ST_Intersects(GridVersion.geometry, box))


def within_prefixes(stmt: GridSelect, prefixes: Sequence[str]) -> GridSelect:
    """Grids whose code begins with one of the prefixes; by ix_grid_code_prefix."""
    return stmt.where(within_codes(Grid.code, prefixes))


def after_code(stmt: GridSelect, cursor: str | None, limit: int | None) -> GridSelect:
    """The next `limit` grids, all when None, in the order of their codes."""
    page = stmt.order_by(Grid.code).limit(limit)
    return page if cursor is None else page.where(Grid.code > cursor)


def list_grids(session: Session, stmt: GridSelect) -> Sequence[GridRow]:
    """The rows of a composed statement."""
    return session.execute(stmt).all()


def find_grid(session: Session, code: str, at: datetime | None) -> GridRow | None:
    """One grid at a time."""
    stmt = holding(select_grids(), at).where(GridVersion.county_code == code[:6], GridVersion.code == code)
    return session.execute(stmt).one_or_none()


def find_last_grid(session: Session, code: str) -> GridRow | None:
    """The last that was true of a grid, whether it still holds or not."""
    stmt = select_grids().where(GridVersion.county_code == code[:6], GridVersion.code == code)
    return session.execute(stmt.order_by(GridVersion.valid_from.desc()).limit(1)).one_or_none()


def grids_near_point(session: Session, lon: float, lat: float, at: datetime | None) -> Sequence[GridRow]:
    """Grids whose box covers a point, by ix_grid_version_geometry; the caller tests exactly.

    ST_Covers is not asked: for points PostGIS decides with a tolerance, and the edge rule needs the exact answer.
    """
    point = func.ST_SetSRID(func.ST_MakePoint(lon, lat), SRID)
    stmt = holding(select_grids(), at).where(GridVersion.geometry.intersects(point))
    return session.execute(stmt.order_by(Grid.code)).all()


def nearest_grids(session: Session, lon: float, lat: float, at: datetime | None, limit: int) -> Sequence[GridRow]:
    """The grids nearest in degrees, nearest first, by the distance operator of ix_grid_version_geometry.

    Degrees are not metres: the caller takes enough of them and measures.
    """
    point = func.ST_SetSRID(func.ST_MakePoint(lon, lat), SRID)
    stmt = holding(select_grids(), at).order_by(GridVersion.geometry.distance_centroid(point)).limit(limit)
    return session.execute(stmt).all()


def count_grids(session: Session, prefixes: Sequence[str], at: datetime | None) -> int:
    """How many grids have a code with one of the prefixes."""
    stmt = select(func.count()).select_from(GridVersion).join(Grid).where(holds(GridVersion, at))
    return session.scalars(stmt.where(within_codes(Grid.code, prefixes))).one()


def count_groups(session: Session, prefixes: Sequence[str], at: datetime | None) -> int:
    """How many household groups have a code with one of the prefixes; by ix_household_group_code_prefix."""
    stmt = select(func.count()).select_from(HouseholdGroupVersion).join(HouseholdGroup)
    stmt = stmt.where(holds(HouseholdGroupVersion, at), within_codes(HouseholdGroup.code, prefixes))
    return session.scalars(stmt).one()


def find_group_name(session: Session, code: str, at: datetime | None) -> str | None:
    """The name of a household group."""
    stmt = select(HouseholdGroupVersion.name).where(
        HouseholdGroupVersion.county_code == code[:6],
        HouseholdGroupVersion.code == code,
        holds(HouseholdGroupVersion, at),
    )
    return session.scalars(stmt).one_or_none()
