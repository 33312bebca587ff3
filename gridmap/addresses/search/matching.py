"""Which doors of a village a reading asks for, and which it may ask for when it says too little or something else."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gridmap.addresses.numerals import NUMERALS, numeral_digits
from gridmap.addresses.search.door import NAMES, door_value, door_values
from gridmap.addresses.search.kernels import (
    ABSENT,
    BUILDING,
    ESTATE,
    GROUP,
    HAMLET,
    IMPOSSIBLE,
    NUMBER,
    ROOM,
    STREET,
    SUB,
    UNIT,
    count_agreeing,
    match_doors,
)
from gridmap.addresses.search.names import FoundName, Place
from gridmap.addresses.search.reading import Reading
from gridmap.addresses.search.sight import Local
from gridmap.addresses.search.table import Doors
from gridmap.addresses.segments import DOOR_SEGMENTS

Ranges = npt.NDArray[np.int64]
_KEPT, _NEIGHBOURS = 8, 4
_NUMBERS = re.compile(rf"[0-9]+[A-Z]?|[{NUMERALS}]+(?=[0-9]|$)")
_LONGEST_NUMBER = 5
_LIKE_ENOUGH = 0.7
_BEHIND_NUMBER = re.compile(
    "(?: ?HAO)?[ ,()#~-]*(?:[㐀-鿿]|[A-Z]{2,4})?[ (]*(?P<number>[0-9]{1,4})(?:[)号]| ?HAO)*(?![^ ,])"
)
_LETTER_BEHIND = re.compile("[ ,()-]*(?P<letter>[甲乙丙丁戊A-H])[)号]*(?:院|户)?(?![^ ,])")
SURE_BARE = 0.9
_ELSEWHERE = 0.65
_MAY_BE_NAMED = frozenset((*NAMES, "group_name"))
_LEVELS = (
    (ROOM, "building"), (UNIT, "building"), (BUILDING, "building"), (ESTATE, "estate"), (NUMBER, "door"),
    (STREET, "street"), (HAMLET, "group"), (GROUP, "group"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """One way to take what a text says below the village; `worth` is less for what is less likely meant."""

    values: Mapping[str, str]
    worth: float
    strict: bool = False
    """Whether it counts only when a door has exactly that: a reading that was tried, not said."""
    unfinished: bool = False
    """Whether there is more of it than was read, so that no building is the door."""


@dataclass(slots=True)
class Doorway:
    """The doors of a village that a reading comes to. `level` is how far the text is met: a door, or only its
    building, street or group, or the village. `worth` tells how well."""

    level: str
    worth: float
    rows: list[int] = field(default_factory=list)
    count: int = 0
    neighbours: list[int] = field(default_factory=list)
    agreed: list[int] = field(default_factory=list)
    """The segments in which doors agree with the text, where no door does in all: `ABSENT` for those they don't."""
    asked: bool = True
    """Whether anything below the village was asked for."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What was asked for, with the names that the village has."""


@dataclass(frozen=True, slots=True)
class Village:
    """The rows of a village in a table of doors, and which of them may be told."""

    doors: Doors
    first: int
    end: int
    ranges: Ranges

    def match(self, asked: Sequence[int]) -> tuple[int, int, list[int], list[int]]:
        """The least cost, how many doors have it, the first of them, and the neighbours."""
        best = np.empty(2 + _KEPT, np.int32)
        near = np.empty(2 * _NEIGHBOURS, np.int32)
        array = np.array(asked, np.int32)
        match_doors(self.doors.door, self.doors.place, self.ranges, self.first, self.end, array, best, near)
        cost, count, *rows = best.tolist()
        return cost, count, rows[: min(count, _KEPT)], [row for row in near.tolist()[::2] if row >= 0]

    def agreeing(self, asked: Sequence[int], upto: int) -> tuple[int, float, float]:
        """How many doors agree in all asked segments up to one, and their middle."""
        sums = np.empty(2)
        array = np.array(asked, np.int32)
        doors = self.doors
        count = count_agreeing(doors.door, self.first, self.end, array, upto, sums, doors.lon, doors.lat)
        return (count, float(sums[0] / count), float(sums[1] / count)) if count else (0, 0.0, 0.0)

    def has(self, column: int, value: int) -> bool:
        """Whether any door has a value in a segment."""
        return bool((self.doors.door[self.first : self.end, column] == value).any())


def find_doorway(village: Village, reading: Reading) -> Doorway:
    """What a reading comes to in its village."""
    best: Doorway | None = None
    for asked in _ways(reading, village):
        found = _doorway(village, asked)
        found.values = asked.values
        if asked.strict and (found.level != "door" or not _says_all(village, found, asked)):
            continue
        if best is None or (found.level == "door", found.worth) > (best.level == "door", best.worth):
            best = found
        if best.level == "door" and best.worth >= asked.worth * 0.97:
            break
    return best or Doorway("village", 1.0, asked=False)


def _says_all(village: Village, found: Doorway, asked: Asked) -> bool:
    """Whether a door has every number that a tried reading has: 上庄521-1 is not 1号 of a group 521 in 上庄."""
    row = village.doors.door[found.rows[0]].tolist()
    wanted = door_values(asked.values)
    return all(wanted[column] in {ABSENT, row[column]} for column in (GROUP, NUMBER, SUB, BUILDING, UNIT, ROOM))


def _ways(reading: Reading, village: Village) -> Iterator[Asked]:
    """What is said, then what else it may be: 3-12 for a group and a number, 3 12 likewise, and what was misheard."""
    said, likeness = _with_names(reading, village)
    numbers = _numbers_left(reading)
    worth = likeness * (1.0 if not numbers else 0.85)
    behind = _number_behind(reading)
    letter = _letter_behind(reading) if behind is None else None
    if letter is not None:
        yield Asked({**said, "number": said["number"].removesuffix("号") + f"{letter}号"}, likeness, strict=True)
        behind = letter
    if behind is not None:
        # 12/1 is another door than 12, whether there is one or not.
        yield Asked({**said, "sub_number": f"附{behind}号"}, 0.93 * likeness)
    else:
        yield Asked(said, worth, unfinished="building" in said and "room" not in said and bool(numbers))
    if reading.doors.either is not None:
        other = {**said, **reading.doors.either}
        yield Asked({name: text for name, text in other.items() if text}, 0.97, strict=True)
    if "estate" in said and "number" in said and "building" not in said and not numbers:
        building = said["number"].removesuffix("号") + "号楼"
        yield Asked({**said, "building": building, "number": ""}, 0.93 * likeness, strict=True)
    if numbers:
        names = {name: said[name] for name in NAMES if name in said}
        yield from _by_numbers(_all_numbers(reading), names)


def _by_numbers(numbers: list[str], names: Mapping[str, str]) -> Iterator[Asked]:
    """Numbers without their words, or with wrong ones, by their places."""
    if len(numbers) == 2:
        first, second = numbers
        yield Asked({**names, "group_name": f"{first}组", "number": f"{second}号"}, 0.93, strict=True)
        yield Asked({**names, "number": f"{first}号", "sub_number": f"附{second}号"}, 0.9, strict=True)
        yield Asked({**names, "building": f"{first}号楼", "room": f"{second}室"}, 0.88, strict=True)
    elif len(numbers) == 3:
        first, second, third = numbers
        group = {"group_name": f"{first}组", "number": f"{second}号", "sub_number": f"附{third}号"}
        flat = {"building": f"{first}号楼", "unit": f"{second}单元", "room": f"{third}室"}
        yield Asked({**names, **group}, 0.93, strict=True)
        yield Asked({**names, **flat}, 0.92, strict=True)
    elif len(numbers) == 1 and names:
        yield Asked({**names, "number": f"{numbers[0]}号"}, 0.93, strict=True)


def _number_behind(reading: Reading) -> str | None:
    """A number without its word right behind the house number: 12/1, 12(1)号, 12号负1号, 12 hao fu 1 hao."""
    left_over = reading.doors.left_over
    number = reading.doors.spans.get("number")
    if number is None or "sub_number" in reading.doors.values:
        return None
    match = _BEHIND_NUMBER.match(reading.text, number[1])
    if match is None or not any(Place(*match.span("number")).meets(Place(*item.span)) for item in left_over):
        return None
    return match["number"].lstrip("0") or "0"


def _letter_behind(reading: Reading) -> str | None:
    """A letter right behind the house number, which is no part of it yet: 12号甲, 12-甲号, 12号B."""
    number = reading.doors.spans.get("number")
    if number is None or not reading.doors.left_over or "sub_number" in reading.doors.values:
        return None
    match = _LETTER_BEHIND.match(reading.text, number[1])
    return match["letter"] if match else None


def _all_numbers(reading: Reading) -> list[str]:
    """Every number that the text says below the village, in its order."""
    spans = [*reading.doors.spans.values(), *(item.span for item in reading.doors.left_over)]
    if not spans:
        return []
    found = []
    for start, end in sorted(set(spans)):
        found += _short_numbers(reading.text[start:end])
    return found


def _numbers_left(reading: Reading) -> list[str]:
    return [number for item in reading.doors.left_over for number in _short_numbers(reading.text[slice(*item.span)])]


def _short_numbers(text: str) -> list[str]:
    numbers = (match[0] for match in _NUMBERS.finditer(text))
    digits = (number if number[0].isdigit() else numeral_digits(number) for number in numbers)
    return [number.lstrip("0") or "0" for number in digits if number and len(number) <= _LONGEST_NUMBER]


def _with_names(reading: Reading, village: Village) -> tuple[dict[str, str], float]:
    """The segments with the names that the village has for those that are misspelt, and what that leaves of their
    worth."""
    values = dict(reading.doors.values)
    worth = 1.0
    if not reading.locals and not _names_in(values):
        return values, worth
    no_hamlet = _no_hamlet(reading, village)
    free = [Place(*item.span) for item in reading.doors.left_over] + no_hamlet
    own = _own_names(reading)
    for segment in (*NAMES, "group_name"):
        text = values.get(segment)
        column = DOOR_SEGMENTS.index(segment)
        if text is not None and (text[0].isdigit() or village.has(column, door_value(segment, text))):
            continue
        span = reading.doors.spans.get(segment)
        best = _meant(own, segment, [*free, Place(*span)] if span else free)
        if len({name.value.text for name in best}) == 1:
            values[segment] = best[0].value.text
            if segment != "hamlet" and no_hamlet and best[0].last.meets(no_hamlet[0]):
                values.pop("hamlet", None)
            worth *= 0.96 if best[0].value.bare else 1 - (1 - best[0].likeness) / 4
        elif best:
            # 建设17号, where there are 建设路 and 建设街: neither is said.
            values.pop(segment, None)
        elif text is not None and (other := _said_otherwise(segment, text, own, village)):
            del values[segment]
            values[other[0]] = other[1]
    return values, worth


def _own_names(reading: Reading) -> list[FoundName[Local]]:
    """The names in the village that the text may say: not what is only part of the village's own, as 人民街 in
    上人民街社区."""
    doors = reading.doors
    told = [Place(*span) for span in (*doors.spans.values(), *(item.span for item in doors.left_over))]
    return [
        name
        for name in reading.locals
        if reading.known.place.code in name.value.villages and any(name.last.meets(place) for place in told)
    ]


def _names_in(values: Mapping[str, str]) -> list[str]:
    """The segments that have a name, which a village may not have or have otherwise."""
    return [name for name, text in values.items() if name in _MAY_BE_NAMED and not text[0].isdigit()]


def _no_hamlet(reading: Reading, village: Village) -> list[Place]:
    """Where a text has what may be a hamlet by its sound but is none of the village: 滨河 for 滨河街."""
    text = reading.doors.values.get("hamlet")
    if text is None or village.has(DOOR_SEGMENTS.index("hamlet"), door_value("hamlet", text)):
        return []
    return [Place(*reading.doors.spans["hamlet"])]


def _meant(own: Sequence[FoundName[Local]], segment: str, free: Sequence[Place]) -> list[FoundName[Local]]:
    """The names of a village that are most like what the text says for a segment, when they are like enough."""
    like = [name for name in own if name.value.segment == segment and _is_like(name, free)]
    best = max(map(_likeness, like), default=None)
    return [name for name in like if _likeness(name) == best]


def _is_like(name: FoundName[Local], free: Sequence[Place]) -> bool:
    """Whether a name is like enough; one without the word for what it is only where nothing else is read."""
    if not name.value.bare:
        return name.likeness >= _LIKE_ENOUGH
    return name.likeness >= SURE_BARE and any(name.last.meets(place) for place in free)


def _likeness(name: FoundName[Local]) -> tuple[float, int]:
    return name.likeness, len(name.name)


def _said_otherwise(
    segment: str, text: str, own: Sequence[FoundName[Local]], village: Village
) -> tuple[str, str] | None:
    """A hamlet that is called a group, or the reverse: 上庄组 for 上庄自然村."""
    other = {"group_name": "hamlet", "hamlet": "group_name"}.get(segment)
    if other is None:
        return None
    stem = re.sub("(?:自然村|村民小组|小组|组|社|队|村)$", "", text)
    for written in (f"{stem}自然村", f"{stem}组"):
        if village.has(DOOR_SEGMENTS.index(other), door_value(other, written)):
            return other, written
    return next(((name.value.segment, name.value.text) for name in own if name.value.segment == other), None)


def _doorway(village: Village, way: Asked) -> Doorway:
    asked = door_values(way.values)
    if all(value == ABSENT for value in asked):
        return Doorway("village", 1.0, asked=False)
    cost, count, rows, neighbours = village.match(asked)
    names_door = any(asked[column] != ABSENT for column in (NUMBER, BUILDING, UNIT, ROOM))
    if cost < IMPOSSIBLE and names_door and count:
        worth = way.worth * (1 - cost / 125)
        if count == 1 and _is_elsewhere(village.doors.door[rows[0]].tolist(), asked):
            worth *= _ELSEWHERE
        if way.unfinished:
            return Doorway("building", 0.6 * way.worth, rows, count, neighbours)
        if count == 1 or cost == 0:
            return _whole_or_building(village, asked, Doorway("door", worth, rows, count, neighbours))
        level, agreed, _ = _agreed(village, asked)
        return Doorway(level, 0.7 * worth, rows, count, [], agreed)
    level, agreed, share = _agreed(village, asked)
    return Doorway(level, way.worth * share, [], 0, neighbours, agreed)


def _is_elsewhere(door: Sequence[int], asked: Sequence[int]) -> bool:
    """Whether the text puts the number somewhere in the village, and the door is in a group that the text does not
    say: the only 103号 of a village is hardly that of a hamlet which nobody knows."""
    only_asked = any(asked[column] != ABSENT and door[column] == ABSENT for column in (HAMLET, STREET, GROUP))
    only_there = any(asked[column] == ABSENT and door[column] != ABSENT for column in (HAMLET, STREET, GROUP))
    return only_asked and only_there


def _whole_or_building(village: Village, asked: Sequence[int], found: Doorway) -> Doorway:
    """A door of a building is not the flat in it that is asked for, where the building's flats are registered."""
    row = village.doors.door[found.rows[0]]
    for column in (ROOM, UNIT):
        if asked[column] != ABSENT and row[column] == ABSENT:
            slice_ = village.doors.door[village.first : village.end]
            same = np.ones(len(slice_), bool)
            for other in (GROUP, STREET, NUMBER, ESTATE, BUILDING):
                same &= slice_[:, other] == row[other]
            if (slice_[same, column] != ABSENT).any():
                return Doorway("building", 0.6, found.rows, found.count, found.neighbours)
    return found


def _agreed(village: Village, asked: Sequence[int]) -> tuple[str, list[int], float]:
    """How far down any door agrees with what is asked: the level, the segments, and how much of it that is."""
    said = [column for column in range(10) if asked[column] != ABSENT]
    for column, level in _LEVELS:
        if asked[column] == ABSENT or column == NUMBER:
            continue
        upto = [value if at <= column and at not in {NUMBER, SUB} else ABSENT for at, value in enumerate(asked)]
        if village.agreeing(upto, 9)[0]:
            kept = [at for at in said if upto[at] != ABSENT]
            return level, upto, (1.0 if len(kept) == len(said) else 0.6)
    return "village", [ABSENT] * 10, 0.5
