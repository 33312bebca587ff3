"""The hot statements use the indexes that their docstrings promise, on a county of 2,500 square grids."""

from collections.abc import Callable, Iterator, Sequence

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gridmap.access import queries as access
from gridmap.contacts.plans import queries as pairs
from gridmap.contacts.plans import writing_queries as writing
from gridmap.contacts.plans.model import PairPlan
from gridmap.db.engine import make_engine
from gridmap.divisions import queries as divisions
from gridmap.grids import queries as grids
from gridmap.grids.layers import queries as layers
from gridmap.households import queries as households
from gridmap.snapshot import queries as snapshot
from tests.db.plans import explained, worked
from tests.postgres import Server

MANY = [
    "INSERT INTO dataset_version (version, actor, summary) VALUES (1, 'test', 'squares')",
    "INSERT INTO division (code, level) SELECT '990001101' || 200 + n, 'village' FROM generate_series(0, 49) n",
    """INSERT INTO grid (county_code, code, village_code)
       SELECT '990001', code || lpad(n::text, 3, '0'), code FROM division, generate_series(1, 50) n""",
    """INSERT INTO grid_version (county_code, code, name, geometry, valid_from, version_from)
       SELECT county_code, code, code, ST_Multi(ST_MakeEnvelope(
           103 + x * 0.01, 34 + (y - 1) * 0.01, 103.01 + x * 0.01, 34 + y * 0.01, 4490)), '2020-01-01', 1
       FROM (SELECT *, substr(code, 10, 3)::int - 200 AS x, right(code, 3)::int AS y FROM grid) g""",
    "INSERT INTO division (code, level) SELECT '990002101' || 200 + n, 'village' FROM generate_series(0, 699) n",
    """INSERT INTO division_version (code, name, name_full, outline, outline_source, valid_from, version_from)
       SELECT code, code, code, ST_Multi(ST_MakeEnvelope(103 + n * 0.01, 34, 103.01 + n * 0.01, 34.5, 4490)), 'test',
              '2020-01-01', 1
       FROM (SELECT code, right(code, 3)::int - 200 AS n FROM division) d""",
    """INSERT INTO household_group (county_code, code, grid_code) SELECT county_code, code || '01', code FROM grid""",
    """INSERT INTO address (county_code, code, village_code, label, point, point_source, grid_code)
       SELECT county_code, 'A990001' || lpad(row_number() OVER ()::text, 8, '0'), village_code, code || '-' || n,
              ST_SetSRID(ST_MakePoint(103 + random() * 0.5, 34 + random() * 0.5), 4490), 'test', code
       FROM grid, generate_series(1, 8) n""",
    """INSERT INTO household (county_code, id, kind, address_code, group_code, head_name, persons)
       SELECT county_code, replace(code, 'A', 'H'), 'family', code, grid_code || '01', '甲', 3 FROM address""",
    """INSERT INTO api_key (name, sha256, role, scope)
       SELECT n::text, sha256(n::text::bytea), 'reader', 'all' FROM generate_series(1, 2000) n""",
    """INSERT INTO audit_record (request_id, actor, role, scope, action, subjects)
       SELECT n::text, 'user:' || n % 300, 'editor', 'all', 'household.read', ARRAY['H990001' || lpad(n::text, 8, '0')]
       FROM generate_series(1, 20000) n""",
    """INSERT INTO reference_layer (name, title, source, features, digest, valid_from, version_from)
       VALUES ('beats', 'beats', 'test', 2500, '', '2020-01-01', 1)""",
    """INSERT INTO layer_feature (layer_id, position, code, properties, geometry)
       SELECT 1, row_number() OVER (), code, '{}', geometry FROM grid_version""",
    "ANALYZE",
]
GRID = "990001101210010"
SPOT = (103.105, 34.105)


@pytest.fixture(scope="module")
def squares(server: Server) -> Iterator[Engine]:
    engine = make_engine(server.clone())
    with engine.begin() as connection:
        for statement in MANY:
            connection.execute(text(statement))
    yield engine
    engine.dispose()


HOT: list[tuple[str, Callable[[Session], object], str]] = [
    ("grids near a point", lambda s: grids.grids_near_point(s, *SPOT, None), "ix_grid_version_geometry"),
    ("nearest grid", lambda s: grids.nearest_grids(s, 102.9, 34.1, None, 1), "ix_grid_version_geometry"),
    ("one grid", lambda s: grids.find_grid(s, GRID, None), "Index Scan"),
    ("its last state", lambda s: grids.find_last_grid(s, GRID), "Index Scan"),
    ("divisions covering", lambda s: divisions.divisions_covering(s, *SPOT, None), "ix_division_version_outline"),
    ("grids in a box", lambda s: grids.list_grids(
        s, grids.within_bbox(grids.holding(grids.select_grids(), None), (103.1, 34.1, 103.11, 34.11))
    ), "ix_grid_version_geometry"),
    ("group of the nearest", lambda s: snapshot.group_of_nearest_household(s, GRID, *SPOT), "ix_address_grid_code"),
    ("nearest address", lambda s: snapshot.nearest_address(s, GRID, *SPOT), "ix_address_grid_code"),
    ("counts of a village", lambda s: snapshot.count_registers(s, [GRID[:12]]), "ix_address_grid_code"),
    ("a household", lambda s: households.find_household(s, "H99000100000100"), "pk_household"),
    ("households in a grid", lambda s: households.list_households(
        s, households.current_in_grid(households.select_households(), GRID), None, 101
    ), "ix_address_grid_code"),
    ("households in a group", lambda s: households.list_households(
        s, households.current_in_group(households.select_households(), GRID + "01"), None, 101
    ), "ix_household_group_code"),
    ("whose key", lambda s: access.find_key(s, bytes(32)), "uq_api_key_sha256"),
    ("who saw a household", lambda s: access.list_audit(
        s, subject="H99000100000100", who=None, since=None, limit=100
    ), "ix_audit_record_subjects"),
    ("what a person saw", lambda s: access.list_audit(
        s, subject=None, who="user:7", since=None, limit=100
    ), "ix_audit_record_actor"),
    ("a layer at a point", lambda s: layers.features_near_point(s, [1], *SPOT), "ix_layer_feature_geometry"),
    ("a page of a layer", lambda s: layers.list_features(
        s, 1, bbox=None, after=100, limit=100
    ), "pk_layer_feature"),
    ("households by grid", lambda s: snapshot.households_by_grid(s, [GRID]), "ix_address_grid_code"),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "index"), [case[1:] for case in HOT], ids=[case[0] for case in HOT])
def test_the_promised_index_is_used(squares: Engine, ask: Callable[[Session], object], index: str) -> None:
    with Session(squares) as session, explained(session) as plans:
        ask(session)
    assert len(plans) == 1
    assert index in plans[0], plans[0]


PAIRED = [
    """INSERT INTO officer (county_code, id, name, kind, unit, home_code, work_code, capacity)
       SELECT '990001', 'P990001' || lpad(n::text, 8, '0'), '甲', 'official', '乙', '990001101200', '990001101200', 9
       FROM generate_series(1, 4000) n""",
    """INSERT INTO contact_pair (county_code, household_id, rank, officer_county_code, officer_id, tier, reason)
       SELECT county_code, id, 1, '990001', 'P990001' || lpad((1 + n % 900)::text, 8, '0'), 0, '本村出生'
       FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM household) h WHERE n % 10 = 0""",
]


def _add_plan(session: Session, homes: Sequence[str]) -> PairPlan:
    """Two pairs for each household, other ones than stand."""
    plan = PairPlan(county_code="990001", within="990001", from_scratch=True, author="cli:a", version=1)
    session.add(plan)
    session.flush()
    rows = [(home, rank, f"P990001{901 + at * 2 + rank:08d}") for at, home in enumerate(homes) for rank in (1, 2)]
    pairs.copy_pairs(
        session,
        (("990001", plan.id, home, rank, who, 0, 100, "本村出生", "born here", None) for home, rank, who in rows),
    )
    return plan


def test_applying_and_undoing_a_plan_compares_no_pair_with_every_other(squares: Engine) -> None:
    """The planner knows other plans and nothing of one just made: it once took ten minutes for 54,000 pairs."""
    with Session(squares) as session:
        for statement in PAIRED:
            session.execute(text(statement))
        homes = session.scalars(text("SELECT id FROM household ORDER BY id LIMIT 1500")).all()
        _add_plan(session, homes)
        session.execute(text("ANALYZE pair_plan_pair"))
        plan = _add_plan(session, homes)
        with worked(session) as statements:
            former, put = writing.replace_pairs(session, plan, ("990001",), "cli:b")
            assert writing.moved_since(session, plan.id, 20) == []
            writing.restore_pairs(session, plan.id, "cli:b")
        session.rollback()
    assert (former, put) == (2000, 3000)
    # One statement for all pairs, and none that looks at more than some times the rows there are: a join of each with
    # each would look at tens of millions.
    assert len(statements) < 20
    assert max(statements)[0] < 100 * 20_000, max(statements)
