"""Statements that read across rooms: counts of everything within a code, and what is nearest to a point."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address
from gridmap.contacts.model import Officer
from gridmap.db.base import GROUND, SRID, within_codes
from gridmap.db.geometry import from_shapely
from gridmap.geo.arrays import Polygonal
from gridmap.grids.model import Grid
from gridmap.households.model import Building, Household


def _address_within(prefixes: Sequence[str]) -> ColumnElement[bool]:
    """The point decides: an address counts to its grid, and to the village of its text only outside every grid."""
    outside = and_(Address.grid_code.is_(None), within_codes(Address.village_code, prefixes))
    return and_(Address.status == "current", or_(within_codes(Address.grid_code, prefixes), outside))


def count_registers(session: Session, prefixes: Sequence[str]) -> tuple[int, int, int, int, int]:
    """Current addresses, the buildings and households at them, the persons in these, and officers born within.

    By ix_address_grid_code, ix_address_village_code and ix_officer_home_code; what lies within is looked for once.
    """
    there = (
        select(Address.county_code, Address.code).where(_address_within(prefixes)).cte("there")
    )  # read more often than once, so PostgreSQL keeps it
    buildings = select(func.count()).select_from(Building).join(there, _at_address(Building, there.c))
    persons = func.coalesce(func.sum(Household.persons), 0)
    people = select(func.count().label("households"), persons.label("persons")).select_from(Household)
    lived_in = people.join(there, _at_address(Household, there.c)).where(Household.status == "current").subquery()
    officers = select(func.count()).select_from(Officer)
    stmt = select(
        select(func.count()).select_from(there).scalar_subquery(),
        buildings.where(Building.status == "current").scalar_subquery(),
        lived_in.c.households,
        lived_in.c.persons,
        officers.where(Officer.status == "current", within_codes(Officer.home_code, prefixes)).scalar_subquery(),
    )
    row = session.execute(stmt).one()
    return row[0], row[1], row[2], row[3], row[4]


def households_by_grid(session: Session, codes: Sequence[str]) -> dict[str, tuple[int, int]]:
    """For each grid that has any: how many households and persons; by ix_address_grid_code."""
    stmt = (
        select(Address.grid_code, func.count(), func.sum(Household.persons))
        .join(Household, _at_address(Household))
        .where(Address.grid_code.in_(codes), Household.status == "current")
        .group_by(Address.grid_code)
    )
    return {str(code): (households, persons) for code, households, persons in session.execute(stmt)}


def households_on(session: Session, ground: Polygonal, codes: Sequence[str]) -> dict[str, int]:
    """Of some grids: how many households of each live on a ground; by ix_address_grid_code."""
    stmt = (
        select(Address.grid_code, func.count())
        .join(Household, _at_address(Household))
        .where(Address.grid_code.in_(codes), Household.status == "current")
        .where(func.ST_Intersects(Address.point, from_shapely(ground)))
        .group_by(Address.grid_code)
    )
    return {str(code): households for code, households in session.execute(stmt)}


def group_of_nearest_household(session: Session, grid_code: str, lon: float, lat: float) -> str | None:
    """The group of the household in the same grid that is nearest to a point on the ground; ties by household id."""
    here = cast(func.ST_SetSRID(func.ST_MakePoint(lon, lat), SRID), GROUND)
    stmt = (
        select(Household.group_code)
        .join(Address, _at_address(Household))
        .where(Address.grid_code == grid_code, Household.status == "current", Household.group_code.is_not(None))
        .order_by(func.ST_Distance(cast(Address.point, GROUND), here), Household.id)
        .limit(1)
    )
    return session.scalars(stmt).one_or_none()


def household_points(session: Session, village_codes: Sequence[str]) -> Sequence[Row[str, float, float, str]]:
    """Grid, lon, lat and group of the current households of villages that have a group, by grid and id.

    By ix_grid_village_code, ix_address_grid_code and ix_household_address_code.
    """
    stmt = (
        select(Address.grid_code, func.ST_X(Address.point), func.ST_Y(Address.point), Household.group_code)
        .select_from(Grid)
        .join(Address, and_(Address.county_code == Grid.county_code, Address.grid_code == Grid.code))
        .join(Household, _at_address(Household))
        .where(Grid.village_code.in_(village_codes), Household.status == "current", Household.group_code.is_not(None))
        .order_by(Address.grid_code, Household.id)
    )
    return session.execute(stmt).all()


def nearest_address(session: Session, grid_code: str, lon: float, lat: float) -> tuple[str, str, float] | None:
    """Code, label and distance in metres of the current address in the same grid that is nearest on the ground."""
    here = cast(func.ST_SetSRID(func.ST_MakePoint(lon, lat), SRID), GROUND)
    distance = func.ST_Distance(cast(Address.point, GROUND), here)
    stmt = select(Address.code, Address.label, distance).where(
        Address.grid_code == grid_code, Address.status == "current"
    )
    row = session.execute(stmt.order_by(distance, Address.code).limit(1)).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def _at_address(table: type[Building] | type[Household], place: Any = Address) -> ColumnElement[bool]:
    return and_(table.county_code == place.county_code, table.address_code == place.code)
