"""Which village a text may mean, and what is left of the text for the door: by the exact names, else by likeness."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gridmap.addresses.doors import Doors, read_doors
from gridmap.addresses.gazetteer import Gazetteer, Known
from gridmap.addresses.normalise import compare_key
from gridmap.addresses.search.divisions import Divisions
from gridmap.addresses.search.heads import Heads, Named, Said
from gridmap.addresses.search.names import FoundName, Place
from gridmap.addresses.search.sight import MOST, SURE_LOCAL, Draft, Local, LocalNames, Words, drafts, near_the_best
from gridmap.addresses.search.symbols import Symbols, has_letters, to_symbols
from gridmap.addresses.search.text import unexplained
from gridmap.addresses.search.weighing import SURE_NAME

_UNREAD = 0.12
_CONTRADICTED, _LONGER_NAME = 0.8, 0.75
_BEGUN = 2
"""So many signs of a name must be said when something before it was not read."""
_OTHER_DIVISION = 0.75
_OTHER_PROVINCE, _OTHER_CITY = 0.35, 0.5
_PROVINCE = re.compile("^[^ ,()]{2,3}(?:省|自治区|特别行政区)")
_OTHER_PLACE = re.compile("[㐀-鿿]{2,}?(?<![超城菜夜])市(?!场)|[㐀-鿿]{2,}?(?:自治州|县(?![医政委城]))")
_DIVISION_WORD = re.compile("[镇乡县市州省村]")


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


class Reader:
    """Reads texts by the names there are. Made once and only read."""

    def __init__(
        self, gazetteer: Gazetteer, locals_: Iterable[tuple[str, Local]], divisions: Divisions | None = None
    ) -> None:
        self.gazetteer = gazetteer
        self.divisions = divisions or Divisions(gazetteer)
        self._heads = Heads(gazetteer)
        self._locals = LocalNames(self.divisions, list(locals_))

    def exact(self, text: str) -> list[Reading]:
        """The readings in which every name is as it is known: none when the text names no village so."""
        return _by_names(text, self._heads.names(compare_key(text)))

    def alike(self, text: str, *, unfinished: bool = False) -> list[Reading]:
        """The readings by likeness, the best first: at most ten, none much worse than the best."""
        found: list[Draft] = []
        words = Words(compare_key(text))
        ways = [to_symbols(words.key)]
        if has_letters(text):
            ways.append(to_symbols(words.key, initials=True))
        if unfinished and "A" <= text[-1:] <= "Z":
            ways.append(to_symbols(words.key, begun=True))
        for symbols in ways:
            seen = drafts(self.divisions, self._locals, words, symbols, unfinished=unfinished)
            found += (draft for draft in seen if not (unfinished and _is_only_begun(draft, symbols)))
        # Of equals the one that explains more of the text; a village before the township that is called the same.
        best = sorted(near_the_best(found), key=lambda draft: (-draft.weight, -draft.explained, draft.known.place.code))
        read = _DoorsOf(text)
        return [_by_draft(text, draft, read) for draft in best[:MOST]]


def _is_only_begun(draft: Draft, symbols: Symbols) -> bool:
    """Whether a name is read into the last sign of a text alone, behind names that were not read: the b of duoba begins
    many."""
    if not draft.unread or not draft.named:
        return False
    begin, end = draft.spans[0]
    return int(((symbols.places[:, 0] >= begin) & (symbols.places[:, 0] < end)).sum()) < _BEGUN


class _DoorsOf:
    """What a text says besides some names, read once for all readings that take them at the same places."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[tuple[object, ...], Doors] = {}

    def __call__(self, spans: Iterable[Place], *, in_village: bool) -> Doors:
        gaps, done = [], 0
        for start, end in sorted(spans):
            if start > done:
                gaps.append((done, start))
            done = max(done, end)
        gaps.append((done, len(self._text)))
        key = (in_village, *gaps)
        if key not in self._known:
            # What leads in is read as the parser reads it: as standing in no village yet.
            self._known[key] = read_doors(self._text, gaps, in_village=in_village)
        return self._known[key]


def _by_draft(text: str, draft: Draft, read_doors_of: _DoorsOf) -> Reading:
    """A reading by likeness, with the door."""
    known = draft.known
    doors = read_doors_of(draft.spans, in_village=draft.named and known.place.level == "village")
    read = [n.last for n in draft.locals if n.likeness >= SURE_LOCAL and known.place.code in n.value.villages]
    # What is left over is often the names that were not read: it counts once.
    left = rest_of(text, doors, read, sure=draft.likeness > SURE_NAME)
    rest = min(left, 1 - min(0.6, _UNREAD * draft.unread)) * _of_other_divisions(text, doors)
    rest *= _of_elsewhere(text, doors) * (_LONGER_NAME if _is_end_of_a_name(text, draft) else 1.0)
    return Reading(known, draft.likeness, draft.upper, doors, text, rest, draft.named, draft.locals)


def _is_end_of_a_name(text: str, draft: Draft) -> bool:
    """Whether a name that does not lie where the text says goes on to the left.

    南峪乡胡家堡子村 is another village than the 堡子村 of another township.
    """
    if draft.upper >= _CONTRADICTED or not draft.named:
        return False
    begin = draft.spans[0].start
    if any(span.meets(Place(begin - 1, begin)) for span in draft.spans):
        return False
    before = text[max(begin - 1, 0) : begin]
    return not before.isdigit() and unexplained(before) > 0


def _by_names(text: str, names: Named) -> list[Reading]:
    """The readings of exact names."""
    gaps = names.gaps_in(text)
    doors = {
        in_village: read_doors(text, gaps, in_village=in_village)
        for in_village in {said.known.place.level == "village" for said in names.divisions}
    }
    return [_as_said(text, said, doors[said.known.place.level == "village"]) for said in names.divisions]


def _as_said(text: str, said: Said, doors: Doors) -> Reading:
    rest = rest_of(text, doors) * _of_elsewhere(text, doors)
    if said.known.place.level == "village":
        rest *= _of_other_divisions(text, doors)
    return Reading(said.known, said.likeness, said.upper, doors, text, rest)


def _of_other_divisions(text: str, doors: Doors) -> float:
    """What is left of a reading when the text names divisions besides that are not known: less for each."""
    spans = [item.span for item in doors.left_over if item.kind == "division"]
    if not spans:
        return 1.0
    count = sum(max(1, len(_DIVISION_WORD.findall(text[slice(*span)]))) for span in spans)
    return float(_OTHER_DIVISION ** min(count, 3))


def _of_elsewhere(text: str, doors: Doors) -> float:
    """What is left of a reading when the text begins in a province, a prefecture or a county that is not known here:
    next to nothing for a province, since 贵州省木耳村 is not 木耳村, and too little for a door for a city."""
    if not doors.left_over:
        return 1.0
    first = min((span[0] for span in doors.spans.values()), default=len(text))
    said = "".join(text[slice(*item.span)] for item in doors.left_over if item.span[1] <= first)
    worth = _OTHER_PROVINCE if _PROVINCE.search(said) else 1.0
    for place in _OTHER_PLACE.findall(said)[:2]:
        worth *= _OTHER_CITY if place.endswith(("市", "州")) else _OTHER_DIVISION
    return worth


def rest_of(text: str, doors: Doors, read: Sequence[Place] = (), *, sure: bool = True) -> float:
    """How much of a text was understood, from 1 down to 0.6; where the names are unsure, what is left weighs more.

    `read` are the places of names that were found in it by likeness.
    """
    if not doors.left_over:
        return 1.0
    left = "".join(
        text[slice(*item.span)] for item in doors.left_over if not any(Place(*item.span).meets(place) for place in read)
    )
    if not left:
        return 1.0
    return max(0.6, 1 - 0.025 * unexplained(left)) if sure else max(0.2, 1 - 0.07 * unexplained(left))
