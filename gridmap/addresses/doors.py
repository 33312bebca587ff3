"""What stands below the village in an address: group, hamlet, street, number, estate, building, unit, floor, room."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

AssumptionKind = Literal[
    "filled", "abbreviated", "old_name", "suffix_changed", "repeated", "town", "group_word", "sub_number_form",
    "yard", "number_word", "room_word", "storey_word", "hyphens", "hamlet", "estate",
]  # fmt: skip
"""What was read into a text; `docs/addresses.md` says of each what it means."""
HintKind = Literal["hint", "division"]
"""Left over: a hint for whoever goes there, or the name of a division that is not known."""

_HAN = "[㐀-鿿]"
_HINT = (
    "(?:旁|对面|附近|隔壁|后面|前面|门口|边上|那边|这边|斜对|背后|楼下|楼上"
    "|往[东南西北上下里]|以[东南西北]|(?<=[路街巷村])口)"
)
_ESTATE = (
    "(?:小区|花园|家园|佳苑|新村|公寓|家属院|家属楼|大厦|公馆|华府|广场|名城|新城|嘉园|庭院|安置[点区房]|宿舍|苑)"
    "(?:[东西南北]区|[0-9一二三四五六七八九]期)?"
)
_GROUP_WORD = "村民小组|生产队|小组|小队|组(?!织|长|合(?!作))|社(?![区会保交])|队(?![长部伍])"
_OFFICE = "(?:小学|中学|学校|幼儿园|医院|卫生院|卫生室|派出所|车站|加油站)"
"""麻路小学 is a school, not a street called 麻路."""
_WHERE = rf"(?!{_HINT})"

_COUNTED = re.compile(
    rf"(?P<rooms>([0-9]{{1,3}})-([0-9]{{1,2}})-(?:([0-9]{{1,2}})-)?([0-9]{{2,4}})(?![0-9-])[室号]?)"
    rf"|(?P<group>([0-9]{{1,3}})(?:村民小组|生产队|小组|小队|组|(?:合作)?社(?!区)|队))"
    rf"|(?P<building>([0-9]{{1,4}}|[A-Z]|[甲乙丙丁戊])(?:号?(?P<block>[栋幢座])|号楼)楼?)"
    rf"|(?P<unit>([0-9]{{1,2}}|[A-Z])单元)"
    rf"|(?P<floor>((?:负|-|B)?[0-9]{{1,3}})(?P<storey>层|楼(?!{_HINT})))"
    rf"|(?P<room>([A-Z]?[0-9]{{1,5}}[A-Z]?)(?:室|房(?!屋)))"
    rf"|(?P<highway>[GSXYC]?[0-9]{{2,4}}(?:国道|省道|县道|乡道|村道|线(?!上)))"
    rf"|(?P<number>#?([0-9]{{1,5}}[A-Z]?)(?:-([0-9]{{1,4}}))?号(?P<yard>院|大院)?)"
    rf"|(?P<sub>(?:附|(?<=[0-9号])[付副])\(?([0-9]{{1,4}})\)?号?)"
    rf"|(?P<of>(?:之|-)([0-9]{{1,4}})(?![0-9])号?)"
    rf"|(?P<pair>([0-9]{{1,5}})-([0-9]{{1,5}})(?![0-9-])室?)"
    rf"|(?P<bare>#?([0-9]{{1,5}}[A-Z]?)(?![0-9A-Z]))"
)
_NAMED = re.compile(
    rf"{_HAN}{{1,12}}?(?:(?P<hint>{_HINT}边?)|(?P<hamlet>自然村)"
    rf"|(?<!合作)(?<!供销)(?<!信用)(?<!旅行)(?<!报)(?<!消防)(?<!施工)(?<!工作)(?<!警)(?<!救援)(?P<named_group>{_GROUP_WORD}){_WHERE}"
    rf"|(?P<street>(?:大道|路|街|巷|弄|胡同)(?![口边段道])(?!{_ESTATE}|{_OFFICE}){_WHERE}"
    rf"(?:[东西南北中]?[0-9一二三四五六七八九十]{{1,3}}(?:段|支路|路|街|巷|弄))?)"
    rf"|(?P<estate>{_ESTATE}{_WHERE})"
    rf"|(?P<village>(?:行政村|村(?![委民路街巷口])|社区){_WHERE})|(?P<town>(?:镇|乡)(?![村路街巷]){_WHERE}))"
)
_BLOCK_FOLLOWS = re.compile(
    "(?:[0-9]{1,4}|[A-Z])(?:号楼|栋|幢|座)|[0-9]{1,3}-[0-9]{1,3}-[0-9]|[0-9]{1,4}楼[0-9]{1,2}单元"
)
_UNIT_FOLLOWS = re.compile("[0-9A-Z]{1,2}单元")
_HAN_RUN = re.compile(f"{_HAN}+")
_SILENT = re.compile("[ ,()་།༎]+|的|门牌号码|门牌号?(?=[0-9#])|编号(?=[0-9])")
_ELSE = re.compile(f"[^ ,(){_HAN[1:-1]}0-9A-Z]+(?=[0-9])|[^ ,(){_HAN[1:-1]}]+?(?=[ ,()]|{_HAN}|$|(?<=[A-Z][A-Z])[0-9])")
_HAMLET_ENDS = frozenset("庄沟湾坪台滩坡梁川头口咀崖堡寨子里上下岭河塘磨山")
_SEEN_BEFORE = 2
"""So many signs before a thing have to do with what it is."""
_LONGEST_GROUP_NAME, _LONGEST_HAMLET = 5, 6


class Assumption(NamedTuple):
    """Something the text does not say as it is told: which segment, what the text says (at `span`), and how it was
    read. `span` is None where the text says nothing."""

    kind: AssumptionKind
    segment: str
    span: tuple[int, int] | None
    value: str


class LeftOver(NamedTuple):
    """A part of the text that is no segment, and what it may be."""

    kind: HintKind
    span: tuple[int, int]


@dataclass(slots=True)
class Doors:
    """The segments below the village, with spans in the normalised text. `either` is the other reading of a pair of
    numbers, where there is one."""

    values: dict[str, str] = field(default_factory=dict)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    assumed: list[Assumption] = field(default_factory=list)
    left_over: list[LeftOver] = field(default_factory=list)
    either: dict[str, str | None] | None = None

    def moved(self, signs: int) -> "Doors":
        """The same so many signs farther back in a text."""
        return Doors(
            self.values,
            {segment: (start + signs, end + signs) for segment, (start, end) in self.spans.items()},
            [Assumption(kind, name, span and _moved(span, signs), text) for kind, name, span, text in self.assumed],
            [LeftOver(kind, _moved(span, signs)) for kind, span in self.left_over],
            self.either,
        )


def _moved(span: tuple[int, int], signs: int) -> tuple[int, int]:
    return span[0] + signs, span[1] + signs


def read_doors(text: str, gaps: list[tuple[int, int]], *, in_village: bool) -> Doors:
    """Reads the parts of a normalised text that name no division, the last of them behind all that do.

    `in_village`: those names go down to a village, so that what follows lies in it.
    """
    if len(gaps) == 1 and gaps[0][1] == len(text):
        first = max(gaps[0][0] - _SEEN_BEFORE, 0)
        return _end_of_text(text[first:], gaps[0][0] - first, in_village=in_village).moved(first)
    reader = _Reader(text)
    for start, end in gaps[:-1]:
        reader.read(start, end)
    reader.in_village = in_village
    reader.led_in = frozenset(reader.doors.values) if in_village else frozenset()
    reader.read(*gaps[-1])
    return reader.doors


@lru_cache(maxsize=8_000)
def _end_of_text(text: str, start: int, *, in_village: bool) -> Doors:
    """What stands behind the names, which thousands of texts have in common: 3组12号."""
    reader = _Reader(text)
    reader.in_village = in_village
    reader.read(start, len(text))
    return reader.doors


class _Reader:
    """Takes one thing after the other off the text; each thing is tried in the order in which it could be misread."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.in_village = False
        self.led_in: frozenset[str] = frozenset()
        """Segments that were read before the names, where a village is named: what stands behind it is surer."""
        self.doors = Doors()

    def read(self, start: int, end: int) -> None:
        place = start
        while place < end:
            silent = _SILENT.match(self.text, place, end)
            place = silent.end() if silent else self._take(place, end)

    def _take(self, place: int, end: int) -> int:
        """Reads what begins at a place and says where it ends."""
        match = _COUNTED.match(self.text, place, end) or _NAMED.match(self.text, place, end)
        if match is None or match.lastgroup is None:
            return self._bare_name(place, end)
        taken: bool = getattr(self, f"_{match.lastgroup}")(match)
        if not taken:
            self._leave("hint", match.start(), match.end())
        return match.end()

    def _put(self, segment: str, value: str, span: tuple[int, int], assumed: AssumptionKind | None = None) -> bool:
        """Fills a segment once; said again in the same words it is no news."""
        if segment in self.led_in and self.doors.values[segment] != value:
            self._take_back(segment)
        if segment in self.doors.values:
            return self.doors.values[segment] == value and not self._is_led_to(segment, span[0])
        self.doors.values[segment] = value
        self.doors.spans[segment] = span
        if assumed is not None:
            self.doors.assumed.append(Assumption(assumed, segment, span, value))
        return True

    def _take_back(self, segment: str) -> None:
        """Leaves unread what was read for a segment: 3号病人家在多坝村3组12号 says number 12."""
        del self.doors.values[segment]
        self.led_in -= {segment}
        self.doors.assumed = [item for item in self.doors.assumed if item.segment != segment]
        unread = LeftOver("hint", self.doors.spans.pop(segment))
        self.doors.left_over = sorted([*self.doors.left_over, unread], key=_span)

    def _is_led_to(self, segment: str, place: int) -> bool:
        """Whether something unread leads from a segment to a place: in 1号富1号 the second is no number again."""
        last = self.doors.left_over[-1].span if self.doors.left_over else None
        return last == (self.doors.spans[segment][1], place)

    def _leave(self, kind: HintKind, start: int, end: int) -> None:
        last = self.doors.left_over[-1] if self.doors.left_over else None
        if last is not None and last.kind == kind and last.span[1] == start:
            self.doors.left_over[-1] = LeftOver(kind, (last.span[0], end))
        else:
            self.doors.left_over.append(LeftOver(kind, (start, end)))

    def _has(self, *segments: str) -> bool:
        return any(segment in self.doors.values for segment in segments)

    def _rooms(self, match: re.Match[str]) -> bool:
        """3-2-501 is a building, a unit and a room; behind a building, a unit, a floor and a room."""
        numbers = match[0].rstrip("室号").split("-")
        segments = ["building", "unit", "floor", "room"] if len(numbers) == 4 else ["building", "unit", "room"]
        if self._has("building") and len(numbers) == 3:
            segments = ["unit", "floor", "room"]
        if self._has(*segments):
            return False
        place = match.start()
        for segment, number in zip(segments, numbers, strict=True):
            self._put(segment, number + _WORDS[segment], (place, place + len(number)), "hyphens")
            place += len(number) + 1
        return True

    def _group(self, match: re.Match[str]) -> bool:
        number, word = str(int(match["group"][: -len(_group_word(match["group"]))])), _group_word(match["group"])
        return self._put_group(number, word, match.span())

    def _put_group(self, stem: str, word: str, span: tuple[int, int]) -> bool:
        short = word[-1] if word[-1] in {"社", "队"} else "组"
        return self._put("group_name", stem + short, span, None if word == "组" else "group_word")

    def _named_group(self, match: re.Match[str]) -> bool:
        word = match["named_group"]
        stem = match[0].removesuffix(word)
        return len(stem) < _LONGEST_GROUP_NAME and self._put_group(stem, word, match.span())

    def _building(self, match: re.Match[str]) -> bool:
        name = re.match("[0-9]+|.", match[0])
        return name is not None and self._put("building", name[0] + (match["block"] or "号楼"), match.span())

    def _unit(self, match: re.Match[str]) -> bool:
        return self._put("unit", match[0], match.span())

    def _floor(self, match: re.Match[str]) -> bool:
        """3层 is a floor; 3楼 too, unless a unit follows: then it is said for 3号楼."""
        if match["storey"] == "层":
            return self._put("floor", match[0], match.span())
        if _UNIT_FOLLOWS.match(self.text, match.end()) and not self._has("building"):
            return self._put("building", match[0][:-1] + "号楼", match.span(), "storey_word")
        return self._put("floor", match[0][:-1] + "层", match.span(), "storey_word")

    def _room(self, match: re.Match[str]) -> bool:
        return self._put("room", match[0].rstrip("室房") + "室", match.span())

    def _highway(self, match: re.Match[str]) -> bool:
        return self._put("street", match[0], match.span())

    def _number(self, match: re.Match[str]) -> bool:
        number = match[0].removeprefix("#").rstrip("大院").removesuffix("号")
        if "-" in number:
            return self._two_numbers(number, match.span())
        if self._has("estate") and not self._has("building") and _UNIT_FOLLOWS.match(self.text, match.end()):
            return self._put("building", f"{_no_zeros(number)}号楼", match.span(), "number_word")
        if self._has("building", "unit", "floor"):
            return self._put("room", number + "室", match.span(), "room_word")
        return self._put("number", _no_zeros(number) + "号", match.span(), "yard" if match["yard"] else None)

    def _sub(self, match: re.Match[str]) -> bool:
        number = match[0].strip("附付副号()")
        form: AssumptionKind | None = None if match[0] in {f"附{number}", f"附{number}号"} else "sub_number_form"
        return self._put("sub_number", f"附{_no_zeros(number)}号", match.span(), form)

    def _of(self, match: re.Match[str]) -> bool:
        """12号之三 and 12号-3 are 12号附3号."""
        if self.doors.spans.get("number", (0, 0))[1] != match.start():
            return False
        return self._put("sub_number", f"附{_no_zeros(match[0].strip('之-号'))}号", match.span(), "sub_number_form")

    def _pair(self, match: re.Match[str]) -> bool:
        return self._two_numbers(match[0].removesuffix("室"), match.span())

    def _two_numbers(self, numbers: str, span: tuple[int, int]) -> bool:
        """12-3: by what stands before it a unit and a room, a building and a room, or a number and its sub-number."""
        first, second = numbers.split("-")
        cut = span[0] + self.text[span[0] : span[1]].index("-")
        halves = (span[0], cut), (cut + 1, span[1])
        if self._has("unit"):
            names = "floor", "room"
        elif self._has("building"):
            names = "unit", "room"
        elif self._has("estate", "number"):
            names = "building", "room"
        else:
            return self._number_and_sub(first, second, halves)
        if self._has(*names):
            return False
        for name, value, half in zip(names, (first, second), halves, strict=True):
            self._put(name, value + _WORDS[name], half, "hyphens")
        return True

    def _number_and_sub(self, first: str, second: str, halves: tuple[tuple[int, int], tuple[int, int]]) -> bool:
        if len(second) > 4 or self._has("sub_number"):
            return False
        first, second = _no_zeros(first), _no_zeros(second)
        self._put("number", f"{first}号", halves[0], "sub_number_form")
        self._put("sub_number", f"附{second}号", halves[1], "sub_number_form")
        if self.in_village and not self._has("group_name", "hamlet", "street"):
            self.doors.either = {"group_name": f"{first}组", "number": f"{second}号", "sub_number": None}
        return True

    def _bare(self, match: re.Match[str]) -> bool:
        """A number without a word: a room behind a building, a house number behind a group or street.

        It is never one that was said before: 5 5 is a group and a number.
        """
        number = match[0].removeprefix("#")
        if self._has("building", "unit", "floor"):
            return self._put("room", number + "室", match.span(), "room_word")
        is_number = self.in_village or number != match[0] or self._has("group_name", "hamlet", "street")
        if is_number and not self._has("number"):
            return self._put("number", _no_zeros(number) + "号", match.span(), "number_word")
        return False

    def _hint(self, match: re.Match[str]) -> bool:
        self._leave("hint", *match.span())
        return True

    def _hamlet(self, match: re.Match[str]) -> bool:
        """What calls itself a hamlet is surer than a village that was said again."""
        if any(item.segment == "hamlet" for item in self.doors.assumed):
            self._take_back("hamlet")
        return self._put("hamlet", match[0], match.span())

    def _street(self, match: re.Match[str]) -> bool:
        return self._put("street", match[0], match.span())

    def _estate(self, match: re.Match[str]) -> bool:
        return self._put("estate", match[0], match.span())

    def _village(self, match: re.Match[str]) -> bool:
        """Inside a village what calls itself one is a hamlet of it; else it is a village we don't know.

        Behind a number it is neither, but perhaps the next address.
        """
        if self._has("number", "estate", "building"):
            return False
        if self.in_village:
            return self._put("hamlet", match[0], match.span(), "hamlet")
        self._leave("division", *match.span())
        return True

    def _town(self, match: re.Match[str]) -> bool:
        self._leave("hint" if self.in_village else "division", *match.span())
        return True

    def _bare_name(self, place: int, end: int) -> int:
        """A name without a word for what it is, or signs that are nothing here."""
        run = _HAN_RUN.match(self.text, place, end)
        if run is None:
            other = _ELSE.match(self.text, place, end)
            stop = other.end() if other else place + 1
            self._leave("hint", place, stop)
            return stop
        name, stop = run[0], run.end()
        if _BLOCK_FOLLOWS.match(self.text, stop, end) and len(name) > 1 and not self._has("estate"):
            self._put("estate", name, run.span(), "estate")
        elif self._may_be_hamlet(name):
            self._put("hamlet", name, run.span(), "hamlet")
        else:
            self._leave("hint", place, stop)
        return stop

    def _may_be_hamlet(self, name: str) -> bool:
        fits = self.in_village and 1 < len(name) <= _LONGEST_HAMLET and name[-1] in _HAMLET_ENDS
        return fits and not self._has("hamlet", "street", "number", "estate")


def _span(item: LeftOver) -> tuple[int, int]:
    return item.span


_WORDS = {"building": "号楼", "unit": "单元", "floor": "层", "room": "室"}


def _group_word(text: str) -> str:
    return text.lstrip("0123456789")


def _no_zeros(number: str) -> str:
    return number.lstrip("0") or "0"
