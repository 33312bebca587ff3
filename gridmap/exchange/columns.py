"""What the columns of a file mean: the words that clerks and surveyors use, for every kind of import."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange.table import Table, Value
from gridmap.sentences import Sentence, say

_X = ("lon", "x", "lng", "longitude", "经度", "x坐标", "东经", "东坐标", "横坐标", "easting", "point_x", "lon_wgs84")
_Y = ("lat", "y", "latitude", "纬度", "y坐标", "北纬", "北坐标", "纵坐标", "northing", "point_y", "lat_wgs84")
_SHAPE = ("geometry", "wkt", "geom", "shape_wkt", "几何", "图形")
_PLACE = {"x": _X, "y": _Y, "wkt": _SHAPE}
_PHONE = ("联系电话", "电话", "手机", "手机号", "手机号码", "phone")
_CODE = ("编码", "代码", "编号")
_DIVISION = ("code", "行政区划代码", "区划代码", "统计用区划代码")
_NAME_BO = ("name_bo", "藏文名称", "藏语名称", "藏文名", "藏文")
_NOTE = ("note", "remark", "备注", "说明")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of import: its fields with their usual headings, the first being the field's own name in exports."""

    name: str
    fields: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    code_digits: tuple[int, ...] = ()
    """Lengths of the code, by which a column of codes is known when its heading is not."""


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "divisions",
            {
                "code": (*_DIVISION, "编码", "代码", "xzqdm", "pac", "zldwdm"),
                "name": ("name", "行政区划名称", "区划名称", "名称", "xzqmc", "zldwmc", "mc"),
                "level": ("level", "级别", "层级", "行政级别"),
                "parent": ("parent", "上级代码", "上级编码", "父级代码", "上级", "parent_code", "pcode"),
                "name_full": ("name_full", "全称", "行政区划全称"),
                "name_bo": _NAME_BO,
            },
            ("code", "name", "level"),
            (2, 6, 9, 12),
        ),
        Kind(
            "outlines",
            {
                "code": (*_DIVISION, "村编码", "村代码", "编码", "代码", "xzqdm", "pac", "zldwdm"),
                "source": ("source", "outline_source", "来源", "数据来源"),
                **_PLACE,
            },
            ("code",),
            (2, 6, 9, 12),
        ),
        Kind(
            "grids",
            {
                "code": ("code", "网格编码", "网格代码", "网格编号", "wgbm", "wgdm", "wgbh", "grid_code", *_CODE),
                "name": ("name", "网格名称", "网格名", "wgmc", "grid_name", "名称", "mc"),
                "name_bo": _NAME_BO,
                "kind": ("kind", "网格类型", "类型", "类别", "wglx"),
                "note": _NOTE,
                **_PLACE,
            },
            ("code", "name"),
            (15,),
        ),
        Kind(
            "groups",
            {
                "code": ("code", "联防组编码", "联户编码", "联防组代码", "联防组编号", "组编码", "group_code", *_CODE),
                "name": ("name", "联防组名称", "联户名称", "联防组", "组名称", "组名", "group_name", "名称"),
                "head": ("head", "联户长编号", "联户长编码", "head_id", "officer"),
                "head_name": ("head_name", "联户长", "联户长姓名", "组长", "组长姓名", "姓名"),
                "head_phone": ("head_phone", "联户长电话", "组长电话", *_PHONE),
            },
            ("code", "name"),
            (17,),
        ),
        Kind(
            "shelters",
            {
                "id": ("id", "shelter", "安置点编号", "避难点编号", "编号"),
                "name": ("name", "安置点名称", "避难安置点", "避难所名称", "安置点", "名称"),
                "name_bo": _NAME_BO,
                "kind": ("kind", "安置点类型", "类型", "类别"),
                "village": ("village", "village_code", "村编码", "村代码", "所在村", "行政村代码"),
                "address": ("address", "address_code", "地址编码"),
                "capacity": ("capacity", "容纳人数", "可容纳人数", "容量", "人数"),
                **_PLACE,
            },
            ("name", "capacity"),
        ),
        Kind(
            "households",
            {
                "id": ("id", "户编号", "户编码", "住户编号", "住户编码", "编号"),
                "kind": ("kind", "户类型", "户别", "类型", "类别"),
                "name": ("name", "集体户名称", "单位名称", "名称"),
                "head_name": ("head_name", "户主", "户主姓名", "联系人", "姓名", "head"),
                "head_phone": ("head_phone", "电话", "户主电话", "联系电话", "手机", "手机号", "手机号码", "phone"),
                "persons": ("persons", "人口", "人数", "家庭人口", "户籍人口", "常住人口", "人口数"),
                "elderly_alone": ("elderly_alone", "独居老人", "独居老人数", "空巢老人"),
                "infants": ("infants", "婴幼儿", "婴幼儿数", "婴儿"),
                "disabled": ("disabled", "残疾人", "残疾人数", "行动不便"),
                "pregnant": ("pregnant", "孕产妇", "孕妇", "孕产妇数"),
                "medical_device": ("medical_device", "使用医疗设备", "使用医疗设备者", "医疗设备", "依赖医疗设备"),
                "address_code": ("address_code", "地址编码", "标准地址编码", "门牌编码"),
                "address": ("address", "地址", "标准地址", "住址", "家庭住址", "详细地址", "门牌", "label"),
                "village": ("village_code", "village", "村编码", "村代码", "行政村代码"),
                "group_code": ("group_code", "联防组编码", "联户编码", "联防组", "组编码"),
                "grid_code": ("grid_code", "网格编码", "网格代码"),
            },
            (),
        ),
        Kind(
            "officers",
            {
                "id": ("id", "干部编号", "人员编号", "编号"),
                "name": ("name", "姓名", "干部姓名", "联系干部"),
                "phone": ("phone", "电话", "联系电话", "手机", "手机号", "手机号码"),
                "kind": ("kind", "人员类别", "类别", "类型", "身份类别"),
                "unit": ("unit", "单位", "工作单位", "所在单位"),
                "home_code": ("home_code", "出生地编码", "出生地代码", "籍贯编码", "出生地", "籍贯", "home"),
                "work_code": ("work_code", "工作地编码", "工作地代码", "工作地", "work"),
                "work_address_code": ("work_address_code", "工作地址编码"),
                "capacity": ("capacity", "可联系户数", "联系户数上限", "容量", "最多户数", "可包户数"),
                "languages": ("languages", "语言", "语种"),
                "absent_from": ("absent_from", "离岗开始", "请假开始", "外出开始"),
                "absent_to": ("absent_to", "离岗结束", "请假结束", "外出结束"),
            },
            (),
        ),
        Kind(
            "pairs",
            {
                "household": ("household", "household_id", "户编号", "户编码", "住户编号"),
                "officer": ("officer", "officer_id", "干部编号", "联系干部编号", "联系人编号", "联系人", "人员编号"),
                "rank": ("rank", "顺位", "序位", "次序", "顺序", "联系顺序", "第几联系人"),
                "reason": ("reason", "理由", "原因", "结对理由"),
            },
            ("household", "officer"),
        ),
        Kind(
            "names",
            {
                "code": ("code", "区划编码", "区划代码", "编码", "代码"),
                "text": ("text", "name", "别名", "名称", "旧名", "曾用名", "俗名", "俗称", "藏文名", "地名别名"),
                "kind": ("kind", "类别", "类型", "别名类别"),
                "hamlet": ("hamlet", "自然村", "所在自然村"),
            },
            ("code", "text"),
        ),
        Kind(
            "posts",
            {
                "id": ("id", "岗位编号", "岗位编码", "编号"),
                "grid_code": ("grid_code", "网格编码", "网格代码", "网格"),
                "task": ("task", "岗位", "岗位名称", "职责", "岗位职责", "任务"),
                "holder": ("holder", "holder_id", "上岗人员编号", "人员编号", "干部编号"),
                "holder_name": ("holder_name", "上岗人员", "姓名", "认岗人"),
                "holder_phone": ("holder_phone", "电话", "联系电话", "手机", "手机号"),
            },
            ("grid_code", "task"),
        ),
        Kind(
            "addresses",
            {
                "code": ("code", "地址编码", "标准地址编码", "地址代码", "门牌编码", "address_code", "dzbm", *_CODE),
                "label": (
                    "label", "标准地址", "标准地址全称", "地址全称", "详细地址", "地址", "地址名称", "门牌地址", "住址",
                    "坐落", "address", "dzmc", "mlph",
                ),
                "village": ("village_code", "村编码", "村代码", "行政村代码", "社区代码", "村社区代码"),
                "province": ("province", "省", "省份", "省市区"),
                "prefecture": ("prefecture", "市", "州", "市州", "地市"),
                "county": ("county", "县", "区县", "县区", "县市"),
                "township": (
                    "township", "乡镇", "乡", "镇", "街道", "乡镇街道", "所属乡镇", "所在乡镇",
                    "乡镇名称",
                ),
                "village_name": (
                    "village_name", "village", "村", "行政村", "村社区", "社区", "村名", "村名称", "所属村", "村居",
                    "所在村", "所在村社区", "行政村名称", "村委会", "村居委会",
                ),
                "group_name": ("group_name", "组", "村民小组", "小组", "社", "组别", "村组", "组社", "所在组"),
                "hamlet": ("hamlet", "自然村", "自然村名"),
                "street": ("street", "街路巷", "街道名", "路名", "街路", "道路"),
                "number": ("number", "门牌号", "门牌", "号", "门牌号码", "门楼牌号"),
                "sub_number": ("sub_number", "附号", "副号"),
                "estate": ("estate", "小区", "小区名", "小区名称"),
                "building": ("building", "楼栋", "楼栋号", "幢", "栋", "楼号"),
                "unit": ("unit", "单元", "单元号"),
                "floor": ("floor", "楼层", "层"),
                "room": ("room", "室", "房号", "室号", "房间号"),
                "point_source": ("point_source", "坐标来源", "采集方式"),
                "accuracy": ("point_accuracy_m", "精度", "坐标精度", "accuracy"),
                "old": ("old", "曾用名", "原地址", "旧地址", "旧门牌"),
                "popular": ("popular", "俗称", "别名", "俗名"),
                "tibetan": ("tibetan", *_NAME_BO, "藏文地址"),
                "other_code": ("other_code", "外部编码", "原编码", "旧编码"),
                **_PLACE,
            },
            (),
        ),
        Kind(
            "buildings",
            {
                "id": ("id", "房屋编码", "房屋编号", "建筑编码", "楼栋编码", "编号"),
                "address": ("address_code", "地址编码", "标准地址编码", "门牌编码"),
                "label": ("address", "label", "标准地址", "地址", "详细地址", "坐落", "门牌地址"),
                "kind": ("kind", "房屋类型", "建筑类型", "类型", "用途", "房屋用途"),
                "name": ("name", "房屋名称", "建筑名称", "名称"),
                "floors": ("floors", "层数", "楼层数", "地上层数"),
            },
            (),
        ),
        Kind(
            "layer",
            {
                "code": ("code", "编码", "代码", "编号", "id"),
                "name": ("name", "名称", "mc"),
                **_PLACE,
            },
            ("code",),
        ),
    )
}  # fmt: skip

_KNOWN: dict[str, frozenset[str]] = {}


@dataclass(frozen=True, slots=True)
class Mapped:
    """Which column each field is read from, and the sentence why; fields without a column are missing here."""

    columns: Mapping[str, str]
    reasons: Mapping[str, Sentence]


def normal(heading: str) -> str:
    """A heading without what doesn't tell columns apart: width, case, blanks, units in brackets, punctuation.

    >>> normal(" 网格 编码（15位）*"), normal("Grid_Code")
    ('网格编码', 'gridcode')
    """
    folded = unicodedata.normalize("NFKC", heading).lower()
    return re.sub(r"[\W_]+", "", re.sub(r"\(.*?\)|\[.*?\]", "", folded))


def is_known_heading(text: str) -> bool:
    """Whether any kind of import knows the heading."""
    if not _KNOWN:
        words = (word for kind in KINDS.values() for words in kind.fields.values() for word in words)
        _KNOWN["all"] = frozenset(normal(word) for word in words)
    return normal(text) in _KNOWN["all"]


def parse_map(options: Sequence[str], kind: Kind) -> dict[str, str]:
    """`COLUMN=field` options as field → column. Raises InvalidInput for one of another form or an unknown field."""
    asked: dict[str, str] = {}
    for option in options:
        column, equals, field = option.rpartition("=")
        if not equals or not column.strip() or field.strip() not in kind.fields:
            message = say(
                "map_form",
                "{option!r}: COLUMN=field is wanted, field being one of {fields}",
                option=option,
                fields=", ".join(kind.fields),
            )
            raise InvalidInput(say("map_wrong", "map: {message}", message=message), errors=[FieldError("map", message)])
        asked[field.strip()] = column.strip()
    return asked


def map_columns(table: Table, kind: Kind, asked: Mapping[str, str]) -> Mapped:
    """The column of each field: as asked, else by its heading, a heading cut off, or, for codes, by its content.

    Raises InvalidInput when a required field has no column or two that are equally good.
    """
    columns = {field: _asked(table, column) for field, column in asked.items()}
    reasons = dict.fromkeys(columns, say("asked_for", "asked for"))
    # Whole headings of all fields before any beginning or content: 联户长 is no cut 联户长编号.
    for search in (_by_heading, _by_cut_heading, _by_content):
        for field in kind.fields:
            free = [column for column in table.columns if column not in columns.values()]
            found = None if field in columns else search(table, kind, field, free)
            if found:
                columns[field], reasons[field] = found
    missing = [field for field in kind.required if field not in columns]
    if missing:
        there = ", ".join(table.columns) or "none"
        message = say(
            "column_missing",
            "{name}: no column for {missing}; there are {there}. Say --map COLUMN={first}.",
            name=table.name,
            missing=", ".join(missing),
            there=there,
            first=missing[0],
        )
        raise InvalidInput(
            message, errors=[FieldError(field, say("no_column", "no column"), "missing_column") for field in missing]
        )
    return Mapped(columns, reasons)


def _asked(table: Table, column: str) -> str:
    for same in (str.strip, normal):
        for name in table.columns:
            if same(name) == same(column):
                return name
    message = say(
        "no_such_column",
        "{name} has no column {column!r}; there are {columns}",
        name=table.name,
        column=column,
        columns=", ".join(table.columns),
    )
    raise InvalidInput(say("map_wrong", "map: {message}", message=message), errors=[FieldError("map", message)])


def _by_heading(table: Table, kind: Kind, field: str, free: Sequence[str]) -> tuple[str, Sentence] | None:
    for word in kind.fields[field]:
        hits = [column for column in free if normal(column) == normal(word)]
        if len(hits) > 1:
            message = say(
                "column_ambiguous",
                "{name}: {hits} could both be {field}; say --map COLUMN={field}.",
                name=table.name,
                hits=" and ".join(hits),
                field=field,
            )
            raise InvalidInput(
                message, errors=[FieldError(field, say("two_columns", "two columns"), "ambiguous_column")]
            )
        if hits:
            return hits[0], say("by_heading", "by its heading")
    return None


def _by_cut_heading(table: Table, kind: Kind, field: str, free: Sequence[str]) -> tuple[str, Sentence] | None:  # noqa: ARG001
    """A shapefile cuts headings after ten bytes: three characters of UTF-8, five of GBK."""
    for word in kind.fields[field]:
        for column in free:
            cut = normal(column.rstrip("\ufffd"))
            if len(cut) >= 3 and len(column.encode()) >= 9 and normal(word).startswith(cut):
                return column, say("by_cut_heading", "its heading is the beginning of {word}", word=word)
    return None


def _by_content(table: Table, kind: Kind, field: str, free: Sequence[str]) -> tuple[str, Sentence] | None:
    if field != "code" or not kind.code_digits:
        return None
    fitting = [column for column in free if _all_codes(table.column(column), kind.code_digits)]
    if len(fitting) != 1:
        return None
    digits = " or ".join(str(number) for number in kind.code_digits)
    return fitting[0], say("by_content", "it alone holds numbers of {digits} digits", digits=digits)


def _all_codes(values: Sequence[Value], digits: Sequence[int]) -> bool:
    texts = [str(value) for value in values if value is not None]
    return bool(texts) and all(text.isascii() and text.isdigit() and len(text) in digits for text in texts)
