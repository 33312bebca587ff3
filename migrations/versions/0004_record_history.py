"""the write history of registers

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "record_history",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("record_id", sa.String(length=17), nullable=False),
        sa.Column("row_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("row", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("row_version > 0", name=op.f("ck_record_history_row_version_counts")),
        sa.PrimaryKeyConstraint("county_code", "record_id", "row_version", name=op.f("pk_record_history")),
    )
    op.create_index("ix_record_history_at", "record_history", ["at"], unique=False)


def downgrade() -> None:
    op.drop_table("record_history")
