"""Tables of buildings and households."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.db.base import Base, CountyCode, GroupCode, Now, RecordId, Small, Words, record_id_check

BUILDING_KINDS = ("house", "apartments", "school", "care_home", "monastery", "public", "commercial", "store")
HOUSEHOLD_KINDS = ("family", "collective")
NEEDS = ("elderly_alone", "infants", "disabled", "pregnant", "medical_device")
"""Counts of people who need help to move (独居老人, 婴幼儿, 残疾人, 孕产妇, 使用医疗设备者)."""


def _needs_fit() -> CheckConstraint:
    positive = " AND ".join(f"{need} BETWEEN 0 AND persons" for need in NEEDS)
    return CheckConstraint(positive, "needs_within_persons")


class Building(Base):
    """A building (房屋) at an address; an address has at most one."""

    __tablename__ = "building"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    id: Mapped[RecordId] = mapped_column(primary_key=True)
    address_code: Mapped[RecordId]
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[Words | None]
    floors: Mapped[Small | None]
    status: Mapped[str] = mapped_column(String(10), server_default="current")
    row_version: Mapped[Small] = mapped_column(server_default="1")
    updated_at: Mapped[Now]

    __table_args__ = (
        ForeignKeyConstraint(["county_code", "address_code"], ["address.county_code", "address.code"]),
        record_id_check("id", "B"),
        CheckConstraint(f"kind IN {BUILDING_KINDS}", "kind_known"),
        CheckConstraint("status IN ('current', 'closed')", "status_known"),
        CheckConstraint("floors > 0", "floors_count"),
        Index(
            "uq_building_address_code",
            "county_code",
            "address_code",
            unique=True,
            postgresql_where="status = 'current'",
        ),
        Index("ix_building_address_code", "county_code", "address_code"),
    )


class Household(Base):
    """A household (户): a family, or a collective one (集体户), a place with a headcount and a contact.

    `head_name` and `head_phone` are personal and masked by default. Its point and grid are its address's.
    """

    __tablename__ = "household"
    kept_with_grid = True

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    id: Mapped[RecordId] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[Words | None]
    address_code: Mapped[RecordId]
    group_code: Mapped[GroupCode | None]
    head_name: Mapped[Words]
    head_phone: Mapped[Words | None]
    persons: Mapped[int]
    elderly_alone: Mapped[int] = mapped_column(server_default="0")
    infants: Mapped[int] = mapped_column(server_default="0")
    disabled: Mapped[int] = mapped_column(server_default="0")
    pregnant: Mapped[int] = mapped_column(server_default="0")
    medical_device: Mapped[int] = mapped_column(server_default="0")
    status: Mapped[str] = mapped_column(String(10), server_default="current")
    row_version: Mapped[Small] = mapped_column(server_default="1")
    updated_at: Mapped[Now]

    __table_args__ = (
        ForeignKeyConstraint(["county_code", "address_code"], ["address.county_code", "address.code"]),
        ForeignKeyConstraint(["county_code", "group_code"], ["household_group.county_code", "household_group.code"]),
        record_id_check("id", "H"),
        CheckConstraint(f"kind IN {HOUSEHOLD_KINDS}", "kind_known"),
        CheckConstraint("kind = 'family' OR name IS NOT NULL", "collective_named"),
        CheckConstraint("persons >= 0", "persons_count"),
        _needs_fit(),
        CheckConstraint("status IN ('current', 'closed')", "status_known"),
        Index("ix_household_address_code", "county_code", "address_code"),
        Index("ix_household_group_code", "group_code", postgresql_ops={"group_code": "varchar_pattern_ops"}),
    )
