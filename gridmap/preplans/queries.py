"""Every statement on shelters."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.preplans.model import Shelter


def shelters_in_villages(session: Session, villages: Sequence[str]) -> Sequence[Shelter]:
    """The shelters of some villages, closed ones too, by id; by ix_shelter_village_code."""
    return session.scalars(select(Shelter).where(Shelter.village_code.in_(villages)).order_by(Shelter.id)).all()


def shelters_by_id(session: Session, ids: Sequence[str]) -> Sequence[Shelter]:
    """The shelters of some ids, closed ones too."""
    counties = {shelter_id[1:7] for shelter_id in ids}
    return session.scalars(select(Shelter).where(Shelter.county_code.in_(counties), Shelter.id.in_(ids))).all()
