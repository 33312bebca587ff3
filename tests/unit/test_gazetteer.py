"""The forms of names all over the country: autonomous, municipal, of banners and streets."""

import pytest

from gridmap.addresses.format import format_label
from gridmap.addresses.gazetteer import Gazetteer, Place
from gridmap.addresses.parse import MOST_ALTERNATIVES, parse

PLACES = [
    Place("11", "province", "北京市", None),
    Place("110100", "prefecture", "市辖区", "11"),
    Place("110101", "county", "东城区", "110100"),
    Place("110101001", "township", "东华门街道", "110101", "东华门街道办事处"),
    Place("15", "province", "内蒙古自治区", None),
    Place("152900", "prefecture", "阿拉善盟", "15"),
    Place("152921", "county", "阿拉善左旗", "152900"),
    Place("152921101", "township", "巴润别立镇", "152921"),
    Place("152921101200", "village", "红石头嘎查", "152921101", "红石头嘎查村民委员会"),
    Place("62", "province", "甘肃省", None),
    Place("622900", "prefecture", "临夏回族自治州", "62"),
    Place("622927", "county", "积石山保安族东乡族撒拉族自治县", "622900"),
    Place("622926", "county", "东乡族自治县", "622900"),
    Place("65", "province", "新疆维吾尔自治区", None),
    Place("652800", "prefecture", "巴音郭楞蒙古自治州", "65"),
    Place("652826", "county", "焉耆回族自治县", "652800"),
    Place("44", "province", "广东省", None),
    Place("441900", "prefecture", "东莞市", "44"),
    Place("441900003", "township", "东城街道", "441900"),
    Place("441900003001", "village", "岗贝社区", "441900003", "岗贝社区居民委员会"),
]
COUNTRY = Gazetteer(PLACES)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("北京东城区", "110101"),
        ("北京市东城区东华门街道办事处", "110101001"),
        ("北京东城东华门", "110101001"),
        ("内蒙古阿拉善盟阿拉善左旗", "152921"),
        ("内蒙古自治区阿拉善左旗巴润别立镇红石头嘎查", "152921101200"),
        ("临夏州积石山县", "622927"),
        ("临夏回族自治州积石山", "622927"),
        ("临夏东乡族自治县", "622926"),
        ("新疆巴音郭楞州焉耆县", "652826"),
        ("新疆巴音郭楞蒙古州焉耆回族县", "652826"),
        ("广东省东莞市东城街道岗贝社区", "441900003001"),
        ("东莞岗贝社区居委会", "441900003001"),
    ],
)
def test_a_division_is_known_by_the_forms_in_use(text: str, code: str) -> None:
    segments = parse(COUNTRY, text).segments
    found = segments.village_code, segments.township_code, segments.county_code
    assert next(filter(None, found)) == code


def test_a_label_leaves_out_what_only_fills_a_level() -> None:
    segments = parse(COUNTRY, "东城区东华门街道").segments
    assert format_label(segments) == "北京市东城区东华门街道"
    assert segments.prefecture == "市辖区"
    assert parse(COUNTRY, "北京市东城区东华门街道").segments == segments


def test_a_prefecture_without_counties_has_none_in_the_chain() -> None:
    segments = parse(COUNTRY, "东莞市东城街道12号").segments
    assert (segments.county, segments.county_code, segments.township_code) == (None, None, "441900003")


def test_a_part_keeps_what_lies_above_it() -> None:
    part = COUNTRY.within(("622927",))
    assert set(part.known) == {"62", "622900", "622927"}
    assert parse(part, "甘肃省积石山县").segments.county_code == "622927"
    assert parse(part, "东莞市").segments.prefecture_code is None


def test_many_namesakes_are_counted_when_not_all_are_told() -> None:
    towns = [Place(f"6230221{n:02d}", "township", f"第{n}镇", None) for n in range(60)]
    villages = [Place(f"{town.code}200", "village", "新庄村", town.code) for town in towns]
    parsed = parse(Gazetteer([*towns, *villages]), "新庄村3组")
    assert (len(parsed.alternatives), parsed.alternatives_more) == (MOST_ALTERNATIVES, 10)
    assert (parsed.segments.village, parsed.segments.village_code) == ("新庄村", None)


def test_divisions_that_are_each_others_parents_do_not_hang_it() -> None:
    circle = Gazetteer([Place("62", "province", "甲省", "6201"), Place("6201", "prefecture", "乙市", "62")])
    assert parse(circle, "甲省").segments.province_code == "62"


def test_without_any_division_doors_are_still_read() -> None:
    parsed = parse(Gazetteer([]), "滨河路12号")
    assert (parsed.segments.street, parsed.segments.number) == ("滨河路", "12号")
