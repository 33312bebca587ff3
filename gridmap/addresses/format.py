"""An address written out as its official label."""

from gridmap.addresses.segments import SEGMENTS, Segments

_FILLERS = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})
"""Divisions that only fill a level of the codes (直辖市, 省直管县); nobody writes them."""


def format_label(segments: Segments) -> str:
    """The label from the province down: 甘肃省甘南藏族自治州卓尼县木耳镇多坝村3组12号.

    >>> format_label(Segments(county="卓尼县", village="多坝村", group_name="3组", number="12号", sub_number="附1号"))
    '卓尼县多坝村3组12号附1号'
    """
    values = [getattr(segments, name) for name in SEGMENTS]
    return "".join(value for value in values if value and value not in _FILLERS)
