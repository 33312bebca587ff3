"""A table that several processes code: the same answers in the same order, also when the processes can't."""

import os
import pickle
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridmap.addresses.search.asking import Asking
from gridmap.addresses.search.index import EVERYWHERE
from gridmap.addresses.search.known_names import Names, make_index
from gridmap.addresses.search.table import Doors, write_doors
from gridmap.exchange import address_jobs
from gridmap.exchange.address_csv import SearchRow
from gridmap.exchange.address_jobs import _AHEAD, Coders, code_batches
from gridmap.exchange.coding_processes import answer_batch
from gridmap.snapshot.address_pack import Packed, pack, unpack
from gridmap.snapshot.addresses import Served
from tests.gazetteer import gannan_places
from tests.homes import eventually
from tests.search_register import register, rows

ANSWER = SearchRow((1,), Asking(1, EVERYWHERE))
CHANGED = "623022101203"
TEXTS = (
    "木耳镇多坝村3组12号",
    "muer duoba 3zu12hao",
    "木尔镇多把村3组7号附1",
    "多坝村3组99号",
    "无",
    "",
    "木耳镇木耳村上庄5号",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[Served, Path]:
    """The county of tests in a file, with a village laid over it that has lost a door."""
    path = tmp_path_factory.mktemp("addresses") / "doors.arrow"
    names = Names(gannan_places(), (("多坝老磨坊", str(rows()[0][0])),), ())
    base = Doors.of(rows())
    write_doors(path, base.table, {"database": "d", "reached": "1:1:", **names.to_json()})
    fewer = Doors.of([row for row in rows() if row[1] == CHANGED and not str(row[2]).endswith("3组7号")])
    index = make_index(names, [base, fewer], frozenset({CHANGED}), None)
    return Served(index, 3, "d", "2:2:", names, frozenset({CHANGED}), "1:1:", "2:2:"), path


def batches(count: int) -> list[list[list[str]]]:
    return [[[str(n), TEXTS[(n + at) % len(TEXTS)]] if n % 5 else [] for n in range(7)] for at in range(count)]


def test_processes_answer_as_one_does(served: tuple[Served, Path]) -> None:
    index = served[0].index
    coders = Coders(pack(*served), processes=2)
    assert coders.wait_until_ready(60)
    ahead, most = 0, 0

    def asked() -> Iterator[list[list[str]]]:
        nonlocal ahead, most
        for batch in batches(40):
            ahead += 1
            most = max(most, ahead)
            yield batch

    told = []
    for answers in coders.code(index, ANSWER, asked()):
        ahead -= 1
        told.append(answers)
    assert told == [answer_batch(index, ANSWER, rows) for rows in batches(40)]
    # A table of any length is never held but for a few batches.
    assert most <= 2 * _AHEAD + 1
    coders.close()
    # Ended processes are no reason to lose a row.
    assert list(coders.code(index, ANSWER, batches(2))) == [answer_batch(index, ANSWER, rows) for rows in batches(2)]


def test_a_file_that_was_written_anew_is_not_taken_for_the_old(
    served: tuple[Served, Path], caplog: pytest.LogCaptureFixture
) -> None:
    packed = pack(*served)
    stale = Packed(packed.path, packed.database, "9:9:", packed.names, packed.changed, packed.over)
    with pytest.raises(Exception, match="written anew"):
        unpack(stale)
    index = served[0].index
    coders = Coders(stale, processes=2)
    assert not coders.wait_until_ready(60)
    told = list(coders.code(index, ANSWER, batches(3)))
    assert told == [answer_batch(index, ANSWER, rows) for rows in batches(3)]
    assert "in one process: the address file doors.arrow was written anew" in caplog.text


def test_processes_stay_for_the_next_table_of_the_same_index_and_then_end(
    served: tuple[Served, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    index, packed = served[0].index, pack(*served)
    other = SearchRow((1,), Asking(1, ("62",)))
    first = Coders.for_table(packed, 2)
    assert first.wait_until_ready(60)
    # A table whose reader went away half-way.
    broken_off = first.code(index, ANSWER, batches(40))
    next(broken_off)
    broken_off.close()
    for answer in (other, ANSWER):
        assert Coders.for_table(pack(*served), 2) is first
        told = list(code_batches(index, answer, packed, batches(12)))
        assert told == [answer_batch(index, answer, rows) for rows in batches(12)]
    changed = Packed(packed.path, packed.database, packed.base, packed.names, frozenset(), ())
    monkeypatch.setattr(address_jobs, "_STAY_S", 0.05)
    second = Coders.for_table(changed, 2)
    assert second is not first
    assert eventually(lambda: Coders._staying is None)
    assert eventually(lambda: not second._leader.is_alive())


@pytest.mark.parametrize("whom", ["the leader", "one of those it forked"])
def test_processes_that_are_killed_half_way_lose_no_row(served: tuple[Served, Path], whom: str) -> None:
    index = served[0].index
    coders = Coders(pack(*served), processes=2)
    assert coders.wait_until_ready(60)
    leader = coders._leader.pid
    forked = [int(pid) for pid in Path(f"/proc/{leader}/task/{leader}/children").read_text().split()]
    assert leader is not None and len(forked) >= 2

    def asked() -> Iterator[list[list[str]]]:
        for at, batch in enumerate(batches(40)):
            if at == 15:
                os.kill(leader if whom == "the leader" else forked[0], signal.SIGKILL)
            yield batch

    told = list(coders.code(index, ANSWER, asked()))
    assert told == [answer_batch(index, ANSWER, rows) for rows in batches(40)]
    # None of them is left behind.
    assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in forked))
    coders.close()


def test_without_a_file_one_process_does_it(served: tuple[Served, Path]) -> None:
    index = served[0].index
    assert list(code_batches(index, ANSWER, None, batches(2))) == [
        answer_batch(index, ANSWER, rows) for rows in batches(2)
    ]


def test_what_came_before_is_told_again_but_not_of_another_index(served: tuple[Served, Path]) -> None:
    """Texts repeat in a table; a village that changed meanwhile is another index, and another process has none."""
    changed, before = served[0].index, register()
    answer = pickle.loads(pickle.dumps(ANSWER))
    row = ["1", "木耳镇多坝村3组7号"]
    assert answer(before, row)[-1] == answer(before, ["2", row[1]])[-1] == "ok"
    assert answer(changed, row) != answer(before, row)
    assert len(pickle.dumps(answer)) < 1000
