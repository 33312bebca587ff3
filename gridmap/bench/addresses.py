"""The address search beside what doors are searched with elsewhere: on the demo county, and on a million doors.

Every contestant gets the same damaged texts (`address_noise`), brought to one form, in the same run.
"""

import csv
import gc
import http.client
import io
import multiprocessing
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.search.index import AddressIndex
from gridmap.addresses.search.loading import Names
from gridmap.addresses.search.search import search
from gridmap.addresses.search.table import COLUMNS, Doors, Row, build_doors, read_doors_file, write_doors
from gridmap.bench.address_noise import DAMAGE, MISSING, Noisy, make_noise
from gridmap.bench.address_peers import BEST, PEERS, Contestant, Unmeasured
from gridmap.bench.address_register import Register, county_register, invented_register
from gridmap.bench.ground import Ground
from gridmap.bench.load import load
from gridmap.bench.report import Cell, Table
from gridmap.bench.servers import served
from gridmap.db.engine import reading, transaction
from gridmap.db.versions import read_state

EACH = {"county": 60, "million": 40}
"""Texts of each kind of damage."""
FOR_PEERS = {"county": 20, "million": 8}
"""So many of them for the peers, which take longer."""
BULK_ROWS = {"county": 20_000, "million": 10_000}
"""Rows of the tables that are coded."""
_SEED = 20261127
_OURS = "gridmap"
_COLUMNS = (
    "recall@1", "recall@5", "false door", "median, ms", "p99, ms", "memory, MB", "on disk, MB", "built, s",
)  # fmt: skip
_HTTP_S, _CONNECTIONS = 8.0, 2


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
        Table(title, note.strip(), _COLUMNS, rows),
        _kinds(title, noise, ours),
        _over_http(ground, register, noise, title, BULK_ROWS[size]),
    ]


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
    took = sorted(answer.seconds)
    return [
        _share(codes[:1] == [text.code] for text, codes in there),
        _share(text.code in codes[:BEST] for text, codes in there),
        _percent(_false(noise, answer)), 1e3 * statistics.median(took), 1e3 * took[int(len(took) * 0.99)],
        answer.memory_mb, answer.size_mb, answer.built_s,
    ]  # fmt: skip


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


def _over_http(ground: Ground, register: Register, noise: Sequence[Noisy], title: str, rows_wanted: int) -> Table:
    """One text after the other, and tables of texts, through a real server and from the shell."""
    many = make_noise(Doors(register.table), register.upper, rows_wanted // (len(DAMAGE) + 1), _SEED + 1)
    noisy = [text.text for text in many]
    clean = [row.label for row in _some(register, len(noisy))]
    env = ground.settings.model_copy(update={"database_url": ground.database.url, "public_geocoder": True}).env()
    paths = [f"/api/v1/addresses/search?q={quote(text.text)}" for text in noise]
    with served("gridmap.app:create_app_from_env", env) as port:
        ground.say(f"{title}: over HTTP")
        _post(port, clean[:2000])
        load(port, paths, connections=1, duration_s=2.0)
        told = load(port, paths, connections=_CONNECTIONS, duration_s=_HTTP_S)
        tables = {"as they are in the register": _post(port, clean), "damaged": _post(port, noisy)}
    rows: list[Sequence[Cell]] = [
        ["one text, median, ms", told.median_ms],
        ["one text, 99 of 100 within, ms", told.p99_ms],
    ]
    rows += [[f"table over HTTP, rows {name}, rows/s", len(noisy) / took] for name, took in tables.items()]
    ground.say(f"{title}: from the shell")
    rows.append(["`gridmap address geocode`, rows damaged, rows/s", len(noisy) / _shell(ground, env, noisy)])
    note = (
        f"One server process and its client on the same machine; {_CONNECTIONS} connections for single texts; "
        f"tables of {len(noisy):,} different rows, start to end, the shell's own start included."
    )
    return Table(f"{title}: over HTTP and in bulk", note, ("figure",), rows)


def _some(register: Register, count: int) -> list[Row]:
    doors = Doors(register.table)
    return [doors.row(at * len(doors) // count) for at in range(count)]


def _table_of(texts: Sequence[str]) -> bytes:
    sink = io.StringIO()
    csv.writer(sink).writerows([("编号", "地址"), *((str(at), text) for at, text in enumerate(texts))])
    return sink.getvalue().encode()


def _post(port: int, texts: Sequence[str]) -> float:
    """Seconds until the last row is back. Raises RuntimeError on any status but 200, and for a row that is lost."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    began = time.perf_counter()
    connection.request("POST", "/api/v1/addresses/search/csv", _table_of(texts), {"Content-Type": "text/csv"})
    response = connection.getresponse()
    answer = response.read()
    took = time.perf_counter() - began
    connection.close()
    rows = sum(1 for _ in csv.reader(io.StringIO(answer.decode()))) - 1
    if response.status != 200 or rows != len(texts):
        raise RuntimeError(answer[:500].decode(errors="replace"))
    return took


def _shell(ground: Ground, env: Mapping[str, str], texts: Sequence[str]) -> float:
    given, out = ground.folder / "texts.csv", ground.folder / "coded.csv"
    given.write_bytes(_table_of(texts))
    command = [
        sys.executable,
        "-m",
        "gridmap",
        "address",
        "geocode",
        "--file",
        str(given),
        "--column",
        "地址",
        "--out",
        str(out),
    ]
    began = time.perf_counter()
    subprocess.run(command, env={**os.environ, **env}, capture_output=True, check=True)
    return time.perf_counter() - began
