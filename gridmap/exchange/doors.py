"""Which door a row means: by its code, its whole address, or in anybody's words; the nearest one is proposed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process
from sqlalchemy.orm import Session

from gridmap.addresses.format import format_label
from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.parse import Parsed, parse
from gridmap.addresses.service import load_gazetteer
from gridmap.exchange import register_queries as queries
from gridmap.exchange.codes import BadCode
from gridmap.sentences import Sentence, say

_ALIKE = 60.0
_MOST_PROPOSALS = 2000
"""So many rows get the address that comes nearest to theirs proposed; behind them a file is wrong as a whole."""


@dataclass(frozen=True, slots=True)
class Door:
    """A current address: where it is, and what it counts to."""

    code: str
    label: str
    village_code: str
    grid_code: str | None
    lon: float
    lat: float

    @property
    def place(self) -> str:
        """The smallest area the address is in."""
        return self.grid_code or self.village_code


@dataclass(frozen=True, slots=True)
class Said:
    """What a row says of its address: a code, words, and the village the words are of."""

    code: str | None
    words: str | None
    village: str | None


class Doors:
    """The addresses that rows name, found all at once."""

    def __init__(self, session: Session, said: Iterable[Said], *, further: Iterable[str] = ()) -> None:
        """`further` are codes of addresses that are wanted beside."""
        asked = set(said)
        codes = {one.code for one in asked if one.code} | set(further)
        self.by_code = {row[0]: Door(*row) for row in queries.doors_by_code(session, sorted(codes))} if codes else {}
        self._by_words: dict[Said, Door] = {}
        self._refusals: dict[Said, Sentence] = {}
        worded = [one for one in asked if one.code is None and one.words]
        if worded:
            self._find(session, load_gazetteer(session), worded)

    def find(self, said: Said) -> Door | None:
        """The door of a row; None when it names none. Raises BadCode when there is no such door."""
        if said.code is not None:
            if said.code not in self.by_code:
                raise BadCode(say("no_address_code", "there is no address {code} now", code=said.code[:20]))
            return self.by_code[said.code]
        if said.words is None:
            return None
        if said in self._refusals:
            raise BadCode(self._refusals[said])
        return self._by_words[said]

    def _find(self, session: Session, gazetteer: Gazetteer, worded: Sequence[Said]) -> None:
        counties = sorted({code for code in gazetteer.known if len(code) == 6})
        kept = self._labelled(session, counties, {one.words or "" for one in worded})
        self._by_words = {one: kept[one.words] for one in worded if one.words in kept}
        read = {one: _parsed(gazetteer, one) for one in worded if one not in self._by_words}
        labels = {one: format_label(parsed.segments) for one, parsed in read.items()}
        found = self._labelled(session, counties, set(labels.values())) if labels else {}
        self._by_words |= {one: found[label] for one, label in labels.items() if label in found}
        missing = {one: read[one] for one, label in labels.items() if label not in found}
        self._refusals = _proposals(session, missing, labels)
        self.by_code |= {door.code: door for door in self._by_words.values()}

    def _labelled(self, session: Session, counties: Sequence[str], labels: set[str]) -> dict[str | None, Door]:
        found = queries.doors_by_label(session, counties, sorted(labels))
        return {row[1]: Door(*row) for row in found}


def _parsed(gazetteer: Gazetteer, said: Said) -> Parsed:
    """The words taken apart; those of a village that is given apart are read behind its whole name."""
    known = gazetteer.known.get(said.village or "")
    above = "".join(place.name for place in known.chain) if known else ""
    whole = parse(gazetteer, said.words or "")
    return whole if not above or whole.segments.village_code == said.village else parse(gazetteer, above + whole.text)


def _proposals(session: Session, missing: dict[Said, Parsed], labels: dict[Said, str]) -> dict[Said, Sentence]:
    """Why each of some words leads to no door, with the address of the village that is nearest to them."""
    villages = sorted({code for parsed in missing.values() if (code := parsed.segments.village_code)})
    near: dict[str, dict[str, str]] = {}
    for village, label, code in queries.labels_in(session, villages) if villages else ():
        near.setdefault(village, {})[label] = code
    told = {}
    for place, (said, parsed) in enumerate(missing.items()):
        home = parsed.segments.village_code
        if home is None:
            told[said] = say(
                "address_no_village",
                "the address {words!r} names no village that is known",
                words=(said.words or "")[:60],
            )
            continue
        best = _nearest(labels[said], near.get(home, {})) if place < _MOST_PROPOSALS else None
        told[said] = _no_door(labels[said], None if best is None else (best, near[home][best]))
    return told


def _no_door(label: str, near: tuple[str, str] | None) -> Sentence:
    if near is None:
        return say("enter_address_first", "there is no address {label!r}; enter it first", label=label)
    return say(
        "did_it_mean",
        "there is no address {label!r}; enter it first, or did it mean {near} ({code})?",
        label=label,
        near=near[0],
        code=near[1],
    )


def _nearest(label: str, near: dict[str, str]) -> str | None:
    # Addresses of a village share their beginning: only what follows it tells them apart.
    best = process.extractOne(label, near.keys(), scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return None if best is None else str(best[0])
