"""The address search over HTTP and from the shell: one text after the other, and tables of many."""

import csv
import http.client
import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import quote

from gridmap.addresses.search.table import Doors
from gridmap.bench.address_noise import DAMAGE, Noisy, make_noise
from gridmap.bench.address_register import Register
from gridmap.bench.ground import Ground
from gridmap.bench.load import load
from gridmap.bench.report import Aim, Cell, Limit, Table
from gridmap.bench.servers import Server, running

_SEED = 20261128
_SECONDS, _CONNECTIONS = 8.0, 2
_P99 = Limit("one text, 99 of 100 within, ms", 25)
_PER_SECOND = 5_000
_SAMPLED_S = 0.5


class Tables(NamedTuple):
    """Rows of the tables that are coded: of damaged texts, and of the longest."""

    damaged: int
    longest: int


class _Coded(NamedTuple):
    """A table that came back: how many rows a second, and the most that the server held meanwhile."""

    per_second: float
    memory_mb: float


def over_http(
    ground: Ground, register: Register, noise: Sequence[Noisy], title: str, tables: Tables
) -> Sequence[Table]:
    """One text after the other, and tables of texts, through a real server and from the shell."""
    many = make_noise(Doors(register.table), register.upper, tables.damaged // (len(DAMAGE) + 1), _SEED)
    noisy = [text.text for text in many]
    env = ground.settings.model_copy(update={"database_url": ground.database.url, "public_geocoder": True}).env()
    paths = [f"/api/v1/addresses/search?q={quote(text.text)}" for text in noise]
    with running("gridmap.app:create_app_from_env", env) as server:
        ground.say(f"{title}: over HTTP")
        _post(server, _labels(register, 2_000))
        load(server.port, paths, connections=1, duration_s=2.0)
        told = load(server.port, paths, connections=_CONNECTIONS, duration_s=_SECONDS)
        coded = {
            f"{count:,} rows as they are in the register": _post(server, _labels(register, count))
            for count in (tables.longest // 2, tables.longest)
        }
        coded[f"{len(noisy):,} rows damaged"] = _post(server, noisy)
    ground.say(f"{title}: from the shell")
    shell = len(noisy) / _shell(ground, env, noisy)
    single: list[Sequence[Cell]] = [["one text, median, ms", told.median_ms], [_P99.name, told.p99_ms]]
    note = f"One server process and its client on the same machine; {_CONNECTIONS} connections, every kind of damage."
    return [
        Table(f"{title}: over HTTP", note, ("figure",), single, [_P99.told(told.p99_ms)]),
        _of_tables(title, coded, f"`gridmap address geocode`, {len(noisy):,} rows damaged", shell),
    ]


def _of_tables(title: str, coded: Mapping[str, _Coded], shell: str, shell_per_second: float) -> Table:
    short, long, damaged = coded
    rows: list[Sequence[Cell]] = [[name, told.per_second, told.memory_mb] for name, told in coded.items()]
    memory: dict[str, Cell] = {name: told.memory_mb for name, told in coded.items()}
    speed = [
        Limit(f"{name}, rows/s", _PER_SECOND, at_most=False).told(coded[name].per_second) for name in (long, damaged)
    ]
    note = (
        "`POST /api/v1/addresses/search/csv` to one server process, which takes the machine's processors for a long "
        "table, start to end; all rows differ. Memory: the most that the server and its processes held for "
        "themselves meanwhile, without the mapped index that they share. The shell's own start is in its figure."
    )
    bounded = f"memory, {Aim(long, short, 1.25, at_most=True).told(memory)}"
    rows.append([shell, shell_per_second, None])
    return Table(f"{title}: in bulk", note, ("rows/s", "most memory, MB"), rows, [*speed, bounded])


def _labels(register: Register, count: int) -> Iterator[str]:
    doors = Doors(register.table)
    return (doors.row(at * len(doors) // count).label for at in range(count))


def _table_of(texts: Sequence[str]) -> bytes:
    sink = io.StringIO()
    csv.writer(sink).writerows([("编号", "地址"), *((str(at), text) for at, text in enumerate(texts))])
    return sink.getvalue().encode()


def _post(server: Server, texts: Iterator[str] | Sequence[str]) -> _Coded:
    """Codes a table. Raises RuntimeError on any status but 200, and for a row that is lost."""
    listed = list(texts)
    body = _table_of(listed)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    began = time.perf_counter()
    with _watched(server) as held:
        connection.request("POST", "/api/v1/addresses/search/csv", body, {"Content-Type": "text/csv"})
        response = connection.getresponse()
        answer = response.read()
    took = time.perf_counter() - began
    connection.close()
    rows = sum(1 for _ in csv.reader(io.StringIO(answer.decode()))) - 1
    if response.status != 200 or rows != len(listed):
        raise RuntimeError(answer[:500].decode(errors="replace"))
    return _Coded(len(listed) / took, max(held))


@contextmanager
def _watched(server: Server) -> Iterator[list[float]]:
    """Notes what a server holds while something is done."""
    held, done = [server.memory_mb()], threading.Event()

    def watch() -> None:
        while not done.wait(_SAMPLED_S):
            held.append(server.memory_mb())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield held
    finally:
        done.set()
        thread.join()


def _shell(ground: Ground, env: Mapping[str, str], texts: Sequence[str]) -> float:
    """Seconds that the command takes, its start included."""
    given, out = ground.folder / "texts.csv", ground.folder / "coded.csv"
    given.write_bytes(_table_of(texts))
    command = [sys.executable, "-m", "gridmap", "address", "geocode", "--file", str(given)]
    began = time.perf_counter()
    subprocess.run(
        [*command, "--column", "地址", "--out", str(out)], env={**os.environ, **env}, capture_output=True, check=True
    )
    return time.perf_counter() - began
