"""The cell index finds what touches a point, to the bit: against shapely on every point, against fractions on many."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.geo import cell_lookup, predicates
from gridmap.geo.arrays import FloatArray, Polygonal
from gridmap.geo.cell_build import build_cells
from gridmap.geo.cell_lookup import CellLookup, Touching
from gridmap.geo.cells import CellIndex
from tests.exact import place
from tests.shapes import SHAPES, Segments, hard_points

POINTS, SINGLE, BY_FRACTIONS = 200_000, 20_000, 1_000


def by_shapely(segments: Segments, lon: FloatArray, lat: FloatArray) -> list[Touching]:
    polygons = [polygon for segment in segments for polygon in segment]
    points = np.asarray(shapely.points(lon, lat))
    tree = shapely.STRtree(polygons)
    touching: list[list[int]] = [[] for _ in points]
    for point, polygon in zip(*tree.query(points, predicate="intersects").tolist(), strict=True):
        touching[point].append(polygon)
    border = [False] * len(points)
    for point in tree.query(points, predicate="touches")[0].tolist():
        border[point] = True
    return [(tuple(sorted(found)), on) for found, on in zip(touching, border, strict=True)]


def by_fractions(segments: Segments, lon: float, lat: float) -> Touching:
    polygons = [polygon for segment in segments for polygon in segment]
    places = [place(polygon, lon, lat) for polygon in polygons]
    return tuple(at for at, found in enumerate(places) if found != "outside"), "border" in places


def check_single(lookup: CellLookup, lon: FloatArray, lat: FloatArray, expected: list[Touching]) -> None:
    for x, y, right in zip(lon.tolist(), lat.tolist(), expected, strict=False):
        assert lookup.locate(x, y) == right, f"at {x!r}, {y!r}"


def check_many(lookup: CellLookup, lon: FloatArray, lat: FloatArray, expected: list[Touching]) -> None:
    located = lookup.locate_many(lon, lat)
    start, found = lookup.list_many(lon, lat)
    same(located.polygon, [polygons[0] if polygons else -1 for polygons, _ in expected])
    same(located.touching, [len(polygons) for polygons, _ in expected])
    same(located.on_boundary, [border for _, border in expected])
    same(start, [0, *np.cumsum(located.touching).tolist()])
    same(found, [polygon for polygons, _ in expected for polygon in polygons])


def same(found: npt.NDArray[Any], right: list[Any]) -> None:
    """Tells the first place that differs: pytest would compare long lists line by line, for hours where CI is set."""
    assert len(found) == len(right)
    differ = np.flatnonzero(found != np.array(right, found.dtype))
    assert not differ.size, f"{differ.size} differ, first at {differ[0]}: {found[differ[0]]}, not {right[differ[0]]}"


@pytest.mark.parametrize("name", SHAPES)
def test_every_point_is_where_shapely_says(name: str) -> None:
    segments = SHAPES[name]()
    lookup = CellLookup(build_cells(segments))
    lon, lat = hard_points(segments, POINTS)
    expected = by_shapely(segments, lon, lat)
    check_many(lookup, lon, lat, expected)
    # The hard ones stand first.
    check_single(lookup, lon[:SINGLE], lat[:SINGLE], expected)
    check_single(lookup, lon[-SINGLE:], lat[-SINGLE:], expected[-SINGLE:])
    assert sum(border for _, border in expected) > POINTS / 100, "too few points on borders to prove anything"


@pytest.mark.parametrize("name", SHAPES)
def test_hard_points_are_where_fractions_say(name: str) -> None:
    segments = SHAPES[name]()
    lookup = CellLookup(build_cells(segments))
    lon, lat = (numbers[:BY_FRACTIONS] for numbers in hard_points(segments, 10 * BY_FRACTIONS, seed=8))
    expected = [by_fractions(segments, x, y) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)]
    check_single(lookup, lon, lat, expected)
    check_many(lookup, lon, lat, expected)


@pytest.mark.parametrize("lat", [-0.5, 2.5, np.nextafter(-0.5, 0)])
def test_the_smallest_double_beside_a_side_is_not_on_it(lat: float) -> None:
    """GEOS 3.14 says that it is, for its products underflow."""
    segments = SHAPES["scattered"]()
    beside = np.array([-5e-324]), np.array([lat])
    expected = [by_fractions(segments, -5e-324, lat)]
    assert expected == [((1,), False)]
    check_many(CellLookup(build_cells(segments)), *beside, expected)
    check_single(CellLookup(build_cells(segments)), *beside, expected)


def test_just_west_of_nought_is_not_nought() -> None:
    """-1e-20 counted from -8 is 8: a cell, or a tile of the directory, too far to the east."""
    lookup = CellLookup(build_cells([[shapely.box(-8, -8, -1e-20, -1e-20)], [shapely.box(0, 0, 8, 8)]]))
    beside = np.array([-1e-20, -1e-20, 0.0]), np.array([-1.0, -1e-20, 0.0])
    expected: list[Touching] = [((0,), True), ((0,), True), ((1,), True)]
    check_single(lookup, *beside, expected)
    check_many(lookup, *beside, expected)


NARROW = st.integers(0, 6).map(lambda steps: steps / 2)


@st.composite
def small_polygons(draw: st.DrawFn) -> Polygonal:
    """Triangles and boxes with corners on so few numbers that they touch, overlap and fall on cells' sides."""
    corners = st.tuples(NARROW, NARROW)
    shape = shapely.Polygon(draw(st.lists(corners, min_size=3, max_size=5, unique=True)))
    hole = shapely.Polygon(draw(st.lists(corners, min_size=3, max_size=3, unique=True)))
    cut = shape.buffer(0).difference(hole.buffer(0))
    parts = [part for part in shapely.get_parts(cut) if part.geom_type == "Polygon" and part.area > 0]
    return shapely.MultiPolygon(parts) if len(parts) > 1 else parts[0] if parts else shapely.box(0, 0, 1, 1)


@settings(deadline=None)  # the first call compiles
@given(
    st.lists(st.lists(small_polygons(), min_size=1, max_size=12), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(-1, 13), st.integers(-1, 13)), min_size=1, max_size=30),
)
def test_any_polygons_agree_with_fractions(segments: Segments, quarters: list[tuple[int, int]]) -> None:
    lookup = CellLookup(build_cells(segments))
    lon, lat = (np.array(quarters) / 4).T
    expected = [by_fractions(segments, x, y) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)]
    check_single(lookup, lon, lat, expected)
    check_many(lookup, lon, lat, expected)


def test_more_polygons_over_a_place_than_a_block_holds() -> None:
    nested = [shapely.box(-size, -size, size, size) for size in range(1, 60)]
    lookup = CellLookup(build_cells([nested]))
    assert lookup.locate(0.5, 0.5) == (tuple(range(59)), False)
    assert lookup.locate(30.0, 0.0) == (tuple(range(29, 59)), True)
    check_many(lookup, np.array([0.5, 30.0]), np.zeros(2), [lookup.locate(0.5, 0.0), lookup.locate(30.0, 0.0)])


def test_a_shared_line_belongs_to_the_lowest_code_of_either_village() -> None:
    west, east = shapely.box(103.5, 34.5, 103.51, 34.51), shapely.box(103.51, 34.5, 103.52, 34.51)
    assert CellLookup(build_cells([[west], [east]])).locate(103.51, 34.505) == ((0, 1), True)
    assert CellLookup(build_cells([[east], [west]])).locate_many(103.51, 34.505).polygon.tolist() == [0]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), 1e300, -1e300])
def test_what_is_no_place_is_touched_by_nothing(number: float) -> None:
    lookup = CellLookup(build_cells(SHAPES["enclaves"]()))
    assert lookup.locate(number, 1.0) == lookup.locate(1.0, number) == ((), False)
    assert lookup.locate_many([number, 1.0, 1.0], [1.0, number, 1.0]).touching.tolist() == [0, 0, 1]


def test_underflow_is_decided_in_whole_numbers() -> None:
    tiny = 1e-200
    lookup = CellLookup(build_cells([[shapely.Polygon([(0, 0), (1, 1), (0, 1)])]]))
    above = np.nextafter(tiny, 1)
    assert lookup.locate(tiny, tiny) == ((0,), True)
    assert lookup.locate(tiny, above) == ((0,), False)
    check_many(lookup, np.full(3, tiny), np.array([tiny, above, 0.0]), [((0,), True), ((0,), False), ((), False)])


def test_points_come_back_in_their_order_whatever_their_shape() -> None:
    lookup = CellLookup(build_cells(SHAPES["squares"]()))
    lon, lat = np.meshgrid(np.linspace(103, 104.5, 7), np.linspace(-0.75, 0.75, 5))
    forward, backward = lookup.locate_many(lon, lat), lookup.locate_many(lon[::-1, ::-1], lat[::-1, ::-1])
    assert forward.polygon.tolist() == backward.polygon[::-1].tolist()
    assert len(lookup.locate_many([], []).polygon) == 0


def test_a_segment_that_is_replaced_is_no_longer_found() -> None:
    index = build_cells([[shapely.box(0, 0, 1, 1)], [shapely.box(0, 0, 1, 1)]])
    lookup = CellLookup(index, live=np.array([False, True]))
    assert lookup.locate(0.5, 0.5) == ((1,), False)
    assert lookup.locate_many(0.5, 0.5).polygon.tolist() == [1]
    assert CellLookup(index, live=np.zeros(2, bool)).locate_many([0.5], [0.5]).polygon.tolist() == [-1]


def faulty_indexes(index: CellIndex) -> Iterator[tuple[str, CellIndex]]:
    """The index with one thing wrong in it, in turn."""
    records = np.flatnonzero((index.cells > 0) & (index.cells & 1 == 1))
    cell = records[len(records) // 2]
    segment = int(np.searchsorted(index.cell_start, cell, side="right")) - 1
    at = int(index.word_start[segment]) + (int(index.cells[cell]) >> 1)

    def with_word(place: int, flip: int) -> CellIndex:
        words = index.words.copy()
        words[place] ^= flip
        return replace(index, words=words)

    yield "a corner in the wrong polygon", with_word(at, 1 << 5)
    yield "an edge that bounds another polygon", with_word(at + 1 + (int(index.words[at]) & 15), 1)
    cells = index.cells.copy()
    whole = np.flatnonzero((cells >= 0) & (cells & 1 == 0))
    cells[whole[len(whole) // 2]] = -1
    yield "a covered cell told to be empty", replace(index, cells=cells)
    vertices = index.vertices.copy()
    vertices[len(vertices) // 2] += 1e-7
    yield "a vertex moved by a centimetre", replace(index, vertices=vertices)
    yield "a raster shifted by a cell", replace(index, column=index.column + np.eye(index.segments, dtype=int)[0])


@pytest.mark.parametrize("fault", range(5))
def test_a_fault_in_the_arrays_does_not_stay_hidden(fault: int) -> None:
    segments = SHAPES["winding"]()
    lon, lat = hard_points(segments, 60_000)
    expected = by_shapely(segments, lon, lat)
    name, index = list(faulty_indexes(build_cells(segments)))[fault]
    with pytest.raises((AssertionError, IndexError)):
        check_many(CellLookup(index), lon, lat, expected)
        pytest.fail(f"{name} was not seen by the bulk check", pytrace=False)
    with pytest.raises((AssertionError, IndexError)):
        check_single(CellLookup(index), lon, lat, expected)
        pytest.fail(f"{name} was not seen by the single check", pytrace=False)


def rounded_side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    return int(np.sign((bx - ax) * (py - ay) - (by - ay) * (px - ax)))


def careless_side(*line: Any) -> int:
    return predicates.side(*line) or 1


@pytest.mark.parametrize(
    ("shapes", "name", "fault"),
    [("hairlines", "exact_side", rounded_side), ("squares", "nudged_side", careless_side)],
)
def test_a_careless_predicate_does_not_stay_hidden(
    shapes: str, name: str, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    segments = SHAPES[shapes]()
    lon, lat = hard_points(segments, 60_000)
    expected = by_shapely(segments, lon, lat)
    lookup = CellLookup(build_cells(segments))
    check_single(lookup, lon, lat, expected)
    monkeypatch.setattr(cell_lookup, name, fault)
    with pytest.raises(AssertionError):
        check_single(lookup, lon, lat, expected)
