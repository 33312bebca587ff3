"""`gridmap locate --file` from a snapshot in a file: no database, no server; on one machine and on a cluster."""

import csv
import json
import os
import signal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from distributed import Client, LocalCluster

from gridmap.bench.tessellation import SIDE, SOUTH, VILLAGE, WEST, winding_villages
from gridmap.errors import InvalidInput
from gridmap.exchange.points import parts as partition
from gridmap.exchange.points.dask_job import run_parts, write_manifest
from gridmap.exchange.points.files import locate_file
from gridmap.exchange.points.parts import Job, plan_file, plan_folder
from gridmap.geo.crs import Crs
from gridmap.snapshot.bulk import BulkLocator
from gridmap.snapshot.reader import Snapshot
from tests.cli.shell import Shell
from tests.snapshots import exported

WIDE, HIGH = 1, 4


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four villages of winding grids."""
    return exported(tmp_path_factory.mktemp("snapshot"), winding_villages(WIDE, HIGH))


@pytest.fixture(scope="module")
def gridmap(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A shell whose database can't be reached."""
    shell = Shell("postgresql://nobody@127.0.0.1:1/nothing")
    shell.env["GRIDMAP_HOME"] = str(tmp_path_factory.mktemp("home"))
    return shell


def locator(snapshot: Path) -> BulkLocator:
    opened = Snapshot.open_file(snapshot)
    return BulkLocator(opened.villages, opened.version, Crs.parse("EPSG:4490"))


def points(count: int, seed: int = 4) -> tuple[list[float], list[float]]:
    random = np.random.default_rng(seed)
    lon = random.uniform(WEST, WEST + 1.1 * WIDE * VILLAGE * SIDE, count)
    return lon.tolist(), random.uniform(SOUTH, SOUTH + HIGH * SIDE, count).tolist()


def write_csv(path: Path, count: int, seed: int = 4) -> Path:
    rows = [f'{n},{lon!r},{lat!r},"村\n{n}"' for n, (lon, lat) in enumerate(zip(*points(count, seed), strict=True))]
    path.write_text("\n".join(["id,lon,lat,name", *rows]) + "\n")
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_csv_without_any_database(gridmap: Shell, snapshot: Path, tmp_path: Path) -> None:
    source, target = write_csv(tmp_path / "in.csv", 500), tmp_path / "out.csv"
    told = gridmap("locate", "--file", str(source), "--out", str(target), "--snapshot", str(snapshot))
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith(f"{target}: 500 rows: ")
    before, after = read_csv(source), read_csv(target)
    assert [{name: row[name] for name in before[0]} for row in after] == before
    lon, lat = points(500)
    singles = [Snapshot.open_file(snapshot).villages.find(*point).items for point in zip(lon, lat, strict=True)]
    assert [row["grid_code"] for row in after] == [items[0].code if items else "" for items in singles]
    assert {row["grid_status"] for row in after} == {"ok", "outside"}


def test_rows_that_hold_no_point_are_marked_and_said(gridmap: Shell, snapshot: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes("经度;纬度;名\n103.005;34.005;木\n;;耳\n".encode("gb18030"))
    told = gridmap("locate", "--file", str(source), "--out", str(target), "--snapshot", str(snapshot), "--x", "经度",
                   "--y", "纬度", "--json")  # fmt: skip
    assert told.returncode == 1
    assert json.loads(told.stdout)["status"]["invalid"] == 1
    assert "1 rows hold no point" in told.stderr
    assert target.read_bytes().decode("gb18030").splitlines() == [
        "经度;纬度;名;grid_code;grid_status", "103.005;34.005;木;900000000000001;ok", ";;耳;;invalid",
    ]  # fmt: skip


def test_what_can_not_be_done_leaves_nothing_behind(gridmap: Shell, snapshot: Path, tmp_path: Path) -> None:
    source, out = write_csv(tmp_path / "in.csv", 5), tmp_path / "out.csv"
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1")

    def refused(said: str, given: Path, target: Path, x: str = "lon") -> None:
        with pytest.raises(InvalidInput, match=said):
            locate_file(given, target, locator(snapshot), x=x, y="lat")

    refused("no column 'x' for x; the columns are id, lon, lat, name", source, out, "x")
    refused("another kind of file", source, out.with_suffix(".parquet"))
    refused("there is no file", tmp_path / "no.csv", out)
    refused("neither CSV nor Parquet", tmp_path / "in.xlsx", out)
    refused("can't be read as Parquet", broken, out.with_suffix(".parquet"))
    refused("the file that is read", source, source)
    refused("can't be written", source, tmp_path / "no" / "out.csv")
    told = gridmap("locate", "--file", str(source))
    assert (told.returncode, "--file wants --out" in told.stderr) == (2, True)
    told = gridmap("locate", "--file", str(source), "--out", str(out), "--x", "x", "--snapshot", str(snapshot))
    assert (told.returncode, "no column 'x'" in told.stderr) == (1, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.parquet", "in.csv"]


def test_parquet(snapshot: Path, tmp_path: Path) -> None:
    lon, lat = points(3000)
    table = pa.table({"lat": lat, "list": [[n] for n in range(3000)], "lon": [None, *lon[1:]]})
    pq.write_table(table.replace_schema_metadata({"who": "us"}), tmp_path / "in.parquet", row_group_size=700)
    counts = locate_file(tmp_path / "in.parquet", tmp_path / "out.parquet", locator(snapshot), x="lon", y="lat")
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.drop(["grid_code", "grid_status"]).equals(table)
    assert found.schema.metadata[b"who"] == b"us"
    assert (counts.rows, counts.by_status["invalid"], found["grid_status"][0].as_py()) == (3000, 1, "invalid")


def job_of(snapshot: Path) -> Job:
    return Job(str(snapshot), Snapshot.open_file(snapshot).manifest.mark, "lon", "lat", "EPSG:4490", None)


@pytest.mark.xdist_group("dask")
def test_a_worker_that_is_killed_loses_no_row(snapshot: Path, tmp_path: Path) -> None:
    source, folder = tmp_path / "in", tmp_path / "out"
    (source / "b").mkdir(parents=True)
    names = [f"{n:02d}.csv" for n in range(6)] + [f"b/{n}.parquet" for n in range(4)]
    for seed, name in enumerate(names):
        if name.endswith(".csv"):
            write_csv(source / name, 20_000, seed)
        else:
            lon, lat = points(20_000, seed)
            pq.write_table(pa.table({"lon": lon, "lat": lat}), source / name)
    job, killed = job_of(snapshot), []
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with cluster, Client(cluster) as client:
        workers = list(client.run(os.getpid).values())

        def tell(done: int, total: int) -> None:
            assert total == len(names)
            if done == 2:
                killed.append(workers[0])
                os.kill(workers[0], signal.SIGKILL)

        finished = run_parts(client, job, plan_folder(source, folder), tell)
        assert killed
        assert finished.counts.rows == 20_000 * len(names)
        for name in names:
            locate_file(source / name, tmp_path / f"alone{Path(name).suffix}", locator(snapshot), x="lon", y="lat")
            if name.endswith(".csv"):
                assert (folder / name).read_bytes() == (tmp_path / "alone.csv").read_bytes()
            else:
                assert pq.read_table(folder / name).equals(pq.read_table(tmp_path / "alone.parquet"))
        write_manifest(folder / "_manifest.json", job, 1, finished)
        told = json.loads((folder / "_manifest.json").read_text())
        assert told["rows_in"] == told["rows_out"] == sum(part["rows_in"] for part in told["parts"]) == 200_000

        (folder / names[0]).write_text("damaged")
        (folder / names[8]).unlink()
        write_csv(source / names[2], 10_000, 99)
        again = run_parts(client, job, plan_folder(source, folder), lambda *_: None)
        assert [done.part.name for done in again.done if done.anew] == [names[0], names[2], names[8]]
        assert again.counts.rows == 190_000


def test_a_file_cut_into_parts_is_the_same_as_whole(
    snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition, "CSV_PART_BYTES", 10_000)
    monkeypatch.setattr(partition, "PARQUET_PART_ROWS", 1000)
    monkeypatch.setattr(partition, "_PIECE", 4096)
    source, job = write_csv(tmp_path / "in.csv", 3000), job_of(snapshot)
    parts = plan_file(source, tmp_path / "parts", job)
    done = [partition.locate_part(job, part) for part in parts]
    assert len(done) > 10
    assert sum(part.rows_out for part in done) == 3000
    locate_file(source, tmp_path / "out.csv", locator(snapshot), x="lon", y="lat")
    assert b"".join(part.target.read_bytes() for part in parts) == (tmp_path / "out.csv").read_bytes()
    lon, lat = points(3000)
    pq.write_table(pa.table({"lon": lon, "lat": lat}), tmp_path / "in.parquet", row_group_size=600)
    parts = plan_file(tmp_path / "in.parquet", tmp_path / "parts", job)
    assert [part.rows for part in parts] == [600] * 5
    with pytest.raises(InvalidInput, match="not the snapshot"):
        partition.locate_part(Job(job.snapshot, "other", "lon", "lat", "EPSG:4490", None), parts[0])


@pytest.mark.xdist_group("dask")
def test_by_dask_on_the_command_line(gridmap: Shell, snapshot: Path, tmp_path: Path) -> None:
    source, target = write_csv(tmp_path / "in.csv", 2000), tmp_path / "out.csv"
    arguments = ("locate", "--file", str(source), "--out", str(target), "--snapshot", str(snapshot), "--engine", "dask")
    told = gridmap(*arguments)
    assert told.returncode == 0, told.stderr
    locate_file(source, tmp_path / "alone.csv", locator(snapshot), x="lon", y="lat")
    assert target.read_bytes() == (tmp_path / "alone.csv").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "alone.csv",
        "in.csv",
        "out.csv",
        "out.csv.manifest.json",
    ]
    again = gridmap(*arguments)
    assert (again.returncode, "was done before" in again.stderr, again.stdout) == (0, True, told.stdout)
    nowhere = gridmap(*arguments[:4], str(tmp_path / "x.csv"), *arguments[5:], "--scheduler", "tcp://127.0.0.1:9")
    assert nowhere.returncode == 3, nowhere.stderr
