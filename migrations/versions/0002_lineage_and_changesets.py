"""lineage and changesets

Revision ID: 0002
Revises: 0001
"""

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "changeset",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("villages", postgresql.ARRAY(sa.String(length=12)), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), server_default="draft", nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("submitted_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("submitted_by", sa.Text(), nullable=True),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("published_version", sa.Integer(), nullable=True),
        sa.Column("reverts", sa.Integer(), nullable=True),
        sa.Column("effect", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "(published_version IS NOT NULL) = (status IN ('published', 'reverted'))",
            name=op.f("ck_changeset_published_has_version"),
        ),
        sa.CheckConstraint("status <> 'rejected' OR reason IS NOT NULL", name=op.f("ck_changeset_rejected_has_reason")),
        sa.CheckConstraint(
            "status IN ('draft', 'submitted', 'published', 'rejected', 'reverted')",
            name=op.f("ck_changeset_status_known"),
        ),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (decided_by IS NULL)", name=op.f("ck_changeset_decided_by_somebody")
        ),
        sa.CheckConstraint("base_version >= 0", name=op.f("ck_changeset_base_version_counts")),
        sa.CheckConstraint("cardinality(villages) > 0", name=op.f("ck_changeset_villages_named")),
        sa.ForeignKeyConstraint(
            ["published_version"], ["dataset_version.version"], name=op.f("fk_changeset_published_version")
        ),
        sa.ForeignKeyConstraint(["reverts"], ["changeset.id"], name=op.f("fk_changeset_reverts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changeset")),
    )
    op.create_index("ix_changeset_villages", "changeset", ["villages"], unique=False, postgresql_using="gin")
    op.create_index("uq_changeset_published_version", "changeset", ["published_version"], unique=True)
    op.create_table(
        "division_lineage",
        sa.Column("predecessor", sa.String(length=12), nullable=False),
        sa.Column("successor", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.CheckConstraint(
            "(predecessor = successor) = (kind = 'renamed')", name=op.f("ck_division_lineage_renamed_keeps_code")
        ),
        sa.CheckConstraint(
            "kind IN ('renamed', 'recoded', 'upgraded', 'merged', 'split')", name=op.f("ck_division_lineage_kind_known")
        ),
        sa.ForeignKeyConstraint(["predecessor"], ["division.code"], name=op.f("fk_division_lineage_predecessor")),
        sa.ForeignKeyConstraint(["successor"], ["division.code"], name=op.f("fk_division_lineage_successor")),
        sa.ForeignKeyConstraint(["version"], ["dataset_version.version"], name=op.f("fk_division_lineage_version")),
        sa.PrimaryKeyConstraint("predecessor", "successor", "version", name=op.f("pk_division_lineage")),
    )
    op.create_index("ix_division_lineage_successor", "division_lineage", ["successor"], unique=False)
    op.create_table(
        "changeset_grid",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("changeset_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_bo", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "geometry",
            geoalchemy2.types.Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4490,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.CheckConstraint(
            "action IN ('keep', 'add', 'change', 'retire')", name=op.f("ck_changeset_grid_action_known")
        ),
        sa.ForeignKeyConstraint(["changeset_id"], ["changeset.id"], name=op.f("fk_changeset_grid_changeset_id")),
        sa.PrimaryKeyConstraint("county_code", "changeset_id", "position", name=op.f("pk_changeset_grid")),
    )
    op.create_table(
        "grid_lineage",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("predecessor", sa.String(length=15), nullable=False),
        sa.Column("successor", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("share_area", sa.Double(), nullable=False),
        sa.Column("share_households", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('split', 'merge', 'reshape', 'renumber', 'transfer')", name=op.f("ck_grid_lineage_kind_known")
        ),
        sa.CheckConstraint("share_area > 0 AND share_area <= 1", name=op.f("ck_grid_lineage_share_area_range")),
        sa.CheckConstraint("share_households BETWEEN 0 AND 1", name=op.f("ck_grid_lineage_share_households_range")),
        sa.ForeignKeyConstraint(
            ["county_code", "predecessor"],
            ["grid.county_code", "grid.code"],
            name=op.f("fk_grid_lineage_county_code_predecessor"),
        ),
        sa.ForeignKeyConstraint(
            ["county_code", "successor"],
            ["grid.county_code", "grid.code"],
            name=op.f("fk_grid_lineage_county_code_successor"),
        ),
        sa.ForeignKeyConstraint(["version"], ["dataset_version.version"], name=op.f("fk_grid_lineage_version")),
        sa.PrimaryKeyConstraint("county_code", "predecessor", "successor", "version", name=op.f("pk_grid_lineage")),
    )
    op.create_index("ix_grid_lineage_successor", "grid_lineage", ["county_code", "successor"], unique=False)
    op.create_index("ix_grid_lineage_version", "grid_lineage", ["version"], unique=False)
    op.create_table(
        "group_lineage",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("predecessor", sa.String(length=17), nullable=False),
        sa.Column("successor", sa.String(length=17), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.CheckConstraint("households >= 0", name=op.f("ck_group_lineage_households_count")),
        sa.ForeignKeyConstraint(
            ["county_code", "predecessor"],
            ["household_group.county_code", "household_group.code"],
            name=op.f("fk_group_lineage_county_code_predecessor"),
        ),
        sa.ForeignKeyConstraint(
            ["county_code", "successor"],
            ["household_group.county_code", "household_group.code"],
            name=op.f("fk_group_lineage_county_code_successor"),
        ),
        sa.ForeignKeyConstraint(["version"], ["dataset_version.version"], name=op.f("fk_group_lineage_version")),
        sa.PrimaryKeyConstraint("county_code", "predecessor", "successor", "version", name=op.f("pk_group_lineage")),
    )
    op.create_index("ix_group_lineage_successor", "group_lineage", ["county_code", "successor"], unique=False)
    op.create_index("ix_group_lineage_version", "group_lineage", ["version"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_group_lineage_version", table_name="group_lineage")
    op.drop_index("ix_group_lineage_successor", table_name="group_lineage")
    op.drop_table("group_lineage")
    op.drop_index("ix_grid_lineage_version", table_name="grid_lineage")
    op.drop_index("ix_grid_lineage_successor", table_name="grid_lineage")
    op.drop_table("grid_lineage")
    op.drop_table("changeset_grid")
    op.drop_index("ix_division_lineage_successor", table_name="division_lineage")
    op.drop_table("division_lineage")
    op.drop_index("uq_changeset_published_version", table_name="changeset")
    op.drop_index("ix_changeset_villages", table_name="changeset", postgresql_using="gin")
    op.drop_table("changeset")
