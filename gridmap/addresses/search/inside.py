"""What a text means to somebody who has one village before him: 12号 alone is the door there."""

from gridmap.addresses.format import format_label
from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.parse import parse
from gridmap.addresses.search.asking import Asking, Match
from gridmap.addresses.search.index import AddressIndex
from gridmap.addresses.search.search import search
from gridmap.addresses.segments import DOOR_SEGMENTS, SEGMENTS, Segments

_VILLAGE_DIGITS = 12
_DIVISIONS = SEGMENTS[:5]


def search_inside(index: AddressIndex, text: str, asking: Asking) -> list[Match]:
    """What `search` finds; where that is nothing and all that is asked for lies in one village, the doors of it that
    the text tells without naming the village."""
    found = search(index, text, asking)
    villages = {prefix[:_VILLAGE_DIGITS] for prefix in asking.prefixes}
    if found or len(villages) != 1:
        return found
    village = villages.pop()
    completed = said_in(index.gazetteer, village, text)
    # That the village is there was known before.
    if completed is None:
        return []
    return [match for match in search(index, completed, asking) if match.row is not None or match.level != "village"]


def said_in(gazetteer: Gazetteer, village: str, text: str) -> str | None:
    """A text behind the name of a village; None where it names a place itself, or tells no door of one."""
    known = gazetteer.known.get(village)
    named = parse(gazetteer, text).segments
    if known is None or known.place.level != "village" or any(getattr(named, name) for name in _DIVISIONS):
        return None
    chain = {place.level: place.name for place in known.chain}
    completed = format_label(Segments(**chain)) + text
    read = parse(gazetteer, completed)
    tells = any(getattr(read.segments, name) for name in DOOR_SEGMENTS)
    return completed if tells and read.segments.village_code == village and not read.left_over else None
