"""A door as ten numbers: 3组 and 3社 are the same, 12号 and 12A号 are not, and a name is the same everywhere."""

import re
import zlib
from collections.abc import Mapping
from functools import lru_cache

from gridmap.addresses.normalise import compare_key, normalise
from gridmap.addresses.search.kernels import ABSENT
from gridmap.addresses.segments import DOOR_SEGMENTS

NAMES = ("hamlet", "street", "estate")
"""The segments that have names, which may be misspelt."""
NUMERIC = 1_000_000
"""Values below are numbers as they are; above them, numbers with a letter and names."""
_ENDINGS: dict[str, re.Pattern[str]] = {
    "group_name": re.compile("(?:村民小组|生产队|小组|组|社|队)$"),
    "hamlet": re.compile("(?:自然村|村)$"),
    "number": re.compile("号(?:大?院)?$"),
    "sub_number": re.compile("号$"),
    "building": re.compile("(?:号楼|号?[栋幢座]楼?|楼)$"),
    "unit": re.compile("单元$"),
    "floor": re.compile("[层楼]$"),
    "room": re.compile("[室房号]$"),
}
_BEGINNINGS = {"sub_number": "附", "number": "#"}
_DIGITS = re.compile("[0-9]+")


@lru_cache(maxsize=200_000)
def door_value(segment: str, text: str) -> int:
    """The number for a segment's text, the same for all ways to write it.

    >>> door_value("group_name", "3社") == door_value("group_name", "3组") == 3
    True
    >>> door_value("number", "12号"), door_value("sub_number", "附1号"), door_value("number", "12A号") > NUMERIC
    (12, 1, True)
    """
    stem = door_stem(segment, text)
    if len(stem) <= 6 and _DIGITS.fullmatch(stem):
        return int(stem)
    # 31 bits less one, so that names never meet numbers; two names of one village meet once in a thousand million.
    return NUMERIC + zlib.crc32(stem.encode()) % (2**31 - 1 - NUMERIC)


def door_stem(segment: str, text: str) -> str:
    """A segment without the word for what it is."""
    key = compare_key(normalise(text)).removeprefix(_BEGINNINGS.get(segment, ""))
    ending = _ENDINGS.get(segment)
    stem = ending.sub("", key) if ending else key
    return stem or key


def door_values(segments: Mapping[str, str | None]) -> list[int]:
    """All ten, `ABSENT` where a segment is not there."""
    return [door_value(name, text) if (text := segments.get(name)) else ABSENT for name in DOOR_SEGMENTS]
