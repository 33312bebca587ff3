"""plans of contact pairs

Revision ID: 0008
Revises: 0007
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _time(name: str, *, default: bool = False) -> sa.Column[datetime]:
    server_default = sa.text("now()") if default else None
    return sa.Column(name, postgresql.TIMESTAMP(timezone=True), server_default=server_default, nullable=not default)


def upgrade() -> None:
    op.create_table(
        "pair_plan",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("within", sa.String(length=12), nullable=False),
        sa.Column("from_scratch", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=10), server_default="solving", nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        _time("created_at", default=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("inputs", sa.LargeBinary(), nullable=True),
        sa.Column("certificate", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("missed", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        _time("applied_at"),
        sa.Column("applied_by", sa.Text(), nullable=True),
        _time("undone_at"),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('solving', 'ready', 'failed', 'applied', 'undone')", name=op.f("ck_pair_plan_status_known")
        ),
        sa.CheckConstraint(
            "(applied_at IS NULL) = (applied_by IS NULL)", name=op.f("ck_pair_plan_applied_by_somebody")
        ),
        sa.CheckConstraint(
            "status NOT IN ('applied', 'undone') OR applied_at IS NOT NULL", name=op.f("ck_pair_plan_applied_has_time")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pair_plan")),
    )
    op.create_index("ix_pair_plan_county_code", "pair_plan", ["county_code"], unique=False)
    op.create_table(
        "pair_plan_pair",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.String(length=15), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("officer_id", sa.String(length=15), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("distance_m", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.Column("former_officer_id", sa.String(length=15), nullable=True),
        sa.Column("inserted", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["pair_plan.id"], name=op.f("fk_pair_plan_pair_plan_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("county_code", "plan_id", "household_id", "rank", name=op.f("pk_pair_plan_pair")),
    )
    op.create_index("ix_pair_plan_pair_plan_id", "pair_plan_pair", ["plan_id", "household_id"], unique=False)
    op.create_table(
        "pair_plan_former",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.String(length=15), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("officer_county_code", sa.String(length=6), nullable=False),
        sa.Column("officer_id", sa.String(length=15), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["pair_plan.id"], name=op.f("fk_pair_plan_former_plan_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("county_code", "plan_id", "household_id", "rank", name=op.f("pk_pair_plan_former")),
    )
    op.create_index("ix_pair_plan_former_plan_id", "pair_plan_former", ["plan_id"], unique=False)
    op.create_table(
        "pair_rule",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("household_id", sa.String(length=15), nullable=False),
        sa.Column("officer_id", sa.String(length=15), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        _time("at", default=True),
        sa.CheckConstraint("kind IN ('pinned', 'forbidden')", name=op.f("ck_pair_rule_kind_known")),
        sa.PrimaryKeyConstraint("county_code", "household_id", "officer_id", name=op.f("pk_pair_rule")),
    )
    op.create_index(
        "uq_pair_rule_pinned",
        "pair_rule",
        ["county_code", "household_id"],
        unique=True,
        postgresql_where="kind = 'pinned'",
    )


def downgrade() -> None:
    for table in ("pair_rule", "pair_plan_former", "pair_plan_pair", "pair_plan"):
        op.drop_table(table)
