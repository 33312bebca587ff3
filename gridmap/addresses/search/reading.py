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
_AGAINST = {"township": 0.7, "county": 0.78, "prefecture": 0.85, "province": 0.85}
_BOTH_WRONG = 8
_SURE_NAME = 0.9
"""A name that is as like as this is taken to have been meant, so that it can stand against another."""
_ALIKE, _ALIKE_IN_TOWNSHIP = 0.55, 0.5
_LIKE_UPPER, _HALF_SAID = 0.5, 0.7
"""A larger division is taken to have been said when its name is as like as this: one sign of two is wrong."""
_MARGIN = 0.13
"""Readings that are so much worse than the best are no reading of the text."""
_MOST = 10
_TOWNSHIP_DIGITS = 9
_SURE_LOCAL = 0.8
_NOT_VILLAGE = 0.7
_ONLY_LOCAL = 0.78
_UNREAD, _LEADING = 0.12, 0.4
_OTHER_DIVISION = 0.75
_TAILS = {
    "village": re.compile(
        "(?:村民委员会|居民委员会|村委会|居委会|行政村|社区|村)|(?<=村)(?:民委员|委员|委)会|(?<=社区)居(?:民委员|委)会|"
        " ?(?:CUN|SHEQU)(?![A-Z])"
    ),
    "township": re.compile("(?:街道办事处|街道|办事处|镇|乡)| ?(?:ZHEN|XIANG|JIEDAO)(?![A-Z])"),
    "county": re.compile("(?:藏族)?(?:自治县|县|市|区)| ?(?:XIAN|SHI|QU)(?![A-Z])"),
    "prefecture": re.compile("(?:藏族)?(?:自治州|州|市|地区)| ?(?:ZHOU|SHI)(?![A-Z])"),
    "province": re.compile("(?:省|市|自治区)| ?SHENG(?![A-Z])"),
}
_COMMITTEES = ("村民委员会", "居民委员会")
_OTHER_TAIL = re.compile("[镇乡县州省](?![村委])| ?(?:ZHEN|XIANG|XIAN)(?![A-Z])")
"""木耳镇 is not the village 木耳."""
_DIVISION_WORD = re.compile("[镇乡县市州省村]")
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
            divisions = self.divisions.find(symbols, unfinished=unfinished, least=_ALIKE_IN_TOWNSHIP)
            locals_ = self._locals.find(symbols, unfinished=unfinished, least=0.6)
            drafts += _look(key, divisions, locals_, self.gazetteer).drafts(_name_signs(key, symbols))
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
    unread: float = 0.0

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
        # What is left over is often the names that were not read: it counts once.
        left = rest_of(text, doors, read, sure=self.likeness > _SURE_NAME)
        rest = min(left, 1 - min(0.6, _UNREAD * self.unread)) * _of_other_divisions(text, doors)
        return Reading(self.known, self.likeness, self.upper, doors, text, rest, self.named, self.locals)


def _forms(gazetteer: Gazetteer) -> Iterator[tuple[str, tuple[Meaning, ...]]]:
    """The parser's forms that differ in more than the word at the end, which is read by itself behind a name; and the
    bare names that the parser can't take for fear of a street: 麻路 for 麻路村."""
    forms = dict(gazetteer.forms())
    for form, meanings in forms.items():
        own = tuple(meaning for meaning in meanings if not _is_longer(form, meaning))
        if own:
            yield form, own
    bare: dict[str, tuple[Meaning, ...]] = {}
    for known in gazetteer.known.values():
        key = compare_key(normalise(known.place.name))
        stem = key.removesuffix("村").removesuffix("社区")
        if known.place.level == "village" and len(stem) >= 2 and stem not in forms:
            bare[stem] = (*bare.get(stem, ()), Meaning(known, "abbreviated", 2))
    yield from bare.items()


def _is_longer(form: str, meaning: Meaning) -> bool:
    """Whether a form of a village's name is another with another word behind it: 多坝社区, 多坝村民委员会."""
    if meaning.known.place.level != "village":
        return False
    return meaning.form == "suffix_changed" or (meaning.form == "name" and form.endswith(_COMMITTEES))


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
    rest = rest_of(text, doors)
    if known.place.level == "village":
        rest *= _of_other_divisions(text, doors)
    return Reading(known, said.get(known.place.level, 1.0), upper, doors, text, rest)


def _of_other_divisions(text: str, doors: Doors) -> float:
    """What is left of a reading when the text names divisions besides that are not known: less for each."""
    spans = [item.span for item in doors.left_over if item.kind == "division"]
    count = sum(max(1, len(_DIVISION_WORD.findall(text[slice(*span)]))) for span in spans)
    return float(_OTHER_DIVISION ** min(count, 3))


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


def _name_part(key: str) -> str:
    """What stands before the first number."""
    part = _NAME_PART.match(key)
    return part[0] if part else ""


def _name_signs(key: str, symbols: Symbols) -> list[int]:
    """Where signs and syllables of names may stand: before the first number, in no filler."""
    names = without_filler(_name_part(key))
    return [start for start, _ in symbols.spans if start < len(names) and names[start] != " "]


def _unread(signs: Sequence[int], draft: _Draft) -> float:
    """How many signs of names a reading leaves unread; what leads in is less likely one."""
    read = [*draft.spans, *(name.last for name in draft.locals if name.likeness >= _SURE_LOCAL)]
    begins = min(start for start, _ in draft.spans) if draft.spans else 0
    left = (sign for sign in signs if not any(start <= sign < end for start, end in read))
    return sum(_LEADING if sign < begins else 1.0 for sign in left)


def _near_the_best(drafts: list[_Draft]) -> list[_Draft]:
    """Those villages that are read nearly as well as the best, and likewise what is larger."""
    kept = []
    for villages in (True, False):
        alike = [draft for draft in drafts if (draft.known.place.level == "village") is villages]
        best = max((draft.weight for draft in alike), default=0.0)
        kept += [draft for draft in alike if draft.weight >= best - _MARGIN]
    return kept


@dataclass(frozen=True, slots=True)
class _Sight:
    """What was seen in a text: its divisions, those of each level that it surely names, and the names in villages."""

    key: str
    known: Gazetteer
    seen: dict[str, _Seen]
    sure: dict[str, list[tuple[str, _Seen]]]
    locals: tuple[FoundName[Local], ...]
    names_end: int

    def drafts(self, signs: Sequence[int]) -> list[_Draft]:
        """The readings that may be as good as the best. `signs` are the places of the text's names."""
        drafts: list[_Draft] = []
        best = {True: 0.0, False: 0.0}
        for most, code, found in self._promising():
            known = self.known.known[code]
            village = known.place.level == "village"
            if most < best[village] - _MARGIN:
                continue
            draft = self._of_division(known, found)
            if draft is not None:
                draft.unread = _unread(signs, draft)
                best[village] = max(best[village], draft.weight)
                drafts.append(draft)
        for draft in self._of_locals():
            draft.unread = _unread(signs, draft)
            drafts.append(draft)
        return drafts

    def _promising(self) -> list[tuple[float, str, _Seen]]:
        """The divisions that were seen, with the weight that a reading of each may reach: the most first."""
        towns = [(code, found.first) for code, found in self.sure["township"]]
        found = [(self._most(code, seen, towns), code, seen) for code, seen in self.seen.items()]
        found.sort(key=lambda item: (-item[0], item[1]))
        return found

    def _most(self, code: str, seen: _Seen, towns: Sequence[tuple[str, Place]]) -> float:
        """What a division's weight can't exceed: less where the text names only townships that it isn't in."""
        if len(code) <= _TOWNSHIP_DIGITS or not towns:
            return seen.likeness
        if any(code.startswith(town) or spot.meets(seen.last) for town, spot in towns):
            return seen.likeness
        return seen.likeness * _AGAINST["township"]

    def _of_division(self, known: Known, found: _Seen) -> _Draft | None:
        """A division, with what the text says above it."""
        village = known.place.level == "village"
        place = found.last if village else found.first
        spans = [_with_tail(self.key, known.place.level, place)]
        upper, township = self._upper(known, found.likeness, spans)
        if found.likeness < (_ALIKE_IN_TOWNSHIP if township else _ALIKE):
            return None
        return _Draft(known, found.likeness, upper, spans, self.locals)

    def _upper(self, known: Known, likeness: float, spans: list[Place]) -> tuple[float, bool]:
        """How the divisions above agree with the text, and whether it names the township; adds where they stand.

        That a name is misspelt and what stands above it is wrong as well is hardly ever so.
        """
        upper, township = 1.0, False
        for above in reversed(known.chain[:-1]):
            said = self.seen.get(above.code)
            others = [other for code, other in self.sure.get(above.level, ()) if code != above.code]
            spot = None if said is None else _free(said, spans)
            if said is not None and spot is not None and self._is_said(said, spot, others):
                spans.append(_with_tail(self.key, above.level, spot))
                township |= above.level in {"township", "county"} and said.likeness >= _HALF_SAID
                upper *= 1 - (1 - said.likeness) / 3
                continue
            against = next((free for other in others if (free := _free(other, spans)) is not None), None)
            if against is None:
                upper *= _ABSENT.get(above.level, 1.0)
                continue
            spans.append(against)
            upper *= _AGAINST[above.level] ** (1 + _BOTH_WRONG * (1 - likeness))
        return upper, township

    def _is_said(self, said: _Seen, spot: Place, others: Sequence[_Seen]) -> bool:
        """Whether a name was meant where something like it stands: not in the door's numbers, nor where another
        stands as it is known."""
        if said.likeness >= _SURE_NAME:
            return True
        if said.likeness < _LIKE_UPPER or (said.likeness < _HALF_SAID and spot.end > self.names_end):
            return False
        return not any(spot.meets(other.first) or spot.meets(other.last) for other in others)

    def _of_locals(self) -> list[_Draft]:
        """Villages of which the text names only a street, an estate or a hamlet, perhaps with what lies above."""
        drafts: list[_Draft] = []
        for name in sorted(self.locals, key=lambda name: -name.likeness)[:3]:
            if name.likeness < _SURE_LOCAL:
                break
            for code in name.value.villages:
                village = self.known.known.get(code)
                if village is None or (code in self.seen and self.seen[code].likeness >= _ALIKE):
                    continue
                spans = [name.last]
                upper, township = self._upper(village, name.likeness, spans)
                if township or len(name.value.villages) <= _MOST:
                    likeness = _ONLY_LOCAL * name.likeness
                    drafts.append(_Draft(village, likeness, upper, spans[1:], self.locals, named=False))
        return drafts


def _look(
    key: str, divisions: Sequence[FoundName[tuple[Meaning, ...]]], locals_: Sequence[FoundName[Local]], known: Gazetteer
) -> _Sight:
    """What names that were found in a text mean."""
    seen = _by_division(key, divisions)
    sure: dict[str, list[tuple[str, _Seen]]] = {level: [] for level in _AGAINST}
    for code, found in seen.items():
        level = known.known[code].place.level
        if found.likeness >= _SURE_NAME and found.whole and level in sure:
            sure[level].append((code, found))
    return _Sight(key, known, seen, sure, tuple(locals_), len(_name_part(key)))


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


def _free(said: _Seen, spans: Sequence[Place]) -> Place | None:
    """Where a name stands that is not taken by another."""
    for spot in (said.first, said.last):
        if not any(spot.meets(span) for span in spans):
            return spot
    return None


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
