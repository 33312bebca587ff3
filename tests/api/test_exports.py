"""Exports over HTTP: every format, to the bit, by right and as of a time."""

import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import shapely

from gridmap.db.engine import transaction
from gridmap.exchange.reading import load_tables
from gridmap.exchange.sweeping import Sweeper
from gridmap.exchange.uploads import UploadLimits, UploadStore
from gridmap.grids import service as grids
from tests.api.keys import Closed, closed_application
from tests.county import COUNTY, EAST, NORTH_WEST, TOWNSHIP, WEST
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
