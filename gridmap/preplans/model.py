"""The table of shelters."""

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.db.base import Base, CountyCode, DivisionCode, Now, Point, RecordId, Small, Words, record_id_check


class Shelter(Base):
    """A shelter (避难安置点): where people are taken in, and how many."""

    __tablename__ = "shelter"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    id: Mapped[RecordId] = mapped_column(primary_key=True)
    name: Mapped[Words]
    name_bo: Mapped[Words | None]
    kind: Mapped[Words]
    village_code: Mapped[DivisionCode] = mapped_column(ForeignKey("division.code"))
    address_code: Mapped[RecordId | None]
    point: Mapped[Point]
    capacity: Mapped[int]
    status: Mapped[str] = mapped_column(String(10), server_default="current")
    row_version: Mapped[Small] = mapped_column(server_default="1")
    updated_at: Mapped[Now]

    __table_args__ = (
        ForeignKeyConstraint(["county_code", "address_code"], ["address.county_code", "address.code"]),
        record_id_check("id", "S"),
        CheckConstraint("capacity >= 0", "capacity_counts"),
        CheckConstraint("status IN ('current', 'closed')", "status_known"),
        Index("ix_shelter_point", "point", postgresql_using="gist"),
        Index("ix_shelter_address_code", "county_code", "address_code"),
        Index("ix_shelter_village_code", "village_code", postgresql_ops={"village_code": "varchar_pattern_ops"}),
    )
