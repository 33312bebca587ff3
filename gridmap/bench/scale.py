"""What a grid and a point cost, from a county's few hundred grids to more than a province's."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import shapely

from gridmap.bench.ground import Ground
from gridmap.bench.report import Cell, Table
from gridmap.bench.tessellation import SIDE, SOUTH, VILLAGE, WEST, winding_villages
from gridmap.geo.lattice import snap
from gridmap.geo.lonlat import LonLat
from gridmap.snapshot.build import SegmentSource, build_files, build_segments
from gridmap.snapshot.manifest import publish, replace_all
from gridmap.snapshot.reader import Segments, Snapshot
from gridmap.snapshot.segment import GridName

SIZES = {488: (7, 14), 4_000: (20, 40), 100_000: (100, 200), 1_000_000: (400, 500)}
"""About so many grids, and villages of five wide and high."""
_BAND = 20
"""Rows of villages that are drawn at a time."""
_POINTS, _SINGLES = 1_000_000, 2_000
_COLUMNS = (
    "built and written, s", "most memory, GB", "on disk, MB", "bytes a grid", "opened, ms", "a village anew, ms",
    "million points/s", "one point, µs", "one outside, µs",
)  # fmt: skip


def measure(ground: Ground) -> Sequence[Table]:
    """A row for each size, each built in a process of its own, so that its memory is its own."""
    rows: list[Sequence[Cell]] = []
    for grids in SIZES:
        ground.say(f"building {grids:,} grids")
        folder = ground.folder / f"scale-{grids}"
        command = [sys.executable, "-m", "gridmap.bench.scale", str(folder), str(grids)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append([f"{grids:,} grids", *map(float, done.stdout.split())])
    note = (
        "Winding grids of 73 vertices, five to a village; points in random order all over them, best of three. A"
        " village anew: its segment built, written and published, the snapshot opened anew and a point looked up."
    )
    return [Table("Cost by the number of grids", note, _COLUMNS, rows)]


def build_and_measure(folder: Path, grids: int) -> list[float]:
    """The figures of a size, in the order of the columns."""
    wide, high = SIZES[grids]
    started = time.perf_counter()
    manifest = replace_all(folder, 1, build_files(_sources(wide, high)))
    built_s = time.perf_counter() - started
    memory_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    size = sum(entry.size for entry in manifest.files)
    started = time.perf_counter()
    villages = Snapshot.open(folder).villages
    opened_ms = 1e3 * (time.perf_counter() - started)
    random = np.random.default_rng(3)
    lon = random.uniform(WEST + SIDE, WEST + (wide * VILLAGE - 1) * SIDE, _POINTS)
    lat = random.uniform(SOUTH + SIDE, SOUTH + (high - 1) * SIDE, _POINTS)
    villages.place_many(lon[:1000], lat[:1000])
    many_s = min(_took(lambda: villages.place_many(lon, lat)) for _ in range(3))
    some = list(zip(lon[:_SINGLES].tolist(), lat[:_SINGLES].tolist(), strict=True))
    one_s = min(_took(lambda: [villages.find(*point) for point in some]) for _ in range(3)) / _SINGLES
    outside_s = min(_took(lambda: _nearest(villages, some)) for _ in range(3)) / _SINGLES
    anew_s = min(_took(partial(_publish_one, folder, wide, version)) for version in (2, 3, 4))
    count = wide * high * VILLAGE
    return [
        built_s, memory_gb, size / 1e6, size / count, opened_ms, 1e3 * anew_s,
        _POINTS / 1e6 / many_s, 1e6 * one_s, 1e6 * outside_s,
    ]  # fmt: skip


def _publish_one(folder: Path, wide: int, version: int) -> None:
    """The first village again, as a publish writes it and a server takes it."""
    one = next(_sources(wide, 1))
    publish(folder, version, [build_segments([one])])
    spot = one.shapes[0][1].representative_point()
    if not Snapshot.open(folder).villages.find(spot.x, spot.y).items:
        raise RuntimeError("the village is not found again")


def _nearest(villages: Segments, some: Sequence[tuple[float, float]]) -> None:
    for _, lat in some:
        villages.find_nearest(LonLat(WEST - 0.02, lat))


def _took(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _sources(wide: int, high: int) -> Iterator[SegmentSource]:
    """Bands of villages from south to north, each drawn when it is wanted: a million grids drawn fill no memory."""
    for row in range(0, high, _BAND):
        north = translated(row * SIDE)
        for n, shapes in enumerate(winding_villages(wide, min(_BAND, high - row), seed=row)):
            code = f"{900000000000 + row * wide + n}"
            names = (f"{code}{at + 1:03d}" for at in range(len(shapes)))
            yield SegmentSource(
                "village",
                code,
                (),
                [(GridName(c, c, None, "base"), north(s)) for c, s in zip(names, shapes, strict=True)],
            )


def translated(degrees: float) -> Callable[[shapely.Polygon], shapely.Polygon]:
    """Moves shapes north, back onto the lattice."""
    return lambda shape: shapely.transform(shape, lambda points: snap(points + np.array([0.0, degrees])))


if __name__ == "__main__":
    print(*build_and_measure(Path(sys.argv[1]), int(sys.argv[2])))  # noqa: T201 - for whoever started this process
