"""The facts the demo stands on: divisions, names and seats from `geodata`, as plain records in code order."""

import csv
from dataclasses import dataclass
from functools import cached_property

from gridmap.divisions.names import spoken_name
from gridmap.resources import geodata_dir

PREFECTURE = "623000"
COUNTY_TOWNS = {
    "623001": "623001001",
    "623021": "623021100",
    "623022": "623022100",
    "623023": "623023100",
    "623024": "623024100",
    "623025": "623025100",
    "623026": "623026101",
    "623027": "623027100",
}
"""The township where each county's government sits; Hezuo's is the prefecture's too."""


@dataclass(frozen=True, slots=True)
class Division:
    """A real division: its official code and name, the name people say, the Tibetan one where a source has it."""

    code: str
    name_full: str
    level: str
    parent: str | None
    name_bo: str | None

    @property
    def name(self) -> str:
        """The name people say and write."""
        return spoken_name(self.name_full) if self.level == "village" else self.name_full


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a township's government is, how many people the township has, and who says so."""

    township: str
    lon: float
    lat: float
    population: int
    source: str


@dataclass(frozen=True)
class Places:
    """Divisions of all five levels and the seat of each township, both in code order."""

    divisions: tuple[Division, ...]
    seats: tuple[Seat, ...]

    def of_level(self, level: str) -> list[Division]:
        """The divisions of a level in code order."""
        return [division for division in self.divisions if division.level == level]

    @cached_property
    def counties(self) -> list[str]:
        """The codes of the counties, ascending."""
        return [county.code for county in self.of_level("county")]

    @cached_property
    def by_code(self) -> dict[str, Division]:
        """Divisions by code."""
        return {division.code: division for division in self.divisions}


def load_places() -> Places:
    """Reads the facts; see `geodata/README.md` for their sources and licences."""
    names_bo = {row["code"]: row["name_bo"] for row in _rows("names_bo.csv")}
    divisions = [
        Division(row["code"], row["name"], row["level"], row["parent"] or None, names_bo.get(row["code"]))
        for row in _rows("gannan_divisions_2023.csv")
    ]
    real = [
        _seat(row, f"GeoNames (CC BY 4.0), geonameid {row['geonameid']}") for row in _rows("gannan_township_seats.csv")
    ]
    invented = [_seat(row, "invented for the demo") for row in _rows("gannan_seats_invented.csv")]
    return Places(
        tuple(sorted(divisions, key=lambda division: division.code)),
        tuple(sorted(real + invented, key=lambda seat: seat.township)),
    )


def _seat(row: dict[str, str], source: str) -> Seat:
    return Seat(row["township_code"], float(row["lon"]), float(row["lat"]), int(row["population"]), source)


def _rows(name: str) -> list[dict[str, str]]:
    with (geodata_dir() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
