"""Registers to search in: the demo county's, and an invented one of a million doors in villages named as in Gannan."""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from gridmap.addresses.gazetteer import Gazetteer, Place
from gridmap.addresses.search.loading import load_doors, load_names
from gridmap.addresses.search.table import Doors, Row, build_doors, columns_of
from gridmap.addresses.segments import DOOR_SEGMENTS
from gridmap.bench.ground import Ground
from gridmap.db.engine import reading, transaction
from gridmap.demo.names import ESTATES, HAMLETS, STREETS, pick
from gridmap.divisions.names import spoken_name
from gridmap.resources import geodata_dir

PREFECTURES, COUNTIES, TOWNSHIPS, VILLAGES, DOORS = 4, 8, 15, 7, 298
"""Prefectures, counties in each, townships in each, villages in each, doors in each: Zhuoni's measure, 32 times."""
_SEED = 623000
_IN_TOWN = 2
"""So many villages of each county's first township have streets and flats."""


@dataclass(frozen=True)
class Register:
    """Divisions and doors, and each village's names from the province down."""

    places: tuple[Place, ...]
    table: pa.Table
    upper: dict[str, dict[str, str]]

    def rows(self) -> list[Row]:
        """The doors, as they are told."""
        doors = Doors(self.table)
        return [doors.row(at) for at in range(len(doors))]


def county_register(ground: Ground) -> Register:
    """The demo county's."""
    with transaction(reading(ground.database.engine)) as session:
        places, table = load_names(session).places, load_doors(session)
    return Register(places, table, _upper(places))


def invented_register() -> Register:
    """A million doors, the same at every call.

    Names are made of the beginnings and ends of Gannan's own, so that they sound and repeat as those do.
    """
    chance = random.Random(_SEED)
    places = tuple(_invented_places(chance))
    villages = [place for place in places if place.level == "village"]
    rows = (row for at, village in enumerate(villages) for row in _invented_doors(village.code, at, chance))
    upper = _upper(places)
    return Register(places, build_doors(columns_of(_labelled(rows, upper))), upper)


def _upper(places: tuple[Place, ...]) -> dict[str, dict[str, str]]:
    known = Gazetteer(places).known
    return {
        code: {place.level: place.name for place in found.chain}
        for code, found in known.items()
        if found.place.level == "village"
    }


def _invented_places(chance: random.Random) -> Iterator[Place]:
    stems = _stems()
    yield Place("90", "province", "甘肃省", None)
    for prefecture, name in enumerate(_names(chance, stems["county"], "市", PREFECTURES)):
        above = f"90{prefecture + 1:02d}00"
        yield Place(above, "prefecture", name, "90")
        counties = _names(chance, stems["county"], "县", COUNTIES)
        for county, county_name in enumerate(counties):
            code = f"{above[:4]}{county + 21}"
            yield Place(code, "county", county_name, above)
            yield from _below_county(chance, stems, code)


def _below_county(chance: random.Random, stems: dict[str, list[str]], county: str) -> Iterator[Place]:
    endings = ("镇", *("镇" if chance.random() < 0.5 else "乡" for _ in range(TOWNSHIPS - 1)))
    for at, name in enumerate(_names(chance, stems["township"], "", TOWNSHIPS)):
        township = f"{county}{100 + at}"
        yield Place(township, "township", name + endings[at], county)
        for number, village in enumerate(_names(chance, stems["village"], "", VILLAGES)):
            in_town = at == 0 and number < _IN_TOWN
            yield Place(f"{township}{(1 if in_town else 200) + number:03d}", "village",
                        village + ("社区" if in_town else "村"), township)  # fmt: skip


def _names(chance: random.Random, stems: list[str], ending: str, count: int) -> list[str]:
    """So many different names: the begin of one and the end of another."""
    found: dict[str, None] = {}
    while len(found) < count:
        one, other = chance.choice(stems), chance.choice(stems)
        stem = one[: max(1, len(one) - 1)] + other[-1]
        if 2 <= len(stem) <= 4:
            found[stem + ending] = None
    return list(found)


def _stems() -> dict[str, list[str]]:
    """The names of Gannan's counties, townships and villages without their last words."""
    stems: dict[str, list[str]] = {"county": [], "township": [], "village": []}
    with (geodata_dir() / "gannan_divisions_2023.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = spoken_name(row["name"]) if row["level"] == "village" else row["name"]
            stem = name.removesuffix("社区").rstrip("村镇乡县市")
            if row["level"] in stems and 2 <= len(stem) <= 4 and stem.isalpha():
                stems[row["level"]].append(stem)
    return stems


def _invented_doors(village: str, turn: int, chance: random.Random) -> Iterator[tuple[str, dict[str, str]]]:
    """The segments of a village's doors: flats and streets in town, else groups (组 or 社) or hamlets."""
    if village[9] == "0":
        yield from ((village, door) for door in _town_doors(turn))
        return
    manner = chance.choices(("组", "社", "自然村"), (66, 24, 10))[0]
    groups = chance.randrange(3, 10)
    for number in range(DOORS):
        group, at = divmod(number, -(-DOORS // groups))
        place = (
            {"hamlet": f"{pick(HAMLETS, group, turn)}自然村"} if manner == "自然村" else
            {"group_name": f"{group + 1}{manner}"}
        )  # fmt: skip
        # Every twenty-fifth house was built beside an older one.
        sub = {"sub_number": "附1号"} if at % 25 == 24 else {}
        yield village, {**place, "number": f"{at - at // 25 if sub else at - at // 25 + 1}号", **sub}


def _town_doors(turn: int) -> Iterator[dict[str, str]]:
    street, estate = pick(STREETS, 0, turn), pick(ESTATES, 0, turn)
    for number in range(1, 107):
        yield {"street": street, "number": f"{number}号"}
    for building in range(1, 9):
        block = {"estate": estate, "building": f"{building}号楼"}
        for flat in range(24):
            yield {**block, "unit": f"{flat % 2 + 1}单元", "room": f"{flat // 4 + 1}0{flat // 2 % 2 + 1}室"}


def _labelled(
    rows: Iterator[tuple[str, dict[str, str]]], upper: dict[str, dict[str, str]]
) -> Iterator[tuple[object, ...]]:
    begins = {village: "".join(names.values()) for village, names in upper.items()}
    for at, (village, door) in enumerate(rows):
        label = begins[village] + "".join(door.values())
        lon = 100 + at // 1000 % 40 * 0.1 + at % 31 * 0.001
        lat = 33 + at // 40_000 * 0.1 + at % 1000 // 31 * 0.001
        yield (f"A{village[:6]}{at:08d}", village, label, *map(door.get, DOOR_SEGMENTS), round(lon, 7), round(lat, 7),
               f"{village}001")  # fmt: skip
