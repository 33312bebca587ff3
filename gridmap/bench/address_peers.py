"""What doors are searched with elsewhere: PostgreSQL by trigrams and by pairs of signs, tantivy, and addok."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from gridmap.addresses.normalise import normalise
from gridmap.bench.address_register import Register
from gridmap.bench.ground import PEERS_PYTHON, Ground, peer_versions

BEST = 5
_NUMBER = re.compile("[0-9]+")
_WORD = re.compile(r"[0-9]+|[A-Za-z]+|\w")
_TIMEOUT_S = 1500.0
_MOST_FOR_ADDOK = 100_000


@dataclass(frozen=True)
class Contestant:
    """What one made of the texts: the codes for each, the best first, and how long it took; and what it cost.

    `claimed` tells of each text whether the first is called the door; a contestant that has no such notion always
    does. `memory_mb` is None where it can't be told apart from a server's.
    """

    built_s: float
    size_mb: float
    memory_mb: float | None
    codes: list[list[str]]
    claimed: list[bool]
    seconds: list[float]


Contest = Callable[[Ground, Register, Sequence[str]], Contestant]


class Unmeasured(Exception):
    """Why a contestant could not take part."""


def pairs(words: str) -> list[str]:
    """The pairs of neighbouring signs of a text, each once, without its numbers."""
    plain = _NUMBER.sub(" ", words)
    return sorted({plain[at : at + 2] for at in range(len(plain) - 1) if plain[at : at + 2].isalnum()})


def house(words: str) -> str:
    """The numbers of a text as one token: 3-12 for 3组12号."""
    return "-".join(_NUMBER.findall(words))


def _labels(register: Register) -> list[str]:
    """The labels from the county down, in the one form that texts are brought to as well."""
    above = {
        code: len(names["province"] + names.get("prefecture", "")) for code, names in register.upper.items()
    }  # fmt: skip
    table = register.table
    villages, labels = table.column("village").to_pylist(), table.column("label").to_pylist()
    return [normalise(label[above[village] :]) for village, label in zip(villages, labels, strict=True)]


def by_trigrams(ground: Ground, register: Register, texts: Sequence[str]) -> Contestant:
    """`pg_trgm`: a GIN index of trigrams, the most similar labels."""
    build = (
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        "CREATE INDEX door_label ON bench_door USING gin (label gin_trgm_ops)",
    )
    statement = (
        "SELECT code FROM bench_door WHERE label % :q ORDER BY similarity(label, :q) DESC, code LIMIT :n"
    )  # fmt: skip
    return _in_postgresql(ground, register, texts, build, statement, lambda words: {"q": words})


def by_pairs(ground: Ground, register: Register, texts: Sequence[str]) -> Contestant:
    """A GIN index of an array of pairs of signs beside the house token, the most pairs shared."""
    build = ("CREATE INDEX door_pairs ON bench_door USING gin (pairs)", "CREATE INDEX door_house ON bench_door (house)")
    statement = (
        "SELECT code FROM bench_door WHERE house = :h AND pairs && CAST(:p AS text[]) "
        "ORDER BY (SELECT count(*) FROM unnest(pairs) AS pair WHERE pair = ANY(CAST(:p AS text[]))) DESC, code LIMIT :n"
    )
    return _in_postgresql(
        ground, register, texts, build, statement, lambda words: {"p": pairs(words), "h": house(words)}
    )


def _in_postgresql(
    ground: Ground, register: Register, texts: Sequence[str], build: Sequence[str], statement: str,
    asked: Callable[[str], dict[str, object]],
) -> Contestant:  # fmt: skip
    with ground.database.owner_engine.connect() as connection:
        connection.execute(text("SET maintenance_work_mem = '512MB'"))
        began = time.perf_counter()
        _fill(connection, register)
        for step in build:
            connection.execute(text(step))
        connection.execute(text("ANALYZE bench_door"))
        built_s = time.perf_counter() - began
        size = connection.scalar(text("SELECT pg_total_relation_size('bench_door')"))
        codes, seconds = [], []
        for words in texts:
            values = asked(normalise(words))
            began = time.perf_counter()
            found = connection.scalars(text(statement), {**values, "n": BEST}).all()
            seconds.append(time.perf_counter() - began)
            codes.append(list(found))
        connection.rollback()
    return Contestant(built_s, (size or 0) / 1e6, None, codes, [True] * len(codes), seconds)


def _fill(connection: Connection, register: Register) -> None:
    """The doors in a table that is gone with the transaction."""
    connection.execute(text("CREATE TEMPORARY TABLE bench_door (code text, label text, pairs text[], house text)"))
    driver = connection.connection.driver_connection
    if driver is None:
        raise Unmeasured("the connection is closed")
    codes = register.table.column("code").to_pylist()
    with driver.cursor().copy("COPY bench_door FROM STDIN") as copy:
        for code, label in zip(codes, _labels(register), strict=True):
            copy.write_row((code, label, pairs(label), house(label)))


def by_tantivy(ground: Ground, register: Register, texts: Sequence[str]) -> Contestant:
    """tantivy: pairs of signs and the house token, by BM25."""
    if "tantivy" not in peer_versions():
        raise Unmeasured("tantivy is not installed; `make .venv-bench/.stamp` does it")
    codes = register.table.column("code").to_pylist()
    doors = [
        (code, " ".join(pairs(label)), house(label)) for code, label in zip(codes, _labels(register), strict=True)
    ]  # fmt: skip
    plain = [normalise(words) for words in texts]
    return _by_program(ground, "peer_tantivy.py", doors, [(" ".join(pairs(words)), house(words)) for words in plain])


def by_addok(ground: Ground, register: Register, texts: Sequence[str]) -> Contestant:
    """addok as it comes, in front of a Redis of its own: signs and numbers as words, which it compares in pinyin."""
    known = peer_versions().get("addok")
    if known is None:
        raise Unmeasured("addok is not installed; `make .venv-bench/.stamp` does it")
    if shutil.which("redis-server") is None:
        raise Unmeasured(f"addok {known} keeps its index in Redis, which is not here; `scripts/system-packages bench`")
    if register.table.num_rows > _MOST_FOR_ADDOK:
        raise Unmeasured(f"addok {known} writes some hundred doors a second: it takes part with the county's alone")
    codes = register.table.column("code").to_pylist()
    doors = [(code, _spaced(label), 0.0, 0.0) for code, label in zip(codes, _labels(register), strict=True)]
    return _by_program(ground, "peer_addok.py", doors, [_spaced(normalise(words)) for words in texts])


def _spaced(words: str) -> str:
    return " ".join(_WORD.findall(words))


def _by_program(ground: Ground, name: str, doors: Sequence[object], texts: Sequence[object]) -> Contestant:
    """What a program of the peers' Python makes of doors and texts, in a folder of its own."""
    program = Path(__file__).with_name(name)
    folder = ground.folder / program.stem
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "index").mkdir(parents=True)
    (folder / "doors.json").write_text(json.dumps(doors))
    (folder / "texts.json").write_text(json.dumps(texts))
    command = [PEERS_PYTHON, program, folder / "doors.json", folder / "texts.json", folder / "index"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode:
        raise Unmeasured(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"{name} ended")
    told = json.loads(done.stdout.splitlines()[-1])
    found = [codes for codes, _ in told["answers"]]
    return Contestant(
        told["built_s"], told["size"] / 1e6, told["memory"] / 1e6, found, [True] * len(found),
        [seconds for _, seconds in told["answers"]],
    )  # fmt: skip


PEERS: dict[str, Contest] = {
    "PostgreSQL pg_trgm": by_trigrams,
    "PostgreSQL, array of sign pairs and house token": by_pairs,
    "tantivy, sign pairs and house token": by_tantivy,
    "addok": by_addok,
}
