"""Runs every comparison on a demo county of its own and writes the page."""

import random
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import shapely
from sqlalchemy import text

from gridmap.bench.load import load
from gridmap.bench.report import Table, as_markdown, compared
from gridmap.bench.servers import served
from gridmap.db.database import Database
from gridmap.db.engine import reading, transaction
from gridmap.db.opening import open_database
from gridmap.demo.service import load_demo
from gridmap.grids.service import GridRecord, list_grids
from gridmap.settings import Settings

CONNECTIONS = 16
_ROUNDS = 3
_ROUND_S = 3.0
_SEED = 623022

Say = Callable[[str], None]


def run(page: Path, say: Say) -> None:
    """Measures everything and writes `page`. The county is made in a folder of its own; nothing else is touched."""
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as folder:
        settings = Settings.from_env({}, home=folder, public_map=True)
        with open_database(settings) as database:
            say("loading the demo county")
            with transaction(database.engine) as session:
                load_demo(session, county="623022", actor="bench")
            tables = [locate_over_http(database, settings, say)]
            with transaction(database.engine) as session:
                postgis = session.scalar(text("SELECT postgis_lib_version()"))
                server = session.scalar(text("SHOW server_version"))
    page.write_text(as_markdown(tables, f"PostgreSQL {server}, PostGIS {postgis}"), encoding="utf-8")


def locate_over_http(database: Database, settings: Settings, say: Say) -> Table:
    """`GET /locate` beside servers that do less, in turns, the median of three rounds each."""
    with transaction(reading(database.engine)) as session:
        paths = _paths(list_grids(session))
    env = settings.model_copy(update={"database_url": database.url}).env()
    contestants = {
        "bare ASGI hello": ("gridmap.bench.peers:bare_hello", False),
        "FastAPI hello": ("gridmap.bench.peers:fastapi_hello", True),
        "FastAPI + psycopg, ST_Covers, code only": ("gridmap.bench.peers:fastapi_postgis", True),
        "gridmap GET /locate, full answer": ("gridmap.app:create_app_from_env", True),
    }
    rounds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(_ROUNDS):
        for name, (target, factory) in contestants.items():
            say(f"locate over HTTP, round {number + 1} of {_ROUNDS}: {name}")
            with served(target, env, factory=factory) as port:
                rounds[name].append(load(port, paths, connections=CONNECTIONS, duration_s=_ROUND_S).per_second)
    note = f"One server process, {CONNECTIONS} connections, 488 grids, random points inside them."
    figures = {name: statistics.median(measured) for name, measured in rounds.items()}
    return compared("Locate over HTTP", "answers a second", note, figures, "FastAPI + psycopg, ST_Covers, code only")


def _paths(grids: Sequence[GridRecord]) -> list[str]:
    chance = random.Random(_SEED)
    return [f"/api/v1/locate?lon={point.x!r}&lat={point.y!r}" for point in _points(grids, chance, 4000)]


def _points(grids: Sequence[GridRecord], chance: random.Random, count: int) -> list[shapely.Point]:
    points: list[shapely.Point] = []
    while len(points) < count:
        geometry = chance.choice(grids).geometry
        west, south, east, north = geometry.bounds
        point = shapely.Point(chance.uniform(west, east), chance.uniform(south, north))
        if geometry.contains(point):
            points.append(point)
    return points
