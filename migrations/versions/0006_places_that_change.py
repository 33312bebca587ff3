"""what changes about places without a version of its own, noted by triggers, for the snapshot

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Statement by statement, from transition tables: a load of 30,000 rows makes a hundred notes, not 30,000.
_OF_ADDRESSES = """
CREATE FUNCTION note_addresses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO place_change (kind, village_code)
    SELECT 'address', village FROM (SELECT village_code AS village FROM old_rows
                                    UNION SELECT left(grid_code, 12) FROM old_rows) AS of_old WHERE village IS NOT NULL;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO place_change (kind, village_code)
    SELECT 'address', village FROM (SELECT village_code AS village FROM new_rows
                                    UNION SELECT left(grid_code, 12) FROM new_rows) AS of_new WHERE village IS NOT NULL;
  END IF;
  PERFORM pg_notify('gridmap_event', 'places');
  RETURN NULL;
END $$
"""
# Of households only what the nearest group depends on: a new phone number moves nothing.
_OF_HOUSEHOLDS = """
CREATE FUNCTION note_households() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    INSERT INTO place_change (kind, village_code)
    SELECT DISTINCT 'household', left(address.grid_code, 12)
    FROM old_rows AS o JOIN new_rows AS n ON n.county_code = o.county_code AND n.id = o.id
    JOIN address ON address.county_code = o.county_code AND address.code IN (o.address_code, n.address_code)
    WHERE address.grid_code IS NOT NULL AND (o.address_code, o.group_code, o.status)
      IS DISTINCT FROM (n.address_code, n.group_code, n.status);
  ELSIF TG_OP = 'INSERT' THEN
    INSERT INTO place_change (kind, village_code)
    SELECT DISTINCT 'household', left(address.grid_code, 12)
    FROM new_rows JOIN address ON address.county_code = new_rows.county_code AND address.code = new_rows.address_code
    WHERE address.grid_code IS NOT NULL;
  ELSE
    INSERT INTO place_change (kind, village_code)
    SELECT DISTINCT 'household', left(address.grid_code, 12)
    FROM old_rows JOIN address ON address.county_code = old_rows.county_code AND address.code = old_rows.address_code
    WHERE address.grid_code IS NOT NULL;
  END IF;
  PERFORM pg_notify('gridmap_event', 'places');
  RETURN NULL;
END $$
"""
_TELL = """
CREATE FUNCTION tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('gridmap_event', TG_ARGV[0]);
  RETURN NULL;
END $$
"""
_SEEN = {"INSERT": "NEW TABLE AS new_rows", "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
         "DELETE": "OLD TABLE AS old_rows"}  # fmt: skip
_NOTED = {"address": "note_addresses", "household": "note_households"}
_TOLD = {"dataset_version": "version", "api_key": "keys"}
_BY_VERSION = ("grid_version", "household_group_version")


def upgrade() -> None:
    op.create_table(
        "place_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "writer", sa.BigInteger(), server_default=sa.text("(pg_current_xact_id()::text)::bigint"), nullable=False
        ),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.CheckConstraint("kind IN ('address', 'household')", name=op.f("ck_place_change_kind_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_change")),
    )
    op.create_index("ix_place_change_writer", "place_change", ["writer"], unique=False)
    op.create_index("ix_place_change_at", "place_change", ["at"], unique=False)
    for table in _BY_VERSION:
        for column in ("version_from", "version_to"):
            op.create_index(f"ix_{table}_{column}", table, [column], unique=False)
    for function in (_OF_ADDRESSES, _OF_HOUSEHOLDS, _TELL):
        op.execute(function)
    for table, function in _NOTED.items():
        for event, seen in _SEEN.items():
            op.execute(
                f"CREATE TRIGGER note_{event.lower()} AFTER {event} ON {table} REFERENCING {seen} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            )
    for table, told in _TOLD.items():
        op.execute(
            f"CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION tell_change('{told}')"
        )


def downgrade() -> None:
    for table in _TOLD:
        op.execute(f"DROP TRIGGER tell_change ON {table}")
    for table in _NOTED:
        for event in _SEEN:
            op.execute(f"DROP TRIGGER note_{event.lower()} ON {table}")
    for function in (*_NOTED.values(), "tell_change"):
        op.execute(f"DROP FUNCTION {function}()")
    for table in _BY_VERSION:
        for column in ("version_from", "version_to"):
            op.drop_index(f"ix_{table}_{column}", table_name=table)
    op.drop_table("place_change")
