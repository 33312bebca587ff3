"""What a text means beside what it says: a door by its former label, and 12号 alone in the village that is shown."""

from collections.abc import Iterator
from itertools import chain, islice

from gridmap.addresses.format import format_label
from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.parse import parse
from gridmap.addresses.search.asking import Asking, Match
from gridmap.addresses.search.index import AddressIndex, alias_key
from gridmap.addresses.search.search import meanings
from gridmap.addresses.segments import DOOR_SEGMENTS, SEGMENTS, Segments

_VILLAGE_DIGITS = 12
_DIVISIONS = SEGMENTS[:5]
_GROUP_WORDS = ("组", "社", "队")


def search_inside(index: AddressIndex, text: str, asking: Asking) -> list[Match]:
    """As many of `meanings_inside` as are asked for."""
    return list(islice(meanings_inside(index, text, asking), asking.limit))


def meanings_inside(index: AddressIndex, text: str, asking: Asking) -> Iterator[Match]:
    """What `meanings` tells. Where that is no door: the door that has the label for a former one, however it is said;
    where it is nothing, and all that is asked for lies in one village, its doors that the text tells without its name.
    """
    found = meanings(index, text, asking)
    first = next(found, None)
    if first is not None and first.level == "door":
        return chain([first], found)
    told = [] if first is None else [first, *found]
    if any(match.level == "door" for match in told):
        return iter(told)
    called = list(_by_former_label(index, text, asking))
    if called or told:
        codes = {match.code for match in called}
        return iter([*called, *(match for match in told if match.code not in codes)])
    return _in_the_village(index, text, asking)


def said_in(gazetteer: Gazetteer, village: str, text: str) -> str | None:
    """A text behind the name of a village; None where it names a place itself, or tells no door of one."""
    known = gazetteer.known.get(village)
    named = parse(gazetteer, text).segments
    if known is None or known.place.level != "village" or any(getattr(named, name) for name in _DIVISIONS):
        return None
    divisions = {place.level: place.name for place in known.chain}
    completed = format_label(Segments(**divisions)) + text
    read = parse(gazetteer, completed)
    tells = any(getattr(read.segments, name) for name in DOOR_SEGMENTS)
    return completed if tells and read.segments.village_code == village and not read.left_over else None


def _in_the_village(index: AddressIndex, text: str, asking: Asking) -> Iterator[Match]:
    villages = {prefix[:_VILLAGE_DIGITS] for prefix in asking.prefixes}
    completed = said_in(index.gazetteer, villages.pop(), text) if len(villages) == 1 else None
    if completed is None:
        return
    for match in meanings_inside(index, completed, asking):
        # That the village is there was known before.
        if match.row is not None or match.level != "village":
            yield match


def _by_former_label(index: AddressIndex, text: str, asking: Asking) -> Iterator[Match]:
    """The doors that have what a text says in full for another name; 3社 and 3组 are one group."""
    read = parse(index.gazetteer, text)
    if read.segments.village_code is None or read.left_over or not read.segments.number:
        return
    group = read.segments.group_name or ""
    words = _GROUP_WORDS if group.endswith(_GROUP_WORDS) else ("",)
    for word in words:
        said = read.segments._replace(group_name=group[:-1] + word) if word else read.segments
        label = format_label(said)
        if index.called(alias_key(label)):
            yield from (match for match in meanings(index, label, asking) if match.level == "door")
