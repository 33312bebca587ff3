"""Every statement on changesets, and those that move what lies in the rooms below."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    Row,
    String,
    Text,
    Update,
    and_,
    bindparam,
    case,
    cast,
    column,
    delete,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address
from gridmap.contacts.model import Officer, Responsibility
from gridmap.db.base import SRID, among
from gridmap.db.model import DatasetVersion
from gridmap.editing.model import Changeset, ChangesetGrid
from gridmap.households.model import Household
from gridmap.preplans.model import Shelter

DoorRow = Row[str, float, float, str | None]
MemberRow = Row[str, str, str | None]


def now(session: Session) -> datetime:
    """The database's clock."""
    return session.scalars(select(func.clock_timestamp(type_=TIMESTAMP(timezone=True)))).one()


def insert_changeset(session: Session, values: Mapping[str, Any]) -> Changeset:
    """A new draft with the next number."""
    changeset = Changeset(**values)
    session.add(changeset)
    session.flush()
    return changeset


def insert_trial(session: Session, values: Mapping[str, Any]) -> Changeset:
    """A draft that is taken back: its id is below 0 and of no other session at work, so that no number is used up."""
    stmt = text(
        "INSERT INTO changeset (id, county_code, villages, title, author, base_version, reverts)"
        " OVERRIDING SYSTEM VALUE"
        " SELECT -(pg_backend_pid() * 256 + (SELECT count(*) FROM changeset WHERE id < 0)),"
        " :county_code, :villages, :title, :author, :base_version, :reverts RETURNING id"
    ).bindparams(bindparam("villages", type_=ARRAY(String(12))))
    return session.get_one(Changeset, session.scalars(stmt, values).one())


def find_changeset(session: Session, changeset_id: int) -> Changeset | None:
    """One changeset."""
    return session.get(Changeset, changeset_id)


def lock_changeset(session: Session, changeset_id: int) -> Changeset | None:
    """One changeset as it is now; others who want to change it wait."""
    stmt = select(Changeset).where(Changeset.id == changeset_id).with_for_update()
    return session.scalars(stmt.execution_options(populate_existing=True)).one_or_none()


def list_changesets(
    session: Session,
    *,
    status: str | None,
    village: str | None,
    within: Sequence[str],
    author: str | None = None,
    before: int | None,
    limit: int | None,
) -> Sequence[Changeset]:
    """Changesets, the newest first; by pk_changeset, those of a village by ix_changeset_villages.

    `within` are code prefixes that each of their villages must have one of.
    """
    stmt = select(Changeset).order_by(Changeset.id.desc()).limit(limit)
    if "" not in within:
        village_code = func.unnest(Changeset.villages).table_valued(column("code", Text)).render_derived("named")
        fits = or_(false(), *(village_code.c.code.startswith(prefix, autoescape=True) for prefix in within))
        stmt = stmt.where(~select(literal(1)).select_from(village_code).where(~fits).exists())
    if status is not None:
        stmt = stmt.where(Changeset.status == status)
    if village is not None:
        stmt = stmt.where(Changeset.villages.contains([village]))
    if author is not None:
        stmt = stmt.where(Changeset.author == author)
    return session.scalars(stmt if before is None else stmt.where(Changeset.id < before)).all()


def changesets_since(session: Session, villages: Sequence[str], version: int) -> Sequence[Changeset]:
    """Changesets of villages that were published after a version, the first of them first; by ix_changeset_villages."""
    stmt = select(Changeset).where(Changeset.villages.overlap(villages), Changeset.published_version > version)
    return session.scalars(stmt.order_by(Changeset.published_version)).all()


def summary_of_version(session: Session, version: int) -> Row[str, str]:
    """What a version was called and who published it."""
    return session.execute(
        select(DatasetVersion.summary, DatasetVersion.actor).where(DatasetVersion.version == version)
    ).one()


def proposed_grids(session: Session, changeset: Changeset) -> Sequence[ChangesetGrid]:
    """What a changeset proposes, retired grids included, in the order it was handed in; by the primary key."""
    stmt = select(ChangesetGrid).where(
        ChangesetGrid.county_code == changeset.county_code, ChangesetGrid.changeset_id == changeset.id
    )
    # The rows may have been replaced since this session saw them.
    fresh = stmt.order_by(ChangesetGrid.position).execution_options(populate_existing=True)
    return session.scalars(fresh).all()


def replace_proposed(session: Session, changeset: Changeset, rows: Sequence[dict[str, Any]]) -> None:
    """Puts other rows in the place of all that a changeset proposed."""
    mine = ChangesetGrid.county_code == changeset.county_code, ChangesetGrid.changeset_id == changeset.id
    session.execute(delete(ChangesetGrid).where(*mine), execution_options={"synchronize_session": False})
    if rows:
        session.execute(insert(ChangesetGrid), rows)


def doors_concerned(
    session: Session,
    county_code: str,
    grid_codes: Sequence[str],
    bbox: tuple[float, float, float, float] | None,
    codes: Sequence[str] = (),
) -> Sequence[DoorRow]:
    """Addresses of whatever status that count to grids, lie in a box or are named, by code.

    By ix_address_grid_code, ix_address_point and pk_address.
    """
    reasons = [Address.grid_code.in_(grid_codes), Address.code.in_(codes)]
    if bbox is not None:
        reasons.append(Address.point.intersects(func.ST_MakeEnvelope(*bbox, SRID)))
    stmt = select(Address.code, func.ST_X(Address.point), func.ST_Y(Address.point), Address.grid_code)
    stmt = stmt.where(Address.county_code == county_code, or_(*reasons))
    return session.execute(stmt.order_by(Address.code)).all()


def members_concerned(
    session: Session, county_code: str, address_codes: Sequence[str], group_codes: Sequence[str]
) -> Sequence[MemberRow]:
    """Current households at addresses or in groups; by ix_household_address_code and ix_household_group_code."""
    stmt = select(Household.id, Household.address_code, Household.group_code)
    stmt = stmt.where(
        Household.county_code == county_code,
        Household.status == "current",
        or_(Household.address_code.in_(address_codes), Household.group_code.in_(group_codes)),
    )
    return session.execute(stmt.order_by(Household.id)).all()


def charges_of(session: Session, county_code: str, codes: Sequence[str]) -> Sequence[Responsibility]:
    """Who answers for grids and groups, heads first; by pk_responsibility."""
    stmt = select(Responsibility).where(Responsibility.county_code == county_code, Responsibility.code.in_(codes))
    order = (Responsibility.code, Responsibility.role.desc(), Responsibility.officer_id)
    return session.scalars(stmt.order_by(*order)).all()


def set_address_grids(session: Session, county_code: str, grids: Mapping[str, str | None]) -> None:
    """The grid that each address counts to."""
    changed = _changes(grids)
    stmt = update(Address).where(Address.county_code == county_code, Address.code == changed.c.key)
    _execute(session, stmt.values(grid_code=changed.c.value, **_touched(Address)), grids)


def set_household_groups(session: Session, county_code: str, groups: Mapping[str, str | None]) -> None:
    """The group that each household is in; who calls it touches them."""
    changed = _changes(groups)
    stmt = update(Household).where(Household.county_code == county_code, Household.id == changed.c.key)
    _execute(session, stmt.values(group_code=changed.c.value), groups)


def touch_households(session: Session, ids: Sequence[str]) -> None:
    """Counts a write of households: what was read of them before is old. By pk_household."""
    counties = {household_id[1:7] for household_id in ids}
    stmt = update(Household).where(among(Household.county_code, counties), among(Household.id, ids))
    session.execute(stmt.values(_touched(Household)), execution_options={"synchronize_session": False})


def replace_charges(session: Session, county_code: str, ended: Iterable[str], begun: Sequence[dict[str, Any]]) -> None:
    """Ends all that anybody answers for under some codes, and writes who answers for others."""
    session.execute(
        delete(Responsibility).where(Responsibility.county_code == county_code, Responsibility.code.in_(list(ended)))
    )
    if begun:
        session.execute(insert(Responsibility), begun)


def _changes(values: Mapping[str, str | None]) -> Any:
    """A table of two columns, key and value, from two arrays: one statement however many rows."""
    keys, texts = cast(literal(list(values)), ARRAY(Text)), cast(literal(list(values.values())), ARRAY(Text))
    return func.unnest(keys, texts).table_valued(column("key", Text), column("value", Text)).render_derived("changed")


def _touched(table: type[Address] | type[Household] | type[Officer] | type[Shelter]) -> dict[Any, Any]:
    return {"row_version": table.row_version + 1, "updated_at": func.now()}


def _execute(session: Session, stmt: Update, values: Mapping[str, str | None]) -> None:
    if values:
        session.execute(stmt, execution_options={"synchronize_session": False})


def groups_of_households(session: Session, group_codes: Sequence[str]) -> Sequence[str | None]:
    """The group of each current household that is in one of some; by ix_household_group_code."""
    stmt = select(Household.group_code).where(Household.group_code.in_(group_codes), Household.status == "current")
    return session.scalars(stmt).all()


def addresses_of(session: Session, villages: Iterable[str], grids: Iterable[str]) -> Sequence[str]:
    """Addresses of whatever status of some villages or in some grids, by code.

    By ix_address_village_code and ix_address_grid_code.
    """
    either = or_(Address.village_code.in_(list(villages)), Address.grid_code.in_(list(grids)))
    return session.scalars(select(Address.code).where(either).order_by(Address.code)).all()


def households_of(session: Session, address_codes: Sequence[str], groups: Iterable[str]) -> Sequence[str]:
    """Households, closed ones included, at some addresses or in some groups, by id.

    By ix_household_address_code and ix_household_group_code.
    """
    counties = {code[1:7] for code in address_codes}
    there = and_(among(Household.county_code, counties), among(Household.address_code, address_codes))
    stmt = select(Household.id).where(or_(there, Household.group_code.in_(list(groups))))
    return session.scalars(stmt.order_by(Household.id)).all()


def officers_of(session: Session, divisions: Iterable[str]) -> Sequence[str]:
    """Officers, closed ones included, who were born or work in just these divisions, by id.

    By ix_officer_home_code and ix_officer_work_code.
    """
    codes = list(divisions)
    stmt = select(Officer.id).where(or_(Officer.home_code.in_(codes), Officer.work_code.in_(codes)))
    return session.scalars(stmt.order_by(Officer.id)).all()


def shelters_of(session: Session, villages: Iterable[str]) -> Sequence[str]:
    """Shelters of some villages, closed ones included, by id."""
    stmt = select(Shelter.id).where(Shelter.village_code.in_(list(villages)))
    return session.scalars(stmt.order_by(Shelter.id)).all()


def recode_addresses(session: Session, divisions: Mapping[str, str], grids: Mapping[str, str]) -> int:
    """New grids, and new villages for those that change as a whole or lie in a grid that leaves its village."""
    moved, renamed = _changes(grids), _changes(divisions)
    left = Address.village_code == func.left(moved.c.key, 12)
    village = case((left, func.left(moved.c.value, 12)), else_=Address.village_code)
    by_grid = update(Address).where(Address.grid_code == moved.c.key)
    by_grid = by_grid.values(grid_code=moved.c.value, village_code=village, **_touched(Address))
    by_village = update(Address).where(Address.village_code == renamed.c.key)
    return _count(session, by_grid, grids) + _count(
        session, by_village.values(village_code=renamed.c.value, **_touched(Address)), divisions
    )


def recode_households(session: Session, groups: Mapping[str, str]) -> int:
    """New groups of households, closed ones included; by ix_household_group_code. Who calls it touches them."""
    moved = _changes(groups)
    stmt = update(Household).where(Household.group_code == moved.c.key)
    return _count(session, stmt.values(group_code=moved.c.value), groups)


def recode_officers(session: Session, divisions: Mapping[str, str]) -> int:
    """New homes and work places of officers; one who has both counts twice."""
    moved = _changes(divisions)
    count = 0
    for place in (Officer.home_code, Officer.work_code):
        stmt = update(Officer).where(place == moved.c.key)
        count += _count(session, stmt.values({place: moved.c.value, **_touched(Officer)}), divisions)
    return count


def recode_charges(session: Session, codes: Mapping[str, str]) -> int:
    """New codes of grids and groups that somebody answers for."""
    moved = _changes(codes)
    stmt = update(Responsibility).where(Responsibility.code == moved.c.key)
    return _count(session, stmt.values(code=moved.c.value), codes)


def recode_shelters(session: Session, divisions: Mapping[str, str]) -> int:
    """New villages of shelters."""
    moved = _changes(divisions)
    stmt = update(Shelter).where(Shelter.village_code == moved.c.key)
    return _count(session, stmt.values(village_code=moved.c.value, **_touched(Shelter)), divisions)


def replace_label_leads(session: Session, changes: Sequence[tuple[str, str, str]]) -> int:
    """For each village, what labels begin with and what they shall begin with; returns how many began so."""
    count = 0
    for village, before, after in changes:
        stmt = update(Address).where(Address.village_code == village, Address.label.startswith(before, autoescape=True))
        label = literal(after) + func.substr(Address.label, len(before) + 1)
        count += _count(session, stmt.values(label=label, **_touched(Address)), {village: after})
    return count


def _count(session: Session, stmt: Update, values: Mapping[str, str]) -> int:
    if not values:
        return 0
    counted = stmt.returning(literal(1)).execution_options(synchronize_session=False)
    return len(session.execute(counted).all())
