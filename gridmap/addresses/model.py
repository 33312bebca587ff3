"""The table of standard addresses."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    and_,
    or_,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.db.base import (
    Base,
    CountyCode,
    DivisionCode,
    GridCode,
    Now,
    Point,
    RecordId,
    Serial,
    Words,
    record_id_check,
    within_codes,
)

ALIAS_KINDS = ("old", "popular", "tibetan", "code")
"""曾用名, 俗称, 藏文, 外部编码: a code that another system gave the same thing."""
ACCEPTABLE = ("same_door", "elsewhere", "outside", "same_point", "label", "number_gap")
"""Problems that a person may look at and find to be none."""


class Address(Base):
    """A standard address (标准地址): one door with a permanent code, its segments below the village, and its point.

    `label` is the whole address from the province down, unique among current ones. `grid_code` follows the point, not
    the text; it is null outside every grid. One that was merged says into which, so that its code always resolves.
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
    status_note: Mapped[Words | None]
    merged_into: Mapped[RecordId | None]
    row_version: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    updated_at: Mapped[Now]

    __table_args__ = (
        ForeignKeyConstraint(["county_code", "grid_code"], ["grid.county_code", "grid.code"]),
        ForeignKeyConstraint(["county_code", "merged_into"], ["address.county_code", "address.code"]),
        record_id_check("code", "A"),
        CheckConstraint("status IN ('current', 'cancelled', 'merged')", "status_known"),
        CheckConstraint("(status = 'merged') = (merged_into IS NOT NULL)", "merged_into_one"),
        CheckConstraint("merged_into <> code", "merged_into_another"),
        CheckConstraint("NOT ST_IsEmpty(point)", "point_valid"),
        CheckConstraint("point_accuracy_m >= 0", "point_accuracy_counts"),
        Index("uq_address_label", "county_code", "label", unique=True, postgresql_where="status = 'current'"),
        Index("ix_address_point", "point", postgresql_using="gist"),
        Index("ix_address_village_code", "village_code", postgresql_ops={"village_code": "varchar_pattern_ops"}),
        Index("ix_address_grid_code", "grid_code", postgresql_ops={"grid_code": "varchar_pattern_ops"}),
        Index("ix_address_merged_into", "county_code", "merged_into", postgresql_where="merged_into IS NOT NULL"),
    )


def lies_within(prefixes: Sequence[str]) -> ColumnElement[bool]:
    """Which addresses lie within codes: the point decides, by its grid; the village of the text outside every grid.

    By ix_address_grid_code and ix_address_village_code.
    """
    outside = and_(Address.grid_code.is_(None), within_codes(Address.village_code, prefixes))
    return or_(within_codes(Address.grid_code, prefixes), outside)


class AddressAlias(Base):
    """Another name of an address (地址别名): a former label, what people call it, its Tibetan name, a foreign code."""

    __tablename__ = "address_alias"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    address_code: Mapped[RecordId] = mapped_column(primary_key=True)
    text: Mapped[Words] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))

    __table_args__ = (
        ForeignKeyConstraint(["county_code", "address_code"], ["address.county_code", "address.code"]),
        CheckConstraint(f"kind IN {ALIAS_KINDS}", "kind_known"),
        CheckConstraint("text <> ''", "text_said"),
        Index("ix_address_alias_text", "text"),
    )


class PlaceAlias(Base):
    """Another name of a division, or of a hamlet in a village (地名别名); `hamlet` is empty for the division itself."""

    __tablename__ = "place_alias"

    division_code: Mapped[DivisionCode] = mapped_column(ForeignKey("division.code"), primary_key=True)
    hamlet: Mapped[Words] = mapped_column(primary_key=True, server_default="")
    text: Mapped[Words] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))

    __table_args__ = (
        CheckConstraint(f"kind IN {ALIAS_KINDS}", "kind_known"),
        CheckConstraint("text <> ''", "text_said"),
        CheckConstraint("hamlet = '' OR length(division_code) = 12", "hamlet_in_village"),
        Index("ix_place_alias_text", "text"),
    )


class AcceptedProblem(Base):
    """A problem of an address that somebody looked at and found to be none; forgotten when the address changes."""

    __tablename__ = "address_accepted_problem"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    address_code: Mapped[RecordId] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    actor: Mapped[Words]
    at: Mapped[Now]
    note: Mapped[Words | None]

    __table_args__ = (
        ForeignKeyConstraint(["county_code", "address_code"], ["address.county_code", "address.code"]),
        CheckConstraint(f"kind IN {ACCEPTABLE}", "kind_known"),
    )


class WaitingAddress(Base):
    """A row of a file that names a door but no place for it (待定位地址): kept until somebody gives it a point."""

    __tablename__ = "waiting_address"

    id: Mapped[Serial]
    county_code: Mapped[CountyCode]
    village_code: Mapped[DivisionCode] = mapped_column(ForeignKey("division.code"))
    label: Mapped[Words]
    segments: Mapped[dict[str, Any]] = mapped_column(JSONB)
    given_code: Mapped[Words | None]
    file: Mapped[Words]
    row: Mapped[int]
    actor: Mapped[Words]
    at: Mapped[Now]

    __table_args__ = (
        Index("uq_waiting_address_label", "county_code", "label", unique=True),
        Index(
            "ix_waiting_address_village_code", "village_code", postgresql_ops={"village_code": "varchar_pattern_ops"}
        ),
    )
