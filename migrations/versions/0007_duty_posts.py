"""duty posts

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duty_post",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=15), nullable=False),
        sa.Column("grid_code", sa.String(length=15), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("holder_county_code", sa.String(length=6), nullable=True),
        sa.Column("holder_id", sa.String(length=15), nullable=True),
        sa.Column("status", sa.String(length=10), server_default="current", nullable=False),
        sa.Column("row_version", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id ~ '^D[0-9]{14}$' AND county_code = substr(id, 2, 6)", name=op.f("ck_duty_post_id_form")),
        sa.CheckConstraint(
            "(holder_id IS NULL) = (holder_county_code IS NULL)", name=op.f("ck_duty_post_holder_whole")
        ),
        sa.CheckConstraint("status IN ('current', 'closed')", name=op.f("ck_duty_post_status_known")),
        sa.ForeignKeyConstraint(
            ["county_code", "grid_code"],
            ["grid.county_code", "grid.code"],
            name=op.f("fk_duty_post_county_code_grid_code"),
        ),
        sa.ForeignKeyConstraint(
            ["holder_county_code", "holder_id"],
            ["officer.county_code", "officer.id"],
            name=op.f("fk_duty_post_holder_county_code_holder_id"),
        ),
        sa.PrimaryKeyConstraint("county_code", "id", name=op.f("pk_duty_post")),
    )
    op.create_index(
        "ix_duty_post_grid_code",
        "duty_post",
        ["grid_code"],
        unique=False,
        postgresql_ops={"grid_code": "varchar_pattern_ops"},
    )
    op.create_index("ix_duty_post_holder_id", "duty_post", ["holder_county_code", "holder_id"], unique=False)
    op.create_index(
        "uq_duty_post_task",
        "duty_post",
        ["county_code", "grid_code", "task"],
        unique=True,
        postgresql_where="status = 'current'",
    )


def downgrade() -> None:
    op.drop_table("duty_post")
