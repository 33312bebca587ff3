"""Statements that end pairs and read those that were."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, literal, null, select, text
from sqlalchemy.orm import Session

from gridmap.contacts.model import ContactPair, EndedPair, Officer

_KEPT = ("county_code", "household_id", "rank", "officer_id", "tier", "reason", "since")


def of_household(household_id: str, ranks: Sequence[int] | None = None) -> ColumnElement[bool]:
    """The pairs of a household, at some ranks when these are told; by pk_contact_pair."""
    mine = and_(ContactPair.county_code == household_id[1:7], ContactPair.household_id == household_id)
    return mine if ranks is None else and_(mine, ContactPair.rank.in_(ranks))


def of_officer(officer_id: str) -> ColumnElement[bool]:
    """The pairs of an officer; by ix_contact_pair_officer_id."""
    return and_(ContactPair.officer_county_code == officer_id[1:7], ContactPair.officer_id == officer_id)


def end_pairs(session: Session, which: ColumnElement[bool], by: str, why: str) -> list[tuple[str, str]]:
    """Takes pairs away and keeps what they were: the household and officer of each."""
    columns = [getattr(ContactPair, name) for name in _KEPT]
    gone = delete(ContactPair).where(which).returning(*columns).cte("gone")
    kept = select(*(gone.c[name] for name in _KEPT), literal(by), literal(why))
    stmt = insert(EndedPair).from_select([*_KEPT, "ended_by", "why"], kept).add_cte(gone)
    done = session.execute(
        stmt.returning(EndedPair.household_id, EndedPair.officer_id).execution_options(synchronize_session=False)
    )
    session.expire_all()
    return [(row[0], row[1]) for row in done]


def keep_ended(session: Session, source: str, why: str, values: dict[str, object]) -> None:
    """Keeps pairs that another statement takes away. `source` is what follows FROM and WHERE; there they are `c`.

    `values` are the parameters of `source` and `by`, who ends them.
    """
    columns = ", ".join(_KEPT)
    told = ", ".join(f"c.{name}" for name in _KEPT)
    stmt = f"INSERT INTO ended_pair ({columns}, ended_by, why) SELECT {told}, :by, :why FROM {source}"  # noqa: S608
    session.execute(text(stmt), {**values, "why": why})


def pairs_ever(session: Session, household_id: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """Rank, officer, name, unit, tier, reason, since, until, by and why of the pairs a household has and had.

    The newest first; by the primary keys.
    """
    now = _told(ContactPair, null(), null(), null()).where(of_household(household_id))
    was = _told(EndedPair, EndedPair.ended_at, EndedPair.ended_by, EndedPair.why)
    was = was.where(EndedPair.county_code == household_id[1:7], EndedPair.household_id == household_id)
    both = now.union_all(was).subquery()
    order = (func.coalesce(both.c.until, func.now()).desc(), both.c.since.desc(), both.c.rank)
    return session.execute(select(both).order_by(*order)).all()


def _told(table: Any, until: Any, by: Any, why: Any) -> Any:
    is_he = and_(Officer.county_code == func.substr(table.officer_id, 2, 6), Officer.id == table.officer_id)
    return select(
        *(table.rank, table.officer_id, Officer.name, Officer.unit, table.tier, table.reason, table.since),
        *(until.label("until"), by.label("by"), why.label("why")),
    ).join(Officer, is_he)
