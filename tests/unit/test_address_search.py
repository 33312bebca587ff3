"""What people say, type and mishear finds the one right door; what is not there is not claimed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.search.asking import Asking, Match
from gridmap.addresses.search.bulk import status_of
from gridmap.addresses.search.index import AddressIndex
from gridmap.addresses.search.search import search
from gridmap.addresses.search.table import Doors
from gridmap.geo.lonlat import LonLat
from gridmap.geo.measure import distance_m
from tests.search_register import code_of, register, rows, zhuoni

DOOR = "木耳镇多坝村3组12号"

SAID = """
甘肃省甘南藏族自治州卓尼县木耳镇多坝村3组12号
木耳镇多坝村三社十二号
木耳多坝3-12
多坝村三组12
多坝3组12号
我家在木耳镇多坝村三组十二号旁边
喂你好，那个木耳镇多坝村3组12号附近，电话13900001234
木耳鎮多壩村３組１２號
卓尼县木耳镇，多坝村（3组12号）
木耳镇多坝村12号3组
3组12号多坝村木耳镇卓尼县
木尔镇多坝村3组12号
木耳镇多把村3组12号
木儿镇多霸村3祖12好
木耳镇坝多村3组12号
木耳镇多坎村3组12号
木耳镇多大坝村3组12号
木耳镇木耳镇多坝村多坝村3组12号
甘肃甘南卓尼木耳多坝3组12号
多坝村三12号
muer duoba 3zu12hao
muer duoba san zu shi er hao
木耳镇duoba村3组12号
MUER DUOBA 3-12
No. 12, Group 3, Duoba Village, Muer Town
喀尔钦镇多坝村3组12号
迭部县木耳镇多坝村3组12号
747600 木耳镇多坝村3组12号
木耳镇多坝村3队12#
木耳镇/多坝村/3组/12号
mù ěr zhèn duō bà cūn 3组12号
#12, Team 3, Duoba Village, Muer Township
木耳镇多坝村3组l2号
木耳镇多坝村三小队12号
木耳镇多坝村⑶组⑿号
多坝村3/12
mu er zhen duo ba cun san zu shi er hao
甘素省甘男州卓尼县木耳镇多坝村3组12号
木耳镇多坝村3组1 2号
186-0018 3372 木耳镇多坝村3组12号
卓尼县木耳公社多坝村3组12号
286,"木耳镇","多坝村","3组12号"
3号病人家在木耳镇多坝村3组12号
No5 木耳镇多坝村3组12号
4组的人说是木耳镇多坝村3组12号
"""


@pytest.mark.parametrize("text", SAID.strip().splitlines())
def test_the_one_right_door(text: str) -> None:
    best = search(register(), text)[0]
    assert (best.code, best.level, best.kind) == (code_of(DOOR), "door", "housenumber")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("柳林镇城东社区滨河东路12号", "柳林镇城东社区滨河东路12号"),
        ("城东社区滨和东路12", "柳林镇城东社区滨河东路12号"),
        ("城东阳光小区2-1-202", "柳林镇城东社区阳光小区2号楼1单元202室"),
        ("城东社区阳光小区二号楼一单元202", "柳林镇城东社区阳光小区2号楼1单元202室"),
        ("城东社区阳光小区2栋1单元202室", "柳林镇城东社区阳光小区2号楼1单元202室"),
        ("城东社区阳光小区2号楼", "柳林镇城东社区阳光小区2号楼"),
        ("木耳镇木耳村上庄5号", "木耳镇木耳村上庄自然村5号"),
        ("木耳镇木耳村，不是，木耳镇木耳村上庄自然村5号", "木耳镇木耳村上庄自然村5号"),
        ("城东社区阳光小区2号楼1单元2 0 2室", "柳林镇城东社区阳光小区2号楼1单元202室"),
        ("木耳木耳上庄自然村五号", "木耳镇木耳村上庄自然村5号"),
        ("多坝村3组7号附1号", "木耳镇多坝村3组7号附1号"),
        ("多坝村3组7号之一", "木耳镇多坝村3组7号附1号"),
        ("多坝村3组7号", "木耳镇多坝村3组7号"),
        ("多坝村3组7/1", "木耳镇多坝村3组7号附1号"),
        ("多坝村3组7(1)号", "木耳镇多坝村3组7号附1号"),
        ("多坝村3组7号附(1)", "木耳镇多坝村3组7号附1号"),
        ("多坝村3组7号付1号", "木耳镇多坝村3组7号附1号"),
        ("duo ba cun 3 zu 7 hao fu 1 hao", "木耳镇多坝村3组7号附1号"),
        ("多坝村3/3", "木耳镇多坝村3组3号"),
        ("城东社区滨河东12号", "柳林镇城东社区滨河东路12号"),
        ("城东社区滨河东街12号", "柳林镇城东社区滨河东路12号"),
        ("城东社区阳光2号楼1单元202室", "柳林镇城东社区阳光小区2号楼1单元202室"),
        ("城东社区阳光小区2#1单元202", "柳林镇城东社区阳光小区2号楼1单元202室"),
        ("城东社区阳光小区2号", "柳林镇城东社区阳光小区2号楼"),
        ("城东社区阳光小区 2 2 202", "柳林镇城东社区阳光小区2号楼2单元202室"),
        ("chengdong shequ yang guang xiao qu er hao lou yi dan yuan 202", "柳林镇城东社区阳光小区2号楼1单元202室"),
        ("kaerqinzhen xiangecun 1she1hao", "喀尔钦镇相俄村1组1号"),
        ("azitanzhenazitancun1zu1hao", "阿子滩镇阿子滩村1组1号"),
        ("藏巴哇镇江车村3组5号", "尼巴镇江车村3组5号"),
    ],
)
def test_streets_buildings_hamlets_and_sub_numbers(text: str, label: str) -> None:
    best = search(register(), text)[0]
    found = best.label.removeprefix("甘肃省甘南藏族自治州卓尼县").replace("社", "组").replace("组区", "社区")
    assert (found, best.level) == (label, "door")


def _levels(found: list[Match]) -> list[str]:
    return [match.level for match in found]


@pytest.mark.parametrize("text", ["柳林镇胡家多坝村3组12号", "柳林镇胡家多坝3组12号"])
def test_the_end_of_another_village_s_name_elsewhere_is_not_that_village(text: str) -> None:
    assert "door" not in _levels(search(register(), text))


@pytest.mark.parametrize(
    "text", ["柳林镇多坝村3组12号", "柳林镇的多坝村3组12号", "柳林镇 多坝村3组12号", "木耳镇胡家多坝村3组12号"]
)
def test_a_wrong_township_or_an_added_sign_is_not_a_wrong_door(text: str) -> None:
    best = search(register(), text)[0]
    assert (best.code, best.level) == (code_of(DOOR), "door")


def test_a_number_that_is_not_there_gives_its_neighbours_as_such() -> None:
    place, *neighbours = search(register(), "木耳镇多坝村3组26号")
    assert (place.level, place.kind, place.row) == ("group", "locality", None)
    assert "door" not in _levels([place, *neighbours])
    assert neighbours[0].label.endswith("3组25号")
    assert all(match.neighbour for match in neighbours)
    assert place.score < 0.7


def test_a_sub_number_is_another_door() -> None:
    found = search(register(), "木耳镇多坝村3组12号附1号")
    assert "door" not in _levels(found)
    assert found[1].code == code_of(DOOR)
    assert found[1].neighbour


@pytest.mark.parametrize("text", [
    "木耳镇多坝村3组12/1", "木耳镇多坝村3组12(1)号", "木耳镇多坝村3组12号负1号", "木耳镇多坝村3组12号，1",
    "mu er zhen duo ba cun 3 zu 12 hao fu 1 hao", "木耳镇木耳村上庄521/1", "木耳镇木耳村上庄521号(1)",
    "木耳镇多坝村3组12甲号", "木耳镇多坝村3组12号甲", "木耳镇多坝村3组12-乙号", "木耳镇多坝村3组12号B",
    "木耳镇多坝村3组12~15号",
])  # fmt: skip
def test_a_number_behind_the_number_is_another_door_however_it_is_written(text: str) -> None:
    found = search(register(), text)
    assert found
    assert "door" not in _levels(found)
    assert any(match.neighbour for match in found)


def test_a_number_with_a_letter_is_found_however_the_letter_is_written() -> None:
    every = [row for row in rows() if row[1] == "623022101203"]
    twelve = next(list(row) for row in every if row[0] == code_of(DOOR))
    at = twelve.index("12号")
    twelve[:3] = ["A62302299999999", twelve[1], str(twelve[2]).replace("12号", "12甲号")]
    twelve[at] = "12甲号"
    index = AddressIndex(zhuoni(), [Doors.of([*every, tuple(twelve)])])
    for text in ("12甲号", "12号甲", "12-甲号"):
        assert search(index, f"木耳镇多坝村3组{text}")[0].code == "A62302299999999"
    assert search(index, DOOR)[0].code == code_of(DOOR)


@pytest.mark.parametrize("text", ["兰州市城关区多坝村3组12号", "西安市多坝村3组12号"])
def test_a_door_in_another_city_is_not_claimed(text: str) -> None:
    assert all(status_of(match) != "ok" for match in search(register(), text))


def test_the_only_such_number_of_a_village_is_not_that_of_a_hamlet_which_nobody_knows() -> None:
    every = [row for row in rows() if row[1] == "623022101203" and (row[0] == code_of(DOOR) or "12号" not in row)]
    index = AddressIndex(zhuoni(), [Doors.of(every)])
    best = search(index, "木耳镇多坝村鹰嘴自然村12号")[0]
    assert (best.code, best.level) == (code_of(DOOR), "village")
    assert search(index, "木耳镇多坝村12号")[0].level == "door"


def test_a_number_that_is_spelled_out_is_read_whole() -> None:
    """er shi yi is 21, and not 11 behind a name that ends in er."""
    best = search(register(), "木耳镇多坝村 san zu er shi yi hao")[0]
    assert (best.code, best.level) == (code_of("木耳镇多坝村3组21号"), "door")


@pytest.mark.parametrize(("text", "found"), [("薪华路3号", "新华路3号"), ("新华路3号", "新华路3号"), ("3号", None)])
def test_a_street_in_the_name_of_its_village_is_not_said_by_it(text: str, found: str | None) -> None:
    """城东社区 becomes 滨河东路社区, with a 滨河东路 and a 新华路."""
    places = [known.place for known in zhuoni().known.values()]
    east = next(place for place in places if place.name == "城东社区")
    renamed = east._replace(name="滨河东路社区", name_full="滨河东路社区居民委员会")
    doors = [row for row in rows() if row[1] == east.code and "滨河东路" in row]
    more = [tuple("新华路" if cell == "滨河东路" else cell for cell in row) for row in doors]
    more = [(f"B{row[0]}", row[1], str(row[2]).replace("滨河东路", "新华路"), *row[3:]) for row in more]
    index = AddressIndex(
        Gazetteer([renamed if place.code == east.code else place for place in places]), [Doors.of([*doors, *more])]
    )
    best = search(index, f"柳林镇滨河东路社区{text}")[0]
    assert (best.level == "door") == (found is not None)
    assert found is None or best.label.endswith(found)


def test_a_part_of_a_village_is_told_with_the_name_it_was_found_by() -> None:
    best = search(register(), "城东社区阳光晓区9号楼")[0]
    assert (best.level, best.segments["estate"], best.label[-4:]) == ("estate", "阳光小区", "阳光小区")


def test_a_flat_that_is_not_there_is_its_building_at_most() -> None:
    best = search(register(), "城东社区阳光小区2号楼1单元909室")[0]
    assert (best.level, best.label[-5:]) == ("building", "小区2号楼")


@pytest.mark.parametrize("text", ["北京市朝阳区建国路88号", "asdf", "3组12号", "", "???", "二〇二六年", "13900001234",
                                  "贵州省木耳村3组12号", "陕西省商洛市柞水县木耳村2组8号",
                                  "山东省多坝村3组12号"])  # fmt: skip
def test_what_means_nothing_here_finds_nothing(text: str) -> None:
    assert search(register(), text) == []


def test_a_group_that_is_not_told_leaves_all_of_them_open() -> None:
    found = search(register(), "多坝村12号", Asking(limit=10))
    assert found[0].level == "village"
    doors = [match for match in found if match.row is not None]
    assert {match.segments["group_name"] for match in doors} == {"1组", "2组", "3组", "4组"}
    assert all(match.level == "village" and match.score < 0.2 for match in doors)


def test_two_villages_of_one_name_share_the_score() -> None:
    names = [village.place.name for village in zhuoni().known.values() if village.place.level == "village"]
    twice = next(name for name in names if names.count(name) == 2)
    one, other = search(register(), f"{twice}3组12号", Asking(limit=2))
    assert one.segments["village"] == other.segments["village"] == twice
    assert one.segments["village_code"] != other.segments["village_code"]
    assert one.score == pytest.approx(other.score)
    assert one.score <= 0.5
    near = LonLat(other.point.lon, other.point.lat) if other.point else None
    assert search(register(), f"{twice}3组12号", Asking(near=near))[0].code == other.code


@pytest.mark.parametrize(("text", "level", "name"), [
    ("zhuoni", "county", "卓尼县"), ("zn", "county", "卓尼县"), ("meduoba", "village", "多坝村"),
    ("多坝", "village", "多坝村"), ("木耳镇", "township", "木耳镇"), ("ཅོ་ནེ་རྫོང", "county", "卓尼县"),
    ("ཅོ་ནེ", "county", "卓尼县"), ("城关镇", "township", "柳林镇"), ("卓尼县", "county", "卓尼县"),
    ("木耳镇多坝村3组", "group", "多坝村"),
])  # fmt: skip
def test_places_by_any_of_their_names(text: str, level: str, name: str) -> None:
    best = search(register(), text)[0]
    assert best.level == level
    assert name in best.segments.values()
    assert best.point is not None


def test_as_it_is_typed() -> None:
    typing = Asking(limit=10, autocomplete=True)
    for typed in ("木", "木耳镇多", "muer duob", "mu"):
        assert any("木耳" in match.label for match in search(register(), typed, typing)), typed
    villages = [match.label for match in search(register(), "木耳镇多", typing)]
    assert any(label.endswith("多坝村") for label in villages)
    parts = {
        "木耳镇多坝村3": "3组",
        "城东社区滨": "滨河东路",
        "城东社": "城东社区",
        "木耳村上": "上庄自然村",
        "城东社区阳光": "阳光小区",
    }
    for typed, going_on in parts.items():
        assert any(match.label.endswith(going_on) for match in search(register(), typed, typing)), typed
    for typed in ("mue", "muer duoba 3zu12h", "ཅོ་ན"):
        assert search(register(), typed, typing)[0].segments["county"] == "卓尼县", typed
    assert search(register(), "muer duoba 3zu12h", typing)[0].code == code_of(DOOR)
    first = {"duoba": "木耳镇多坝村", "liulin chengdong": "柳林镇城东社区", "杓哇土": "杓哇土族乡"}
    for typed, label in first.items():
        assert search(register(), typed, typing)[0].label.endswith(label), typed
    assert not any("杓哇" in match.label for match in search(register(), "duoba", typing))
    assert not any("杜家川" in match.label for match in search(register(), "杓哇土", typing))
    numbers = [match.label[-3:] for match in search(register(), "木耳镇多坝村3组1", typing)]
    assert numbers[0] == "组1号"
    assert {"10号", "11号", "12号"} <= set(numbers)


def test_within_leaves_only_what_lies_there() -> None:
    inside = search(register(), "多坝村3组12号", Asking(prefixes=("623022101",)))
    assert inside[0].code == code_of(DOOR)
    assert search(register(), "多坝村3组12号", Asking(prefixes=("623022100",))) == []
    grid = inside[0].grid or ""
    assert search(register(), "多坝村3组12号", Asking(prefixes=(grid,)))[0].code == code_of(DOOR)
    other = grid[:-1] + ("1" if grid[-1] != "1" else "2")
    assert all(match.code != code_of(DOOR) for match in search(register(), "多坝村3组12号", Asking(prefixes=(other,))))


def test_the_parts_make_the_score() -> None:
    best = search(register(), "木尔镇多把村3组12号", Asking(near=LonLat(103.6, 34.6)))[0]
    product = 1.0
    for part in best.parts.told().values():
        product *= part
    assert best.score == pytest.approx(product, abs=1e-3)
    assert best.parts.told()["village"] < 1
    assert best.distance_m is not None


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from(list("木耳镇多坝村3组12号附城东社区-（ zhuoni")), max_size=30).map("".join)
)
def test_any_text_is_answered_honestly(text: str) -> None:
    found = search(register(), text, Asking(autocomplete=len(text) % 2 == 0))
    assert [match.score for match in found] == sorted((match.score for match in found), reverse=True)
    assert all(0 < match.score <= 1 for match in found)


def test_every_door_is_found_by_its_label_in_whatever_village() -> None:
    for row in rows()[::37]:
        best = search(register(), str(row[2]))[0]
        assert (best.code, best.level) == (row[0], "door")
        assert best.score > 0.99


def test_a_later_part_takes_the_place_of_a_village() -> None:
    changed = [row for row in rows() if row[1] == "623022101203"]
    fewer = [row for row in changed if row[0] != code_of(DOOR)]
    index = AddressIndex(zhuoni(), [Doors.of(rows()), Doors.of(fewer)])
    assert len(index) == len(rows()) - 1
    assert search(index, DOOR)[0].level == "group"
    assert index.find(code_of(DOOR)) is None
    assert search(index, "木耳镇多坝村3组11号")[0].level == "door"
    emptied = AddressIndex(zhuoni(), [Doors.of(rows())], emptied=frozenset({"623022101203"}))
    assert search(emptied, DOOR)[0].level == "village"


def test_another_name_of_a_door_finds_it() -> None:
    index = AddressIndex(zhuoni(), [Doors.of(rows())], aliases=[("多坝老磨坊", code_of(DOOR))])
    best = search(index, "多坝老磨坊")[0]
    assert (best.code, best.level, best.score) == (code_of(DOOR), "door", 1.0)


def test_the_nearest_doors_are_the_nearest_on_the_ground() -> None:
    every = [LonLat(float(str(row[-3])), float(str(row[-2]))) for row in rows()]
    for point in (LonLat(103.5437, 34.5621), LonLat(103.5, 34.5), LonLat(102.9, 35.2), LonLat(103.61, 34.49)):
        metres = sorted(distance_m(point.lon, point.lat, [p.lon for p in every], [p.lat for p in every]).tolist())
        found = register().nearest(point, 7)
        assert [door.distance_m for door in found] == pytest.approx(metres[:7], abs=1e-6)
    there, here = (register().nearest(LonLat(lon, 30.0), 7) for lon in (180.0, -180.0))
    assert [near.row.code for near in there] == [near.row.code for near in here]
    east = register().nearest(LonLat(103.40, 34.5), 1)[0]
    assert 45 < east.bearing_deg < 135
