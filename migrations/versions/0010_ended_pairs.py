"""contact pairs that were: until when, who ended them, and by what

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ended_pair",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("household_id", sa.String(length=15), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("officer_id", sa.String(length=15), nullable=False),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "why IN ('household_closed', 'officer_retired', 'moved', 'plan', 'undo', 'import')",
            name=op.f("ck_ended_pair_why_known"),
        ),
        sa.PrimaryKeyConstraint(
            "county_code", "household_id", "rank", "officer_id", "ended_at", name=op.f("pk_ended_pair")
        ),
    )
    op.create_index("ix_ended_pair_officer_id", "ended_pair", ["county_code", "officer_id"], unique=False)


def downgrade() -> None:
    op.drop_table("ended_pair")
