"""Households, officers, pairs and duty posts from files, into the small county; every row has a fate."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import Caller
from gridmap.contacts.model import ContactPair, DutyPost, Officer
from gridmap.db.history import list_revisions
from gridmap.errors import InvalidInput
from gridmap.exchange.exporting import ExportRequest, export_file
from gridmap.exchange.importing import ImportRequest, import_file
from gridmap.exchange.reading import load_tables
from gridmap.households.model import Household
from tests.county import COUNTY, EAST, NORTH_WEST, SOUTH_EAST, SOUTH_WEST, TOWNSHIP, WEST, record_id, small_county
from tests.files import write_xlsx
from tests.importing import CLERK, reasons, run

H1, H2, H3, H4, H5, H6, H7, H8 = (record_id("H", number) for number in range(1, 9))
P1, P2, P3, P4, P5 = (record_id("P", number) for number in range(1, 6))
A1, A2, A3, A4, A5 = (record_id("A", number) for number in range(1, 6))


@pytest.fixture
def county(session: Session) -> Session:
    small_county(session)
    return session


def _csv(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _household(session: Session, household_id: str) -> Household:
    session.expire_all()
    return session.scalars(select(Household).where(Household.id == household_id)).one()


def test_a_clerks_sheet_of_households(county: Session, tmp_path: Path) -> None:
    sheet: list[list[Any]] = [
        ["住户登记表"],
        ["户主", "电话", "人口", "独居老人", "婴幼儿", "家庭住址", "户类型", "集体户名称"],
        ["才让", 13800001111, 2, "是", "", "双村镇西村2号", "家庭户", ""],
        ["丹增", "0941-3621234", "40人", "", "", "小县双村镇西村１号", "集体户", "西村寺"],
        ["李措姆", "", 4, 0, 1, "试验省练习州小县双村镇西村1号", "", ""],
        ["无名", "", 2, "", "", "双村镇西村999号", "", ""],
        ["远方", "", 2, "", "", "火星镇1号", "", ""],
        ["太多", "", 1, "", 2, "双村镇西村3号", "", ""],
        ["错号", "1381234", 1, "", "", "双村镇西村3号", "", ""],
        ["", "", 3, "", "", "双村镇西村3号", "", ""],
    ]
    report = run(county, "households", write_xlsx(tmp_path / "住户.xlsx", sheet))
    told = reasons(report)
    assert [told[row] for row in (3, 4, 5)] == [("loaded", "new"), ("loaded", "new"), ("loaded", "changed")]
    assert "there is no address" in told[6][1]
    assert "names no village" in told[7][1]
    assert "needs.infants: 2 are more than the 1 persons" in told[8][1]
    assert "mobile number has 11 digits" in told[9][1]
    assert "who to ask for is wanted" in told[10][1]
    assert report.counts() == {"loaded": 3, "unchanged": 0, "rejected": 5}
    new = _household(county, H7)
    assert (new.head_name, new.head_phone, new.persons, new.elderly_alone) == ("才让", "13800001111", 2, 1)
    assert (new.address_code, new.group_code) == (A2, NORTH_WEST + "02"), "its nearest neighbour's group"
    assert (_household(county, H8).kind, _household(county, H8).head_phone) == ("collective", "09413621234")
    known = _household(county, H1)
    assert (known.persons, known.infants, known.elderly_alone) == (4, 1, 0)
    assert (known.head_phone, known.row_version) == ("13812348000", 2), "an empty cell takes nothing away"
    assert [(r.action, r.row["persons"]) for r in list_revisions(county, H1)] == [("known", 3), ("import", 4)]
    assert [r.action for r in list_revisions(county, H7)] == ["import"]
    assert {entry.action for entry in audit.list_records(county, subject=H7)} == {"import households"}
    assert [(line.before, line.after) for line in report.table] == [("5", "7"), ("132", "175")]


def test_importing_again_changes_nothing(county: Session, tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv", "户主,电话,人口,地址编码", f"才让,13800001111,2,{A2}", f"卓玛,,3,{A5}")
    assert run(county, "households", path).counts() == {"loaded": 2, "unchanged": 0, "rejected": 0}
    again = run(county, "households", path)
    assert again.counts() == {"loaded": 0, "unchanged": 2, "rejected": 0}
    assert _household(county, H7).row_version == 1


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".gpkg", ".geojson", ".parquet"])
@pytest.mark.parametrize("kind", ["households", "officers", "pairs"])
def test_an_export_comes_back_without_a_change(county: Session, tmp_path: Path, kind: str, suffix: str) -> None:
    if kind == "pairs" and suffix in {".gpkg", ".geojson"}:
        suffix = ".csv"
    run(county, "pairs", _csv(tmp_path / "p.csv", "household,officer,rank", f"{H1},{P1},1", f"{H1},{P2},2"))
    path = tmp_path / f"out{suffix}"
    done = export_file(county, ExportRequest(kind, path, CLERK))
    report = run(county, kind, path)
    assert report.counts() == {"loaded": 0, "unchanged": done.rows, "rejected": 0}, reasons(report)


def test_exports_have_the_columns_that_others_read(county: Session, tmp_path: Path) -> None:
    run(county, "pairs", _csv(tmp_path / "p.csv", "household,officer", f"{H1},{P1}"))
    for kind, columns in {
        "households": "id,kind,village_code,grid_code,group_code,address_code,persons,lon,lat",
        "officers": "id,home_code,capacity,kind,unit",
        "pairs": "household,officer,rank,tier,reason",
    }.items():
        export_file(county, ExportRequest(kind, tmp_path / "x.csv", CLERK, within=COUNTY))
        written = (tmp_path / "x.csv").read_text("utf-8-sig")
        assert written.splitlines()[0] == columns
        assert not any(word in written for word in ("李措姆", "扎西", "13812348000", "13500000001"))


@pytest.mark.parametrize("column", ["户主身份证号", "民族", "宗教信仰", "政治面貌", "ID card", "重点人员"])
@pytest.mark.parametrize("kind", ["households", "officers", "pairs", "posts"])
def test_a_file_with_what_no_register_keeps_is_refused(county: Session, tmp_path: Path, column: str, kind: str) -> None:
    path = _csv(tmp_path / "a.csv", f"户主,人口,地址编码,{column}", f"才让,2,{A2},x")
    with pytest.raises(InvalidInput, match="kept in no register") as caught:
        run(county, kind, path)
    assert [error.where for error in caught.value.errors] == [column]


def test_rows_of_one_household_and_rows_that_are_masked(county: Session, tmp_path: Path) -> None:
    path = _csv(
        tmp_path / "a.csv",
        "id,户主,电话,人口,地址编码",
        f",才让,,2,{A2}",
        f",才让,,2,{A2}",
        f",卓玛,,2,{A2}",
        f",卓玛,,3,{A2}",
        f"{H1},李**,138****8000,3,",
        f",王**,,3,{A2}",
        f"{H6},孙七,,3,",
        f"{record_id('H', 99)},孙七,,3,{A2}",
        f",丁,,3,{record_id('A', 99)}",
        ",丁,,3,",
    )
    told = reasons(run(county, "households", path))
    assert [told[row][0] for row in range(2, 6)] == ["loaded", "rejected", "rejected", "rejected"]
    assert told[3][1] == "repeats row 2"
    assert "say different things" in told[4][1]
    assert told[6] == (
        "unchanged",
        "; ".join(f"{field} is masked in the file and stays as it is known" for field in ("head_name", "head_phone")),
    )
    for row, words in {
        7: "masked name",
        8: "is closed",
        9: "leave the id empty",
        10: "no address A",
        11: "no addr",
    }.items():
        assert told[row][0] == "rejected"
        assert words in told[row][1], told[row]
    assert _household(county, H1).head_phone == "13812348000"


def test_an_unknown_address_gets_the_nearest_one_proposed(county: Session, tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv", "户主,人口,地址,村编码", f"才让,2,11号,{WEST}", f"才让,2,3号,{WEST}")
    told = reasons(run(county, "households", path))
    assert told[2][0] == "rejected"
    assert "did it mean 试验省练习州小县双村镇西村1号" in told[2][1]
    assert told[3] == ("loaded", "new")
    assert _household(county, H7).address_code == A3


def test_a_move_by_file_takes_the_group_along(county: Session, tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv", "户编号,地址编码,网格编码", f"{H1},{A3},{NORTH_WEST}", f"{H2},{A5},")
    told = reasons(run(county, "households", path))
    assert told[2][0] == told[3][0] == "loaded"
    assert f"its point lies in grid {SOUTH_WEST}" in told[2][1]
    assert _household(county, H1).group_code == SOUTH_WEST + "01"
    assert _household(county, H2).group_code is None


def test_a_group_of_another_grid_and_what_lies_out_of_scope(county: Session, tmp_path: Path) -> None:
    path = _csv(
        tmp_path / "a.csv",
        "户主,人口,地址编码,联防组编码",
        f"甲,2,{A1},{SOUTH_WEST}01",
        f"乙,2,{A1},{NORTH_WEST}07",
        f"丙,2,{A1},{NORTH_WEST}01",
        f"丁,2,{A5},",
    )
    clerk = Actor(Caller("user:west", "editor", WEST, (WEST,)), Origin("test"))
    told = reasons(import_file(county, ImportRequest("households", path, clerk)))
    assert "none of grid" in told[2][1]
    assert "no household group" in told[3][1]
    assert told[4] == ("loaded", "new")
    assert "outside the scope" in told[5][1]
    moved = _csv(tmp_path / "b.csv", "id,地址编码", f"{H5},{A1}")
    assert "outside the scope" in reasons(import_file(county, ImportRequest("households", moved, clerk)))[2][1]


def test_officers_by_name_or_code_of_their_birthplace(county: Session, tmp_path: Path) -> None:
    sheet: list[list[Any]] = [
        ["姓名", "电话", "人员类别", "单位", "出生地", "工作地编码", "可联系户数", "语种", "请假开始", "请假结束"],
        [
            "才让",
            13800001111,
            "志愿者",
            "双村镇政府",
            "双村镇西村",
            TOWNSHIP,
            "6户",
            "汉语、藏语",
            "2026年11月30日",
            "",
        ],
        ["扎西", "13500000001", "", "", "", "", 9, "", "", ""],
        ["卓玛", "", "国王", "某局", EAST, "", 1, "", "", ""],
        ["德吉", "", "", "某局", "火星", "", 1, "", "", ""],
        ["央金", "", "", "某局", "", TOWNSHIP, 1, "", "", ""],
        ["周建国", "", "", "", "", "", 8, "", "", "2026-02-28"],
        ["旦增", "13700000001", "", "某局", EAST, "", "", "", "", ""],
    ]
    path = write_xlsx(tmp_path / "干部.xlsx", sheet)
    told = reasons(run(county, "officers", path))
    assert told[2] == ("loaded", f"new; home_code 双村镇西村 was read as {WEST}")
    assert told[3] == ("loaded", "changed")
    assert "one of official" in told[4][1]
    assert "names no single place" in told[5][1]
    assert "where he was born is wanted" in told[6][1]
    assert told[7] == ("loaded", "changed")
    assert told[8] == ("loaded", "new; how many households he can take is not said: none for now")
    new = county.scalars(select(Officer).where(Officer.id == P5)).one()
    assert (new.kind, new.home_code, new.capacity, new.languages) == ("volunteer", WEST, 6, ["zh", "bo"])
    assert str(new.absent_from) == "2026-11-30"
    assert county.scalars(select(Officer.capacity).where(Officer.id == P1)).one() == 9
    again = run(county, "officers", path)
    assert again.counts() == {"loaded": 0, "unchanged": 4, "rejected": 3}
    assert [entry.action for entry in audit.list_records(county, subject=P5)] == ["import officers"]


def test_pairs_set_a_rank_and_leave_the_others(county: Session, tmp_path: Path) -> None:
    path = _csv(
        tmp_path / "a.csv",
        "户编号,干部编号,顺位,理由",
        f"{H1},{P1},1,本村人",
        f"{H1},{P3},2,",
        f"{H4},{P3},,",
        f"{H5},{P1},1,",
        f"{H5},{P1},2,",
        f"{H6},{P1},1,",
        f"{H2},{record_id('P', 99)},1,",
        f"{H2},{P1},0x,",
    )
    report = run(county, "pairs", path)
    told = reasons(report)
    assert [told[row][0] for row in range(2, 10)] == ["loaded"] * 3 + ["rejected"] * 5
    assert "would be two contacts" in told[5][1]
    assert "no household" in told[7][1]
    assert "in office" in told[8][1]
    assert run(county, "pairs", path).counts() == {"loaded": 0, "unchanged": 3, "rejected": 5}
    stored = county.execute(
        select(ContactPair.household_id, ContactPair.rank, ContactPair.officer_id, ContactPair.tier)
    )
    assert sorted(map(tuple, stored)) == [(H1, 1, P1, 0), (H1, 2, P3, 1), (H4, 1, P3, 0)]
    other = _csv(tmp_path / "b.csv", "household,officer,rank", f"{H1},{P4},1")
    run(county, "pairs", other)
    kept = county.execute(select(ContactPair.rank, ContactPair.officer_id).where(ContactPair.household_id == H1))
    assert sorted(map(tuple, kept)) == [(1, P4), (2, P3)]
    twice = reasons(run(county, "pairs", _csv(tmp_path / "c.csv", "household,officer,rank", f"{H1},{P4},2")))
    assert "two contacts" in twice[2][1]


def test_pairs_of_no_rank_or_forbidden_are_refused_and_tiers_follow(county: Session, tmp_path: Path) -> None:
    rules = "INSERT INTO pair_rule (county_code, household_id, officer_id, kind, why, author) VALUES "
    county.execute(text(f"{rules} ('{COUNTY}', '{H2}', '{P1}', 'forbidden', '亲属回避', 'key:a')"))
    path = _csv(tmp_path / "a.csv", "住户编号,联系人编号,顺序", f"{H1},{P1},0", f"{H2},{P1},1", f"{H4},{P1},1")
    told = reasons(run(county, "pairs", path))
    assert [told[row][0] for row in (2, 3, 4)] == ["rejected", "rejected", "loaded"]
    assert told[2][1].startswith("rank 0:")
    assert "forbidden" in told[3][1]
    county.execute(text("UPDATE officer SET home_code = :home WHERE id = :id"), {"home": COUNTY, "id": P1})
    assert run(county, "pairs", path).counts() == {"loaded": 1, "unchanged": 0, "rejected": 2}
    assert county.scalars(select(ContactPair.tier).where(ContactPair.household_id == H4)).one() == 2


def test_a_formula_in_an_export_is_text_and_comes_back(county: Session, tmp_path: Path) -> None:
    evil = "=cmd|' /C calc'!A0"
    county.execute(text("UPDATE officer SET unit = :unit WHERE id = :id"), {"unit": evil, "id": P1})
    path = tmp_path / "x.csv"
    export_file(county, ExportRequest("officers", path, CLERK))
    assert f"'{evil}" in path.read_text("utf-8-sig")
    (table,) = load_tables(path)
    assert table.column("unit")[0] == evil


def test_pairs_beyond_a_capacity_are_told(county: Session, tmp_path: Path) -> None:
    county.execute(text("UPDATE officer SET capacity = 1 WHERE id = :id"), {"id": P1})
    report = run(county, "pairs", _csv(tmp_path / "a.csv", "household,officer", f"{H1},{P1}", f"{H2},{P1}"))
    assert report.problems == (f"{P1} has 2 first contacts, more than his capacity of 1",)


def test_posts_by_grid_and_task(county: Session, tmp_path: Path) -> None:
    path = _csv(
        tmp_path / "岗位.csv",
        "网格编码,岗位职责,上岗人员,电话",
        f"{NORTH_WEST},敲门叫人,李措姆,",
        f"{NORTH_WEST},看河水,,",
        f"{SOUTH_EAST},看河水,没有此人,",
        f"{NORTH_WEST[:-1]}9,看河水,,",
        f"{NORTH_WEST},=1+1,,",
    )
    report = run(county, "posts", path)
    told = reasons(report)
    assert [told[row][0] for row in range(2, 7)] == ["loaded", "loaded", "rejected", "rejected", "rejected"]
    stored = county.execute(select(DutyPost.task, DutyPost.holder_id).order_by(DutyPost.id)).all()
    assert [tuple(row) for row in stored] == [("敲门叫人", P2), ("看河水", None)]
    assert run(county, "posts", path).counts() == {"loaded": 0, "unchanged": 2, "rejected": 3}
    held = _csv(tmp_path / "b.csv", "grid_code,task,holder", f"{NORTH_WEST},看河水,{P3}")
    assert reasons(run(county, "posts", held))[2] == ("loaded", "changed")


def test_a_dry_run_tells_the_same_and_changes_nothing(county: Session, tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv", "户主,人口,地址编码", f"才让,2,{A2}")
    with county.begin_nested() as attempt:
        report = run(county, "households", path, dry_run=True)
        attempt.rollback()
    assert report.counts()["loaded"] == 1
    assert [(line.before, line.after) for line in report.table] == [("5", "6"), ("132", "134")]
    assert county.scalars(select(Household.id).where(Household.id == H7)).all() == []
    assert run(county, "households", path).counts()["loaded"] == 1
