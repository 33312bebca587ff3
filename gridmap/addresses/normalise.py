"""One way to write what people write in many: width, script, dashes, brackets, spaces and numerals of an address.

Every step keeps the way back to the text it was given, so that an answer can point at what somebody typed.
"""

import re
import string
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from opencc import OpenCC

from gridmap.addresses.numerals import NUMERALS, numeral_digits

Span = tuple[int, int]

_DASHES = "‐‑‒–—―⁃−─━﹘﹣－"
_OPENING, _CLOSING = "[{【〔〖〘〚《〈「『（［｛", "]}】〕〗〙〛》〉」』）］｝"
_SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_NUMBER_SIGNS = "﹟＃№"
_ZEROS = "○◯Ｏ"
_INVISIBLE = (
    *range(0x09), *range(0x0E, 0x1C), *range(0x7F, 0x85), *range(0x86, 0xA0), 0xAD, *range(0x200B, 0x2010),
    *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10), 0xFEFF,
)  # fmt: skip
_KEPT = "乾於"
"""Simplified in words (乾燥), but not in the names of places (乾县, 於潜): only folded when names are compared."""
_HAS_KEPT = re.compile(f"[{_KEPT}]")
_WRITTEN = f"[{NUMERALS}]+"

_SPACE_RUN = re.compile(r" {2,}|^ +| +$|(?<=[^!-~ ]) +| +(?=[^!-~ ])")
_SPACE_AT_SIGN = re.compile(r" +(?=[-#()])|(?<=[-#()]) +")
_DASH_RUN = re.compile(r"-{2,}")
_UNIT = re.compile(
    r"(?:号|小组|村民小组|生产队|小队|组|(?:合作)?社(?!区)|队|单元|层|室|#"
    r"|[楼栋幢座](?=$|[^一-鿿]|[一二三四五六七八九十单附第]))(?!村(?![委民]))"
)
"""What is counted in an address. Not where a name goes on: 三社村, 三座店, 第二社区."""
_NUMERAL_RUN = re.compile(
    rf"第?({_WRITTEN})|第([0-9]+)(?={_UNIT.pattern})|(?<![0-9])\((?:({_WRITTEN})|([0-9]+))\)(?={_UNIT.pattern})"
)
_MAY_COUNT = re.compile(f"[{NUMERALS}第(]")
_DASH_AND_NUMBER = re.compile(rf"-[0-9{NUMERALS}]")
_NUMBER_ENDS = re.compile("$|[ ,()附之-]")
_COUNTED_BEFORE = "组社队楼栋幢座元层号"
_STREET_BEFORE = "路街巷弄"
_NUMBER_SIGN = re.compile(r"(?<=[0-9A-Z])#(?!#)")
_TIBETAN_END = re.compile("[་-༒ ]+$")


class Normalised(NamedTuple):
    """A text in its one form, and for each of its characters where it stood in the original.

    `starts` and `ends` are None while every character stands where it stood.
    """

    text: str
    starts: tuple[int, ...] | None = None
    ends: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> Span:
        """The part of the original that a part of the text came from; it is never empty for a part that isn't."""
        if self.starts is None or self.ends is None:
            return start, end
        if start == end:
            place = self.starts[start] if start < len(self.starts) else (self.ends[-1] if self.ends else 0)
            return place, place
        return self.starts[start], self.ends[end - 1]


def normalise(text: str) -> str:
    """An address in its one form; the same again when normalised again. Never raises.

    NFKC, simplified Chinese, capitals, one dash, round brackets, no space beside Chinese, decimal numerals where
    something is counted (三号 becomes 3号, 第三组 becomes 3组; 三岔乡 and 八一路 stay), no tsheg or shad at the end.

    >>> normalise("木耳鎮 多壩村第三組１２號附一"), normalise("三岔乡八一路廿五號—２")
    ('木耳镇多坝村3组12号附1', '三岔乡八一路25号-2')
    """
    return normalised(text).text


def normalised(text: str) -> Normalised:
    """The same, with the way back to the original."""
    found = _composed(text)
    while True:
        before = found.text
        for step in _STEPS:
            found = step(found)
        # A step may make room for another: without its space, 三 组 is counted.
        if found.text == before:
            return found


def compare_key(text: str) -> str:
    """A normalised text with the signs folded that only a dictionary could tell apart; the same length."""
    return text.translate(_signs().folds) if _HAS_KEPT.search(text) else text


@dataclass(frozen=True, slots=True)
class _Signs:
    """What normalising puts for a sign, what comparing puts for it besides, and where signs of the first kind stand."""

    forms: dict[str, str]
    folds: dict[int, int]
    pattern: re.Pattern[str]

    def replaced(self, text: str) -> str:
        return self.pattern.sub(self._form, text)

    def _form(self, match: re.Match[str]) -> str:
        return self.forms.get(match[0], match[0])


@cache
def _signs() -> _Signs:
    """From OpenCC's own dictionary, sign by sign, so that each sign stays one sign and keeps its place."""
    signs = [chr(code) for code in (*range(0x3400, 0xA000), *range(0x20000, 0x323B0))]
    simple = dict(zip(signs, OpenCC("t2s").convert("\n".join(signs)).split("\n"), strict=True))
    # A few signs are simplified in two steps.
    final = {sign: simple.get(other, other) for sign, other in simple.items() if other != sign}
    folds = {ord(sign): ord(final.pop(sign)) for sign in _KEPT}
    forms = final | _plain_signs()
    # str.translate raises and catches an error for every sign that its table lacks: five times the time of a search.
    # A set of single signs beyond the basic plane is searched one by one, so that all of them are looked up instead.
    listed = "".join(map(re.escape, (sign for sign in forms if sign <= "\uffff")))
    return _Signs(forms, folds, re.compile(f"[{listed}\U00010000-\U0010ffff]"))


def _plain_signs() -> dict[str, str]:
    alike = {" ": _SPACES, "-": _DASHES, "(": _OPENING, ")": _CLOSING, "#": _NUMBER_SIGNS, "〇": _ZEROS}
    alike |= {",": "、，。；;：:｡､·•‧∙|/\\", "་": "༌", "": "".join(map(chr, _INVISIBLE))}
    forms = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    forms |= {sign: sign.upper() for sign in string.ascii_lowercase}
    forms |= {chr(ord(sign) + 0xFEE0): sign.upper() for sign in string.ascii_lowercase}
    return forms | {sign: form for form, signs in alike.items() for sign in signs}


def _composed(text: str) -> Normalised:
    """NFKC and the sign tables; the way back is only written down when a sign was lost or became several."""
    quick = _signs().replaced(text)
    kept = quick == text or (len(quick) == len(text) and _signs().replaced(quick) == quick)
    if kept and unicodedata.is_normalized("NFKC", quick):
        return Normalised(quick)
    signs, starts, ends = [], [], []
    for start, end in _clusters(text):
        form = _fixed(text[start:end])
        signs.append(form)
        starts += [start] * len(form)
        ends += [end] * len(form)
    joined = "".join(signs)
    if _fixed(joined) != joined:
        # Signs that only meet because something between them is gone: they point at all of it.
        joined = _fixed(joined)
        return Normalised(joined, (0,) * len(joined), (len(text),) * len(joined))
    return Normalised(joined, tuple(starts), tuple(ends))


def _fixed(text: str) -> str:
    """Both until neither changes anything: NFKC makes signs that the tables know, and the reverse."""
    replaced = _signs().replaced
    while (form := replaced(unicodedata.normalize("NFKC", replaced(text)))) != text:
        text = form
    return text


def _clusters(text: str) -> list[Span]:
    """The parts of a text that normalise by themselves: a sign with the marks, or the jamo, that join it."""
    parts: list[Span] = []
    for place, sign in enumerate(text):
        if parts and sign >= "\u0300" and _joins(text[parts[-1][0] : place], sign):
            parts[-1] = (parts[-1][0], place + 1)
        else:
            parts.append((place, place + 1))
    return parts


def _joins(cluster: str, sign: str) -> bool:
    if unicodedata.combining(sign):
        return True
    form = unicodedata.normalize
    return form("NFKC", cluster + sign) != form("NFKC", cluster) + form("NFKC", sign)


def _edited(found: Normalised, pattern: re.Pattern[str], change: Callable[[re.Match[str]], str]) -> Normalised:
    """With every match replaced; what replaces it came from all of the match."""
    first = pattern.search(found.text)
    if first is None:
        return found
    pieces, starts, ends, done = [], [], [], 0
    old_starts = found.starts or tuple(range(len(found.text)))
    old_ends = found.ends or tuple(range(1, len(found.text) + 1))
    for match in pattern.finditer(found.text, first.start()):
        a, b = match.span()
        new = change(match)
        if new == match[0]:
            continue
        pieces += [found.text[done:a], new]
        starts += [*old_starts[done:a], *[old_starts[a]] * len(new)]
        ends += [*old_ends[done:a], *[old_ends[b - 1]] * len(new)]
        done = b
    pieces.append(found.text[done:])
    return Normalised("".join(pieces), (*starts, *old_starts[done:]), (*ends, *old_ends[done:]))


def _decimal(match: re.Match[str]) -> str:
    """Digits for a run of numerals that counts something, without its 第; else the run as it stood."""
    group = match.lastindex or 0
    if group != 1:
        return numeral_digits(match[3]) or match[0] if group == 3 else match[group]
    return (numeral_digits(match[1]) if _counts(match) else None) or match[0]


def _counts(match: re.Match[str]) -> bool:
    """Whether a run of numerals is a number by what stands beside it; 三岔乡, 八一路 and 南一村 are names."""
    text, start, end = match.string, match.start(1), match.end(1)
    before = text[start - 1] if start else ""
    if _UNIT.match(text, end) or before == "附" or text.endswith("号之", 0, start):
        return True
    if before == "-":
        return not _is_han(text, end)
    if _DASH_AND_NUMBER.match(text, end):
        return True
    if before in _COUNTED_BEFORE:
        return bool(before and _NUMBER_ENDS.match(text, end))
    return before in _STREET_BEFORE and end == len(text)


def _is_han(text: str, place: int) -> bool:
    return 0 <= place < len(text) and "一" <= text[place] <= "鿿"


def _without_spaces(found: Normalised) -> Normalised:
    if " " not in found.text:
        return found
    found = _edited(found, _SPACE_RUN, lambda match: "" if _is_edge(match) else " ")
    return _edited(found, _SPACE_AT_SIGN, lambda _: "")


def _is_edge(match: re.Match[str]) -> bool:
    a, b = match.span()
    text = match.string
    return a == 0 or b == len(text) or not (text[a - 1].isascii() and text[b].isascii())


def _with_one_dash(found: Normalised) -> Normalised:
    return _edited(found, _DASH_RUN, lambda _: "-") if "--" in found.text else found


def _with_digits(found: Normalised) -> Normalised:
    return _edited(found, _NUMERAL_RUN, _decimal) if _MAY_COUNT.search(found.text) else found


def _with_number_words(found: Normalised) -> Normalised:
    return _edited(found, _NUMBER_SIGN, lambda _: "号") if "#" in found.text else found


def _without_tibetan_end(found: Normalised) -> Normalised:
    return _edited(found, _TIBETAN_END, lambda _: "") if found.text and found.text[-1] <= "\u0fff" else found


def _composed_again(found: Normalised) -> Normalised:
    """NFKC once more where a step has brought a mark to a sign it joins."""
    if unicodedata.is_normalized("NFKC", found.text):
        return found
    inner = _composed(found.text)
    places = [inner.span(place, place + 1) for place in range(len(inner.text))]
    spans = [found.span(*place) for place in places]
    return Normalised(inner.text, tuple(start for start, _ in spans), tuple(end for _, end in spans))


_STEPS = (_composed_again, _without_spaces, _with_one_dash, _with_digits, _with_number_words, _without_tibetan_end)
