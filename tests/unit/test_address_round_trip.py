"""Every address that is written out as a label is read back as it was."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.addresses.format import format_label
from gridmap.addresses.gazetteer import Place
from gridmap.addresses.parse import parse
from gridmap.addresses.segments import DOOR_SEGMENTS, Segments
from gridmap.addresses.wording import BadWording, segments_of_parts
from tests.gazetteer import gannan, gannan_places

VILLAGES = [place for place in gannan_places() if place.level == "village"]


def _number(word: str, largest: int) -> st.SearchStrategy[str]:
    return st.integers(1, largest).map(lambda number: f"{number}{word}")


def _joined(*parts: list[str]) -> st.SearchStrategy[str]:
    return st.tuples(*map(st.sampled_from, parts)).map("".join)


def _maybe(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.none() | strategy


# Among the stems are names of divisions and numerals: a street is called after a county, a hamlet after a count.
STEMS = ["滨河", "人民", "卓尼", "木耳", "东山", "八一", "三岔", "阳光", "尕海", "柳林", "民主", "团结", "十里", "扎西"]
HAMLETS = ["上庄", "下庄", "沟门", "新庄", "三家", "东山", "木耳", "尼巴", "老寨", "大坪"]
DOORS: dict[str, st.SearchStrategy[str | None]] = {
    "group_name": _maybe(_number("组", 40) | _number("社", 40) | _number("队", 9) | _joined(HAMLETS, ["组", "社"])),
    "hamlet": _maybe(_joined(HAMLETS, ["自然村"])),
    "street": _maybe(
        _joined(STEMS, ["路", "街", "东路", "西街", "巷", "大道", "中路"])
        | _joined(STEMS, ["路", "街"], ["3巷", "南二巷"])
    ),
    "number": _number("号", 9999) | _number("A号", 99),
    "estate": _maybe(_joined(STEMS, ["小区", "花园", "家园", "新村", "佳苑", "家属院"], ["", "", "东区", "二期"])),
    "building": _maybe(_number("号楼", 60) | _number("栋", 60) | _joined(list("ABC甲乙"), ["座"])),
    "unit": _maybe(_number("单元", 9)),
    "floor": _maybe(_number("层", 33)),
    "room": _maybe(_number("室", 3304)),
}


@st.composite
def addresses(draw: Callable[[st.SearchStrategy[object]], object]) -> Segments:
    """A village of Gannan and any door in it; a sub-number only has a meaning behind a number."""
    values = {name: draw(strategy) for name, strategy in DOORS.items()}
    if draw(st.booleans()):
        values["number"] = None
    else:
        values["sub_number"] = draw(_maybe(_number("号", 99).map(lambda number: f"附{number}")))
    village = draw(st.sampled_from(VILLAGES))
    assert isinstance(village, Place)
    return Segments(**chain(village), **values)  # type: ignore[arg-type]


def chain(village: Place) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for place in gannan().known[village.code].chain:
        found |= {place.level: place.name, f"{place.level}_code": place.code}
    return found


@settings(max_examples=2000, deadline=None)
@given(addresses())
def test_a_label_is_read_back_as_it_was(address: Segments) -> None:
    parsed = parse(gannan(), format_label(address))
    assert parsed.segments == address
    assert parsed.left_over == ()
    assert parsed.alternatives == ()


@settings(max_examples=500, deadline=None)
@given(addresses())
def test_its_parts_are_taken_for_themselves_when_they_lead_to_one_door(address: Segments) -> None:
    parts = {name: getattr(address, name) for name in DOOR_SEGMENTS}
    leads = (address.number or address.building or address.estate) and (address.number or not address.sub_number)
    if leads:
        assert segments_of_parts(gannan(), address.village_code or "", parts) == address
    else:
        with pytest.raises(BadWording):
            segments_of_parts(gannan(), address.village_code or "", parts)


def test_every_village_is_found_by_its_label_and_every_span_is_its_words() -> None:
    for village in VILLAGES:
        address = Segments(**chain(village), group_name="3组", number="12号", sub_number="附1号")
        label = format_label(address)
        parsed = parse(gannan(), label)
        assert parsed.segments == address
        assert parsed.assumed == ()
        words = {name: label[slice(*span)] for name, span in parsed.spans.items()}
        assert words == {name: value for name, value in address._asdict().items() if value and "_code" not in name}


def test_every_village_is_found_by_its_official_name_alone_or_told_to_be_one_of_several() -> None:
    for village in VILLAGES:
        parsed = parse(gannan(), f"{village.name_full}3组")
        codes = {other.segments.village_code for other in parsed.alternatives}
        assert village.code in codes | {parsed.segments.village_code}
        assert (parsed.segments.village_code is None) == (len(codes) > 1)
        assert (parsed.segments.group_name, parsed.left_over) == ("3组", ())


@pytest.mark.parametrize("name", DOOR_SEGMENTS)
def test_the_generator_reaches_every_segment(name: str) -> None:
    assert name in {*DOORS, "sub_number"}
