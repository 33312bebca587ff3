"""The table of standard addresses."""

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.db.base import Base, CountyCode, DivisionCode, GridCode, Now, Point, RecordId, Words, record_id_check


class Address(Base):
    """A standard address (标准地址): one door with a permanent code, its segments below the village, and its point.

    `label` is the whole address from the province down, unique among current ones. `grid_code` follows the point, not
    the text; it is null outside every grid.
    """

    __tablename__ = "address"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    code: Mapped[RecordId] = mapped_column(primary_key=True)
    village_code: Mapped[DivisionCode] = mapped_column(ForeignKey("division.code"))
    label: Mapped[Words]
    group_name: Mapped[Words | None]
    hamlet: Mapped[Words | None]
    street: Mapped[Words | None]
    number: Mapped[Words | None]
    sub_number: Mapped[Words | None]
    estate: Mapped[Words | None]
    building: Mapped[Words | None]
    unit: Mapped[Words | None]
    floor: Mapped[Words | None]
    room: Mapped[Words | None]
    point: Mapped[Point]
    point_source: Mapped[Words]
    point_accuracy_m: Mapped[float | None]
    grid_code: Mapped[GridCode | None]
    status: Mapped[str] = mapped_column(String(10), server_default="current")
    row_version: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    updated_at: Mapped[Now]

    __table_args__ = (
        ForeignKeyConstraint(["county_code", "grid_code"], ["grid.county_code", "grid.code"]),
        record_id_check("code", "A"),
        CheckConstraint("status IN ('current', 'cancelled', 'merged')", "status_known"),
        CheckConstraint("NOT ST_IsEmpty(point)", "point_valid"),
        CheckConstraint("point_accuracy_m >= 0", "point_accuracy_counts"),
        Index("uq_address_label", "county_code", "label", unique=True, postgresql_where="status = 'current'"),
        Index("ix_address_point", "point", postgresql_using="gist"),
        Index("ix_address_village_code", "village_code", postgresql_ops={"village_code": "varchar_pattern_ops"}),
        Index("ix_address_grid_code", "grid_code", postgresql_ops={"grid_code": "varchar_pattern_ops"}),
    )
