"""Divisions, outlines, group heads, shelters and reference layers from files."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import shapely
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.contacts import heads
from gridmap.db.engine import transaction
from gridmap.db.versions import current_version
from gridmap.divisions import service as divisions
from gridmap.errors import InvalidInput
from gridmap.exchange.report import ImportReport, Status
from gridmap.geo.lonlat import BBox
from gridmap.grids import service as grids
from gridmap.grids.layers import service as layers
from gridmap.preplans import shelters
from tests.files import write_layer, write_xls, write_xlsx
from tests.importing import (
    COUNTY,
    EAST,
    TOWNSHIP,
    WEST,
    cell,
    grids_of,
    new_county,
    outline_of,
    reasons,
    run,
    write_grids,
)


@pytest.fixture
def county(session: Session, tmp_path: Path) -> Session:
    new_county(session, tmp_path)
    return session


@pytest.fixture
def gridded(county: Session, tmp_path: Path) -> Session:
    run(county, "grids", write_grids(tmp_path / "grids.gpkg", grids_of(WEST)))
    return county


def _csv(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_divisions_keep_what_people_say_and_the_full_name(county: Session) -> None:
    village = divisions.get_division(county, WEST)
    assert (village.name, village.name_full, village.parent) == ("多坝村", "多坝村村民委员会", TOWNSHIP)
    assert [d.code for d in divisions.chain_above(county, EAST)] == ["99", "990000", COUNTY, TOWNSHIP, EAST]


def test_divisions_again_and_renamed(county: Session, tmp_path: Path) -> None:
    before = current_version(county)
    assert run(county, "divisions", tmp_path / "divisions.csv").counts()["unchanged"] == 6
    assert current_version(county) == before
    path = _csv(tmp_path / "b.csv", "code,name,level,parent", f"{TOWNSHIP},木耳新镇,township,{COUNTY}")
    assert run(county, "divisions", path).version == before + 1
    assert divisions.get_division(county, TOWNSHIP).name == "木耳新镇"
    assert divisions.get_division(county, WEST).outline is not None


def test_bad_rows_of_divisions(county: Session, tmp_path: Path) -> None:
    path = _csv(
        tmp_path / "b.csv",
        "统计用区划代码,名称,级别,上级代码",
        "990002102000,新乡,乡,990002000000",
        "990002102201,新村村委会,村,990002102000",
        "990002103201,孤儿村,村,990002103000",
        "990002104000,无上级,乡,",
        "990002105000,,乡,990002",
        "990002106000,级别错,部落,990002",
        "99000210720,位数错,村,990002102",
        "990002101200,改级别,乡,990002",
        "990002108000,上级是村,乡,990002101200",
    )
    report = run(county, "divisions", path)
    told = reasons(report)
    assert told[2] == ("loaded", "new; the zeros below its level were taken off")
    assert told[3][0] == "loaded"
    assert divisions.get_division(county, "990002102201").name == "新村"
    for row, words in {
        4: "parent 990002103 is neither known",
        5: "it has no parent",
        6: "no name",
        7: "no level",
        8: "has 11 digits",
        9: "has 12 digits",
        10: "is a village, which can't be above a township",
    }.items():
        assert told[row][0] == "rejected"
        assert words in told[row][1], told[row]


def test_outlines_change_and_overlaps_are_told(county: Session, tmp_path: Path) -> None:
    wide = shapely.box(103.48, 34.50, 103.501, 34.52)
    path = write_layer(
        tmp_path / "o.gpkg", [wide, outline_of(EAST), cell(0, 0)], {"村代码": [WEST, EAST, "990002101299"]}
    )
    report = run(county, "outlines", path)
    assert report.counts() == {"loaded": 1, "unchanged": 1, "rejected": 1}
    assert "import divisions first" in reasons(report)[3][1]
    (overlap,) = report.problems
    assert overlap.startswith(f"the outlines of {WEST} and {EAST} overlap by 20")
    assert divisions.get_division(county, WEST).outline_source == "o.gpkg"


def test_a_missing_upper_outline_is_no_problem_and_a_missing_village_is(county: Session, tmp_path: Path) -> None:
    path = write_layer(tmp_path / "o.gpkg", [None, None, outline_of(EAST)], {"code": [COUNTY, WEST, EAST]})
    told = reasons(run(county, "outlines", path))
    assert told[1] == ("unchanged", "the file has no outline for it")
    assert told[2] == ("rejected", "it has no geometry")
    assert divisions.get_division(county, WEST).outline is not None


HEADS: list[list[Any]] = [
    ["新县联户长名册"],
    ["序号", "联防组编码", "联防组名称", "联户长", "联系电话"],
    [1, f"{WEST}00101", "一组", "扎西", "13500000001"],
    [2, f"{WEST}00102", "二组", "卓玛", "13500000002"],
    [3, f"{WEST}00201", "三组", "扎西", "13500000001"],
    [4, f"{WEST}00901", "无网格", "才让", "13500000003"],
    [5, int(f"{WEST}00103"), "舍入", "才让", "13500000003"],
]


@pytest.mark.parametrize("suffix", [".xls", ".xlsx"])
def test_the_excel_of_group_heads(gridded: Session, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"heads{suffix}"
    report = run(gridded, "groups", (write_xls if suffix == ".xls" else write_xlsx)(path, HEADS))
    told = reasons(report)
    assert [told[row][0] for row in (3, 4, 5, 6, 7)] == ["loaded"] * 3 + ["rejected"] * 2
    assert "there is no grid" in told[6][1]
    assert "15 digits" in told[7][1]
    led = heads.heads_of(gridded, [f"{WEST}00101", f"{WEST}00201"])
    assert led[f"{WEST}00101"].id == led[f"{WEST}00201"].id
    assert "entered as an officer" in told[3][1]
    assert [entry.action for entry in audit.list_records(gridded, subject=led[f"{WEST}00101"].id)] == ["import groups"]
    again = run(gridded, "groups", path)
    assert again.counts() == {"loaded": 0, "unchanged": 3, "rejected": 2}
    assert again.version is None


def test_groups_change_names_and_heads_but_an_empty_cell_takes_nothing(gridded: Session, tmp_path: Path) -> None:
    run(gridded, "groups", write_xlsx(tmp_path / "a.xlsx", HEADS[:5]))
    code = f"{WEST}00101"
    path = _csv(tmp_path / "b.csv", "code,name,head_name,phone", f"{code},新一组,,")
    assert run(gridded, "groups", path).counts()["loaded"] == 1
    assert grids.find_group_name(gridded, code) == "新一组"
    assert heads.heads_of(gridded, [code])[code].name == "扎西"
    path = _csv(tmp_path / "c.csv", "code,name,head_name,phone", f"{code},新一组,卓玛,13500000002")
    assert run(gridded, "groups", path).version is None
    assert heads.heads_of(gridded, [code])[code].name == "卓玛"
    unknown = _csv(tmp_path / "d.csv", "code,name,head", f"{code},新一组,P99000200009999")
    assert "no officer P99000200009999" in reasons(run(gridded, "groups", unknown))[2][1]


SHELTERS = (
    "避难安置点,容纳人数,经度,纬度,类型",
    "多坝小学,300,103°29′15″,34°30′36″,学校",
    "东城广场,1200人,103.51,34.51,广场",
    "远处,10,104.9,35.9,",
    "无人数,很多,103.51,34.51,",
    "坐标错,10,abc,34.51,",
    ",10,103.51,34.51,",
)


def test_shelters_find_their_village_from_their_point(county: Session, tmp_path: Path) -> None:
    path = _csv(tmp_path / "s.csv", *SHELTERS)
    report = run(county, "shelters", path)
    told = reasons(report)
    assert [told[row][0] for row in range(2, 8)] == ["loaded"] * 2 + ["rejected"] * 4
    assert "told from its point" in told[2][1]
    assert "the outline of none" in told[4][1]
    assert "no number of people" in told[5][1]
    assert "'abc' is no coordinate" in told[6][1]
    (school,) = shelters.in_villages(county, [WEST])
    assert (school.name, school.capacity, school.id) == ("多坝小学", 300, f"S{COUNTY}00000001")
    assert (school.point.x, school.point.y) == (103.4875, 34.51)
    assert run(county, "shelters", path).counts() == {"loaded": 0, "unchanged": 2, "rejected": 4}
    moved = _csv(tmp_path / "t.csv", SHELTERS[0], "多坝小学,350,103.4876,34.51,学校")
    assert reasons(run(county, "shelters", moved))[2][1].startswith("changed")
    assert [s.capacity for s in shelters.in_villages(county, [WEST])] == [350]


def _layer(session: Session, path: Path, **options: Any) -> ImportReport:
    return run(session, "layer", path, name="警务区", **options)


BEATS = [cell(0, 0, wide=2), cell(1, 0, wide=2, high=2), cell(3, 1)]
BEAT_COLUMNS = {"编号": ["B1", "B2", "B2"], "名称": ["南区", "中区", "北区"], "民警": ["甲", "乙", "丙"]}


def test_a_layer_may_overlap_and_repeat_its_codes(county: Session, tmp_path: Path) -> None:
    path = write_layer(tmp_path / "beats.gpkg", BEATS, BEAT_COLUMNS)
    report = _layer(county, path, title="派出所警务区", public=True)
    assert report.counts() == {"loaded": 3, "unchanged": 0, "rejected": 0}
    layer = layers.get_layer(county, "警务区", public_only=True)
    assert (layer.title, layer.features, layer.defects) == ("派出所警务区", 3, 0)
    hits = layers.covering(county, [layer], 103.495, 34.505)
    assert [(hit.code, hit.on_boundary) for hit in hits] == [("B1", False), ("B2", False)]
    (edge,) = layers.covering(county, [layer], 103.48, 34.505)
    assert edge.on_boundary
    assert layers.covering(county, [layer], 104.0, 34.0) == []
    found = layers.list_features(county, layer, bbox=BBox(103.511, 34.511, 103.53, 34.53))
    assert [(f.code, f.properties["民警"]) for f in found] == [("B2", "丙")]
    assert _layer(county, path).counts()["unchanged"] == 3


def test_a_layer_is_replaced_as_a_whole_and_its_past_stays(county: Session, tmp_path: Path) -> None:
    _layer(county, write_layer(tmp_path / "a.gpkg", BEATS, BEAT_COLUMNS))
    first = layers.get_layer(county, "警务区")
    _layer(county, write_layer(tmp_path / "b.gpkg", BEATS[:1], {"编号": ["C1"]}))
    assert [f.code for f in layers.list_features(county, layers.get_layer(county, "警务区"))] == ["C1"]
    past = layers.get_layer(county, "警务区", first.valid_from)
    assert [f.code for f in layers.list_features(county, past)] == ["B1", "B2", "B2"]


def test_lines_and_points_are_layers_too(county: Session, tmp_path: Path) -> None:
    shapes = [shapely.LineString([(103.48, 34.5), (103.5, 34.52)]), shapely.Point(103.49, 34.51)]
    path = write_layer(tmp_path / "a.geojson", shapes, {"code": ["L", "P"]})
    assert _layer(county, path).counts()["loaded"] == 2
    found = layers.list_features(county, layers.get_layer(county, "警务区"))
    assert [feature.geometry for feature in found] == shapes


def test_one_broken_ring_refuses_a_layer_unless_defects_are_allowed(county: Session, tmp_path: Path) -> None:
    bow_tie = shapely.Polygon([(103.48, 34.5), (103.49, 34.51), (103.49, 34.5), (103.48, 34.51)])
    path = write_layer(tmp_path / "a.gpkg", [BEATS[0], bow_tie], {"编号": ["A", "B"]})
    refused = _layer(county, path)
    assert refused.counts() == {"loaded": 0, "unchanged": 0, "rejected": 2}
    assert layers.list_layers(county) == []
    allowed = _layer(county, path, allow_defects=True)
    assert allowed.counts()["loaded"] == 2
    assert "were mended; the area is now" in reasons(allowed)[2][1]
    layer = layers.get_layer(county, "警务区")
    assert layer.defects == 1
    assert [hit.code for hit in layers.covering(county, [layer], 103.4805, 34.505)] == ["A", "B"]


@pytest.mark.parametrize("name", [None, "", "a b", "x" * 41, "a/b"])
def test_a_layer_needs_a_name_that_can_stand_in_an_address(county: Session, tmp_path: Path, name: str | None) -> None:
    path = write_layer(tmp_path / "a.gpkg", BEATS[:1], {"code": ["A"]})
    with pytest.raises(InvalidInput, match="a layer needs a name"):
        run(county, "layer", path, name=name)


def test_concurrent_imports_do_not_interleave(clone: Engine, tmp_path: Path) -> None:
    """Six clerks import one file at once: one of them loads it, the others find it loaded."""
    with transaction(clone) as session:
        new_county(session, tmp_path)
    path = write_grids(tmp_path / "grids.gpkg", grids_of(WEST))
    groups = _csv(tmp_path / "groups.csv", "code,name", *(f"{code}01,一组" for code in grids_of(WEST)))

    def both(_: int) -> tuple[dict[Status, int], dict[Status, int]]:
        with transaction(clone) as session:
            first = run(session, "grids", path).counts()
            return first, run(session, "groups", groups).counts()

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(both, range(6)))
    for kind in (0, 1):
        assert sorted(counts[kind]["loaded"] for counts in found) == [0, 0, 0, 0, 0, 4]
        assert all(counts[kind]["loaded"] + counts[kind]["unchanged"] == 4 for counts in found)


def test_a_failed_import_leaves_nothing(county: Session, tmp_path: Path) -> None:
    before = current_version(county)
    with pytest.raises(InvalidInput):
        run(county, "grids", _csv(tmp_path / "a.csv", "甲,乙", "1,2"))
    with pytest.raises(InvalidInput, match="has no rows"):
        run(county, "groups", _csv(tmp_path / "b.csv", "code,name"))
    with pytest.raises(InvalidInput, match="can't be imported"):
        run(county, "secrets", tmp_path / "a.csv")
    assert current_version(county) == before


def test_rows_with_latitude_first_among_others_are_turned_and_told(county: Session, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    rows = ("小学,100,103.485,34.515", "中学,200,34.515,103.486", "礼堂,300,103.487,34.515")
    path.write_text("\n".join(["名称,容纳人数,经度,纬度", *rows]), encoding="utf-8")
    report = run(county, "shelters", path)
    assert report.counts() == {"loaded": 3, "unchanged": 0, "rejected": 0}
    assert [(use.rows, use.decision.reading.swapped) for use in report.detected[0].crs] == [(2, False), (1, True)]
    points = sorted(shelter.point.x for shelter in shelters.in_villages(county, [WEST]))
    assert points == [103.485, 103.486, 103.487]
