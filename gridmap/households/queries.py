"""Every statement on households."""

from collections.abc import Mapping, Sequence
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import Row, Select, Text, and_, cast, column, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from gridmap.addresses.model import Address
from gridmap.db.base import GROUND, within_codes
from gridmap.households.model import NEEDS, Household
from gridmap.households.rules import FIELDS

HouseholdRow = Row[Household, str, str, str | None, WKBElement]
HouseholdSelect = Select[Household, str, str, str | None, WKBElement]

SORTS = {"id": Household.id, "persons": Household.persons, "address": Address.label}
"""What lists may be sorted by; never a name or phone: their order would tell of what is masked."""
_GRID_DIGITS = 15
_AT_ADDRESS = and_(Address.county_code == Household.county_code, Address.code == Household.address_code)


def select_households() -> HouseholdSelect:
    """Households with their address: label, village of its text, grid of its point, and the point."""
    return select(Household, Address.label, Address.village_code, Address.grid_code, Address.point).join(
        Address, _AT_ADDRESS
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


def lock_household(session: Session, household_id: str) -> Household | None:
    """One household for writing, locked until the transaction ends; by pk_household."""
    stmt = select(Household).where(Household.county_code == household_id[1:7], Household.id == household_id)
    return session.scalars(stmt.with_for_update().execution_options(populate_existing=True)).one_or_none()


def find_address(session: Session, code: str) -> Address | None:
    """One address, whatever its status; by pk_address."""
    return session.scalars(select(Address).where(Address.county_code == code[1:7], Address.code == code)).one_or_none()


def nearest_group(session: Session, address: Address, but: str) -> str | None:
    """The group of the nearest household in an address's grid that has one there, another than `but`.

    By ix_address_grid_code and ix_household_address_code.
    """
    here = aliased(Address)
    distance = func.ST_Distance(cast(Address.point, GROUND), cast(here.point, GROUND))
    stmt = (
        select(Household.group_code)
        .join(Address, _AT_ADDRESS)
        .join(here, and_(here.county_code == address.county_code, here.code == address.code))
        .where(
            Address.grid_code == address.grid_code,
            Household.status == "current",
            Household.group_code.like(f"{address.grid_code}%"),
            Household.id != but,
        )
    )
    return session.scalars(stmt.order_by(distance, Household.group_code).limit(1)).one_or_none()


def within_places(stmt: HouseholdSelect, prefixes: Sequence[str]) -> HouseholdSelect:
    """Only those in some places. The point decides: the grid, and the village of the text only outside every grid.

    By ix_address_grid_code and ix_address_village_code. Of a group only members who live in its grid.
    """
    areas = [prefix for prefix in prefixes if len(prefix) <= _GRID_DIGITS]
    groups = [prefix for prefix in prefixes if len(prefix) > _GRID_DIGITS]
    if "" in areas:
        return stmt
    outside = and_(Address.grid_code.is_(None), within_codes(Address.village_code, areas))
    members = and_(Household.group_code.in_(groups), Address.grid_code == func.left(Household.group_code, _GRID_DIGITS))
    return stmt.where(or_(within_codes(Address.grid_code, areas), outside, members))


def being(stmt: HouseholdSelect, values: Mapping[str, str]) -> HouseholdSelect:
    """Only households whose columns have these values."""
    return stmt.where(*(getattr(Household, column) == value for column, value in values.items()))


def in_no_group(stmt: HouseholdSelect) -> HouseholdSelect:
    """Only those in no group of the grid they live in."""
    elsewhere = func.left(Household.group_code, _GRID_DIGITS).is_distinct_from(Address.grid_code)
    return stmt.where(or_(Household.group_code.is_(None), elsewhere))


def count_by_place(session: Session, stmt: HouseholdSelect) -> dict[str, int]:
    """How many households a composed statement finds by grid; outside every grid by the village of the text."""
    place = func.coalesce(Address.grid_code, Address.village_code)
    rows = session.execute(stmt.with_only_columns(place, func.count()).group_by(place))
    return {row[0]: row[1] for row in rows}


def with_needs(stmt: HouseholdSelect, needs: Sequence[str]) -> HouseholdSelect:
    """Only households with somebody who has one of some needs."""
    return stmt.where(or_(*(getattr(Household, need) > 0 for need in needs)))


def saying(stmt: HouseholdSelect, words: str) -> HouseholdSelect:
    """Only households that words lead to: an id, a code, the head's whole name, a part of the address or place's name.

    A part of a person's name finds nothing, or a masked name could be found out letter by letter.
    """
    if words[:1] in "HA" and words[1:].isdigit():
        return stmt.where(or_(Household.id == words, Household.address_code == words))
    if words.isdigit() and len(words) >= _GRID_DIGITS:
        return stmt.where(or_(Household.group_code == words, Address.grid_code == words))
    return stmt.where(
        or_(
            Household.head_name == words,
            Household.name.contains(words, autoescape=True),
            Address.label.contains(words, autoescape=True),
        )
    )


def page_after(stmt: HouseholdSelect, sort: str, cursor: HouseholdRow | None) -> HouseholdSelect:
    """In the order of a column of `SORTS`, `-` for descending, then by id; only what follows a row of that order."""
    column: Any = SORTS[sort.lstrip("-")]
    down = sort.startswith("-")
    if cursor is not None:
        last = cursor[1] if sort.lstrip("-") == "address" else getattr(cursor[0], sort.lstrip("-"))
        beyond = column < last if down else column > last
        stmt = stmt.where(or_(beyond, and_(column == last, Household.id > cursor[0].id)))
    return stmt.order_by(column.desc() if down else column, Household.id)


def totals(session: Session, stmt: HouseholdSelect) -> Row[*tuple[int, ...]]:
    """How many households a composed statement finds, their persons, and how many households have each need."""
    counted = [func.count().filter(getattr(Household, need) > 0) for need in NEEDS]
    return session.execute(
        stmt.with_only_columns(func.count(), func.coalesce(func.sum(Household.persons), 0), *counted).order_by(None)
    ).one()


def list_in_order(session: Session, stmt: HouseholdSelect, limit: int) -> Sequence[HouseholdRow]:
    """The first rows of a composed and ordered statement."""
    return session.execute(stmt.limit(limit)).all()


def find_in(session: Session, stmt: HouseholdSelect, household_id: str) -> HouseholdRow | None:
    """One household, if a composed statement finds it."""
    return session.execute(stmt.where(Household.id == household_id)).one_or_none()


def now() -> Any:
    """The time of the transaction, for `updated_at`."""
    return func.now()


def household_rows(
    session: Session, *, ids: Sequence[str] = (), addresses: Sequence[str] = ()
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The columns of households of some ids, or of the current ones at some addresses.

    By pk_household and ix_household_address_code.
    """
    columns = [Household.id, Household.status, *(getattr(Household, field) for field in FIELDS)]
    counties = sorted({code[1:7] for code in (*ids, *addresses)})
    stmt = select(*columns).where(Household.county_code == func.any(counties))
    if ids:
        return session.execute(stmt.where(Household.id == func.any(list(ids)))).all()
    current = stmt.where(Household.status == "current", Household.address_code == func.any(list(addresses)))
    return session.execute(current.order_by(Household.id)).all()


def group_members(session: Session, grids: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Grid, group, lon and lat of the current households of some grids that are in a group of it; by household."""
    stmt = (
        select(Address.grid_code, Household.group_code, func.ST_X(Address.point), func.ST_Y(Address.point))
        .join(Household, _AT_ADDRESS)
        .where(
            Address.grid_code == func.any(list(grids)),
            Household.status == "current",
            func.left(Household.group_code, _GRID_DIGITS) == Address.grid_code,
        )
    )
    return session.execute(stmt.order_by(Household.id)).all()


def dwellings_in(session: Session, grid_code: str, *, to_write: bool) -> Sequence[Row[str, str | None, float, float]]:
    """Id, group, lon and lat of the current households in a grid, by id; to write, locked to the transaction's end.

    By ix_address_grid_code and ix_household_address_code.
    """
    stmt = (
        select(Household.id, Household.group_code, func.ST_X(Address.point), func.ST_Y(Address.point))
        .join(Address, _AT_ADDRESS)
        .where(Address.grid_code == grid_code, Household.status == "current")
    )
    ordered = stmt.order_by(Household.id)
    return session.execute(ordered.with_for_update(of=Household) if to_write else ordered).all()


def set_groups(session: Session, groups: Mapping[str, str | None]) -> None:
    """Puts households into groups, each into its own, and raises their row versions; by pk_household."""
    keys, codes = cast(literal(list(groups)), ARRAY(Text)), cast(literal(list(groups.values())), ARRAY(Text))
    given = func.unnest(keys, codes).table_valued(column("id", Text), column("code", Text)).render_derived("given")
    stmt = update(Household).where(
        Household.county_code.in_(sorted({household_id[1:7] for household_id in groups})), Household.id == given.c.id
    )
    touched = {"row_version": Household.row_version + 1, "updated_at": func.now()}
    values = stmt.values(group_code=given.c.code, **touched)
    session.execute(values, execution_options={"synchronize_session": False})
    session.expire_all()


def count_in_counties(session: Session, counties: Sequence[str]) -> tuple[int, int]:
    """Current households and their persons; by pk_household."""
    stmt = select(func.count(), func.coalesce(func.sum(Household.persons), 0)).where(
        Household.county_code.in_(counties), Household.status == "current"
    )
    row = session.execute(stmt).one()
    return row[0], int(row[1])


def members_of(session: Session, group_code: str) -> Sequence[str]:
    """The current members of a group, by id; by ix_household_group_code."""
    stmt = select(Household.id).where(Household.group_code == group_code, Household.status == "current")
    return session.scalars(stmt.order_by(Household.id)).all()


def count_members(session: Session, group_codes: Sequence[str]) -> dict[str, int]:
    """How many current members groups have; by ix_household_group_code."""
    stmt = select(Household.group_code, func.count()).where(
        Household.group_code.in_(group_codes), Household.status == "current"
    )
    rows = session.execute(stmt.group_by(Household.group_code))
    return {row[0]: row[1] for row in rows if row[0] is not None}
