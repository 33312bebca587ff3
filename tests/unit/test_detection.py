"""Encodings, degrees, columns and codes: what is told apart, and what is left to the person."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.errors import InvalidInput
from gridmap.exchange.codes import BadCode, code_text, division_code
from gridmap.exchange.columns import KINDS, is_known_heading, map_columns
from gridmap.exchange.crs_detection import detect, number_class
from gridmap.exchange.degrees import parse_coordinate
from gridmap.exchange.encoding import detect as detect_encoding
from gridmap.exchange.ground import Ground, Placed
from gridmap.exchange.table import Row, Table

VILLAGE = "990002101200"
OUTLINE = shapely.box(103.40, 34.40, 103.60, 34.60)
KNOWN = Ground({VILLAGE: OUTLINE})
NAMES = "卓尼县柳林镇木耳扎古录喀尔钦藏巴哇纳浪洮砚恰盖康多勺哇申藏完冒阿子滩刀告尼巴多坝村第一网格上寺台子"


@given(st.lists(st.text(st.sampled_from(NAMES), min_size=2, max_size=8), min_size=1, max_size=30))
def test_names_are_told_apart_by_their_bytes_alone(names: list[str]) -> None:
    for encoding, told in (("gbk", "gb18030"), ("utf-8", "utf-8")):
        assert detect_encoding([name.encode(encoding) for name in names]).name == told


def test_tibetan_and_ascii() -> None:
    assert detect_encoding(["ཅོ་ནེ་རྫོང་".encode()]).name == "utf-8"
    assert detect_encoding(["ཅོ་ནེ་རྫོང་".encode("gb18030")]).name == "gb18030"
    assert detect_encoding([b"Zhuoni"]).reason.startswith("all text is ASCII")


def _points(points: list[tuple[float, float]], code: str | None = VILLAGE) -> list[Placed]:
    return [Placed(code, shapely.Point(point)) for point in points]


PLACES = [(103.4101 + i * 0.0137, 34.4202 + i * 0.0119) for i in range(13)]


def _packed(degrees: float) -> float:
    seconds = round(degrees * 3600 * 100) / 100
    whole, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    return round(whole + minutes / 100 + left / 10000, 10)


def test_packed_degrees_are_told_by_the_ground() -> None:
    packed = [(_packed(x), _packed(y)) for x, y in PLACES]
    found = detect(_points(packed), ground=KNOWN, declared=None, tabular=True)
    assert found.reading.packed
    lon, lat = found.reading.lonlat(*np.array(packed).T)
    assert np.abs(lon - [x for x, _ in PLACES]).max() < 1e-5
    assert np.abs(lat - [y for _, y in PLACES]).max() < 1e-5


def test_packed_degrees_are_told_by_their_number_alone_when_there_are_many() -> None:
    packed = [(_packed(x), _packed(y)) for x, y in PLACES]
    assert detect(_points(packed), ground=Ground(), declared=None, tabular=True).reading.packed
    assert not detect(_points(packed[:3]), ground=Ground(), declared=None, tabular=True).reading.packed
    assert detect(_points(packed[:3]), ground=Ground(), declared=None, asked="dms", tabular=True).reading.packed
    drawn = detect(_points(packed), ground=Ground(), declared="EPSG:4490", tabular=False)
    assert not drawn.reading.packed


def test_decimal_degrees_stay_decimal() -> None:
    found = detect(_points(PLACES), ground=KNOWN, declared=None, tabular=True)
    assert (found.reading.packed, found.reading.crs.name) == (False, "EPSG:4490")


def test_swapped_degrees_without_any_ground() -> None:
    found = detect(_points([(y, x) for x, y in PLACES]), ground=Ground(), declared=None, tabular=True)
    assert found.reading.swapped
    assert "could not be ruled out" in found.warnings[0]


@pytest.mark.parametrize("declared", ["EPSG:2435", "EPSG:4610", "nonsense", 'LOCAL_CS["x"]'])
def test_a_system_that_is_of_no_use_is_said_and_passed_over(declared: str) -> None:
    found = detect(_points(PLACES), ground=KNOWN, declared=declared)
    assert found.reading.crs.name == "EPSG:4490"
    assert any("the file names" in reason for reason in found.reasons)


def test_numbers_that_fit_nothing_are_refused() -> None:
    with pytest.raises(InvalidInput, match="fit no coordinate system"):
        detect(_points([(5e8, 7e9)]), ground=KNOWN, declared=None)


def test_points_that_lie_far_from_their_village_warn() -> None:
    found = detect(_points([(110.1, 30.2), (110.3, 30.4)]), ground=KNOWN, declared="EPSG:4490")
    assert found.reading.crs.name == "EPSG:4490"
    assert "100% of it lies outside" in found.warnings[0]


@given(st.floats(13e6, 46e6), st.floats(3e5, 6.3e6))
def test_a_class_of_numbers_does_not_depend_on_their_order(easting: float, northing: float) -> None:
    assert number_class(easting, northing) == number_class(northing, easting)


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("103°30′25″", 103.50694444444444),
        ("103°30'25.5\"", 103.50708333333333),
        ("103度30分25秒", 103.50694444444444),
        ("E103°30′25″", 103.50694444444444),
        ("34°30′N", 34.5),
        ("西经 10°", -10.0),
        ("１０３．５", 103.5),
        ("103.5", 103.5),
        (103, 103.0),
    ],
)
def test_coordinates_as_people_write_them(text: str | int, degrees: float) -> None:
    assert parse_coordinate(text)[0] == pytest.approx(degrees, abs=1e-12)


@pytest.mark.parametrize("text", ["", "abc", "103°75′", "103°30′99″", "1_0", "nan", True, None, "103,5"])
def test_what_is_no_coordinate(text: str | bool | None) -> None:
    assert parse_coordinate(text)[0] is None


def _table(*columns: str, rows: list[tuple[str, ...]] | None = None) -> Table:
    values = rows or [tuple("x" for _ in columns)]
    return Table("t", columns, tuple(Row(n, row) for n, row in enumerate(values, 2)))


@pytest.mark.parametrize("code", ["网格编码", "网格编码（15位）", " WGBM ", "grid_code", "Code", "网格编号"])
@pytest.mark.parametrize("name", ["网格名称", "名称", "NAME"])
def test_headings_of_grids(code: str, name: str) -> None:
    found = map_columns(_table("备注", code, name), KINDS["grids"], {})
    assert (found.columns["code"], found.columns["name"], found.columns["note"]) == (code, name, "备注")


def test_the_plainer_heading_gives_way_to_the_exact_one() -> None:
    found = map_columns(_table("编码", "网格编码", "网格名称"), KINDS["grids"], {})
    assert found.columns["code"] == "网格编码"


def test_a_heading_cut_by_a_shapefile() -> None:
    found = map_columns(_table("网格编", "网格名"), KINDS["grids"], {})
    assert found.columns["code"] == "网格编"
    assert "beginning of" in found.reasons["code"]


def test_two_equal_headings_are_left_to_the_person() -> None:
    table = _table("名称", "名 称", "网格编码")
    with pytest.raises(InvalidInput, match="could both be name"):
        map_columns(table, KINDS["grids"], {})
    assert map_columns(table, KINDS["grids"], {"name": "名 称"}).columns["name"] == "名 称"


def test_a_missing_column_names_those_that_are_there() -> None:
    with pytest.raises(InvalidInput, match=r"no column for code, name; there are 甲, 乙.*--map"):
        map_columns(_table("甲", "乙"), KINDS["grids"], {})


def test_every_kind_knows_its_own_field_names() -> None:
    for kind in KINDS.values():
        for field in kind.fields:
            assert is_known_heading(field) or field in {"x", "y"}


def test_codes_that_excel_has_rounded_are_refused() -> None:
    assert code_text(990002101200001.0) == "990002101200001"
    with pytest.raises(BadCode, match="15 digits"):
        code_text(99000210120000101.0)
    with pytest.raises(BadCode, match="as Excel shows long numbers"):
        code_text("6.23022E+14")


@pytest.mark.parametrize(
    ("value", "level", "code"),
    [
        ("990002000000", "county", "990002"),
        ("990002101000", "township", "990002101"),
        ("990002101200", "village", "990002101200"),
        ("990002", "county", "990002"),
        ("99", "province", "99"),
        ("990000000000", "prefecture", "990000"),
    ],
)
def test_statistical_codes_lose_the_zeros_below_their_level(value: str, level: str, code: str) -> None:
    assert division_code(value, level)[0] == code


@pytest.mark.parametrize(("value", "level"), [("9900021012", "village"), ("990002101", "county"), ("县", "county")])
def test_codes_that_do_not_fit_their_level(value: str, level: str) -> None:
    with pytest.raises(BadCode):
        division_code(value, level)
