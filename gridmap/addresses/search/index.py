"""The index of a register: names and doors, put together from a mapped file and the villages that changed since."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from gridmap.addresses.gazetteer import Gazetteer, Known
from gridmap.addresses.normalise import compare_key, normalise
from gridmap.addresses.search.kernels import nearest_rows
from gridmap.addresses.search.matching import Ranges, Village
from gridmap.addresses.search.reading import Reader
from gridmap.addresses.search.sight import Local
from gridmap.addresses.search.table import Doors, Row
from gridmap.addresses.segments import DOOR_SEGMENTS
from gridmap.geo.arrays import BoolArray
from gridmap.geo.lonlat import LonLat
from gridmap.geo.measure import bearing_deg, distance_m

_NAME_WORD = re.compile("(?:大道|路|街|巷|弄|胡同|小区|花园|家园|佳苑|嘉园|公寓|家属院|苑)$")
_PLACE_DIGITS, _VILLAGE_DIGITS = 15, 12
EVERYWHERE = ("",)


class Door(NamedTuple):
    """A row of one of an index's tables."""

    part: int
    row: int


@dataclass(frozen=True, slots=True)
class Near:
    """A door near a point: how far it is, and in which direction from the point, in degrees from north."""

    row: Row
    distance_m: float
    bearing_deg: float


class AddressIndex:
    """Names and doors, ready to be searched. Made once and only read: threads may share it.

    `parts` are tables of doors, later ones over earlier ones: of a village only the last part that has it counts.
    `aliases` are other names of whole doors: a text and the code; `hamlets` other names of hamlets: the village, the
    hamlet and the name. `moved` are doors that bear the name of a village that theirs was divided from: that village,
    and the code. `emptied` are villages that have no doors any more. What `like` has of the same gazetteer is
    taken from it, since the names of divisions take longer to make ready than the rest.
    """

    def __init__(
        self,
        gazetteer: Gazetteer,
        parts: Sequence[Doors],
        *,
        aliases: Sequence[tuple[str, str]] = (),
        hamlets: Sequence[tuple[str, str, str]] = (),
        moved: Sequence[tuple[str, str]] = (),
        like: "AddressIndex | None" = None,
        emptied: frozenset[str] = frozenset(),
    ) -> None:
        self.gazetteer = gazetteer
        self.parts = tuple(parts)
        self._where: dict[str, int] = {code: at for at, part in enumerate(self.parts) for code in part.ranges}
        for code in emptied:
            self._where.pop(code, None)
        self._dead = [self._dead_villages(at) for at in range(len(self.parts))]
        self._moved = self._moved_doors(moved) if moved else None
        divisions = like.reader.divisions if like is not None and like.gazetteer is gazetteer else None
        self.reader: Reader = Reader(gazetteer, self._locals(hamlets), divisions)
        self._aliases: dict[str, list[str]] = {}
        borne = [] if self._moved is None else [self._moved.row(at) for at in range(len(self._moved))]
        for text, code in (*aliases, *((row.label, row.code) for row in borne)):
            self._aliases.setdefault(alias_key(text), []).append(code)

    def __len__(self) -> int:
        return sum(end - first for code, at in self._where.items() for first, end in [self.parts[at].ranges[code]])

    def village(self, code: str, ranges: Ranges) -> Village | None:
        """The doors of a village; None when it has none."""
        at = self._where.get(code)
        if at is None:
            return None
        return Village(self.parts[at], *self.parts[at].ranges[code], ranges)

    def moved_from(self, code: str, ranges: Ranges) -> Village | None:
        """The doors of other villages that bear the name of this one, which theirs was divided from."""
        if self._moved is None or code not in self._moved.ranges:
            return None
        return Village(self._moved, *self._moved.ranges[code], ranges)

    def lends_name(self, code: str) -> bool:
        """Whether doors of other villages bear the name of this one."""
        return self._moved is not None and code in self._moved.ranges

    def moved_door(self, row: int) -> Door | None:
        """Where a door of `moved_from` is now."""
        return None if self._moved is None else self._door(self._moved.row(row).code)

    def part_of(self, village: str) -> int:
        """In which of the parts a village's doors are."""
        return self._where[village]

    def row(self, door: Door) -> Row:
        """A door as it is told."""
        return self.parts[door.part].row(door.row)

    def find(self, code: str) -> Row | None:
        """The door of a code."""
        door = self._door(code)
        return None if door is None else self.row(door)

    def called(self, key: str) -> list[tuple[Door, Row]]:
        """The doors that have a text, as `alias_key` writes it, for another name."""
        doors = (self._door(code) for code in self._aliases.get(key, ()))
        return [(door, self.row(door)) for door in doors if door is not None]

    def _door(self, code: str) -> Door | None:
        for at in reversed(range(len(self.parts))):
            row = self.parts[at].find(code)
            if row is not None and not self._dead[at][self.parts[at].village[row]]:
                return Door(at, row)
        return None

    def middle(self, code: str) -> LonLat | None:
        """The middle of the doors of a division, for want of a better point; None when it has none."""
        return self._middles.get(code)

    def nearest(self, point: LonLat, wanted: int, prefixes: tuple[str, ...] = EVERYWHERE) -> list[Near]:
        """The doors nearest to a point on the ground, the nearest first; of equals by code."""
        ranges = place_ranges(prefixes)
        found = []
        for part, dead in zip(self.parts, self._dead, strict=True):
            rows, _ = nearest_rows(
                part.lon, part.lat, part.by_lat, part.place, ranges, dead, part.village, point.lon, point.lat,
                wanted + _SPARE,
            )  # fmt: skip
            found += [part.row(row) for row in rows.tolist() if row >= 0]
        lons, lats = [row.lon for row in found], [row.lat for row in found]
        metres = distance_m(point.lon, point.lat, lons, lats).tolist()
        degrees = bearing_deg(point.lon, point.lat, lons, lats).tolist()
        near = [Near(*measured) for measured in zip(found, metres, degrees, strict=True)]
        return sorted(near, key=lambda door: (door.distance_m, door.row.code))[:wanted]

    @cached_property
    def _middles(self) -> dict[str, LonLat]:
        sums: dict[str, tuple[int, float, float]] = {}
        for code, at in self._where.items():
            part = self.parts[at]
            first, end = part.ranges[code]
            known = self.gazetteer.known.get(code)
            lon, lat = float(part.lon[first:end].sum()), float(part.lat[first:end].sum())
            for step in known.chain if known else ():
                count, x, y = sums.get(step.code, (0, 0.0, 0.0))
                sums[step.code] = (count + end - first, x + lon, y + lat)
        return {code: LonLat(x / count, y / count) for code, (count, x, y) in sums.items()}

    def _moved_doors(self, moved: Sequence[tuple[str, str]]) -> Doors:
        found = ((village, row) for village, code in moved if (row := self.find(code)) is not None)
        return Doors.of(
            (row.code, village, row.label, *(row.segments.get(name) for name in DOOR_SEGMENTS), row.lon, row.lat,
             row.grid or f"{row.village}000")
            for village, row in found
        )  # fmt: skip

    def _dead_villages(self, at: int) -> BoolArray:
        part = self.parts[at]
        return np.array([self._where.get(code) != at for code in part.codes] or [False], np.bool_)

    def _locals(self, hamlets: Sequence[tuple[str, str, str]]) -> list[tuple[str, Local]]:
        """Every name in villages once, with the villages that have it."""
        villages: dict[tuple[str, str], list[str]] = {}
        for at, part in enumerate(self.parts):
            for village, segment, name in part.names():
                if self._where.get(village) == at:
                    villages.setdefault((segment, name), []).append(village)
        for village, segment, name in () if self._moved is None else self._moved.names():
            villages.setdefault((segment, name), []).append(village)
        found = [
            (alias_key(text), Local("hamlet", hamlet, frozenset({village})))
            for village, hamlet, text in hamlets
            if village in villages.get(("hamlet", hamlet), ())
        ]
        for (segment, name), codes in sorted(villages.items()):
            local = Local(segment, name, frozenset(codes))
            key = compare_key(normalise(name))
            found.append((key, local))
            stem = key.removesuffix("自然村")
            if stem != key:
                found.append((stem, local))
            bare = _NAME_WORD.sub("", key)
            if segment in {"street", "estate"} and len(bare) > 1 and bare != key:
                found.append((bare, replace(local, bare=True)))
        return found

    def prefixes(self, code: str) -> tuple[str, ...] | None:
        """The code prefixes of what lies in a division, grid or group; None for a division that is not known."""
        if len(code) > _VILLAGE_DIGITS:
            return (code[:_PLACE_DIGITS],)
        known = self.gazetteer.known.get(code)
        if known is None:
            return None
        if known.place.level not in {"province", "prefecture"}:
            return (code,)
        below = {other.place.code for other in self.gazetteer.known.values() if code in other.codes}
        return tuple(sorted({inside[:6] for inside in below if len(inside) >= 6 and inside != code}))

    def chain(self, village: str) -> Known | None:
        """A division in its tree."""
        return self.gazetteer.known.get(village)


def lies_in(known: Known, prefixes: tuple[str, ...]) -> bool:
    """Whether a division lies in one of the prefixes or around it."""
    code = known.place.code
    if code.startswith(prefixes):
        return True
    return any(code.startswith(prefix) or prefix.startswith(code) or (prefix[:6] in known.codes and len(prefix) <= 6
               and prefix in known.codes) for prefix in prefixes)  # fmt: skip


_SPARE = 3
"""So many more are measured than are wanted, since the plane that they are sought in is not quite the ground."""


def alias_key(text: str) -> str:
    """What other names are compared by."""
    return compare_key(normalise(text))


@lru_cache(maxsize=256)
def place_ranges(prefixes: tuple[str, ...]) -> Ranges:
    """The numbers of the places whose codes begin with one of some prefixes, as first and end."""
    ranges = []
    for prefix in prefixes:
        size = 10 ** max(_PLACE_DIGITS - len(prefix), 0)
        first = int(prefix[:_PLACE_DIGITS] or 0) * size
        ranges.append((first, first + size if prefix else 10**_PLACE_DIGITS))
    return np.array(ranges, np.int64).reshape(-1, 2)
