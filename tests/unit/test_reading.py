"""Files of every format become tables without loss; what can't be read is refused with the file's name."""

import struct
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import shapely

from gridmap.errors import InvalidInput
from gridmap.exchange.archive import Limits, unpacked
from gridmap.exchange.reading import load_tables
from gridmap.exchange.table import Table
from tests.files import companions, write_layer, write_shapefile, write_xls, write_xlsx, zip_of

WEST, EAST = shapely.box(103.50, 34.50, 103.51, 34.51), shapely.box(103.51, 34.50, 103.52, 34.51)
CODES = ["990001101200001", "990001101200002"]
NAMES = ["木耳镇多坝村", "卓尼县"]
COLUMNS = {"网格编码": CODES, "网格名称": NAMES}


def _only(path: Path, **options: str) -> Table:
    (table,) = load_tables(path, **options)
    return table


def _noted(table: Table, words: str) -> bool:
    return any(words in note for note in table.notes)


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".kml", ".fgb", ".gdb", ".shp"])
def test_every_format_brings_codes_names_and_shapes(tmp_path: Path, suffix: str) -> None:
    crs, kind = ("EPSG:4326", "Unknown") if suffix == ".kml" else ("EPSG:4490", "Polygon")
    options = {"encoding": "GB18030"} if suffix == ".shp" else {}
    table = _only(
        write_layer(tmp_path / f"网格{suffix}", [WEST, EAST], COLUMNS, crs=crs, geometry_type=kind, **options)
    )
    found = dict(zip(table.column("网格编码"), table.column("网格名称"), strict=True))
    assert found == dict(zip(CODES, NAMES, strict=True))
    areas = {row.values[table.columns.index("网格编码")]: row.geometry for row in table.rows}
    for code, shape in zip(CODES, (WEST, EAST), strict=True):
        # A geodatabase keeps coordinates on a lattice of its own, finer than ours.
        assert shapely.equals(shapely.set_precision(areas[code], 1e-7), shapely.set_precision(shape, 1e-7))


@pytest.mark.parametrize("cpg", [None, "UTF-8", "GBK"])
def test_gbk_is_found_whatever_the_cpg_says(tmp_path: Path, cpg: str | None) -> None:
    table = _only(write_shapefile(tmp_path / "a.shp", [WEST, EAST], COLUMNS, cpg=cpg))
    assert table.column("网格名称") == NAMES
    assert _noted(table, "gb18030")
    assert _noted(table, "although its .cpg says utf-8") == (cpg == "UTF-8")


def test_utf8_is_found_although_the_cpg_says_gbk(tmp_path: Path) -> None:
    columns = {"code": CODES, "name": NAMES}
    table = _only(write_shapefile(tmp_path / "a.shp", [WEST, EAST], columns, encoding="UTF-8", cpg="GBK"))
    assert table.column("name") == NAMES


def test_the_person_overrules_the_encoding(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "a.shp", [WEST, EAST], COLUMNS)
    assert _only(path, encoding="latin-1").column(_only(path, encoding="latin-1").columns[1]) != NAMES
    with pytest.raises(InvalidInput, match="no encoding 'klingon'"):
        load_tables(path, encoding="klingon")


def test_a_code_in_a_number_field_keeps_every_digit(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "a.shp", [WEST, EAST], {"code": [99000110120000101, 99000110120000102]})
    assert _only(path).column("code") == [99000110120000101, 99000110120000102]


def test_text_cut_by_its_field_is_told_for_its_row(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "a.shp", [WEST, EAST], COLUMNS)
    data = bytearray(path.with_suffix(".dbf").read_bytes())
    name = NAMES[0].encode("gbk")
    place = data.index(name)
    data[place : place + len(name)] = name[:-1] + b" "
    path.with_suffix(".dbf").write_bytes(data)
    first, second = _only(path).rows
    assert first.problem is not None
    assert "网格名称" in first.problem
    assert "cut in two" in first.problem
    assert second.problem is None


def test_a_missing_shx_is_made_again(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "a.shp", [WEST, EAST], COLUMNS)
    path.with_suffix(".shx").unlink()
    table = _only(path)
    assert [
        row.geometry is not None and row.geometry.equals(s) for row, s in zip(table.rows, (WEST, EAST), strict=True)
    ]
    assert _noted(table, ".shx is missing")


def test_a_missing_dbf_is_refused(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "a.shp", [WEST, EAST], COLUMNS)
    path.with_suffix(".dbf").unlink()
    with pytest.raises(InvalidInput, match=r"a\.shp comes without its \.dbf"):
        load_tables(path)


@pytest.mark.parametrize(
    ("suffix", "keep", "message"),
    [
        (".dbf", 120, "promises 2 records"),
        (".dbf", 20, "too short"),
        (".dbf", 50, "header"),
        (".shp", 150, "cut off in record 1"),
        (".shp", 3, "no shapefile"),
    ],
)
def test_a_broken_shapefile_is_refused(tmp_path: Path, suffix: str, keep: int, message: str) -> None:
    path = write_shapefile(tmp_path / "a.shp", [WEST, EAST], COLUMNS)
    part = path.with_suffix(suffix)
    part.write_bytes(part.read_bytes()[:keep])
    with pytest.raises(InvalidInput, match=message):
        load_tables(path)


def test_shapes_and_records_of_different_files_are_refused(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "a.shp", [WEST, EAST], COLUMNS)
    other = write_shapefile(tmp_path / "b.shp", [WEST], {"网格编码": CODES[:1], "网格名称": NAMES[:1]})
    path.with_suffix(".dbf").write_bytes(other.with_suffix(".dbf").read_bytes())
    with pytest.raises(InvalidInput, match="2 shapes, 1 records"):
        load_tables(path)


def test_a_zip_brings_all_its_shapefiles_with_chinese_names(tmp_path: Path) -> None:
    one = write_shapefile(tmp_path / "one.shp", [WEST], {"code": CODES[:1], "name": NAMES[:1]})
    two = write_shapefile(tmp_path / "two.shp", [EAST], {"code": CODES[1:], "name": NAMES[1:]})
    files = companions(one, "34带/网格") | companions(two, "35带/网格") | {"说明.doc": b"read me"}
    tables = load_tables(zip_of(tmp_path / "测绘.zip", files, raw_names=True))
    assert [table.name for table in tables] == ["测绘.zip:34带/网格.shp", "测绘.zip:35带/网格.shp"]
    assert [table.column("name") for table in tables] == [NAMES[:1], NAMES[1:]]
    assert _noted(tables[0], "说明.doc")


@pytest.mark.parametrize("name", ["../../etc/cron.d/x.shp", "/etc/x.shp", "..\\x.shp", "C:\\x.shp"])
def test_names_that_lead_outside_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="leads outside"):
        load_tables(zip_of(tmp_path / "evil.zip", {name: b"x"}))
    assert [path.name for path in tmp_path.iterdir()] == ["evil.zip"]


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        link = zipfile.ZipInfo("grids.csv")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(InvalidInput, match="holds a link"):
        load_tables(tmp_path / "evil.zip")


def test_a_zip_bomb_is_stopped_while_it_grows(tmp_path: Path) -> None:
    bomb = zip_of(tmp_path / "bomb.zip", {"grids.csv": bytes(64 << 20)})
    assert bomb.stat().st_size < 1 << 20
    with pytest.raises(InvalidInput, match="grows beyond"):
        load_tables(bomb)


def test_an_excel_file_can_be_a_bomb_too(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="grows beyond"):
        load_tables(zip_of(tmp_path / "bomb.xlsx", {"xl/sharedStrings.xml": bytes(64 << 20)}))


def test_too_many_files_and_too_much_in_all_are_refused(tmp_path: Path) -> None:
    many = zip_of(tmp_path / "many.zip", {f"{n}.csv": b"x" * 400 for n in range(30)})
    with pytest.raises(InvalidInput, match="30 files"), unpacked(many, Limits(entries=20)):
        pass
    with pytest.raises(InvalidInput, match="grows beyond"), unpacked(many, Limits(unpacked_bytes=10_000)):
        pass


def test_an_archive_in_an_archive_is_refused(tmp_path: Path) -> None:
    inner = zip_of(tmp_path / "inner.zip", {"a.csv": b"code\n1\n"})
    with pytest.raises(InvalidInput, match="archive in an archive"):
        load_tables(zip_of(tmp_path / "outer.zip", {"inner.zip": inner}))


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"a.csv": b"code,name\n1,2\n" * 1000})
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InvalidInput, match="damaged archive"):
        load_tables(path)


@pytest.mark.parametrize(
    "content",
    [
        b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>',
        b"%PDF-1.7 nothing to see",
        bytes(range(256)),
    ],
)
def test_what_is_in_no_known_format_is_refused_whatever_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "grids.gpkg"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="in no format"):
        load_tables(path)


def test_a_file_of_one_format_under_the_name_of_another_is_read(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", [WEST], {"code": CODES[:1]})
    assert _only(path.rename(tmp_path / "a.json")).column("code") == CODES[:1]


def test_heights_and_measures_are_left_out_and_told(tmp_path: Path) -> None:
    shape = shapely.from_wkt("POLYGON ZM ((0 0 9 1, 1 0 9 1, 1 1 9 1, 0 0 9 1))")
    table = _only(write_layer(tmp_path / "a.gpkg", [shape], {"code": CODES[:1]}, geometry_type="Unknown"))
    assert table.rows[0].geometry == shapely.from_wkt("POLYGON ((0 0, 1 0, 1 1, 0 0))")
    assert _noted(table, "Z, M) of 1 rows")


def test_curves_become_short_lines_and_are_told(tmp_path: Path) -> None:
    circle = [(0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0), (0.0, 1.0)]
    arc = struct.pack("<BII", 1, 8, 5) + b"".join(struct.pack("<dd", *point) for point in circle)
    curved = struct.pack("<BII", 1, 10, 1) + arc
    table = _only(write_layer(tmp_path / "a.gpkg", [WEST, curved], {"code": CODES}))
    straight, round_one = (row.geometry for row in table.rows)
    assert straight == WEST
    assert isinstance(round_one, shapely.Polygon)
    assert round_one.area == pytest.approx(3.14159, rel=2e-3)
    assert _noted(table, "curves in 1 rows")


def test_empty_and_missing_geometry_are_problems_of_their_rows(tmp_path: Path) -> None:
    shapes = [shapely.MultiPolygon(), None, WEST]
    table = _only(write_layer(tmp_path / "a.gpkg", shapes, {"code": [*CODES, "990001101200003"]}))
    assert [row.problem for row in table.rows] == ["the geometry is empty", None, None]
    assert [row.geometry is None for row in table.rows] == [True, True, False]


def test_a_huge_attribute_is_a_problem_of_its_row(tmp_path: Path) -> None:
    table = _only(write_layer(tmp_path / "a.gpkg", [WEST, EAST], {"code": CODES, "name": ["x" * (2 << 20), "y"]}))
    assert [row.problem is None for row in table.rows] == [False, True]
    assert "name holds 2097152 characters" in str(table.rows[0].problem)


def test_kml_with_entities_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    path.write_text('<?xml version="1.0"?><!DOCTYPE k [<!ENTITY a "aaaa">]><kml><Document>&a;</Document></kml>')
    with pytest.raises(InvalidInput, match="XML entities"):
        load_tables(path)


@pytest.mark.parametrize("encoding", ["gbk", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_in_any_encoding_and_with_any_delimiter(tmp_path: Path, encoding: str, delimiter: str) -> None:
    lines = [["网格编码", "网格名称", "经度", "纬度"], [CODES[0], NAMES[0], "103.5", "34.5"]]
    path = tmp_path / "a.csv"
    path.write_bytes("\r\n".join(delimiter.join(line) for line in lines).encode(encoding))
    table = _only(path)
    assert table.columns == tuple(lines[0])
    assert table.rows[0].values == tuple(lines[1])
    assert table.rows[0].number == 2


def test_csv_that_is_not_text_in_one_encoding_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("编码,名称\n1,卓尼县\n2,".encode("gbk") + b"\xff\xff\n")
    with pytest.raises(InvalidInput, match=r"a\.csv, line 3"):
        load_tables(path)


@pytest.mark.parametrize("suffix", [".xls", ".xlsx"])
def test_excel_with_a_title_above_the_heading(tmp_path: Path, suffix: str) -> None:
    rows: list[list[Any]] = [
        ["卓尼县联户长名册", None, None],
        ["联防组编码", "联防组名称", "联户长"],
        ["99000110120000101", "一组", "扎西"],
        [None, None, None],
        [990001101200001, "二组", "卓玛"],
    ]
    path = tmp_path / f"heads{suffix}"
    table = _only(
        write_xlsx(path, rows) if suffix == ".xlsx" else write_xls(path, [[c or "" for c in r] for r in rows])
    )
    assert table.columns == ("联防组编码", "联防组名称", "联户长")
    assert [row.number for row in table.rows] == [3, 5]
    assert table.rows[1].values == (990001101200001, "二组", "卓玛")
    assert _noted(table, "卓尼县联户长名册")


def test_every_sheet_is_a_table_and_one_can_be_chosen(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [["code"], ["1"]], [["code"], ["2"]], [])
    assert [table.name for table in load_tables(path)] == ["a.xlsx:Sheet", "a.xlsx:Sheet1"]
    assert _only(path, layer="Sheet1").column("code") == ["2"]
    with pytest.raises(InvalidInput, match="no layer 'Sheet9'"):
        load_tables(path, layer="Sheet9")


def test_a_sheet_that_only_remarks_is_left_out_and_told(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [["code"], ["1"]], [["本表由镇政府提供"]])
    (table,) = load_tables(path)
    assert (table.name, len(table.rows)) == ("a.xlsx:Sheet", 1)
    assert table.notes == ("not read, since they have no rows: a.xlsx:Sheet1",)


def test_no_file_and_an_empty_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no file"):
        load_tables(tmp_path / "a.csv")
    (tmp_path / "a.csv").touch()
    with pytest.raises(InvalidInput, match="is empty"):
        load_tables(tmp_path / "a.csv")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_title_without_delimiters_does_not_hide_them(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "titled.csv"
    lines = [
        "某县网格成果表,2026年",
        delimiter.join(["网格编码", "网格名称"]),
        delimiter.join(["990002101200001", "甲"]),
    ]
    path.write_text("\n".join(lines), encoding="gb18030")
    (table,) = load_tables(path)
    assert table.columns == ("网格编码", "网格名称")
    assert [row.values for row in table.rows] == [("990002101200001", "甲")]


def test_a_hidden_sheet_is_left_out_and_told_but_can_be_chosen(tmp_path: Path) -> None:
    rows = [["网格编码", "网格名称"], ["990002101200001", "甲"]]
    path = write_xlsx(tmp_path / "book.xlsx", rows, [rows[0], ["990002101200001", "旧"]])
    book = openpyxl.load_workbook(path)
    book.worksheets[1].title, book.worksheets[1].sheet_state = "去年", "hidden"
    book.save(path)
    (table,) = load_tables(path)
    assert [row.values[1] for row in table.rows] == ["甲"]
    assert any("hidden" in note and "去年" in note for note in table.notes)
    assert load_tables(path, layer="去年")[0].rows[0].values[1] == "旧"


def test_a_workbook_or_table_under_another_ending_is_read(tmp_path: Path) -> None:
    rows = [["网格编码", "网格名称"], ["990002101200001", "甲"]]
    new = write_xlsx(tmp_path / "new.xlsx", rows).rename(tmp_path / "new.xls")
    text = tmp_path / "text.xls"
    text.write_text("\n".join("\t".join(row) for row in rows), encoding="gbk")
    for path in (new, text):
        assert load_tables(path)[0].rows[0].values == ("990002101200001", "甲")
    page = tmp_path / "page.xls"
    page.write_text("<html><table><tr><td>网格编码</td></tr></table></html>")
    with pytest.raises(InvalidInput, match="web page"):
        load_tables(page)


def test_what_kml_leaves_empty_is_no_column(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.kml", [shapely.box(103, 34, 104, 35)], {"网格编码": ["1"], "网格名称": ["甲"]})
    (table,) = load_tables(path)
    assert {"Name", "description"}.isdisjoint(table.columns)
    assert dict(zip(table.columns, table.rows[0].values, strict=True))["网格名称"] == "甲"
