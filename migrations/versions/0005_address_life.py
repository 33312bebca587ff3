"""the life of an address: what it was merged into, aliases, accepted problems, rows that wait for a point

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('old', 'popular', 'tibetan', 'code')"


def _now() -> sa.Column[object]:
    return sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False)


def _to_address(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["county_code", "address_code"],
        ["address.county_code", "address.code"],
        name=op.f(f"fk_{table}_county_code_address_code"),
    )


def _of_division(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["division.code"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.add_column("address", sa.Column("status_note", sa.Text(), nullable=True))
    op.add_column("address", sa.Column("merged_into", sa.String(length=15), nullable=True))
    op.create_foreign_key(
        op.f("fk_address_county_code_merged_into"),
        "address",
        "address",
        ["county_code", "merged_into"],
        ["county_code", "code"],
    )
    op.create_check_constraint(
        op.f("ck_address_merged_into_one"), "address", "(status = 'merged') = (merged_into IS NOT NULL)"
    )
    op.create_check_constraint(op.f("ck_address_merged_into_another"), "address", "merged_into <> code")
    op.create_table(
        "address_alias",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("address_code", sa.String(length=15), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.CheckConstraint(_KINDS, name=op.f("ck_address_alias_kind_known")),
        sa.CheckConstraint("text <> ''", name=op.f("ck_address_alias_text_said")),
        _to_address("address_alias"),
        sa.PrimaryKeyConstraint("county_code", "address_code", "text", name=op.f("pk_address_alias")),
    )
    op.create_index("ix_address_alias_text", "address_alias", ["text"], unique=False)
    op.create_table(
        "place_alias",
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("hamlet", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.CheckConstraint(_KINDS, name=op.f("ck_place_alias_kind_known")),
        sa.CheckConstraint("text <> ''", name=op.f("ck_place_alias_text_said")),
        sa.CheckConstraint("hamlet = '' OR length(division_code) = 12", name=op.f("ck_place_alias_hamlet_in_village")),
        _of_division("place_alias", "division_code"),
        sa.PrimaryKeyConstraint("division_code", "hamlet", "text", name=op.f("pk_place_alias")),
    )
    op.create_index("ix_place_alias_text", "place_alias", ["text"], unique=False)
    op.create_table(
        "address_accepted_problem",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("address_code", sa.String(length=15), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        _now(),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('same_door', 'elsewhere', 'outside', 'same_point', 'label', 'number_gap')",
            name=op.f("ck_address_accepted_problem_kind_known"),
        ),
        _to_address("address_accepted_problem"),
        sa.PrimaryKeyConstraint("county_code", "address_code", "kind", name=op.f("pk_address_accepted_problem")),
    )
    op.create_table(
        "waiting_address",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("segments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("given_code", sa.Text(), nullable=True),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        _now(),
        _of_division("waiting_address", "village_code"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_address")),
    )
    op.create_index("uq_waiting_address_label", "waiting_address", ["county_code", "label"], unique=True)
    op.create_index(
        "ix_waiting_address_village_code",
        "waiting_address",
        ["village_code"],
        unique=False,
        postgresql_ops={"village_code": "varchar_pattern_ops"},
    )


def downgrade() -> None:
    for table in ("waiting_address", "address_accepted_problem", "place_alias", "address_alias"):
        op.drop_table(table)
    op.drop_constraint(op.f("ck_address_merged_into_another"), "address")
    op.drop_constraint(op.f("ck_address_merged_into_one"), "address")
    op.drop_constraint(op.f("fk_address_county_code_merged_into"), "address")
    op.drop_column("address", "merged_into")
    op.drop_column("address", "status_note")
