"""Statements of the coverage report: households by grid and tier, and what officers have and can take."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, String, and_, case, cast, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from gridmap.addresses.model import Address, lies_within
from gridmap.contacts.model import ContactPair, DutyPost, Officer, Responsibility, may_be_used
from gridmap.contacts.plans.queries import AT_ADDRESS, OF_HOUSEHOLD, pair_of
from gridmap.db.base import within_codes
from gridmap.households.model import Household


def report_rows(session: Session, prefixes: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Grid or village: its current households, those with a first contact, these by tier, those with a back-up."""
    first, second = aliased(ContactPair), aliased(ContactPair)
    place = func.coalesce(Address.grid_code, Address.village_code)
    tiers = [func.count().filter(first.tier == tier) for tier in range(4)]
    stmt = (
        select(place, func.count(), func.count(first.officer_id), *tiers, func.count(second.officer_id))
        .select_from(Household)
        .join(Address, AT_ADDRESS)
        .outerjoin(first, pair_of(first, 1))
        .outerjoin(second, pair_of(second, 2))
        .where(Household.status == "current", lies_within(prefixes))
    )
    return session.execute(stmt.group_by(place)).all()


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
        .join(Household, OF_HOUSEHOLD)
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
        .join(Household, OF_HOUSEHOLD)
        .join(Address, AT_ADDRESS)
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
