"""Which village a text may mean, and what is left of the text for the door: by the exact names, else by likeness."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gridmap.addresses.chain import Chain, read_chain
from gridmap.addresses.doors import Doors, read_doors
from gridmap.addresses.gazetteer import Gazetteer, Known, Meaning
from gridmap.addresses.normalise import compare_key, normalise
from gridmap.addresses.search.names import FoundName, Names, Place
from gridmap.addresses.search.symbols import Symbols, has_letters, to_symbols
from gridmap.addresses.search.text import unexplained, without_filler

_FORM = {"name": 1.0, "old_name": 1.0, "suffix_changed": 0.99, "abbreviated": 0.985}
_ABSENT = {"township": 0.985, "county": 1.0, "prefecture": 1.0, "province": 1.0}
_AGAINST = {"township": 0.78, "county": 0.8, "prefecture": 0.88, "province": 0.88}
_SURE_NAME = 0.9
"""A name that is as like as this is taken to have been meant, so that it can stand against another."""
_ALIKE, _ALIKE_IN_TOWNSHIP = 0.55, 0.45
_MARGIN = 0.13
"""Readings that are so much worse than the best are no reading of the text."""
_MOST = 10
_SURE_LOCAL = 0.8
_NOT_VILLAGE = 0.7
_ONLY_LOCAL = 0.78
_UNREAD = 0.08
_OTHER_DIVISION = 0.75
_TAILS = {
    "village": re.compile("(?:村民委员会|居民委员会|村委会|居委会|行政村|社区|村)| ?(?:CUN|SHEQU)(?![A-Z])"),
    "township": re.compile("(?:街道办事处|街道|办事处|镇|乡)| ?(?:ZHEN|XIANG|JIEDAO)(?![A-Z])"),
    "county": re.compile("(?:藏族)?(?:自治县|县|市|区)| ?(?:XIAN|SHI|QU)(?![A-Z])"),
    "prefecture": re.compile("(?:藏族)?(?:自治州|州|市|地区)| ?(?:ZHOU|SHI)(?![A-Z])"),
    "province": re.compile("(?:省|市|自治区)| ?SHENG(?![A-Z])"),
}
_OTHER_TAIL = re.compile("[镇乡县州省](?![村委])| ?(?:ZHEN|XIANG|XIAN)(?![A-Z])")
"""木耳镇 is not the village 木耳."""
_LARGER = frozenset("镇乡县州省")
_BAND = {"village": 4, "township": 3, "county": 2, "prefecture": 1, "province": 0}


@dataclass(frozen=True, slots=True)
class Reading:
    """A way to read a text: the smallest division it names, how well, and what stands below it."""

    known: Known
    village: float
    """How like its name is to what the text says; less when only a street or hamlet of it was named."""
    upper: float
    doors: Doors
    text: str
    rest: float
    """How much of the text was read: 1 when all was."""
    named: bool = True
    """Whether the text names the division, not only something in it."""
    locals: tuple["FoundName[Local]", ...] = ()
    """What of the names in villages the text may say."""

    @property
    def weight(self) -> float:
        """How well the divisions are read."""
        return self.village * self.upper

    @property
    def is_village(self) -> bool:
        """Whether it goes down to a village."""
        return self.known.place.level == "village"


@dataclass(frozen=True, slots=True)
class Local:
    """A name that something in villages has: a hamlet, street or estate, or a group with a name."""

    segment: str
    text: str
    villages: tuple[str, ...]


class Reader:
    """Reads texts by the names there are. Made once and only read."""

    def __init__(
        self,
        gazetteer: Gazetteer,
        locals_: Iterable[tuple[str, Local]],
        divisions: Names[tuple[Meaning, ...]] | None = None,
    ) -> None:
        self.gazetteer = gazetteer
        self.divisions: Names[tuple[Meaning, ...]] = divisions or Names(_forms(gazetteer))
        self._locals: Names[Local] = Names(locals_)

    def exact(self, text: str) -> list[Reading]:
        """The readings in which every name is as it is known: none when the text names no village so."""
        key = compare_key(text)
        chain = read_chain(self.gazetteer, key)
        if not chain.found or chain.against:
            return []
        return [_by_chain(text, chain, known) for known in chain.found]

    def alike(self, text: str, *, unfinished: bool = False) -> list[Reading]:
        """The readings by likeness, the best first: at most ten, none much worse than the best."""
        drafts: list[_Draft] = []
        key = compare_key(text)
        for initials in (False, True) if has_letters(text) else (False,):
            symbols = to_symbols(key, initials=initials)
            divisions = self.divisions.find(symbols, unfinished=unfinished, least=0.45)
            locals_ = self._locals.find(symbols, unfinished=unfinished, least=0.6)
            found = _drafts(key, divisions, tuple(locals_), self.gazetteer)
            signs = _name_signs(key, symbols)
            for draft in found:
                draft.unread = _unread(signs, draft)
            drafts += found
        drafts = _near_the_best(drafts)
        # Of equals the one that explains more of the text; a village before the township that is called the same.
        drafts.sort(key=lambda draft: (-draft.weight, -draft.explained, draft.known.place.code))
        return [draft.read(text) for draft in drafts[:_MOST]]


@dataclass(slots=True)
class _Draft:
    """A reading before the door is read."""

    known: Known
    likeness: float
    upper: float
    spans: list[Place]
    locals: tuple[FoundName[Local], ...]
    named: bool = True
    unread: int = 0

    @property
    def weight(self) -> float:
        """What readings are compared by."""
        return self.likeness * self.upper * (1 - min(0.4, 0.11 * self.unread))

    @property
    def explained(self) -> int:
        """How many signs of the text are names."""
        return sum(end - start for start, end in self.spans)

    def read(self, text: str) -> Reading:
        """With the door."""
        doors = _doors(text, self.spans, in_village=self.named and self.known.place.level == "village")
        code = self.known.place.code
        read = [n.last for n in self.locals if n.likeness >= _SURE_LOCAL and code in n.value.villages]
        rest = rest_of(text, doors, read, sure=self.likeness > _SURE_NAME) * (1 - min(0.4, _UNREAD * self.unread))
        if any(item.kind == "division" for item in doors.left_over):
            rest *= _OTHER_DIVISION
        return Reading(self.known, self.likeness, self.upper, doors, text, rest, self.named, self.locals)


def _forms(gazetteer: Gazetteer) -> Iterator[tuple[str, tuple[Meaning, ...]]]:
    """The parser's forms, and the bare names that it can't take for fear of a street: 麻路 for 麻路村."""
    forms = dict(gazetteer.forms())
    yield from forms.items()
    bare: dict[str, tuple[Meaning, ...]] = {}
    for known in gazetteer.known.values():
        key = compare_key(normalise(known.place.name))
        stem = key.removesuffix("村").removesuffix("社区")
        if known.place.level == "village" and len(stem) >= 2 and stem not in forms:
            bare[stem] = (*bare.get(stem, ()), Meaning(known, "abbreviated", 2))
    yield from bare.items()


def _by_chain(text: str, chain: Chain, known: Known) -> Reading:
    """A reading of exact names."""
    doors = read_doors(text, chain.gaps, in_village=known.place.level == "village")
    said: dict[str, float] = {}
    for step in chain.steps:
        for meaning in step.meanings:
            if meaning.known.place.code in known.codes:
                level = meaning.known.place.level
                said[level] = max(said.get(level, 0.0), _FORM[meaning.form])
    upper = 1.0
    for place in known.chain[:-1]:
        upper *= 1 - (1 - said[place.level]) / 4 if place.level in said else _ABSENT.get(place.level, 1.0)
    return Reading(known, said.get(known.place.level, 1.0), upper, doors, text, rest_of(text, doors))


def rest_of(text: str, doors: Doors, read: Sequence[Place] = (), *, sure: bool = True) -> float:
    """How much of a text was understood, from 1 down to 0.6; where the names are unsure, what is left weighs more.

    `read` are the places of names that were found in it by likeness.
    """
    left = "".join(
        text[slice(*item.span)] for item in doors.left_over if not any(Place(*item.span).meets(place) for place in read)
    )
    if not left:
        return 1.0
    return max(0.6, 1 - 0.025 * unexplained(left)) if sure else max(0.2, 1 - 0.07 * unexplained(left))


@dataclass(slots=True)
class _Seen:
    """The best likeness of each division, and where it stands in the text."""

    likeness: float
    first: Place
    last: Place
    whole: bool


_NAME_PART = re.compile("[^0-9]*")


def _name_signs(key: str, symbols: Symbols) -> list[int]:
    """Where signs and syllables of names may stand: before the first number, in no filler."""
    part = _NAME_PART.match(key)
    names = without_filler(part[0]) if part else ""
    return [start for start, _ in symbols.spans if start < len(names) and names[start] != " "]


def _unread(signs: Sequence[int], draft: _Draft) -> int:
    """How many signs of names a reading leaves unread."""
    read = [*draft.spans, *(name.last for name in draft.locals if name.likeness >= _SURE_LOCAL)]
    return sum(not any(start <= sign < end for start, end in read) for sign in signs)


def _near_the_best(drafts: list[_Draft]) -> list[_Draft]:
    """Those villages that are read nearly as well as the best, and likewise what is larger."""
    kept = []
    for villages in (True, False):
        alike = [draft for draft in drafts if (draft.known.place.level == "village") is villages]
        best = max((draft.weight for draft in alike), default=0.0)
        kept += [draft for draft in alike if draft.weight >= best - _MARGIN]
    return kept


def _drafts(
    key: str,
    divisions: Sequence[FoundName[tuple[Meaning, ...]]],
    locals_: tuple[FoundName[Local], ...],
    known: Gazetteer,
) -> list[_Draft]:
    seen = _by_division(key, divisions)
    sure = {level: _surest(seen, known, level) for level in _AGAINST}
    drafts = []
    for code, found in seen.items():
        draft = _of_division(key, known.known[code], found, seen, sure, locals_)
        if draft is not None:
            drafts.append(draft)
    return drafts + _of_locals(key, locals_, seen, known, sure)


def _by_division(key: str, divisions: Sequence[FoundName[tuple[Meaning, ...]]]) -> dict[str, _Seen]:
    seen: dict[str, _Seen] = {}
    for name in divisions:
        for meaning in name.value:
            likeness = name.likeness * _FORM[meaning.form]
            if meaning.known.place.level == "village" and _is_larger(key, name):
                likeness *= _NOT_VILLAGE
            code = meaning.known.place.code
            before = seen.get(code)
            if before is None or likeness > before.likeness:
                seen[code] = _Seen(likeness, name.first, name.last, meaning.form != "abbreviated")
    return seen


def _is_larger(key: str, name: FoundName[tuple[Meaning, ...]]) -> bool:
    """Whether the text has the word for something larger at the end of a name: 柳林镇 is not 柳林村 misspelt."""
    last = key[name.last.end - 1]
    return _OTHER_TAIL.match(key, name.last.end) is not None or (last in _LARGER and not name.name.endswith(last))


def _surest(seen: dict[str, _Seen], known: Gazetteer, level: str) -> list[tuple[str, _Seen]]:
    """The divisions of a level that the text surely names, by a whole name."""
    return [
        (code, found)
        for code, found in seen.items()
        if found.likeness >= _SURE_NAME and found.whole and known.known[code].place.level == level
    ]


def _of_division(
    key: str, known: Known, found: _Seen, seen: dict[str, _Seen], sure: dict[str, list[tuple[str, _Seen]]],
    locals_: tuple[FoundName[Local], ...],
) -> _Draft | None:  # fmt: skip
    """A division, with what the text says above it."""
    village = known.place.level == "village"
    place = found.last if village else found.first
    spans = [_with_tail(key, known.place.level, place)]
    upper, township = _upper(key, known, spans, seen, sure)
    if found.likeness < (_ALIKE_IN_TOWNSHIP if township else _ALIKE):
        return None
    return _Draft(known, found.likeness, upper, spans, locals_)


def _upper(
    key: str, known: Known, spans: list[Place], seen: dict[str, _Seen], sure: dict[str, list[tuple[str, _Seen]]]
) -> tuple[float, bool]:
    """How the divisions above agree with the text, and whether it names the township; adds where they stand."""
    upper, township = 1.0, False
    for above in reversed(known.chain[:-1]):
        said = seen.get(above.code)
        spot = _free(said, spans) if said is not None and said.likeness >= 0.6 else None
        if said is not None and spot is not None:
            spans.append(_with_tail(key, above.level, spot))
            township |= above.level in {"township", "county"} and said.likeness >= 0.7
            upper *= 1 - (1 - said.likeness) / 3
            continue
        others = [other for code, other in sure.get(above.level, ()) if code != above.code]
        against = next((free for other in others if (free := _free(other, spans)) is not None), None)
        if against is not None:
            spans.append(against)
        upper *= _AGAINST[above.level] if against is not None else _ABSENT.get(above.level, 1.0)
    return upper, township


def _free(said: _Seen | None, spans: Sequence[Place]) -> Place | None:
    """Where a name stands that is not taken by another."""
    if said is None:
        return None
    return next((spot for spot in (said.first, said.last) if not any(spot.meets(span) for span in spans)), None)


def _of_locals(
    key: str, locals_: tuple[FoundName[Local], ...], seen: dict[str, _Seen], known: Gazetteer,
    sure: dict[str, list[tuple[str, _Seen]]],
) -> list[_Draft]:  # fmt: skip
    """Villages of which the text names only a street, an estate or a hamlet, perhaps with what lies above."""
    drafts: list[_Draft] = []
    for name in sorted(locals_, key=lambda name: -name.likeness)[:3]:
        if name.likeness < _SURE_LOCAL:
            break
        for code in name.value.villages:
            village = known.known.get(code)
            if village is None or (code in seen and seen[code].likeness >= _ALIKE):
                continue
            spans = [name.last]
            upper, township = _upper(key, village, spans, seen, sure)
            if township or len(name.value.villages) <= _MOST:
                drafts.append(_Draft(village, _ONLY_LOCAL * name.likeness, upper, spans[1:], locals_, named=False))
    return drafts


def _doors(text: str, spans: Iterable[Place], *, in_village: bool) -> Doors:
    """What a text says besides the names of divisions."""
    gaps, done = [], 0
    for start, end in sorted(spans):
        if start > done:
            gaps.append((done, start))
        done = max(done, end)
    gaps.append((done, len(text)))
    # What leads in is read as the parser reads it: as standing in no village yet.
    return read_doors(text, gaps, in_village=in_village)


def _with_tail(key: str, level: str, spot: Place) -> Place:
    """Where a name ends with the word for what it is."""
    match = _TAILS[level].match(key, spot.end)
    return Place(spot.start, match.end()) if match else spot
