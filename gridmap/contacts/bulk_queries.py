"""Statements on many officers, pairs and posts at once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, func, select, text
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address
from gridmap.contacts.ending_queries import keep_ended
from gridmap.contacts.model import ContactPair, DutyPost, Officer
from gridmap.contacts.plans.model import PairRule
from gridmap.contacts.rules import FIELDS
from gridmap.households.model import Household

_THESE = "unnest(CAST(:households AS varchar[]), CAST(:ranks AS smallint[])) g (h, r)"
_ARE_THESE = "c.county_code = substr(g.h, 2, 6) AND c.household_id = g.h AND c.rank = g.r"
_DROP = text(f"DELETE FROM contact_pair c USING {_THESE} WHERE {_ARE_THESE}")  # noqa: S608


def officer_rows(
    session: Session, *, ids: Sequence[str] = (), names: Sequence[str] = ()
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The columns of officers of some ids, by pk_officer, or of those in office of some names."""
    stmt = select(Officer.id, Officer.status, *(getattr(Officer, field) for field in FIELDS))
    if ids:
        counties = sorted({officer_id[1:7] for officer_id in ids})
        stmt = stmt.where(Officer.county_code == func.any(counties), Officer.id == func.any(list(ids)))
    else:
        stmt = stmt.where(Officer.status == "current", Officer.name == func.any(list(names)))
    return session.execute(stmt.order_by(Officer.id)).all()


def post_rows(session: Session, grids: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """The current posts of some grids; by ix_duty_post_grid_code."""
    stmt = select(DutyPost.id, DutyPost.grid_code, DutyPost.task, DutyPost.holder_county_code, DutyPost.holder_id)
    return session.execute(stmt.where(DutyPost.grid_code.in_(grids), DutyPost.status == "current")).all()


def pair_rows(session: Session, households: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """The pairs of some households: household, rank, officer, tier, reason; by pk_contact_pair."""
    counties = sorted({household[1:7] for household in households})
    stmt = select(
        ContactPair.household_id, ContactPair.rank, ContactPair.officer_id, ContactPair.tier, ContactPair.reason
    ).where(ContactPair.county_code == func.any(counties), ContactPair.household_id == func.any(list(households)))
    return session.execute(stmt).all()


def forbidden_rows(session: Session, households: Sequence[str]) -> Sequence[Row[str, str]]:
    """Household and officer of the pairs that are forbidden to some households; by pk_pair_rule."""
    counties = sorted({household[1:7] for household in households})
    stmt = select(PairRule.household_id, PairRule.officer_id).where(
        PairRule.county_code == func.any(counties),
        PairRule.household_id == func.any(list(households)),
        PairRule.kind == "forbidden",
    )
    return session.execute(stmt).all()


def household_places(session: Session, households: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Id, village and grid of those of some ids that are current households; by pk_household."""
    counties = sorted({household[1:7] for household in households})
    stmt = (
        select(Household.id, Address.village_code, Address.grid_code)
        .join(Address, and_(Address.county_code == Household.county_code, Address.code == Household.address_code))
        .where(
            Household.county_code == func.any(counties),
            Household.id == func.any(list(households)),
            Household.status == "current",
        )
    )
    return session.execute(stmt).all()


def drop_pairs(session: Session, households: Sequence[str], ranks: Sequence[int], by: str) -> None:
    """Ends the pairs of households at ranks, one each, for those of an import; by pk_contact_pair."""
    values: dict[str, object] = {"households": list(households), "ranks": list(ranks), "by": by}
    keep_ended(session, f"contact_pair c JOIN {_THESE} ON {_ARE_THESE}", "import", values)
    session.execute(_DROP, values)


def overloaded(session: Session, officers: Sequence[str]) -> Sequence[Row[str, int, int]]:
    """Those of some officers with more first contacts among current households than capacity, by id."""
    counted = func.count()
    stmt = (
        select(Officer.id, counted, Officer.capacity)
        .join(
            ContactPair,
            and_(ContactPair.officer_county_code == Officer.county_code, ContactPair.officer_id == Officer.id),
        )
        .join(
            Household,
            and_(Household.county_code == ContactPair.county_code, Household.id == ContactPair.household_id),
        )
        .where(Officer.id == func.any(list(officers)), ContactPair.rank == 1, Household.status == "current")
        .group_by(Officer.id, Officer.capacity)
        .having(counted > Officer.capacity)
    )
    return session.execute(stmt.order_by(Officer.id)).all()
