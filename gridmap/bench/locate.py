"""One point over HTTP: `GET /locate` beside servers that do less, and beside those that people use for it."""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import shapely

from gridmap.bench import peer_servers
from gridmap.bench.ground import Ground
from gridmap.bench.load import load
from gridmap.bench.report import Aim, Cell, Table, compared
from gridmap.bench.servers import peer_served, served
from gridmap.db.engine import reading, transaction
from gridmap.grids.service import GridRecord, list_grids
from gridmap.snapshot.catch_up import catch_up, snapshot_folder

CONNECTIONS = 16
_ROUNDS = 3
_ROUND_S = 3.0
_SETTLE_S = 2.0
_SEED = 623022
_REFERENCE = "FastAPI + psycopg, ST_Covers, code only"
_HELLO = "bare ASGI hello"
_INSIDE, _OUTSIDE = "gridmap GET /locate, full answer", "gridmap GET /locate, outside all grids: the nearest"
AIMS = (Aim(_INSIDE, _HELLO, 0.8), Aim(_INSIDE, _REFERENCE, 8.0), Aim(_OUTSIDE, _INSIDE, 0.5))


@dataclass(frozen=True, slots=True)
class _Contestant:
    """How it is served, and what it is asked."""

    serve: Callable[[], AbstractContextManager[int]]
    paths: Sequence[str]


def measure(ground: Ground) -> Sequence[Table]:
    """All contestants in turns, the median of three rounds each."""
    with transaction(reading(ground.database.engine)) as session:
        grids = list_grids(session)
    # What a server does in its first second is not what is measured.
    catch_up(ground.database.engine, snapshot_folder(ground.database.home))
    contestants = _contestants(ground, random_points(grids, 4000))
    rounds: dict[str, list[float]] = {name: [] for name in contestants}
    notes: list[str] = []
    for number in range(_ROUNDS):
        for name, contestant in contestants.items():
            ground.say(f"locate over HTTP, round {number + 1} of {_ROUNDS}: {name}")
            try:
                rounds[name].append(_round(contestant))
            except RuntimeError as error:
                notes += [f"{name} could not be measured: {error}."] if not number else []
    note = (
        f"One server process, {CONNECTIONS} connections, {len(grids)} grids, random points inside them; all but the"
        f" peers by the worker of `gridmap up`. {' '.join(notes)}"
    )
    figures: dict[str, Cell] = {name: statistics.median(told) if told else None for name, told in rounds.items()}
    return [compared("Locate over HTTP", "answers a second", note, figures, _REFERENCE, AIMS)]


def _contestants(ground: Ground, points: Sequence[tuple[float, float]]) -> dict[str, _Contestant]:
    def ours(target: str) -> Callable[[], AbstractContextManager[int]]:
        return lambda: served(target, ground.server_env)

    def theirs(name: str) -> Callable[[], AbstractContextManager[int]]:
        return lambda: peer_served(name, ground.database.url)

    inside = [f"/api/v1/locate?lon={lon!r}&lat={lat!r}" for lon, lat in points]
    east = max(lon for lon, _ in points) + 0.3
    outside = [f"/api/v1/locate?lon={east + (lon - int(lon)) / 5!r}&lat={lat!r}" for lon, lat in points]
    found = {
        _HELLO: _Contestant(ours("gridmap.bench.peers:hello_app"), inside),
        "FastAPI hello": _Contestant(ours("gridmap.bench.peers:fastapi_hello"), inside),
        _REFERENCE: _Contestant(ours("gridmap.bench.peers:fastapi_postgis"), inside),
    }
    for name, path in peer_servers.PATHS.items():
        found[name] = _Contestant(theirs(name), [path.format(lon, lat) for lon, lat in points])
    found[_INSIDE] = _Contestant(ours("gridmap.app:create_app_from_env"), inside)
    found[_OUTSIDE] = _Contestant(ours("gridmap.app:create_app_from_env"), outside)
    return found


def _round(contestant: _Contestant) -> float:
    with contestant.serve() as port:
        # A server warms up beside its first answers.
        load(port, contestant.paths, connections=CONNECTIONS, duration_s=_SETTLE_S)
        time.sleep(_SETTLE_S)
        return load(port, contestant.paths, connections=CONNECTIONS, duration_s=_ROUND_S).per_second


def random_points(grids: Sequence[GridRecord], count: int) -> list[tuple[float, float]]:
    """Points inside grids, as many in each."""
    chance = random.Random(_SEED)
    points: list[tuple[float, float]] = []
    while len(points) < count:
        geometry = chance.choice(grids).geometry
        west, south, east, north = geometry.bounds
        point = shapely.Point(chance.uniform(west, east), chance.uniform(south, north))
        if geometry.contains(point):
            points.append((point.x, point.y))
    return points
