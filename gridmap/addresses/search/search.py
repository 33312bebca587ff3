"""The search itself: a text in anybody's words becomes doors and places, each with how far it agrees and how well."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gridmap.addresses.format import format_label
from gridmap.addresses.gazetteer import Known
from gridmap.addresses.normalise import compare_key, normalise
from gridmap.addresses.search.door import NUMERIC, door_values
from gridmap.addresses.search.index import EVERYWHERE, AddressIndex, Door, place_ranges
from gridmap.addresses.search.kernels import GROUP, complete_numbers
from gridmap.addresses.search.matching import Doorway, Ranges, Village, find_doorway
from gridmap.addresses.search.reading import Reading
from gridmap.addresses.search.score import Parts
from gridmap.addresses.search.table import Row
from gridmap.addresses.search.text import readable, typed_whole, variants
from gridmap.addresses.segments import DOOR_SEGMENTS, Segments
from gridmap.geo import measure
from gridmap.geo.lonlat import LonLat

MatchLevel = Literal[
    "door", "building", "estate", "street", "group", "village", "township", "county", "prefecture", "province"
]
FeatureKind = Literal["housenumber", "street", "locality", "municipality"]
SURE_SCORE = 0.5
"""A door that is not said word for word is claimed from here on."""
LEAST_SCORE = 0.35
"""What fits less is a guess, and is not told."""
_RIVALRY = 16
_EXACT = 0.98
_SURE_DOOR, _SURER_DOOR = 0.6, 0.65
"""A door is claimed only when it is so far ahead of the next, farther where its village's name is not as it is known:
by a twenty-fifth of its fit at least."""
_TRIED = 0.4
_FAR_M = 20_000.0
_COMPLETED = 40
_VILLAGES_COMPLETED, _LIKE_ENOUGH = 3, 0.7
_NAMED_PARTS = {"hamlet": "group", "group_name": "group", "street": "street", "estate": "estate"}
_NEIGHBOUR_WORTH = 0.8


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked of the search besides the text."""

    limit: int = 5
    prefixes: tuple[str, ...] = EVERYWHERE
    near: LonLat | None = None
    autocomplete: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """One answer: a door of the register, or a place with no door of its own.

    `level` is how far the text is met by it, `kind` what it is: a door that is only next to the one asked for is a
    housenumber at the level of its group. `row` is None for a place; `code` is the door's or the division's, `known`
    the division that it lies in or is, and `below` what stands below that.
    """

    kind: FeatureKind
    level: MatchLevel
    code: str
    label: str
    known: Known
    below: Mapping[str, str]
    point: LonLat | None
    grid: str | None
    parts: Parts
    row: Row | None = None
    neighbour: bool = False
    distance_m: float | None = None

    @property
    def segments(self) -> dict[str, str]:
        """The chain with its codes and what stands below the village, as far as there is any."""
        return segments_of(self.known, self.below)

    @property
    def score(self) -> float:
        """From 0 to 1."""
        return self.parts.score


@dataclass(slots=True)
class _Candidate:
    """An answer before it is told."""

    level: str
    known: Known
    parts: Parts
    door: Door | None = None
    agreed: dict[str, str] | None = None
    point: LonLat | None = None
    neighbour: bool = False
    whole: bool = False
    """Whether the text says this door and nothing else, so that only another of the same name rivals it."""
    bears: bool = False
    """Whether its label has the name of the village that the text says, which need not be its village's now."""


def search(index: AddressIndex, text: str, asking: Asking = Asking()) -> list[Match]:
    """What a text means, the best first. Empty for what means nothing here: a far-off guess is never told."""
    asked = readable(text)
    if asking.autocomplete:
        asked = typed_whole(asked)
    if not asked or not asking.prefixes:
        return []
    ranges = place_ranges(asking.prefixes)
    found = list(_by_alias(index, asked, asking))
    if not found:
        found += _candidates(index, asked, asking, ranges)
    if asking.autocomplete:
        found += _completions(index, asked, asking, ranges)
    ranked = _ranked(index, found, asking)
    told = (_told(index, candidate, asking) for candidate in ranked[: asking.limit])
    return [match for match in told if match is not None]


def _candidates(index: AddressIndex, text: str, asking: Asking, ranges: Ranges) -> list[_Candidate]:
    """By the exact names; where they don't lead to a door or place without doubt, also by likeness and as misheard."""
    exact = _inside_only(index, index.reader.exact(text), asking)
    tried = _Tried(index, asking, ranges)
    found = tried.add(exact)
    if _settled(text, exact, found):
        return found
    # As it was meant first: 3祖12好 is hardly written so for its own sake.
    for words in (*variants(text), text):
        if words != text:
            tried.add(_inside_only(index, index.reader.exact(words), asking))
        found = tried.add(_inside_only(index, index.reader.alike(words, unfinished=asking.autocomplete), asking))
        if any(candidate.whole and candidate.parts.fit > 0.9 for candidate in found):
            break
    return found


def _inside_only(index: AddressIndex, readings: Sequence[Reading], asking: Asking) -> list[Reading]:
    """Also those of villages outside whose name doors inside bear."""
    return [
        reading
        for reading in readings
        if _inside(reading.known, asking.prefixes) or index.lends_name(reading.known.place.code)
    ]


class _Tried:
    """What readings come to, each looked at once."""

    def __init__(self, index: AddressIndex, asking: Asking, ranges: Ranges) -> None:
        self._index, self._asking, self._ranges = index, asking, ranges
        self._done: list[tuple[Reading, list[_Candidate] | None]] = []

    def add(self, readings: Sequence[Reading]) -> list[_Candidate]:
        """With some more readings: the candidates of all that are worth trying."""
        self._done += [(reading, None) for reading in readings]
        kept = {id(reading) for reading in _worth_trying([reading for reading, _ in self._done])}
        self._done = [
            (reading, _of_reading(self._index, reading, self._asking, self._ranges) if found is None else found)
            for reading, found in self._done
            if id(reading) in kept
        ]
        return [candidate for _, found in self._done for candidate in found or ()]


def _settled(text: str, exact: Sequence[Reading], found: Sequence[_Candidate]) -> bool:
    """Whether nothing better can come: the one door that is said, or a place with nothing else said.

    Of several doors a name that was not read may tell which is meant.
    """
    whole = sum(candidate.whole and candidate.parts.fit >= SURE_SCORE for candidate in found)
    unread = any(reading.doors.left_over for reading in exact)
    if whole:
        return whole == 1 or not unread
    said = any(sign.isdigit() for sign in text)
    below = any(reading.doors.values for reading in exact)
    return bool(exact) and not said and not unread and not below


def _worth_trying(readings: Sequence[Reading]) -> list[Reading]:
    """Of each kind, villages and what is larger, those that are read nearly as well as the best."""
    kept: list[Reading] = []
    for villages in (True, False):
        alike = [reading for reading in readings if reading.is_village is villages]
        best = max((reading.weight for reading in alike), default=0.0)
        kept += [reading for reading in alike if reading.weight >= best - _TRIED]
    return kept


def _inside(known: Known, prefixes: tuple[str, ...]) -> bool:
    """Whether a division lies in one of the prefixes or around it."""
    code = known.place.code
    if code.startswith(prefixes):
        return True
    return any(code.startswith(prefix) or prefix.startswith(code) or (prefix[:6] in known.codes and len(prefix) <= 6
               and prefix in known.codes) for prefix in prefixes)  # fmt: skip


def _of_reading(index: AddressIndex, reading: Reading, asking: Asking, ranges: Ranges) -> list[_Candidate]:
    if not _inside(reading.known, asking.prefixes):
        return list(_moved_from(index, reading, ranges))
    village = index.village(reading.known.place.code, ranges) if reading.is_village else None
    own = [_of_place(reading)] if village is None else _of_village(index, reading, village)
    return [*own, *_moved_from(index, reading, ranges)]


def _of_place(reading: Reading) -> _Candidate:
    """A division as an answer: all of it when nothing else was said."""
    other = any(item.kind == "division" for item in reading.doors.left_over)
    said = bool(reading.doors.values) or other or _has_digits(reading)
    parts = Parts(reading.village, reading.upper, 0.45 if said else 1.0, reading.rest)
    return _Candidate(reading.known.place.level, reading.known, parts)


def _has_digits(reading: Reading) -> bool:
    """Whether a number was left unread."""
    return any(sign.isdigit() for item in reading.doors.left_over for sign in reading.text[slice(*item.span)])


def _of_village(index: AddressIndex, reading: Reading, village: Village) -> Iterator[_Candidate]:
    doorway = find_doorway(village, reading)
    part = index.part_of(reading.known.place.code)
    parts = Parts(reading.village, reading.upper, doorway.worth, reading.rest)
    if doorway.level == "door":
        exact = _says_the_door(reading, doorway)
        for door, bears in _told_apart(index, reading, [Door(part, row) for row in doorway.rows]):
            yield _Candidate("door", reading.known, parts, door, whole=exact, bears=bears)
        return
    if not doorway.asked and not reading.named:
        return
    if not doorway.asked and _has_digits(reading):
        parts = parts._replace(door=0.45)
    yield _place_in_village(reading, doorway, village, parts, part)
    for row in doorway.rows if doorway.count > 1 else ():
        yield _Candidate(doorway.level, reading.known, parts._replace(sure=1 / doorway.count), Door(part, row))
    for at, row in enumerate(doorway.neighbours):
        less = parts._replace(door=parts.door * (_NEIGHBOUR_WORTH - 0.01 * at))
        yield _Candidate(doorway.level, reading.known, less, Door(part, row), neighbour=True)


def _moved_from(index: AddressIndex, reading: Reading, ranges: Ranges) -> Iterator[_Candidate]:
    """The doors that bear the name of a village that theirs was divided from, when it is they that are said."""
    village = index.moved_from(reading.known.place.code, ranges) if reading.is_village else None
    doorway = None if village is None else find_doorway(village, reading)
    if doorway is None or doorway.level != "door":
        return
    parts = Parts(reading.village, reading.upper, doorway.worth, reading.rest)
    said = _said_name(reading)
    for row in doorway.rows:
        door = index.moved_door(row)
        told = None if door is None else index.row(door)
        known = None if told is None else index.chain(told.village)
        if told is not None and known is not None and (said or "") in compare_key(told.label):
            yield _Candidate("door", known, parts, door, whole=_says_the_door(reading, doorway), bears=True)


def _told_apart(index: AddressIndex, reading: Reading, doors: Sequence[Door]) -> list[tuple[Door, bool]]:
    """Doors of a village that a text says alike, each with whether its label has the name that the text has.

    A former name means those that bear it: of a village that was merged, 3组12号 may be there twice.
    """
    said = _said_name(reading) if len(doors) > 1 else None
    if said is None:
        return [(door, False) for door in doors]
    marked = [(door, said in compare_key(index.row(door).label)) for door in doors]
    bearing = [each for each in marked if each[1]]
    return marked if said == _as_in_labels(reading.known.place.name) or not bearing else bearing


def _said_name(reading: Reading) -> str | None:
    """Which of its names a text says of a village, as labels have it: the last one, since a township may be called so
    too, and of equals that of now; None when it says none of them as it is written."""
    key, found, best = compare_key(reading.text), None, (0, 0)
    for name in map(_as_in_labels, (reading.known.place.name, *reading.known.place.aliases)):
        stem = name.removesuffix("村").removesuffix("社区") if len(name) > 2 else name
        where = (key.rfind(stem) + len(stem), len(stem))
        if stem and stem in key and where > best:
            found, best = name, where
    return found


def _as_in_labels(name: str) -> str:
    """A village's name without the words for its committee, as it is compared."""
    key = compare_key(normalise(name))
    for words in ("村民委员会", "居民委员会", "村委会"):
        key = key.removesuffix(words)
    return key


def _says_the_door(reading: Reading, doorway: Doorway) -> bool:
    return doorway.worth > 0.97 and reading.village > 0.97 and reading.named and not doorway.agreed


def _place_in_village(reading: Reading, doorway: Doorway, village: Village, parts: Parts, part: int) -> _Candidate:
    """The building that is registered itself, or the part of the village that agrees, at the middle of its doors."""
    if doorway.level == "building" and doorway.rows:
        return _Candidate("building", reading.known, parts, Door(part, doorway.rows[0]))
    if doorway.level == "village" or not doorway.agreed:
        return _Candidate("village", reading.known, parts)
    count, lon, lat = village.agreeing(doorway.agreed, 9)
    agreed = {name: doorway.values.get(name, "") for at, name in enumerate(DOOR_SEGMENTS) if doorway.agreed[at] >= 0}
    return _Candidate(doorway.level, reading.known, parts, None, agreed, LonLat(lon, lat) if count else None)


def _by_alias(index: AddressIndex, text: str, asking: Asking) -> Iterator[_Candidate]:
    """Doors that have the whole text for another name."""
    for door, row in index.called(compare_key(text)):
        known = index.chain(row.village)
        if known is not None and (row.grid or row.village).startswith(asking.prefixes):
            yield _Candidate("door", known, Parts(), door, whole=True)


def _completions(index: AddressIndex, text: str, asking: Asking, ranges: Ranges) -> Iterator[_Candidate]:
    """Doors whose number goes on from the one at the end of the text, or what in a village has a name that does."""
    if not text[-1].isdigit():
        yield from _names_going_on(index, text, asking, ranges)
        return
    for reading in index.reader.exact(text) or index.reader.alike(text)[:2]:
        village = index.village(reading.known.place.code, ranges) if reading.is_village else None
        last = max(reading.doors.spans.items(), key=lambda item: item[1][1], default=None)
        if village is None or last is None or not _inside(reading.known, asking.prefixes):
            continue
        yield from _going_on(index, reading, village, last[0])
        moved = index.moved_from(reading.known.place.code, ranges)
        if moved is not None:
            yield from _going_on(index, reading, moved, last[0], moved=True)
        if any(item.kind == "number_word" for item in reading.doors.assumed) and len(reading.doors.values) == 1:
            yield from _groups_going_on(index, reading, village)


def _going_on(
    index: AddressIndex, reading: Reading, village: Village, segment: str, *, moved: bool = False
) -> Iterator[_Candidate]:
    asked = np.array(door_values(reading.doors.values), np.int32)
    field = DOOR_SEGMENTS.index(segment)
    rows = np.empty(_COMPLETED, np.int32)
    count = complete_numbers(
        village.doors.door, village.doors.place, village.ranges, village.first, village.end, asked, field, rows
    )
    part = index.part_of(reading.known.place.code)
    column = village.doors.door[rows[:count], field].tolist()
    for row, value in sorted(zip(rows[:count].tolist(), column, strict=True), key=lambda pair: pair[1]):
        more = len(str(value)) - len(str(int(asked[field])))
        parts = Parts(reading.village, reading.upper, 0.9 - 0.05 * more, reading.rest, sure=0.7)
        door = index.moved_door(row) if moved else Door(part, row)
        known = reading.known if not moved or door is None else index.chain(index.row(door).village)
        if door is not None and known is not None:
            yield _Candidate("door", known, parts, door, bears=moved)


def _groups_going_on(index: AddressIndex, reading: Reading, village: Village) -> Iterator[_Candidate]:
    """The groups whose number goes on from the one behind the village: 多坝村3 is more often group 3 than number 30."""
    typed = reading.doors.values["number"].removesuffix("号")
    values, rows = np.unique(village.doors.door[village.first : village.end, GROUP], return_index=True)
    part = index.part_of(reading.known.place.code)
    for value, row in zip(values.tolist(), rows.tolist(), strict=True):
        if 0 <= value < NUMERIC and str(value).startswith(typed):
            text = index.row(Door(part, village.first + row)).segments["group_name"]
            yield _part_of_village(
                reading, village, {"group_name": text}, "group", 0.95 if str(value) == typed else 0.9
            )


def _names_going_on(index: AddressIndex, text: str, asking: Asking, ranges: Ranges) -> Iterator[_Candidate]:
    """Streets, estates and hamlets of the villages that a text may name, whose names go on from its end."""
    for reading in index.reader.alike(text, unfinished=True)[:_VILLAGES_COMPLETED]:
        village = index.village(reading.known.place.code, ranges) if reading.is_village and reading.named else None
        if village is None or not _inside(reading.known, asking.prefixes):
            continue
        for name in reading.locals:
            local = name.value
            if local.bare or name.last.end < len(text) or reading.known.place.code not in local.villages:
                continue
            if name.likeness >= _LIKE_ENOUGH and local.segment in _NAMED_PARTS:
                level = _NAMED_PARTS[local.segment]
                yield _part_of_village(reading, village, {local.segment: local.text}, level, 0.9 * name.likeness)


def _part_of_village(reading: Reading, village: Village, below: dict[str, str], level: str, worth: float) -> _Candidate:
    """A part of a village that may be going to be said, at the middle of its doors."""
    asked = door_values(below)
    count, lon, lat = village.agreeing(asked, 9)
    parts = Parts(reading.village, reading.upper, 1.0, reading.rest, sure=0.7 * worth)
    return _Candidate(level, reading.known, parts, None, below, LonLat(lon, lat) if count else None)


def _ranked(index: AddressIndex, found: Sequence[_Candidate], asking: Asking) -> list[_Candidate]:
    """The best first, each thing once, and none of them surer than its rivals let it be."""
    if len(found) == 1 and found[0].whole and found[0].parts.fit >= LEAST_SCORE:
        return [_nearer(index, found[0], asking)]
    best: dict[object, _Candidate] = {}
    for candidate in found:
        key = candidate.door or (candidate.known.place.code, candidate.level, str(candidate.agreed))
        before = best.get(key)
        if before is None or _order(candidate) < _order(before):
            best[key] = candidate
    ranked = sorted((_nearer(index, candidate, asking) for candidate in best.values()), key=_order)
    ranked = [candidate for candidate in _weighed(ranked) if candidate.parts.fit >= LEAST_SCORE]
    _below_their_doors(ranked)
    return sorted(ranked, key=_order)


def _order(candidate: _Candidate) -> tuple[float, bool, bool, float, str, int]:
    door = candidate.door
    return (
        -round(candidate.parts.score, 6),
        candidate.neighbour,
        not candidate.bears,
        -len(candidate.known.place.code),
        candidate.known.place.code,
        -1 if door is None else door.row,
    )


def _weighed(ranked: list[_Candidate]) -> list[_Candidate]:
    """With the share of each among those that fit nearly as well; a door that is not surely the one says less."""
    rivals = [
        c for c in ranked if not c.neighbour and c.parts.sure == 1.0 and (c.door or c.known.place.level == "village")
    ]
    weights = [c.parts.fit * c.parts.near for c in rivals]
    top = max(weights, default=0.0)
    if top <= 0:
        return ranked
    powers = [(weight / top) ** _RIVALRY for weight in weights]
    total = sum(powers)
    for candidate, power in zip(rivals, powers, strict=True):
        candidate.parts = candidate.parts._replace(sure=power / total)
    for candidate in rivals:
        if candidate.level == "door" and not candidate.whole and not _is_claimed(candidate.parts):
            candidate.level = _common_level([c for c in rivals if c.parts.sure > 0.1] or [candidate])
    return ranked


def _is_claimed(parts: Parts) -> bool:
    """Whether a door that was found by likeness may be called the one that was meant."""
    return parts.fit >= SURE_SCORE and parts.sure >= (_SURE_DOOR if parts.village > _EXACT else _SURER_DOOR)


def _below_their_doors(ranked: Sequence[_Candidate]) -> None:
    """A place that is told for want of the door is less than a door in it that is claimed."""
    doors = [candidate for candidate in ranked if candidate.level == "door"]
    for place in ranked:
        inside = [door for door in doors if place.known.place.code in door.known.codes]
        best = max((door.parts.score for door in inside), default=0.0)
        if place.door is None and place.parts.door < 1 and inside and place.parts.score >= best:
            place.parts = place.parts._replace(sure=place.parts.sure * 0.99 * best / place.parts.score)


def _common_level(rivals: Sequence[_Candidate]) -> str:
    """The smallest division that rivals share."""
    shared = frozenset.intersection(*(candidate.known.codes for candidate in rivals))
    chain = [place for place in rivals[0].known.chain if place.code in shared]
    return chain[-1].level if chain else "province"


def _nearer(index: AddressIndex, candidate: _Candidate, asking: Asking) -> _Candidate:
    if asking.near is None:
        return candidate
    point = _point(index, candidate)
    if point is not None:
        far = _far(asking.near, point)
        candidate.parts = candidate.parts._replace(near=0.9 + 0.1 * math.exp(-far / _FAR_M))
    return candidate


def _far(one: LonLat, other: LonLat) -> float:
    return float(measure.distance_m(one.lon, one.lat, other.lon, other.lat))


def _point(index: AddressIndex, candidate: _Candidate) -> LonLat | None:
    if candidate.door is not None:
        part = index.parts[candidate.door.part]
        return LonLat(float(part.lon[candidate.door.row]), float(part.lat[candidate.door.row]))
    return candidate.point or index.middle(candidate.known.place.code)


def _told(index: AddressIndex, candidate: _Candidate, asking: Asking) -> Match | None:
    point = _point(index, candidate)
    far = None if asking.near is None or point is None else _far(asking.near, point)
    if candidate.door is not None:
        row = index.row(candidate.door)
        return Match(
            "housenumber", _as_level(candidate.level), row.code, row.label, candidate.known, row.segments, point,
            row.grid, candidate.parts, row, candidate.neighbour, far,
        )  # fmt: skip
    below = candidate.agreed or {}
    kind = _kind(candidate.level)
    label = format_label(Segments(**segments_of(candidate.known, below)))
    code = candidate.known.place.code
    return Match(kind, _as_level(candidate.level), code, label, candidate.known, below, point, None, candidate.parts,
                 distance_m=far)  # fmt: skip


def segments_of(known: Known, below: Mapping[str, str]) -> dict[str, str]:
    """The chain with its codes and what stands below the village, as far as there is any."""
    told: dict[str, str] = {}
    for place in known.chain:
        told |= {f"{place.level}_code": place.code, place.level: place.name}
    return told | {name: text for name, text in below.items() if text}


def _kind(level: str) -> FeatureKind:
    if level in {"street", "estate", "building"}:
        return "street"
    return "locality" if level in {"group", "village"} else "municipality"


def _as_level(level: str) -> MatchLevel:
    return level  # type: ignore[return-value]
