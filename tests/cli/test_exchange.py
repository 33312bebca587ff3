"""`gridmap import` and `gridmap export`, as a shell sees them."""

import csv
import getpass
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import shapely
from sqlalchemy import Engine, text

from gridmap.db.engine import transaction
from gridmap.db.locks import lock_imports
from gridmap.db.versions import current_version
from gridmap.grids import service as grids
from tests.cli.shell import Shell
from tests.files import companions, projected, write_layer, write_shapefile, zip_of
from tests.homes import eventually
from tests.importing import COUNTY, EAST, WEST, cell, grids_of, named, new_county, write_grids
from tests.postgres import Server


@pytest.fixture
def shell(server: Server, tmp_path: Path) -> Iterator[Shell]:
    url = server.clone()
    shell = Shell(url)
    with transaction(shell.engine) as session:
        new_county(session, tmp_path)
    yield shell
    shell.engine.dispose()
    server.drop(url)


def _version(shell: Shell) -> int:
    with transaction(shell.engine) as session:
        return current_version(session)


def _surveyors_zip(folder: Path) -> Path:
    there = grids_of(WEST)
    shapes = [projected(shape, "EPSG:4522") for shape in there.values()]
    columns = {"网格编码": list(there), "网格名称": named(list(there)), "备注": ["", "河边", "", ""]}
    path = write_shapefile(folder / "z34.shp", shapes, columns, crs="EPSG:4526", cpg="UTF-8")
    return zip_of(folder / "成果.zip", companions(path, "34带/网格"), raw_names=True)


def test_a_dry_run_says_what_it_found_and_changes_nothing(shell: Shell, tmp_path: Path) -> None:
    before = _version(shell)
    done = shell("import", "grids", str(_surveyors_zip(tmp_path)), "--dry-run")
    assert done.returncode == 0, done.stderr
    for words in (
        "成果.zip:34带/网格.shp: 4 rows",
        "code ← 网格编码 (by its heading)",
        "coordinates of 4 rows: EPSG:4522: the 8-digit easting begins with 34, a zone of 3°",
        "the file says EPSG:4526, which its numbers contradict",
        "text is gb18030",
        "although its .cpg says utf-8",
        f"{WEST}: grids",
        "4 rows: 4 loaded, 0 unchanged, 0 rejected; dry run, nothing was changed",
    ):
        assert words in done.stdout
    assert "reading 成果.zip" in done.stderr
    assert _version(shell) == before
    with transaction(shell.engine) as session:
        assert grids.list_grids(session) == []


def test_what_is_imported_is_there_when_the_command_returns(shell: Shell, tmp_path: Path) -> None:
    path = str(_surveyors_zip(tmp_path))
    done = shell("import", "grids", path)
    assert (done.returncode, "published as version 3" in done.stdout) == (0, True), done.stderr
    with transaction(shell.engine) as session:
        assert [grid.code for grid in grids.list_grids(session)] == list(grids_of(WEST))
        assert grids.get_grid(session, f"{WEST}002").note == "河边"
    again = shell("import", "grids", path)
    assert (again.returncode, "0 loaded, 4 unchanged" in again.stdout) == (0, True)
    listed = shell("export", "grids", str(tmp_path / "out.gpkg"), "--within", WEST)
    assert listed.stdout.startswith("4 grids written to")


def test_rejected_rows_make_the_status_1_and_stand_in_the_report(shell: Shell, tmp_path: Path) -> None:
    there = grids_of(EAST)
    shapes = [*there.values(), cell(0, 0)]
    path = write_layer(tmp_path / "a.gpkg", shapes, {"code": [*there, "99000210120001"], "name": [*"甲乙丙丁戊"]})
    out = tmp_path / "report.csv"
    done = shell("import", "grids", str(path), "--report", str(out))
    assert done.returncode == 1
    assert "rejected: a.gpkg, row 5, no code: the code has 14 digits; a grid code has 15" in done.stdout
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines()))
    assert [row["status"] for row in rows] == ["loaded"] * 4 + ["rejected"]
    assert rows[4]["reason"] == "the code has 14 digits; a grid code has 15"


def test_a_report_that_cannot_be_written_changes_nothing(shell: Shell, tmp_path: Path) -> None:
    before = _version(shell)
    path = write_grids(tmp_path / "a.gpkg", grids_of(WEST))
    done = shell("import", "grids", str(path), "--report", str(tmp_path / "none" / "out.csv"))
    assert (done.returncode, _version(shell)) == (1, before)
    assert "report can't be written" in done.stderr


def test_a_changeset_is_named(shell: Shell, tmp_path: Path) -> None:
    shell("import", "grids", str(write_grids(tmp_path / "a.gpkg", grids_of(WEST))))
    merged = {**grids_of(WEST), f"{WEST}003": cell(0, 0, wide=2)}
    del merged[f"{WEST}004"]
    done = shell("import", "grids", str(write_grids(tmp_path / "b.gpkg", merged)))
    assert done.returncode == 0, done.stderr
    assert f"note: {WEST}004 is not in the file; changeset" in done.stdout, done.stdout
    assert "nothing was published" in done.stdout
    shown = shell("audit", "show", "--who", getpass.getuser(), "--json")
    assert "changeset.open" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("import", "secrets", "a.csv"), 2, "secrets"),
        (("import", "grids"), 2, "Usage"),
        (("import", "grids", "none.gpkg"), 1, "no file"),
        (("import", "grids", "grids.gpkg", "--crs", "EPSG:2400"), 1, "crs"),
        (("import", "grids", "grids.gpkg", "--map", "x"), 1, "COLUMN=field"),
        (("import", "grids", "grids.gpkg", "--encoding", "klingon"), 1, "klingon"),
        (("import", "layer", "grids.gpkg"), 1, "a layer needs a name"),
        (("export", "grids", "out.docx"), 1, "can be written"),
        (("export", "households", "out.csv", "--at", "2020-01-01"), 1, "without past states"),
        (("export", "grids", "out.csv", "--at", "yesterday"), 1, "a time is wanted"),
    ],
)
def test_refusals(shell: Shell, tmp_path: Path, arguments: tuple[str, ...], status: int, words: str) -> None:
    write_grids(tmp_path / "grids.gpkg", grids_of(WEST))
    placed = [str(tmp_path / word) if "." in word and word[0].isalpha() else word for word in arguments]
    done = shell(*placed)
    assert done.returncode == status
    assert words in done.stderr


def test_a_layer_by_name_with_its_columns_mapped(shell: Shell, tmp_path: Path) -> None:
    columns = {"警务区号": ["B1", "B2"], "辖区": ["南", "北"]}
    path = write_layer(tmp_path / "beats.geojson", [cell(0, 0), cell(0, 1)], columns)
    options = ("--name", "警务区", "--map", "警务区号=code", "--map", "辖区=name", "--public")
    done = shell("import", "layer", str(path), *options)
    assert (done.returncode, "2 loaded" in done.stdout) == (0, True), done.stderr


def test_an_export_of_now_and_of_then(shell: Shell, tmp_path: Path) -> None:
    shell("import", "grids", str(write_grids(tmp_path / "a.gpkg", grids_of(WEST))))
    out = tmp_path / "out.csv"
    assert shell("export", "grids", str(out)).returncode == 0
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines()))
    assert [shapely.from_wkt(row["geometry"]).equals(s) for row, s in zip(rows, grids_of(WEST).values(), strict=True)]
    assert shell("export", "grids", str(out), "--at", "2020-01-01").stdout.startswith("0 grids")
    shapefile = shell("export", "grids", str(tmp_path / "out.shp"), "--encoding", "gbk")
    assert "note: names of at most ten bytes: village_code is called village" in shapefile.stderr


def _wait_for(engine: Engine, processes: int) -> None:
    """Until so many sessions of this database wait for an advisory lock."""
    waiting = text(
        "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
        " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
    )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watcher:
        assert eventually(lambda: watcher.execute(waiting).scalar_one() == processes)


def test_two_processes_import_one_after_the_other(shell: Shell, tmp_path: Path) -> None:
    """Both are held at the door until both are there; then the second sees all of what the first did."""
    there = grids_of(WEST)
    files = {}
    for who in ("甲队", "乙队"):
        columns = {"网格编码": list(there), "网格名称": [f"{who}{code[-1]}" for code in there]}
        files[who] = write_layer(tmp_path / f"{who}.gpkg", list(there.values()), columns, geometry_type="Polygon")
    before = _version(shell)
    with ThreadPoolExecutor(2) as pool:
        with transaction(shell.engine) as holder:
            lock_imports(holder, [f"grids {COUNTY}"])
            running = {who: pool.submit(shell, "import", "grids", str(path)) for who, path in files.items()}
            _wait_for(shell.engine, 2)
        done = {who: each.result() for who, each in running.items()}
    assert [each.returncode for each in done.values()] == [0, 0], done
    first = [who for who, each in done.items() if f"published as version {before + 1}" in each.stdout]
    second = [who for who, each in done.items() if "changeset 2: see" in each.stdout]
    assert (len(first), len(second), first != second) == (1, 1, True), done
    assert _version(shell) == before + 1
    with transaction(shell.engine) as session:
        names = {grid.name for grid in grids.list_grids(session, prefixes=[WEST])}
        assert names == {f"{first[0]}{n}" for n in range(1, 5)}
        proposed = session.execute(text("SELECT name, action FROM changeset_grid WHERE changeset_id = 2")).all()
    assert {tuple(row) for row in proposed} == {(f"{second[0]}{n}", "change") for n in range(1, 5)}


def test_a_dry_run_uses_no_number_of_a_changeset_up(shell: Shell, tmp_path: Path) -> None:
    path = write_grids(
        tmp_path / "g.gpkg", {**grids_of(WEST), f"{WEST}001": cell(0, 1).buffer(-0.001, join_style="mitre")}
    )
    tried = shell("import", "grids", str(path), "--dry-run")
    assert "4 loaded, 0 unchanged, 0 rejected; dry run" in tried.stdout, tried.stdout
    done = shell("import", "grids", str(path))
    assert "changeset 1: see" in done.stdout, done.stdout
