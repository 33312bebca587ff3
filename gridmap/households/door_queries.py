"""Every statement on what stands at addresses: buildings, and which households live there."""

from collections.abc import Sequence

from sqlalchemy import Row, Select, and_, func, not_, or_, select, update
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address, lies_within
from gridmap.db.base import among
from gridmap.households.model import Building, Household
from gridmap.households.queries import HouseholdRow, select_households

BuildingRow = Row[Building, Address]
BuildingSelect = Select[Building, Address]


def select_buildings(status: str | None = "current") -> BuildingSelect:
    """Buildings of a status with their address, of any when it is None."""
    stmt = select(Building, Address).join(
        Address, and_(Address.county_code == Building.county_code, Address.code == Building.address_code)
    )
    return stmt if status is None else stmt.where(Building.status == status)


def buildings_within(stmt: BuildingSelect, prefixes: Sequence[str]) -> BuildingSelect:
    """Only those whose address lies within; by ix_address_grid_code and ix_building_address_code."""
    return stmt.where(lies_within(prefixes))


def at_address(stmt: BuildingSelect, address_code: str) -> BuildingSelect:
    """Only those at an address; by ix_building_address_code."""
    return stmt.where(Building.county_code == address_code[1:7], Building.address_code == address_code)


def of_kind(stmt: BuildingSelect, kind: str) -> BuildingSelect:
    """Only those of a kind."""
    return stmt.where(Building.kind == kind)


def called(stmt: BuildingSelect, words: str) -> BuildingSelect:
    """Only those whose name holds some words; few buildings have a name, and all of those are looked at."""
    return stmt.where(Building.name.is_not(None), Building.name.contains(words, autoescape=True))


def page(session: Session, stmt: BuildingSelect, cursor: str | None, limit: int) -> Sequence[BuildingRow]:
    """The next `limit` buildings by id."""
    found = stmt.order_by(Building.id).limit(limit)
    return session.execute(found if cursor is None else found.where(Building.id > cursor)).all()


def find_building(session: Session, building_id: str) -> BuildingRow | None:
    """One building, closed or not; by pk_building."""
    stmt = select_buildings(None).where(Building.county_code == building_id[1:7], Building.id == building_id)
    return session.execute(stmt).one_or_none()


def lock_building(session: Session, building_id: str) -> Building | None:
    """One building as it is now; others who want to change it wait."""
    stmt = select(Building).where(Building.county_code == building_id[1:7], Building.id == building_id)
    fresh = stmt.with_for_update().execution_options(populate_existing=True)
    return session.scalars(fresh).one_or_none()


def buildings_by_id(session: Session, ids: Sequence[str]) -> Sequence[Building]:
    """Buildings of some ids, closed or not; by pk_building."""
    counties = {building_id[1:7] for building_id in ids}
    return session.scalars(select(Building).where(among(Building.county_code, counties), among(Building.id, ids))).all()


def with_addresses(session: Session, ids: Sequence[str]) -> Sequence[BuildingRow]:
    """Buildings of some ids with their addresses, closed or not; by pk_building."""
    counties = {building_id[1:7] for building_id in ids}
    stmt = select_buildings(None).where(among(Building.county_code, counties), among(Building.id, ids))
    return session.execute(stmt.order_by(Building.id)).all()


def current_at(session: Session, address_codes: Sequence[str]) -> Sequence[Building]:
    """The current building of each of some addresses; by uq_building_address_code."""
    counties = {code[1:7] for code in address_codes}
    stmt = select(Building).where(
        Building.status == "current",
        among(Building.county_code, counties),
        among(Building.address_code, address_codes),
    )
    return session.scalars(stmt.order_by(Building.id)).all()


def living_at(session: Session, address_code: str) -> Sequence[str]:
    """Ids of the current households at an address; by ix_household_address_code."""
    stmt = select(Household.id).where(
        Household.county_code == address_code[1:7],
        Household.address_code == address_code,
        Household.status == "current",
    )
    return session.scalars(stmt.order_by(Household.id)).all()


def households_at(session: Session, address_code: str) -> Sequence[HouseholdRow]:
    """The current households at an address, as registers tell them; by ix_household_address_code."""
    mine = Household.county_code == address_code[1:7], Household.address_code == address_code
    stmt = select_households().where(*mine, Household.status == "current")
    return session.execute(stmt.order_by(Household.id)).all()


def ever_at(session: Session, address_code: str) -> Sequence[str]:
    """Ids of the households at an address, closed ones too; by ix_household_address_code."""
    mine = Household.county_code == address_code[1:7], Household.address_code == address_code
    return session.scalars(select(Household.id).where(*mine).order_by(Household.id)).all()


def move_households(session: Session, ids: Sequence[str], into: str) -> None:
    """Gives households another address."""
    stmt = update(Household).where(Household.county_code == into[1:7], among(Household.id, ids))
    values = {"address_code": into, "row_version": Household.row_version + 1, "updated_at": func.now()}
    session.execute(stmt.values(values), execution_options={"synchronize_session": False})


def in_another_grid(session: Session, address_codes: Sequence[str]) -> Sequence[Row[Household, Address]]:
    """The current households at some addresses whose group is not of the address's grid; locked until the end.

    By ix_household_address_code.
    """
    fits = Household.group_code.like(func.concat(Address.grid_code, "%"))
    stmt = (
        select(Household, Address)
        .join(Address, and_(Address.county_code == Household.county_code, Address.code == Household.address_code))
        .where(
            among(Household.county_code, {code[1:7] for code in address_codes}),
            among(Household.address_code, address_codes),
            Household.status == "current",
            Household.group_code.is_not(None),
            or_(Address.grid_code.is_(None), not_(fits)),
        )
    )
    fresh = stmt.order_by(Household.id).with_for_update(of=Household).execution_options(populate_existing=True)
    return session.execute(fresh).all()
