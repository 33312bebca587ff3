"""The address search beside what doors are searched with elsewhere: on the demo county, and on a million doors.

Every contestant gets the same damaged texts (`address_noise`), brought to one form, in the same run.
"""

import gc
import multiprocessing
import resource
import shutil
import statistics
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.search.index import AddressIndex
from gridmap.addresses.search.known_names import Names
from gridmap.addresses.search.search import search
from gridmap.addresses.search.table import COLUMNS, Doors, build_doors, read_doors_file, write_doors
from gridmap.bench.address_http import Tables, over_http
from gridmap.bench.address_noise import DAMAGE, MISSING, Noisy, make_noise
from gridmap.bench.address_peers import BEST, PEERS, Contestant, Unmeasured
from gridmap.bench.address_register import Register, county_register, invented_register
from gridmap.bench.ground import Ground
from gridmap.bench.report import Cell, Limit, Table
from gridmap.db.engine import reading, transaction
from gridmap.db.versions import read_state

EACH = {"county": 60, "million": 40}
"""Texts of each kind of damage."""
FOR_PEERS = {"county": 20, "million": 8}
"""So many of them for the peers, which take longer."""
TABLES = {"county": Tables(20_000, 30_000), "million": Tables(10_000, 100_000)}
RECALL = Limit("recall@1", 0.99, at_most=False)
FALSE_DOORS = Limit("false doors, %", 0.2)
IN_PROCESS = Limit("99 of 100 searches in process within, ms", 10)
_SEED = 20261127
_OURS = "gridmap"
_COLUMNS = (
    "recall@1", "recall@5", "false door", "median, ms", "p99, ms", "memory, MB", "on disk, MB", "built, s",
)  # fmt: skip


def measure_county(ground: Ground) -> Sequence[Table]:
    """On the doors of the demo county."""
    return _measure(ground, county_register(ground), "county", "the demo county")


def measure_million(ground: Ground) -> Sequence[Table]:
    """On a million doors in 3,360 invented villages."""
    ground.say("inventing a million doors")
    return _measure(ground, invented_register(), "million", "an invented register")


def _measure(ground: Ground, register: Register, size: str, where: str) -> Sequence[Table]:
    doors = Doors(register.table)
    noise = make_noise(doors, register.upper, EACH[size], _SEED)
    few = [text for at, text in enumerate(noise) if at % EACH[size] < FOR_PEERS[size]]
    ground.say(f"{len(doors):,} doors: gridmap, {len(noise):,} texts")
    ours = _apart(_written(ground, register), [text.text for text in noise])
    rows: list[Sequence[Cell]] = [[_OURS, *_figures(noise, ours)]]
    notes = []
    for name, contest in PEERS.items():
        ground.say(f"{len(doors):,} doors: {name}, {len(few):,} texts")
        try:
            rows.append([name, *_figures(few, contest(ground, register, [text.text for text in few]))])
        except Unmeasured as why:
            rows.append([name, *[None] * len(_COLUMNS)])
            notes.append(f"{name}: {why}.")
    title = f"Addresses, {len(doors):,} doors of {where}"
    note = (
        f"{len(noise):,} texts of {len(DAMAGE)} kinds of damage and with numbers that are not there ({len(few):,} of "
        "them for the peers), of doors that the undamaged words tell apart. A false door is a wrong one that is "
        f"claimed: gridmap's at match level door, a peer's first. {' '.join(notes)}"
    )
    return [
        Table(title, note.strip(), _COLUMNS, rows, _aims(noise, ours, size)),
        _kinds(title, noise, ours),
        *over_http(ground, register, noise, title, TABLES[size]),
    ]


def _aims(noise: Sequence[Noisy], ours: Contestant, size: str) -> list[str]:
    first = [codes[:1] == [text.code] for text, codes in zip(noise, ours.codes, strict=True) if text.code is not None]
    false = _false(noise, ours)
    told = [
        RECALL.told(sum(first) / len(first)),
        FALSE_DOORS.told(100 * sum(false) / len(false)),
    ]
    return [*told, IN_PROCESS.told(_p99_ms(ours.seconds))] if size == "million" else told


def _written(ground: Ground, register: Register) -> Path:
    """The register's file where a server on the ground's database takes it for its own."""
    with transaction(reading(ground.database.engine)) as session:
        state = read_state(session)
    names = Names(register.places, (), ()).to_json()
    facts = {
        "version": state.version, "database": state.database, "reached": state.reached, "base": state.reached,
        "changed": [], **names,
    }  # fmt: skip
    folder = ground.settings.home / "snapshot" / "addresses"
    shutil.rmtree(folder, ignore_errors=True)
    write_doors(folder / "doors.arrow", register.table, facts)
    return folder / "doors.arrow"


def _apart(path: Path, texts: list[str]) -> Contestant:
    """gridmap, in a process of its own, so that its memory can be told."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_searched, (path, texts))


def _searched(path: Path, texts: list[str]) -> Contestant:
    before = _resident()
    began = time.perf_counter()
    # As when the doors come from the database: sorted and made ready, then written and mapped.
    table, facts = read_doors_file(path)
    rebuilt = build_doors({name: table.column(name).combine_chunks() for name in COLUMNS})
    write_doors(path.with_name("built.arrow"), rebuilt, facts)
    del table, rebuilt
    table = read_doors_file(path.with_name("built.arrow"))[0]
    index = AddressIndex(Gazetteer(Names.from_json(facts).places), [Doors(table)])
    built_s = time.perf_counter() - began
    for text in texts[:200:10]:
        search(index, text)
    index.middle("")
    gc.collect()
    gc.freeze()
    codes, claimed, seconds = [], [], []
    for text in texts:
        began = time.perf_counter()
        found = search(index, text)
        seconds.append(time.perf_counter() - began)
        codes.append([match.code for match in found])
        claimed.append(bool(found) and found[0].level == "door")
    memory = (_resident() - before) / 1e6
    return Contestant(built_s, path.stat().st_size / 1e6, memory, codes, claimed, seconds)


def _resident() -> int:
    """The memory of this process, mapped files included."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _figures(noise: Sequence[Noisy], answer: Contestant) -> list[Cell]:
    there = [(text, codes) for text, codes in zip(noise, answer.codes, strict=True) if text.code is not None]
    return [
        _share(codes[:1] == [text.code] for text, codes in there),
        _share(text.code in codes[:BEST] for text, codes in there),
        _percent(_false(noise, answer)), 1e3 * statistics.median(answer.seconds),
        _p99_ms(answer.seconds),
        answer.memory_mb, answer.size_mb, answer.built_s,
    ]  # fmt: skip


def _p99_ms(seconds: Sequence[float]) -> float:
    return 1e3 * sorted(seconds)[int(len(seconds) * 0.99)]


def _false(noise: Sequence[Noisy], answer: Contestant) -> list[bool]:
    """Of each text, whether a wrong door is claimed."""
    return [
        claimed and bool(codes) and codes[0] != text.code
        for text, codes, claimed in zip(noise, answer.codes, answer.claimed, strict=True)
    ]


def _share(hits: Iterable[bool]) -> str:
    listed = list(hits)
    return f"{sum(listed) / len(listed):.4f}"


def _percent(hits: Sequence[bool]) -> str:
    return f"{100 * sum(hits) / len(hits):.2f} %"


def _kinds(title: str, noise: Sequence[Noisy], ours: Contestant) -> Table:
    """gridmap's own figures for each kind of damage."""
    rows: list[Sequence[Cell]] = []
    false = _false(noise, ours)
    for kind in (*DAMAGE, MISSING):
        at = [number for number, text in enumerate(noise) if text.kind == kind]
        first = sum(ours.codes[number][:1] == [noise[number].code] for number in at)
        five = sum(noise[number].code in ours.codes[number] for number in at)
        found = [None, None] if kind == MISSING else [f"{first / len(at):.3f}", f"{five / len(at):.3f}"]
        slow = 1e3 * statistics.median(ours.seconds[number] for number in at)
        rows.append([kind, *found, str(sum(false[number] for number in at)), slow, noise[at[0]].text])
    note = f"gridmap alone, {len(at)} texts of each kind; the last column is one of them."
    columns = ("recall@1", "recall@5", "false doors", "median, ms", "such as")
    return Table(f"{title}: by kind of damage", note, columns, rows)
