"""The schema's history: up from nothing, one step down, no drift between models and database."""

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from gridmap.db import migrate
from gridmap.db.base import NAMING
from gridmap.resources import migrations_dir
from tests.postgres import Server


def test_models_and_database_agree(clone: Engine) -> None:
    with clone.connect() as connection:
        migrate.check(connection)
        assert migrate.current_revision(connection) == migrate.head_revision()


def test_a_column_too_many_is_noticed(clone: Engine) -> None:
    with clone.begin() as connection:
        connection.execute(text("ALTER TABLE grid_version ADD COLUMN surprise text"))
    with clone.connect() as connection, pytest.raises(Exception, match="surprise"):
        migrate.check(connection)


def test_revisions_are_read_as_alembic_reads_them() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_dir()))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert migrate.head_revision() == scripts.get_current_head()
    assert all(migrate.knows_revision(script.revision) for script in scripts.walk_revisions())
    assert not migrate.knows_revision("9999")


def test_one_step_down_and_up_again(clone: Engine) -> None:
    with clone.connect() as connection:
        migrate.downgrade(connection)
        assert migrate.current_revision(connection) != migrate.head_revision()
        migrate.upgrade(connection)
        migrate.check(connection)


def test_every_constraint_has_a_name_of_the_convention(clone: Engine) -> None:
    prefixes = (*(form.split("_")[0] + "_" for form in NAMING.values()), "ex_")
    found = inspect(clone)
    names = [
        name
        for table in found.get_table_names()
        if table not in {"spatial_ref_sys", "alembic_version"}
        for name in (
            found.get_pk_constraint(table)["name"],
            *(c["name"] for c in found.get_foreign_keys(table)),
            *(c["name"] for c in found.get_check_constraints(table)),
            *(c["name"] for c in found.get_indexes(table)),
        )
    ]
    assert len(names) > 100
    assert [name for name in names if not str(name).startswith(prefixes)] == []


BOW_TIE = "MULTIPOLYGON(((0 0,1 1,1 0,0 1,0 0)))"
SQUARE = "MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)))"
VERSION = "INSERT INTO dataset_version (version, actor, summary) VALUES (1, 'test', 'test')"
VILLAGE = "INSERT INTO division (code, level) VALUES ('990001001200', 'village')"
GRID = "INSERT INTO grid (county_code, code, village_code) VALUES ('990001', '990001001200001', '990001001200')"


def _grid_version(wkt: str, valid: str = "'2020-01-01', NULL, 1, NULL", srid: int = 4490) -> str:
    columns = "county_code, code, name, geometry, valid_from, valid_to, version_from, version_to"
    return (
        f"INSERT INTO grid_version ({columns}) "
        f"VALUES ('990001', '990001001200001', 'x', ST_GeomFromText('{wkt}', {srid}), {valid})"
    )


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("INSERT INTO division (code, level) VALUES ('99000100120', 'village')", "ck_division_code_form"),
        ("INSERT INTO division (code, level) VALUES ('99', 'village')", "ck_division_code_form"),
        (GRID.replace("200001'", "200000'"), "ck_grid_code_form"),
        (GRID.replace("'990001',", "'990002',"), "ck_grid_county_of_code"),
        (_grid_version(BOW_TIE), "ck_grid_version_geometry_valid"),
        (_grid_version("MULTIPOLYGON EMPTY"), "ck_grid_version_geometry_valid"),
        (_grid_version(SQUARE, "'2020-01-01', '2019-01-01', 1, 1"), "ck_grid_version_validity_forward"),
        (_grid_version(SQUARE, "'2020-01-01', '2021-01-01', 1, NULL"), "ck_grid_version_validity_ended_by_version"),
    ],
)
def test_the_database_itself_refuses(clone: Engine, statement: str, constraint: str) -> None:
    with clone.begin() as connection:
        for before in (VERSION, VILLAGE) if statement.startswith("INSERT INTO grid (") else (VERSION, VILLAGE, GRID):
            connection.execute(text(before))
        with pytest.raises(IntegrityError, match=constraint):
            connection.execute(text(statement))
        connection.rollback()


def test_another_srid_is_refused(clone: Engine) -> None:
    with clone.connect() as connection:
        for before in (VERSION, VILLAGE, GRID):
            connection.execute(text(before))
        with pytest.raises(Exception, match=r"4326.*4490"):
            connection.execute(text(_grid_version(SQUARE, srid=4326)))


def test_two_truths_at_one_time_are_refused(clone: Engine) -> None:
    with clone.connect() as connection:
        for before in (VERSION, VILLAGE, GRID, _grid_version(SQUARE, "'2020-01-01', '2021-01-01', 1, 1")):
            connection.execute(text(before))
        with pytest.raises(IntegrityError, match="ex_grid_version_validity"):
            connection.execute(text(_grid_version(SQUARE, "'2020-06-01', NULL, 1, NULL")))


def test_upgrade_from_nothing_needs_no_table_of_ours(server: Server, clone: Engine) -> None:
    with clone.connect() as connection:
        migrate.downgrade(connection, "base")
        left = set(inspect(connection).get_table_names())
    assert left <= {"spatial_ref_sys", "alembic_version"}
