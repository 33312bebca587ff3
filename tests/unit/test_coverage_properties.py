"""Any tessellation, damaged in a known way, is reported in that way: kind, grids, and size against plain areas."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from gridmap.geo.chain import tiles
from gridmap.geo.coverage import CodedPolygon, CoverageOptions, check_coverage
from gridmap.geo.coverage_problems import Kind, Problem
from gridmap.geo.lattice import UNITS_PER_DEGREE, from_units, to_units
from gridmap.geo.measure import metres_per_degree
from tests.tessellations import Tessellation, tessellation

TESSELLATIONS = st.integers(0, 7).map(tessellation)
GRIDS = st.integers(0, 15)
VERTICES = st.integers(0, 500)
MOVES = st.tuples(st.integers(-3000, 3000), st.integers(-3000, 3000)).filter(any)
AREAL = {Kind.GAP, Kind.HOLE, Kind.OVERLAP, Kind.OUTSIDE}
# Slivers and small parts have tests of their own: here only what the damage does to the tiling counts.
LENIENT = CoverageOptions(min_area_m2=0, sliver_width_m=0)


def _exact_m2(polygon: shapely.Polygon) -> float:
    """The area by exact fractions of its lattice coordinates, in metres at its own latitude."""
    units = [(Fraction(int(x)), Fraction(int(y))) for x, y in to_units(shapely.get_coordinates(polygon.exterior))]
    doubled = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(units))
    holes = sum(_exact_m2(shapely.Polygon(ring)) for ring in polygon.interiors)
    return abs(float(doubled / 2)) * _unit_m2(polygon) - holes


def _unit_m2(geometry: BaseGeometry) -> float:
    lon_m, lat_m = metres_per_degree((geometry.bounds[1] + geometry.bounds[3]) / 2)
    return float(lon_m * lat_m) / UNITS_PER_DEGREE**2


def _difference_m2(a: BaseGeometry, b: BaseGeometry) -> float:
    return float(shapely.difference(a, b).area) * UNITS_PER_DEGREE**2 * _unit_m2(a)


def _total(problems: list[Problem], *kinds: Kind) -> float:
    return math.fsum(problem.size for problem in problems if problem.kind in kinds)


def _check(whole: Tessellation, damaged: list[CodedPolygon]) -> list[Problem]:
    assert not tiles([grid.geometry for grid in damaged], whole.outline)
    return check_coverage(damaged, whole.outline, LENIENT)


def _vertices(whole: Tessellation, index: int) -> tuple[np.ndarray, int]:
    units = to_units(shapely.get_coordinates(whole.polygon(index)))[:-1]
    return units, len(units)


def _polygon(units: np.ndarray) -> shapely.Polygon:
    return shapely.Polygon(from_units(units))


def _explains(whole: Tessellation, index: int, damaged: shapely.Polygon, problems: list[Problem]) -> None:
    """Every area is right, as computed from the one grid before and after, and each problem names that grid."""
    before = whole.polygon(index)
    lost, gained = _difference_m2(before, damaged), _difference_m2(damaged, before)
    assert _total(problems, Kind.GAP, Kind.HOLE) == pytest.approx(lost, rel=1e-3, abs=1e-3)
    assert _total(problems, Kind.OVERLAP, Kind.OUTSIDE) == pytest.approx(gained, rel=1e-3, abs=1e-3)
    assert all(whole.grids[index].code in problem.grids for problem in problems if problem.kind in AREAL)


@given(TESSELLATIONS)
def test_whole(whole: Tessellation) -> None:
    assert tiles([grid.geometry for grid in whole.grids], whole.outline)
    assert check_coverage(whole.grids, whole.outline) == []
    assert check_coverage(whole.grids) == []


@given(TESSELLATIONS, GRIDS, VERTICES, MOVES)
def test_a_shifted_vertex(whole: Tessellation, index: int, vertex: int, move: tuple[int, int]) -> None:
    units, count = _vertices(whole, index)
    units[vertex % count] += move
    damaged = _polygon(units)
    assume(damaged.is_valid)
    problems = _check(whole, whole.with_grid(index, damaged))
    assert {problem.kind for problem in problems} & AREAL
    _explains(whole, index, damaged, problems)


@given(TESSELLATIONS, GRIDS, VERTICES)
def test_a_deleted_vertex(whole: Tessellation, index: int, vertex: int) -> None:
    units, count = _vertices(whole, index)
    damaged = _polygon(np.delete(units, vertex % count, axis=0))
    assume(damaged.is_valid)
    problems = _check(whole, whole.with_grid(index, damaged))
    straight = damaged.equals(whole.polygon(index))
    assert {problem.kind for problem in problems} & ({Kind.UNMATCHED_VERTEX} if straight else AREAL)
    _explains(whole, index, damaged, problems)


@given(TESSELLATIONS, GRIDS)
def test_a_duplicate(whole: Tessellation, index: int) -> None:
    copy = CodedPolygon("copy", whole.polygon(index))
    [problem] = _check(whole, [*whole.grids, copy])
    assert (problem.kind, problem.grids) == (Kind.OVERLAP, (whole.grids[index].code, "copy"))
    assert problem.size == pytest.approx(_exact_m2(whole.polygon(index)), rel=1e-4)
    assert check_coverage([*whole.grids, copy], options=LENIENT)[0].grids == problem.grids


@given(TESSELLATIONS, GRIDS)
def test_a_missing_grid(whole: Tessellation, index: int) -> None:
    rest = [grid for grid in whole.grids if grid is not whole.grids[index]]
    [problem] = _check(whole, rest)
    assert (problem.kind, problem.grids) == (Kind.GAP, whole.neighbours(index))
    assert problem.size == pytest.approx(_exact_m2(whole.polygon(index)), rel=1e-4)
    assert shapely.equals_exact(problem.where.normalize(), whole.polygon(index).normalize(), 0)


@given(TESSELLATIONS, GRIDS, st.integers(1, 4000))
def test_a_punched_hole(whole: Tessellation, index: int, side: int) -> None:
    polygon = whole.polygon(index)
    west, south = to_units(shapely.get_coordinates(polygon.representative_point()))[0]
    hole = shapely.box(*from_units([west, south, west + side, south + side]).tolist())
    assume(polygon.contains_properly(hole))
    [problem] = _check(whole, whole.with_grid(index, shapely.Polygon(polygon.exterior, [hole.exterior])))
    assert (problem.kind, problem.grids) == (Kind.HOLE, (whole.grids[index].code,))
    assert problem.size == pytest.approx(_exact_m2(hole), rel=1e-6)


@given(TESSELLATIONS, GRIDS, VERTICES)
def test_a_bow_tie(whole: Tessellation, index: int, vertex: int) -> None:
    units, count = _vertices(whole, index)
    units[[vertex % count, (vertex + 1) % count]] = units[[(vertex + 1) % count, vertex % count]]
    damaged = _polygon(units)
    assume(not damaged.is_valid)
    problems = _check(whole, whole.with_grid(index, damaged))
    assert problems[0].kind == Kind.INVALID_RING
    assert problems[0].grids == (whole.grids[index].code,)
    assert problems[0].where.distance(damaged) < 1e-9
    assert {problem.kind for problem in problems[1:]} & AREAL


@given(TESSELLATIONS, GRIDS, GRIDS)
def test_an_extra_part_in_another_grid(whole: Tessellation, index: int, other: int) -> None:
    assume(index != other)
    west, south = to_units(shapely.get_coordinates(whole.polygon(other).representative_point()))[0]
    extra = shapely.box(*from_units([west, south, west + 900, south + 700]).tolist())
    assume(whole.polygon(other).contains_properly(extra))
    problems = _check(whole, whole.with_grid(index, shapely.MultiPolygon([whole.polygon(index), extra])))
    assert [problem.kind for problem in problems] == [Kind.OVERLAP, Kind.MULTIPART]
    assert problems[0].grids == tuple(sorted([whole.grids[index].code, whole.grids[other].code]))
    assert problems[0].size == pytest.approx(_exact_m2(extra), rel=1e-6)


@given(TESSELLATIONS, GRIDS)
def test_a_part_outside(whole: Tessellation, index: int) -> None:
    west, south = to_units(whole.outline.bounds[:2])
    extra = shapely.box(*from_units([west - 900, south - 700, west - 100, south - 100]).tolist())
    problems = _check(whole, whole.with_grid(index, shapely.MultiPolygon([whole.polygon(index), extra])))
    assert [(p.kind, p.grids) for p in problems] == [
        (Kind.OUTSIDE, (whole.grids[index].code,)),
        (Kind.MULTIPART, (whole.grids[index].code,)),
    ]
    assert problems[0].size == pytest.approx(_exact_m2(extra), rel=1e-6)


@settings(max_examples=25)
@given(TESSELLATIONS, st.data())
def test_many_damages_at_once_leave_no_area_unaccounted(whole: Tessellation, data: st.DataObject) -> None:
    """Area of the grids − overlaps counted once + gaps − outside = area of the outline, where no three overlap."""
    damaged = list(whole.grids)
    for index in range(0, 16, 3):
        units, count = _vertices(whole, index)
        units[data.draw(VERTICES) % count] += data.draw(MOVES)
        polygon = _polygon(units)
        damaged[index] = CodedPolygon(damaged[index].code, polygon if polygon.is_valid else whole.polygon(index))
    shapes = [grid.geometry for grid in damaged]
    problems = check_coverage(damaged, whole.outline, LENIENT)
    union = shapely.union_all(shapes)
    gap, outside = _difference_m2(whole.outline, union), _difference_m2(union, whole.outline)
    assert _total(problems, Kind.GAP, Kind.HOLE) == pytest.approx(gap, rel=1e-2, abs=1e-2)
    assert _total(problems, Kind.OUTSIDE) == pytest.approx(outside, rel=1e-2, abs=1e-2)
    assert (problems == []) == tiles(shapes, whole.outline)
