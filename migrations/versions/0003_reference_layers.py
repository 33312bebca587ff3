"""reference layers

Revision ID: 0003
Revises: 0002
"""

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reference_layer",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("public", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("features", sa.Integer(), nullable=False),
        sa.Column("defects", sa.Integer(), server_default="0", nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version_from", sa.Integer(), nullable=False),
        sa.Column("version_to", sa.Integer(), nullable=True),
        sa.CheckConstraint("name ~ '^[[:alnum:]_-]+$'", name=op.f("ck_reference_layer_name_form")),
        sa.CheckConstraint("features >= 0 AND defects >= 0", name=op.f("ck_reference_layer_counts")),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_reference_layer_validity_forward")
        ),
        sa.CheckConstraint(
            "(valid_to IS NULL) = (version_to IS NULL)", name=op.f("ck_reference_layer_validity_ended_by_version")
        ),
        sa.ForeignKeyConstraint(
            ["version_from"], ["dataset_version.version"], name=op.f("fk_reference_layer_version_from")
        ),
        sa.ForeignKeyConstraint(
            ["version_to"], ["dataset_version.version"], name=op.f("fk_reference_layer_version_to")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_layer")),
    )
    op.create_index(
        "uq_reference_layer_current", "reference_layer", ["name"], unique=True, postgresql_where="valid_to IS NULL"
    )
    op.create_index("ix_reference_layer_name", "reference_layer", ["name", "valid_from"], unique=False)
    op.create_table(
        "layer_feature",
        sa.Column("layer_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("properties", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "geometry",
            geoalchemy2.types.Geometry(
                geometry_type="GEOMETRY",
                srid=4490,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("code <> ''", name=op.f("ck_layer_feature_code_filled")),
        sa.CheckConstraint(
            "ST_IsValid(geometry) AND NOT ST_IsEmpty(geometry)", name=op.f("ck_layer_feature_geometry_valid")
        ),
        sa.ForeignKeyConstraint(["layer_id"], ["reference_layer.id"], name=op.f("fk_layer_feature_layer_id")),
        sa.PrimaryKeyConstraint("layer_id", "position", name=op.f("pk_layer_feature")),
    )
    op.create_index("ix_layer_feature_code", "layer_feature", ["layer_id", "code"], unique=False)
    op.create_index("ix_layer_feature_geometry", "layer_feature", ["geometry"], unique=False, postgresql_using="gist")
    op.execute(
        "ALTER TABLE reference_layer ADD CONSTRAINT ex_reference_layer_validity "
        "EXCLUDE USING gist (name WITH =, tstzrange(valid_from, valid_to) WITH &&)"
    )


def downgrade() -> None:
    op.drop_table("layer_feature")
    op.drop_table("reference_layer")
