"""The names of divisions in every form that people give them, ready to be found at a place in a text."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from gridmap.addresses.normalise import compare_key, normalise
from gridmap.addresses.numerals import NUMERALS, chinese_numeral, numeral_digits

Form = Literal["name", "old_name", "suffix_changed", "abbreviated"]
"""How a form stands to the name: the name itself, a former or popular one, 乡 for 镇 or 社区 for 村, without its last
word."""
_RANK: dict[Form, int] = {"name": 0, "old_name": 0, "suffix_changed": 1, "abbreviated": 2}

_PEOPLES = (
    "汉|满|蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|拉祜|水|东乡|纳西|景颇|柯尔克孜|"
    "达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|京|塔塔尔|独龙|鄂伦春|赫哲|"
    "门巴|珞巴|基诺|土"
)
# Without 族 only the long ones are surely a people: 巴音郭楞蒙古自治州, 博尔塔拉蒙古自治州.
_PEOPLE = rf"(?:(?:{_PEOPLES})族|蒙古|哈萨克|柯尔克孜|维吾尔)"
_ENDINGS: dict[str, re.Pattern[str]] = {
    "province": re.compile(rf"(?:省|市|{_PEOPLE}*自治区|特别行政区)$"),
    "prefecture": re.compile(rf"(?:{_PEOPLE}*自治州|地区|盟|市|州)$"),
    "county": re.compile(rf"(?:{_PEOPLE}*自治县|县|市|区|旗)$"),
    "township": re.compile(rf"(?:{_PEOPLE}*乡|街道办事处|街道|镇|乡|苏木)$"),
    "village": re.compile(r"(?:村村民委员会|村民委员会|社区居民委员会|居民委员会|村委员会|村委会|社区|村|嘎查)$"),
}
_SHORT_KIND = {"自治区": "区", "自治州": "州", "自治县": "县"}
_SWAPS = {"township": ("镇", "乡", "街道"), "village": ("村", "社区", "行政村")}
_COMMITTEES = {"村": ("村民委员会", "村村民委员会"), "社区": ("社区居民委员会", "居民委员会")}
_STREET_ENDS = "路街巷"
"""卓尼路 is a street; the community named after it is always called 卓尼路社区."""
_SHORTEST_STEM = 2
_NUMERAL_RUN = re.compile(f"[{NUMERALS}]+")
_NUMBER = re.compile("[0-9]")


class Place(NamedTuple):
    """A division by the names it has and had; `parent` is a code, None at the top. Labels have `name`."""

    code: str
    level: str
    name: str
    parent: str | None
    name_full: str | None = None
    name_bo: str | None = None
    aliases: tuple[str, ...] = ()


class Known(NamedTuple):
    """A division in its tree: itself and all above it, the largest first."""

    place: Place
    chain: tuple[Place, ...]
    codes: frozenset[str]

    def lies_in(self, other: "Known") -> bool:
        """Whether this is the other or below it."""
        return other.place.code in self.codes


class Meaning(NamedTuple):
    """One division that a form of a name can mean; `rank` is 0 for a whole name, more for what is less sure."""

    known: Known
    form: Form
    rank: int


Match = tuple[int, tuple[Meaning, ...]]
"""Where a form of a name ends in a text, and all it can mean."""


class Gazetteer:
    """Divisions by the forms of their names. Made once and only read: threads may share it."""

    def __init__(self, places: Iterable[Place]) -> None:
        """From places in any order; a place whose parent is missing begins a tree of its own."""
        by_code = {place.code: place for place in places}
        self.known = {code: _known(place, by_code) for code, place in by_code.items()}
        meanings: dict[str, dict[str, Meaning]] = {}
        for known in self.known.values():
            for key, form in _forms(known.place):
                found = meanings.setdefault(key, {})
                if known.place.code not in found or _RANK[form] < found[known.place.code].rank:
                    found[known.place.code] = Meaning(known, form, _RANK[form])
        self._meanings = {key: tuple(found[code] for code in sorted(found)) for key, found in meanings.items()}
        lengths: dict[str, set[int]] = {}
        for key in self._meanings:
            lengths.setdefault(key[:2], set()).add(len(key))
        numbers = ((key, _NUMBER.search(key)) for key in self._meanings)
        self._before_numbers = tuple({key[: number.start()] for key, number in numbers if number and number.start()})
        self._lengths = {head: tuple(sorted(found, reverse=True)) for head, found in lengths.items()}

    def within(self, prefixes: tuple[str, ...]) -> "Gazetteer":
        """Only the divisions whose code begins with one of the prefixes, and those above them."""
        inside = [known for code, known in self.known.items() if code.startswith(prefixes)]
        return Gazetteer({place.code: place for known in inside for place in known.chain}.values())

    def forms(self) -> Iterator[tuple[str, tuple[Meaning, ...]]]:
        """Every form of a name there is, and all it can mean."""
        yield from self._meanings.items()

    def may_go_on(self, text: str) -> bool:
        """Whether a number behind a text might belong to a name that begins in it, as in 南1村."""
        return text.endswith(self._before_numbers)

    def matches(self, key: str, start: int) -> list[Match]:
        """Forms that begin at a place of a compared text, the longest first."""
        found = []
        for length in self._lengths.get(key[start : start + 2], ()):
            end = start + length
            meanings = self._meanings.get(key[start:end])
            # At the text's end a slice is shorter than was asked for.
            if meanings is not None and end <= len(key) and not (key[start] < "က" and _splits_syllable(key, end)):
                found.append((end, meanings))
        return found


def _known(place: Place, by_code: dict[str, Place]) -> Known:
    chain = [place]
    while (parent := by_code.get(chain[-1].parent or "")) is not None and parent not in chain:
        chain.append(parent)
    return Known(place, tuple(reversed(chain)), frozenset(step.code for step in chain))


def _forms(place: Place) -> Iterator[tuple[str, Form]]:
    """Every form of a division's names, as compared texts."""
    for key, form in _plain_forms(place):
        yield key, form
        for other in _other_numerals(key):
            yield other, form


def _plain_forms(place: Place) -> Iterator[tuple[str, Form]]:
    names: list[tuple[str, Form]] = [(place.name, "name"), *((alias, "old_name") for alias in place.aliases)]
    names += [(name, "name") for name in (place.name_full, place.name_bo) if name]
    for name, form in names:
        key = compare_key(normalise(name))
        if not key:
            continue
        yield key, form
        yield from ((key, form if form == "old_name" else kind) for key, kind in _shorter(key, place.level))


def _shorter(key: str, level: str) -> Iterator[tuple[str, Form]]:
    """Without the people's name or the committee's words, with another last word, and without one."""
    ending = _ENDINGS[level].search(key)
    stem = key[: ending.start()] if ending else key
    if ending is None or len(stem) < _SHORTEST_STEM:
        return
    kind = next((short for long, short in _SHORT_KIND.items() if key.endswith(long)), key[-1])
    if ending[0] != kind and kind in "区州县乡":
        yield stem + kind, "abbreviated"
        yield key.replace("自治", ""), "abbreviated"
    for other in _SWAPS.get(level, ()):
        if not key.endswith(stem + other):
            yield stem + other, "suffix_changed"
    for committee in _COMMITTEES.get(ending[0], ()):
        yield stem + committee, "name"
    if stem[-1] not in _STREET_ENDS:
        yield stem, "abbreviated"


def _other_numerals(key: str) -> Iterator[str]:
    """南1村 for 南一村 and 南一村 for 南1村."""
    written = _NUMERAL_RUN.sub(lambda match: numeral_digits(match[0]) or match[0], key)
    if written != key:
        yield written
    spoken = re.sub("[1-9][0-9]{0,2}", lambda match: chinese_numeral(int(match[0])), key)
    if spoken != key:
        yield spoken


def _splits_syllable(key: str, end: int) -> bool:
    """Whether a Tibetan name would end inside a syllable."""
    return end < len(key) and "ༀ" <= key[end - 1] <= "࿿" and "ཀ" <= key[end] <= "ྼ"
