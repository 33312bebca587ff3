"""The coverage check on maps of squares: each kind of problem by itself, down to one cell of the lattice."""

import math

import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.errors import InvalidInput
from gridmap.geo.chain import tiles
from gridmap.geo.coverage import CodedPolygon, CoverageOptions, check_coverage
from gridmap.geo.coverage_problems import WARNINGS, Kind, Problem
from gridmap.geo.lattice import STEP_DEG
from gridmap.geo.measure import area_m2
from tests.maps import areas, at, cell, coded, outline

CELL_M2 = area_m2(cell(0, 0))
UNIT_M2 = CELL_M2 / 10_000**2


def _polygon(geometry: BaseGeometry) -> shapely.Polygon:
    assert isinstance(geometry, shapely.Polygon)
    return geometry


def _found(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.kind.value, "".join(problem.grids)) for problem in problems]


def test_a_coverage_is_well_with_its_outline_and_without() -> None:
    grids = coded("""
        AAB
        ACB
        """)
    assert check_coverage(grids, outline("AAB\nACB")) == []
    assert check_coverage(grids) == []
    assert check_coverage([]) == []


def test_what_is_stored_as_a_multi_polygon_is_checked_like_any_other() -> None:
    def multi(shape: shapely.Polygon | shapely.MultiPolygon) -> shapely.MultiPolygon:
        return shapely.MultiPolygon(list(shapely.get_parts(shape)))

    whole = multi(outline("AAB\nACB"))
    for drawn, found in (("AAB\nACB", []), ("AAB\nA.B", [("gap", "AB")]), ("A..\nACB", [("gap", "ABC"), ("gap", "A")])):
        stored = [CodedPolygon(grid.code, multi(grid.geometry)) for grid in coded(drawn)]
        told = [(kind, who) for kind, who in _found(check_coverage(stored, whole)) if kind != "unmatched_vertex"]
        assert told == _found(check_coverage(coded(drawn), outline("AAB\nACB"))), drawn
        assert (told == []) == tiles([grid.geometry for grid in stored], whole) == (found == [])


@pytest.mark.parametrize(
    ("drawn", "found"),
    [
        ("AAB\nA.B", [("gap", "AB")]),
        ("AAB\nACB\nDDD", [("outside", "D")]),
        ("AA.\nA..", [("gap", "A")]),
        ("...\n...", [("gap", "")]),
    ],
)
def test_against_the_outline(drawn: str, found: list[tuple[str, str]]) -> None:
    asked = outline("AAB\nACB\n...") if "D" in drawn else outline("AAB\nACB")
    grids = coded(drawn)
    assert _found(check_coverage(grids, asked)) == found
    assert not tiles([grid.geometry for grid in grids], asked)


def test_a_hole_is_inside_one_grid_and_a_gap_between_several() -> None:
    whole = outline("AAA\nAAA\nAAA")
    [hole] = check_coverage(coded("AAA\nA.A\nAAA"), whole)
    [gap] = check_coverage(coded("AAA\nA.B\nAAB"), whole)
    assert (hole.kind, hole.grids) == (Kind.HOLE, ("A",))
    assert hole.size == pytest.approx(CELL_M2, rel=1e-4)
    assert (gap.kind, gap.grids) == (Kind.GAP, ("A", "B"))
    assert hole.where.equals(cell(1, 1))


def test_without_an_outline_what_is_enclosed_is_still_found() -> None:
    assert _found(check_coverage(coded("AAA\nA.A\nAAA"))) == [("hole", "A")]
    assert _found(check_coverage(coded("AAA\nA.B\nAAB"))) == [("gap", "AB")]


def test_an_overlap_names_both_and_its_area() -> None:
    grids = [*coded("AAB\nAAB"), CodedPolygon("C", cell(1, 0)), CodedPolygon("D", cell(1, 0))]
    problems = check_coverage(grids, outline("AAB\nAAB"))
    assert _found(problems) == [("overlap", "AC"), ("overlap", "AD"), ("overlap", "CD")]
    assert [problem.size for problem in problems] == pytest.approx([CELL_M2] * 3, rel=1e-4)
    assert problems[0].where.equals(cell(1, 0))


def test_a_second_layer_is_found_in_its_middle_too() -> None:
    # The edges of the small grids in the middle all cancel among themselves; only areas show that they are too many.
    lower = coded("AAAAA\nAAAAA\nAAAAA\nAAAAA\nAAAAA")
    upper = coded("BCDEF\nGHIJK\nLMNOP\nQRSTU\nVWXYZ")
    problems = check_coverage([*lower, *upper], lower[0].geometry)
    assert _found(problems) == [("overlap", "A" + grid.code) for grid in upper]


@pytest.mark.parametrize(
    ("corners", "cells"), [([(0, 0), (1, 0), (1, 1), (0, 1)], 1.0), ([(0, 0), (1, 0), (0, 1)], 0.5)]
)
def test_a_gap_and_an_overlap_of_one_lattice_cell(corners: list[tuple[int, int]], cells: float) -> None:
    west, east = areas("AB").values()
    tiny = shapely.Polygon([at(1 + x / 10_000, 0.5 + y / 10_000) for x, y in corners])
    bitten, grown = CodedPolygon("B", _polygon(east - tiny)), CodedPolygon("A", _polygon(west | tiny))
    [gap] = check_coverage([CodedPolygon("A", west), bitten], outline("AB"))
    [overlap] = check_coverage([grown, CodedPolygon("B", east)], outline("AB"))
    assert (gap.kind, overlap.kind) == (Kind.GAP, Kind.OVERLAP)
    assert [gap.size, overlap.size] == pytest.approx([cells * UNIT_M2] * 2, rel=1e-3)
    assert check_coverage([grown, bitten], outline("AB")) == []


def test_the_gap_that_gap_width_misses() -> None:
    # GEOS #1251: wide between matched vertices; every edge is matched, so GEOS calls it a valid coverage.
    west = shapely.Polygon([at(0, 0), at(1, 0), at(1, 0.3), at(1, 0.7), at(1, 1), at(0, 1)])
    east = shapely.Polygon([at(1, 0), at(2, 0), at(2, 1), at(1, 1), at(1, 0.7), at(1.1, 0.5), at(1, 0.3)])
    grids = [CodedPolygon("A", west), CodedPolygon("B", east)]
    assert shapely.coverage_is_valid([west, east], gap_width=STEP_DEG * 100)
    assert _found(check_coverage(grids)) == [("gap", "AB")]
    assert _found(check_coverage(grids, outline("AB"))) == [("gap", "AB")]


def test_a_vertex_that_the_neighbour_lacks_is_a_warning() -> None:
    tall = CodedPolygon("A", shapely.box(*at(0, 0), *at(1, 2)))
    grids = [tall, *coded(".B\n.C")]
    problems = check_coverage(grids, outline("AB\nAC"))
    # Half-way up, to the east B and C have a vertex; to the west the outline, drawn of cells, has one.
    assert _found(problems) == [("unmatched_vertex", who) for who in ("A", "ABC")]
    assert {problem.severity for problem in problems} == {"warning"}
    assert problems[1].where.distance(shapely.Point(at(1, 1))) == 0
    assert not tiles([grid.geometry for grid in grids], outline("AB\nAC"))


def test_a_vertex_that_the_outline_lacks() -> None:
    plain = shapely.box(*at(0, 0), *at(2, 1))
    problems = check_coverage(coded("AB"), plain)
    assert {problem.kind for problem in problems} == {Kind.UNMATCHED_VERTEX}
    assert all(problem.severity == "warning" for problem in problems)


def test_borders_side_by_side_without_an_outline() -> None:
    lon, lat = at(1, 0)
    apart = CodedPolygon("B", shapely.box(lon + 5 * STEP_DEG, lat, *at(2, 1)))
    problems = check_coverage([*coded("A"), apart])
    assert {problem.kind for problem in problems} == {Kind.UNMATCHED_EDGE}
    assert {problem.grids for problem in problems} == {("A",), ("B",)}
    assert all(problem.unit == "m" and problem.size > 100 for problem in problems)


def test_a_bow_tie_is_named_and_the_rest_is_checked() -> None:
    tie = shapely.Polygon([at(0, 0), at(1, 1), at(1, 0), at(0, 1)])
    problems = check_coverage([CodedPolygon("A", tie), *coded(".B"), *coded("..C")], outline("ABC"))
    assert problems[0].kind == Kind.INVALID_RING
    assert problems[0].where.distance(shapely.Point(at(0.5, 0.5))) < 1e-9
    assert math.fsum(p.size for p in problems if p.kind == Kind.GAP) == pytest.approx(CELL_M2 / 2, rel=1e-4)


def test_parts_slivers_and_small_ones() -> None:
    lon, lat = at(3, 0)
    sliver = shapely.box(lon, lat, lon + 50 * STEP_DEG, lat + 0.001)
    crumb = shapely.box(lon + 0.001, lat, lon + 0.00105, lat + 0.00005)
    grids = [*coded("AB"), CodedPolygon("C", shapely.MultiPolygon([cell(2, 1), sliver, crumb]))]
    problems = check_coverage(grids)
    assert _found(problems) == [("sliver", "C"), ("multipart", "C"), ("small", "C")]
    assert [problem.severity for problem in problems] == ["error", "warning", "warning"]
    assert problems[0].size == pytest.approx(50 * 10_000 * UNIT_M2, rel=1e-3)
    generous = CoverageOptions(min_area_m2=1, sliver_width_m=0.1)
    assert _found(check_coverage(grids, options=generous)) == [("multipart", "C")]


def test_empty_and_off_the_lattice() -> None:
    drifted = shapely.transform(cell(0, 0), lambda xy: xy + 3e-9)
    problems = check_coverage([CodedPolygon("A", drifted), CodedPolygon("B", shapely.Polygon())])
    assert _found(problems) == [("empty", "B"), ("off_lattice", "A")]


def test_an_outline_that_is_no_area_is_refused() -> None:
    with pytest.raises(InvalidInput, match="outline is not valid"):
        check_coverage(coded("AB"), shapely.Polygon([at(0, 0), at(1, 1), at(1, 0), at(0, 1)]))


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_its_sentences(kind: Kind) -> None:
    problem = Problem(kind, ("620000000000001", "620000000000002"), shapely.Point(), 1234.5, "m2", detail="3")
    assert "620000000000001、620000000000002" in problem.message
    assert "620000000000001, 620000000000002" in problem.message_en
    assert "{" not in problem.message + problem.message_en
    assert problem.severity == ("warning" if kind in WARNINGS else "error")


def test_a_village_without_grids_is_empty_inside() -> None:
    (gap,) = check_coverage([], shapely.box(103, 34, 103.01, 34.01))
    assert gap.message == "边界内有 1.02 km² 空白，不属于任何网格。"
    assert gap.message_en == "Inside the outline 1.02 km² belong to no grid."


@pytest.mark.parametrize(
    ("kind", "size", "words"),
    [
        (Kind.GAP, 1.4e-6, "A 旁有 小于 1 cm² 空白"),
        (Kind.GAP, 5e-4, "5 cm²"),
        (Kind.GAP, 0.25, "0.25 m²"),
        (Kind.GAP, 10187.9, "10,188 m²"),
        (Kind.GAP, 2.5e6, "2.50 km²"),
        (Kind.UNMATCHED_EDGE, 2e-4, "小于 1 mm"),
        (Kind.UNMATCHED_EDGE, 12.34, "12.3 m"),
        (Kind.UNMATCHED_EDGE, 12_340, "12.34 km"),
    ],
)
def test_sizes_read_well(kind: Kind, size: float, words: str) -> None:
    assert words in Problem(kind, ("A",), shapely.Point(), size, "m2" if kind == Kind.GAP else "m").message
