"""A county's rows in every table, and those of the levels above: what is loaded, no more, no less."""

import numpy as np

from gridmap.demo import names
from gridmap.demo.addresses import Addresses, make_addresses
from gridmap.demo.doors import COLLECTIVE
from gridmap.demo.households import group_codes, make_households
from gridmap.demo.land import Land
from gridmap.demo.officers import make_officers
from gridmap.demo.places import COUNTY_TOWNS, PREFECTURE, Division
from gridmap.demo.settlements import Settlements, make_settlements
from gridmap.demo.shares import stream
from gridmap.demo.tables import Row, Tables, hex_degrees, hex_points, hex_shapes, record_id
from gridmap.demo.terrain import to_lattice
from gridmap.geo.arrays import IntArray

OUTLINE_SOURCE = "invented for the demo from seats of GeoNames (CC BY 4.0); illustrative, not a boundary"
_SPECIAL = {"monastery": "内有寺院", "school": "内有中学", "care_home": "内有养老院"}


def make_county(land: Land, code: str) -> Tables:
    """All rows of a county: the same, whether it is loaded alone or with the prefecture."""
    county = land.places.counties.index(code)
    settled = make_settlements(land, county)
    addresses = make_addresses(land, settled)
    households = make_households(land, settled, addresses)
    officers, duties = make_officers(land, settled, addresses)
    groups = group_codes(land, settled)
    shelters = _shelters(land, settled, addresses)
    rows: dict[str, list[Row]] = {
        **_divisions(land, county, settled),
        **_grids(land, settled),
        "household_group": [(code, group, group[:15]) for group in groups],
        "household_group_version": [(code, group, f"第{int(group[15:])}联防组") for group in groups],
        "address": addresses.rows,
        "building": addresses.buildings,
        "household": households,
        "officer": officers,
        "responsibility": duties,
        "shelter": shelters,
    }
    counted = {"A": addresses.rows, "B": addresses.buildings, "H": households, "P": officers, "S": shelters}
    rows["id_counter"] = [(code, letter, len(records)) for letter, records in counted.items()]
    return Tables(rows)


def make_upper(land: Land) -> Tables:
    """The rows of the province, without an outline, and the prefecture; the same for every load."""
    province, prefecture = land.places.of_level("province")[0], land.places.by_code[PREFECTURE]
    seat = _seat(land, COUNTY_TOWNS["623001"])
    whole = hex_shapes(land.prefecture)[0]
    return Tables({
        "division": [(province.code, province.level), (prefecture.code, prefecture.level)],
        "division_version": [
            _division_row(province, (None, None), (None, None), None),
            _division_row(prefecture, (whole, OUTLINE_SOURCE), seat, None),
        ],
    })  # fmt: skip


def _divisions(land: Land, county: int, settled: Settlements) -> dict[str, list[Row]]:
    code, targets = settled.code, land.targets
    townships = np.flatnonzero(targets.county_of_township == county)
    centres = hex_points(to_lattice(land.village_centres()[settled.villages]))
    of_level = {level: land.places.of_level(level) for level in ("township", "village")}
    outline = hex_shapes(land.counties[county : county + 1])[0]
    found = [_division_row(land.places.by_code[code], (outline, OUTLINE_SOURCE), _seat(land, COUNTY_TOWNS[code]), None)]
    for number, shape in zip(townships.tolist(), hex_shapes(land.townships[townships]), strict=True):
        township = of_level["township"][number]
        population = land.places.seats[number].population
        found.append(_division_row(township, (shape, OUTLINE_SOURCE), _seat(land, township.code), population))
    shapes = hex_shapes(land.villages[settled.villages])
    for number, shape, centre in zip(settled.villages.tolist(), shapes, centres, strict=True):
        village = of_level["village"][number]
        found.append(_division_row(village, (shape, OUTLINE_SOURCE), (centre, "invented for the demo"), None))
    return {
        "division": [(row[0], land.places.by_code[str(row[0])].level) for row in found],
        "division_version": found,
    }


def _division_row(
    division: Division,
    outline: tuple[str | None, str | None],
    seat: tuple[str | None, str | None],
    population: int | None,
) -> Row:
    named = (division.code, division.parent, division.name, division.name_full, division.name_bo)
    return (*named, *outline, *seat, population)


def _seat(land: Land, township: str) -> tuple[str, str]:
    seat = next(seat for seat in land.places.seats if seat.township == township)
    return hex_degrees(np.array([[seat.lon, seat.lat]]))[0], seat.source


def _grids(land: Land, settled: Settlements) -> dict[str, list[Row]]:
    villages = land.places.of_level("village")
    turn = stream(land.seed, 14, int(settled.code)).integers(0, len(names.HAMLETS), len(settled.villages)).tolist()
    notes = _notes(settled)
    codes = [land.grid_codes[grid] for grid in settled.grids.tolist()]
    rows: list[Row] = []
    parts = zip(codes, settled.village_of_grid.tolist(), hex_shapes(land.grids[settled.grids]), strict=True)
    for i, (code, village, shape) in enumerate(parts):
        number = int(code[12:])
        name = villages[int(settled.villages[village])].name
        if settled.compact[village]:
            name += f"第{names.han_number(number)}网格"
        else:
            name += f"{names.pick(names.HAMLETS, number - 1, turn[village])}网格"
        kind = "special" if i in notes else "base"
        rows.append((settled.code, code, name, names.grid_name_bo(number), kind, notes.get(i), shape))
    return {"grid": [(settled.code, code, code[:12]) for code in codes], "grid_version": rows}


def _notes(settled: Settlements) -> dict[int, str]:
    """The grids that have staff of their own: those with a monastery, a middle school or a care home."""
    return {
        place.grid: _SPECIAL[place.kind]
        for place in settled.collectives
        if place.kind != "school" or place.name.endswith("中学")
    }


def _shelters(land: Land, settled: Settlements, addresses: Addresses) -> list[Row]:
    """Each village's square, every school, and a third of the committees' houses."""
    rng = stream(land.seed, 15, int(settled.code))
    found: list[tuple[str, str, int, str | None, str, int]] = []
    points = hex_points(settled.points)
    squares = hex_points(to_lattice(land.village_centres()[settled.villages]))
    door_of = {code: door for door, code in enumerate(addresses.door_codes)}
    families = np.bincount(settled.village_of_grid[settled.grid], weights=settled.families)
    for village, number in enumerate(settled.villages.tolist()):
        name = land.places.of_level("village")[number].name
        room = 10 * round(float(families[village]) * float(rng.uniform(0.10, 0.22)))
        found.append((f"{name}文化广场", "square", village, None, squares[village], room))
        committee = addresses.committee[village]
        if rng.uniform() < 0.34:
            hall = int(rng.integers(6, 16)) * 10
            found.append((f"{name}党群服务中心", "public", village, committee, points[door_of[committee]], hall))
    for door in _schools(settled).tolist():
        place = settled.collectives[int(settled.collective[door])]
        village = int(settled.village_of_grid[settled.grid[door]])
        room = 10 * (place.persons * 3 // 20)
        found.append((place.name, "school", village, addresses.door_codes[door], points[door], room))
    villages = land.places.of_level("village")
    return [
        (settled.code, record_id("S", settled.code, i + 1), name, None, kind,
         villages[int(settled.villages[village])].code, address, point, room)
        for i, (name, kind, village, address, point, room) in enumerate(found)
    ]  # fmt: skip


def _schools(settled: Settlements) -> IntArray:
    is_school = np.array([place.kind == "school" for place in settled.collectives])
    return np.flatnonzero((settled.kind == COLLECTIVE) & is_school[settled.collective])
