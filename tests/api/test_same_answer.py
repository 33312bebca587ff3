"""One point, one answer: single, JSON, CSV, Arrow, a file and SQL, against shapely, for 200,000 points and more."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.exchange.points.arrow_points import ArrowPoints
from gridmap.exchange.points.csv_points import CsvPoints
from gridmap.exchange.points.files import locate_file
from gridmap.exchange.points.json_points import JsonPoints
from gridmap.geo.arrays import BoolArray, FloatArray, IntArray, ShapeArray
from gridmap.geo.crs import Crs
from gridmap.snapshot.bulk import BulkLocator
from gridmap.snapshot.reader import Segments, Snapshot
from tests.shapes import SHAPES, hard_points
from tests.shapes import Segments as Shapes
from tests.snapshots import exported

COUNTS = {"squares": 40_000, "winding": 60_000, "enclaves": 40_000, "scattered": 30_000, "diamonds": 30_000}
SINGLES = 2_000
LAST_BIT_DEG = 1e-13
INSERT = text("""
    INSERT INTO point SELECT n - 1, ST_MakePoint(x, y)
    FROM unnest(CAST(:x AS float8[]), CAST(:y AS float8[])) WITH ORDINALITY AS given (x, y, n)
""")
JOIN = text("""
    SELECT point.n, min(shape.code) AS code, bool_or(ST_Intersects(ST_Boundary(shape.geometry), point.geometry))
    FROM point JOIN shape ON ST_Intersects(shape.geometry, point.geometry) GROUP BY point.n
""")

Answers = tuple[list[str | None], list[str]]
"""Codes and statuses."""


@pytest.fixture(scope="module", params=list(COUNTS))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shapes, Path, int]:
    """Shapes, the snapshot of them, and how many points are asked for."""
    shapes = SHAPES[request.param]()
    return shapes, exported(tmp_path_factory.mktemp("snapshot"), shapes), COUNTS[request.param]


def spots(lon: FloatArray, lat: FloatArray) -> ShapeArray:
    return np.asarray(shapely.points(lon, lat), object)


def by_shapely(codes: list[str], shapes: Sequence[shapely.Geometry], lon: FloatArray, lat: FloatArray) -> Answers:
    points = spots(lon, lat)
    at, shape = shapely.STRtree(shapes).query(points, predicate="intersects")
    on_border = shapely.intersects(shapely.boundary(np.array(shapes, object)[shape]), points[at])
    return _gathered(len(lon), at, np.array(codes, object)[shape], on_border)


def by_postgis(session: Session, codes: list[str], shapes: Sequence[shapely.Geometry], lon: FloatArray, lat: FloatArray
               ) -> Answers:  # fmt: skip
    session.execute(text("CREATE TEMPORARY TABLE shape (code text, geometry geometry) ON COMMIT DROP"))
    session.execute(text("CREATE TEMPORARY TABLE point (n integer, geometry geometry) ON COMMIT DROP"))
    rows = [
        {"code": code, "wkb": wkb}
        for code, wkb in zip(codes, shapely.to_wkb(np.array(shapes, object)).tolist(), strict=True)
    ]
    session.execute(text("INSERT INTO shape VALUES (:code, ST_GeomFromWKB(:wkb))"), rows)
    insert = (
        "INSERT INTO point SELECT n - 1, ST_MakePoint(x, y) FROM unnest(CAST(:x AS float8[]), CAST(:y AS float8[]))"
    )
    session.execute(text(f"{insert} WITH ORDINALITY AS given (x, y, n)"), {"x": lon.tolist(), "y": lat.tolist()})
    session.execute(text("CREATE INDEX ON point USING gist (geometry)"))
    session.execute(text("ANALYZE shape, point"))
    found = session.execute(JOIN).all()
    told: Answers = ([None] * len(lon), ["outside"] * len(lon))
    for n, code, on_border in found:
        told[0][n], told[1][n] = code, "boundary" if on_border else "ok"
    return told


def _gathered(count: int, at: IntArray, codes: ShapeArray, border: BoolArray) -> Answers:
    told: Answers = ([None] * count, ["outside"] * count)
    for n, code, on_border in zip(at.tolist(), codes.tolist(), border.tolist(), strict=True):
        before = told[0][n]
        told[0][n] = code if before is None else min(before, code)
        if told[1][n] != "boundary":
            told[1][n] = "boundary" if on_border else "ok"
    return told


def by_json(locator: BulkLocator, lon: FloatArray, lat: FloatArray) -> Answers:
    body = {"points": np.column_stack([lon, lat]).tolist()}
    (told,) = JsonPoints(locator).feed(_as_json(body), last=True)
    answer = json.loads(bytes(told))
    return answer["codes"], answer["status"]


def _as_json(body: object) -> bytes:
    return json.dumps(body).encode()


def csv_of(lon: FloatArray, lat: FloatArray) -> bytes:
    return ("lon,lat\n" + "".join(f"{x!r},{y!r}\n" for x, y in zip(lon.tolist(), lat.tolist(), strict=True))).encode()


def by_csv(told: bytes) -> Answers:
    table = pa_csv.read_csv(
        io.BytesIO(told),
        convert_options=pa_csv.ConvertOptions(
            column_types={"grid_code": pa.string()}, strings_can_be_null=True, null_values=[""]
        ),
    )
    return table["grid_code"].to_pylist(), table["grid_status"].to_pylist()


def by_arrow(locator: BulkLocator, lon: FloatArray, lat: FloatArray) -> Answers:
    sink = io.BytesIO()
    table = pa.table({"lon": lon, "lat": lat})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=10_000)
    told = pa.ipc.open_stream(b"".join(ArrowPoints(locator).feed(sink.getvalue(), last=True))).read_all()
    return told["grid_code"].to_pylist(), told["grid_status"].to_pylist()


def by_single(segments: Segments, lon: FloatArray, lat: FloatArray) -> Answers:
    found = [segments.find(x, y) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)]
    codes = [each.items[0].code if each.items else None for each in found]
    return codes, ["outside" if not f.items else "boundary" if f.on_boundary else "ok" for f in found]


def assert_same(told: Answers, expected: Answers, points: tuple[FloatArray, FloatArray], who: str) -> None:
    wrong = [n for n in range(len(expected[0])) if (told[0][n], told[1][n]) != (expected[0][n], expected[1][n])]
    if wrong:
        n = wrong[0]
        place = f"{points[0][n]!r},{points[1][n]!r}"
        said, right = (told[0][n], told[1][n]), (expected[0][n], expected[1][n])
        pytest.fail(f"{who}: {len(wrong)} points differ, first {place}: {said}, not {right}", pytrace=False)


def test_every_way_of_asking_gives_the_same_answer(
    case: tuple[Shapes, Path, int], session: Session, tmp_path: Path
) -> None:
    segments, file, count = case
    lon, lat = hard_points(segments, count)
    # Only what is a place on earth is asked for; what is not has its own test.
    lat = np.clip(lat, -90, 90)
    snapshot = Snapshot.open_file(file)
    locator = BulkLocator(snapshot.villages, snapshot.version, Crs.parse("EPSG:4490"))
    shapes = [shape for village in segments for shape in village]
    codes = sorted(snapshot.villages.codes.to_pylist())
    expected = by_shapely(codes, shapes, lon, lat)
    assert {"ok", "boundary", "outside"} == set(expected[1])
    points = (lon, lat)
    assert_same(by_json(locator, lon, lat), expected, points, "JSON")
    assert_same(by_csv(b"".join(CsvPoints(locator).feed(csv_of(lon, lat), last=True))), expected, points, "CSV")
    assert_same(by_arrow(locator, lon, lat), expected, points, "Arrow")
    few = slice(0, SINGLES)
    first = (expected[0][few], expected[1][few])
    assert_same(by_single(snapshot.villages, lon[few], lat[few]), first, points, "single")
    (tmp_path / "in.csv").write_bytes(csv_of(lon, lat))
    locate_file(tmp_path / "in.csv", tmp_path / "out.csv", locator, x="lon", y="lat")
    assert_same(by_csv((tmp_path / "out.csv").read_bytes()), expected, points, "file")
    told = by_postgis(session, codes, shapes, lon, lat)
    # PostGIS 3.3 decides by a rounded product: beside a line, not on it, it may err by the last bit of a double.
    beside = shapely.distance(shapely.union_all(shapely.boundary(np.array(shapes, object))), shapely.points(lon, lat))
    on_line = np.array(expected[1]) == "boundary"
    sure = np.flatnonzero(on_line | (beside > LAST_BIT_DEG)).tolist()
    assert len(sure) > 0.9 * count
    told, expected = (([each[0][n] for n in sure], [each[1][n] for n in sure]) for each in (told, expected))
    assert_same(told, expected, (lon[sure], lat[sure]), "PostGIS")


def test_in_a_layer_all_that_touch_are_told(tmp_path: Path) -> None:
    segments = [[shape for village in SHAPES["overlapping"]() for shape in village]]
    snapshot = Snapshot.open_file(exported(tmp_path, segments))
    lon, lat = hard_points(segments, 30_000)
    codes = snapshot.villages.codes.to_pylist()
    shapes = np.array(segments[0], object)
    at, shape = shapely.STRtree(shapes).query(shapely.points(lon, lat), predicate="intersects")
    touching: list[list[str]] = [[] for _ in range(len(lon))]
    for n, place in sorted(zip(at.tolist(), shape.tolist(), strict=True)):
        touching[n].append(codes[place])
    border = np.zeros(len(lon), bool)
    np.logical_or.at(border, at, shapely.intersects(shapely.boundary(shapes)[shape], spots(lon, lat)[at]))
    expected = [
        "outside" if not found else "boundary" if edge else "overlap" if len(found) > 1 else "ok"
        for found, edge in zip(touching, border.tolist(), strict=True)
    ]
    assert {"ok", "overlap", "boundary", "outside"} == set(expected)
    locator = BulkLocator(snapshot.villages, 1, Crs.parse("EPSG:4490"), in_layer=True)
    body = _as_json({"points": np.column_stack([lon, lat]).tolist()})
    answer = json.loads(bytes(JsonPoints(locator).feed(body, last=True)[0]))
    assert answer["grid_codes"] == touching
    assert answer["status"] == expected
    assert answer["codes"] == [found[0] if found else None for found in touching]
    told = b"".join(CsvPoints(locator).feed(csv_of(lon, lat), last=True)).decode().splitlines()[1:]
    assert [row.split(",")[2:] for row in told] == [
        [found[0] if found else "", status, ";".join(found)] for found, status in zip(touching, expected, strict=True)
    ]
