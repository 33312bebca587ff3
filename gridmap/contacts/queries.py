"""Every statement on officers, what they answer for, and duty posts."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, and_, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address
from gridmap.contacts.model import ContactPair, DutyPost, Officer, Responsibility
from gridmap.db.base import among, within_codes
from gridmap.households.model import Household

OfficerSelect = Select[Officer]
PostRow = Row[DutyPost, Officer | None]
PostSelect = Select[DutyPost, Officer | None]
SORTS = {"id": Officer.id, "capacity": Officer.capacity, "unit": Officer.unit}
"""What lists of officers may be sorted by; never a name or phone: their order would tell of what is masked."""


def find_officer(session: Session, officer_id: str) -> Officer | None:
    """One officer, closed or not; by pk_officer."""
    stmt = select(Officer).where(Officer.county_code == officer_id[1:7], Officer.id == officer_id)
    return session.scalars(stmt).one_or_none()


def responsibilities_of(session: Session, officer_id: str) -> Sequence[Responsibility]:
    """The grids and groups an officer answers for, by code; by ix_responsibility_officer_id."""
    stmt = select(Responsibility).where(
        Responsibility.county_code == officer_id[1:7], Responsibility.officer_id == officer_id
    )
    return session.scalars(stmt.order_by(Responsibility.code)).all()


def responsible_for(session: Session, code: str) -> Sequence[Row[str, Officer]]:
    """Who answers for a grid or group: the role and the officer, the head first; by pk_responsibility."""
    stmt = (
        select(Responsibility.role, Officer)
        .join(
            Officer,
            and_(Officer.county_code == Responsibility.county_code, Officer.id == Responsibility.officer_id),
        )
        .where(Responsibility.county_code == code[:6], Responsibility.code == code, Officer.status == "current")
    )
    return session.execute(stmt.order_by(Responsibility.role.desc(), Officer.id)).all()


def officers_by_id(session: Session, ids: Sequence[str]) -> Sequence[Officer]:
    """The officers of some ids."""
    counties = {officer_id[1:7] for officer_id in ids}
    return session.scalars(select(Officer).where(Officer.county_code.in_(counties), Officer.id.in_(ids))).all()


def officers_named(session: Session, county_codes: Sequence[str], names: Sequence[str]) -> Sequence[Officer]:
    """The officers in office of some names, by id."""
    stmt = select(Officer).where(
        Officer.county_code.in_(county_codes), Officer.name.in_(names), Officer.status == "current"
    )
    return session.scalars(stmt.order_by(Officer.id)).all()


def heads_of(session: Session, codes: Sequence[str]) -> Sequence[tuple[str, Officer]]:
    """The heads of grids or groups; by uq_responsibility_head."""
    stmt = (
        select(Responsibility.code, Officer)
        .join(
            Officer,
            (Officer.county_code == Responsibility.county_code) & (Officer.id == Responsibility.officer_id),
        )
        .where(
            Responsibility.county_code.in_({code[:6] for code in codes}),
            Responsibility.code.in_(codes),
            Responsibility.role == "head",
        )
    )
    return [(row[0], row[1]) for row in session.execute(stmt)]


def drop_responsibility(session: Session, code: str, officer_id: str | None = None) -> None:
    """Nobody is head of a grid or group any more, or a person answers for it in no role any more."""
    stmt = delete(Responsibility).where(Responsibility.county_code == code[:6], Responsibility.code == code)
    which = Responsibility.role == "head" if officer_id is None else Responsibility.officer_id == officer_id
    session.execute(stmt.where(which).execution_options(synchronize_session=False))


def now() -> Any:
    """The time of the transaction, for `updated_at`."""
    return func.now()


def lock_officer(session: Session, officer_id: str) -> Officer:
    """One officer for writing, locked until the transaction ends; by pk_officer."""
    stmt = select(Officer).where(Officer.county_code == officer_id[1:7], Officer.id == officer_id)
    return session.scalars(stmt.with_for_update().execution_options(populate_existing=True)).one()


def is_current_address(session: Session, county_code: str, code: str) -> bool:
    """Whether a county has a current address of this code; by pk_address."""
    there = exists().where(Address.county_code == county_code, Address.code == code, Address.status == "current")
    return bool(session.scalar(select(there)))


def pairs_of_officer(session: Session, officer_id: str) -> Sequence[Row[str, int, str | None, str]]:
    """Household, rank, grid and village of the pairs of an officer, current households only, by household.

    By ix_contact_pair_officer_id.
    """
    stmt = (
        select(ContactPair.household_id, ContactPair.rank, Address.grid_code, Address.village_code)
        .join(
            Household,
            and_(Household.county_code == ContactPair.county_code, Household.id == ContactPair.household_id),
        )
        .join(Address, and_(Address.county_code == Household.county_code, Address.code == Household.address_code))
        .where(
            ContactPair.officer_county_code == officer_id[1:7],
            ContactPair.officer_id == officer_id,
            Household.status == "current",
        )
    )
    return session.execute(stmt.order_by(ContactPair.household_id)).all()


def loads_of(session: Session, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """First contacts and back-ups that some officers have among current households; by ix_contact_pair_officer_id."""
    first = func.count().filter(ContactPair.rank == 1)
    stmt = (
        select(ContactPair.officer_id, first, func.count() - first)
        .join(
            Household,
            and_(Household.county_code == ContactPair.county_code, Household.id == ContactPair.household_id),
        )
        .where(
            ContactPair.officer_county_code.in_({officer_id[1:7] for officer_id in ids}),
            ContactPair.officer_id.in_(ids),
            Household.status == "current",
        )
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(stmt.group_by(ContactPair.officer_id))}


def charges_of(session: Session, ids: Sequence[str]) -> Sequence[Responsibility]:
    """The grids and groups that some officers answer for, by code; by ix_responsibility_officer_id."""
    counties = {officer_id[1:7] for officer_id in ids}
    stmt = select(Responsibility).where(Responsibility.county_code.in_(counties), Responsibility.officer_id.in_(ids))
    return session.scalars(stmt.order_by(Responsibility.code)).all()


def officers_within(prefixes: Sequence[str]) -> OfficerSelect:
    """Officers who were born, work or answer for something in some places.

    By ix_officer_home_code, ix_officer_work_code and ix_responsibility_officer_id.
    """
    charged = exists().where(
        Responsibility.county_code == Officer.county_code,
        Responsibility.officer_id == Officer.id,
        within_codes(Responsibility.code, prefixes),
    )
    places = or_(within_codes(Officer.home_code, prefixes), within_codes(Officer.work_code, prefixes), charged)
    return select(Officer).where(places)


def officers_being(stmt: OfficerSelect, values: Mapping[str, str]) -> OfficerSelect:
    """Only officers whose columns have these values."""
    return stmt.where(*(getattr(Officer, column) == value for column, value in values.items()))


def officers_absent(stmt: OfficerSelect, day: date, *, absent: bool) -> OfficerSelect:
    """Only officers who are away on a day, or who are there."""
    away = and_(Officer.absent_from <= day, or_(Officer.absent_to.is_(None), Officer.absent_to >= day))
    return stmt.where(away if absent else func.coalesce(away, False).is_(False))


def officers_saying(stmt: OfficerSelect, words: str) -> OfficerSelect:
    """Only officers of an id, of this whole name, or whose unit's name has the words in it.

    A part of a person's name finds nothing, or a masked name could be found out letter by letter.
    """
    return stmt.where(or_(Officer.id == words, Officer.name == words, Officer.unit.contains(words, autoescape=True)))


def officers_after(stmt: OfficerSelect, sort: str, cursor: Officer | None) -> OfficerSelect:
    """In the order of a column of `SORTS`, `-` for descending, then by id; only what follows a row of that order."""
    column: Any = SORTS[sort.lstrip("-")]
    down = sort.startswith("-")
    if cursor is not None:
        last = getattr(cursor, sort.lstrip("-"))
        beyond = column < last if down else column > last
        stmt = stmt.where(or_(beyond, and_(column == last, Officer.id > cursor.id)))
    return stmt.order_by(column.desc() if down else column, Officer.id)


def find_officer_in(session: Session, stmt: OfficerSelect, officer_id: str) -> Officer | None:
    """One officer, if a composed statement finds him."""
    return session.scalars(stmt.where(Officer.id == officer_id)).one_or_none()


def list_officers(session: Session, stmt: OfficerSelect, limit: int) -> Sequence[Officer]:
    """The first rows of a composed and ordered statement."""
    return session.scalars(stmt.limit(limit)).all()


def officer_totals(session: Session, stmt: OfficerSelect) -> Row[int, int]:
    """How many officers a composed statement finds, and the first contacts they can take."""
    counted = stmt.with_only_columns(func.count(), func.coalesce(func.sum(Officer.capacity), 0)).order_by(None)
    return session.execute(counted).one()


def _posts() -> PostSelect:
    held = and_(Officer.county_code == DutyPost.holder_county_code, Officer.id == DutyPost.holder_id)
    return select(DutyPost, Officer).outerjoin(Officer, held)


def posts_within(prefixes: Sequence[str]) -> PostSelect:
    """Current posts of grids in some places; by ix_duty_post_grid_code."""
    return _posts().where(DutyPost.status == "current", within_codes(DutyPost.grid_code, prefixes))


def posts_held_by(stmt: PostSelect, officer_id: str) -> PostSelect:
    """Only posts of one holder; by ix_duty_post_holder_id."""
    return stmt.where(DutyPost.holder_county_code == officer_id[1:7], DutyPost.holder_id == officer_id)


def posts_vacant(stmt: PostSelect, *, vacant: bool) -> PostSelect:
    """Only posts that nobody in office holds, or only those that somebody does."""
    return stmt.where(Officer.id.is_(None) | (Officer.status != "current") if vacant else Officer.status == "current")


def count_vacant(session: Session, stmt: PostSelect) -> int:
    """How many of the posts of a composed statement nobody holds."""
    counted = posts_vacant(stmt, vacant=True).with_only_columns(func.count()).order_by(None)
    return session.scalars(counted).one()


def list_posts(session: Session, stmt: PostSelect, cursor: str | None, limit: int) -> Sequence[PostRow]:
    """The next posts by id."""
    stmt = stmt if cursor is None else stmt.where(DutyPost.id > cursor)
    return session.execute(stmt.order_by(DutyPost.id).limit(limit)).all()


def post_row(session: Session, post_id: str) -> PostRow:
    """One post with its holder; by pk_duty_post."""
    stmt = _posts().where(DutyPost.county_code == post_id[1:7], DutyPost.id == post_id)
    return session.execute(stmt).one()


def get_post(session: Session, post_id: str) -> DutyPost | None:
    """One post, closed or not; by pk_duty_post."""
    stmt = select(DutyPost).where(DutyPost.county_code == post_id[1:7], DutyPost.id == post_id)
    return session.scalars(stmt).one_or_none()


def lock_post(session: Session, post_id: str) -> DutyPost:
    """One post for writing, locked until the transaction ends; by pk_duty_post."""
    stmt = select(DutyPost).where(DutyPost.county_code == post_id[1:7], DutyPost.id == post_id)
    return session.scalars(stmt.with_for_update().execution_options(populate_existing=True)).one()


def lock_posts_of(session: Session, officer_id: str) -> Sequence[DutyPost]:
    """The current posts of a holder for writing, by id; by ix_duty_post_holder_id."""
    stmt = select(DutyPost).where(
        DutyPost.holder_county_code == officer_id[1:7], DutyPost.holder_id == officer_id, DutyPost.status == "current"
    )
    return session.scalars(stmt.order_by(DutyPost.id).with_for_update()).all()


def find_post(session: Session, grid_code: str, task: str) -> DutyPost | None:
    """The current post of a task in a grid; by uq_duty_post_task."""
    stmt = select(DutyPost).where(
        DutyPost.county_code == grid_code[:6],
        DutyPost.grid_code == grid_code,
        DutyPost.task == task,
        DutyPost.status == "current",
    )
    return session.scalars(stmt).one_or_none()


def charges_at(session: Session, code: str) -> Sequence[Responsibility]:
    """Who answers for a grid or group, whether in office or not, the head first; by pk_responsibility."""
    stmt = select(Responsibility).where(Responsibility.county_code == code[:6], Responsibility.code == code)
    fresh = stmt.order_by(Responsibility.role.desc(), Responsibility.officer_id)
    return session.scalars(fresh.execution_options(populate_existing=True)).all()


def put_charges(session: Session, code: str, people: Sequence[tuple[str, str]]) -> None:
    """Replaces who answers for a grid or group: officers with their roles. Who stays keeps the day since when."""
    mine = (Responsibility.county_code == code[:6], Responsibility.code == code)
    kept = tuple_(Responsibility.officer_id, Responsibility.role)
    gone = delete(Responsibility).where(*mine, kept.not_in(people)) if people else delete(Responsibility).where(*mine)
    session.execute(gone.execution_options(synchronize_session=False))
    rows = [
        {"county_code": code[:6], "code": code, "officer_id": officer_id, "role": role} for officer_id, role in people
    ]
    if rows:
        session.execute(insert(Responsibility).on_conflict_do_nothing(), rows)


def contacts_of_household(session: Session, household_id: str) -> Sequence[Row[Officer, int, int, str]]:
    """Officer, rank, tier and reason of the pairs of a household, by rank; by pk_contact_pair."""
    held = and_(Officer.county_code == ContactPair.officer_county_code, Officer.id == ContactPair.officer_id)
    stmt = (
        select(Officer, ContactPair.rank, ContactPair.tier, ContactPair.reason)
        .join(ContactPair, held)
        .where(ContactPair.county_code == household_id[1:7], ContactPair.household_id == household_id)
    )
    return session.execute(stmt.order_by(ContactPair.rank)).all()


def doors_of_officer(session: Session, officer_id: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """Household, rank, address, persons, grid, village, lon, lat, head and name of an officer's current households.

    By ix_contact_pair_officer_id.
    """
    stmt = (
        select(
            *(ContactPair.household_id, ContactPair.rank, Address.label, Household.persons, Address.grid_code),
            *(Address.village_code, func.ST_X(Address.point), func.ST_Y(Address.point)),
            *(Household.head_name, Household.name),
        )
        .join(
            Household,
            and_(Household.county_code == ContactPair.county_code, Household.id == ContactPair.household_id),
        )
        .join(Address, and_(Address.county_code == Household.county_code, Address.code == Household.address_code))
        .where(
            ContactPair.officer_county_code == officer_id[1:7],
            ContactPair.officer_id == officer_id,
            Household.status == "current",
        )
    )
    return session.execute(stmt.order_by(ContactPair.rank, Address.label)).all()


def working_at(session: Session, address_code: str) -> Sequence[str]:
    """Ids of the officers whose work address is one, retired ones too; by ix_officer_work_address_code."""
    mine = Officer.county_code == address_code[1:7], Officer.work_address_code == address_code
    return session.scalars(select(Officer.id).where(*mine).order_by(Officer.id)).all()


def move_work(session: Session, ids: Sequence[str], into: str) -> None:
    """Gives officers another work address."""
    stmt = update(Officer).where(Officer.county_code == into[1:7], among(Officer.id, ids))
    values = {"work_address_code": into, "row_version": Officer.row_version + 1, "updated_at": func.now()}
    session.execute(stmt.values(values), execution_options={"synchronize_session": False})
