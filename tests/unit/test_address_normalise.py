"""One way to write an address: what is folded, what must stay, and that nothing that can be typed breaks it."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.addresses.normalise import compare_key, normalise, normalised
from gridmap.addresses.numerals import NUMERALS, chinese_numeral, numeral_digits
from gridmap.addresses.parse import parse
from tests.gazetteer import gannan, gannan_places


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("木耳鎮多壩村１２號", "木耳镇多坝村12号"),
        ("卓尼縣　木耳鎮", "卓尼县木耳镇"),
        ("後旗 裡莊", "后旗里庄"),
        ("三组", "3组"),
        ("第三组", "3组"),
        ("第3组", "3组"),
        ("（三）社", "3社"),
        ("十二号", "12号"),
        ("廿五號", "25号"),
        ("卅一号", "31号"),
        ("一百零三号", "103号"),
        ("一百二十号", "120号"),
        ("两单元", "2单元"),
        ("五〇一室", "501室"),
        ("〇五〇一室", "0501室"),
        ("幺零三室", "103室"),
        ("壹拾贰號", "12号"),
        ("12号附一", "12号附1"),
        ("12号之三", "12号之3"),
        ("三栋二单元五层", "3栋2单元5层"),
        ("三－二－五〇一", "3-2-501"),
        ("3—2–501", "3-2-501"),
        ("12--3号", "12-3号"),
        ("12 - 3 号", "12-3号"),
        ("12#", "12号"),
        ("3＃楼", "3号楼"),
        ("【多坝村】〔3组〕", "(多坝村)(3组)"),
        ("多坝村，3组；12号", "多坝村,3组,12号"),
        (" 多坝村\t3 组\n12号 ", "多坝村3组12号"),
        ("3 501", "3 501"),
        ("b座ａ室", "B座A室"),
        ("多\u200b坝\ufeff村", "多坝村"),
        ("ཅོ་ནེ་རྫོང༌།", "ཅོ་ནེ་རྫོང"),
        ("①组", "1组"),
    ],
)
def test_written_in_one_way(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(
    "name",
    [
        "三岔乡", "八角镇", "九甸峡", "八一路", "七一街", "南一村", "十里铺", "九原村", "八十卡村", "三旦沟村",
        "二地村", "三社村", "第二社区", "三社区", "第一中学", "三座店", "八度村", "乾迪村", "千家寨村", "九甲村",
        "三组村", "五里墩",
    ],
)  # fmt: skip
def test_numerals_and_signs_of_names_stay(name: str) -> None:
    assert normalise(name) == name
    assert normalise(f"{name}三组") == f"{name}3组"


def test_no_name_of_a_division_is_changed() -> None:
    for place in gannan_places():
        assert normalise(place.name) == place.name
        assert normalise(place.name_full or "") == place.name_full


def test_signs_that_only_a_dictionary_tells_apart_are_one_when_compared() -> None:
    assert normalise("乾迪村") != normalise("干迪村")
    assert compare_key(normalise("乾迪村")) == compare_key(normalise("干迪村"))


@given(st.integers(0, 9999))
def test_numerals_both_ways(value: int) -> None:
    assert numeral_digits(chinese_numeral(value)) == str(value)


@pytest.mark.parametrize("value", [-1, 10_000])
def test_numerals_beyond_house_numbers_are_refused(value: int) -> None:
    with pytest.raises(ValueError, match="between 0 and 9999"):
        chinese_numeral(value)


@pytest.mark.parametrize("text", ["十百", "三四十", "百", "廿廿", "", "二三百", "三廿"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert numeral_digits(text) is None


# Signs that the rules are about, so that they meet; and any sign that there is, lone surrogates too.
RULED = st.text(
    st.sampled_from(
        "木耳鎮多壩村號号组社队区第附之楼栋座单元室路 　-—#＃()（）,，12０９aB་།༌①㈠ｶﾞ́ᄀ각\u200b\x00" + NUMERALS
    ),
    max_size=40,
)
ANY = st.text(st.characters(), max_size=40)
MIXED = st.lists(RULED | ANY, max_size=6).map("".join)


@settings(max_examples=1500, deadline=None)
@given(MIXED)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@settings(max_examples=1500, deadline=None)
@given(MIXED)
def test_any_text_is_parsed_and_every_span_lies_in_it(text: str) -> None:
    found = normalised(text)
    for place in range(len(found.text)):
        start, end = found.span(place, place + 1)
        assert 0 <= start < end <= len(text)
    parsed = parse(gannan(), text)
    spans = [*parsed.spans.values(), *(item.span for item in parsed.left_over)]
    spans += [item.span for item in parsed.assumed if item.span is not None]
    assert all(0 <= start < end <= len(text) for start, end in spans)


@pytest.mark.parametrize(
    "part",
    [
        "甘肃", "木耳", "卓尼县木耳镇", "东山村", "三", "第三", "三组", "3组", "12-", "-3", "附一", "一百", "路",
        "上庄", "小区", "3-2-501", "#", "(", " ", "的", "་", "\u0301", "ᄀ", "号之三", "村民小组", "旁", "在", "①", "1",
        "A", "\U0001f600", "縣", "´", "三 组", "第 三 ", "((三)组",
    ],
)  # fmt: skip
def test_a_thousand_signs_take_no_longer_than_a_thousand_signs(part: str) -> None:
    """Twice the text may take some four times the time, if every step must be repeated; a runaway takes 2**500."""
    parse(gannan(), part)
    start = time.process_time()
    parse(gannan(), (part * 1000)[:1000])
    assert time.process_time() - start < 2
