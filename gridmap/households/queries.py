"""Every statement on households."""

from collections.abc import Sequence

from geoalchemy2 import WKBElement
from sqlalchemy import Row, Select, and_, select
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address
from gridmap.households.model import Household

HouseholdRow = Row[Household, str, str, str | None, WKBElement]
HouseholdSelect = Select[Household, str, str, str | None, WKBElement]


def select_households() -> HouseholdSelect:
    """Households with their address: label, village of its text, grid of its point, and the point."""
    return select(Household, Address.label, Address.village_code, Address.grid_code, Address.point).join(
        Address, and_(Address.county_code == Household.county_code, Address.code == Household.address_code)
    )


def find_household(session: Session, household_id: str) -> HouseholdRow | None:
    """One household, closed or not; by pk_household."""
    stmt = select_households().where(Household.county_code == household_id[1:7], Household.id == household_id)
    return session.execute(stmt).one_or_none()


def current_in_grid(stmt: HouseholdSelect, grid_code: str) -> HouseholdSelect:
    """Only current ones whose point lies in a grid; by ix_address_grid_code and ix_household_address_code."""
    return stmt.where(Address.grid_code == grid_code, Household.status == "current")


def current_in_group(stmt: HouseholdSelect, group_code: str) -> HouseholdSelect:
    """Only current members of a group; by ix_household_group_code."""
    return stmt.where(Household.group_code == group_code, Household.status == "current")


def list_households(session: Session, stmt: HouseholdSelect, cursor: str | None, limit: int) -> Sequence[HouseholdRow]:
    """A page of a composed statement: the next `limit` households by id."""
    page = stmt.order_by(Household.id).limit(limit)
    return session.execute(page if cursor is None else page.where(Household.id > cursor)).all()
