"""The real divisions of Gannan, as the parser takes them, with an old name and two Tibetan ones."""

import csv
from functools import cache

from gridmap.addresses.gazetteer import Gazetteer, Place
from gridmap.divisions.names import spoken_name
from gridmap.resources import geodata_dir

ZHUONI, MUER, DUOBA = "623022", "623022101", "623022101203"
OLD_NAMES = {"623022100": ("城关镇",)}
NAMES_BO = {"623000": "དཀར་ལྷོ་བོད་རིགས་རང་སྐྱོང་ཁུལ་", "623022": "ཅོ་ནེ་རྫོང་"}


@cache
def gannan_places() -> tuple[Place, ...]:
    """All 809 in the order of their codes."""
    with (geodata_dir() / "gannan_divisions_2023.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_place(row) for row in csv.DictReader(file))


@cache
def gannan() -> Gazetteer:
    """Their gazetteer."""
    return Gazetteer(gannan_places())


def _place(row: dict[str, str]) -> Place:
    code, full = row["code"], row["name"]
    name = spoken_name(full) if row["level"] == "village" else full
    return Place(code, row["level"], name, row["parent"] or None, full, NAMES_BO.get(code), OLD_NAMES.get(code, ()))
