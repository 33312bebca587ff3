"""Imports over HTTP: uploaded once, looked at as often as needed, accepted as it was looked at, by whom it may."""

import csv
import io
import json
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely
from fastapi.testclient import TestClient
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from gridmap.app import create_app
from gridmap.db.engine import transaction
from gridmap.exchange.uploads import UploadLimits, UploadStore
from gridmap.settings import Settings
from tests.api.keys import Closed, closed_application
from tests.files import companions, projected, write_shapefile, write_xlsx, zip_of
from tests.importing import COUNTY, EAST, TOWNSHIP, WEST, cell, grids_of, named, new_county, write_grids
from tests.postgres import Server
from tests.problems import assert_problem

IMPORTS = "/api/v1/imports"
Header = dict[str, str]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def closed(server: Server, home: Path, tmp_path: Path) -> Iterator[Closed]:
    with closed_application(server, home=home) as closed:
        with transaction(closed.engine) as session:
            new_county(session, tmp_path)
        yield closed


@pytest.fixture
def editor(closed: Closed) -> Header:
    return closed.key("editor", COUNTY)


def sent(closed: Closed, header: Header, path: Path, kind: str = "grids", **query: str) -> dict[str, Any]:
    response = closed.client.post(
        IMPORTS, params={"kind": kind, "filename": path.name, **query}, content=path.read_bytes(), headers=header
    )
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


def surveyors(folder: Path, grids: dict[str, BaseGeometry] | None = None) -> Path:
    """GBK, zone 34, a .prj that says zone 38."""
    there = grids or dict(grids_of(WEST))
    path = write_shapefile(
        folder / "z34.shp",
        [projected(shape, "EPSG:4522") for shape in there.values()],
        {"网格编码": list(there), "网格名称": named(list(there))},
        crs="EPSG:4526",
        cpg="UTF-8",
    )
    return zip_of(folder / "测绘成果.zip", companions(path, "成果/34带"))


def gap(side: float) -> dict[str, BaseGeometry]:
    """The western grids with a gap of `side` degrees between the upper two."""
    return {**grids_of(WEST), f"{WEST}001": shapely.box(103.48, 34.51, round(103.49 - side, 7), 34.52)}


def test_a_file_is_looked_at_and_then_published(closed: Closed, editor: Header, tmp_path: Path) -> None:
    seen = sent(closed, editor, surveyors(tmp_path))
    assert (seen["status"], seen["files"], seen["refusal"], seen["result"]) == (
        "previewed",
        ["测绘成果.zip"],
        None,
        None,
    )
    (table,) = seen["tables"]
    assert [(c["column"], c["field"]) for c in table["columns"]] == [("网格编码", "code"), ("网格名称", "name")]
    assert "GB18030" in table["encoding"]
    assert table["sample"][0] == [f"{WEST}001", "第1网格"]
    (crs,) = table["crs"]
    assert (crs["crs"], crs["rows"]) == ("EPSG:4522", 4)
    assert "the file says EPSG:4526, which its numbers contradict" in crs["reasons"]
    assert {c["crs"] for c in crs["candidates"]} >= {"EPSG:4522"}
    preview = seen["preview"]
    assert preview["counts"] == {"loaded": 4, "unchanged": 0, "rejected": 0}
    assert (preview["publishes"], preview["drafts"], preview["problem_count"]) == (True, False, 0)
    assert {"what": f"{WEST}: grids", "before": "0", "after": "4"} in preview["changes"]
    shown = closed.client.get(f"{IMPORTS}/{seen['id']}/shapes", headers=editor).json()
    drawn = {f["properties"]["code"]: shape(f["geometry"]) for f in shown["features"]}
    assert all(drawn[code].equals_exact(there, 2e-7) for code, there in grids_of(WEST).items())
    assert WEST in {f["id"] for f in shown["outlines"]["features"]}
    # Nothing has happened yet.
    assert closed.client.get(f"/api/v1/grids?within={WEST}", headers=editor).json()["features"] == []

    done = closed.client.post(f"{IMPORTS}/{seen['id']}/accept", headers=editor).json()
    assert (done["status"], done["result"]["changesets"]) == ("accepted", [])
    listed = closed.client.get(f"/api/v1/grids?within={WEST}", headers=editor).json()
    assert (listed["version"], len(listed["features"])) == (done["result"]["version"], 4)
    assert_problem(closed.client.post(f"{IMPORTS}/{seen['id']}/accept", headers=editor), 409, "already_accepted")
    assert closed.client.get(f"{IMPORTS}/{seen['id']}", headers=editor).json()["result"] == done["result"]
    again = sent(closed, editor, surveyors(tmp_path))
    assert again["preview"]["counts"] == {"loaded": 0, "unchanged": 4, "rejected": 0}
    mine = closed.client.get(IMPORTS, headers=editor).json()["imports"]
    assert {(each["id"], each["status"]) for each in mine} == {(seen["id"], "accepted"), (again["id"], "previewed")}
    assert closed.audit("import grids")[0].subjects == [f"import:{seen['id']}"]


def test_what_was_detected_can_be_overruled_without_sending_again(
    closed: Closed, editor: Header, tmp_path: Path
) -> None:
    there = grids_of(WEST)
    rows = [["甲", "乙", "shape"], *([code, f"网格{code[-1]}", there[code].wkt] for code in there)]
    seen = sent(closed, editor, write_xlsx(tmp_path / "网格.xlsx", rows))
    assert (seen["status"], seen["preview"]) == ("refused", None)
    assert [error["where"] for error in seen["refusal"]["errors"]] == ["name"]
    (table,) = seen["tables"]
    assert [column["column"] for column in table["columns"]] == ["甲", "乙", "shape"]
    assert table["sample"][0][1] == "网格1"
    assert {field["name"] for field in seen["fields"] if field["required"]} == {"code", "name"}
    address = f"{IMPORTS}/{seen['id']}"
    assert_problem(closed.client.post(f"{address}/accept", headers=editor), 409, "import_refused")
    asked = {"map": ["乙=name", "shape=wkt"]}
    seen = closed.client.patch(address, json=asked, headers=editor).json()
    assert (seen["status"], seen["preview"]["counts"]["loaded"]) == ("previewed", 4)
    seen = closed.client.patch(address, json={"crs": "gcj02"}, headers=editor).json()
    assert (seen["options"]["crs"], seen["options"]["map"]) == ("gcj02", asked["map"])
    assert seen["tables"][0]["crs"][0]["crs"] == "gcj02"
    seen = closed.client.patch(address, json={"crs": "EPSG:4527"}, headers=editor).json()
    assert "not in EPSG:4527" in seen["refusal"]["detail"]
    assert_problem(closed.client.patch(address, json={"colour": 1}, headers=editor), 422, "invalid_input")
    seen = closed.client.patch(address, json={"crs": None}, headers=editor).json()
    assert seen["preview"]["counts"]["loaded"] == 4


def test_rejected_rows_are_a_file(closed: Closed, editor: Header, tmp_path: Path) -> None:
    there: dict[str, BaseGeometry] = {**grids_of(WEST)}
    there["99000210120000"] = cell(0, 0)
    there["620102001001001"] = cell(0, 0)
    seen = sent(closed, editor, write_grids(tmp_path / "a.gpkg", there))
    assert seen["preview"]["counts"] == {"loaded": 4, "unchanged": 0, "rejected": 2}
    assert [row["status"] for row in seen["preview"]["rows"]][:3] == ["rejected", "rejected", "loaded"]
    report = closed.client.get(f"{IMPORTS}/{seen['id']}/report.csv", headers=editor)
    assert report.headers["Cache-Control"] == "private, no-store"
    rows = list(csv.DictReader(io.StringIO(report.text.removeprefix("\ufeff"))))
    rejected = {row["row"]: row["reason"] for row in rows if row["status"] == "rejected"}
    assert len(rows) == 6
    assert "14 digits" in rejected["5"]
    assert "scope" in rejected["6"]


def test_an_editor_of_one_township_changes_no_other(closed: Closed, tmp_path: Path) -> None:
    path = write_grids(tmp_path / "a.gpkg", {**grids_of(WEST), **grids_of(EAST)})
    western = closed.key("editor", WEST)
    seen = sent(closed, western, path)
    assert seen["preview"]["counts"] == {"loaded": 4, "unchanged": 0, "rejected": 4}
    assert {row["code"][:12] for row in seen["preview"]["rows"] if row["status"] == "rejected"} == {EAST}
    accepted = closed.client.post(f"{IMPORTS}/{seen['id']}/accept", headers=western).json()
    assert accepted["result"]["counts"]["loaded"] == 4
    assert (
        closed.client.get(f"/api/v1/grids?within={EAST}", headers=closed.key("reader", "all")).json()["features"] == []
    )
    # Nobody else sees the file, not even an administrator.
    other = closed.key("admin", "all")
    for method, address in (
        ("get", ""),
        ("post", "/accept"),
        ("get", "/report.csv"),
        ("get", "/shapes"),
        ("delete", ""),
    ):
        found = closed.client.request(method, f"{IMPORTS}/{seen['id']}{address}", headers=other)
        assert_problem(found, 404, "not_found")
    for role in ("reader", "commander", "fieldworker", "integrator"):
        refused = closed.client.post(
            f"{IMPORTS}?kind=grids&filename=a.gpkg", content=b"x", headers=closed.key(role, "all")
        )
        assert_problem(refused, 403, "forbidden")
    assert_problem(closed.client.post(f"{IMPORTS}?kind=grids&filename=a.gpkg", content=b"x"), 401, "unauthenticated")
    tree = closed.client.post(f"{IMPORTS}?kind=divisions&filename=a.csv", content=b"code,name,level", headers=western)
    assert_problem(tree, 403, "forbidden")
    shelters = tmp_path / "s.csv"
    shelters.write_text("名称,容纳人数,经度,纬度\n小学,100,103.485,34.515\n中学,100,103.505,34.515\n", encoding="utf-8")
    seen = sent(closed, western, shelters, "shelters")
    assert [(row["row"], row["status"]) for row in seen["preview"]["rows"]] == [(3, "rejected"), (2, "loaded")]
    beats = "编码,名称,经度,纬度\n1,一所,103.485,34.515\n".encode()
    layer = closed.client.post(f"{IMPORTS}?kind=layer&name=beats&filename=a.csv", content=beats, headers=western)
    assert_problem(layer, 403, "forbidden")
    everywhere = closed.key("editor", "all")
    layer = closed.client.post(f"{IMPORTS}?kind=layer&name=beats&filename=a.csv", content=beats, headers=everywhere)
    assert layer.json()["preview"]["counts"]["loaded"] == 1


def test_files_with_tricks_are_refused_and_leave_nothing(
    closed: Closed, editor: Header, home: Path, tmp_path: Path
) -> None:
    bomb, escape = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("grids.csv", b"0" * (64 << 20))
    with zipfile.ZipFile(escape, "w") as archive:
        archive.writestr("../../escaped.csv", b"code,name")
    before = set((home / "uploads").iterdir()) if (home / "uploads").is_dir() else set()
    for name, data, word in (
        ("a.zip", bomb.getvalue(), "grows beyond"),
        ("a.zip", escape.getvalue(), "leads outside"),
        ("a.exe", b"MZ...", "in no format"),
        ("a.shp", b"\0\0\x27\x0a", ".dbf"),
    ):
        answer = closed.client.post(f"{IMPORTS}?kind=grids&filename={name}", content=data, headers=editor)
        assert answer.json()["status"] == "refused"
        assert word in answer.json()["refusal"]["detail"]
        assert closed.client.delete(f"{IMPORTS}/{answer.json()['id']}", headers=editor).status_code == 204
    for query, data in (("kind=grids", b"x"), ("kind=grids&filename=..", b"x"), ("kind=grids&filename=a.csv", b""),
                        ("kind=people&filename=a.csv", b"x")):  # fmt: skip
        assert_problem(closed.client.post(f"{IMPORTS}?{query}", content=data, headers=editor), 422, "invalid_input")
    escaping = closed.client.post(
        f"{IMPORTS}?kind=grids&filename=../../../tmp/x.csv", content=b"code,name\n", headers=editor
    )
    assert escaping.json()["files"] == ["x.csv"]
    closed.client.delete(f"{IMPORTS}/{escaping.json()['id']}", headers=editor)
    assert set((home / "uploads").iterdir()) == before
    assert not list(tmp_path.parent.rglob("escaped.csv"))


def test_a_shapefile_may_come_as_its_files(closed: Closed, editor: Header, tmp_path: Path) -> None:
    surveyors(tmp_path)
    parts = [("file", (path.name, path.read_bytes())) for path in sorted(tmp_path.glob("z34.*"))]
    seen = closed.client.post(f"{IMPORTS}?kind=grids", files=parts, headers=editor).json()
    assert (seen["status"], seen["preview"]["counts"]["loaded"]) == ("previewed", 4)
    two = [("file", ("a.csv", b"code,name\n")), ("file", ("b.csv", b"code,name\n"))]
    refused = closed.client.post(f"{IMPORTS}?kind=grids", files=two, headers=editor).json()
    assert "zip them" in refused["refusal"]["detail"]
    assert_problem(
        closed.client.post(
            f"{IMPORTS}?kind=grids",
            data={"a": "b"},
            headers={**editor, "Content-Type": "multipart/form-data; boundary=x"},
        ),
        422,
        "invalid_input",
    )


def test_files_wait_privately_for_a_day_and_within_bounds(
    closed: Closed, editor: Header, home: Path, tmp_path: Path
) -> None:
    seen = sent(closed, editor, surveyors(tmp_path))
    folder = home / "uploads" / seen["id"]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, *folder.rglob("*"))}
    assert set(modes.values()) == {0o700, 0o600}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    record = folder / "record.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "expires_at": "2020-01-01T00:00:00+00:00",
                                  "created_at": "2020-01-01T00:00:00+00:00"}))  # fmt: skip
    assert_problem(closed.client.get(f"{IMPORTS}/{seen['id']}", headers=editor), 404, "not_found")
    sent(closed, editor, surveyors(tmp_path))
    assert not folder.exists()
    closed.app.state.uploads = UploadStore(home / "small", UploadLimits(file_bytes=1000, uploads=1))
    large = closed.client.post(f"{IMPORTS}?kind=grids&filename=a.csv", content=b"x" * 1001, headers=editor)
    assert_problem(large, 413, "too_large")
    form = closed.client.post(f"{IMPORTS}?kind=grids", files={"file": ("a.csv", b"x" * 1001)}, headers=editor)
    assert_problem(form, 413, "too_large")
    assert list((home / "small").iterdir()) == []
    closed.client.post(f"{IMPORTS}?kind=grids&filename=a.csv", content=b"code,name\n", headers=editor)
    full = closed.client.post(f"{IMPORTS}?kind=grids&filename=a.csv", content=b"x", headers=editor)
    assert_problem(full, 409, "too_many_uploads")


def test_another_worker_goes_on_where_the_first_was(closed: Closed, editor: Header, home: Path, tmp_path: Path) -> None:
    seen = sent(closed, editor, surveyors(tmp_path))
    settings = Settings.from_env({}, database_url=str(closed.app.state.settings.database_url), home=home)
    with TestClient(create_app(settings)) as second:
        assert second.get(f"{IMPORTS}/{seen['id']}", headers=editor).json() == seen
        assert second.post(f"{IMPORTS}/{seen['id']}/accept", headers=editor).json()["status"] == "accepted"
    assert closed.client.get(f"{IMPORTS}/{seen['id']}", headers=editor).json()["status"] == "accepted"


def test_what_was_looked_at_is_what_is_done(closed: Closed, editor: Header, tmp_path: Path) -> None:
    seen = sent(closed, editor, surveyors(tmp_path))
    other = sent(closed, editor, write_grids(tmp_path / "b.gpkg", grids_of(WEST)))
    assert closed.client.post(f"{IMPORTS}/{other['id']}/accept", headers=editor).status_code == 200
    changed = closed.client.post(f"{IMPORTS}/{seen['id']}/accept", headers=editor)
    assert_problem(changed, 409, "preview_changed")
    again = closed.client.patch(f"{IMPORTS}/{seen['id']}", json={}, headers=editor).json()
    assert again["preview"]["counts"] == {"loaded": 0, "unchanged": 4, "rejected": 0}
    assert closed.client.post(f"{IMPORTS}/{seen['id']}/accept", headers=editor).json()["status"] == "accepted"


def test_a_repair_is_offered_with_its_effect_and_done_when_it_is_accepted(
    closed: Closed, editor: Header, tmp_path: Path
) -> None:
    seen = sent(closed, editor, write_grids(tmp_path / "a.gpkg", gap(0.000003)))
    preview = seen["preview"]
    assert (preview["publishes"], preview["drafts"]) == (False, True)
    assert [problem["kind"] for problem in preview["problems"]] == ["gap"]
    assert shape(preview["problems"][0]["where"]).area == pytest.approx(0.000003 * 0.01)
    (repair,) = preview["repairs"]
    assert (repair["villages"], repair["accepted"], repair["tiles"], repair["left"]) == ([WEST], False, True, [])
    effects = {effect["code"]: effect for effect in repair["effects"]}
    changes = {code: each["area_after_m2"] - each["area_before_m2"] for code, each in effects.items()}
    assert sum(changes.values()) == pytest.approx(preview["problems"][0]["size"], rel=0.01)
    assert all(each["moved_max_m"] <= 0.5 for each in effects.values())
    assert all((each["addresses_in"], each["households_out"]) == (0, 0) for each in effects.values())
    address = f"{IMPORTS}/{seen['id']}"
    seen = closed.client.patch(address, json={"node": True}, headers=editor).json()
    assert (seen["preview"]["publishes"], seen["preview"]["problems"]) == (True, [])
    assert seen["preview"]["repairs"][0]["accepted"]
    done = closed.client.post(f"{address}/accept", headers=editor).json()
    assert done["result"]["version"] is not None
    assert any("noded" in row["reason"] for row in done["preview"]["rows"])
    assert closed.client.get(f"/api/v1/divisions/{WEST}/coverage", headers=editor).json()["problems"] == []


def test_a_gap_that_is_too_wide_is_not_repaired(closed: Closed, editor: Header, tmp_path: Path) -> None:
    seen = sent(closed, editor, write_grids(tmp_path / "a.gpkg", gap(0.001)))
    assert all(not repair["tiles"] for repair in seen["preview"]["repairs"])
    done = closed.client.patch(f"{IMPORTS}/{seen['id']}", json={"node": True, "tolerance_m": 5}, headers=editor).json()
    assert (done["preview"]["publishes"], done["preview"]["drafts"]) == (False, True)
    accepted = closed.client.post(f"{IMPORTS}/{seen['id']}/accept", headers=editor).json()
    (changeset,) = accepted["result"]["changesets"]
    shown = closed.client.get(f"/api/v1/changesets/{changeset}", headers=editor).json()
    assert [problem["kind"] for problem in shown["problems"]] == ["gap"]
    assert accepted["result"]["counts"]["loaded"] == 4
    assert TOWNSHIP in shown["villages"][0]
