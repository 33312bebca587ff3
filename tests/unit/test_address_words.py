"""Addresses as people there write and say them, each with what must be read in it."""

import pytest

from gridmap.addresses.format import format_label
from gridmap.addresses.parse import Parsed, parse
from gridmap.addresses.wording import segments_of_parts
from tests.gazetteer import DUOBA, MUER, ZHUONI, gannan

GANNAN = "甘肃省甘南藏族自治州"
DUOBA_LABEL = "卓尼县木耳镇多坝村"
TOWN = "卓尼县柳林镇"

SURE = """
甘肃省甘南藏族自治州卓尼县木耳镇多坝村3组12号 | 卓尼县木耳镇多坝村3组12号
甘肃甘南卓尼木耳多坝3组12号 | 卓尼县木耳镇多坝村3组12号
甘肃省甘南州卓尼县木耳镇多坝村3组12号 | 卓尼县木耳镇多坝村3组12号
甘南藏族州卓尼县木耳镇多坝村三组 | 卓尼县木耳镇多坝村3组
甘南卓尼木耳多坝 | 卓尼县木耳镇多坝村
卓尼县木耳镇多坝村三组十二号 | 卓尼县木耳镇多坝村3组12号
卓尼木耳镇多坝村 3 组 12 号 | 卓尼县木耳镇多坝村3组12号
卓尼县木耳镇多坝3组12号 | 卓尼县木耳镇多坝村3组12号
木耳镇多坝村3组12号 | 卓尼县木耳镇多坝村3组12号
木耳多坝3组12号 | 卓尼县木耳镇多坝村3组12号
木耳多坝三社 | 卓尼县木耳镇多坝村3社
木耳镇多坝村三社十二号附一 | 卓尼县木耳镇多坝村3社12号附1号
多坝村 | 卓尼县木耳镇多坝村
多坝 | 卓尼县木耳镇多坝村
多坝村3组 | 卓尼县木耳镇多坝村3组
多坝3组12号 | 卓尼县木耳镇多坝村3组12号
多坝村12号 | 卓尼县木耳镇多坝村12号
多坝12 | 卓尼县木耳镇多坝村12号
多坝村第三组 | 卓尼县木耳镇多坝村3组
多坝村第3村民小组 | 卓尼县木耳镇多坝村3组
多坝村三小组 | 卓尼县木耳镇多坝村3组
多坝村三队 | 卓尼县木耳镇多坝村3队
多坝村第二生产队 | 卓尼县木耳镇多坝村2队
多坝村（三）组 | 卓尼县木耳镇多坝村3组
多坝村㈢组 | 卓尼县木耳镇多坝村3组
多坝村③组 | 卓尼县木耳镇多坝村3组
多坝村3组12号附3号 | 卓尼县木耳镇多坝村3组12号附3号
多坝村3组12号附3 | 卓尼县木耳镇多坝村3组12号附3号
多坝村3组12号之三 | 卓尼县木耳镇多坝村3组12号附3号
多坝村3组12号-3 | 卓尼县木耳镇多坝村3组12号附3号
多坝村3组12-3号 | 卓尼县木耳镇多坝村3组12号附3号
多坝村3组12-3 | 卓尼县木耳镇多坝村3组12号附3号
多坝村3组12—3号 | 卓尼县木耳镇多坝村3组12号附3号
多坝村3组12 | 卓尼县木耳镇多坝村3组12号
多坝村三组十二 | 卓尼县木耳镇多坝村3组12号
多坝村3组012号 | 卓尼县木耳镇多坝村3组12号
多坝村3组12# | 卓尼县木耳镇多坝村3组12号
多坝村3组#12 | 卓尼县木耳镇多坝村3组12号
多坝村3组№12 | 卓尼县木耳镇多坝村3组12号
多坝村3组门牌号12 | 卓尼县木耳镇多坝村3组12号
多坝村3组门牌12号 | 卓尼县木耳镇多坝村3组12号
多坝村3组12号院 | 卓尼县木耳镇多坝村3组12号
多坝村3组12A号 | 卓尼县木耳镇多坝村3组12A号
多坝村3组12a号 | 卓尼县木耳镇多坝村3组12A号
多坝村３组１２号 | 卓尼县木耳镇多坝村3组12号
多坝村三组廿五号 | 卓尼县木耳镇多坝村3组25号
多坝村三组卅号 | 卓尼县木耳镇多坝村3组30号
多坝村三组一百零三号 | 卓尼县木耳镇多坝村3组103号
多坝村三组一〇三号 | 卓尼县木耳镇多坝村3组103号
多坝村三组一○三号 | 卓尼县木耳镇多坝村3组103号
多坝村叁组壹拾贰号 | 卓尼县木耳镇多坝村3组12号
多坝村两组两号 | 卓尼县木耳镇多坝村2组2号
卓尼縣木耳鎮多壩村三組十二號 | 卓尼县木耳镇多坝村3组12号
多壩村３組１２號 | 卓尼县木耳镇多坝村3组12号
卓尼县，木耳镇，多坝村，3组，12号 | 卓尼县木耳镇多坝村3组12号
卓尼县/木耳镇/多坝村/3组/12号 | 卓尼县木耳镇多坝村3组12号
卓尼县木耳镇（多坝村）3组12号 | 卓尼县木耳镇多坝村3组12号
【卓尼县】木耳镇多坝村〔3组〕12号 | 卓尼县木耳镇多坝村3组12号
卓尼县木耳镇卓尼县木耳镇多坝村3组 | 卓尼县木耳镇多坝村3组
甘肃省甘南藏族自治州卓尼县甘肃省甘南藏族自治州卓尼县木耳镇多坝村3组 | 卓尼县木耳镇多坝村3组
多坝村多坝村3组 | 卓尼县木耳镇多坝村3组
木耳镇木耳村3组 | 卓尼县木耳镇木耳村3组
木耳木耳村3组 | 卓尼县木耳镇木耳村3组
卓尼县木耳镇多坝村村民委员会 | 卓尼县木耳镇多坝村
卓尼县木耳镇多坝村民委员会 | 卓尼县木耳镇多坝村
木耳镇多坝行政村3组 | 卓尼县木耳镇多坝村3组
木耳乡多坝村3组 | 卓尼县木耳镇多坝村3组
卓尼县的木耳镇的多坝村的3组 | 卓尼县木耳镇多坝村3组
卓尼县辖区木耳镇多坝村 | 卓尼县木耳镇多坝村
多坝村(木耳镇)3组 | 卓尼县木耳镇多坝村3组
多坝村上庄自然村12号 | 卓尼县木耳镇多坝村上庄自然村12号
多坝村上庄12号 | 卓尼县木耳镇多坝村上庄12号
多坝村上庄村12号 | 卓尼县木耳镇多坝村上庄村12号
多坝村上庄组12号 | 卓尼县木耳镇多坝村上庄组12号
多坝村上庄社12号 | 卓尼县木耳镇多坝村上庄社12号
多坝村3组上庄自然村12号 | 卓尼县木耳镇多坝村3组上庄自然村12号
多坝村G212线12号 | 卓尼县木耳镇多坝村G212线12号
多坝村212国道12号 | 卓尼县木耳镇多坝村212国道12号
博峪村三社 | 卓尼县木耳镇博峪村3社
洮砚镇 | 卓尼县洮砚镇
杓哇土族乡大庄村 | 卓尼县杓哇土族乡大庄村
杓哇乡大庄村二社 | 卓尼县杓哇土族乡大庄村2社
杓哇大庄二社 | 卓尼县杓哇土族乡大庄村2社
扎古录镇扎古录村2组 | 卓尼县扎古录镇扎古录村2组
尼巴镇尼巴村1组3号 | 卓尼县尼巴镇尼巴村1组3号
临潭县三岔乡高楼子村三社三号 | 临潭县三岔乡高楼子村3社3号
临潭县八角镇八度村八社 | 临潭县八角镇八度村8社
冶力关镇东山村3组 | 临潭县冶力关镇东山村3组
东山村（新城镇）3组 | 临潭县新城镇东山村3组
舟曲县南峪乡南一村一组一号 | 舟曲县南峪乡南一村1组1号
舟曲县南峪乡南1村2组 | 舟曲县南峪乡南一村2组
舟曲南峪南二村二组 | 舟曲县南峪乡南二村2组
舟曲县拱坝镇乾迪村2组 | 舟曲县拱坝镇乾迪村2组
夏河县拉卜楞镇河南村社区 | 夏河县拉卜楞镇河南村社区
夏河县甘加镇八角城村1组 | 夏河县甘加镇八角城村1组
碌曲县郎木寺镇郎木村 | 碌曲县郎木寺镇郎木村
碌曲县玛艾镇加格村 | 碌曲县玛艾镇加格村
玛曲县尼玛镇卓格社区 | 玛曲县尼玛镇卓格社区
玛曲县河曲马场虚拟生活区 | 玛曲县河曲马场虚拟生活区
合作市当周街道知合玛社区 | 合作市当周街道知合玛社区
合作当周街道知合玛社区居民委员会 | 合作市当周街道知合玛社区
合作市卓尼路社区12号 | 合作市当周街道卓尼路社区12号
合作市卓尼路12号 | 合作市卓尼路12号
卓尼县木耳东路12号 | 卓尼县木耳东路12号
卓尼县城滨河东路12号 | 卓尼县滨河东路12号
卓尼县城关镇滨河东路12号 | 卓尼县柳林镇滨河东路12号
上城门村滨河东路12号 | 卓尼县柳林镇上城门村滨河东路12号
上城门社区滨河东路12号 | 卓尼县柳林镇上城门村滨河东路12号
上城门社区滨河东路十二号之二 | 卓尼县柳林镇上城门村滨河东路12号附2号
柳林镇八一路八号 | 卓尼县柳林镇八一路8号
柳林镇滨河东路3巷12号 | 卓尼县柳林镇滨河东路3巷12号
柳林镇滨河东路十二 | 卓尼县柳林镇滨河东路12号
柳林镇阳光小区3号楼2单元501室 | 卓尼县柳林镇阳光小区3号楼2单元501室
柳林镇阳光小区3号楼2单元501 | 卓尼县柳林镇阳光小区3号楼2单元501室
柳林镇阳光小区3号楼2单元501号 | 卓尼县柳林镇阳光小区3号楼2单元501室
柳林镇阳光小区3#楼2单元501 | 卓尼县柳林镇阳光小区3号楼2单元501室
柳林镇阳光小区3楼2单元501 | 卓尼县柳林镇阳光小区3号楼2单元501室
柳林镇阳光小区3-2-501 | 卓尼县柳林镇阳光小区3号楼2单元501室
柳林镇阳光小区三－二－五〇一 | 卓尼县柳林镇阳光小区3号楼2单元501室
柳林镇阳光小区3-2-5-501 | 卓尼县柳林镇阳光小区3号楼2单元5层501室
柳林镇阳光小区3号楼2-501 | 卓尼县柳林镇阳光小区3号楼2单元501室
柳林镇阳光小区3-501 | 卓尼县柳林镇阳光小区3号楼501室
柳林镇阳光小区3栋二单元五楼五〇一室 | 卓尼县柳林镇阳光小区3栋2单元5层501室
柳林镇阳光小区三幢一单元 | 卓尼县柳林镇阳光小区3幢1单元
柳林镇阳光小区B座1201室 | 卓尼县柳林镇阳光小区B座1201室
柳林镇阳光小区b座12层1201 | 卓尼县柳林镇阳光小区B座12层1201室
柳林镇阳光小区东区3号楼 | 卓尼县柳林镇阳光小区东区3号楼
柳林镇康乐新村3号楼 | 卓尼县柳林镇康乐新村3号楼
柳林镇格桑花3号楼2单元501 | 卓尼县柳林镇格桑花3号楼2单元501室
滨河东路12号阳光小区3号楼2单元5楼501 | 滨河东路12号阳光小区3号楼2单元5层501室
3号楼2单元501 | 3号楼2单元501室
临潭新城东街村 | 临潭县新城镇东街村
夏河拉卜楞上人民街社区3号 | 夏河县拉卜楞镇上人民街社区3号
舟曲城关镇西街村 | 舟曲县城关镇西街村
临潭新城东街12号 | 临潭县新城东街12号
合作市人民街东二路88号 | 合作市人民街东二路88号
多坝村3组12号附83号 | 卓尼县木耳镇多坝村3组12号附83号
卓尼一中家属院3号楼 | 卓尼县一中家属院3号楼
ཅོ་ནེ་རྫོང་ | 卓尼县
ཅོ་ནེ་རྫོང༌། | 卓尼县
དཀར་ལྷོ་བོད་རིགས་རང་སྐྱོང་ཁུལ་ཅོ་ནེ་རྫོང་ | 卓尼县
"""
CASES = [tuple(part.strip() for part in line.split("|")) for line in SURE.strip().splitlines()]


def _label(parsed: Parsed) -> str:
    return format_label(parsed.segments).removeprefix(GANNAN)


def _assumed(parsed: Parsed) -> list[tuple[str, str, str]]:
    """Kind, segment and the words, without what the text left out."""
    return [
        (item.kind, item.segment, parsed.text[slice(*item.span)]) for item in parsed.assumed if item.span is not None
    ]


def _left_over(parsed: Parsed) -> list[tuple[str, str]]:
    return [(item.kind, parsed.text[slice(*item.span)]) for item in parsed.left_over]


def _alternatives(parsed: Parsed) -> list[tuple[str, str]]:
    return [(other.reason, format_label(other.segments).removeprefix(GANNAN)) for other in parsed.alternatives]


@pytest.mark.parametrize(("text", "label"), CASES, ids=[text for text, _ in CASES])
def test_read_whole_and_without_doubt(text: str, label: str) -> None:
    parsed = parse(gannan(), text)
    assert _label(parsed) == label
    assert parsed.left_over == ()
    assert parsed.alternatives == ()


LEFT_OVER = [
    ("木耳镇多坝村村委会旁", DUOBA_LABEL, [("hint", "村委会旁")]),
    ("多坝村委会", DUOBA_LABEL, [("hint", "村委会")]),
    ("多坝村3组村委会旁边", DUOBA_LABEL + "3组", [("hint", "村委会旁边")]),
    ("我在木耳镇多坝村三社", DUOBA_LABEL + "3社", [("hint", "我在")]),
    ("喂你好我家住多坝三社老王家门口", DUOBA_LABEL + "3社", [("hint", "喂你好我家住"), ("hint", "老王家门口")]),
    ("747600 卓尼县木耳镇多坝村3组 13812345678", DUOBA_LABEL + "3组", [("hint", "747600"), ("hint", "13812345678")]),
    ("收货地址：卓尼县木耳镇多坝村", DUOBA_LABEL, [("hint", "收货地址")]),
    ("卓尼县政府对面滨河路12号", "卓尼县滨河路12号", [("hint", "政府对面")]),
    ("柳林镇滨河路口", "卓尼县柳林镇", [("hint", "滨河路口")]),
    ("柳林镇文化广场旁", "卓尼县柳林镇", [("hint", "文化广场旁")]),
    ("合作市合作社", "合作市", [("hint", "合作社")]),
    ("卓尼县扶贫点木耳镇多坝村", DUOBA_LABEL, [("hint", "扶贫点")]),
    ("木耳镇某某村3组", "卓尼县木耳镇3组", [("division", "某某村")]),
    ("卓尼县某某镇多坝村", DUOBA_LABEL, [("division", "某某镇")]),
    ("柳林镇民主街交警队旁", "卓尼县柳林镇民主街", [("hint", "交警队旁")]),
    ("扎古录镇麻路村麻路小学", "卓尼县扎古录镇麻路村", [("hint", "麻路小学")]),
    ("多坝村李家12号", DUOBA_LABEL + "12号", [("hint", "李家")]),
    ("多坝三社上头第二家", DUOBA_LABEL + "3社", [("hint", "上头第二家")]),
    ("多坝村三社十二号多坝村三社十三号", DUOBA_LABEL + "3社12号", [("hint", "多坝村"), ("hint", "十三号")]),
    ("你好", "", [("hint", "你好")]),
    ("zhuoni", "", [("hint", "zhuoni")]),
    ("多坝村3组12号12345678", DUOBA_LABEL + "3组12号", [("hint", "12345678")]),
    ("多坝村3组5组", DUOBA_LABEL + "3组", [("hint", "5组")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "label", "left_over"), LEFT_OVER, ids=[text for text, *_ in LEFT_OVER])
def test_what_is_no_segment_is_left_over(text: str, label: str, left_over: list[tuple[str, str]]) -> None:
    parsed = parse(gannan(), text)
    assert (_label(parsed), _left_over(parsed)) == (label, left_over)


ASSUMED = [
    ("甘南木耳多坝3组", [("abbreviated", "prefecture", "甘南"), ("abbreviated", "township", "木耳"),
                    ("abbreviated", "village", "多坝")]),
    ("木耳乡多坝村三社", [("suffix_changed", "township", "木耳乡"), ("group_word", "group_name", "三社")]),
    ("上城门社区", [("suffix_changed", "village", "上城门社区")]),
    ("卓尼县城关镇", [("old_name", "township", "城关镇")]),
    ("木耳镇木耳镇多坝村", [("repeated", "township", "木耳镇")]),
    ("卓尼县城滨河路", [("town", "county", "城")]),
    ("多坝村3组12号之三", [("sub_number_form", "sub_number", "之三")]),
    ("多坝村3组12号副(3)", [("sub_number_form", "sub_number", "副(3)")]),
    ("多坝村3小队12号", [("group_word", "group_name", "3小队")]),
    ("柳林镇阳光小区3号2单元501", [("number_word", "building", "3号"), ("room_word", "room", "501")]),
    ("多坝村3组12-3", [("sub_number_form", "number", "12"), ("sub_number_form", "sub_number", "3")]),
    ("多坝村3组12号院", [("yard", "number", "12号院")]),
    ("多坝村三组十二", [("number_word", "number", "十二")]),
    ("柳林镇阳光小区3楼2单元501", [("storey_word", "building", "3楼"), ("room_word", "room", "501")]),
    ("柳林镇阳光小区3-2-501", [("hyphens", "building", "3"), ("hyphens", "unit", "2"), ("hyphens", "room", "501")]),
    ("多坝村上庄12号", [("hamlet", "hamlet", "上庄")]),
    ("柳林镇格桑花3号楼", [("estate", "estate", "格桑花")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "assumed"), ASSUMED, ids=[text for text, _ in ASSUMED])
def test_what_was_assumed_is_said_with_the_words_it_was_read_from(
    text: str, assumed: list[tuple[str, str, str]]
) -> None:
    assert _assumed(parse(gannan(), text)) == assumed


def test_upper_divisions_that_the_text_leaves_out_are_filled_in_and_said() -> None:
    parsed = parse(gannan(), "卓尼多坝村")
    filled = [(item.segment, item.value) for item in parsed.assumed if item.kind == "filled"]
    assert filled == [("province", "甘肃省"), ("prefecture", "甘南藏族自治州"), ("township", "木耳镇")]
    codes = parsed.segments.county_code, parsed.segments.township_code, parsed.segments.village_code
    assert codes == (ZHUONI, MUER, DUOBA)


AMBIGUOUS = [
    ("东山村3组", "临潭县东山村3组",
     [("same_name", "临潭县新城镇东山村3组"), ("same_name", "临潭县冶力关镇东山村3组")]),
    ("城关镇", "", [("same_name", "临潭县城关镇"), ("same_name", "卓尼县柳林镇"), ("same_name", "舟曲县城关镇")]),
    ("木耳3组", "卓尼县木耳镇3组", [("level", "卓尼县木耳镇3组"), ("level", "卓尼县木耳镇木耳村3组")]),
    ("迭部县木耳镇多坝村3组", "3组", [("contradiction", "卓尼县木耳镇多坝村3组"), ("contradiction", "迭部县3组")]),
    ("木耳镇旺藏村", "", [("contradiction", "卓尼县木耳镇"), ("contradiction", "迭部县旺藏镇旺藏村")]),
    ("多坝村3-12号", DUOBA_LABEL + "3号附12号", [("group_and_number", DUOBA_LABEL + "3组12号")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "label", "others"), AMBIGUOUS, ids=[text for text, *_ in AMBIGUOUS])
def test_what_may_be_several_is_never_decided_in_silence(text: str, label: str, others: list[tuple[str, str]]) -> None:
    parsed = parse(gannan(), text)
    assert (_label(parsed), _alternatives(parsed)) == (label, others)


def test_a_name_that_several_villages_have_is_told_without_a_code() -> None:
    segments = parse(gannan(), "东山村3组").segments
    assert (segments.village, segments.village_code, segments.township) == ("东山村", None, None)
    assert segments.county == "临潭县"


def test_where_it_is_known_to_lie_decides_between_namesakes() -> None:
    parsed = parse(gannan().within(("623022",)), "城关镇滨河路12号")
    assert (_label(parsed), parsed.alternatives) == (f"{TOWN}滨河路12号", ())


def test_spans_point_at_the_words_as_they_were_typed() -> None:
    text = "  木耳鎮 多壩村 第三組１２號附一 "
    parsed = parse(gannan(), text)
    assert {name: text[slice(*span)] for name, span in parsed.spans.items()} == {
        "township": "木耳鎮", "village": "多壩村", "group_name": "第三組", "number": "１２號", "sub_number": "附一",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "label"),
    [
        ({"group_name": "3", "number": "12", "sub_number": "1"}, "3组12号附1号"),
        ({"group_name": "第三村民小组", "number": "十二号", "sub_number": "附一"}, "3组12号附1号"),
        ({"group_name": "三社", "number": "012", "sub_number": "附1"}, "3社12号附1号"),
        ({"group_name": "３", "number": "12-1", "sub_number": None}, "3组12号附1号"),
        ({"group_name": "上庄", "number": "12号附一", "sub_number": ""}, "上庄组12号附1号"),
        ({"group_name": "无", "number": "#12", "sub_number": "之一"}, "12号附1号"),
        ({"hamlet": "王家", "number": "12号院", "sub_number": "-1"}, "王家自然村12号附1号"),
        (
            {"estate": "阳光小区", "building": "3#", "unit": "二", "floor": "5楼", "room": "501房"},
            "阳光小区3号楼2单元5层501室",
        ),
        (
            {"estate": "阳光小区", "building": "B", "unit": "A", "floor": "负1", "room": "A501"},
            "阳光小区B号楼A单元负1层A501室",
        ),
        ({"estate": "阳光小区", "building": "3栋", "room": "0501号"}, "阳光小区3栋0501室"),
    ],
)
def test_what_people_type_into_the_field_of_a_segment_is_taken(parts: dict[str, str], label: str) -> None:
    assert format_label(segments_of_parts(gannan(), DUOBA, parts)).endswith(f"多坝村{label}")
