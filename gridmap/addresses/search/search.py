"""The search itself: a text in anybody's words becomes doors and places, each with how far it agrees and how well."""

from collections.abc import Iterator, Sequence
from itertools import islice

from gridmap.addresses.format import format_label
from gridmap.addresses.normalise import compare_key, normalise
from gridmap.addresses.search.asking import PLAIN, Asking, FeatureKind, Match, MatchLevel, segments_of
from gridmap.addresses.search.candidate import Candidate, far_m, point_of
from gridmap.addresses.search.completing import completions
from gridmap.addresses.search.index import AddressIndex, Door, lies_in, place_ranges
from gridmap.addresses.search.matching import Doorway, Ranges, Village, find_doorway
from gridmap.addresses.search.ranking import SURE_SCORE, ranked
from gridmap.addresses.search.reading import Reading
from gridmap.addresses.search.score import Parts
from gridmap.addresses.search.text import readable, typed_whole, variants
from gridmap.addresses.segments import DOOR_SEGMENTS, Segments
from gridmap.geo.lonlat import LonLat

_TRIED = 0.4
_NEIGHBOUR_WORTH = 0.8


def search(index: AddressIndex, text: str, asking: Asking = PLAIN) -> list[Match]:
    """What a text means, the best first. Empty for what means nothing here: a far-off guess is never told."""
    return list(islice(meanings(index, text, asking), asking.limit))


def meanings(index: AddressIndex, text: str, asking: Asking = PLAIN) -> Iterator[Match]:
    """The same without a limit, each told when it is taken."""
    asked = readable(text)
    if asking.autocomplete:
        asked = typed_whole(asked)
    if not asked or not asking.prefixes:
        return
    ranges = place_ranges(asking.prefixes)
    found = list(_by_alias(index, asked, asking))
    if not found:
        found += _candidates(index, asked, asking, ranges)
    if asking.autocomplete:
        found += completions(index, asked, asking, ranges)
    for candidate in ranked(index, found, asking):
        yield _told(index, candidate, asking)


def _candidates(index: AddressIndex, text: str, asking: Asking, ranges: Ranges) -> list[Candidate]:
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
        if lies_in(reading.known, asking.prefixes) or index.lends_name(reading.known.place.code)
    ]


class _Tried:
    """What readings come to, each looked at once."""

    def __init__(self, index: AddressIndex, asking: Asking, ranges: Ranges) -> None:
        self._index, self._asking, self._ranges = index, asking, ranges
        self._done: list[tuple[Reading, list[Candidate] | None]] = []

    def add(self, readings: Sequence[Reading]) -> list[Candidate]:
        """With some more readings: the candidates of all that are worth trying."""
        self._done += [(reading, None) for reading in readings]
        kept = {id(reading) for reading in _worth_trying([reading for reading, _ in self._done])}
        self._done = [
            (reading, _of_reading(self._index, reading, self._asking, self._ranges) if found is None else found)
            for reading, found in self._done
            if id(reading) in kept
        ]
        return [candidate for _, found in self._done for candidate in found or ()]


def _settled(text: str, exact: Sequence[Reading], found: Sequence[Candidate]) -> bool:
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


def _of_reading(index: AddressIndex, reading: Reading, asking: Asking, ranges: Ranges) -> list[Candidate]:
    if not lies_in(reading.known, asking.prefixes):
        return list(_moved_from(index, reading, ranges))
    village = index.village(reading.known.place.code, ranges) if reading.is_village else None
    own = [_of_place(reading)] if village is None else _of_village(index, reading, village)
    return [*own, *_moved_from(index, reading, ranges)]


def _of_place(reading: Reading) -> Candidate:
    """A division as an answer: all of it when nothing else was said."""
    other = any(item.kind == "division" for item in reading.doors.left_over)
    said = bool(reading.doors.values) or other or _has_digits(reading)
    parts = Parts(reading.village, reading.upper, 0.45 if said else 1.0, reading.rest)
    return Candidate(reading.known.place.level, reading.known, parts)


def _has_digits(reading: Reading) -> bool:
    """Whether a number was left unread."""
    return any(sign.isdigit() for item in reading.doors.left_over for sign in reading.text[slice(*item.span)])


def _of_village(index: AddressIndex, reading: Reading, village: Village) -> Iterator[Candidate]:
    doorway = find_doorway(village, reading)
    part = index.part_of(reading.known.place.code)
    parts = Parts(reading.village, reading.upper, doorway.worth, reading.rest)
    if doorway.level == "door":
        exact = _says_the_door(reading, doorway)
        for door, bears in _told_apart(index, reading, [Door(part, row) for row in doorway.rows]):
            yield Candidate("door", reading.known, parts, door, whole=exact, bears=bears)
        return
    if not doorway.asked and not reading.named:
        return
    if not doorway.asked and _has_digits(reading):
        parts = parts._replace(door=0.45)
    yield _place_in_village(reading, doorway, village, parts, part)
    for row in doorway.rows if doorway.count > 1 else ():
        yield Candidate(doorway.level, reading.known, parts._replace(sure=1 / doorway.count), Door(part, row))
    for at, row in enumerate(doorway.neighbours):
        less = parts._replace(door=parts.door * (_NEIGHBOUR_WORTH - 0.01 * at))
        yield Candidate(doorway.level, reading.known, less, Door(part, row), neighbour=True)


def _moved_from(index: AddressIndex, reading: Reading, ranges: Ranges) -> Iterator[Candidate]:
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
            yield Candidate("door", known, parts, door, whole=_says_the_door(reading, doorway), bears=True)


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


def _place_in_village(reading: Reading, doorway: Doorway, village: Village, parts: Parts, part: int) -> Candidate:
    """The building that is registered itself, or the part of the village that agrees, at the middle of its doors."""
    if doorway.level == "building" and doorway.rows:
        return Candidate("building", reading.known, parts, Door(part, doorway.rows[0]))
    if doorway.level == "village" or not doorway.agreed:
        return Candidate("village", reading.known, parts)
    count, lon, lat = village.agreeing(doorway.agreed, 9)
    agreed = {name: doorway.values.get(name, "") for at, name in enumerate(DOOR_SEGMENTS) if doorway.agreed[at] >= 0}
    return Candidate(doorway.level, reading.known, parts, None, agreed, LonLat(lon, lat) if count else None)


def _by_alias(index: AddressIndex, text: str, asking: Asking) -> Iterator[Candidate]:
    """Doors that have the whole text for another name."""
    for door, row in index.called(compare_key(text)):
        known = index.chain(row.village)
        if known is not None and (row.grid or row.village).startswith(asking.prefixes):
            yield Candidate("door", known, Parts(), door, whole=True)


def _told(index: AddressIndex, candidate: Candidate, asking: Asking) -> Match:
    point = point_of(index, candidate)
    far = None if asking.near is None or point is None else far_m(asking.near, point)
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


def _kind(level: str) -> FeatureKind:
    if level in {"street", "estate", "building"}:
        return "street"
    return "locality" if level in {"group", "village"} else "municipality"


def _as_level(level: str) -> MatchLevel:
    return level  # type: ignore[return-value]
