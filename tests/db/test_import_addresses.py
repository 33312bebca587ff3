"""Address registers as they really come: messy headings, one column or many, doubles, missing and wrong points."""

from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.addresses import problems, register, waiting
from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.model import Address, WaitingAddress
from gridmap.addresses.record import stored_lonlat
from gridmap.addresses.service import load_gazetteer
from gridmap.db.history import list_revisions
from gridmap.editing import division_changes
from gridmap.editing.division_changes import Names
from gridmap.exchange.exporting import ExportRequest, export_file
from gridmap.geo.crs import Crs, from_lonlat
from gridmap.geo.lonlat import LonLat
from tests.importing import CLERK, COUNTY, EAST, WEST, cell, grids_of, new_county, reasons, run, write_grids

LEAD = "试验省练习州新县木耳镇"


@pytest.fixture
def county(session: Session, folder: Path) -> Session:
    """Two villages of four grids each, without any address."""
    new_county(session, folder)
    grids = write_grids(folder / "grids.gpkg", grids_of(WEST) | grids_of(EAST))
    assert run(session, "grids", grids).counts()["rejected"] == 0
    return session


def middle(column: int, row: int, right: float = 0.5, up: float = 0.5) -> tuple[float, float]:
    west, south, east, north = cell(column, row).bounds
    return round(west + right * (east - west), 7), round(south + up * (north - south), 7)


def sheet(path: Path, heading: Sequence[str], *rows: Sequence[object]) -> Path:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["新县标准地址登记表（2026年汇总）"])
    page.append([])
    page.append(list(heading))
    for row in rows:
        page.append(list(row))
    book.save(path)
    return path


def labels(session: Session) -> dict[str, Address]:
    return {row.label: row for row in session.scalars(select(Address).where(Address.status == "current"))}


def test_a_sheet_of_free_text_is_loaded_or_told_row_by_row(county: Session, folder: Path) -> None:
    (x, y), (far_x, far_y) = middle(0, 1), middle(2, 0)
    path = sheet(
        folder / "地址.xlsx",
        ["序号", "标准地址（全称）", "经度", "纬度", "俗称"],
        [1, "木耳镇多坝村三社十二号附一", x, y, "老磨坊;磨坊院"],  # row 4
        [2, "新縣木耳鎮多壩村３组１３号", f"{x}", f" {y + 0.001} ", None],
        [3, "多坝村3组13号", x, y + 0.001, None],  # repeats
        [4, "多坝村3组14号", x, y, None],  # differs from the next
        [5, "多坝村3组14号", x, y + 0.002, None],
        [6, "多坝村村民委员会", x, y, None],  # no door
        [7, "北山村3组1号", x, y, None],  # no such village
        [8, "多坝村3组15号", None, None, None],  # no point
        [9, "多坝村4组1号", far_x, far_y, None],  # in the other village
        [10, "城东社区阳光小区3号楼2单元501室", *middle(3, 0), None],
        [11, "城东社区滨河路8号", *middle(3, 0), None],  # at the same point as 501
        [12, "城东社区滨河路9号", 103.9, 34.9, None],  # in no grid
        [13, "城东社区滨河路10号", "东边", "门口", None],
    )
    report = run(county, "addresses", path)
    told = reasons(report)
    assert len(report.fates) == 13
    assert {row: status for row, (status, _) in told.items()} == {
        4: "loaded", 5: "loaded", 6: "rejected", 7: "rejected", 8: "rejected", 9: "rejected", 10: "rejected",
        11: "rejected", 12: "loaded", 13: "loaded", 14: "loaded", 15: "loaded", 16: "rejected",
    }  # fmt: skip
    assert told[6][1].startswith("repeats row 5")
    assert "rows 7, 8" in told[7][1]
    assert "222 m apart" in told[7][1]
    assert "is a village" in told[9][1]
    assert "北山村" in told[10][1] or "no village" in told[10][1]
    assert "waits" in told[11][1]
    assert "although its text says 多坝村" in told[12][1]
    assert "no grid" in told[15][1]
    found = labels(county)
    door = found[f"{LEAD}多坝村3社12号附1号"]
    assert (door.code, door.grid_code, door.point_source) == (f"A{COUNTY}00000001", WEST + "001", "地址.xlsx")
    assert found[f"{LEAD}多坝村4组1号"].grid_code == EAST + "003"
    assert {a.text for a in register.get_address(county, door.code).aliases} == {"老磨坊", "磨坊院"}
    lines = {str(line.what): (line.before, line.after) for line in report.table}
    assert lines["addresses there"] == ("0", "6")
    assert lines["points with several houses"] == ("0", "1")
    again = run(county, "addresses", path)
    assert again.counts() == {"loaded": 0, "unchanged": 6, "rejected": 7}
    assert again.version is None
    assert len(county.scalars(select(WaitingAddress)).all()) == 1


def test_merged_cells_a_heading_of_two_lines_and_a_foot_are_understood(county: Session, folder: Path) -> None:
    (x, y), (other_x, other_y) = middle(0, 1), middle(1, 1)
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in (
        ["木耳镇标准地址登记表", *[None] * 8],
        ["填报单位：木耳镇"],
        ["序号", "乡镇", "村", "村民小组", "门牌", None, "备注", "坐标", None],
        [None, None, None, None, "门牌号", "附号", None, "经度", "纬度"],
        [1, "木耳镇", "多坝村", "三社", 1, None, None, x, y],
        [2, None, None, None, 2, "附一", None, x + 0.0001, y],
        [3, None, None, None, "3", 1, None, x + 0.0002, y],
        [4, None, None, None, "4-1", None, None, x + 0.0003, y],
        [5, None, None, None, "5", None, "经纬度写反", y, x],
        [6, None, None, "四社", None, None, "没有门牌", other_x, other_y],
        [7, None, None, None, "小卖部旁", None, None, other_x, other_y],
        [8, None, None, None, 8, None, None, "103,5", other_y],
        [9, None, None, None, 9, None, "没有坐标", None, None],
        [],
        ["合计", "9户"],
    ):
        page.append(row)
    for merged in ("A1:I1", "A3:A4", "B3:B4", "C3:C4", "D3:D4", "E3:F3", "G3:G4", "H3:I3",
                   "B5:B13", "C5:C13", "D5:D9", "D10:D13", "E5:F5"):  # fmt: skip
        page.merge_cells(merged)
    hidden = book.create_sheet("旧表")
    hidden.append(["地址", "经度", "纬度"])
    hidden.append(["多坝村99号", x, y])
    hidden.sheet_state = "hidden"
    book.save(folder / "登记表.xlsx")
    report = run(county, "addresses", folder / "登记表.xlsx")
    told = {fate.row: (fate.status, fate.column, str(fate.reason)) for fate in report.fates}
    assert [row for row, fate in told.items() if fate[0] == "loaded"] == [5, 6, 7, 8, 9]
    below = sorted(label.removeprefix(f"{LEAD}多坝村") for label in labels(county))
    # A number that is merged sideways is no second one.
    assert below == ["3社1号", "3社2号附1号", "3社3号附1号", "3社4号附1号", "3社5号"]
    assert "axes swapped" in told[9][2]
    assert {row: fate[1] for row, fate in told.items() if fate[0] == "rejected"} == {
        10: "门牌号", 11: "门牌号", 12: "经度", 13: None, 15: "乡镇",
    }  # fmt: skip
    assert "no single door" in told[10][2]
    assert told[13][2].startswith("it has no point; it waits")
    assert report.as_csv().splitlines()[0].lstrip("\ufeff") == "table,row,column,code,status,reason"


def test_a_door_in_another_village_than_its_text_is_counted_where_its_point_lies(county: Session, folder: Path) -> None:
    rows = [["多坝村3组1号", *middle(0, 1)], ["多坝村3组2号", *middle(1, 0)], ["多坝村4组1号", *middle(2, 0)]]
    report = run(county, "addresses", sheet(folder / "a.xlsx", ["地址", "经度", "纬度"], *rows))
    lines = {str(line.what): (line.before, line.after) for line in report.table}
    assert lines["doors whose point lies in another village than their text"] == ("0", "1"), reasons(report)


def test_split_columns_and_surveyors_numbers(county: Session, folder: Path) -> None:
    metres = [from_lonlat(Crs.parse("EPSG:4522"), *middle(0, 1, 0.2 * n, 0.5)) for n in (1, 2, 3)]
    north, east = zip(*((f"{float(y):.3f}", f"{float(x):.3f}") for x, y in metres), strict=True)
    lines = [
        "省,市州,县,乡镇,行政村,组,门牌号,附号,地址编码,X,Y",
        f"试验省,练习州,新县,木耳镇,多坝村,3,12,1,62302210100001,{north[0]},{east[0]}",
        f"试验省,练习州,新县,木耳镇,多坝村,三社,十三号,,62302210100002,{north[1]},{east[1]}",
        f",,,木耳镇,多坝村,3,,,62302210100003,{north[2]},{east[2]}",
        f"试验省,练习州,新县,木耳镇,,3,4,,62302210100004,{north[2]},{east[2]}",
    ]
    path = folder / "门牌.csv"
    path.write_text("\n".join(lines), encoding="gbk")
    report = run(county, "addresses", path)
    told = reasons(report)
    assert [told[row][0] for row in (2, 3, 4, 5)] == ["loaded", "loaded", "rejected", "rejected"]
    # A group is where many doors are.
    assert "3组 is no single door" in told[4][1]
    found = labels(county)
    assert f"{LEAD}多坝村3组12号附1号" in found
    assert f"{LEAD}多坝村3社13号" in found
    record = register.get_address(county, found[f"{LEAD}多坝村3社13号"].code)
    assert [(alias.kind, alias.text) for alias in record.aliases] == [("code", "62302210100002")]
    moved = lines.copy()
    moved[2] = moved[2].replace("十三号", "十四号")
    path.write_text("\n".join(moved), encoding="gbk")
    status, reason = reasons(run(county, "addresses", path))[3]
    assert (status, reason.partition(";")[0]) == ("loaded", "changed")
    # Their own codes go along with ours, so that a later file of theirs is known again.
    out = folder / "out.csv"
    export_file(county, ExportRequest("addresses", out, CLERK))
    assert run(county, "addresses", out).counts() == {"loaded": 0, "unchanged": 2, "rejected": 0}
    assert "62302210100002" in next(line for line in out.read_text("utf-8-sig").splitlines() if record.code in line)
    changed = register.get_address(county, record.code)
    assert changed.label == f"{LEAD}多坝村3社14号"
    assert ("old", f"{LEAD}多坝村3社13号") in [(alias.kind, alias.text) for alias in changed.aliases]
    actions = [revision.action for revision in list_revisions(county, record.code)]
    assert actions == ["import", "import"]


def test_what_is_exported_comes_back_unchanged(county: Session, folder: Path) -> None:
    rows = [[f"多坝村{g}组{n}号", *middle(g % 2, 1, n / 50, 0.5)] for g in range(1, 4) for n in range(1, 20)]
    report = run(county, "addresses", sheet(folder / "a.xlsx", ["地址", "经度", "纬度"], *rows))
    assert report.counts()["loaded"] == 57
    for suffix in (".xlsx", ".csv", ".gpkg", ".shp"):
        out = folder / f"export{suffix}"
        done = export_file(county, ExportRequest("addresses", out, CLERK))
        assert done.rows == 57
        again = run(county, "addresses", out)
        assert again.counts() == {"loaded": 0, "unchanged": 57, "rejected": 0}, reasons(again)
    codes = sorted(row.code for row in labels(county).values())
    assert codes[0] == f"A{COUNTY}00000001"
    county.query(Address).filter(Address.code == codes[-1]).delete()
    back = run(county, "addresses", folder / "export.csv")
    assert back.counts() == {"loaded": 1, "unchanged": 56, "rejected": 0}
    assert codes[-1] in {row.code for row in labels(county).values()}
    (extra,) = [f for f in run(county, "addresses", one_more(folder)).fates if f.status == "loaded"]
    assert (extra.code or "") > codes[-1]


def test_doors_that_bear_a_former_name_come_back_unchanged(county: Session, folder: Path) -> None:
    """A village was divided: its doors keep their labels, which are on their plates."""
    rows = [
        [f"{village}{n}号", *middle(c, 1, n / 9)] for village, c in (("多坝村", 0), ("城东社区", 2)) for n in (1, 2)
    ]
    assert run(county, "addresses", sheet(folder / "a.xlsx", ["地址", "经度", "纬度"], *rows)).counts()["loaded"] == 4
    before = {label: (row.code, row.row_version) for label, row in labels(county).items()}
    (moved,) = {row.grid_code for row in labels(county).values() if row.label.endswith("多坝村1号")}
    division_changes.split_village(
        county, CLERK, WEST, new_code=f"{WEST[:9]}202", moved=[moved or ""], names=Names(name="新坝村")
    )
    known = {label: (row.village_code, row.row_version) for label, row in labels(county).items()}
    assert known.keys() == before.keys()
    out = folder / "out.xlsx"
    assert export_file(county, ExportRequest("addresses", out, CLERK)).rows == 4
    plain = sheet(folder / "plain.xlsx", ["标准地址", "经度", "纬度"], *(
        [label, *stored_lonlat(row)] for label, row in labels(county).items()
    ))  # fmt: skip
    for path in (out, plain):
        again = run(county, "addresses", path)
        assert again.counts() == {"loaded": 0, "unchanged": 4, "rejected": 0}, reasons(again)
    assert {label: (row.village_code, row.row_version) for label, row in labels(county).items()} == known


def one_more(folder: Path) -> Path:
    return sheet(folder / "one.xlsx", ["地址", "经度", "纬度"], ["多坝村9组1号", *middle(0, 0)])


def test_a_map_of_another_datum_is_known_by_the_villages_of_the_texts(county: Session, folder: Path) -> None:
    from gridmap.geo import datum  # noqa: PLC0415

    rows: list[list[object]] = []
    for village, columns in (("多坝村", (0, 1)), ("城东社区", (2, 3))):
        for number in range(60):
            lon, lat = middle(columns[number % 2], number // 2 % 2, (number % 10 + 0.2) / 10, (number // 10 + 0.2) / 6)
            x, y = datum.wgs84_to_gcj02(lon, lat)
            rows.append([f"{village}1组{number + 1}号", float(x), float(y)])
    report = run(county, "addresses", sheet(folder / "高德.xlsx", ["地址", "经度", "纬度"], *rows))
    assert report.counts()["loaded"] == 120
    assert report.detected[0].crs[0].decision.reading.crs.name == "gcj02"
    assert all(row.grid_code for row in labels(county).values())


def test_a_row_without_a_point_waits_with_its_neighbours(county: Session, folder: Path) -> None:
    heading = ["地址", "经度", "纬度"]
    rows = [[f"多坝村3组{n}号", *middle(0, 1, n / 20, 0.5)] for n in (1, 2, 3, 9)]
    run(county, "addresses", sheet(folder / "a.xlsx", heading, *rows, ["多坝村3组8号", None, None]))
    gazetteer: Gazetteer = load_gazetteer(county)
    problem, *others = problems.list_problems(county, gazetteer, (WEST,), limit=10)
    assert others == []
    assert (problem.kind, problem.actions) == ("no_point", ("place",))
    assert problem.waiting is not None
    assert [record.segments.number for record in problem.waiting.near] == ["9号", "3号", "2号"]
    here = LonLat(*middle(0, 1, 0.42, 0.5))
    record = waiting.place_waiting(county, CLERK, gazetteer, problem.waiting.id, here)
    assert (record.label, record.grid_code) == (f"{LEAD}多坝村3组8号", WEST + "001")
    assert problems.list_problems(county, gazetteer, (WEST,), limit=10) == []


def test_a_dry_run_tells_before_and_after_and_changes_nothing(county: Session, folder: Path) -> None:
    path = sheet(folder / "a.xlsx", ["地址", "经度", "纬度"], ["多坝村3组1号", *middle(0, 1)])
    with county.begin_nested() as attempt:
        report = run(county, "addresses", path, dry_run=True)
        attempt.rollback()
    assert report.counts() == {"loaded": 1, "unchanged": 0, "rejected": 0}
    assert (report.table[0].before, report.table[0].after, report.version) == ("0", "1", None)
    assert labels(county) == {}


def test_codes_of_ours_that_have_ended_or_are_another_doors_are_told(county: Session, folder: Path) -> None:
    heading = ["地址编码", "地址", "经度", "纬度"]
    first = [[None, f"多坝村3组{n}号", *middle(0, 1, n / 20, 0.5)] for n in (1, 2)]
    run(county, "addresses", sheet(folder / "a.xlsx", heading, *first))
    one, two = sorted(row.code for row in labels(county).values())
    county.get_one(Address, (COUNTY, two)).status = "cancelled"
    county.flush()
    rows: list[list[object]] = [
        [one, "多坝村3组5号", *middle(0, 1, 0.3, 0.3)],
        [two, "多坝村3组6号", *middle(0, 1, 0.3, 0.4)],
        ["A62302200000001", "多坝村3组7号", *middle(0, 1, 0.3, 0.5)],
    ]
    told = reasons(run(county, "addresses", sheet(folder / "b.xlsx", heading, *rows)))
    assert told[4] == ("loaded", "changed")
    assert told[5][0] == "rejected"
    assert "cancelled" in told[5][1]
    assert "another county" in told[6][1]


def test_buildings_stand_at_known_addresses(county: Session, folder: Path) -> None:
    doors = [[f"多坝村3组{n}号", *middle(0, 1, n / 20, 0.5)] for n in range(1, 5)]
    run(county, "addresses", sheet(folder / "a.xlsx", ["地址", "经度", "纬度"], *doors))
    code = labels(county)[f"{LEAD}多坝村3组2号"].code
    heading = ["房屋编号", "地址编码", "坐落", "房屋用途", "名称", "层数"]
    path = sheet(
        folder / "b.xlsx",
        heading,
        [None, None, "木耳镇多坝村三组1号", "民房", None, "2层"],
        [None, code, None, "商铺", "供销社", 1],
        [None, code, None, "学校", None, 1],  # a second one there
        [None, None, "多坝村3组99号", "民房", None, None],  # no such door
        [None, None, "多坝村3组3号", "飞机场", None, None],
        [None, None, "多坝村3组4号", "民房", None, "很高"],
    )
    told = reasons(run(county, "buildings", path))
    assert [told[row][0] for row in range(4, 10)] == ["loaded", "loaded", *["rejected"] * 4]
    assert "row 5 has the same address" in told[6][1]
    assert run(county, "buildings", path).counts() == {"loaded": 0, "unchanged": 2, "rejected": 4}
    out = folder / "buildings.csv"
    assert export_file(county, ExportRequest("buildings", out, CLERK)).rows == 2
    assert run(county, "buildings", out).counts() == {"loaded": 0, "unchanged": 2, "rejected": 0}
    assert shapely.Point(*middle(0, 1)).within(cell(0, 1))
