"""Publishers at the same time, and one whose connection is cut in the middle: on a database of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from gridmap.db.engine import transaction
from gridmap.db.locks import lock_villages
from gridmap.db.versions import current_version
from gridmap.editing import review
from gridmap.editing.proposal import ProposedGrid
from gridmap.errors import Conflict, DatabaseUnavailable, StaleBase
from gridmap.grids import service as grids
from tests.villages import ANNA, BERT, UPPER, code, county, letters, proposal, settle, submitted

EVERYTHING = """
    SELECT (SELECT json_agg(g ORDER BY code, valid_from) FROM grid_version g)::text
        || (SELECT json_agg(a ORDER BY code) FROM address a)::text
        || (SELECT json_agg(h ORDER BY id) FROM household h)::text
        || (SELECT json_agg(h ORDER BY code, valid_from) FROM household_group_version h)::text
        || (SELECT json_agg(d ORDER BY code, valid_from) FROM division_version d)::text
        || (SELECT json_agg(c ORDER BY id) FROM changeset c)::text
        || (SELECT count(*) FROM grid_lineage)::text
        || (SELECT count(*) FROM grid)::text
        || (SELECT count(*) FROM event)::text
        || (SELECT max(version) FROM dataset_version)::text
"""


def at_once(*deeds: Callable[[], int]) -> list[int | Exception]:
    """What each deed returned or raised when all began together."""
    gate = threading.Barrier(len(deeds))

    def run(deed: Callable[[], int]) -> int | Exception:
        gate.wait()
        try:
            return deed()
        except Conflict as error:
            return error

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def publishing(engine: Engine, changeset: int) -> Callable[[], int]:
    def publish() -> int:
        with transaction(engine) as session:
            return review.publish(session, BERT, changeset)

    return publish


def now(engine: Engine) -> str:
    with transaction(engine) as session:
        return letters([grid.code for grid in grids.list_grids(session)])


def watching(engine: Engine) -> Connection:
    """A connection that sees the activity of now: in a transaction it would see that of its first look for ever."""
    return engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def wait_until_blocked_by(watcher: Connection, blocker: int) -> int:
    """The process of whoever waits for `blocker`, as soon as somebody does."""
    for _ in range(2000):
        found: int | None = watcher.execute(
            text("SELECT pid FROM pg_stat_activity, pg_sleep(0.005) WHERE :blocker = ANY (pg_blocking_pids(pid))"),
            {"blocker": blocker},
        ).scalar()
        if found is not None:
            return found
    raise AssertionError("nobody came to wait")


def pid_of(session: Session) -> int:
    found: int = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    return found


def test_of_two_publishers_of_a_village_one_wins(clone: Engine) -> None:
    with transaction(clone) as session:
        county(session, "AABB")
        one = submitted(session, "AXBB", new="X", title="one")
        other = submitted(session, "AABX", new="X", title="other")
    results = at_once(publishing(clone, one), publishing(clone, other))
    assert sorted(type(result).__name__ for result in results) == ["StaleBase", "int"]
    (refused,) = (result for result in results if isinstance(result, StaleBase))
    winner = "one" if "“one”" in refused.detail else "other"
    assert f"“{winner}”, version 3" in refused.detail
    assert now(clone) == "ABC"


def test_a_changeset_is_published_once(clone: Engine) -> None:
    with transaction(clone) as session:
        county(session, "AABB")
        changeset = submitted(session, "AXBB", new="X")
    results = at_once(*[publishing(clone, changeset)] * 4)
    assert sorted(type(result).__name__ for result in results) == ["WrongStatus"] * 3 + ["int"]
    with transaction(clone) as session:
        assert current_version(session) == 3


def test_different_villages_do_not_wait_for_each_other(clone: Engine) -> None:
    with transaction(clone) as session:
        county(session, "AAbb")
        mine, yours = submitted(session, "AX", new="X"), submitted(session, "..bx", new="x")
    with ThreadPoolExecutor(1) as pool, watching(clone) as watcher:
        with transaction(clone) as holder:
            lock_villages(holder, [UPPER])
            waiting = pool.submit(publishing(clone, mine))
            wait_until_blocked_by(watcher, pid_of(holder))
            assert publishing(clone, yours)() == 3
            assert not waiting.done()
        assert waiting.result() == 4
    assert now(clone) == "ABbc"


def test_both_sides_of_a_transfer_are_locked(clone: Engine) -> None:
    with transaction(clone) as session:
        county(session, "AAbb")
        transfer = submitted(session, "Abbb", title="transfer")
        inside = submitted(session, "..bx", new="x", title="inside")
    results = at_once(publishing(clone, transfer), publishing(clone, inside))
    assert sorted(type(result).__name__ for result in results) == ["StaleBase", "int"]


def test_a_connection_cut_in_the_middle_leaves_nothing(clone: Engine) -> None:
    with transaction(clone) as session:
        county(session, "AABB")
        settle(session, 1, 1.5, 0.5, "A01")
        changeset = submitted(session, "AXBB", new="X")
    with transaction(clone) as session:
        before = session.execute(text(EVERYTHING)).scalar()
    with ThreadPoolExecutor(1) as pool, watching(clone) as watcher, transaction(clone) as holder:
        # Grids, lineage and groups are written before addresses: it stops between the two.
        holder.execute(text("SELECT code FROM address FOR UPDATE"))
        cut = pool.submit(publishing(clone, changeset))
        publisher = wait_until_blocked_by(watcher, pid_of(holder))
        assert watcher.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": publisher}).scalar()
        with pytest.raises(DatabaseUnavailable):
            cut.result()
    with transaction(clone) as session:
        assert session.execute(text(EVERYTHING)).scalar() == before
    assert publishing(clone, changeset)() > 0
    assert now(clone) == "ABC"


def test_a_failure_at_the_very_end_leaves_nothing(clone: Engine) -> None:
    with transaction(clone) as session:
        county(session, "AABB")
        changeset = submitted(session, "AXBB", new="X")
        refuse = "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE check_violation; END'"
        session.execute(text(refuse))
        session.execute(
            text(
                "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON dataset_version DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION fail()"
            )
        )
    with transaction(clone) as session:
        before = session.execute(text(EVERYTHING)).scalar()
    with pytest.raises(Exception, match="rule of the register"):
        publishing(clone, changeset)()
    with transaction(clone) as session:
        assert session.execute(text(EVERYTHING)).scalar() == before


def test_first_loads_at_the_same_time_do_not_mix(clone: Engine) -> None:
    with transaction(clone) as session:
        county(session, "AABB", loaded=False)

    def loading(content: list[ProposedGrid]) -> Callable[[], int]:
        def load() -> int:
            with transaction(clone) as session:
                return review.first_load(session, ANNA, "load", content)

        return load

    results = at_once(loading(proposal("AABB")), loading(proposal("ABBB")))
    assert sorted(type(result).__name__ for result in results) == ["NotEmpty", "int"]
    assert now(clone) == "AB"


def test_versions_are_in_the_order_of_time(clone: Engine) -> None:
    """A transaction that began first and published last must not be valid from before the one between."""
    with transaction(clone) as session:
        county(session, "AAbb")
        mine, yours = submitted(session, "AX", new="X"), submitted(session, "..bx", new="x")
    with transaction(clone) as early:
        early.execute(text("SELECT 1"))
        publishing(clone, yours)()
        review.publish(early, BERT, mine)
    with transaction(clone) as session:
        rows = session.execute(text("SELECT published_at FROM dataset_version ORDER BY version")).scalars().all()
        assert rows == sorted(set(rows))
        assert grids.get_grid(session, code("B")).valid_from == rows[-1]
