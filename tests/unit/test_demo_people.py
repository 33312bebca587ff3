"""The demo's registers: exact counts, doors where they belong, labels as people write them, nobody who exists."""

import re
from collections import Counter

import numpy as np
import pytest
import shapely

from gridmap.contacts.model import OFFICER_KINDS
from gridmap.demo import names
from gridmap.demo.addresses import SEGMENTS, label_prefix
from gridmap.demo.county import make_county, make_upper
from gridmap.demo.tables import COLUMNS, Value
from gridmap.demo.terrain import to_km
from gridmap.households.model import BUILDING_KINDS, HOUSEHOLD_KINDS, NEEDS
from tests.demo import LUQU, ZHUONI, column, county, land, pairs, records

pytestmark = pytest.mark.xdist_group("demo")
EVERY_COUNTY = ("623001", "623021", "623022", "623023", "623024", "623025", "623026", "623027")


def _number(value: Value) -> int:
    assert isinstance(value, int)
    return value


def _text(value: Value) -> str:
    assert isinstance(value, str)
    return value


def test_zhuoni_has_its_published_counts() -> None:
    rows = county(ZHUONI).rows
    levels = Counter(_text(level) for level in column(county(ZHUONI), "division", "level"))
    assert levels == {"county": 1, "township": 15, "village": 100}
    assert len(rows["grid"]) == len(rows["grid_version"]) == 488
    assert len(rows["household_group"]) == 1_049
    assert len(rows["address"]) == 31_240
    assert len(rows["building"]) == 27_000
    assert len(rows["household"]) == 27_000
    assert len(rows["officer"]) == 9_300
    persons = sum(map(_number, column(county(ZHUONI), "household", "persons")))
    assert persons == 98_000


def test_gannan_has_its_published_counts() -> None:
    totals: Counter[str] = Counter()
    for code in EVERY_COUNTY:
        totals.update({table: len(rows) for table, rows in county(code).rows.items()})
    assert totals["household"] == 206_400
    assert totals["officer"] == 56_000
    assert totals["grid"] == 3_402


@pytest.mark.parametrize("code", EVERY_COUNTY)
def test_every_address_lies_in_its_grid_and_in_its_village(code: str) -> None:
    whole = land()
    addresses = records(county(code), "address", ("point", "grid_code", "village_code"))
    points = np.array(shapely.from_wkb([_text(point) for point, _, _ in addresses]))
    found: dict[int, str] = {}
    for point, grid in shapely.STRtree(whole.grids).query(points, predicate="intersects").T.tolist():
        found[point] = min(found.get(point, "9" * 15), whole.grid_codes[grid])
    assert [found.get(i) for i in range(len(points))] == [grid for _, grid, _ in addresses]
    assert all(_text(grid)[:12] == village for _, grid, village in addresses)


def test_points_lie_on_the_lattice() -> None:
    points = np.array(shapely.from_wkb([_text(point) for point in column(county(ZHUONI), "address", "point")]))
    coordinates = shapely.get_coordinates(points)
    assert (coordinates == np.round(coordinates, 7)).all()


LABEL = re.compile(
    r"(?P<group_name>\d+[组社])?(?P<hamlet>[一-龥]+自然村)?(?P<street>[一-龥]+?[路街巷][一-龥]*)?"
    r"(?P<number>\d+号(?!楼))?(?P<sub_number>附\d+号)?(?P<estate>[一-龥]+)?(?P<building>\d+号楼)?"
    r"(?P<unit>\d+单元)?(?P<floor>\d+层)?(?P<room>\d+室)?"
)


@pytest.mark.parametrize("code", EVERY_COUNTY)
def test_labels_are_unique_and_say_what_the_segments_say(code: str) -> None:
    addresses = records(county(code), "address", ("label", "village_code", *SEGMENTS))
    prefixes = {village: label_prefix(land(), _text(village)) for village in {row[1] for row in addresses}}
    assert len({row[0] for row in addresses}) == len(addresses)
    for label, village, *segments in addresses:
        below = _text(label).removeprefix(prefixes[village])
        assert _text(label) == prefixes[village] + below
        read = LABEL.fullmatch(below)
        assert read is not None, label
        assert [read[segment] for segment in SEGMENTS] == segments, label


def test_labels_read_as_people_write_them() -> None:
    labels = set(map(_text, column(county(ZHUONI), "address", "label")))
    assert "甘肃省甘南藏族自治州卓尼县木耳镇多坝村3组12号" in labels or (
        "甘肃省甘南藏族自治州卓尼县木耳镇多坝村3社12号" in labels
    )
    assert any(re.search(r"柳林镇城东社区[一-龥]+路\d+号$", label) for label in labels)
    assert any(re.search(r"柳林镇城东社区[一-龥]+\d+号楼2单元302室$", label) for label in labels)
    assert any(label.endswith("号附1号") for label in labels)


@pytest.mark.parametrize("code", EVERY_COUNTY)
def test_addresses_buildings_and_households_fit_together(code: str) -> None:
    rows = county(code)
    address = dict(zip(column(rows, "address", "code"), column(rows, "address", "grid_code"), strict=True))
    buildings = column(rows, "building", "address_code")
    at = column(rows, "household", "address_code")
    assert len(set(buildings)) == len(buildings)
    assert set(at) <= set(buildings) <= set(address)
    groups = column(rows, "household", "group_code")
    assert all(_text(group)[:15] == address[place] for group, place in zip(groups, at, strict=True))
    assert set(groups) == set(column(rows, "household_group", "code"))


def test_only_blocks_of_flats_hold_several_households() -> None:
    rows = county(ZHUONI)
    kind = pairs(rows, "building", "address_code", "kind")
    crowded = {place for place, count in Counter(column(rows, "household", "address_code")).items() if count > 1}
    assert crowded
    assert {kind[place] for place in crowded} == {"apartments"}


def test_groups_are_small_and_close_together() -> None:
    rows = county(ZHUONI)
    sizes = Counter(column(rows, "household", "group_code"))
    assert 15 < np.median(list(sizes.values())) < 35
    points = shapely.get_coordinates(shapely.from_wkb([_text(point) for point in column(rows, "address", "point")]))
    place = dict(zip(column(rows, "address", "code"), to_km(*points.T), strict=True))
    spread_km = []
    members: dict[Value, list[np.typing.NDArray[np.float64]]] = {}
    for group, at in records(rows, "household", ("group_code", "address_code")):
        members.setdefault(group, []).append(place[at])
    for found in members.values():
        spread_km.append(float(np.median(np.hypot(*(np.array(found) - np.median(found, axis=0)).T))))
    assert np.median(spread_km) < 0.2


def test_people_live_in_the_valleys() -> None:
    whole = land()
    points = shapely.get_coordinates(
        shapely.from_wkb([_text(point) for point in column(county(ZHUONI), "address", "point")])
    )
    lived_in = whole.regions.terrain.height(to_km(*points.T))
    shape = whole.counties[whole.places.counties.index(ZHUONI)]
    west, south, east, north = shape.bounds
    lon, lat = (grid.ravel() for grid in np.meshgrid(np.linspace(west, east, 150), np.linspace(south, north, 150)))
    inside = shapely.contains_xy(shape, lon, lat)
    everywhere = whole.regions.terrain.height(to_km(lon[inside], lat[inside]))
    assert np.median(lived_in) < 0.6 * np.median(everywhere)


def test_townships_have_households_in_proportion_to_their_people() -> None:
    village = pairs(county(ZHUONI), "address", "code", "village_code")
    households: Counter[str] = Counter()
    persons: Counter[str] = Counter()
    for at, count in records(county(ZHUONI), "household", ("address_code", "persons")):
        households[_text(village[at])[:9]] += 1
        persons[_text(village[at])[:9]] += _number(count)
    population = {seat.township: seat.population for seat in land().places.seats if seat.township.startswith(ZHUONI)}
    total = sum(population.values())
    for township, people in population.items():
        assert abs(households[township] - 27_000 * people / total) <= 1
        assert persons[township] == pytest.approx(98_000 * people / total, rel=0.12), township


@pytest.mark.parametrize("code", EVERY_COUNTY)
def test_families_and_collectives_are_plausible(code: str) -> None:
    rows = records(county(code), "household", ("kind", "name", "persons", "head_phone", *NEEDS))
    assert {row[0] for row in rows} == set(HOUSEHOLD_KINDS)
    for kind, name, persons, phone, *needs in rows:
        assert sum(map(_number, needs)) <= _number(persons)
        if kind == "family":
            assert name is None
            assert 1 <= _number(persons) <= 8
        else:
            assert name
            assert phone
            assert _number(persons) >= 20
    kinds = set(column(county(code), "building", "kind"))
    assert kinds == set(BUILDING_KINDS)


@pytest.mark.parametrize("code", EVERY_COUNTY)
def test_officers_can_take_every_household_and_a_back_up(code: str) -> None:
    rows = county(code)
    capacity = sum(map(_number, column(rows, "officer", "capacity")))
    assert capacity > 1.25 * len(rows.rows["household"])
    assert set(column(rows, "officer", "kind")) == set(OFFICER_KINDS)
    divisions = set(column(rows, "division", "code")) | {"623000"}
    assert set(column(rows, "officer", "home_code")) <= divisions
    assert set(column(rows, "officer", "work_code")) <= divisions
    at = {place for place in column(rows, "officer", "work_address_code") if place}
    assert at <= set(column(rows, "address", "code"))


@pytest.mark.parametrize("code", EVERY_COUNTY)
def test_every_grid_and_group_has_one_head_of_the_right_kind(code: str) -> None:
    rows = county(code)
    kind = pairs(rows, "officer", "id", "kind")
    heads = {duty: kind[officer] for duty, officer in records(rows, "responsibility", ("code", "officer_id"))}
    assert len(heads) == len(rows.rows["responsibility"])
    assert {duty for duty, of in heads.items() if of == "grid_head"} == set(column(rows, "grid", "code"))
    assert {duty for duty, of in heads.items() if of == "group_head"} == set(column(rows, "household_group", "code"))


def test_all_are_born_in_the_county_most_in_a_village_and_a_few_are_absent() -> None:
    homes = Counter(len(_text(home)) for home in column(county(ZHUONI), "officer", "home_code"))
    assert homes[12] > 0.8 * 9_300
    assert homes[9] > 100
    assert homes[6] > 100
    assert all(_text(home).startswith(ZHUONI) for home in column(county(ZHUONI), "officer", "home_code"))
    absent = [day for day in column(county(ZHUONI), "officer", "absent_from") if day]
    assert 50 < len(absent) < 400


INVENTED_NAME = re.compile(f"[一-龥]{{1,2}}[{names.STEMS}][{names.BRANCHES}]")


def test_nobody_exists() -> None:
    phones: list[Value] = []
    for code in EVERY_COUNTY:
        for table, name, phone in (("household", "head_name", "head_phone"), ("officer", "name", "phone")):
            assert all(INVENTED_NAME.fullmatch(_text(found)) for found in column(county(code), table, name))
            phones += [found for found in column(county(code), table, phone) if found]
    assert all(re.fullmatch(r"100\d{8}", _text(found)) for found in phones)
    assert len(set(phones)) == len(phones)


def test_no_field_holds_what_the_law_forbids() -> None:
    forbidden = re.compile("identity|id_card|ethnic|religio|party|politic|watch|track|birth_date|nation")
    assert [name for columns in COLUMNS.values() for name in columns if forbidden.search(name)] == []


@pytest.mark.parametrize("code", EVERY_COUNTY)
def test_shelters_stand_in_their_villages(code: str) -> None:
    whole = land()
    villages = [village.code for village in whole.places.of_level("village")]
    found = records(county(code), "shelter", ("village_code", "point", "capacity", "address_code"))
    per_village = Counter(village for village, *_ in found)
    assert set(per_village) == {village for village in villages if village.startswith(code)}
    assert 1.0 <= len(found) / len(per_village) <= 3.0
    for village, point, capacity, _ in found:
        shape = whole.villages[villages.index(_text(village))]
        assert shape.contains(shapely.from_wkb(_text(point)))
        assert _number(capacity) > 0
    addresses = set(column(county(code), "address", "code"))
    assert {address for *_, address in found if address} <= addresses


def test_counters_stand_at_the_last_number_given() -> None:
    last = pairs(county(ZHUONI), "id_counter", "letter", "last")
    tables = {"A": ("address", "code"), "B": ("building", "id"), "H": ("household", "id"), "P": ("officer", "id"),
              "S": ("shelter", "id")}  # fmt: skip
    for letter, (table, name) in tables.items():
        assert max(_text(code) for code in column(county(ZHUONI), table, name)) == f"{letter}{ZHUONI}{last[letter]:08d}"


def test_names_of_grids_are_unique_in_a_village_and_said_in_both_scripts() -> None:
    rows = records(county(ZHUONI), "grid_version", ("code", "name", "name_bo", "kind", "note"))
    assert len({(_text(code)[:12], name) for code, name, *_ in rows}) == len(rows)
    assert all(_text(name).endswith("网格") for _, name, *_ in rows)
    assert all(_text(name_bo).startswith("དྲ་མིག་") for _, _, name_bo, *_ in rows)
    special = [note for *_, kind, note in rows if kind == "special"]
    assert 5 < len(special) < 20
    assert all(special)


def test_every_outline_and_seat_says_where_it_comes_from() -> None:
    rows = records(county(ZHUONI), "division_version", ("code", "outline", "outline_source", "seat_source"))
    assert all(outline and _text(source).startswith("invented") for _, outline, source, _ in rows)
    by_length = Counter((len(_text(code)), _text(seat).split()[0]) for code, _, _, seat in rows)
    assert by_length == {(6, "GeoNames"): 1, (9, "GeoNames"): 15, (12, "invented"): 100}
    upper = records(make_upper(land()), "division_version", ("code", "outline_source", "seat_source"))
    assert [(code, outline is None, seat is None) for code, outline, seat in upper] == [
        ("62", True, True),
        ("623000", False, False),
    ]


def test_a_county_is_the_same_whatever_was_made_before_it() -> None:
    expected = county(LUQU).digest()
    make_county(land(), "623024")
    assert make_county(land(), LUQU).digest() == expected


def test_names_don_t_run_out() -> None:
    assert len({names.person(number) for number in range(1680)}) == 1680
    assert len({names.pick(names.HAMLETS, number, 7) for number in range(90)}) == 90
    assert names.han_number(30) == "三十"
