"""Exports over HTTP: every format, to the bit, by right and as of a time."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import shapely

from gridmap.db.engine import transaction
from gridmap.exchange.reading import load_tables
from gridmap.exchange.sweeping import Sweeper
from gridmap.exchange.uploads import UploadLimits, UploadStore
from gridmap.grids import service as grids
from tests.api.keys import Closed, closed_application
from tests.county import COUNTY, EAST, NORTH_WEST, TOWNSHIP, WEST, at
from tests.files import write_layer
from tests.importing import run
from tests.postgres import Server
from tests.problems import assert_problem

EXPORTS = "/api/v1/exports"
Header = dict[str, str]


@pytest.fixture(scope="module")
def closed(server: Server) -> Iterator[Closed]:
    with closed_application(server) as closed:
        yield closed


@pytest.fixture(scope="module")
def reader(closed: Closed) -> Header:
    return closed.key("reader", COUNTY)


@pytest.mark.parametrize("form", ["gpkg", "geojson", "shp", "parquet", "csv", "xlsx"])
def test_grids_come_in_every_format_and_go_back_to_the_bit(
    closed: Closed, reader: Header, tmp_path: Path, form: str
) -> None:
    answer = closed.client.get(f"{EXPORTS}/grids?format={form}&within={WEST}", headers=reader)
    assert (answer.status_code, answer.headers["x-rows"]) == (200, "2"), answer.text
    name = f"grids-{WEST}.{'zip' if form == 'shp' else form}"
    assert answer.headers["content-disposition"].endswith(name)
    path = tmp_path / name
    path.write_bytes(answer.content)
    (table,) = load_tables(path)
    codes = [str(code) for code in table.column("code")]
    with transaction(closed.engine) as session:
        known = {grid.code: grid.geometry for grid in grids.list_grids(session, prefixes=[WEST])}
    assert codes == sorted(known)
    if form not in {"csv", "xlsx"}:
        for code, row in zip(codes, table.rows, strict=True):
            assert row.geometry is not None
            assert shapely.get_coordinates(row.geometry.normalize()).tobytes() == (
                shapely.get_coordinates(known[code].normalize()).tobytes()
            )


def test_a_gbk_shapefile_says_so_and_tells_shortened_names(closed: Closed, reader: Header) -> None:
    answer = closed.client.get(f"{EXPORTS}/grids?format=shp&encoding=gbk&within={COUNTY}", headers=reader)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
        dbf = archive.read(f"grids-{COUNTY}.dbf")
        assert "village_code is called village" in archive.read("notes.txt").decode()
    assert f"grids-{COUNTY}.cpg" in names
    assert "西北".encode("gbk") in dbf


def test_what_lies_outside_the_scope_is_refused_and_not_left_out(closed: Closed) -> None:
    township = closed.key("reader", EAST)
    assert_problem(closed.client.get(f"{EXPORTS}/grids?format=csv", headers=township), 403, "forbidden")
    assert_problem(
        closed.client.get(f"{EXPORTS}/grids?format=csv&within={TOWNSHIP}", headers=township), 403, "forbidden"
    )
    assert closed.client.get(f"{EXPORTS}/grids?format=csv&within={EAST}", headers=township).status_code == 200
    assert_problem(closed.client.get(f"{EXPORTS}/grids?format=csv"), 401, "unauthenticated")


def test_groups_are_told_to_whom_persons_are_and_audited(closed: Closed, reader: Header) -> None:
    assert_problem(closed.client.get(f"{EXPORTS}/groups?format=csv&within={WEST}", headers=reader), 403, "forbidden")
    editor = closed.key("editor", COUNTY)
    answer = closed.client.get(f"{EXPORTS}/groups?format=csv&within={WEST}", headers=editor)
    assert answer.content.startswith(b"\xef\xbb\xbfcode,name,grid_code,head")
    assert "李" not in answer.text
    assert [entry.action for entry in closed.audit("export")] == ["export groups"]


def test_a_past_day_has_the_name_of_then(closed: Closed) -> None:
    editor = closed.key("editor", COUNTY)
    closed.client.patch(f"/api/v1/grids/{NORTH_WEST}", json={"name": "西北坡"}, headers=editor)
    now = closed.client.get(f"{EXPORTS}/grids?format=csv&within={WEST}", headers=editor).text
    then = closed.client.get(f"{EXPORTS}/grids?format=csv&within={WEST}&at=2024-01-01", headers=editor)
    assert ("西北坡" in now, "西北坡" in then.text, "西北" in then.text) == (True, False, True)
    assert "20240101" in then.headers["content-disposition"]
    asked = f"{EXPORTS}/grids?format=csv&within={WEST}"
    assert_problem(closed.client.get(f"{asked}&at=2024-13-41", headers=editor), 422, "invalid_input", where="at")
    assert closed.client.get(f"{asked}&at=", headers=editor).status_code == 200


def test_shelters_come_as_they_are_and_as_they_were(closed: Closed) -> None:
    editor = closed.key("editor", COUNTY)
    lon, lat = at(NORTH_WEST)
    made = closed.client.post(
        "/api/v1/shelters", json={"name": "村小学", "capacity": 90, "lon": lon, "lat": lat}, headers=editor
    )
    shelter = f"/api/v1/shelters/{made.json()['id']}"
    (first,) = closed.client.get(f"{shelter}/history", headers=editor).json()["revisions"]
    closed.client.patch(shelter, json={"name": "镇中学", "capacity": 120}, headers=editor)
    asked = f"{EXPORTS}/shelters?format=csv&within={WEST}"
    rows = list(csv.DictReader(io.StringIO(closed.client.get(asked, headers=editor).content.decode("utf-8-sig"))))
    assert [(row["name"], row["capacity"], row["village_code"]) for row in rows] == [("镇中学", "120", WEST)]
    assert (float(rows[0]["lon"]), float(rows[0]["lat"])) == (lon, lat)
    then = closed.client.get(f"{asked}&at={quote(first['at'])}", headers=editor).text
    assert ("村小学,,shelter,90" in then, "镇中学" in then) == (True, False)
    assert "S9900" not in closed.client.get(f"{asked}&at=2024-01-01", headers=editor).text
    closed.client.delete(shelter, headers=editor)
    assert closed.client.get(asked, headers=editor).headers["x-rows"] == "0"
    assert closed.client.get(f"{asked}&at={quote(first['at'])}", headers=editor).headers["x-rows"] == "1"
    outside = closed.key("reader", EAST)
    assert_problem(closed.client.get(asked, headers=outside), 403, "forbidden")
    assert_problem(closed.client.get(asked), 401, "unauthenticated")


def test_a_layer_comes_with_the_columns_of_its_file(closed: Closed, reader: Header, tmp_path: Path) -> None:
    shapes = [shapely.Point(*at(NORTH_WEST)), shapely.box(103.49, 34.5, 103.51, 34.52)]
    columns: dict[str, list[object]] = {
        "编号": ["H1", "H2"],
        "名称": ["滑坡点", "滑坡区"],
        "威胁户数统计（户）": [3, 4],
        "fid": ["a", "b"],
    }
    file = write_layer(tmp_path / "hazards.geojson", shapes, columns)
    with transaction(closed.engine) as session:
        run(session, "layer", file, name="hazards")
    answer = closed.client.get(f"{EXPORTS}/layers?format=gpkg&name=hazards", headers=reader)
    assert answer.headers["content-disposition"].endswith("layers-hazards.gpkg"), answer.text
    (tmp_path / "back.gpkg").write_bytes(answer.content)
    (table,) = load_tables(tmp_path / "back.gpkg")
    assert table.columns == ("code", "name", "fid_", "威胁户数统计（户）")
    assert [row.values for row in table.rows] == [("H1", "滑坡点", "a", 3), ("H2", "滑坡区", "b", 4)]
    assert [
        row.geometry is not None and row.geometry.equals(shape) for row, shape in zip(table.rows, shapes, strict=True)
    ] == [True, True]
    mixed = closed.client.get(f"{EXPORTS}/layers?format=shp&name=hazards", headers=reader)
    assert (
        "export_mixed_shapes"
        in assert_problem(mixed, 422, "invalid_input")["sentences"][mixed.json()["detail"]][0]["code"]
    )
    inside = closed.client.get(f"{EXPORTS}/layers?format=csv&within={EAST}&name=hazards", headers=reader)
    assert (inside.headers["x-rows"], "H2" in inside.text) == ("1", True)
    every = closed.client.get(f"{EXPORTS}/layers?format=csv", headers=reader).text
    assert every.splitlines()[0] == "\ufefflayer,code,name,geometry"
    assert_problem(closed.client.get(f"{EXPORTS}/layers?format=csv&name=none", headers=reader), 404, "not_found")


def test_what_waited_too_long_goes_while_the_server_runs(tmp_path: Path) -> None:
    store = UploadStore(tmp_path / "uploads", UploadLimits(lasts=timedelta(0)))
    sweeper = Sweeper(store, every_s=0.01)
    sweeper.start()
    waiting = tmp_path / "uploads" / store.open_new()
    for _ in range(1000):
        if not waiting.exists():
            break
        sweeper._ended.wait(0.01)
    sweeper.stop()
    assert not waiting.exists()
