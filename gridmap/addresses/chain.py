"""The divisions that a text names, read from left to right: each name narrows what the ones before it can mean."""

import re
from dataclasses import dataclass, field
from typing import Literal

from gridmap.addresses.gazetteer import Gazetteer, Known, Meaning

_BETWEEN = re.compile(r"[ ,()་།༎]*(?:(?:的|境内|辖区|下辖|所辖|下属))?[ ,()་།༎]*")
_FILLER = re.compile(r"(?:[ ,()]|喂|你好|您好|我们|我|家|现|居|住|位|于|在|是|地址|地点|为|收货|详细|户籍|所在地)*")
_LONGEST_LEAD, _LONGEST_GAP = 30, 8
_ENDS_GAP = frozenset("0123456789路街巷区组社队号楼栋园苑村")
# 木耳 is not 木耳镇 where it begins the name of something else: 木耳东路, 卓尼路, 东山小区, 合作社.
_OTHER_NAME = re.compile(
    r"(?:[东西南北中上下前后新老内外一二三四五六七八九十])?"
    r"(?:路|街|巷|弄|大道|桥|小区|花园|家园|佳苑|新村|公寓|大厦|苑|社(?!区)|组|队|号|楼|栋|幢|座|市|县|区|乡|镇|村(?![委民]))"
)
# 多坝村委会 is the committee's house, a place in 多坝村: its 村 belongs to the hint.
_COMMITTEE = re.compile("(?<=村)民?委")
_BOUNDARY = re.compile(r"$|[ ,()0-9-]")
_TOWN = re.compile("城区|县城|城(?!关|内|外|东|西|南|北|隍)|市区")


@dataclass(slots=True)
class Step:
    """One name of a division in the normalised text, what it can mean there, and how it stands to the names before:
    below them, one of them again, or in none of them."""

    start: int
    end: int
    meanings: tuple[Meaning, ...]
    kind: Literal["below", "repeated", "against"] = "below"


@dataclass(slots=True)
class Chain:
    """The divisions a text names. `found` is what the smallest of them can be; `against` what the text also says
    that they don't lie in; `gaps` the parts of the text before, between and after the names."""

    steps: list[Step] = field(default_factory=list)
    found: tuple[Known, ...] = ()
    against: tuple[Known, ...] = ()
    gaps: list[tuple[int, int]] = field(default_factory=list)
    town: tuple[int, int] | None = None

    @property
    def is_village(self) -> bool:
        """Whether the names go down to a village."""
        return bool(self.found) and all(known.place.level == "village" for known in self.found)


def read_chain(gazetteer: Gazetteer, key: str) -> Chain:
    """Reads the names of divisions in a normalised, compared text."""
    chain = Chain()
    place = done = 0
    while (step := _next_step(gazetteer, key, place, chain)) is not None:
        if step.start > done and _BETWEEN.fullmatch(key, done, step.start) is None:
            chain.gaps.append((done, step.start))
        _take(chain, step)
        done = step.end
        if (town := _TOWN.match(key, done)) and _is_town(gazetteer, key, done, chain):
            chain.town, done = town.span(), town.end()
        place = _skip(key, done)
    chain.gaps.append((done, len(key)))
    return chain


def common_chain(knowns: tuple[Known, ...]) -> tuple[Known, ...]:
    """What all of some divisions are or lie in, as the one chain they share; the smallest last, as a tuple of one.

    Empty when they share nothing.
    """
    first, *rest = knowns
    shared = [place for place in first.chain if all(place.code in other.codes for other in rest)]
    if not shared:
        return ()
    codes = frozenset(place.code for place in shared)
    return (Known(shared[-1], tuple(shared), codes),)


def _is_town(gazetteer: Gazetteer, key: str, place: int, chain: Chain) -> bool:
    """卓尼县城 is the county's town, which is no division by that name; 卓尼县城关镇 has one."""
    in_county = any(known.place.level in {"prefecture", "county"} for known in chain.found)
    return in_county and _only(gazetteer, key, place, chain) is None


def _skip(key: str, place: int) -> int:
    between = _BETWEEN.match(key, place)
    return between.end() if between else place


def _take(chain: Chain, step: Step) -> None:
    """Adds a step. A name said again narrows what was found to what lies in it."""
    named = tuple([meaning.known for meaning in step.meanings])
    if step.kind == "repeated":
        chain.found = tuple(known for known in chain.found if any(known.lies_in(other) for other in named))
    else:
        if step.kind == "against":
            chain.against += chain.found
        chain.found = named
    chain.steps.append(step)


def _next_step(gazetteer: Gazetteer, key: str, place: int, chain: Chain) -> Step | None:
    """The next name: here, or behind a few words that are no name."""
    here = _only(gazetteer, key, place, chain)
    if here is not None or chain.is_village:
        return here
    furthest = _LONGEST_LEAD if not chain.steps else _LONGEST_GAP
    filler = _FILLER.match(key, place)
    filled = filler.end() if filler else place
    for start in range(place + 1, min(place + furthest, len(key))):
        if chain.steps and key[start - 1] in _ENDS_GAP:
            return None
        sure = start > filled
        step = _only(gazetteer, key, start, chain, sure=sure)
        if step is not None:
            return step
    return None


def _only(gazetteer: Gazetteer, key: str, start: int, chain: Chain, *, sure: bool = False) -> Step | None:
    """The longest name at a place that fits, or stands against, what was read; `sure` asks for whole names."""
    against: Step | None = None
    for end, meanings in gazetteer.matches(key, start):
        fitting = _fitting(meanings, chain.found)
        if fitting:
            if _is_usable(gazetteer, key, end, fitting, sure=sure):
                return Step(start, end, fitting)
        elif _is_again(gazetteer, key, end, meanings, chain):
            return Step(start, end, _above(meanings, chain.found), "repeated")
        elif against is None and not chain.is_village and not sure and _is_named(meanings):
            against = Step(start, end, _best(meanings), "against")
    return against


def _fitting(meanings: tuple[Meaning, ...], found: tuple[Known, ...]) -> tuple[Meaning, ...]:
    """The surest meanings that lie below what was found."""
    if not found:
        return _best(meanings)
    return _best(tuple([meaning for meaning in meanings if _is_below(meaning.known, found)]))


def _best(meanings: tuple[Meaning, ...]) -> tuple[Meaning, ...]:
    if len(meanings) < 2:
        return meanings
    rank = min(meaning.rank for meaning in meanings)
    return tuple(meaning for meaning in meanings if meaning.rank == rank)


def _is_below(known: Known, found: tuple[Known, ...]) -> bool:
    if len(found) == 1:
        code = found[0].place.code
        return code in known.codes and code != known.place.code
    return any(other.place.code in known.codes and other.place.code != known.place.code for other in found)


def _is_usable(gazetteer: Gazetteer, key: str, end: int, meanings: tuple[Meaning, ...], *, sure: bool) -> bool:
    """A whole name always; one without its last word not where another name or kind of thing goes on from it.

    新城东街 is a street, but 新城东街村 the village 东街村 in 新城镇.
    """
    if meanings[0].form != "abbreviated":
        return _COMMITTEE.match(key, end) is None
    if sure or _OTHER_NAME.match(key, end) is None:
        return not sure
    named = tuple(meaning.known for meaning in meanings)
    below = [_fitting(more, named) for _, more in gazetteer.matches(key, end)]
    return any(more and more[0].form != "abbreviated" for more in below)


def _is_named(meanings: tuple[Meaning, ...]) -> bool:
    return any(meaning.form == "name" for meaning in meanings)


def _above(meanings: tuple[Meaning, ...], found: tuple[Known, ...]) -> tuple[Meaning, ...]:
    return tuple(meaning for meaning in meanings if any(known.lies_in(meaning.known) for known in found))


def _is_again(gazetteer: Gazetteer, key: str, end: int, meanings: tuple[Meaning, ...], chain: Chain) -> bool:
    """Whether a name says again where we are; a house may be named after its county, so something must end there."""
    above = _above(meanings, chain.found)
    if not above or (chain.is_village and above[0].form == "abbreviated"):
        return False
    place = _skip(key, end)
    if place > end or _BOUNDARY.match(key, place):
        return True
    return any(_fitting(more, chain.found) or _above(more, chain.found) for _, more in gazetteer.matches(key, place))
