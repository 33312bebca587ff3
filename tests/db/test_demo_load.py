"""The demo in PostGIS: it goes in whole, once, beside nothing else, and comes out without a trace."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gridmap.access.model import AuditRecord, User
from gridmap.db.base import Base
from gridmap.db.engine import make_engine, transaction
from gridmap.demo.places import COUNTY_TOWNS
from gridmap.demo.service import demo_facts, load_demo, remove_demo
from gridmap.demo.tables import COLUMNS
from gridmap.divisions.model import Division, DivisionVersion
from gridmap.editing import division_changes, review, service
from gridmap.editing.division_changes import Names
from gridmap.editing.proposal import ProposedGrid
from gridmap.errors import Conflict, InvalidInput
from gridmap.geo.arrays import Polygonal
from gridmap.grids import service as grids
from gridmap.grids.layers import service as layers
from gridmap.snapshot.counts import households_by_grid
from tests.county import small_county
from tests.demo import LUQU, ZHUONI, county, land
from tests.files import write_layer
from tests.importing import run
from tests.postgres import Server
from tests.villages import ANNA, BERT

pytestmark = pytest.mark.xdist_group("demo")
OTHERS = (LUQU, "623024")


@pytest.fixture(scope="module")
def loaded(server: Server) -> Iterator[Engine]:
    """A database with Zhuoni in it, for tests that only read."""
    url = server.clone()
    engine = make_engine(url)
    with transaction(engine) as session:
        _load(session, ZHUONI)
    yield engine
    engine.dispose()
    server.drop(url)


@pytest.fixture
def luqu(server: Server) -> Iterator[Engine]:
    """A database of its own with Luqu in it, as a first load leaves it."""
    url = server.clone(server.template("demo_luqu", lambda session: _load(session, LUQU)))
    engine = make_engine(url)
    yield engine
    engine.dispose()
    server.drop(url)


@pytest.fixture
def luqu_session(luqu: Engine) -> Iterator[Session]:
    with Session(luqu, expire_on_commit=False) as session:
        yield session
        session.rollback()


def _load(session: Session, county: str) -> None:
    load_demo(session, county=county, actor="test", land=land())


def _value(engine: Engine, question: str, **parameters: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(question), parameters).scalar_one()


def _count(session: Session, table: str) -> int:
    count: int = session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    return count


def test_every_row_that_was_made_is_in(loaded: Engine) -> None:
    with Session(loaded) as session:
        for table, rows in county(ZHUONI).rows.items():
            above = 2 if table.startswith("division") else 0
            assert _count(session, table) == len(rows) + above, table


def test_every_address_is_covered_by_its_grid_and_by_no_lower_one(loaded: Engine) -> None:
    stray = """
        SELECT count(*) FROM address a WHERE a.grid_code IS DISTINCT FROM (
          SELECT min(g.code) FROM grid_version g WHERE ST_Covers(g.geometry, a.point))
    """
    assert _value(loaded, stray) == 0


def test_grids_make_up_their_villages_and_these_the_levels_above(loaded: Engine) -> None:
    by_village = """
        SELECT count(*) FROM division_version v JOIN LATERAL (
          SELECT ST_Union(g.geometry) AS whole, count(*) AS n FROM grid_version g WHERE left(g.code, 12) = v.code
        ) parts ON true
        WHERE length(v.code) = 12 AND NOT (parts.n > 0 AND ST_Equals(parts.whole, v.outline))
    """
    by_parent = """
        SELECT count(*) FROM division_version v JOIN LATERAL (
          SELECT ST_Union(c.outline) AS whole FROM division_version c WHERE c.parent_code = v.code
        ) parts ON true
        WHERE length(v.code) = ANY(ARRAY[6, 9]) AND v.code <> '623000' AND NOT ST_Equals(parts.whole, v.outline)
    """
    assert _value(loaded, by_village) == 0
    assert _value(loaded, by_parent) == 0


def test_each_seat_is_found_in_its_own_township(loaded: Engine) -> None:
    found = """
        SELECT count(*) FROM division_version a JOIN division_version b ON ST_Covers(b.outline, a.seat)
        WHERE length(a.code) = 9 AND length(b.code) = 9 AND (a.code = b.code) = :same
    """
    with loaded.connect() as connection:
        assert connection.execute(text(found), {"same": True}).scalar_one() == 15
        assert connection.execute(text(found), {"same": False}).scalar_one() == 0


def test_people_know_the_way_up_from_a_village_to_the_province(loaded: Engine) -> None:
    way = """
        WITH RECURSIVE up AS (
          SELECT code, parent_code, name, 1 AS step FROM division_version WHERE code = '623022101203'
          UNION ALL
          SELECT d.code, d.parent_code, d.name, step + 1 FROM division_version d JOIN up ON d.code = up.parent_code
        ) SELECT string_agg(name, '' ORDER BY step DESC) FROM up
    """
    assert _value(loaded, way) == "甘肃省甘南藏族自治州卓尼县木耳镇多坝村"


def test_the_load_is_one_version_one_event_and_one_moment(loaded: Engine) -> None:
    assert _value(loaded, "SELECT array_agg(version) FROM dataset_version") == [1]
    assert _value(loaded, "SELECT kind || version FROM event") == "demo_loaded1"
    for table in ("division_version", "grid_version", "household_group_version"):
        moments = f"SELECT count(DISTINCT (valid_from, version_from, version_to)) FROM {table}"
        assert _value(loaded, moments) == 1
    published = "SELECT published_at FROM dataset_version"
    assert _value(loaded, published) == _value(loaded, "SELECT max(valid_from) FROM grid_version")


def test_the_installation_knows_that_it_holds_demo_data(loaded: Engine) -> None:
    with Session(loaded) as session:
        facts = demo_facts(session)
    assert facts is not None
    assert facts.counties == (ZHUONI,)
    assert facts.attribution == "GeoNames (CC BY 4.0)"
    assert any("WTFPL" in source for source in facts.sources)
    named = "SELECT value->>'county' FROM installation_fact WHERE name = 'demo'"
    assert _value(loaded, named) == ZHUONI


def test_the_next_number_is_one_that_nobody_has(loaded: Engine) -> None:
    last = "SELECT max(right(code, 8))::int - (SELECT last FROM id_counter WHERE letter = 'A') FROM address"
    assert _value(loaded, last) == 0


def test_a_second_load_changes_nothing(loaded: Engine) -> None:
    with transaction(loaded) as session:
        again = load_demo(session, county=ZHUONI, actor="test", land=land())
        assert again.counties == ()
        assert again.version == 1
        assert _count(session, "event") == 1


def test_another_seed_is_refused_while_demo_data_are_in(loaded: Engine) -> None:
    with transaction(loaded) as session, pytest.raises(Conflict, match="another seed"):
        load_demo(session, county=LUQU, actor="test", seed=1)


def test_a_place_that_the_demo_has_not_is_refused(session: Session) -> None:
    with pytest.raises(InvalidInput, match="no county 620102"):
        load_demo(session, county="620102", actor="test")
    with pytest.raises(InvalidInput, match="not 6229"):
        load_demo(session, prefecture="6229", actor="test")
    with pytest.raises(InvalidInput, match="not both"):
        load_demo(session, county=ZHUONI, prefecture="6230", actor="test")


def test_real_data_are_left_alone(session: Session) -> None:
    small_county(session)
    with pytest.raises(Conflict, match="real data"):
        load_demo(session, county=LUQU, actor="test", land=land())
    assert _count(session, "grid") == 4
    assert remove_demo(session, actor="test") == ()
    assert _count(session, "grid") == 4


def test_the_rest_of_the_prefecture_comes_later_and_each_county_stays_byte_for_byte(
    luqu: Engine, loaded: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With three counties for eight: one that is there, one that is compared, and a third."""
    monkeypatch.setattr("gridmap.demo.service.COUNTY_TOWNS", {code: COUNTY_TOWNS[code] for code in (ZHUONI, *OTHERS)})
    with transaction(luqu) as session:
        rest = load_demo(session, prefecture="6230", actor="test", land=land())
    assert set(rest.counties) == {ZHUONI, *OTHERS} - {LUQU}
    with Session(luqu) as session:
        for table in ("household", "officer"):
            made = sum(len(county(code).rows[table]) for code in (ZHUONI, *OTHERS))
            assert _count(session, table) == made
        facts = demo_facts(session)
        assert facts is not None
        assert set(facts.counties) == {ZHUONI, *OTHERS}
    for table, columns in COLUMNS.items():
        print_of = _fingerprint(table, columns)
        assert _value(luqu, print_of) == _value(loaded, print_of), table
    with transaction(luqu) as session:
        assert set(remove_demo(session, actor="test")) == {ZHUONI, *OTHERS}
        assert _left(session) == {"dataset_version": 1, "event": 1}


def _fingerprint(table: str, columns: tuple[str, ...]) -> str:
    key = "county_code" if "county_code" in columns else "left(code, 6)"
    row = f"({', '.join(columns)})::text"
    within = f"{key} IN ('{ZHUONI}', '623000', '62')"
    return f'SELECT md5(string_agg({row}, chr(10) ORDER BY {row} COLLATE "C")) FROM {table} WHERE {within}'


def _left(session: Session) -> dict[str, int]:
    counts = {table: _count(session, table) for table in Base.metadata.tables}
    return {table: count for table, count in counts.items() if count}


def test_removing_leaves_users_and_the_audit_and_goes_on_counting_versions(luqu: Engine) -> None:
    with transaction(luqu) as session:
        session.add(User(name="tester", password_hash="x", role="admin", scope="all"))
        session.add(
            AuditRecord(
                request_id="1", actor="cli:x", role="admin", scope="all", action="x", subjects=["H62302600000001"]
            )
        )
    with transaction(luqu) as session:
        assert remove_demo(session, actor="test") == (LUQU,)
    with transaction(luqu) as session:
        assert _left(session) == {"user_account": 1, "audit_record": 1, "dataset_version": 1, "event": 1}
        assert demo_facts(session) is None
        assert remove_demo(session, actor="test") == ()
        assert load_demo(session, county=LUQU, actor="test", land=land()).version == 3


def test_what_was_edited_in_the_demo_is_removed_with_it(luqu_session: Session) -> None:
    session = luqu_session
    village = grids.list_grids(session, prefixes=[LUQU])[0].village_code
    parts = [grid.geometry for grid in grids.list_grids(session, prefixes=[village])]
    whole = shapely.coverage_union_all(parts)
    assert len(parts) > 1
    assert isinstance(whole, Polygonal)
    before = households_by_grid(session, grids.codes_ever_used(session, [village]))
    changeset = service.open_changeset(session, ANNA, [village], "one grid")
    service.propose(session, ANNA, changeset, [ProposedGrid(village, None, "全村", whole)])
    review.submit(session, ANNA, changeset)
    review.publish(session, BERT, changeset)
    (merged,) = grids.list_grids(session, prefixes=[village])
    assert households_by_grid(session, [merged.code]) == {
        merged.code: tuple(map(sum, zip(*before.values(), strict=True)))
    }
    division_changes.rename(session, ANNA, village[:9], Names(name="新镇"))
    assert remove_demo(session, actor="test") == (LUQU,)
    for table in (
        "changeset",
        "changeset_grid",
        "grid_lineage",
        "group_lineage",
        "division_lineage",
        "grid",
        "division",
    ):
        assert _count(session, table) == 0


def test_a_county_that_was_entered_beside_the_demo_is_not_removed_with_it(luqu_session: Session) -> None:
    session = luqu_session
    for code, level, parent in (("622901", "county", "62"), ("622901100", "township", "622901")):
        session.add(Division(code=code, level=level))
        session.flush()
        session.add(
            DivisionVersion(
                code=code, parent_code=parent, name=code, name_full=code,
                valid_from=datetime(2026, 1, 1, tzinfo=UTC), version_from=1,
            )
        )  # fmt: skip
    session.flush()
    remove_demo(session, actor="test")
    assert session.execute(text("SELECT array_agg(code ORDER BY code) FROM division")).scalar_one() == [
        "62",
        "622901",
        "622901100",
    ]


def test_a_layer_that_was_loaded_beside_the_demo_stays_with_its_version(luqu: Engine, tmp_path: Path) -> None:
    with transaction(luqu) as session:
        path = write_layer(tmp_path / "a.gpkg", [shapely.box(102.4, 34.2, 102.5, 34.3)], {"code": ["B1"]})
        loaded = run(session, "layer", path, name="beats").version
    with transaction(luqu) as session:
        remove_demo(session, actor="test")
    with transaction(luqu) as session:
        assert layers.get_layer(session, "beats").version == loaded


def test_progress_runs_from_nothing_to_all(session: Session) -> None:
    told: list[tuple[str, int, int]] = []
    load_demo(session, county=LUQU, actor="test", land=land(), progress=lambda *step: told.append(step))
    done = [count for _, count, _ in told]
    assert done == sorted(done)
    assert done[0] == 0
    assert told[-1][1] == told[-1][2] == len(told) - 1
    assert any("household" in name for name, _, _ in told)


def test_a_load_that_breaks_off_leaves_nothing(clone: Engine) -> None:
    def stop(name: str, _done: int, _total: int) -> None:
        if name.endswith("officer"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), transaction(clone) as session:
        load_demo(session, county=LUQU, actor="test", land=land(), progress=stop)
    with Session(clone) as session:
        assert _left(session) == {}
