"""Every statement on officers and what they answer for."""

from collections.abc import Sequence

from sqlalchemy import Row, and_, delete, select
from sqlalchemy.orm import Session

from gridmap.contacts.model import Officer, Responsibility


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
