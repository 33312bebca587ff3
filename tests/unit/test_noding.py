"""The proposed repair: what little it changes, what it leaves to people, and that it says so."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gridmap.errors import InvalidInput
from gridmap.geo.arrays import Polygonal
from gridmap.geo.chain import tiles
from gridmap.geo.coverage import CodedPolygon, CoverageOptions, check_coverage
from gridmap.geo.coverage_problems import Kind
from gridmap.geo.lattice import from_units, on_lattice, to_units
from gridmap.geo.measure import area_m2, length_m
from gridmap.geo.noding import Repair, RepairOptions, propose_noding
from tests.maps import areas, at, cell, coded, outline
from tests.tessellations import Tessellation, tessellation

# Bends of well under a metre: what a surveyor's two drawings of one border differ by.
FINE = st.integers(0, 7).map(lambda seed: tessellation(seed, bends=12, sway=0.001))
GRIDS = st.integers(0, 15)
VERTICES = st.integers(0, 500)
METRE = RepairOptions(tolerance_m=1.0)


def _same(a: Polygonal, b: Polygonal) -> bool:
    return bool(shapely.equals_identical(a.normalize(), b.normalize()))


def _assert_little_changed(repair: Repair, given: list[CodedPolygon], whole: Tessellation) -> None:
    """No grid is off the area it was given with, nor off its true one, by more than 1 m² per 100 m of its border."""
    for repaired, damaged, true in zip(repair.grids, given, whole.grids, strict=True):
        limit = length_m(true.geometry) / 100
        assert area_m2(repaired.geometry) == pytest.approx(area_m2(true.geometry), abs=limit)
        assert area_m2(repaired.geometry) == pytest.approx(area_m2(damaged.geometry), abs=limit)


def _assert_tiles(repair: Repair) -> None:
    assert repair.outline is not None
    assert repair.tiles
    assert tiles([grid.geometry for grid in repair.grids], repair.outline)
    assert [problem for problem in repair.left if problem.severity == "error"] == []
    assert all(on_lattice(grid.geometry) for grid in repair.grids)


def _assert_effects_are_told(repair: Repair, given: list[CodedPolygon]) -> None:
    changed = {old.code for old, new in zip(given, repair.grids, strict=True) if not _same(old.geometry, new.geometry)}
    assert {effect.code for effect in repair.effects} == changed
    assert all(effect.moved_max_m <= 1.5 for effect in repair.effects)


def test_what_is_well_is_not_touched() -> None:
    whole = tessellation(1)
    repair = propose_noding(whole.grids, whole.outline)
    assert all(new.geometry is old.geometry for new, old in zip(repair.grids, whole.grids, strict=True))
    assert (repair.outline, repair.effects, repair.refused, repair.left) == (whole.outline, (), (), ())
    assert repair.tiles


@settings(max_examples=40)
@given(FINE, GRIDS, VERTICES, st.tuples(st.integers(-35, 35), st.integers(-35, 35)).filter(any))
def test_a_vertex_shifted_by_less_than_the_tolerance(
    whole: Tessellation, index: int, vertex: int, move: tuple[int, int]
) -> None:
    units = to_units(shapely.get_coordinates(whole.polygon(index)))[:-1]
    units[vertex % len(units)] += move
    damaged = whole.with_grid(index, shapely.Polygon(from_units(units)))
    assume(damaged[index].geometry.is_valid)
    repair = propose_noding(damaged, whole.outline)
    _assert_tiles(repair)
    _assert_little_changed(repair, damaged, whole)
    _assert_effects_are_told(repair, damaged)


@settings(max_examples=40)
@given(FINE, GRIDS, VERTICES)
def test_a_vertex_deleted_from_a_slight_bend_comes_back(whole: Tessellation, index: int, vertex: int) -> None:
    units = to_units(shapely.get_coordinates(whole.polygon(index)))[:-1]
    gone = shapely.Polygon(from_units(np.delete(units, vertex % len(units), axis=0)))
    lost = shapely.Point(from_units(units[vertex % len(units)]))
    assume(gone.is_valid and gone.exterior.distance(lost) < 0.8 / 111_000)
    repair = propose_noding(whole.with_grid(index, gone), whole.outline, METRE)
    _assert_tiles(repair)
    assert all(_same(new.geometry, old.geometry) for new, old in zip(repair.grids, whole.grids, strict=True))
    assert [(effect.code, effect.vertices_added) for effect in repair.effects] == [(whole.grids[index].code, 1)]


@settings(max_examples=40)
@given(FINE, st.integers(0, 2**32))
def test_every_vertex_of_every_grid_off_by_centimetres(whole: Tessellation, seed: int) -> None:
    noise = np.random.default_rng(seed)
    damaged = [
        CodedPolygon(
            g.code, shapely.transform(g.geometry, lambda xy: _closed(xy + noise.uniform(-2e-7, 2e-7, xy.shape)))
        )
        for g in whole.grids
    ]
    assume(all(grid.geometry.is_valid for grid in damaged))
    repair = propose_noding(damaged, whole.outline)
    _assert_tiles(repair)
    _assert_little_changed(repair, damaged, whole)
    _assert_effects_are_told(repair, damaged)


def _closed(xy: np.ndarray) -> np.ndarray:
    return np.vstack([xy[:-1], xy[:1]])


@given(FINE)
def test_numbers_of_fifteen_digits_are_only_rounded(whole: Tessellation) -> None:
    drifted = [CodedPolygon(g.code, shapely.transform(g.geometry, lambda xy: xy + 3e-9)) for g in whole.grids]
    assert {problem.kind for problem in check_coverage(drifted, whole.outline)} >= {Kind.OFF_LATTICE}
    repair = propose_noding(drifted, whole.outline)
    _assert_tiles(repair)
    assert all(_same(new.geometry, old.geometry) for new, old in zip(repair.grids, whole.grids, strict=True))


@settings(max_examples=40)
@given(FINE, GRIDS, st.sampled_from(["missing", "hole", "copy", "outside"]))
def test_what_is_wide_is_left_and_listed(whole: Tessellation, index: int, damage: str) -> None:
    grids, own = list(whole.grids), whole.polygon(index)
    big = own.representative_point().buffer(0.0003, quad_segs=2)
    west, south, _, _ = whole.outline.bounds
    far = shapely.box(west - 0.001, south - 0.001, west - 0.0005, south - 0.0005)
    if damage == "missing":
        del grids[index]
    elif damage == "hole":
        grids[index] = CodedPolygon(grids[index].code, shapely.Polygon(own.exterior, [_snapped(big).exterior]))
    elif damage == "copy":
        grids.append(CodedPolygon("copy", own))
    else:
        grids[index] = CodedPolygon(grids[index].code, shapely.MultiPolygon([own, _snapped(far)]))
    repair = propose_noding(grids, whole.outline)
    assert not repair.tiles
    assert repair.effects == ()
    assert [(p.kind, p.grids, p.size) for p in repair.left] == [(p.kind, p.grids, p.size) for p in repair.before]


def _snapped(polygon: shapely.Polygon) -> shapely.Polygon:
    return shapely.Polygon(from_units(to_units(shapely.get_coordinates(polygon))))


def test_a_bow_tie_is_refused_and_its_neighbours_are_still_repaired() -> None:
    tie = shapely.Polygon([at(0, 0), at(1, 1), at(1, 0), at(0, 1)])
    tall = CodedPolygon("D", shapely.box(*at(3, 0), *at(4, 1)))
    east = np.array([[0, 0], [0, 0], [1e-6, 0], [1e-6, 0], [0, 0]])
    shifted = shapely.transform(cell(2, 0), lambda xy: xy + east)
    grids = [CodedPolygon("A", tie), *coded(".B"), CodedPolygon("C", shifted), tall]
    repair = propose_noding(grids, outline("ABCD"))
    assert [(refusal.code, refusal.reason) for refusal in repair.refused] == [("A", "invalid_ring")]
    assert repair.grids[0].geometry is tie
    assert {problem.grids for problem in repair.left if problem.kind == Kind.INVALID_RING} == {("A",)}
    assert not any({"C", "D"} & set(problem.grids) for problem in repair.left)


def test_a_narrow_gap_and_a_narrow_overlap_are_closed() -> None:
    for drift in (-30e-7, 30e-7):
        # East's western side has vertices of its own along it, none of them within reach of one of West's.
        lon, lat = at(1, 0)
        heights = [lat + 0.001 * share for share in (0, 0.21, 0.52, 0.83, 1)]
        side = [(lon + drift, height) for height in heights]
        east = _snapped(shapely.Polygon([*side, at(2, 1), at(2, 0)]))
        grids = [*coded("A"), CodedPolygon("B", east)]
        repair = propose_noding(grids, outline("AB"))
        _assert_tiles(repair)
        assert sum(effect.area_change_m2 for effect in repair.effects) == pytest.approx(
            area_m2(outline("AB")) - area_m2(grids[0].geometry) - area_m2(east), abs=0.01
        )


def test_borders_that_cross_are_cut_where_they_do() -> None:
    (lon, south), (_, north) = at(1, 0), at(1, 1)
    west = _snapped(shapely.Polygon([at(0, 0), (lon - 30e-7, south), (lon + 30e-7, north), at(0, 1)]))
    east = _snapped(shapely.Polygon([at(2, 0), at(2, 1), (lon - 32e-7, north), (lon + 31e-7, south)]))
    repair = propose_noding([CodedPolygon("A", west), CodedPolygon("B", east)], outline("AB"))
    _assert_tiles(repair)


def test_a_grid_that_cleaning_would_empty_is_kept() -> None:
    # GEOS #1525: a strip narrower than the tolerance that lies in its neighbour's area.
    lon, lat = at(1, 0)
    strip = CodedPolygon("S", _snapped(shapely.box(lon - 20e-7, lat, lon, lat + 0.001)))
    repair = propose_noding([*coded("AB"), strip], outline("AB"))
    after = {grid.code: grid.geometry for grid in repair.grids}
    assert area_m2(after["S"]) == pytest.approx(area_m2(strip.geometry), rel=0.02)
    assert [refusal.code for refusal in repair.refused] == ["S"]
    assert repair.tiles


def test_a_change_above_the_limit_is_refused_and_listed() -> None:
    lon, lat = at(1, 0)
    east = CodedPolygon("B", _snapped(shapely.box(lon + 40e-7, lat, *at(2, 1))))
    strict = RepairOptions(tolerance_m=0.5, max_change_share=1e-4)
    repair = propose_noding([*coded("A"), east], outline("AB"), strict)
    assert {refusal.reason for refusal in repair.refused} == {"area"}
    assert all(abs(refusal.change_share) > 1e-4 for refusal in repair.refused)
    assert [problem.kind for problem in repair.left if problem.severity == "error"] == [Kind.GAP]


def test_the_outline_gets_the_vertices_where_grids_meet_on_it() -> None:
    # A slanted side: no lattice point lies exactly on it where the two grids meet.
    corner, tip, top = at(0, 0), at(3.1, 1.7), at(0, 2)
    plain = shapely.Polygon([corner, tip, top])
    middle = (from_units(to_units(np.add(corner, tip) / 2 + [3e-7, -2e-7]))).tolist()
    grids = [
        CodedPolygon("A", shapely.Polygon([corner, middle, top])),
        CodedPolygon("B", shapely.Polygon([middle, tip, top])),
    ]
    repair = propose_noding(grids, plain)
    _assert_tiles(repair)
    assert repair.outline is not None
    assert shapely.count_coordinates(repair.outline) == 5
    assert shapely.hausdorff_distance(repair.outline, plain, densify=0.01) < 1e-7


def test_a_missing_shared_vertex_alone_moves_nothing() -> None:
    tall = CodedPolygon("A", shapely.box(*at(0, 0), *at(1, 2)))
    repair = propose_noding([tall, *coded(".B\n.C")], outline("AB\nAC"))
    _assert_tiles(repair)
    [effect] = repair.effects
    assert (effect.code, effect.vertices_added, effect.parts_added) == ("A", 2, 0)
    assert effect.area_change_m2 == pytest.approx(0, abs=0.05)
    assert effect.moved_max_m < 1e-3


def test_without_an_outline() -> None:
    west, east = areas("AB").values()
    drifted = shapely.transform(east, lambda xy: xy + 7e-7)
    repair = propose_noding([CodedPolygon("A", west), CodedPolygon("B", drifted)])
    assert (repair.tiles, repair.outline, repair.left) == (True, None, ())


def test_multipart_and_small_are_left_alone() -> None:
    grids = coded("AB\nBA")
    lenient = CoverageOptions(min_area_m2=1e9)
    repair = propose_noding(grids, outline("AB\nBA"), coverage=lenient)
    assert repair.tiles
    assert {problem.kind for problem in repair.left} == {Kind.MULTIPART, Kind.SMALL}
    assert repair.effects == ()


def test_the_place_that_most_grids_share_stays() -> None:
    # Grid A alone has the common corner 20 cm off: A gives way, though it comes first.
    true = coded("AB\nCD")
    corners = to_units(shapely.get_coordinates(true[0].geometry))
    corners[(corners == to_units(at(1, 1))).all(axis=1)] += [15, -12]
    repair = propose_noding([CodedPolygon("A", shapely.Polygon(from_units(corners))), *true[1:]], outline("AB\nCD"))
    assert all(_same(new.geometry, old.geometry) for new, old in zip(repair.grids, true, strict=True))
    assert [effect.code for effect in repair.effects] == ["A"]


def test_an_outline_off_the_lattice_is_refused() -> None:
    drifted = shapely.transform(outline("AB"), lambda xy: xy + 3e-9)
    with pytest.raises(InvalidInput, match="lattice"):
        propose_noding(coded("AB"), drifted)
