"""Many points in one process, one point from Python, and points outside all grids, beside the peers that Python has."""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.bench import peer_joins
from gridmap.bench.ground import PEERS_PYTHON, Ground
from gridmap.bench.report import Aim, Cell, Table, compared
from gridmap.bench.tessellation import SIDE, SOUTH, VILLAGE, WEST, winding_villages
from gridmap.db.engine import transaction
from gridmap.geo.arrays import FloatArray
from gridmap.geo.crs import Crs
from gridmap.geo.lonlat import LonLat
from gridmap.snapshot.build import SegmentSource, build_files
from gridmap.snapshot.bulk import BulkLocator
from gridmap.snapshot.manifest import replace_all
from gridmap.snapshot.reader import Snapshot
from gridmap.snapshot.segment import GridName

SIZES = {4_000: (20, 40), 100_000: (100, 200)}
"""Grids, and villages wide and high."""
POINTS, JOINED, SINGLE = 1_000_000, 200_000, 2_000
_ROUNDS = 3
_OURS = "gridmap, codes and statuses"
_ONE, _NEAREST = "gridmap, inside: code, names and chain", "gridmap, outside: the nearest and how far"
_TREE = "shapely STRtree.query, predicate intersects"


def measure(ground: Ground) -> Sequence[Table]:
    """A table of many points for each size, then one of single points."""
    tables: list[Table] = []
    for grids in SIZES:
        snapshot = county_snapshot(ground.folder / f"snapshot-{grids}", grids)
        tables += [_many(ground, snapshot, grids), _single(ground, snapshot, grids)]
    return tables


def county_snapshot(folder: Path, grids: int) -> Snapshot:
    """A snapshot of so many winding grids of 73 vertices, five to a village."""
    if not folder.exists():
        villages = winding_villages(*SIZES[grids])
        sources = (
            SegmentSource("village", _village(n), (), [(_name(n, at), shape) for at, shape in enumerate(shapes)])
            for n, shapes in enumerate(villages)
        )
        replace_all(folder, 1, build_files(sources))
    return Snapshot.open(folder)


def _village(number: int) -> str:
    return f"{900000000000 + number}"


def _name(village: int, at: int) -> GridName:
    code = f"{_village(village)}{at + 1:03d}"
    return GridName(code, code, None, "base")


def inside(grids: int, count: int, seed: int = 1) -> tuple[FloatArray, FloatArray]:
    """Points in the middle of the grids' rectangle, clear of its winding rim."""
    wide, high = SIZES[grids]
    random = np.random.default_rng(seed)
    lon = random.uniform(WEST + SIDE, WEST + (wide * VILLAGE - 1) * SIDE, count)
    return lon, random.uniform(SOUTH + SIDE, SOUTH + (high - 1) * SIDE, count)


def _many(ground: Ground, snapshot: Snapshot, grids: int) -> Table:
    locator = BulkLocator(snapshot.villages, snapshot.version, Crs.parse("EPSG:4490"))
    lon, lat = inside(grids, POINTS)
    locator.locate(lon[:1000], lat[:1000])
    ground.say(f"many points in {grids:,} grids: gridmap")
    figures: dict[str, Cell] = {
        _OURS: POINTS / 1e6 / best(lambda: locator.locate(lon, lat)),
    }
    notes = []
    with _files(ground, snapshot, grids) as files:
        for name in peer_joins.JOINS:
            ground.say(f"many points in {grids:,} grids: {name}")
            try:
                figures[name] = _joined(name, files) / 1e6
            except (RuntimeError, OSError) as error:
                figures[name] = None
                notes.append(f"{name} could not be measured: {error}.")
    ground.say(f"many points in {grids:,} grids: PostGIS")
    figures["PostGIS, indexed join"] = _by_postgis(ground, snapshot, grids) / 1e6
    note = (
        f"{grids:,} winding grids of 73 vertices, {POINTS:,} random points inside ({JOINED:,} for the others), the best"
        f" of {_ROUNDS}; everything is in memory before the clock runs. {' '.join(notes)}"
    )
    return compared(
        f"Many points in one process, {grids:,} grids",
        "million points a second",
        note,
        figures,
        "sedonadb",
        [Aim(_OURS, "sedonadb", 5)],
    )


def _single(ground: Ground, snapshot: Snapshot, grids: int) -> Table:
    ground.say(f"one point in {grids:,} grids")
    villages = snapshot.villages
    shapes = list(_shapes(grids))
    tree = shapely.STRtree(shapes)
    lon, lat = inside(grids, SINGLE)
    points = list(zip(lon.tolist(), lat.tolist(), strict=True))
    found = [villages.find(*point) for point in points]
    spots = [LonLat(WEST - 0.01 - abs(x - WEST) / 10, y) for x, y in points]
    villages.find_nearest(spots[0])
    figures: dict[str, Cell] = {
        _ONE: _micros(lambda: [villages.find(*point) for point in points]),
        _NEAREST: _micros(
            # As an answer is made: looked up first, then the nearest.
            lambda: [(villages.find(at.lon, at.lat), villages.find_nearest(at)) for at in spots]
        ),
        _TREE: _micros(lambda: [tree.query(shapely.Point(*point), predicate="intersects") for point in points]),
    }
    hits = sum(bool(each.items) for each in found)
    note = f"{grids:,} grids, {SINGLE:,} points one after the other, the best of {_ROUNDS}; {hits:,} lie in a grid."
    aims = [Aim(_ONE, _TREE, 1 / 4, at_most=True), Aim(_NEAREST, _ONE, 2, at_most=True)]
    return compared(f"One point from Python, {grids:,} grids", "microseconds a point", note, figures, _TREE, aims)


def best(work: Callable[[], object]) -> float:
    """Seconds, the least of some rounds."""
    took = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return min(took)


def _micros(work: Callable[[], object]) -> float:
    return best(work) / SINGLE * 1e6


def _shapes(grids: int) -> Iterator[shapely.Polygon]:
    for village in winding_villages(*SIZES[grids]):
        yield from village


@contextmanager
def _files(ground: Ground, snapshot: Snapshot, grids: int) -> Iterator[tuple[Path, Path]]:
    """What the peers read."""
    shapes, points = ground.folder / "grids.parquet", ground.folder / "points.parquet"
    codes = snapshot.villages.codes
    pq.write_table(pa.table({"code": codes, "geometry": shapely.to_wkb(list(_shapes(grids))).tolist()}), shapes)
    lon, lat = inside(grids, JOINED)
    pq.write_table(pa.table({"n": np.arange(JOINED), "lon": lon, "lat": lat}), points)
    yield shapes, points
    shapes.unlink()
    points.unlink()


def _joined(name: str, files: tuple[Path, Path]) -> float:
    """Points a second. Raises RuntimeError with the peer's last words."""
    if not PEERS_PYTHON.exists():
        raise RuntimeError("`make bench` has not installed it")
    command = [str(PEERS_PYTHON), peer_joins.__file__, name, *map(str, files), str(JOINED)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    per_second, found = done.stdout.split()
    if int(found) != JOINED:
        raise RuntimeError(f"{name} found {found} of {JOINED} points")
    return float(per_second)


def _by_postgis(ground: Ground, snapshot: Snapshot, grids: int) -> float:
    lon, lat = inside(grids, JOINED)
    with transaction(ground.database.engine) as session:
        _fill(session, snapshot, grids, lon, lat)
        statement = text(
            "SELECT count(*) FROM (SELECT p.n, min(g.code) FROM p JOIN g ON ST_Intersects(g.geometry, p.geometry)"
            " GROUP BY p.n) AS found"
        )
        return JOINED / best(lambda: session.scalar(statement))


def _fill(session: Session, snapshot: Snapshot, grids: int, lon: FloatArray, lat: FloatArray) -> None:
    session.execute(text("CREATE TEMPORARY TABLE g (code text, geometry geometry) ON COMMIT DROP"))
    session.execute(text("CREATE TEMPORARY TABLE p (n integer, geometry geometry) ON COMMIT DROP"))
    insert = text(
        "INSERT INTO g SELECT c, ST_GeomFromWKB(w) FROM unnest(CAST(:c AS text[]), CAST(:w AS bytea[])) AS t (c, w)"
    )
    shapes = shapely.to_wkb(list(_shapes(grids))).tolist()
    session.execute(insert, {"c": snapshot.villages.codes.to_pylist(), "w": shapes})
    insert = text(
        "INSERT INTO p SELECT n, ST_MakePoint(x, y) FROM unnest(CAST(:x AS float8[]), CAST(:y AS float8[]))"
        " WITH ORDINALITY AS t (x, y, n)"
    )
    session.execute(insert, {"x": lon.tolist(), "y": lat.tolist()})
    session.execute(text("CREATE INDEX ON g USING gist (geometry)"))
    session.execute(text("ANALYZE g, p"))
