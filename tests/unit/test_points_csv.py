"""Rows of CSV read and written by compiled loops: numbers to the bit, bytes untouched, however they come in."""

import csv
import doctest
import io
import re

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.errors import InvalidInput
from gridmap.exchange.points import arrow_points, counts, csv_header, csv_kernels, csv_points, json_points
from gridmap.exchange.points.csv_kernels import LOCATED, Layout
from gridmap.exchange.points.csv_points import CsvPoints, _room
from gridmap.geo.crs import Crs
from gridmap.snapshot.build import SegmentSource, build_segments
from gridmap.snapshot.bulk import BulkLocator
from gridmap.snapshot.reader import Segments
from gridmap.snapshot.segment import GridName

CODES = ("623022101200001", "623022101200002")
SHAPES = (shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1))


@pytest.fixture(scope="module")
def locator() -> BulkLocator:
    """Two squares side by side."""
    names = [GridName(code, code, None, "base") for code in CODES]
    table = build_segments([SegmentSource("village", CODES[0][:12], (), list(zip(names, SHAPES, strict=True)))])
    return BulkLocator(Segments([table], [np.ones(1, bool)]), 7, Crs.parse("EPSG:4490"))


def numbers_read(texts: list[str]) -> tuple[list[float], list[int]]:
    data = np.frombuffer("".join(f"{text},0\n" for text in texts).encode(), np.uint8)
    rows = _room(len(texts) + 1)
    read = csv_kernels.read_rows(data, len(data), 1, Layout(ord(","), 2, 0, 1), rows)
    assert read == (len(texts), len(data), csv_kernels.WHOLE)
    return rows.x[: len(texts)].tolist(), rows.kind[: len(texts)].tolist()


decimals = st.one_of(
    st.floats(-180, 180, allow_subnormal=False).map(repr),
    st.floats(-180, 180).map(lambda number: f"{number:.15f}"),
    st.from_regex(r"[+-]?[0-9]{0,19}\.?[0-9]{0,19}", fullmatch=True),
    # Half-way between two doubles, where a number rounded twice would be wrong.
    st.integers(2**52, 2**53 - 1).map(lambda whole: f"{whole}.5"),
    st.integers(2**53, 2**59).map(lambda whole: f"{whole // 10**15}.{whole % 10**15:015d}"),
)


@settings(max_examples=100)
@given(st.lists(decimals, min_size=20, max_size=60))
def test_a_number_that_is_read_is_the_one_that_python_reads(texts: list[str]) -> None:
    for text, number, kind in zip(texts, *numbers_read(texts), strict=True):
        if kind == LOCATED:
            assert repr(number) == repr(float(text)), text


def test_numbers_as_programs_write_them_are_read_without_python() -> None:
    random = np.random.default_rng(3)
    texts = [repr(number) for number in random.uniform(70, 140, 20_000).tolist()]
    numbers, kinds = numbers_read(texts)
    assert numbers == [float(text) for text in texts]
    assert set(kinds) == {LOCATED}


fields = st.one_of(
    st.sampled_from(
        ["0.5", "1.5", " 1 ", '"0.5"', "9", "", "x", "1e0", '"a,b"', '"a\nb"', '"a""b"', "木耳", '"', 'a"']
    ),
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=4),
)
tables = st.tuples(
    st.lists(st.lists(fields, min_size=1, max_size=6), max_size=12),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)


def fed_in_pieces(stream: CsvPoints, data: bytes, sizes: list[int]) -> bytes:
    parts: list[bytes] = []
    begin = 0
    with pytest.MonkeyPatch.context() as patch:
        # So little data would else all be waited for, to tell the encoding by.
        patch.setattr(csv_points, "_SAMPLE", 1)
        while begin < len(data):
            size = sizes[len(parts) % len(sizes)]
            parts.append(b"".join(stream.feed(data[begin : begin + size])))
            begin += size
    return b"".join([*parts, *stream.feed(b"", last=True)])


@settings(max_examples=150)
@given(tables, st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_pieces_of_any_size_make_no_difference_and_no_byte_is_lost(
    locator: BulkLocator, table: tuple[list[list[str]], str, bool], sizes: list[int]
) -> None:
    rows, line_end, closed = table
    text = line_end.join(["id,lon,lat,x", *(",".join(row) for row in rows)]) + (line_end if closed else "")
    data = text.encode()
    stream = CsvPoints(locator)
    try:
        whole = b"".join(CsvPoints(locator).feed(data, last=True))
    except InvalidInput as refused:
        with pytest.raises(InvalidInput, match=re.escape(refused.detail)):
            fed_in_pieces(stream, data, sizes)
        return
    assert fed_in_pieces(stream, data, sizes) == whole
    answers = re.compile(rb",*,(" + CODES[0].encode() + b"|" + CODES[1].encode() + rb"|),(ok|boundary|outside|invalid)")
    assert answers.sub(b"", whole.replace(b",grid_code,grid_status", b"", 1)).replace(b",", b"") == answers.sub(
        b"", data
    ).replace(b",", b"")
    assert stream.counts.rows == len(answers.findall(whole)) - len(answers.findall(data))


def test_rows_are_those_that_pythons_csv_reads(locator: BulkLocator) -> None:
    rows = [[str(n), ["0.5", "1", "1.5", "x"][n % 4], "0.5", ["plain", 'with "quotes"', "two\nlines", "a,b"][n % 4]]
            for n in range(400)]  # fmt: skip
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([["id", "lon", "lat", "name"], *rows])
    told = b"".join(CsvPoints(locator).feed(text.getvalue().encode(), last=True)).decode()
    found = list(csv.reader(io.StringIO(told, newline="")))
    assert [row[:4] for row in found[1:]] == rows
    assert [row[4:] for row in found[1:5]] == [
        [CODES[0], "ok"],
        [CODES[0], "boundary"],
        [CODES[1], "ok"],
        ["", "invalid"],
    ]


def test_a_row_without_an_end_is_refused(locator: BulkLocator, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = CsvPoints(locator)
    stream.feed(b"lon,lat\n")
    with pytest.raises(InvalidInput, match="longer than 16 MiB"):
        for _ in range(20):
            stream.feed(b"x" * (1 << 20))


def test_examples() -> None:
    for module in (arrow_points, counts, csv_header, csv_points, json_points):
        assert doctest.testmod(module).failed == 0


def test_an_arrow_stream_that_breaks_off_is_no_whole_one(locator: BulkLocator) -> None:
    sink = io.BytesIO()
    table = pa.table({"lon": [0.5] * 10, "lat": [0.5] * 10})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    whole = sink.getvalue()
    parts = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    stream = arrow_points.ArrowPoints(locator)
    told = b"".join(part for piece in parts for part in stream.feed(piece)) + b"".join(stream.feed(b"", last=True))
    assert pa.ipc.open_stream(told).read_all()["grid_code"].to_pylist() == [CODES[0]] * 10
    with pytest.raises(InvalidInput, match="breaks off"):
        arrow_points.ArrowPoints(locator).feed(whole[:-40], last=True)
