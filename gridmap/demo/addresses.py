"""Labels as people write them there, and the rows of addresses and buildings."""

from dataclasses import dataclass

import numpy as np

from gridmap.demo import names
from gridmap.demo.doors import APARTMENTS, COLLECTIVE, HOUSE, OTHER
from gridmap.demo.land import Land
from gridmap.demo.settlements import Settlements
from gridmap.demo.shares import stream
from gridmap.demo.tables import Row, hex_points, record_id

SEGMENTS = ("group_name", "hamlet", "street", "number", "sub_number", "estate", "building", "unit", "floor", "room")
"""The segments below the village, in the order in which they stand in a label."""
POINT_SOURCE = "invented for the demo"
_ACCURACY_M = 5.0


@dataclass(frozen=True)
class Addresses:
    """Rows of addresses and buildings, and the address code of each door of the settlements."""

    rows: list[Row]
    buildings: list[Row]
    door_codes: list[str]
    committee: dict[int, str]
    """The address of each village's committee, by the village's number in the county."""


@dataclass(slots=True)
class _Street:
    """The doors of one grid: how their labels begin, and the number that was given last."""

    prefix: str
    group_name: str | None
    hamlet: str | None
    street: str | None
    estate: str
    last: int = 0
    blocks: int = 0
    sub: bool = False

    def segments(self, kind: int, *, shares_number: bool) -> dict[str, str]:
        if kind == APARTMENTS:
            self.blocks += 1
            return {"estate": self.estate, "building": f"{self.blocks}号楼"}
        found = {"group_name": self.group_name, "hamlet": self.hamlet, "street": self.street}
        named = {segment: value for segment, value in found.items() if value}
        # A house built beside an older one takes its number and 附1号.
        self.sub = shares_number and self.last > 0 and not self.sub
        if self.sub:
            return {**named, "number": f"{self.last}号", "sub_number": "附1号"}
        self.last += 1
        return {**named, "number": f"{self.last}号"}


def make_addresses(land: Land, settled: Settlements) -> Addresses:
    """An address for every door, one more for every flat, and a building behind every door that has one."""
    rng = stream(land.seed, 11, int(settled.code))
    streets = _streets(land, settled, rng)
    shares_number = (rng.uniform(0, 1, len(settled.grid)) < 0.04).tolist()
    trade = rng.choice(["store", "commercial", "public"], len(settled.grid), p=[0.45, 0.4, 0.15]).tolist()
    floors = rng.choice([1, 2, 3], len(settled.grid), p=[0.72, 0.24, 0.04]).tolist()
    register = _Register(land, settled, streets)
    points = hex_points(settled.points)
    doors = zip(settled.grid.tolist(), settled.kind.tolist(), settled.families.tolist(),
                settled.collective.tolist(), points, strict=True)  # fmt: skip
    for i, (grid, kind, families, collective, point) in enumerate(doors):
        code = register.door(grid, kind, point, shares_number=shares_number[i])
        if kind == APARTMENTS:
            register.block(grid, families, point)
        elif kind == COLLECTIVE:
            place = settled.collectives[collective]
            register.building(code, place.kind, place.name, 3)
        elif kind == OTHER:
            register.other(grid, code, trade[i])
        elif kind == HOUSE:
            register.building(code, "house", None, floors[i])
    return Addresses(register.rows, register.buildings, register.door_codes, register.committee)


class _Register:
    """Addresses and buildings as they get their numbers."""

    def __init__(self, land: Land, settled: Settlements, streets: list[_Street]) -> None:
        self.rows: list[Row] = []
        self.buildings: list[Row] = []
        self.door_codes: list[str] = []
        self.committee: dict[int, str] = {}
        self._settled, self._streets = settled, streets
        self._grid_codes = [land.grid_codes[grid] for grid in settled.grids.tolist()]
        villages = land.places.of_level("village")
        self._villages = [villages[village] for village in settled.villages.tolist()]
        self._central = {(int(grid), village) for village, grid in enumerate(settled.centre_grid.tolist())}
        self._block: dict[str, str] = {}
        self._clinics: set[int] = set()

    def door(self, grid: int, kind: int, point: str, *, shares_number: bool) -> str:
        segments = self._streets[grid].segments(kind, shares_number=shares_number)
        self._block = segments
        code = self._address(grid, segments, point)
        self.door_codes.append(code)
        return code

    def block(self, grid: int, families: int, point: str) -> None:
        """A block of flats: two staircases, two flats on each floor of each."""
        self.building(self.door_codes[-1], "apartments", None, -(-families // 4))
        for flat in range(families):
            room = f"{flat // 4 + 1}0{flat // 2 % 2 + 1}室"
            self._address(grid, {**self._block, "unit": f"{flat % 2 + 1}单元", "room": room}, point)

    def other(self, grid: int, code: str, trade: str) -> None:
        """The first such building in a village's middle is its committee's, the second its clinic."""
        village = int(self._settled.village_of_grid[grid])
        if (grid, village) not in self._central or village in self._clinics:
            self.building(code, trade, None, 1)
        elif village not in self.committee:
            self.committee[village] = code
            self.building(code, "public", self._villages[village].name_full, 2)
        else:
            self._clinics.add(village)
            self.building(code, "public", f"{self._villages[village].name}卫生室", 1)

    def building(self, address: str, kind: str, name: str | None, floors: int) -> None:
        county = self._settled.code
        number = record_id("B", county, len(self.buildings) + 1)
        self.buildings.append((county, number, address, kind, name, floors))

    def _address(self, grid: int, segments: dict[str, str], point: str) -> str:
        county = self._settled.code
        code = record_id("A", county, len(self.rows) + 1)
        values = [segments.get(segment) for segment in SEGMENTS]
        label = self._streets[grid].prefix + "".join(value for value in values if value)
        village = self._villages[int(self._settled.village_of_grid[grid])].code
        self.rows.append(
            (county, code, village, label, *values, point, POINT_SOURCE, _ACCURACY_M, self._grid_codes[grid])
        )
        return code


def _streets(land: Land, settled: Settlements, rng: np.random.Generator) -> list[_Street]:
    """How the labels of each grid begin: 3组, 3社 or a hamlet in the country, a street and an estate in town."""
    manner = rng.choice(["组", "社", "自然村"], len(settled.villages), p=[0.66, 0.24, 0.10]).tolist()
    turn = rng.integers(0, 40, len(settled.villages)).tolist()
    streets = []
    for village, number, prefix in _grids_of_villages(land, settled):
        ending, first = manner[village], turn[village]
        estate = names.pick(names.ESTATES, number, first)
        if settled.compact[village]:
            streets.append(_Street(prefix, None, None, names.pick(names.STREETS, number, first), estate))
        elif ending == "自然村":
            streets.append(_Street(prefix, None, f"{names.pick(names.HAMLETS, number, first)}自然村", None, estate))
        else:
            streets.append(_Street(prefix, f"{number + 1}{ending}", None, None, estate))
    return streets


def _grids_of_villages(land: Land, settled: Settlements) -> list[tuple[int, int, str]]:
    """For each grid its village's number in the county, its own number in the village and the label down to there."""
    villages = land.places.of_level("village")
    first = np.searchsorted(settled.village_of_grid, settled.village_of_grid)
    number = np.arange(len(settled.grids)) - first
    prefix = [label_prefix(land, villages[village].code) for village in settled.villages.tolist()]
    return [
        (village, place, prefix[village])
        for village, place in zip(settled.village_of_grid.tolist(), number.tolist(), strict=True)
    ]


def label_prefix(land: Land, village: str) -> str:
    """A label from the province to the village, such as 甘肃省甘南藏族自治州卓尼县木耳镇多坝村."""
    parts, code = [], village
    while code:
        division = land.places.by_code[code]
        parts.append(division.name)
        code = division.parent or ""
    return "".join(reversed(parts))
