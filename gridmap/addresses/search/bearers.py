"""An address whose village was divided, read as the door that bears it now: the words are the old village's still."""

from gridmap.addresses.doors import Assumption
from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.parse import Alternative, Parsed, parse
from gridmap.addresses.search.asking import Asking, Match
from gridmap.addresses.search.index import AddressIndex
from gridmap.addresses.search.search import search
from gridmap.addresses.segments import DOOR_SEGMENTS, Segments

_FEW = 10


def told_by_bearers(index: AddressIndex, parsed: Parsed, prefixes: tuple[str, ...]) -> Parsed:
    """The same where nothing was divided; else the village of the door that bears the text, assumed by an old name.

    Where the number was given again in the old village, both are alternatives.
    """
    village = parsed.segments.village_code
    if village is None or not index.lends_name(village):
        return parsed
    found = [match for match in search(index, parsed.text, Asking(_FEW, prefixes)) if match.level == "door"]
    bearing = [_read(index.gazetteer, match) for match in found if _bears(index.gazetteer, match, village)]
    own = [match for match in found if match.segments.get("village_code") == village]
    if not bearing:
        return parsed
    if own or len(bearing) > 1:
        return _divided(parsed, [*([parsed.segments] if own else []), *bearing])
    (now,) = bearing
    assumed = Assumption("old_name", "village", parsed.spans.get("village"), now.village or "")
    return parsed._replace(segments=now, assumed=(*parsed.assumed, assumed))


def _bears(gazetteer: Gazetteer, match: Match, village: str) -> bool:
    """Whether a door of another village has the words of this one."""
    return match.row is not None and match.row.village != village and (
        parse(gazetteer, match.label).segments.village_code == village
    )  # fmt: skip


def _read(gazetteer: Gazetteer, match: Match) -> Segments:
    """The door where it is now."""
    chain: dict[str, str] = {}
    for place in gazetteer.known[match.segments["village_code"]].chain:
        chain |= {place.level: place.name, f"{place.level}_code": place.code}
    return Segments(**chain, **{name: match.segments.get(name) for name in DOOR_SEGMENTS})


def _divided(parsed: Parsed, readings: list[Segments]) -> Parsed:
    """What all of them share, and each of them whole."""
    first, *others = readings
    shared = {
        name: value
        for name, value in first._asdict().items()
        if all(getattr(other, name) == value for other in others)
    }  # fmt: skip
    ordered = sorted(readings, key=lambda read: read.village_code or "")
    alternatives = tuple(Alternative(read, "divided") for read in ordered)
    return parsed._replace(segments=Segments(**shared), alternatives=(*alternatives, *parsed.alternatives))
