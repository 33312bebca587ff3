"""Grids from surveyors' files: published into empty villages, drafted into others, never guessed, never lost."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gridmap.divisions import service as divisions
from gridmap.editing.service import get_report, list_changesets
from gridmap.errors import InvalidInput
from gridmap.geo.datum import gcj02_to_bd09, wgs84_to_gcj02
from gridmap.grids import service as grids
from tests.files import companions, projected, swapped, write_layer, write_shapefile, write_xlsx, zip_of
from tests.importing import (
    CLERK,
    EAST,
    TOWNSHIP,
    WEST,
    cell,
    grids_of,
    named,
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


def _there(session: Session, village: str = WEST) -> dict[str, shapely.Geometry]:
    return {grid.code: grid.geometry for grid in grids.list_grids(session, prefixes=[village])}


def _same(one: dict[str, shapely.Geometry], other: dict[str, shapely.Polygon]) -> bool:
    return one.keys() == other.keys() and all(
        shapely.normalize(one[code]) == shapely.normalize(shapely.MultiPolygon([other[code]])) for code in other
    )


def test_the_surveyors_zip(county: Session, tmp_path: Path) -> None:
    """GBK names, zones 34 and 35, and a .prj that says zone 38 for both."""
    files: dict[str, Path | bytes] = {}
    for village, zone, crs in ((WEST, 34, "EPSG:4522"), (EAST, 35, "EPSG:4523")):
        there = grids_of(village)
        path = write_shapefile(
            tmp_path / f"z{zone}.shp",
            [projected(shape, crs) for shape in there.values()],
            {"网格编码": list(there), "网格名称": named(list(there))},
            crs="EPSG:4526",
            cpg="UTF-8",
        )
        files |= companions(path, f"测绘成果/{zone}带")
    report = run(county, "grids", zip_of(tmp_path / "grids.zip", files, raw_names=True))
    assert report.counts() == {"loaded": 8, "unchanged": 0, "rejected": 0}
    assert [use.decision.reading.crs.name for found in report.detected for use in found.crs] == [
        "EPSG:4522",
        "EPSG:4523",
    ]
    assert "the file says EPSG:4526, which its numbers contradict" in report.detected[0].crs[0].decision.reasons
    for village in (WEST, EAST):
        for code, shape in grids_of(village).items():
            assert shapely.hausdorff_distance(_there(county, village)[code], shape) < 2e-7
    assert report.problems == ()
    assert divisions.get_division(county, WEST).outline is not None


def test_a_second_import_changes_nothing(county: Session, tmp_path: Path) -> None:
    path = write_grids(tmp_path / "a.gpkg", grids_of(WEST))
    first = run(county, "grids", path)
    assert (first.version is not None, first.changesets) == (True, ())
    again = run(county, "grids", path)
    assert again.counts() == {"loaded": 0, "unchanged": 4, "rejected": 0}
    assert (again.version, again.changesets) == (None, ())
    turned = {code: shapely.reverse(shape) for code, shape in grids_of(WEST).items()}
    assert run(county, "grids", write_grids(tmp_path / "turned.gpkg", turned)).counts()["unchanged"] == 4


def test_geometry_comes_in_to_the_bit(county: Session, tmp_path: Path) -> None:
    run(county, "grids", write_grids(tmp_path / "a.fgb", grids_of(WEST)))
    assert {code: shapely.to_wkb(shape) for code, shape in _there(county).items()} == {
        code: shapely.to_wkb(shapely.MultiPolygon([shape])) for code, shape in grids_of(WEST).items()
    }


def test_into_existing_grids_it_is_a_changeset_with_a_diff(county: Session, tmp_path: Path) -> None:
    run(county, "grids", write_grids(tmp_path / "a.gpkg", grids_of(WEST)))
    south_west, south_east = list(grids_of(WEST))[2:]
    merged = grids_of(WEST) | {south_west: cell(0, 0, wide=2)}
    del merged[south_east]
    before = _there(county)
    report = run(county, "grids", write_grids(tmp_path / "b.gpkg", merged))
    (changeset,) = report.changesets
    assert report.version is None
    assert report.counts() == {"loaded": 1, "unchanged": 2, "rejected": 0}
    assert f"changed in changeset {changeset}" in str(report.fates)
    assert f"{south_east} is not in the file; changeset {changeset} retires it" in report.problems
    assert _there(county) == before
    proposed = get_report(county, CLERK.caller, changeset)
    assert [problem for problem in proposed.problems if problem.severity == "error"] == []
    repeated = run(county, "grids", tmp_path / "b.gpkg")
    assert repeated.changesets == ()
    assert repeated.counts() == {"loaded": 0, "unchanged": 3, "rejected": 0}


def test_a_grid_that_the_file_leaves_out_stays_when_nothing_takes_its_place(county: Session, tmp_path: Path) -> None:
    run(county, "grids", write_grids(tmp_path / "a.gpkg", grids_of(WEST)))
    code = f"{WEST}001"
    kept = {code: grids_of(WEST)[code]}
    assert run(county, "grids", write_grids(tmp_path / "b.gpkg", kept)).changesets == ()
    columns = {"code": [code], "name": ["新名"]}
    report = run(county, "grids", write_layer(tmp_path / "c.gpkg", list(kept.values()), columns))
    (changeset,) = report.changesets
    assert sum("nothing takes its place" in problem for problem in report.problems) == 3
    assert get_report(county, CLERK.caller, changeset).problems == []


def test_a_gap_is_told_and_the_village_is_not_published(county: Session, tmp_path: Path) -> None:
    holed: dict[str, BaseGeometry] = {**grids_of(WEST)}
    holed[f"{WEST}001"] = cell(0, 1).difference(shapely.box(103.48, 34.519, 103.481, 34.52))
    path = write_grids(tmp_path / "a.gpkg", holed | grids_of(EAST))
    report = run(county, "grids", path)
    assert report.counts() == {"loaded": 8, "unchanged": 0, "rejected": 0}
    assert _there(county, WEST) == {}
    assert len(_there(county, EAST)) == 4
    (changeset,) = report.changesets
    (gap,) = report.findings
    assert (gap.kind, gap.severity, gap.unit) == ("gap", "error", "m2")
    assert changeset in {found.id for found in list_changesets(county, CLERK.caller)}


def test_an_overlap_is_never_cleaned(county: Session, tmp_path: Path) -> None:
    wide = grids_of(WEST) | {f"{WEST}001": shapely.box(103.48, 34.51, 103.4902, 34.52)}
    report = run(county, "grids", write_grids(tmp_path / "a.gpkg", wide))
    assert _there(county) == {}
    assert "overlap" in {finding.kind for finding in report.findings}


@pytest.mark.parametrize("axes", ["lon first", "lat first"])
def test_degrees_in_either_order(county: Session, tmp_path: Path, axes: str) -> None:
    there: dict[str, BaseGeometry] = (
        dict(grids_of(WEST)) if axes == "lon first" else {c: swapped(s) for c, s in grids_of(WEST).items()}
    )
    report = run(county, "grids", write_grids(tmp_path / "a.gpkg", there))
    assert _same(_there(county), grids_of(WEST))
    assert report.detected[0].crs[0].decision.reading.swapped == (axes == "lat first")


@pytest.mark.parametrize(
    ("crs", "declared", "told"),
    [
        ("EPSG:4543", "EPSG:4543", "EPSG:4543"),
        ("EPSG:4543", "EPSG:4544", "EPSG:4543"),
        ("EPSG:4543", "EPSG:4490", "EPSG:4543"),
        ("EPSG:3857", "EPSG:3857", "EPSG:3857"),
        ("EPSG:32648", "EPSG:32648", "EPSG:32648"),
        ("EPSG:4507", "EPSG:4507", "EPSG:4507"),
        ("EPSG:4496", "EPSG:4490", "EPSG:4496"),
    ],
)
def test_metres_are_held_against_the_outlines(
    county: Session, tmp_path: Path, crs: str, declared: str, told: str
) -> None:
    there = {code: projected(shape, crs) for code, shape in grids_of(WEST).items()}
    report = run(county, "grids", write_grids(tmp_path / "a.gpkg", there, crs=declared))
    assert report.detected[0].crs[0].decision.reading.crs.name == told
    for code, shape in grids_of(WEST).items():
        assert shapely.hausdorff_distance(_there(county)[code], shape) < 2e-7


def test_surveyors_put_north_first(county: Session, tmp_path: Path) -> None:
    there: dict[str, BaseGeometry] = {
        code: swapped(projected(shape, "EPSG:4522")) for code, shape in grids_of(WEST).items()
    }
    report = run(county, "grids", write_grids(tmp_path / "a.gpkg", there, crs="EPSG:4522"))
    reading = report.detected[0].crs[0].decision.reading
    assert (reading.crs.name, reading.swapped) == ("EPSG:4522", True)
    assert report.counts()["loaded"] == 4


@pytest.mark.parametrize("shift", ["gcj02", "bd09"])
def test_an_offset_is_found_under_a_wgs84_prj(county: Session, tmp_path: Path, shift: str) -> None:
    def moved(xy: np.ndarray) -> np.ndarray:
        x, y = wgs84_to_gcj02(xy[:, 0], xy[:, 1])
        return np.column_stack((x, y) if shift == "gcj02" else gcj02_to_bd09(x, y))

    there = {code: shapely.transform(shape, moved) for code, shape in grids_of(WEST).items()}
    report = run(county, "grids", write_grids(tmp_path / "a.gpkg", there, crs="EPSG:4326"))
    decision = report.detected[0].crs[0].decision
    assert decision.reading.crs.name == shift
    assert "the file says EPSG:4326, which its numbers contradict" in decision.reasons
    assert any("the offset there is" in reason for reason in decision.reasons)
    assert report.problems == ()
    assert _same(_there(county), grids_of(WEST))


def test_one_village_out_of_place_does_not_look_like_an_offset(county: Session, tmp_path: Path) -> None:
    aside = {
        code: shapely.transform(shape, lambda xy: xy + np.array([0.0009, 0])) for code, shape in grids_of(EAST).items()
    }
    there: dict[str, BaseGeometry] = {**grids_of(WEST), **aside}
    report = run(county, "grids", write_grids(tmp_path / "a.gpkg", there))
    assert report.detected[0].crs[0].decision.reading.crs.name == "EPSG:4490"
    assert len(_there(county, WEST)) == 4
    assert _there(county, EAST) == {}


def test_the_person_overrules(county: Session, tmp_path: Path) -> None:
    there = {code: projected(shape, "EPSG:4543") for code, shape in grids_of(WEST).items()}
    path = write_grids(tmp_path / "a.gpkg", there, crs="EPSG:4490")
    assert run(county, "grids", path, crs="EPSG:4543").counts()["loaded"] == 4
    with pytest.raises(InvalidInput, match="not in EPSG:4523"):
        run(county, "grids", path, crs="EPSG:4523")
    with pytest.raises(InvalidInput, match="crs"):
        run(county, "grids", path, crs="EPSG:2400")


def test_without_any_outline_metres_that_fit_several_zones_are_refused(session: Session, tmp_path: Path) -> None:
    there = {code: projected(shape, "EPSG:4543") for code, shape in grids_of(WEST).items()}
    path = write_grids(tmp_path / "a.gpkg", there, crs="EPSG:4490")
    with pytest.raises(InvalidInput, match=r"fit several systems.*EPSG:4543.*Say --crs") as refused:
        run(session, "grids", path)
    assert refused.value.errors[0].code == "ambiguous_crs"


def test_bad_rows_are_rejected_one_by_one(county: Session, tmp_path: Path) -> None:
    square = cell(0, 0)
    rows = [
        ("99000210120001", "十四位", square),
        ("990002101200000", "零号", square),
        ("990002101299001", "无此村", square),
        ("990003101200001", "邻县", square),
        ("990002101201001", "放错地方", square),
        ("990002101200005", "", square),
        ("99000210120000A", "字母", square),
        ("", "无编码", square),
        (
            "990002101200006",
            "领结",
            shapely.Polygon([(103.48, 34.5), (103.49, 34.51), (103.49, 34.5), (103.48, 34.51)]),
        ),
        ("990002101200007", "一个点", shapely.Point(103.485, 34.505)),
        ("990002101200008", "无图形", None),
        ("990002101200009", "重复", square),
        ("990002101200009", "再重复", square),
        ("990002101200010", "相同", square),
        ("990002101200010", "相同", square),
    ]
    columns = {"网格编码": [row[0] for row in rows], "网格名称": [row[1] for row in rows]}
    report = run(county, "grids", write_layer(tmp_path / "a.gpkg", [row[2] for row in rows], columns))
    said = reasons(report)
    for row, words in {
        1: "has 14 digits; a grid code has 15",
        2: "ends in 000",
        3: "no village 990002101299",
        4: "no village 990003101200",
        5: "100% of it lies outside the village of its code",
        6: "no name",
        7: "no grid code",
        8: "no code",
        9: "rings are not valid: Self-intersection",
        10: "it is a Point, and an area is wanted",
        11: "no geometry",
        12: "comes 2 times (rows 12, 13), and the rows differ",
        13: "comes 2 times (rows 12, 13), and the rows differ",
        15: "repeats row 14",
    }.items():
        assert said[row][0] == "rejected"
        assert words in said[row][1], (row, said[row])
    assert report.counts()["rejected"] == 14
    assert len(said) == len(rows)


def test_parts_z_and_vertices_off_the_lattice_are_converted_with_a_note(county: Session, tmp_path: Path) -> None:
    there = grids_of(WEST)
    code = f"{WEST}001"
    corners = [(x + 3e-9, y, 2900.0) for x, y in there[code].exterior.coords]
    report = run(
        county,
        "grids",
        write_grids(tmp_path / "a.gpkg", {**there, code: shapely.Polygon(corners)}, geometry_type="Unknown"),
    )
    assert "rounded to the lattice" in reasons(report)[1][1]
    assert any("Z, M" in note for note in report.detected[0].notes)
    assert _same(_there(county), there)


def test_a_dry_run_tells_the_same_and_the_caller_can_take_it_back(county: Session, tmp_path: Path) -> None:
    path = write_grids(tmp_path / "a.gpkg", grids_of(WEST))
    with county.begin_nested() as tried:
        dry = run(county, "grids", path, dry_run=True)
        tried.rollback()
    assert _there(county) == {}
    real = run(county, "grids", path)
    assert (dry.fates, dry.table, dry.detected) == (real.fates, real.table, real.detected)
    assert (dry.version, real.version) == (None, 3)


def test_codes_without_a_known_heading_are_found_by_their_form(county: Session, tmp_path: Path) -> None:
    there = grids_of(WEST)
    path = write_layer(tmp_path / "a.gpkg", list(there.values()), {"BSM": list(there), "名称": named(list(there))})
    report = run(county, "grids", path)
    assert report.detected[0].columns.columns["code"] == "BSM"
    assert report.detected[0].columns.reasons["code"] == "it alone holds numbers of 15 digits"


def test_columns_are_mapped_as_asked(county: Session, tmp_path: Path) -> None:
    there = grids_of(WEST)
    columns = {"code": ["x"] * 4, "网格": list(there), "甲": named(list(there))}
    path = write_layer(tmp_path / "a.gpkg", list(there.values()), columns)
    assert run(county, "grids", path, columns=["网格=code", "甲=name"]).counts()["loaded"] == 4
    with pytest.raises(InvalidInput, match="no column for name"):
        run(county, "grids", path)
    with pytest.raises(InvalidInput, match="no column '乙'"):
        run(county, "grids", path, columns=["乙=code"])
    with pytest.raises(InvalidInput, match="COLUMN=field"):
        run(county, "grids", path, columns=["甲=nonsense"])


def test_a_code_that_two_sheets_tell_differently_is_named_by_both(county: Session, tmp_path: Path) -> None:
    code, shape = next(iter(grids_of(WEST).items()))
    heading, row = ["网格编码", "网格名称", "wkt"], [code, "甲", shape.wkt]
    path = write_xlsx(tmp_path / "a.xlsx", [heading, row], [heading, [code, "乙", shape.wkt]])
    told = [str(fate.reason) for fate in run(county, "grids", path).fates]
    assert told == ["the code comes 2 times (rows Sheet 2, Sheet1 2), and the rows differ"] * 2


def test_a_name_is_one_line_that_people_can_say(county: Session, tmp_path: Path) -> None:
    codes, wkt = list(grids_of(WEST)), [shape.wkt for shape in grids_of(WEST).values()]
    names = ["第一\n网格", "格" * 101, "三\x07", "四"]
    rows = [["网格编码", "网格名称", "wkt"], *map(list, zip(codes, names, wkt, strict=True))]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(",".join(f'"{cell}"' for cell in row) for row in rows), encoding="utf-8")
    told = reasons(run(county, "grids", path))
    assert [told[row][0] for row in sorted(told)] == ["loaded", "rejected", "rejected", "loaded"]
    assert "more than 100 characters" in told[3][1]
    assert "can't be printed" in told[4][1]


def test_other_things_in_the_zip_are_rejected_row_by_row(county: Session, tmp_path: Path) -> None:
    shapes = write_grids(tmp_path / "a.gpkg", grids_of(WEST))
    heads = write_xlsx(tmp_path / "heads.xlsx", [["联防组编码", "联户长"], [f"{WEST}00101", "扎西"]])
    report = run(county, "grids", zip_of(tmp_path / "all.zip", {"网格.gpkg": shapes, "联户长.xlsx": heads}))
    assert report.counts() == {"loaded": 4, "unchanged": 0, "rejected": 1}
    assert [(fate.row, str(fate.reason)) for fate in report.fates if fate.status == "rejected"] == [
        (2, "its table lacks columns that are needed")
    ]
    assert any("no column for code" in note for note in report.detected[1].notes)
    with pytest.raises(InvalidInput, match="no column for name, capacity"):
        run(county, "shelters", tmp_path / "all.zip")


def test_grids_from_a_sheet_with_wkt(county: Session, tmp_path: Path) -> None:
    rows = [["网格编码", "网格名称", "wkt"], *([c, "网格", s.wkt] for c, s in grids_of(WEST).items())]
    run(county, "grids", write_xlsx(tmp_path / "a.xlsx", rows))
    assert _same(_there(county), grids_of(WEST))


def test_outlines_stay_what_they_are(county: Session, tmp_path: Path) -> None:
    run(county, "grids", write_grids(tmp_path / "a.gpkg", grids_of(WEST)))
    outline = divisions.get_division(county, WEST).outline
    assert outline is not None
    assert outline.equals(outline_of(WEST))
    assert divisions.get_division(county, TOWNSHIP).outline is None
    assert list_changesets(county, CLERK.caller, status="draft") == []
