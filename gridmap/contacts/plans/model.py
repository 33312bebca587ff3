"""Tables of plans of contact pairs, and of the pairs that somebody asked for or forbade."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.db.base import Base, CountyCode, Instant, Now, RecordId, Serial, Small, Words

STATUSES = ("solving", "ready", "failed", "applied", "undone")
"""求解中, 待审批, 求解失败, 已执行, 已撤销."""
RULES = ("pinned", "forbidden")
"""指定结对, 禁止结对."""


class PairPlan(Base):
    """A plan of contact pairs (结对方案) for all households of a division, as it was solved; it never changes.

    `inputs` are a fingerprint of every household and officer it was made from, so that what changed since can be named.
    """

    __tablename__ = "pair_plan"

    id: Mapped[Serial]
    county_code: Mapped[CountyCode]
    within: Mapped[str] = mapped_column(String(12))
    from_scratch: Mapped[bool]
    status: Mapped[str] = mapped_column(String(10), server_default="solving")
    author: Mapped[Words]
    created_at: Mapped[Now]
    version: Mapped[int]
    progress: Mapped[Words | None]
    failure: Mapped[Words | None]
    inputs: Mapped[bytes | None] = mapped_column(LargeBinary)
    certificate: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    missed: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    applied_at: Mapped[Instant | None]
    applied_by: Mapped[Words | None]
    undone_at: Mapped[Instant | None]
    undone_by: Mapped[Words | None]

    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES}", "status_known"),
        CheckConstraint("(applied_at IS NULL) = (applied_by IS NULL)", "applied_by_somebody"),
        CheckConstraint("status NOT IN ('applied', 'undone') OR applied_at IS NOT NULL", "applied_has_time"),
        Index("ix_pair_plan_county_code", "county_code"),
    )


class PairPlanPair(Base):
    """One pair of a plan. `former_officer_id` is who has the rank today; `inserted` whether applying wrote it."""

    __tablename__ = "pair_plan_pair"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("pair_plan.id", ondelete="CASCADE"), primary_key=True)
    household_id: Mapped[RecordId] = mapped_column(primary_key=True)
    rank: Mapped[Small] = mapped_column(primary_key=True)
    officer_id: Mapped[RecordId]
    tier: Mapped[Small]
    distance_m: Mapped[int | None]
    reason: Mapped[Words]
    reason_en: Mapped[Words]
    former_officer_id: Mapped[RecordId | None]
    inserted: Mapped[bool] = mapped_column(server_default="false")

    __table_args__ = (Index("ix_pair_plan_pair_plan_id", "plan_id", "household_id"),)


class PairPlanFormer(Base):
    """A pair that applying a plan took away, as it was: what undoing puts back."""

    __tablename__ = "pair_plan_former"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("pair_plan.id", ondelete="CASCADE"), primary_key=True)
    household_id: Mapped[RecordId] = mapped_column(primary_key=True)
    rank: Mapped[Small] = mapped_column(primary_key=True)
    officer_county_code: Mapped[CountyCode]
    officer_id: Mapped[RecordId]
    tier: Mapped[Small]
    reason: Mapped[Words]
    since: Mapped[Instant]

    __table_args__ = (Index("ix_pair_plan_former_plan_id", "plan_id"),)


class PairRule(Base):
    """A pair that somebody asked for as first contact, or forbade, and why; every plan respects it."""

    __tablename__ = "pair_rule"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    household_id: Mapped[RecordId] = mapped_column(primary_key=True)
    officer_id: Mapped[RecordId] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    why: Mapped[Words]
    author: Mapped[Words]
    at: Mapped[Now]

    __table_args__ = (
        CheckConstraint(f"kind IN {RULES}", "kind_known"),
        Index("uq_pair_rule_pinned", "county_code", "household_id", unique=True, postgresql_where="kind = 'pinned'"),
    )
