"""Every statement on shelters."""

from collections.abc import Sequence

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address
from gridmap.db.base import SRID, within_codes
from gridmap.preplans.model import Shelter


def shelters_in_villages(session: Session, villages: Sequence[str]) -> Sequence[Shelter]:
    """The shelters of some villages, closed ones too, by id; by ix_shelter_village_code."""
    return session.scalars(select(Shelter).where(Shelter.village_code.in_(villages)).order_by(Shelter.id)).all()


def shelters_by_id(session: Session, ids: Sequence[str]) -> Sequence[Shelter]:
    """The shelters of some ids, closed ones too."""
    counties = {shelter_id[1:7] for shelter_id in ids}
    return session.scalars(select(Shelter).where(Shelter.county_code.in_(counties), Shelter.id.in_(ids))).all()


def list_shelters(
    session: Session,
    prefixes: Sequence[str],
    bbox: tuple[float, float, float, float] | None,
    cursor: str | None,
    limit: int | None,
) -> Sequence[Shelter]:
    """A page of the shelters in use by id, or all; by ix_shelter_village_code or ix_shelter_point."""
    stmt = select(Shelter).where(Shelter.status == "current", within_codes(Shelter.village_code, prefixes))
    if bbox is not None:
        stmt = stmt.where(Shelter.point.intersects(func.ST_MakeEnvelope(*bbox, SRID)))
    page = stmt if cursor is None else stmt.where(Shelter.id > cursor)
    return session.scalars(page.order_by(Shelter.id).limit(limit)).all()


def lock_shelter(session: Session, shelter_id: str) -> Shelter:
    """One shelter as it is now, and nobody else's to write until the transaction ends; by pk_shelter."""
    stmt = select(Shelter).where(Shelter.county_code == shelter_id[1:7], Shelter.id == shelter_id)
    return session.scalars(stmt.with_for_update().execution_options(populate_existing=True)).one()


def is_current_address(session: Session, code: str) -> bool:
    """Whether an address is in use; by pk_address."""
    mine = Address.county_code == code[1:7], Address.code == code, Address.status == "current"
    return bool(session.scalar(select(exists().where(*mine))))


def shelters_at(session: Session, address_code: str) -> Sequence[Shelter]:
    """The shelters at an address, closed ones too, until the transaction ends; by ix_shelter_address_code."""
    mine = Shelter.county_code == address_code[1:7], Shelter.address_code == address_code
    return session.scalars(select(Shelter).where(*mine).order_by(Shelter.id).with_for_update()).all()
