"""An address in anybody's words, taken apart: segments, what was assumed, what is left over, what else it may be."""

from typing import Literal, NamedTuple

from gridmap.addresses.chain import Chain, Step, common_chain, read_chain
from gridmap.addresses.doors import Assumption, Doors, LeftOver, read_doors
from gridmap.addresses.gazetteer import Gazetteer, Known
from gridmap.addresses.normalise import Normalised, Span, compare_key, normalised
from gridmap.addresses.segments import Segments

Reason = Literal["same_name", "level", "contradiction", "group_and_number", "divided"]
"""Why there is an alternative: several divisions of the name; a township or a village in it; the text names divisions
that don't lie in each other; 3-12 may be a group and a number; doors of a divided village bear its name still."""
MOST_ALTERNATIVES = 50
_LEVELS = ("province", "prefecture", "county", "township", "village")


class Alternative(NamedTuple):
    """Another way to read the text, whole, and why it is possible."""

    segments: Segments
    reason: Reason


class Parsed(NamedTuple):
    """A text taken apart. All spans are of `text`, the original, end exclusive.

    Where several divisions are possible `segments` holds only what they share, and `alternatives` all of them in the
    order of their codes (the first fifty; `alternatives_more` says how many were left out).
    """

    text: str
    normalised: str
    segments: Segments
    spans: dict[str, Span]
    assumed: tuple[Assumption, ...]
    left_over: tuple[LeftOver, ...]
    alternatives: tuple[Alternative, ...]
    alternatives_more: int = 0


def parse(gazetteer: Gazetteer, text: str) -> Parsed:
    """Takes an address apart. Never raises; a text without any address is all left over."""
    found = normalised(text)
    chain = read_chain(gazetteer, compare_key(found.text))
    doors = read_doors(found.text, chain.gaps, in_village=chain.is_village)
    known = _agreed(chain)
    segments = _segments(known, chain, doors.values)
    others = _alternatives(segments, chain, doors)
    divisions, spans = _named(known, chain)
    return Parsed(
        text=text,
        normalised=found.text,
        segments=segments,
        spans={name: found.span(*span) for name, span in (spans | doors.spans).items()},
        assumed=tuple(_original(found, item) for item in (*divisions, *doors.assumed)),
        left_over=tuple(LeftOver(item.kind, found.span(*item.span)) for item in doors.left_over),
        alternatives=tuple(others[:MOST_ALTERNATIVES]),
        alternatives_more=max(0, len(others) - MOST_ALTERNATIVES),
    )


def _agreed(chain: Chain) -> Known | None:
    """The smallest division that everything the text may mean has in common."""
    possible = chain.found + chain.against
    if len(possible) == 1:
        return possible[0]
    return next(iter(common_chain(possible)), None) if possible else None


def _segments(known: Known | None, chain: Chain, doors: dict[str, str]) -> Segments:
    """Divisions that agree with code and name; the name alone of one that several have."""
    values: dict[str, str | None] = {**doors}
    for place in known.chain if known else ():
        values[place.level] = place.name
        values[f"{place.level}_code"] = place.code
    if len(chain.found) > 1 and not chain.against:
        names = {(other.place.level, other.place.name) for other in chain.found}
        if len(names) == 1:
            level, name = names.pop()
            values[level] = name
    return Segments(**values)


def _alternatives(segments: Segments, chain: Chain, doors: Doors) -> list[Alternative]:
    possible = tuple({known.place.code: known for known in chain.found + chain.against}.values())
    others = []
    if len(possible) > 1:
        levels = {known.place.level for known in possible}
        reason: Reason = "contradiction" if chain.against else "same_name" if len(levels) == 1 else "level"
        ordered = sorted(possible, key=lambda known: known.place.code)
        others = [Alternative(_segments(known, Chain(), doors.values), reason) for known in ordered]
    if doors.either is not None:
        others.append(Alternative(segments._replace(**doors.either), "group_and_number"))
    return others


def _named(known: Known | None, chain: Chain) -> tuple[list[Assumption], dict[str, Span]]:
    """What of the chain the text says and where, and what was assumed of it."""
    assumed: list[Assumption] = []
    spans: dict[str, Span] = {}
    codes = {place.code: place for place in known.chain} if known else {}
    for step in chain.steps:
        for meaning in step.meanings:
            place = codes.get(meaning.known.place.code)
            if place is None and len(step.meanings) > 1:
                continue
            place = place or meaning.known.place
            if step.kind == "repeated" and place.level in spans:
                assumed.append(Assumption("repeated", place.level, (step.start, step.end), place.name))
                continue
            if place.code in codes or _is_last(step, chain):
                spans.setdefault(place.level, (step.start, step.end))
            if meaning.form != "name":
                assumed.append(Assumption(meaning.form, place.level, (step.start, step.end), place.name))
    if chain.town is not None:
        assumed.append(Assumption("town", "county", chain.town, ""))
    filled = [place for place in codes.values() if place.level not in spans]
    return [*assumed, *(Assumption("filled", place.level, None, place.name) for place in filled)], spans


def _is_last(step: Step, chain: Chain) -> bool:
    return step is chain.steps[-1]


def _original(found: Normalised, item: Assumption) -> Assumption:
    return item if item.span is None else item._replace(span=found.span(*item.span))
