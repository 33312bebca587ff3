"""Every statement on officers and what they answer for."""

from collections.abc import Sequence

from sqlalchemy import Row, and_, select
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
