"""`gridmap locate --engine dask`: a folder of tables, or one that is cut up, located by many processes or machines."""

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from gridmap.cli.locate_file import FileRequest, home_snapshots
from gridmap.cli.offline import current_snapshot_folder
from gridmap.cli.output import say
from gridmap.cli.progress import progress
from gridmap.cli.session import command_session
from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange.points.counts import Counts
from gridmap.exchange.points.dask_job import Finished, connected, run_parts, write_manifest
from gridmap.exchange.points.files import PARQUET, check_names, whole_file
from gridmap.exchange.points.parts import NOTES, Job, Part, plan_file, plan_folder
from gridmap.grids.layers.service import get_layer
from gridmap.settings import Settings
from gridmap.snapshot.export import export_file
from gridmap.snapshot.manifest import replace_all
from gridmap.snapshot.past import layer_table, past_villages_table
from gridmap.snapshot.reader import Snapshot
from gridmap.snapshot.segment import checksum

if TYPE_CHECKING:
    from distributed import Client

MANIFEST = "_manifest.json"


def locate_by_dask(asked: FileRequest) -> tuple[Counts, int]:
    """Does the job, or the rest of it; how many rows came to what, and the dataset version.

    Of a folder OUT is a folder of the same files, `_manifest.json` and the notes of the parts among them. Of one file
    OUT is one file again; its parts gather in `OUT.parts` until then, and `OUT.manifest.json` stays.
    """
    if not asked.source.is_dir():
        check_names(asked.source, asked.target)
    folder = asked.target if asked.source.is_dir() else asked.target.with_name(f"{asked.target.name}.parts")
    (folder / NOTES).mkdir(parents=True, exist_ok=True)
    job, version = _job(asked, folder)
    counts = None if asked.source.is_dir() else _done_before(asked, job)
    if counts is not None:
        say(f"{asked.target} was done before")
        shutil.rmtree(folder)
        return counts, version
    parts = plan_folder(asked.source, folder) if asked.source.is_dir() else plan_file(asked.source, folder, job)
    with connected(asked.scheduler, len(parts)) as client:
        finished = _run(client, job, parts, asked.source.name)
    if asked.source.is_dir():
        write_manifest(folder / MANIFEST, job, version, finished)
    else:
        _join(asked.target, parts)
        more = {"source": _mark_of(asked.source), "sha256": checksum(asked.target)}
        write_manifest(_manifest_of(asked.target), job, version, finished, **more)
        shutil.rmtree(folder)
    return finished.counts, version


def _manifest_of(target: Path) -> Path:
    return target.with_name(f"{target.name}.manifest.json")


def _mark_of(source: Path) -> str:
    return f"{source.absolute()} {source.stat().st_size} {source.stat().st_mtime_ns}"


def _done_before(asked: FileRequest, job: Job) -> Counts | None:
    """What the manifest beside OUT says, if it is of this job and file and OUT is still what was written."""
    try:
        told = json.loads(_manifest_of(asked.target).read_text())
        same = all(told[name] == value for name, value in asdict(job).items())
        if same and told["source"] == _mark_of(asked.source) and told["sha256"] == checksum(asked.target):
            return Counts(told["status"])
    except (OSError, ValueError, KeyError):
        pass
    return None


def _run(client: "Client", job: Job, parts: list[Part], name: str) -> Finished:
    with progress(f"locating {name} in {len(parts)} parts") as tell:
        finished = run_parts(client, job, parts, tell)
    before = sum(not done.anew for done in finished.done)
    if before:
        say(f"{before} of {len(parts)} parts were done before")
    return finished


def _job(asked: FileRequest, folder: Path) -> tuple[Job, int]:
    """What every part is told; a snapshot of the home is written out beside the parts for all workers to map."""
    file = asked.snapshot
    if file is None:
        file = folder / NOTES / "snapshot"
        write_snapshot(asked, file)
    elif asked.at is not None:
        message = "a snapshot that was exported knows one state only"
        raise InvalidInput(f"--at: {message}", errors=[FieldError("--at", message)])
    snapshot = Snapshot.open_file(file)
    if asked.layer is not None:
        snapshot.layer(asked.layer)
    mark = snapshot.manifest.mark
    return Job(str(file.absolute()), mark, asked.x, asked.y, asked.crs, asked.layer), snapshot.version


def write_snapshot(asked: FileRequest, file: Path) -> None:
    """The home's snapshot in one file: the newest, or of the time asked for, of the database if it is not kept."""
    with current_snapshot_folder(Settings.from_env()) as home:
        newest, chosen = home_snapshots(home, asked.at)
        if chosen is not None:
            export_file(home, file, None if asked.at is None else chosen.version)
            return
        with tempfile.TemporaryDirectory(dir=home) as made, command_session() as session:
            if asked.layer is None:
                table = past_villages_table(session, asked.at)
            else:
                table = layer_table(session, get_layer(session, asked.layer, asked.at))
            replace_all(Path(made), newest.version, [] if table is None else [table])
            export_file(Path(made), file)


def _join(target: Path, parts: list[Part]) -> None:
    """The parts one after the other in one file."""
    with whole_file(target) as unfinished:
        if target.suffix.lower() in PARQUET:
            _join_parquet(unfinished, parts)
            return
        with unfinished.open("wb") as out:
            for part in parts:
                with part.target.open("rb") as file:
                    shutil.copyfileobj(file, out, 1 << 20)


def _join_parquet(path: Path, parts: list[Part]) -> None:
    with pq.ParquetFile(parts[0].target) as first:
        schema = first.schema_arrow
    with pq.ParquetWriter(path, schema) as writer:
        for part in parts:
            with pq.ParquetFile(part.target) as file:
                for batch in file.iter_batches():
                    writer.write_batch(batch)
