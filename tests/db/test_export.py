"""Exports hold what the contract names, nothing of persons, and come back to the bit."""

from datetime import timedelta
from pathlib import Path

import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.errors import InvalidInput, NotFound
from gridmap.exchange.export_files import WRITERS
from gridmap.exchange.export_rows import EXPORTABLE
from gridmap.exchange.exporting import ExportReport, ExportRequest, export_file
from gridmap.exchange.reading import load_tables
from gridmap.exchange.table import Table
from gridmap.geo.lattice import from_units
from gridmap.grids import service as grids
from gridmap.grids.model import GridVersion
from tests import county as small
from tests.files import write_layer
from tests.importing import CLERK, WEST, new_county, run, write_grids


@pytest.fixture
def county(session: Session) -> Session:
    small.small_county(session)
    return session


def export(session: Session, kind: str, path: Path, **options: object) -> ExportReport:
    return export_file(session, ExportRequest(kind, path, CLERK, **options))  # type: ignore[arg-type]


def exported(session: Session, kind: str, path: Path, **options: object) -> Table:
    export(session, kind, path, **options)
    (table,) = load_tables(path)
    return table


@pytest.mark.parametrize("kind", EXPORTABLE)
@pytest.mark.parametrize("suffix", list(WRITERS))
def test_every_kind_in_every_format(county: Session, tmp_path: Path, kind: str, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    if suffix == ".shp" and kind in {"groups", "officers", "pairs"}:
        with pytest.raises(InvalidInput, match="no geometry"):
            export(county, kind, path)
        return
    report = export(county, kind, path)
    assert report.rows == {"divisions": 6, "grids": 4, "groups": 4, "addresses": 6, "buildings": 6}.get(
        kind, report.rows
    )
    if report.rows:
        (table,) = load_tables(path)
        assert len(table.rows) == report.rows
    assert [part.name for part in tmp_path.iterdir() if part.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("addresses", ["code", "label", "lon", "lat", "grid_code"]),
        (
            "households",
            ["id", "kind", "village_code", "grid_code", "group_code", "address_code", "persons", "lon", "lat"],
        ),
        ("officers", ["id", "home_code", "capacity", "kind", "unit"]),
    ],
)
def test_the_columns_that_others_read(county: Session, tmp_path: Path, kind: str, columns: list[str]) -> None:
    assert list(exported(county, kind, tmp_path / "out.csv").columns)[: len(columns)] == columns


@pytest.mark.parametrize("kind", EXPORTABLE)
def test_nothing_personal_is_in_any_file(county: Session, tmp_path: Path, kind: str) -> None:
    export(county, kind, tmp_path / "out.csv")
    text = (tmp_path / "out.csv").read_text("utf-8")
    for secret in ("李措姆", "13812348000", "欧阳卓玛", "扎西", "13500000001", "吴县长"):
        assert secret not in text


def test_households_are_those_of_now_and_are_audited(county: Session, tmp_path: Path) -> None:
    table = exported(county, "households", tmp_path / "out.csv", within=small.WEST)
    assert table.column("id") == [small.record_id("H", n) for n in (1, 2, 3)]
    assert table.rows[0].values[1:7] == (
        "family", small.WEST, small.NORTH_WEST, small.NORTH_WEST + "01", small.record_id("A", 1), "3",
    )  # fmt: skip
    (entry,) = audit.list_records(county, subject=small.record_id("H", 1))
    assert (entry.actor, entry.action) == ("cli:clerk", "export households")


def test_within_a_village_and_nowhere(county: Session, tmp_path: Path) -> None:
    table = exported(county, "grids", tmp_path / "out.geojson", within=small.EAST)
    assert table.column("code") == [small.NORTH_EAST, small.SOUTH_EAST]
    assert table.column("households") == [1, 1]
    with pytest.raises(NotFound):
        export(county, "grids", tmp_path / "out.geojson", within="990009")


def test_officers_for_a_plan_are_those_of_its_county(county: Session, tmp_path: Path) -> None:
    table = exported(county, "officers", tmp_path / "out.csv", within=small.WEST)
    assert table.column("id") == [small.record_id("P", n) for n in (1, 2, 3, 4)]


def test_a_past_state(county: Session, tmp_path: Path) -> None:
    then = small.SINCE + timedelta(days=1)
    assert len(exported(county, "grids", tmp_path / "a.gpkg", at=then).rows) == 4
    assert export(county, "grids", tmp_path / "b.csv", at=small.SINCE - timedelta(days=1)).rows == 0
    with pytest.raises(InvalidInput, match="without past states"):
        export(county, "households", tmp_path / "c.csv", at=then)


def test_a_gbk_shapefile_says_what_it_renamed(county: Session, tmp_path: Path) -> None:
    report = export(county, "grids", tmp_path / "网格.shp", encoding="gbk")
    assert report.notes == ("names of at most ten bytes: village_code is called village",)
    assert (tmp_path / "网格.cpg").read_text() == "GBK"
    assert "西北".encode("gbk") in (tmp_path / "网格.dbf").read_bytes()
    (table,) = load_tables(tmp_path / "网格.shp")
    assert table.column("name") == ["西北", "西南", "东北", "东南"]
    assert table.column("village") == [small.WEST, small.WEST, small.EAST, small.EAST]


def test_text_that_a_shapefile_would_cut_is_refused(county: Session, tmp_path: Path) -> None:
    county.query(GridVersion).filter_by(code=small.NORTH_WEST).update({"name": "长" * 85})
    with pytest.raises(InvalidInput, match=f"name of {small.NORTH_WEST} has 255 bytes"):
        export(county, "grids", tmp_path / "a.shp")
    assert list(tmp_path.iterdir()) == []
    export(county, "grids", tmp_path / "gbk.shp", encoding="gbk")
    (table,) = load_tables(tmp_path / "gbk.shp")
    assert table.column("name")[0] == "长" * 85


def test_a_layers_names_are_shortened_for_a_shapefile_and_no_two_alike(county: Session, tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {
        "code": ["1"],
        "责任单位名称": ["水务局"],
        "责任单位名誉": ["好"],
        "area_of_the_zone": [2.5],
    }
    file = write_layer(tmp_path / "zones.gpkg", [small.square(small.NORTH_WEST)], columns)
    run(county, "layer", file, name="zones")
    report = export(county, "layers", tmp_path / "out.shp", layer="zones")
    (note,) = report.notes
    assert note.partition(": ")[2].split(", ") == [
        "area_of_the_zone is called area_of_t1", "责任单位名称 is called 责任单1", "责任单位名誉 is called 责任单2",
    ]  # fmt: skip
    (table,) = load_tables(tmp_path / "out.shp")
    assert table.rows[0].values == ("1", None, 2.5, "水务局", "好")
    (table,) = load_tables(file)
    assert table.rows[0].geometry == small.square(small.NORTH_WEST)
    assert export(county, "layers", tmp_path / "open.csv", public_only=True).rows == 0


def test_tibetan_goes_into_a_chinese_shapefile_and_is_refused_where_the_encoding_lacks_it(
    county: Session, tmp_path: Path
) -> None:
    county.query(GridVersion).filter_by(code=small.NORTH_WEST).update({"name_bo": "ནུབ་"})
    with pytest.raises(InvalidInput, match="can't be written in iso8859-1"):
        export(county, "grids", tmp_path / "a.shp", encoding="latin-1")
    assert exported(county, "grids", tmp_path / "b.shp", encoding="gbk").column("name_bo")[0] == "ནུབ་"
    assert (tmp_path / "b.cpg").read_text() == "GB18030"


def test_a_name_is_never_a_formula(county: Session, tmp_path: Path) -> None:
    county.query(GridVersion).filter_by(code=small.NORTH_WEST).update({"name": "=1+1"})
    assert exported(county, "grids", tmp_path / "a.xlsx").column("name")[0] == "=1+1"


def test_a_cell_too_long_for_excel_is_refused(county: Session, tmp_path: Path) -> None:
    fine = shapely.segmentize(small.square(small.NORTH_WEST), 0.00001)
    county.query(GridVersion).filter_by(code=small.NORTH_WEST).update(
        {"geometry": f"SRID=4490;{shapely.MultiPolygon([fine]).wkt}"}
    )
    with pytest.raises(InvalidInput, match="more than a cell holds"):
        export(county, "grids", tmp_path / "a.xlsx")


def test_unknown_kinds_formats_and_folders_are_refused(county: Session, tmp_path: Path) -> None:
    for kind, path, message in (
        ("secrets", tmp_path / "a.csv", "can't be exported"),
        ("grids", tmp_path / "a.docx", "can be written"),
        ("grids", tmp_path / "none" / "a.csv", "no folder"),
    ):
        with pytest.raises(InvalidInput, match=message):
            export(county, kind, path)


def test_the_file_says_its_coordinate_system(county: Session, tmp_path: Path) -> None:
    for suffix in (".gpkg", ".shp", ".geojson"):
        export(county, "grids", tmp_path / f"a{suffix}")
        assert pyogrio.read_info(tmp_path / f"a{suffix}")["crs"] == "EPSG:4490"


# Nearer to a side the pieces are slivers, which are not published.
CORNER = st.tuples(st.integers(20_000, 180_000), st.integers(20_000, 180_000))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(corner=CORNER, suffix=st.sampled_from([".gpkg", ".geojson", ".shp", ".csv", ".xlsx", ".parquet"]))
def test_export_then_import_is_the_identity(
    clone: Engine, tmp_path_factory: pytest.TempPathFactory, corner: tuple[int, int], suffix: str
) -> None:
    """A village cut at any lattice point comes back with the same bytes, through every format."""
    folder = tmp_path_factory.mktemp("identity")
    x, y = from_units([1_034_800_000 + corner[0], 345_000_000 + corner[1]])
    west, south, east, north = 103.48, 34.5, 103.5, 34.52
    middle = (float(x), float(y))
    rings = [
        [(west, south), (west, north), middle],
        [(west, north), (east, north), middle],
        [(east, north), (east, south), middle],
        [(east, south), (west, south), middle],
    ]
    there = {f"{WEST}{n:03d}": shapely.Polygon(ring) for n, ring in enumerate(rings, 1)}
    with Session(clone) as session:
        new_county(session, folder)
        run(session, "grids", write_grids(folder / "first.gpkg", there))
        before = {g.code: shapely.to_wkb(g.geometry) for g in grids.list_grids(session)}
        export(session, "grids", folder / f"out{suffix}")
        assert run(session, "grids", folder / f"out{suffix}").counts()["unchanged"] == 4
        session.rollback()
        new_county(session, folder)
        run(session, "grids", folder / f"out{suffix}")
        after = {g.code: shapely.to_wkb(g.geometry) for g in grids.list_grids(session)}
        session.rollback()
    assert len(before) == 4
    assert after == before
