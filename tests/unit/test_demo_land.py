"""The demo's map: real codes in their tree, every seat in its township, and a coverage without a flaw."""

import doctest
import hashlib
import importlib
import pkgutil

import numpy as np
import pytest
import shapely

import gridmap.demo
from gridmap.demo.land import Land, make_land
from gridmap.demo.places import COUNTY_TOWNS, load_places
from gridmap.demo.shares import Objects, shares, spread, stream
from gridmap.divisions.names import spoken_name
from gridmap.geo.arrays import IntArray
from gridmap.geo.lattice import on_lattice
from gridmap.geo.measure import area_m2
from tests.demo import ZHUONI, land

pytestmark = pytest.mark.xdist_group("demo")


def _levels(whole: Land) -> dict[str, tuple[Objects, Objects, IntArray]]:
    """For each level its shapes, the shapes of the level above, and which of those each belongs to."""
    targets = whole.targets
    return {
        "grid": (whole.grids, whole.villages, whole.village_of_grid),
        "village": (whole.villages, whole.townships, targets.township_of_village),
        "township": (whole.townships, whole.counties, targets.county_of_township),
        "county": (whole.counties, whole.prefecture, np.zeros(8, dtype=np.int64)),
    }


def _vertices(shapes: Objects) -> set[tuple[float, float]]:
    return set(map(tuple, shapely.get_coordinates(shapes).tolist()))


@pytest.mark.parametrize("level", ["grid", "village", "township", "county"])
def test_neighbours_share_every_vertex(level: str) -> None:
    shapes, _, _ = _levels(land())[level]
    assert shapely.coverage_is_valid(shapes)
    assert shapely.is_valid(shapes).all()


@pytest.mark.parametrize("level", ["grid", "village", "township", "county"])
def test_the_parts_make_up_the_whole_vertex_for_vertex(level: str) -> None:
    shapes, wholes, owner = _levels(land())[level]
    for number, whole in enumerate(wholes):
        parts = shapes[owner == number]
        union = shapely.coverage_union_all(parts)
        assert union.equals(whole)
        assert _vertices(np.array([union])) == _vertices(np.array([whole])) <= _vertices(parts)


@pytest.mark.parametrize("level", ["grid", "village", "township", "county"])
def test_no_hole_is_left_anywhere(level: str) -> None:
    shapes, _, _ = _levels(land())[level]
    polygons = shapely.get_parts(shapely.coverage_union_all(shapes))
    assert len(polygons) == 1
    assert shapely.get_num_interior_rings(polygons).sum() == 0


def test_every_vertex_lies_on_the_lattice() -> None:
    whole = land()
    for shapes in (whole.grids, whole.villages, whole.townships, whole.counties, whole.prefecture):
        assert all(on_lattice(shape) for shape in shapes)


def test_a_grid_is_one_piece_without_an_enclave_and_neither_crude_nor_overdrawn() -> None:
    grids = land().grids
    assert (shapely.get_num_geometries(grids) == 1).all()
    assert shapely.get_num_interior_rings(shapely.get_geometry(grids, 0)).sum() == 0
    low, middle, high = np.percentile(shapely.get_num_coordinates(grids) - 1, [5, 50, 95])
    assert low >= 50
    assert 70 <= middle <= 90
    assert high <= 110


def test_no_grid_is_a_sliver() -> None:
    grids = land().grids
    compactness = 4 * np.pi * shapely.area(grids) / shapely.length(shapely.convex_hull(grids)) ** 2
    assert compactness.min() > 0.15


def test_a_sick_coverage_is_told_apart() -> None:
    """The first test of coverage bites: a village without one of its grids, and with one moved."""
    whole = land()
    parts = whole.grids[whole.village_of_grid == 300].copy()
    parts[0] = shapely.transform(parts[0], lambda xy: xy + 1e-6)
    assert not shapely.coverage_is_valid(parts)
    assert not shapely.coverage_union_all(parts[1:]).equals(whole.villages[300])


def test_gannan_has_its_real_divisions() -> None:
    places = land().places
    counts = {
        level: len(places.of_level(level)) for level in ("province", "prefecture", "county", "township", "village")
    }
    assert counts == {"province": 1, "prefecture": 1, "county": 8, "township": 102, "village": 697}
    of_zhuoni = [village for village in places.of_level("village") if village.code.startswith(ZHUONI)]
    assert len(of_zhuoni) == 100
    assert places.by_code["623022101203"].name == "多坝村"
    assert places.by_code["623022101203"].name_full == "多坝村村民委员会"
    assert places.by_code[ZHUONI].name_bo == "ཅོ་ནེ་རྫོང་"


@pytest.mark.parametrize(
    ("full", "spoken"),
    [
        ("多坝村村民委员会", "多坝村"),
        ("教场村民委员会", "教场村"),
        ("城东社区居民委员会", "城东社区"),
        ("城西居民委员会", "城西社区"),
        ("贡去乎村委会", "贡去乎村"),
        ("加格村委员会", "加格村"),
        ("虚拟生活区", "虚拟生活区"),
    ],
)
def test_people_leave_the_committee_out_of_a_name(full: str, spoken: str) -> None:
    assert spoken_name(full) == spoken


def test_eighty_four_seats_are_real_and_eighteen_say_that_they_are_invented() -> None:
    sources = [seat.source for seat in load_places().seats]
    assert sum(source.startswith("GeoNames (CC BY 4.0), geonameid ") for source in sources) == 84
    assert sum(source.startswith("invented") for source in sources) == 18


def test_every_seat_lies_in_its_own_township_and_in_no_other() -> None:
    whole = land()
    for number, seat in enumerate(whole.places.seats):
        point = shapely.Point(seat.lon, seat.lat)
        assert np.flatnonzero(shapely.contains(whole.townships, point)).tolist() == [number], seat


def test_every_county_town_is_a_township_of_its_county() -> None:
    places = land().places
    assert {places.by_code[town].parent for town in COUNTY_TOWNS.values()} == set(places.counties)


def test_codes_run_from_west_to_east_within_a_village() -> None:
    whole = land()
    assert len(set(whole.grid_codes)) == len(whole.grid_codes) == 3_402
    assert list(whole.grid_codes) == sorted(whole.grid_codes)
    villages = whole.places.of_level("village")
    inside = [
        villages[owner].code == code[:12] for code, owner in zip(whole.grid_codes, whole.village_of_grid, strict=True)
    ]
    assert all(inside)
    middle = shapely.get_x(shapely.centroid(whole.grids))
    same = whole.village_of_grid[1:] == whole.village_of_grid[:-1]
    # By the middles of cells, which the middle of the drawn outline follows closely.
    assert (middle[1:] > middle[:-1])[same].mean() > 0.9


def test_gannan_is_about_as_large_as_it_is_and_where_it_is() -> None:
    whole = land().prefecture[0]
    assert 36_000 < area_m2(whole) / 1e6 < 44_000
    west, south, east, north = whole.bounds
    assert west > 100.5
    assert south > 32.9
    assert east < 105.0
    assert north < 35.8


def test_zhuoni_lies_around_lintan_as_the_real_ones_do() -> None:
    whole = land()
    zhuoni, lintan = (whole.counties[whole.places.counties.index(code)] for code in (ZHUONI, "623021"))
    shared = shapely.length(shapely.intersection(shapely.boundary(zhuoni), shapely.boundary(lintan)))
    assert shared > 0.5 * shapely.length(shapely.boundary(lintan))


def _digest(whole: Land) -> str:
    shapes = (whole.grids, whole.villages, whole.townships, whole.counties, whole.prefecture)
    found = hashlib.sha256()
    for group in shapes:
        for shape in group:
            found.update(shapely.to_wkb(shape))
    return found.hexdigest()


def test_the_same_seed_gives_the_same_bytes() -> None:
    again = make_land()
    assert _digest(again) == _digest(land())
    assert again.grid_codes == land().grid_codes


def test_docstring_examples() -> None:
    modules = [
        importlib.import_module(f"gridmap.demo.{found.name}") for found in pkgutil.iter_modules(gridmap.demo.__path__)
    ]
    results = [doctest.testmod(module) for module in modules]
    assert sum(result.failed for result in results) == 0
    assert sum(result.attempted for result in results) >= 6


def test_streams_of_different_purposes_have_nothing_in_common() -> None:
    draws = [stream(*key).integers(0, 2**60) for key in ((1, 2), (1, 3), (2, 2), (1, 2, 0))]
    assert len(set(draws)) == len(draws)
    assert stream(1, 2).integers(0, 2**60) == draws[0]


def test_shares_add_up_and_none_is_below_the_least() -> None:
    given = shares(1000, np.array([0.001, 1.0, 5.0, 5.0]), least=3)
    assert given.sum() == 1000
    assert given.min() == 3
    assert abs(int(given[2]) - int(given[3])) <= 1


def test_shares_refuse_what_can_not_be_given() -> None:
    with pytest.raises(ValueError, match="at least 5 each"):
        shares(9, np.ones(2), least=5)


def test_a_quota_stays_with_its_owner() -> None:
    given = spread(7, np.array([0, 0, 2]), np.ones(3), np.array([4, 0, 3]))
    assert given.tolist() == [2, 2, 3]
    with pytest.raises(ValueError, match="owns nothing"):
        spread(7, np.array([0, 0, 2]), np.ones(3), np.array([4, 1, 2]))
