"""Every statement that maps need and no room below gives."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address
from gridmap.db.base import holds, within_codes
from gridmap.db.model import DatasetVersion, InstallationFact
from gridmap.divisions.model import Division, DivisionVersion
from gridmap.grids.model import Grid, GridVersion, HouseholdGroup, HouseholdGroupVersion
from gridmap.households.model import Household
from gridmap.preplans.model import Shelter

DivisionRow = Row[DivisionVersion, str]


def newest_version(session: Session) -> tuple[int, datetime] | None:
    """The newest published version and when it was published; None before the first."""
    stmt = select(DatasetVersion.version, DatasetVersion.published_at).order_by(DatasetVersion.version.desc()).limit(1)
    row = session.execute(stmt).one_or_none()
    return None if row is None else (row[0], row[1])


def has_fact(session: Session, name: str) -> bool:
    """Whether a fact of the installation is on record."""
    return session.scalar(select(InstallationFact.name).where(InstallationFact.name == name)) is not None


def counties_with_grids(session: Session) -> Sequence[str]:
    """The county codes (first six digits) of all current grids; by uq_grid_version_current."""
    stmt = select(GridVersion.county_code).where(holds(GridVersion, None)).distinct().order_by(GridVersion.county_code)
    return session.scalars(stmt).all()


def first_division_with_outline(session: Session) -> str | None:
    """The largest division that has an outline, for an installation whose grids are not there yet."""
    stmt = (
        select(DivisionVersion.code)
        .where(holds(DivisionVersion, None), DivisionVersion.outline.is_not(None))
        .order_by(func.length(DivisionVersion.code), DivisionVersion.code)
        .limit(1)
    )
    return session.scalar(stmt)


def divisions_with_outline(session: Session, prefixes: Sequence[str], levels: Sequence[str]) -> Sequence[DivisionRow]:
    """Current divisions of some levels with a code prefix and an outline, by code; by ix_division_code_prefix."""
    stmt = (
        select(DivisionVersion, Division.level)
        .join(Division, Division.code == DivisionVersion.code)
        .where(
            holds(DivisionVersion, None),
            DivisionVersion.outline.is_not(None),
            Division.level.in_(levels),
            within_codes(Division.code, prefixes),
        )
        .order_by(Division.code)
    )
    return session.execute(stmt).all()


def count_grids(session: Session, prefixes: Sequence[str]) -> int:
    """Current grids with a code prefix."""
    stmt = select(func.count()).select_from(GridVersion).join(Grid)
    return session.scalars(stmt.where(holds(GridVersion, None), within_codes(Grid.code, prefixes))).one()


def groups(session: Session, prefixes: Sequence[str]) -> Sequence[Row[str, str, str]]:
    """Code, grid code and name of current household groups, by code; by ix_household_group_code_prefix."""
    stmt = (
        select(HouseholdGroup.code, HouseholdGroup.grid_code, HouseholdGroupVersion.name)
        .join(HouseholdGroupVersion)
        .where(holds(HouseholdGroupVersion, None), within_codes(HouseholdGroup.code, prefixes))
        .order_by(HouseholdGroup.code)
    )
    return session.execute(stmt).all()


def member_points(session: Session, prefixes: Sequence[str]) -> Sequence[Row[str, float, float, int]]:
    """Group, lon, lat and persons of every current household in a group, by group; by ix_household_group_code.

    No name and no id: only where a group's members live, which the outline around them is drawn from.
    """
    stmt = (
        select(
            Household.group_code,
            func.ST_X(Address.point),
            func.ST_Y(Address.point),
            Household.persons,
        )
        .join(Address, (Household.county_code == Address.county_code) & (Household.address_code == Address.code))
        .where(Household.status == "current", within_codes(Household.group_code, prefixes))
        .order_by(Household.group_code, Household.id)
    )
    return session.execute(stmt).all()


def shelters(session: Session, prefixes: Sequence[str]) -> Sequence[Row[str, str, str | None, str, int, float, float]]:
    """Id, name, Tibetan name, kind, capacity, lon, lat of current shelters, by id; by ix_shelter_village_code."""
    stmt = (
        select(
            Shelter.id,
            Shelter.name,
            Shelter.name_bo,
            Shelter.kind,
            Shelter.capacity,
            func.ST_X(Shelter.point),
            func.ST_Y(Shelter.point),
        )
        .where(Shelter.status == "current", within_codes(Shelter.village_code, prefixes))
        .order_by(Shelter.id)
    )
    return session.execute(stmt).all()
