"""Every statement on plans of contact pairs and on what they are made from."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from psycopg import Connection as Driver
from sqlalchemy import (
    Connection,
    Row,
    String,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session, aliased, defer

from gridmap.addresses.model import Address, lies_within
from gridmap.contacts.ending_queries import keep_ended
from gridmap.contacts.model import ContactPair, DutyPost, EndedPair, Officer, Responsibility, may_be_used
from gridmap.contacts.plans.model import PairPlan, PairPlanFormer, PairPlanPair, PairRule
from gridmap.db.base import within_codes
from gridmap.divisions.model import DivisionVersion
from gridmap.households.model import Household

_COPIED = (
    "county_code", "plan_id", "household_id", "rank", "officer_id", "tier", "distance_m", "reason", "reason_en",
    "former_officer_id",
)  # fmt: skip
_AT_ADDRESS = and_(Address.county_code == Household.county_code, Address.code == Household.address_code)
_OF_HOUSEHOLD = and_(Household.county_code == ContactPair.county_code, Household.id == ContactPair.household_id)


def count_households(session: Session, prefixes: Sequence[str]) -> int:
    """How many current households lie within."""
    stmt = select(func.count()).select_from(Household).join(Address, _AT_ADDRESS)
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
        .join(Address, _AT_ADDRESS)
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
        .join(Household, _OF_HOUSEHOLD)
        .join(Address, _AT_ADDRESS)
        .where(Household.status == "current", lies_within(prefixes))
    )
    return session.execute(stmt.order_by(ContactPair.household_id, ContactPair.rank)).all()


def first_contacts_outside(session: Session, prefixes: Sequence[str], ids: Sequence[str]) -> dict[str, int]:
    """How many first contacts some officers have with current households that do not lie within."""
    stmt = (
        select(ContactPair.officer_id, func.count())
        .join(Household, _OF_HOUSEHOLD)
        .join(Address, _AT_ADDRESS)
        .where(ContactPair.rank == 1, Household.status == "current", ~lies_within(prefixes))
        .where(ContactPair.officer_id.in_(ids))
        .group_by(ContactPair.officer_id)
    )
    return {row[0]: row[1] for row in session.execute(stmt)}


def first_contacts_of(session: Session, ids: Sequence[str]) -> dict[str, int]:
    """How many first contacts some officers have with current households; by ix_contact_pair_officer_id."""
    stmt = select(ContactPair.officer_id, func.count()).join(Household, _OF_HOUSEHOLD)
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
        there = select(Household.id).join(Address, _AT_ADDRESS).where(lies_within([within]))
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


_SAME = and_(
    PairPlanPair.county_code == ContactPair.county_code,
    PairPlanPair.household_id == ContactPair.household_id,
    PairPlanPair.rank == ContactPair.rank,
    PairPlanPair.officer_id == ContactPair.officer_id,
    PairPlanPair.tier == ContactPair.tier,
)


def replace_pairs(session: Session, plan: PairPlan, prefixes: Sequence[str], by: str) -> tuple[int, int]:
    """Writes a plan: keeps what it takes away, takes it away, puts in what is new. How many of each."""
    in_plan = select(PairPlanPair.plan_id).where(PairPlanPair.plan_id == plan.id, _SAME).exists()
    within = (
        select(Household.id)
        .join(Address, _AT_ADDRESS)
        .where(_OF_HOUSEHOLD, Household.status == "current", lies_within(prefixes))
        .exists()
    )
    gone = delete(ContactPair).where(within, ~in_plan).returning(ContactPair)
    columns = ("county_code", "household_id", "rank", "officer_county_code", "officer_id", "tier", "reason", "since")
    rows = session.execute(gone.execution_options(synchronize_session=False)).scalars().all()
    former = [{"plan_id": plan.id, **{name: getattr(row, name) for name in columns}} for row in rows]
    session.expunge_all()
    if former:
        session.execute(insert(PairPlanFormer), former)
        keep_ended(session, "pair_plan_former c WHERE c.plan_id = :plan", "plan", {"plan": plan.id, "by": by})
    return len(former), _put_in(session, plan.id)


def _put_in(session: Session, plan_id: int) -> int:
    """Puts in the pairs of a plan that nobody has yet, and notes which those are; how many. The pairs are locked."""
    # Marked first, each by one look at pk_contact_pair. What a statement had put in was joined to the plan's rows
    # before, and of a plan just made the planner knows nothing: 54,000 times 54,000 comparisons took over ten minutes.
    session.execute(
        text(
            "UPDATE pair_plan_pair p SET inserted = true WHERE p.plan_id = :plan AND NOT EXISTS ("
            "SELECT FROM contact_pair c"
            " WHERE (c.county_code, c.household_id, c.rank) = (p.county_code, p.household_id, p.rank))"
        ),
        {"plan": plan_id},
    )
    put = session.execute(
        text(
            "INSERT INTO contact_pair (county_code, household_id, rank, officer_county_code, officer_id, tier, reason)"
            " SELECT p.county_code, p.household_id, p.rank, substr(p.officer_id, 2, 6), p.officer_id, p.tier, p.reason"
            " FROM pair_plan_pair p WHERE p.plan_id = :plan AND p.inserted"
        ),
        {"plan": plan_id},
    )
    return int(getattr(put, "rowcount", 0))


def moved_since(session: Session, plan_id: int, limit: int) -> Sequence[str]:
    """Households of a plan whose pairs are no longer those that applying it wrote."""
    stmt = text(
        "SELECT DISTINCT p.household_id FROM pair_plan_pair p LEFT JOIN contact_pair c"
        " ON (c.county_code, c.household_id, c.rank) = (p.county_code, p.household_id, p.rank)"
        " WHERE p.plan_id = :plan AND p.inserted AND c.officer_id IS DISTINCT FROM p.officer_id"
        " UNION SELECT f.household_id FROM pair_plan_former f JOIN contact_pair c"
        " ON (c.county_code, c.household_id, c.rank) = (f.county_code, f.household_id, f.rank)"
        " LEFT JOIN pair_plan_pair p ON p.plan_id = f.plan_id"
        " AND (p.county_code, p.household_id, p.rank) = (f.county_code, f.household_id, f.rank)"
        " WHERE f.plan_id = :plan AND p.plan_id IS NULL ORDER BY 1 LIMIT :limit"
    )
    return session.scalars(stmt, {"plan": plan_id, "limit": limit}).all()


def restore_pairs(session: Session, plan_id: int, by: str) -> None:
    """Takes away what applying a plan put in, and puts back what it took away."""
    put = (
        "contact_pair c JOIN pair_plan_pair p"
        " ON (c.county_code, c.household_id, c.rank) = (p.county_code, p.household_id, p.rank)"
        " WHERE p.plan_id = :plan AND p.inserted"
    )
    keep_ended(session, put, "undo", {"plan": plan_id, "by": by})
    session.execute(
        text(
            "DELETE FROM contact_pair c USING pair_plan_pair p WHERE p.plan_id = :plan AND p.inserted"
            " AND (c.county_code, c.household_id, c.rank) = (p.county_code, p.household_id, p.rank)"
        ),
        {"plan": plan_id},
    )
    session.execute(
        text(
            "INSERT INTO contact_pair"
            " (county_code, household_id, rank, officer_county_code, officer_id, tier, reason, since)"
            " SELECT county_code, household_id, rank, officer_county_code, officer_id, tier, reason, since"
            " FROM pair_plan_former WHERE plan_id = :plan"
        ),
        {"plan": plan_id},
    )
    session.execute(delete(PairPlanFormer).where(PairPlanFormer.plan_id == plan_id))
    session.execute(update(PairPlanPair).where(PairPlanPair.plan_id == plan_id).values(inserted=False))


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


def lock_pairs(session: Session) -> None:
    """Makes others who apply or undo plans wait until this transaction ends."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('gridmap contact pairs'))"))


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
        .join(Household, _OF_HOUSEHOLD)
        .join(Address, _AT_ADDRESS)
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


def report_rows(session: Session, prefixes: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Grid or village: its current households, those with a first contact, these by tier, those with a back-up."""
    first, second = aliased(ContactPair), aliased(ContactPair)
    place = func.coalesce(Address.grid_code, Address.village_code)
    tiers = [func.count().filter(first.tier == tier) for tier in range(4)]
    stmt = (
        select(place, func.count(), func.count(first.officer_id), *tiers, func.count(second.officer_id))
        .select_from(Household)
        .join(Address, _AT_ADDRESS)
        .outerjoin(first, _pair_of(first, 1))
        .outerjoin(second, _pair_of(second, 2))
        .where(Household.status == "current", lies_within(prefixes))
    )
    return session.execute(stmt.group_by(place)).all()


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
    stmt = stmt.outerjoin(second, _pair_of(second, 2)).outerjoin(last, literal(value=True)).order_by(Household.id)
    return session.execute((stmt if after is None else stmt.where(Household.id > after)).limit(limit)).all()


def count_missing(session: Session, prefixes: Sequence[str]) -> int:
    """How many current households within have no first contact."""
    return session.scalar(_missing(select(func.count()).select_from(Household), prefixes)) or 0


def _missing(stmt: Any, prefixes: Sequence[str]) -> Any:
    first = aliased(ContactPair)
    stmt = stmt.join(Address, _AT_ADDRESS).outerjoin(first, _pair_of(first, 1))
    return stmt.where(Household.status == "current", lies_within(prefixes), first.officer_id.is_(None))


def _pair_of(pair: Any, rank: int) -> Any:
    return and_(pair.county_code == Household.county_code, pair.household_id == Household.id, pair.rank == rank)


def loads(session: Session, prefixes: Sequence[str], today: date) -> Sequence[Row[*tuple[Any, ...]]]:
    """Place, grid of the idle, officers, what they can take and have in all, how many idle, over it, and the most.

    A place is a division with the officers in office born in it, counted as far as they may be used today but for what
    they have, those who are idle apart by the grid of their village that they belong to, if any; or a grid with those
    who are first contacts in it.
    """
    # One statement for both, so that all first contacts are counted once.
    held = _held()
    return session.execute(_of_those_born(held, prefixes, today).union_all(_of_those_serving(held, prefixes))).all()


def _held() -> Any:
    """How many first contacts each officer has among current households."""
    return (
        select(ContactPair.officer_id, func.count().label("held"))
        .join(Household, _OF_HOUSEHOLD)
        .where(ContactPair.rank == 1, Household.status == "current")
        .group_by(ContactPair.officer_id)
        .cte("held")
    )


def _of_those_born(held: Any, prefixes: Sequence[str], today: date) -> Any:
    usable, has = may_be_used(prefixes, (), today), func.coalesce(held.c.held, 0)
    takes = case((usable, Officer.capacity), else_=0)
    idle = and_(usable, Officer.capacity > 0, held.c.held.is_(None))
    each = (
        select(
            Officer.home_code,
            # Asked for only those who need it: the sub-queries of a CASE that is not true are not run.
            case((idle, _grid_of_officer())).label("grid"),
            *(usable.label("usable"), takes.label("takes"), has.label("has"), idle.label("idle")),
        )
        .outerjoin(held, held.c.officer_id == Officer.id)
        .where(or_(Officer.status == "current", held.c.held > 0), within_codes(Officer.home_code, prefixes))
        .subquery()
    )
    of = each.c
    sums = (
        *(func.count().filter(of.usable), func.sum(of.takes), func.sum(of.has)),
        *(func.count().filter(of.idle), func.count().filter(of.has > of.takes), func.max(of.has)),
    )
    return select(of.home_code, of.grid, *sums).group_by(of.home_code, of.grid)


def _of_those_serving(held: Any, prefixes: Sequence[str]) -> Any:
    serving = (
        select(Address.grid_code, Officer.id, Officer.capacity, held.c.held)
        .distinct()
        .select_from(ContactPair)
        .join(Household, _OF_HOUSEHOLD)
        .join(Address, _AT_ADDRESS)
        .join(
            Officer, and_(Officer.county_code == ContactPair.officer_county_code, Officer.id == ContactPair.officer_id)
        )
        .join(held, held.c.officer_id == Officer.id)
        .where(ContactPair.rank == 1, Household.status == "current", lies_within(prefixes))
        .where(Address.grid_code.is_not(None))
        .subquery()
    )
    of = serving.c
    over = func.count().filter(of.held > of.capacity)
    sums = (func.count(), func.sum(of.capacity), func.sum(of.held), literal(0), over, func.max(of.held))
    return select(of.grid_code, cast(None, String), *sums).group_by(of.grid_code)


def _grid_of_officer() -> Any:
    """The grid of an officer's own village that he answers for, holds a post in or works in, the first of these."""
    charge, post = func.left(Responsibility.code, 15), DutyPost.grid_code
    his_charge = and_(Responsibility.county_code == Officer.county_code, Responsibility.officer_id == Officer.id)
    his_post = and_(DutyPost.holder_county_code == Officer.county_code, DutyPost.holder_id == Officer.id)
    his_door = and_(Address.county_code == Officer.county_code, Address.code == Officer.work_address_code)
    found = (
        _lowest(charge, his_charge),
        _lowest(post, and_(his_post, DutyPost.status == "current")),
        _lowest(Address.grid_code, his_door),
    )
    return func.coalesce(*found)


def _lowest(grid: Any, his: Any) -> Any:
    """By ix_responsibility_officer_id, ix_duty_post_holder_id or pk_address."""
    return select(func.min(grid)).where(his, func.left(grid, 12) == Officer.home_code).scalar_subquery()
