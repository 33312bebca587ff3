"""Tables of officers, contact pairs and responsibilities."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ColumnElement,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    and_,
    not_,
    or_,
)
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.db.base import (
    Base,
    CountyCode,
    DivisionCode,
    GridCode,
    Instant,
    Now,
    RecordId,
    Small,
    Words,
    record_id_check,
    within_codes,
)

OFFICER_KINDS = ("official", "grid_head", "group_head", "militia", "delegate", "volunteer", "medic")
"""干部, 网格长, 联户长, 民兵, 人大代表与政协委员, 志愿者, 医务人员."""
RESPONSIBILITIES = ("head", "deputy")
ENDINGS = ("household_closed", "officer_retired", "moved", "plan", "undo", "import")
"""住户注销, 联系干部退出, 调整, 执行方案, 撤销方案, 导入."""


class Officer(Base):
    """A person who looks after households (联系干部等), and how many first contacts he can take.

    `home_code`, where he was born, is a village, township or county. He stands at `work_address_code`,
    else at the seat of `work_code`.
    """

    __tablename__ = "officer"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    id: Mapped[RecordId] = mapped_column(primary_key=True)
    name: Mapped[Words]
    phone: Mapped[Words | None]
    kind: Mapped[str] = mapped_column(String(12))
    unit: Mapped[Words]
    home_code: Mapped[DivisionCode] = mapped_column(ForeignKey("division.code"))
    work_code: Mapped[DivisionCode] = mapped_column(ForeignKey("division.code"))
    work_address_code: Mapped[RecordId | None]
    capacity: Mapped[Small]
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    absent_from: Mapped[date | None] = mapped_column(Date)
    absent_to: Mapped[date | None] = mapped_column(Date)
    status: Mapped[str] = mapped_column(String(10), server_default="current")
    row_version: Mapped[Small] = mapped_column(server_default="1")
    updated_at: Mapped[Now]

    __table_args__ = (
        ForeignKeyConstraint(["county_code", "work_address_code"], ["address.county_code", "address.code"]),
        record_id_check("id", "P"),
        CheckConstraint(f"kind IN {OFFICER_KINDS}", "kind_known"),
        CheckConstraint("capacity >= 0", "capacity_counts"),
        CheckConstraint("absent_to >= absent_from", "absence_forward"),
        CheckConstraint("status IN ('current', 'closed')", "status_known"),
        Index("ix_officer_home_code", "home_code", postgresql_ops={"home_code": "varchar_pattern_ops"}),
        Index("ix_officer_work_address_code", "county_code", "work_address_code"),
        Index("ix_officer_work_code", "work_code", postgresql_ops={"work_code": "varchar_pattern_ops"}),
    )


def may_be_used(
    prefixes: Sequence[str], above: Sequence[str], today: date | ColumnElement[date]
) -> ColumnElement[bool]:
    """Officers in office and there today who were born or work within, or were born in a division above, by its code.

    Those a plan for the counties with these prefixes may use. By ix_officer_home_code and ix_officer_work_code.
    """
    absent = and_(
        Officer.absent_from.is_not(None),
        Officer.absent_from <= today,
        or_(Officer.absent_to.is_(None), Officer.absent_to >= today),
    )
    here = or_(
        within_codes(Officer.home_code, prefixes),
        within_codes(Officer.work_code, prefixes),
        Officer.home_code.in_(above),
    )
    return and_(Officer.status == "current", here, not_(absent))


class ContactPair(Base):
    """An officer who looks after a household (联户结对): rank 1 is the first contact, 2 and above stand in for him."""

    __tablename__ = "contact_pair"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    household_id: Mapped[RecordId] = mapped_column(primary_key=True)
    rank: Mapped[Small] = mapped_column(primary_key=True)
    officer_county_code: Mapped[CountyCode]
    officer_id: Mapped[RecordId]
    tier: Mapped[Small]
    reason: Mapped[Words]
    since: Mapped[Now]

    __table_args__ = (
        ForeignKeyConstraint(["county_code", "household_id"], ["household.county_code", "household.id"]),
        ForeignKeyConstraint(["officer_county_code", "officer_id"], ["officer.county_code", "officer.id"]),
        CheckConstraint("rank > 0", "rank_counts"),
        CheckConstraint("tier BETWEEN 0 AND 3", "tier_known"),
        Index("uq_contact_pair_officer", "county_code", "household_id", "officer_id", unique=True),
        Index("ix_contact_pair_officer_id", "officer_county_code", "officer_id"),
    )


class EndedPair(Base):
    """A pair that was (结对历史): until when, who ended it, and by what: one of `ENDINGS`."""

    __tablename__ = "ended_pair"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    household_id: Mapped[RecordId] = mapped_column(primary_key=True)
    rank: Mapped[Small] = mapped_column(primary_key=True)
    officer_id: Mapped[RecordId] = mapped_column(primary_key=True)
    ended_at: Mapped[Now] = mapped_column(primary_key=True)
    tier: Mapped[Small]
    reason: Mapped[Words]
    since: Mapped[Instant]
    ended_by: Mapped[Words]
    why: Mapped[str] = mapped_column(String(20))

    __table_args__ = (
        CheckConstraint(f"why IN {ENDINGS}", "why_known"),
        Index("ix_ended_pair_officer_id", "county_code", "officer_id"),
    )


class Responsibility(Base):
    """Who answers for a grid (网格长) or a household group (联户长), and who stands in."""

    __tablename__ = "responsibility"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(17), primary_key=True)
    officer_id: Mapped[RecordId] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(10))
    since: Mapped[Now]

    __table_args__ = (
        ForeignKeyConstraint(["county_code", "officer_id"], ["officer.county_code", "officer.id"]),
        CheckConstraint("code ~ '^[0-9]{15}([0-9]{2})?$' AND county_code = left(code, 6)", "code_form"),
        CheckConstraint(f"role IN {RESPONSIBILITIES}", "role_known"),
        Index("uq_responsibility_head", "county_code", "code", unique=True, postgresql_where="role = 'head'"),
        Index("ix_responsibility_officer_id", "county_code", "officer_id"),
    )


class DutyPost(Base):
    """A duty post (设岗定责): a task in a grid, such as knocking on doors of a lane, and who holds it, if any."""

    __tablename__ = "duty_post"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    id: Mapped[RecordId] = mapped_column(primary_key=True)
    grid_code: Mapped[GridCode]
    task: Mapped[Words]
    holder_county_code: Mapped[CountyCode | None]
    holder_id: Mapped[RecordId | None]
    status: Mapped[str] = mapped_column(String(10), server_default="current")
    row_version: Mapped[Small] = mapped_column(server_default="1")
    updated_at: Mapped[Now]

    __table_args__ = (
        ForeignKeyConstraint(["county_code", "grid_code"], ["grid.county_code", "grid.code"]),
        ForeignKeyConstraint(["holder_county_code", "holder_id"], ["officer.county_code", "officer.id"]),
        record_id_check("id", "D"),
        CheckConstraint("(holder_id IS NULL) = (holder_county_code IS NULL)", "holder_whole"),
        CheckConstraint("status IN ('current', 'closed')", "status_known"),
        Index("ix_duty_post_grid_code", "grid_code", postgresql_ops={"grid_code": "varchar_pattern_ops"}),
        Index("ix_duty_post_holder_id", "holder_county_code", "holder_id"),
        Index(
            "uq_duty_post_task",
            "county_code",
            "grid_code",
            "task",
            unique=True,
            postgresql_where="status = 'current'",
        ),
    )
