"""Statements that the imports of registers need of the rooms below: doors, groups, officers and pairs in bulk."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address
from gridmap.db.base import holds
from gridmap.grids.model import HouseholdGroupVersion

_DOOR = (
    Address.code, Address.label, Address.village_code, Address.grid_code, func.ST_X(Address.point),
    func.ST_Y(Address.point),
)  # fmt: skip


def doors_by_code(session: Session, codes: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Current addresses of some codes; by pk_address."""
    counties = sorted({code[1:7] for code in codes})
    stmt = select(*_DOOR).where(Address.county_code == func.any(counties), Address.code == func.any(list(codes)))
    return session.execute(stmt.where(Address.status == "current")).all()


def doors_by_label(session: Session, counties: Sequence[str], labels: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Current addresses of some labels; by uq_address_label."""
    stmt = select(*_DOOR).where(
        Address.county_code == func.any(list(counties)), Address.label == func.any(list(labels))
    )
    return session.execute(stmt.where(Address.status == "current")).all()


def labels_in(session: Session, villages: Sequence[str]) -> Sequence[Row[str, str, str]]:
    """Village, label and code of the current addresses of some villages; by ix_address_village_code."""
    stmt = select(Address.village_code, Address.label, Address.code)
    return session.execute(stmt.where(Address.village_code.in_(villages), Address.status == "current")).all()


def current_groups(session: Session, codes: Sequence[str]) -> set[str]:
    """Those of some household groups that there are now; by uq_household_group_version_current."""
    counties = sorted({code[:6] for code in codes})
    stmt = select(HouseholdGroupVersion.code).where(
        HouseholdGroupVersion.county_code == func.any(counties),
        HouseholdGroupVersion.code == func.any(list(codes)),
        holds(HouseholdGroupVersion, None),
    )
    return set(session.scalars(stmt))
