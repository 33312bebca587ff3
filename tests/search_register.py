"""A register of doors in the real villages of Zhuoni, invented from rules that a test can say by heart.

Each village has groups 1 to 4 with the numbers 1 to 25, of which 7 has a 附1号; the villages of 柳林镇 that are called
社区 have 滨河东路 with the numbers 1 to 40 and 阳光小区 with three buildings of two staircases with four flats, and
木耳村 has 上庄自然村 and 下庄自然村.
"""

from collections.abc import Iterator
from functools import cache

from gridmap.addresses.format import format_label
from gridmap.addresses.gazetteer import Gazetteer, Place
from gridmap.addresses.search.index import AddressIndex
from gridmap.addresses.search.table import Doors
from gridmap.addresses.segments import DOOR_SEGMENTS, Segments
from tests.gazetteer import ZHUONI, gannan_places

MUER_VILLAGE = "623022101200"


@cache
def zhuoni() -> Gazetteer:
    """The county's divisions."""
    return Gazetteer([place for place in gannan_places() if place.code.startswith(ZHUONI) or len(place.code) < 6
                      or place.code == "623000"])  # fmt: skip


@cache
def register() -> AddressIndex:
    """Its doors, ready to be searched."""
    return AddressIndex(zhuoni(), [Doors.of(rows())])


def rows() -> list[tuple[object, ...]]:
    """The doors, as the columns of a table have them."""
    villages = [place for place in gannan_places() if place.code.startswith(ZHUONI) and place.level == "village"]
    made: list[tuple[object, ...]] = []
    for at, village in enumerate(villages):
        for door in _doors(village):
            made.append(_row(len(made) + 1, village, door, 103.5 + at % 10 * 0.02, 34.5 + at // 10 * 0.02))
    return made


def _doors(village: Place) -> Iterator[dict[str, str]]:
    if village.name.endswith("社区"):
        yield from ({"street": "滨河东路", "number": f"{number}号"} for number in range(1, 41))
        for building in range(1, 4):
            block = {"estate": "阳光小区", "building": f"{building}号楼"}
            yield block
            for unit in (1, 2):
                yield from (
                    {**block, "unit": f"{unit}单元", "room": f"{floor}0{flat}室"} for floor in (1, 2) for flat in (1, 2)
                )
        return
    if village.name == "木耳村":
        for hamlet in ("上庄自然村", "下庄自然村"):
            yield from ({"hamlet": hamlet, "number": f"{number}号"} for number in range(1, 16))
        return
    word = "社" if int(village.code) % 3 == 0 else "组"
    for group in range(1, 5):
        for number in range(1, 26):
            yield {"group_name": f"{group}{word}", "number": f"{number}号"}
        yield {"group_name": f"{group}{word}", "number": "7号", "sub_number": "附1号"}


def _row(number: int, village: Place, door: dict[str, str], lon: float, lat: float) -> tuple[object, ...]:
    chain = zhuoni().known[village.code].chain
    values = {**{place.level: place.name for place in chain}, **door}
    label = format_label(Segments(**values))
    spot = (round(lon + number % 40 * 0.0002, 7), round(lat + number // 40 % 40 * 0.0002, 7))
    grid = f"{village.code}{number % 3 + 1:03d}"
    return (f"A{ZHUONI}{number:08d}", village.code, label, *map(door.get, DOOR_SEGMENTS), *spot, grid)


def code_of(label: str) -> str:
    """The code of the door with a label, given from the township down."""
    return _codes()[label]


@cache
def _codes() -> dict[str, str]:
    return {str(row[2]).removeprefix("甘肃省甘南藏族自治州卓尼县"): str(row[0]) for row in rows()}
