"""Statements of exports that read across rooms; none of them touches a name or a phone of a person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, and_, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address, AddressAlias, lies_within
from gridmap.contacts.model import ContactPair, Officer, Responsibility, may_be_used
from gridmap.db.base import SRID, holds, within_codes
from gridmap.grids.model import HouseholdGroup, HouseholdGroupVersion
from gridmap.households.model import Building, Household


def groups(session: Session, prefixes: Sequence[str], at: datetime | None) -> Sequence[Row[str, str, str | None]]:
    """Code, name and head's id of groups, by code; by ix_household_group_code_prefix."""
    led = and_(
        Responsibility.county_code == HouseholdGroup.county_code,
        Responsibility.code == HouseholdGroup.code,
        Responsibility.role == "head",
    )
    stmt = (
        select(HouseholdGroup.code, HouseholdGroupVersion.name, Responsibility.officer_id)
        .join(HouseholdGroupVersion)
        .outerjoin(Responsibility, led)
        .where(holds(HouseholdGroupVersion, at), within_codes(HouseholdGroup.code, prefixes))
    )
    return session.execute(stmt.order_by(HouseholdGroup.code)).all()


def doors_in_box(
    session: Session, county_code: str, bbox: tuple[float, float, float, float]
) -> Sequence[Row[float, float, int]]:
    """Lon, lat and number of current households of the current addresses in a box; by ix_address_point."""
    living = and_(Household.status == "current", _at_address(Household))
    stmt = (
        select(func.ST_X(Address.point), func.ST_Y(Address.point), func.count(Household.id))
        .outerjoin(Household, living)
        .where(
            Address.county_code == county_code,
            Address.status == "current",
            Address.point.intersects(func.ST_MakeEnvelope(*bbox, SRID)),
        )
        .group_by(Address.county_code, Address.code)
    )
    return session.execute(stmt).all()


def addresses(session: Session, prefixes: Sequence[str]) -> Sequence[Row[Address]]:
    """Current addresses by code; by ix_address_grid_code and ix_address_village_code."""
    return session.execute(select(Address).where(_within(prefixes)).order_by(Address.code)).all()


def address_names(session: Session, prefixes: Sequence[str]) -> dict[tuple[str, str], str]:
    """The other names of current addresses by code and kind, with semicolons between; by pk_address_alias."""
    names = func.string_agg(AddressAlias.text, aggregate_order_by(literal(";"), AddressAlias.text), type_=Text)
    own = and_(AddressAlias.county_code == Address.county_code, AddressAlias.address_code == Address.code)
    stmt = select(Address.code, AddressAlias.kind, names).join(AddressAlias, own).where(_within(prefixes))
    return {(row[0], row[1]): row[2] for row in session.execute(stmt.group_by(Address.code, AddressAlias.kind))}


def buildings(session: Session, prefixes: Sequence[str]) -> Sequence[Row[Any, Any, Any, Any, Any, Any]]:
    """Current buildings by id."""
    stmt = (
        select(Building.id, Building.kind, Building.name, Building.floors, Building.address_code, Address.point)
        .join(Address, _at_address(Building))
        .where(Building.status == "current", _within(prefixes))
    )
    return session.execute(stmt.order_by(Building.id)).all()


def households(session: Session, prefixes: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Current households by id, with what is known of their address."""
    stmt = (
        select(
            Household.id,
            Household.kind,
            Address.village_code,
            Address.grid_code,
            Household.group_code,
            Household.address_code,
            Household.persons,
            Address.point,
        )
        .join(Address, _at_address(Household))
        .where(Household.status == "current", _within(prefixes))
    )
    return session.execute(stmt.order_by(Household.id)).all()


def officers(session: Session, prefixes: Sequence[str], above: Sequence[str]) -> Sequence[Row[Any, Any, Any, Any, Any]]:
    """Officers that a plan may use today; by id."""
    stmt = select(Officer.id, Officer.home_code, Officer.capacity, Officer.kind, Officer.unit).where(
        may_be_used(prefixes, above, func.current_date())
    )
    return session.execute(stmt.order_by(Officer.id)).all()


def pairs(session: Session, prefixes: Sequence[str]) -> Sequence[Row[Any, Any, Any, Any, Any]]:
    """Contact pairs of current households within, by household and rank."""
    stmt = (
        select(ContactPair.household_id, ContactPair.officer_id, ContactPair.rank, ContactPair.tier, ContactPair.reason)
        .join(
            Household,
            and_(Household.county_code == ContactPair.county_code, Household.id == ContactPair.household_id),
        )
        .join(Address, _at_address(Household))
        .where(Household.status == "current", _within(prefixes))
    )
    return session.execute(stmt.order_by(ContactPair.household_id, ContactPair.rank)).all()


def _within(prefixes: Sequence[str]) -> ColumnElement[bool]:
    return and_(Address.status == "current", lies_within(prefixes))


def _at_address(table: type[Building] | type[Household]) -> ColumnElement[bool]:
    return and_(table.county_code == Address.county_code, table.address_code == Address.code)
