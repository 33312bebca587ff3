"""Statements that read a plan the way people review it: with doors, masked later, and the officers' names beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from gridmap.addresses.model import Address, lies_within
from gridmap.contacts.model import Officer
from gridmap.contacts.plans.model import PairPlanPair
from gridmap.households.model import Household

_DOOR = and_(Address.county_code == Household.county_code, Address.code == Household.address_code)
_CHANGED = PairPlanPair.former_officer_id.is_distinct_from(PairPlanPair.officer_id)


@dataclass(frozen=True, slots=True)
class SheetAsked:
    """Which changes of a plan: of a place, of an officer who gains or loses, of a rank; behind a household."""

    within: str | None = None
    officer: str | None = None
    rank: int | None = None
    after: str | None = None


def changes(session: Session, plan_id: int, asked: SheetAsked, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Pair, household, address, grid, who has it now and who had it; by household and rank.

    By ix_pair_plan_pair_plan_id.
    """
    now, former = aliased(Officer), aliased(Officer)
    stmt = (
        select(PairPlanPair, Household.head_name, Household.name, Address.label, Address.grid_code, now, former)
        .join(Household, _of_plan(Household))
        .join(Address, _DOOR)
        .join(now, _is(now, PairPlanPair.officer_id))
        .outerjoin(former, _is(former, PairPlanPair.former_officer_id))
    )
    stmt = stmt.where(*_asked(plan_id, asked)).order_by(PairPlanPair.household_id, PairPlanPair.rank).limit(limit)
    return session.execute(stmt if asked.after is None else stmt.where(PairPlanPair.household_id > asked.after)).all()


def count_changes(session: Session, plan_id: int, asked: SheetAsked) -> int:
    """How many pairs differ from those of the day the plan was made."""
    stmt = select(func.count()).select_from(PairPlanPair)
    stmt = stmt.join(Household, _of_plan(Household)).join(Address, _DOOR)
    return session.scalar(stmt.where(*_asked(plan_id, asked))) or 0


def register(session: Session, plan_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """First contact, household, door, officer, back-up and its officer, of every household a plan covers, by id."""
    second, first_officer, second_officer = aliased(PairPlanPair), aliased(Officer), aliased(Officer)
    backup = and_(
        second.county_code == PairPlanPair.county_code,
        second.plan_id == PairPlanPair.plan_id,
        second.household_id == PairPlanPair.household_id,
        second.rank == 2,
    )
    stmt = (
        select(PairPlanPair, Household.head_name, Address.label, Address.grid_code, first_officer, second)
        .add_columns(second_officer)
        .join(Household, _of_plan(Household))
        .join(Address, _DOOR)
        .join(first_officer, _is(first_officer, PairPlanPair.officer_id))
        .outerjoin(second, backup)
        .outerjoin(second_officer, _is(second_officer, second.officer_id))
        .where(PairPlanPair.plan_id == plan_id, PairPlanPair.rank == 1)
    )
    return session.execute(stmt.order_by(PairPlanPair.household_id)).all()


def doors(session: Session, ids: Sequence[str]) -> dict[str, Row[str, str, str, str | None]]:
    """Id, head, address and grid of some households, closed or not; by pk_household."""
    stmt = select(Household.id, Household.head_name, Address.label, Address.grid_code).join(Address, _DOOR)
    stmt = stmt.where(Household.county_code.in_({i[1:7] for i in ids}), Household.id.in_(ids))
    return {row[0]: row for row in session.execute(stmt)}


def _of_plan(household: Any) -> Any:
    return and_(household.county_code == PairPlanPair.county_code, household.id == PairPlanPair.household_id)


def _is(officer: Any, officer_id: Any) -> Any:
    return and_(officer.county_code == func.substr(officer_id, 2, 6), officer.id == officer_id)


def _asked(plan_id: int, asked: SheetAsked) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [PairPlanPair.plan_id == plan_id, _CHANGED]
    if asked.within is not None:
        wanted.append(lies_within([asked.within]))
    if asked.officer is not None:
        involved = (PairPlanPair.officer_id, PairPlanPair.former_officer_id)
        wanted.append(or_(*(column == asked.officer for column in involved)))
    if asked.rank is not None:
        wanted.append(PairPlanPair.rank == asked.rank)
    return wanted
