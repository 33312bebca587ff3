"""What is remembered of other texts, or looked up in tables, never changes how a text is read."""

from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridmap.addresses.doors import read_doors
from gridmap.addresses.gazetteer import Gazetteer, Place
from gridmap.addresses.normalise import compare_key, normalise
from gridmap.addresses.search.heads import Heads
from gridmap.addresses.search.names import Names
from gridmap.addresses.search.symbols import to_symbols
from gridmap.addresses.search.table import Doors, build_doors, columns_of
from tests.search_register import rows

PLACES = (
    Place("62", "province", "甘肃省", None),
    Place("6230", "prefecture", "甘南藏族自治州", "62"),
    Place("623022", "county", "卓尼县", "6230"),
    Place("623022101", "township", "木耳镇", "623022"),
    Place("623022101201", "village", "多坝村", "623022101"),
    Place("623022101202", "village", "东南一村", "623022101"),
    Place("623022101203", "village", "东南村", "623022101"),
    Place("623022101204", "village", "木耳村", "623022101"),
    Place("623022101205", "village", "八一村", "623022101"),
    Place("623022101206", "village", "三社村", "623022101"),
    Place("623022102", "township", "八一镇", "623022"),
    Place("623022102201", "village", "新堡村", "623022102"),
)
"""With names that go on with a number, or begin with one: 东南1村, 81镇, 3社村."""
HEADS = (
    "",
    "甘肃省",
    "卓尼县",
    "甘南",
    "木耳镇",
    "木耳",
    "多坝村",
    "多坝",
    "南",
    "南村",
    "我家在",
    "迭部县",
    "旁边",
    " ",
    "路",
    "的",
)
TAILS = (
    "",
    "1村",
    "81村",
    "3社村",
    "3组12号",
    "3组",
    "3-12",
    "12号附1号",
    "1",
    "2号楼1单元202室",
    "南1村",
    "号",
    "社",
    "组东口",
)


@cache
def gazetteer() -> Gazetteer:
    return Gazetteer(PLACES)


def texts(*pieces: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.tuples(*(st.sampled_from(each) for each in pieces)).map("".join)


@given(texts(HEADS, HEADS, HEADS), st.lists(texts(TAILS, HEADS, TAILS), min_size=2, max_size=8))
@example("八一镇新堡村", ["3组12号", "81镇3组12号"])
@settings(max_examples=400, deadline=None)
def test_names_are_read_as_if_no_text_had_been_read_before(head: str, tails: list[str]) -> None:
    used = Heads(gazetteer())
    for tail in tails:
        key = compare_key(normalise(head + tail))
        assert used.names(key) == Heads(gazetteer()).names(key), key


def test_a_head_that_may_go_on_with_a_number_is_read_with_it() -> None:
    heads = Heads(gazetteer())
    village = [
        heads.names(text).divisions[0].known.place.name
        for text in ("木耳镇东南3组", "木耳镇东南1村3组", "木耳镇东南2组")
    ]
    assert village == ["东南村", "东南一村", "东南村"]


@given(texts(HEADS, TAILS, HEADS, TAILS), st.integers(0, 12), st.booleans())
@settings(max_examples=400, deadline=None)
def test_doors_are_read_the_same_wherever_they_stand(text: str, start: int, in_village: bool) -> None:
    text = normalise(text)
    start = min(start, len(text))
    alone = read_doors(text, [(start, len(text))], in_village=in_village)
    # An empty part before it is read for itself, and has the rest read sign by sign.
    assert alone == read_doors(text, [(0, 0), (start, len(text))], in_village=in_village)


@given(st.text(st.sampled_from("卓尼木耳镇多坝村3组12号A-( )😀乾E"), max_size=20))
@settings(max_examples=300, deadline=None)
def test_signs_are_the_same_symbols_alone_and_among_letters(text: str) -> None:
    text = normalise(text)
    alone, among = to_symbols(text), to_symbols(f"{text},SHE")
    count = len(alone.rows)
    if text[-1:].isascii() and text[-1:].isalpha():
        return
    assert alone.rows.tolist() == among.rows[:count].tolist()
    assert alone.places.tolist() == among.places[:count].tolist()


@pytest.mark.parametrize(
    ("name", "text", "least"),
    [
        ("重阳村", "重阳村", 1.0),  # word for word
        ("多坝村", "朵霸村3组", 0.9),  # the same sounds
        ("重阳村", "虫阳村", 0.9),  # another reading of the sign
        ("章家村", "臧家村", 0.85),  # alike in the dialect
        ("坡头村", "波头村", 0.7),  # half alike
        ("多坝村", "DUOBACUN", 0.9),  # spelled
        ("卓尼", "ZN", 0.6),  # initials
        ("3社村", "3社村", 1.0),  # with a number
        ("ཅོ་ནེ", "ཅོ་ནེ", 1.0),  # in Tibetan
    ],
)
def test_a_name_is_found_by_everything_that_sounds_like_it(name: str, text: str, least: float) -> None:
    others = ["扎古录镇", "完冒镇", "洮砚镇", "纳浪镇", "申藏镇", "恰盖乡"]
    names = Names([(each, each) for each in (*others, name)])
    symbols = to_symbols(normalise(text), initials=text == "ZN")
    found = {each.name: each.likeness for each in names.told(names.find(symbols))}
    assert found.get(name, 0.0) >= least
    assert set(found) == {name}


@pytest.mark.parametrize("change", [lambda table: table, lambda table: table.slice(1), lambda table: table.slice(2, 5)])
def test_a_part_of_a_table_tells_its_own_rows(change: Callable[..., object]) -> None:
    whole = build_doors(columns_of(rows()))
    doors, told = Doors(change(whole)), Doors(whole)
    first = told.find(doors.row(0).code)
    assert first is not None
    assert [doors.row(at) for at in range(len(doors))] == [told.row(first + at) for at in range(len(doors))]
