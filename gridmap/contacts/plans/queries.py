"""Every statement on plans of contact pairs and on what they are made from."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from psycopg import Connection as Driver
from sqlalchemy import (
    Connection,
    Row,
    and_,
    delete,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.orm import Session, aliased, defer

from gridmap.addresses.model import Address, lies_within
from gridmap.contacts.model import ContactPair, EndedPair, Officer, may_be_used
from gridmap.contacts.plans.model import PairPlan, PairPlanPair, PairRule
from gridmap.divisions.model import DivisionVersion
from gridmap.households.model import Household

_COPIED = (
    "county_code", "plan_id", "household_id", "rank", "officer_id", "tier", "distance_m", "reason", "reason_en",
    "former_officer_id",
)  # fmt: skip
AT_ADDRESS = and_(Address.county_code == Household.county_code, Address.code == Household.address_code)
OF_HOUSEHOLD = and_(Household.county_code == ContactPair.county_code, Household.id == ContactPair.household_id)


def count_households(session: Session, prefixes: Sequence[str]) -> int:
    """How many current households lie within."""
    stmt = select(func.count()).select_from(Household).join(Address, AT_ADDRESS)
    return session.scalar(stmt.where(Household.status == "current", lies_within(prefixes))) or 0


def households(session: Session, prefixes: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Id, kind, persons, village of the text, grid, lon and lat of the current households within, by id."""
    stmt = (
        select(
            Household.id,
            Household.kind,
            Household.persons,
            Address.village_code,
            Address.grid_code,
            func.ST_X(Address.point),
            func.ST_Y(Address.point),
        )
        .join(Address, AT_ADDRESS)
        .where(Household.status == "current", lies_within(prefixes))
    )
    return session.execute(stmt.order_by(Household.id)).all()


def officers(
    session: Session, prefixes: Sequence[str], above: Sequence[str], today: date
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Id, home, capacity, unit, lon and lat of the officers that may be used, by id.

    An officer stands at his work address, else at the seat of where he works.
    """
    seat = aliased(DivisionVersion)
    point = func.coalesce(Address.point, seat.seat)
    stmt = (
        select(Officer.id, Officer.home_code, Officer.capacity, Officer.unit, func.ST_X(point), func.ST_Y(point))
        .outerjoin(Address, and_(Address.county_code == Officer.county_code, Address.code == Officer.work_address_code))
        .outerjoin(seat, and_(seat.code == Officer.work_code, seat.valid_to.is_(None)))
        .where(may_be_used(prefixes, above, today))
    )
    return session.execute(stmt.order_by(Officer.id)).all()


def pairs_within(session: Session, prefixes: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Household, rank, officer and tier of the pairs of current households within."""
    stmt = (
        select(ContactPair.household_id, ContactPair.rank, ContactPair.officer_id, ContactPair.tier)
        .join(Household, OF_HOUSEHOLD)
        .join(Address, AT_ADDRESS)
        .where(Household.status == "current", lies_within(prefixes))
    )
    return session.execute(stmt.order_by(ContactPair.household_id, ContactPair.rank)).all()


def first_contacts_outside(session: Session, prefixes: Sequence[str], ids: Sequence[str]) -> dict[str, int]:
    """How many first contacts some officers have with current households that do not lie within."""
    stmt = (
        select(ContactPair.officer_id, func.count())
        .join(Household, OF_HOUSEHOLD)
        .join(Address, AT_ADDRESS)
        .where(ContactPair.rank == 1, Household.status == "current", ~lies_within(prefixes))
        .where(ContactPair.officer_id.in_(ids))
        .group_by(ContactPair.officer_id)
    )
    return {row[0]: row[1] for row in session.execute(stmt)}


def first_contacts_of(session: Session, ids: Sequence[str]) -> dict[str, int]:
    """How many first contacts some officers have with current households; by ix_contactpair_officer_id."""
    stmt = select(ContactPair.officer_id, func.count()).join(Household, OF_HOUSEHOLD)
    stmt = stmt.where(ContactPair.officer_county_code.in_({name[1:7] for name in ids}))
    stmt = stmt.where(ContactPair.officer_id.in_(ids), ContactPair.rank == 1, Household.status == "current")
    return {row[0]: row[1] for row in session.execute(stmt.group_by(ContactPair.officer_id))}


def rules(session: Session, counties: Sequence[str]) -> Sequence[PairRule]:
    """The pairs asked for and forbidden in some counties, by household and officer."""
    stmt = select(PairRule).where(PairRule.county_code.in_(counties))
    return session.scalars(stmt.order_by(PairRule.household_id, PairRule.officer_id)).all()


def rules_of(session: Session, household_id: str) -> Sequence[PairRule]:
    """The rules about one household."""
    stmt = select(PairRule).where(PairRule.county_code == household_id[1:7], PairRule.household_id == household_id)
    return session.scalars(stmt.order_by(PairRule.officer_id)).all()


def drop_rules(session: Session, household_id: str, officer_id: str | None = None, kind: str | None = None) -> int:
    """Takes rules about a household away, of an officer or a kind when told; how many there were."""
    stmt = delete(PairRule).where(PairRule.county_code == household_id[1:7], PairRule.household_id == household_id)
    if officer_id is not None:
        stmt = stmt.where(PairRule.officer_id == officer_id)
    if kind is not None:
        stmt = stmt.where(PairRule.kind == kind)
    return len(session.execute(stmt.returning(PairRule.officer_id)).all())


def copy_pairs(session: Session, rows: Iterable[Sequence[object]]) -> None:
    """Writes the pairs of a plan by COPY within the session's transaction."""
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, Driver):
        raise TypeError("COPY needs psycopg")
    with connection.cursor() as cursor, cursor.copy(f"COPY pair_plan_pair ({', '.join(_COPIED)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def find_plan(session: Session, plan_id: int, *, lock: bool = False) -> PairPlan | None:
    """One plan; locked until the transaction ends when it is to be changed."""
    stmt = select(PairPlan).where(PairPlan.id == plan_id).options(defer(PairPlan.inputs))
    return session.scalars(stmt.with_for_update() if lock else stmt).one_or_none()


def list_plans(session: Session, *, before: int | None, limit: int) -> Sequence[PairPlan]:
    """Plans, the newest first."""
    stmt = select(PairPlan).order_by(PairPlan.id.desc()).limit(limit).options(defer(PairPlan.inputs))
    return session.scalars(stmt if before is None else stmt.where(PairPlan.id < before)).all()


def last_applied(session: Session) -> int | None:
    """The plan that was applied last and stands."""
    stmt = select(PairPlan.id).where(PairPlan.status == "applied").order_by(PairPlan.applied_at.desc()).limit(1)
    return session.scalar(stmt)


def plan_pairs(
    session: Session, plan_id: int, *, after: str | None = None, limit: int | None = None
) -> Sequence[PairPlanPair]:
    """The pairs of a plan by household and rank, those of the next `limit` households; by ix_pair_plan_pair_plan_id."""
    stmt = select(PairPlanPair).where(PairPlanPair.plan_id == plan_id)
    if after is not None:
        stmt = stmt.where(PairPlanPair.household_id > after)
    return session.scalars(stmt.order_by(PairPlanPair.household_id, PairPlanPair.rank).limit(limit)).all()


def changed_pairs(session: Session, plan_id: int, limit: int) -> Sequence[PairPlanPair]:
    """The pairs of a plan that differ from those of the day it was made, by household and rank."""
    differs = PairPlanPair.former_officer_id.is_distinct_from(PairPlanPair.officer_id)
    stmt = select(PairPlanPair).where(PairPlanPair.plan_id == plan_id, differs)
    return session.scalars(stmt.order_by(PairPlanPair.household_id, PairPlanPair.rank).limit(limit)).all()


def change_counts(session: Session, plan_id: int) -> Sequence[Row[int, int, int]]:
    """For each rank how many pairs are new and how many replace somebody."""
    differs = PairPlanPair.former_officer_id.is_distinct_from(PairPlanPair.officer_id)
    replaced = func.count(PairPlanPair.former_officer_id)
    stmt = select(PairPlanPair.rank, func.count(), replaced).where(PairPlanPair.plan_id == plan_id, differs)
    return session.execute(stmt.group_by(PairPlanPair.rank).order_by(PairPlanPair.rank)).all()


def officer_changes(
    session: Session, plan_id: int, limit: int, within: str | None = None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Officer, rank, first contacts or back-ups gained and lost, for those with any; who loses or gains most first.

    Of the households of one place only when it is told.
    """
    rows = PairPlanPair
    differs = rows.former_officer_id.is_distinct_from(rows.officer_id)
    if within is not None:
        there = select(Household.id).join(Address, AT_ADDRESS).where(lies_within([within]))
        differs = and_(differs, rows.household_id.in_(there))
    gains = select(rows.officer_id.label("officer"), rows.rank, rows.household_id, literal(1).label("gained"))
    losses = select(rows.former_officer_id, rows.rank, rows.household_id, literal(0).label("gained"))
    both = (
        gains.where(rows.plan_id == plan_id, differs)
        .union_all(losses.where(rows.plan_id == plan_id, differs, rows.former_officer_id.is_not(None)))
        .subquery()
    )
    gained = func.count().filter(both.c.gained == 1)
    lost = func.count().filter(both.c.gained == 0)
    stmt = select(
        both.c.officer,
        both.c.rank,
        gained,
        lost,
        func.array_agg(both.c.household_id).filter(both.c.gained == 1),
        func.array_agg(both.c.household_id).filter(both.c.gained == 0),
    ).group_by(both.c.officer, both.c.rank)
    return session.execute(stmt.order_by(func.count().desc(), both.c.officer, both.c.rank).limit(limit)).all()


def now(session: Session) -> datetime:
    """The time this transaction began."""
    return session.scalars(select(func.now())).one()


def hold_solving(connection: Connection, plan_id: int) -> None:
    """Takes the lock of the process that solves a plan. It ends with the connection, however the process ends."""
    connection.execute(text("SELECT pg_advisory_lock(hashtext('gridmap solving'), :plan)"), {"plan": plan_id})
    connection.commit()


def let_solving_go(connection: Connection, plan_id: int) -> None:
    """Gives the lock back: a connection of a pool lives on."""
    connection.execute(text("SELECT pg_advisory_unlock(hashtext('gridmap solving'), :plan)"), {"plan": plan_id})
    connection.commit()


def is_being_solved(session: Session, plan_id: int) -> bool:
    """Whether a living process holds the lock of solving a plan."""
    stmt = text(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted"
        " AND classid = hashtext('gridmap solving')::oid AND objid = :plan"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
    )
    return bool(session.scalar(stmt, {"plan": plan_id}))


def pairs_of_households(session: Session, ids: Sequence[str]) -> Sequence[Row[ContactPair, Officer]]:
    """The pairs of households with their officers, by household and rank; by the primary keys."""
    of_officer = and_(Officer.county_code == ContactPair.officer_county_code, Officer.id == ContactPair.officer_id)
    stmt = select(ContactPair, Officer).join(Officer, of_officer)
    stmt = stmt.where(ContactPair.county_code.in_({i[1:7] for i in ids}), ContactPair.household_id.in_(ids))
    return session.execute(stmt.order_by(ContactPair.household_id, ContactPair.rank)).all()


def households_of_officer(session: Session, officer_id: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """Pair, household, label, village, grid, lon and lat of those an officer looks after, first contacts first."""
    stmt = (
        select(
            ContactPair,
            Household,
            Address.label,
            Address.village_code,
            Address.grid_code,
            func.ST_X(Address.point),
            func.ST_Y(Address.point),
        )
        .join(Household, OF_HOUSEHOLD)
        .join(Address, AT_ADDRESS)
        .where(ContactPair.officer_county_code == officer_id[1:7], ContactPair.officer_id == officer_id)
        .where(Household.status == "current")
    )
    return session.execute(stmt.order_by(ContactPair.rank, ContactPair.household_id)).all()


def place_of_officer(session: Session, officer_id: str) -> tuple[float, float] | None:
    """Lon and lat where an officer stands: his work address, else the seat of where he works."""
    seat = aliased(DivisionVersion)
    point = func.coalesce(Address.point, seat.seat)
    stmt = (
        select(func.ST_X(point), func.ST_Y(point))
        .select_from(Officer)
        .outerjoin(Address, and_(Address.county_code == Officer.county_code, Address.code == Officer.work_address_code))
        .outerjoin(seat, and_(seat.code == Officer.work_code, seat.valid_to.is_(None)))
        .where(Officer.county_code == officer_id[1:7], Officer.id == officer_id)
    )
    row = session.execute(stmt).one_or_none()
    return None if row is None or row[0] is None else (row[0], row[1])


def nearest_households(session: Session, lon: float, lat: float, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The current households nearest to a point: household, village, grid, metres; by ix_address_point."""
    metres = "ST_Distance(a.point::geography, ST_SetSRID(ST_MakePoint(:lon, :lat), 4490)::geography)"
    stmt = text(
        f"SELECT id, village_code, grid_code, metres FROM (SELECT h.id, a.village_code, a.grid_code, {metres} AS metres"  # noqa: S608
        " FROM address a JOIN household h ON (h.county_code, h.address_code) = (a.county_code, a.code)"
        " WHERE h.status = 'current' ORDER BY a.point <-> ST_SetSRID(ST_MakePoint(:lon, :lat), 4490)"
        " LIMIT :limit) near ORDER BY metres, id"
    )
    return session.execute(stmt, {"lon": lon, "lat": lat, "limit": limit}).all()


def missing(
    session: Session, prefixes: Sequence[str], after: str | None, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Id, name, head, address, grid, persons and back-up of current households without a first contact, by id.

    With the officer, the ending and the time of the last first contact they had.
    """
    second = aliased(ContactPair)
    last = (
        select(EndedPair.officer_id, EndedPair.why, EndedPair.ended_at)
        .where(EndedPair.county_code == Household.county_code, EndedPair.household_id == Household.id)
        .where(EndedPair.rank == 1)
        .order_by(EndedPair.ended_at.desc())
        .limit(1)
        .lateral("last")
    )
    stmt = _missing(
        select(
            *(Household.id, Household.name, Household.head_name, Address.label, Address.grid_code, Household.persons),
            *(second.officer_id, last.c.officer_id, last.c.why, last.c.ended_at),
        ).select_from(Household),
        prefixes,
    )
    stmt = stmt.outerjoin(second, pair_of(second, 2)).outerjoin(last, literal(value=True)).order_by(Household.id)
    return session.execute((stmt if after is None else stmt.where(Household.id > after)).limit(limit)).all()


def count_missing(session: Session, prefixes: Sequence[str]) -> int:
    """How many current households within have no first contact."""
    return session.scalar(_missing(select(func.count()).select_from(Household), prefixes)) or 0


def _missing(stmt: Any, prefixes: Sequence[str]) -> Any:
    first = aliased(ContactPair)
    stmt = stmt.join(Address, AT_ADDRESS).outerjoin(first, pair_of(first, 1))
    return stmt.where(Household.status == "current", lies_within(prefixes), first.officer_id.is_(None))


def pair_of(pair: Any, rank: int) -> Any:
    """That a pair is the one of a household at a rank."""
    return and_(pair.county_code == Household.county_code, pair.household_id == Household.id, pair.rank == rank)
