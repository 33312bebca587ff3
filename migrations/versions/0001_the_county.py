"""the county

Revision ID: 0001
Revises:
"""

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

VERSIONED = {
    "division_version": "code WITH =",
    "grid_version": "county_code WITH =, code WITH =",
    "household_group_version": "county_code WITH =, code WITH =",
}


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "api_key",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("scope", sa.String(length=17), nullable=False),
        sa.Column("personal", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('reader', 'fieldworker', 'editor', 'reviewer', 'commander', 'integrator', 'admin')",
            name=op.f("ck_api_key_role_known"),
        ),
        sa.CheckConstraint(
            "scope = 'all' OR scope ~ '^([0-9]{2}|[0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15}|[0-9]{17})$'",
            name=op.f("ck_api_key_scope_form"),
        ),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_api_key_sha256_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
    )
    op.create_index("uq_api_key_sha256", "api_key", ["sha256"], unique=True)
    op.create_table(
        "audit_record",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subjects", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("unmasked", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("remote", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_record")),
    )
    op.create_index("ix_audit_record_actor", "audit_record", ["actor", "at"], unique=False)
    op.create_index("ix_audit_record_at", "audit_record", ["at"], unique=False)
    op.create_index("ix_audit_record_subjects", "audit_record", ["subjects"], unique=False, postgresql_using="gin")
    op.create_table(
        "dataset_version",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("published_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_dataset_version_positive")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_dataset_version")),
    )
    op.create_table(
        "division",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.CheckConstraint(
            "CASE level WHEN 'province' THEN code ~ '^[0-9]{2}$' WHEN 'prefecture' THEN code ~ '^[0-9]{6}$' WHEN 'county' THEN code ~ '^[0-9]{6}$' WHEN 'township' THEN code ~ '^[0-9]{9}$' WHEN 'village' THEN code ~ '^[0-9]{12}$' ELSE false END",
            name=op.f("ck_division_code_form"),
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_division")),
    )
    op.create_index(
        "ix_division_code_prefix", "division", ["code"], unique=False, postgresql_ops={"code": "varchar_pattern_ops"}
    )
    op.create_table(
        "id_counter",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("letter", sa.String(length=1), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.CheckConstraint("last BETWEEN 0 AND 99999999", name=op.f("ck_id_counter_range")),
        sa.PrimaryKeyConstraint("county_code", "letter", name=op.f("pk_id_counter")),
    )
    op.create_table(
        "installation_fact",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_installation_fact")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("scope", sa.String(length=17), nullable=False),
        sa.Column("failed_logins", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("locked_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("disabled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "role IN ('reader', 'fieldworker', 'editor', 'reviewer', 'commander', 'integrator', 'admin')",
            name=op.f("ck_user_account_role_known"),
        ),
        sa.CheckConstraint(
            "scope = 'all' OR scope ~ '^([0-9]{2}|[0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15}|[0-9]{17})$'",
            name=op.f("ck_user_account_scope_form"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
    )
    op.create_index("uq_user_account_name", "user_account", [sa.literal_column("lower(name)")], unique=True)
    op.create_table(
        "division_version",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("parent_code", sa.String(length=12), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_full", sa.Text(), nullable=False),
        sa.Column("name_bo", sa.Text(), nullable=True),
        sa.Column(
            "outline",
            geoalchemy2.types.Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4490,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=True,
            ),
            nullable=True,
        ),
        sa.Column("outline_source", sa.Text(), nullable=True),
        sa.Column(
            "seat",
            geoalchemy2.types.Geometry(
                geometry_type="POINT",
                srid=4490,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("seat_source", sa.Text(), nullable=True),
        sa.Column("population", sa.Integer(), nullable=True),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version_from", sa.Integer(), nullable=False),
        sa.Column("version_to", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(outline IS NULL) = (outline_source IS NULL)", name=op.f("ck_division_version_outline_has_source")
        ),
        sa.CheckConstraint("(seat IS NULL) = (seat_source IS NULL)", name=op.f("ck_division_version_seat_has_source")),
        sa.CheckConstraint(
            "(valid_to IS NULL) = (version_to IS NULL)", name=op.f("ck_division_version_validity_ended_by_version")
        ),
        sa.CheckConstraint(
            "ST_IsValid(outline) AND NOT ST_IsEmpty(outline)", name=op.f("ck_division_version_outline_valid")
        ),
        sa.CheckConstraint("population >= 0", name=op.f("ck_division_version_population_counts")),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_division_version_validity_forward")
        ),
        sa.ForeignKeyConstraint(["code"], ["division.code"], name=op.f("fk_division_version_code")),
        sa.ForeignKeyConstraint(["parent_code"], ["division.code"], name=op.f("fk_division_version_parent_code")),
        sa.ForeignKeyConstraint(
            ["version_from"], ["dataset_version.version"], name=op.f("fk_division_version_version_from")
        ),
        sa.ForeignKeyConstraint(
            ["version_to"], ["dataset_version.version"], name=op.f("fk_division_version_version_to")
        ),
        sa.PrimaryKeyConstraint("code", "valid_from", name=op.f("pk_division_version")),
    )
    op.create_index(
        "ix_division_version_outline", "division_version", ["outline"], unique=False, postgresql_using="gist"
    )
    op.create_index("ix_division_version_parent_code", "division_version", ["parent_code"], unique=False)
    op.create_index(
        "uq_division_version_current", "division_version", ["code"], unique=True, postgresql_where="valid_to IS NULL"
    )
    op.create_table(
        "event",
        sa.Column("seq", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["version"], ["dataset_version.version"], name=op.f("fk_event_version")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event")),
    )
    op.create_table(
        "grid",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("code", sa.String(length=15), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.CheckConstraint("code ~ '^[0-9]{15}$' AND right(code, 3) <> '000'", name=op.f("ck_grid_code_form")),
        sa.CheckConstraint("county_code = left(code, 6)", name=op.f("ck_grid_county_of_code")),
        sa.CheckConstraint("village_code = left(code, 12)", name=op.f("ck_grid_village_of_code")),
        sa.ForeignKeyConstraint(["village_code"], ["division.code"], name=op.f("fk_grid_village_code")),
        sa.PrimaryKeyConstraint("county_code", "code", name=op.f("pk_grid")),
    )
    op.create_index(
        "ix_grid_code_prefix", "grid", ["code"], unique=False, postgresql_ops={"code": "varchar_pattern_ops"}
    )
    op.create_index("ix_grid_village_code", "grid", ["village_code"], unique=False)
    op.create_table(
        "login_session",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("csrf_token", sa.String(length=64), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_login_session_user_id")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_login_session")),
    )
    op.create_index("ix_login_session_user_id", "login_session", ["user_id"], unique=False)
    op.create_table(
        "address",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("code", sa.String(length=15), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=True),
        sa.Column("hamlet", sa.Text(), nullable=True),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("sub_number", sa.Text(), nullable=True),
        sa.Column("estate", sa.Text(), nullable=True),
        sa.Column("building", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("floor", sa.Text(), nullable=True),
        sa.Column("room", sa.Text(), nullable=True),
        sa.Column(
            "point",
            geoalchemy2.types.Geometry(
                geometry_type="POINT",
                srid=4490,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("point_source", sa.Text(), nullable=False),
        sa.Column("point_accuracy_m", sa.Double(), nullable=True),
        sa.Column("grid_code", sa.String(length=15), nullable=True),
        sa.Column("status", sa.String(length=10), server_default="current", nullable=False),
        sa.Column("row_version", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "code ~ '^A[0-9]{14}$' AND county_code = substr(code, 2, 6)", name=op.f("ck_address_code_form")
        ),
        sa.CheckConstraint("status IN ('current', 'cancelled', 'merged')", name=op.f("ck_address_status_known")),
        sa.CheckConstraint("NOT ST_IsEmpty(point)", name=op.f("ck_address_point_valid")),
        sa.CheckConstraint("point_accuracy_m >= 0", name=op.f("ck_address_point_accuracy_counts")),
        sa.ForeignKeyConstraint(
            ["county_code", "grid_code"],
            ["grid.county_code", "grid.code"],
            name=op.f("fk_address_county_code_grid_code"),
        ),
        sa.ForeignKeyConstraint(["village_code"], ["division.code"], name=op.f("fk_address_village_code")),
        sa.PrimaryKeyConstraint("county_code", "code", name=op.f("pk_address")),
    )
    op.create_index(
        "ix_address_grid_code",
        "address",
        ["grid_code"],
        unique=False,
        postgresql_ops={"grid_code": "varchar_pattern_ops"},
    )
    op.create_index("ix_address_point", "address", ["point"], unique=False, postgresql_using="gist")
    op.create_index(
        "ix_address_village_code",
        "address",
        ["village_code"],
        unique=False,
        postgresql_ops={"village_code": "varchar_pattern_ops"},
    )
    op.create_index(
        "uq_address_label", "address", ["county_code", "label"], unique=True, postgresql_where="status = 'current'"
    )
    op.create_table(
        "grid_version",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("code", sa.String(length=15), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_bo", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(length=10), server_default="base", nullable=False),
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
        sa.Column("area_m2", sa.Double(), sa.Computed("ST_Area(geometry::geography)", persisted=True), nullable=False),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version_from", sa.Integer(), nullable=False),
        sa.Column("version_to", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('base', 'special')", name=op.f("ck_grid_version_kind_known")),
        sa.CheckConstraint(
            "(valid_to IS NULL) = (version_to IS NULL)", name=op.f("ck_grid_version_validity_ended_by_version")
        ),
        sa.CheckConstraint(
            "ST_IsValid(geometry) AND NOT ST_IsEmpty(geometry)", name=op.f("ck_grid_version_geometry_valid")
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_grid_version_validity_forward")),
        sa.ForeignKeyConstraint(
            ["county_code", "code"], ["grid.county_code", "grid.code"], name=op.f("fk_grid_version_county_code_code")
        ),
        sa.ForeignKeyConstraint(
            ["version_from"], ["dataset_version.version"], name=op.f("fk_grid_version_version_from")
        ),
        sa.ForeignKeyConstraint(["version_to"], ["dataset_version.version"], name=op.f("fk_grid_version_version_to")),
        sa.PrimaryKeyConstraint("county_code", "code", "valid_from", name=op.f("pk_grid_version")),
    )
    op.create_index("ix_grid_version_geometry", "grid_version", ["geometry"], unique=False, postgresql_using="gist")
    op.create_index(
        "uq_grid_version_current",
        "grid_version",
        ["county_code", "code"],
        unique=True,
        postgresql_where="valid_to IS NULL",
    )
    op.create_table(
        "household_group",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("code", sa.String(length=17), nullable=False),
        sa.Column("grid_code", sa.String(length=15), nullable=False),
        sa.CheckConstraint(
            "code ~ '^[0-9]{17}$' AND right(code, 2) <> '00'", name=op.f("ck_household_group_code_form")
        ),
        sa.CheckConstraint("county_code = left(code, 6)", name=op.f("ck_household_group_county_of_code")),
        sa.CheckConstraint("grid_code = left(code, 15)", name=op.f("ck_household_group_grid_of_code")),
        sa.ForeignKeyConstraint(
            ["county_code", "grid_code"],
            ["grid.county_code", "grid.code"],
            name=op.f("fk_household_group_county_code_grid_code"),
        ),
        sa.PrimaryKeyConstraint("county_code", "code", name=op.f("pk_household_group")),
    )
    op.create_index(
        "ix_household_group_code_prefix",
        "household_group",
        ["code"],
        unique=False,
        postgresql_ops={"code": "varchar_pattern_ops"},
    )
    op.create_index("ix_household_group_grid_code", "household_group", ["grid_code"], unique=False)
    op.create_table(
        "building",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=15), nullable=False),
        sa.Column("address_code", sa.String(length=15), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("floors", sa.SmallInteger(), nullable=True),
        sa.Column("status", sa.String(length=10), server_default="current", nullable=False),
        sa.Column("row_version", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id ~ '^B[0-9]{14}$' AND county_code = substr(id, 2, 6)", name=op.f("ck_building_id_form")),
        sa.CheckConstraint(
            "kind IN ('house', 'apartments', 'school', 'care_home', 'monastery', 'public', 'commercial', 'store')",
            name=op.f("ck_building_kind_known"),
        ),
        sa.CheckConstraint("status IN ('current', 'closed')", name=op.f("ck_building_status_known")),
        sa.CheckConstraint("floors > 0", name=op.f("ck_building_floors_count")),
        sa.ForeignKeyConstraint(
            ["county_code", "address_code"],
            ["address.county_code", "address.code"],
            name=op.f("fk_building_county_code_address_code"),
        ),
        sa.PrimaryKeyConstraint("county_code", "id", name=op.f("pk_building")),
    )
    op.create_index("ix_building_address_code", "building", ["county_code", "address_code"], unique=False)
    op.create_index(
        "uq_building_address_code",
        "building",
        ["county_code", "address_code"],
        unique=True,
        postgresql_where="status = 'current'",
    )
    op.create_table(
        "household",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=15), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("address_code", sa.String(length=15), nullable=False),
        sa.Column("group_code", sa.String(length=17), nullable=True),
        sa.Column("head_name", sa.Text(), nullable=False),
        sa.Column("head_phone", sa.Text(), nullable=True),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("elderly_alone", sa.Integer(), server_default="0", nullable=False),
        sa.Column("infants", sa.Integer(), server_default="0", nullable=False),
        sa.Column("disabled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("pregnant", sa.Integer(), server_default="0", nullable=False),
        sa.Column("medical_device", sa.Integer(), server_default="0", nullable=False),
        sa.Column("status", sa.String(length=10), server_default="current", nullable=False),
        sa.Column("row_version", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id ~ '^H[0-9]{14}$' AND county_code = substr(id, 2, 6)", name=op.f("ck_household_id_form")),
        sa.CheckConstraint("kind = 'family' OR name IS NOT NULL", name=op.f("ck_household_collective_named")),
        sa.CheckConstraint("kind IN ('family', 'collective')", name=op.f("ck_household_kind_known")),
        sa.CheckConstraint("status IN ('current', 'closed')", name=op.f("ck_household_status_known")),
        sa.CheckConstraint(
            "elderly_alone BETWEEN 0 AND persons AND infants BETWEEN 0 AND persons AND disabled BETWEEN 0 AND persons AND pregnant BETWEEN 0 AND persons AND medical_device BETWEEN 0 AND persons",
            name=op.f("ck_household_needs_within_persons"),
        ),
        sa.CheckConstraint("persons >= 0", name=op.f("ck_household_persons_count")),
        sa.ForeignKeyConstraint(
            ["county_code", "address_code"],
            ["address.county_code", "address.code"],
            name=op.f("fk_household_county_code_address_code"),
        ),
        sa.ForeignKeyConstraint(
            ["county_code", "group_code"],
            ["household_group.county_code", "household_group.code"],
            name=op.f("fk_household_county_code_group_code"),
        ),
        sa.PrimaryKeyConstraint("county_code", "id", name=op.f("pk_household")),
    )
    op.create_index("ix_household_address_code", "household", ["county_code", "address_code"], unique=False)
    op.create_index(
        "ix_household_group_code",
        "household",
        ["group_code"],
        unique=False,
        postgresql_ops={"group_code": "varchar_pattern_ops"},
    )
    op.create_table(
        "household_group_version",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("code", sa.String(length=17), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version_from", sa.Integer(), nullable=False),
        sa.Column("version_to", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(valid_to IS NULL) = (version_to IS NULL)",
            name=op.f("ck_household_group_version_validity_ended_by_version"),
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_household_group_version_validity_forward")
        ),
        sa.ForeignKeyConstraint(
            ["county_code", "code"],
            ["household_group.county_code", "household_group.code"],
            name=op.f("fk_household_group_version_county_code_code"),
        ),
        sa.ForeignKeyConstraint(
            ["version_from"], ["dataset_version.version"], name=op.f("fk_household_group_version_version_from")
        ),
        sa.ForeignKeyConstraint(
            ["version_to"], ["dataset_version.version"], name=op.f("fk_household_group_version_version_to")
        ),
        sa.PrimaryKeyConstraint("county_code", "code", "valid_from", name=op.f("pk_household_group_version")),
    )
    op.create_index(
        "uq_household_group_version_current",
        "household_group_version",
        ["county_code", "code"],
        unique=True,
        postgresql_where="valid_to IS NULL",
    )
    op.create_table(
        "officer",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=15), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("home_code", sa.String(length=12), nullable=False),
        sa.Column("work_code", sa.String(length=12), nullable=False),
        sa.Column("work_address_code", sa.String(length=15), nullable=True),
        sa.Column("capacity", sa.SmallInteger(), nullable=False),
        sa.Column("languages", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("absent_from", sa.Date(), nullable=True),
        sa.Column("absent_to", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=10), server_default="current", nullable=False),
        sa.Column("row_version", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id ~ '^P[0-9]{14}$' AND county_code = substr(id, 2, 6)", name=op.f("ck_officer_id_form")),
        sa.CheckConstraint(
            "kind IN ('official', 'grid_head', 'group_head', 'militia', 'delegate', 'volunteer', 'medic')",
            name=op.f("ck_officer_kind_known"),
        ),
        sa.CheckConstraint("status IN ('current', 'closed')", name=op.f("ck_officer_status_known")),
        sa.CheckConstraint("absent_to >= absent_from", name=op.f("ck_officer_absence_forward")),
        sa.CheckConstraint("capacity >= 0", name=op.f("ck_officer_capacity_counts")),
        sa.ForeignKeyConstraint(
            ["county_code", "work_address_code"],
            ["address.county_code", "address.code"],
            name=op.f("fk_officer_county_code_work_address_code"),
        ),
        sa.ForeignKeyConstraint(["home_code"], ["division.code"], name=op.f("fk_officer_home_code")),
        sa.ForeignKeyConstraint(["work_code"], ["division.code"], name=op.f("fk_officer_work_code")),
        sa.PrimaryKeyConstraint("county_code", "id", name=op.f("pk_officer")),
    )
    op.create_index(
        "ix_officer_home_code",
        "officer",
        ["home_code"],
        unique=False,
        postgresql_ops={"home_code": "varchar_pattern_ops"},
    )
    # Without these three, taking an address away reads every building, officer and shelter of its county.
    op.create_index("ix_officer_work_address_code", "officer", ["county_code", "work_address_code"], unique=False)
    op.create_index(
        "ix_officer_work_code",
        "officer",
        ["work_code"],
        unique=False,
        postgresql_ops={"work_code": "varchar_pattern_ops"},
    )
    op.create_table(
        "shelter",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.String(length=15), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_bo", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("address_code", sa.String(length=15), nullable=True),
        sa.Column(
            "point",
            geoalchemy2.types.Geometry(
                geometry_type="POINT",
                srid=4490,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), server_default="current", nullable=False),
        sa.Column("row_version", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id ~ '^S[0-9]{14}$' AND county_code = substr(id, 2, 6)", name=op.f("ck_shelter_id_form")),
        sa.CheckConstraint("status IN ('current', 'closed')", name=op.f("ck_shelter_status_known")),
        sa.CheckConstraint("capacity >= 0", name=op.f("ck_shelter_capacity_counts")),
        sa.ForeignKeyConstraint(
            ["county_code", "address_code"],
            ["address.county_code", "address.code"],
            name=op.f("fk_shelter_county_code_address_code"),
        ),
        sa.ForeignKeyConstraint(["village_code"], ["division.code"], name=op.f("fk_shelter_village_code")),
        sa.PrimaryKeyConstraint("county_code", "id", name=op.f("pk_shelter")),
    )
    op.create_index("ix_shelter_point", "shelter", ["point"], unique=False, postgresql_using="gist")
    op.create_index("ix_shelter_address_code", "shelter", ["county_code", "address_code"], unique=False)
    op.create_index(
        "ix_shelter_village_code",
        "shelter",
        ["village_code"],
        unique=False,
        postgresql_ops={"village_code": "varchar_pattern_ops"},
    )
    op.create_table(
        "contact_pair",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("household_id", sa.String(length=15), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("officer_county_code", sa.String(length=6), nullable=False),
        sa.Column("officer_id", sa.String(length=15), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("rank > 0", name=op.f("ck_contact_pair_rank_counts")),
        sa.CheckConstraint("tier BETWEEN 0 AND 3", name=op.f("ck_contact_pair_tier_known")),
        sa.ForeignKeyConstraint(
            ["county_code", "household_id"],
            ["household.county_code", "household.id"],
            name=op.f("fk_contact_pair_county_code_household_id"),
        ),
        sa.ForeignKeyConstraint(
            ["officer_county_code", "officer_id"],
            ["officer.county_code", "officer.id"],
            name=op.f("fk_contact_pair_officer_county_code_officer_id"),
        ),
        sa.PrimaryKeyConstraint("county_code", "household_id", "rank", name=op.f("pk_contact_pair")),
    )
    op.create_index("ix_contact_pair_officer_id", "contact_pair", ["officer_county_code", "officer_id"], unique=False)
    op.create_index(
        "uq_contact_pair_officer", "contact_pair", ["county_code", "household_id", "officer_id"], unique=True
    )
    op.create_table(
        "responsibility",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("code", sa.String(length=17), nullable=False),
        sa.Column("officer_id", sa.String(length=15), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("since", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "code ~ '^[0-9]{15}([0-9]{2})?$' AND county_code = left(code, 6)", name=op.f("ck_responsibility_code_form")
        ),
        sa.CheckConstraint("role IN ('head', 'deputy')", name=op.f("ck_responsibility_role_known")),
        sa.ForeignKeyConstraint(
            ["county_code", "officer_id"],
            ["officer.county_code", "officer.id"],
            name=op.f("fk_responsibility_county_code_officer_id"),
        ),
        sa.PrimaryKeyConstraint("county_code", "code", "officer_id", name=op.f("pk_responsibility")),
    )
    op.create_index("ix_responsibility_officer_id", "responsibility", ["county_code", "officer_id"], unique=False)
    op.create_index(
        "uq_responsibility_head",
        "responsibility",
        ["county_code", "code"],
        unique=True,
        postgresql_where="role = 'head'",
    )
    for table, key in VERSIONED.items():
        # One row at most is true of a code at any moment; autogenerate does not compare exclusion constraints.
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT ex_{table}_validity "
            f"EXCLUDE USING gist ({key}, tstzrange(valid_from, valid_to) WITH &&)"
        )
    # The record of who saw what is written once: not even gridmap's own role changes it.
    op.execute(
        """
        DO $$ BEGIN
          IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'gridmap_app') THEN
            REVOKE UPDATE, DELETE, TRUNCATE ON audit_record FROM gridmap_app;
          END IF;
        END $$
        """
    )


def downgrade() -> None:
    op.drop_index("uq_responsibility_head", table_name="responsibility", postgresql_where="role = 'head'")
    op.drop_index("ix_responsibility_officer_id", table_name="responsibility")
    op.drop_table("responsibility")
    op.drop_index("uq_contact_pair_officer", table_name="contact_pair")
    op.drop_index("ix_contact_pair_officer_id", table_name="contact_pair")
    op.drop_table("contact_pair")
    op.drop_index(
        "ix_shelter_village_code", table_name="shelter", postgresql_ops={"village_code": "varchar_pattern_ops"}
    )
    op.drop_index("ix_shelter_address_code", table_name="shelter")
    op.drop_index("ix_shelter_point", table_name="shelter", postgresql_using="gist")
    op.drop_table("shelter")
    op.drop_index("ix_officer_work_code", table_name="officer", postgresql_ops={"work_code": "varchar_pattern_ops"})
    op.drop_index("ix_officer_work_address_code", table_name="officer")
    op.drop_index("ix_officer_home_code", table_name="officer", postgresql_ops={"home_code": "varchar_pattern_ops"})
    op.drop_table("officer")
    op.drop_index(
        "uq_household_group_version_current", table_name="household_group_version", postgresql_where="valid_to IS NULL"
    )
    op.drop_table("household_group_version")
    op.drop_index(
        "ix_household_group_code", table_name="household", postgresql_ops={"group_code": "varchar_pattern_ops"}
    )
    op.drop_index("ix_household_address_code", table_name="household")
    op.drop_table("household")
    op.drop_index("uq_building_address_code", table_name="building", postgresql_where="status = 'current'")
    op.drop_index("ix_building_address_code", table_name="building")
    op.drop_table("building")
    op.drop_index("ix_household_group_grid_code", table_name="household_group")
    op.drop_index(
        "ix_household_group_code_prefix", table_name="household_group", postgresql_ops={"code": "varchar_pattern_ops"}
    )
    op.drop_table("household_group")
    op.drop_index("uq_grid_version_current", table_name="grid_version", postgresql_where="valid_to IS NULL")
    op.drop_index("ix_grid_version_geometry", table_name="grid_version", postgresql_using="gist")
    op.drop_table("grid_version")
    op.drop_index("uq_address_label", table_name="address", postgresql_where="status = 'current'")
    op.drop_index(
        "ix_address_village_code", table_name="address", postgresql_ops={"village_code": "varchar_pattern_ops"}
    )
    op.drop_index("ix_address_point", table_name="address", postgresql_using="gist")
    op.drop_index("ix_address_grid_code", table_name="address", postgresql_ops={"grid_code": "varchar_pattern_ops"})
    op.drop_table("address")
    op.drop_index("ix_login_session_user_id", table_name="login_session")
    op.drop_table("login_session")
    op.drop_index("ix_grid_village_code", table_name="grid")
    op.drop_index("ix_grid_code_prefix", table_name="grid", postgresql_ops={"code": "varchar_pattern_ops"})
    op.drop_table("grid")
    op.drop_table("event")
    op.drop_index("uq_division_version_current", table_name="division_version", postgresql_where="valid_to IS NULL")
    op.drop_index("ix_division_version_parent_code", table_name="division_version")
    op.drop_index("ix_division_version_outline", table_name="division_version", postgresql_using="gist")
    op.drop_table("division_version")
    op.drop_index("uq_user_account_name", table_name="user_account")
    op.drop_table("user_account")
    op.drop_table("installation_fact")
    op.drop_table("id_counter")
    op.drop_index("ix_division_code_prefix", table_name="division", postgresql_ops={"code": "varchar_pattern_ops"})
    op.drop_table("division")
    op.drop_table("dataset_version")
    op.drop_index("ix_audit_record_subjects", table_name="audit_record", postgresql_using="gin")
    op.drop_index("ix_audit_record_at", table_name="audit_record")
    op.drop_index("ix_audit_record_actor", table_name="audit_record")
    op.drop_table("audit_record")
    op.drop_index("uq_api_key_sha256", table_name="api_key")
    op.drop_table("api_key")
