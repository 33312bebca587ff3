"""Points in parts: a folder of files, or one big file cut at rows, each part located for itself, once, and checked.

A part is done when its file and, after that, a note of it lie in the job's folder: whoever runs the job again does
only what has no note, or a note of something else. A part that is done twice is the same twice.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange.points.arrow_points import BatchLocator
from gridmap.exchange.points.counts import Counts
from gridmap.exchange.points.csv_header import CsvHeader, head_size, parse_header
from gridmap.exchange.points.csv_points import CsvPoints, walk_rows
from gridmap.exchange.points.files import CSV, PARQUET, whole_file
from gridmap.geo.crs import Crs
from gridmap.snapshot.bulk import BulkLocator
from gridmap.snapshot.reader import Snapshot
from gridmap.snapshot.segment import checksum

CSV_PART_BYTES, PARQUET_PART_ROWS = 64 << 20, 1 << 21
NOTES = "_parts"
"""The folder of the notes in that of the parts; readers of partitioned tables pass over what begins so."""
_PIECE = 8 << 20
_HEAD = 1 << 20


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked of every part. The path is the same on every machine; `mark` tells the snapshot's state."""

    snapshot: str
    mark: str
    x: str
    y: str
    crs: str
    layer: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a file: bytes of a CSV behind its header, or row groups of a Parquet; the whole file when `last` is -1.

    `rows` is how many there are, where that was counted. `modified_ns` tells when the file was another.
    """

    source: str
    modified_ns: int
    folder: str
    name: str
    first: int = 0
    last: int = -1
    rows: int | None = None

    @property
    def target(self) -> Path:
        """The file that is written."""
        return Path(self.folder) / self.name

    @property
    def note(self) -> Path:
        """Where it stands that it was."""
        return Path(self.folder) / NOTES / f"{self.name}.json"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a part: its rows, those in the file that was written, that file's checksum; whether just now."""

    part: Part
    rows: int
    rows_out: int
    status: dict[str, int]
    sha256: str
    anew: bool = True


def plan_folder(source: Path, folder: Path) -> list[Part]:
    """A part for each file, by name. Raises InvalidInput when there is none that is read."""
    found = sorted(path for path in source.rglob("*") if path.suffix.lower() in CSV + PARQUET and path.is_file())
    if not found:
        raise _refused(f"there is no CSV or Parquet in {source}")
    return [_part(path, folder, str(path.relative_to(source))) for path in found]


def plan_file(source: Path, folder: Path, job: Job) -> list[Part]:
    """Parts of one file, in order. Raises InvalidInput when it has not the columns."""
    cuts = _csv_cuts(source, job) if _is_csv(source.name) else _parquet_cuts(source)
    return [
        replace(_part(source, folder, f"part-{at:05d}{source.suffix}"), first=first, last=last, rows=rows)
        for at, (first, last, rows) in enumerate(cuts)
    ]


def _part(source: Path, folder: Path, name: str) -> Part:
    return Part(str(source.absolute()), source.stat().st_mtime_ns, str(folder.absolute()), name)


def _csv_cuts(source: Path, job: Job) -> Iterator[tuple[int, int, int]]:
    """From which byte to which, at ends of rows, and how many rows."""
    header, begin = read_header(source, job)
    first, rows = begin, 0
    for passed, count in walk_rows(_pieces(source, begin, -1), header):
        rows += count
        if begin + passed - first >= CSV_PART_BYTES:
            yield first, begin + passed, rows
            first, rows = begin + passed, 0
    if rows or first == begin:
        yield first, source.stat().st_size, rows


def _parquet_cuts(source: Path) -> Iterator[tuple[int, int, int]]:
    """From which row group to which, and how many rows."""
    with _opened(source) as file:
        sizes = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
    bounds, rows = [0], 0
    for at, size in enumerate(sizes):
        if rows + size > PARQUET_PART_ROWS and rows:
            bounds.append(at)
            rows = 0
        rows += size
    for first, last in pairwise([*bounds, len(sizes)]):
        yield first, last, sum(sizes[first:last])


def locate_part(job: Job, part: Part) -> Done:
    """Does a part, or finds it done. Raises InvalidInput as for a file of its own, and when rows were lost."""
    done = _found(job, part)
    if done is not None:
        return done
    part.note.parent.mkdir(parents=True, exist_ok=True)
    part.target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(part.target) as unfinished:
        locate = _locate_csv if _is_csv(part.name) else _locate_parquet
        counts = locate(job, part, unfinished)
        rows_out = _rows_written(job, part, unfinished)
        if counts.rows != rows_out or part.rows not in {None, rows_out}:
            told = f"{counts.rows} rows were located and {rows_out} written"
            raise InvalidInput(f"{part.source} {part.name}: {told}")
        done = Done(part, counts.rows, rows_out, counts.by_status, checksum(unfinished))
    with whole_file(part.note) as unfinished:
        unfinished.write_text(json.dumps({"job": asdict(job), **asdict(done)}))
    return done


def _found(job: Job, part: Part) -> Done | None:
    """What the note says, if it is of this job and part and the file is still what was written."""
    try:
        note: dict[str, Any] = json.loads(part.note.read_text())
        if note["job"] != asdict(job) or note["part"] != asdict(part) or checksum(part.target) != note["sha256"]:
            return None
        return Done(part, note["rows"], note["rows_out"], note["status"], note["sha256"], anew=False)
    except (OSError, ValueError, KeyError):
        return None


def _locate_csv(job: Job, part: Part, target: Path) -> Counts:
    source = Path(part.source)
    header, begin = read_header(source, job)
    points = CsvPoints(_locator(job), job.x, job.y, header.encoding)
    first = begin if part.last < 0 else part.first
    with source.open("rb") as file, target.open("wb") as out:
        lines = points.feed(file.read(begin), head=True)
        # Of a file that was cut only the first part has the header, so that the parts follow each other.
        if first == begin:
            out.writelines(lines)
    with target.open("ab") as out:
        for piece in _pieces(source, first, part.last):
            out.writelines(points.feed(piece))
        out.writelines(points.feed(b"", last=True))
    return points.counts


def _locate_parquet(job: Job, part: Part, target: Path) -> Counts:
    with _opened(Path(part.source)) as file:
        groups = range(file.num_row_groups) if part.last < 0 else range(part.first, part.last)
        batches = BatchLocator(_locator(job), file.schema_arrow, job.x, job.y)
        with pq.ParquetWriter(target, batches.schema) as writer:
            for batch in file.iter_batches(row_groups=list(groups)) if groups else ():
                for answered in batches.locate(batch):
                    writer.write_batch(answered)
    return batches.counts


def _rows_written(job: Job, part: Part, path: Path) -> int:
    """Counted in the file."""
    if not _is_csv(part.name):
        return int(pq.read_metadata(path).num_rows)
    begin = 0
    if part.first == 0 or part.last < 0 or part.first == read_header(Path(part.source), job)[1]:
        header, begin = read_header(path, job)
    else:
        header = _widened(read_header(Path(part.source), job)[0], job)
    return sum(count for _, count in walk_rows(_pieces(path, begin, -1), header))


def _widened(header: CsvHeader, job: Job) -> CsvHeader:
    """The header of what is written."""
    return replace(header, names=(*header.names, *("",) * (3 if job.layer else 2)))


def read_header(path: Path, job: Job) -> tuple[CsvHeader, int]:
    """A CSV's first line, and how many bytes it has. Raises InvalidInput without the columns."""
    with path.open("rb") as file:
        sample = file.read(_HEAD)
    size = head_size(sample) or len(sample)
    return parse_header(sample[:size], sample, job.x, job.y, None), size


def _pieces(path: Path, first: int, last: int) -> Iterator[bytes]:
    """The bytes from one to another, or to the end of the file."""
    with path.open("rb") as file:
        file.seek(first)
        left = (path.stat().st_size if last < 0 else last) - first
        while left > 0 and (data := file.read(min(_PIECE, left))):
            left -= len(data)
            yield data


@lru_cache(maxsize=2)
def _locator(job: Job) -> BulkLocator:
    """Opened once in a process. Raises InvalidInput when another snapshot lies there than was meant."""
    snapshot = Snapshot.open_file(Path(job.snapshot))
    if snapshot.manifest.mark != job.mark:
        raise InvalidInput(f"{job.snapshot} is not the snapshot that this job began with")
    segments = snapshot.villages if job.layer is None else snapshot.layer(job.layer)
    return BulkLocator(
        segments, snapshot.version, Crs.parse(job.crs, parameter="--crs"), in_layer=job.layer is not None
    )


def _opened(source: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(source)
    except pa.ArrowException as error:
        raise _refused(f"{source.name} can't be read as Parquet: {error}") from None


def _is_csv(name: str) -> bool:
    return Path(name).suffix.lower() in CSV


def _refused(message: str) -> InvalidInput:
    return InvalidInput(f"--file: {message}", errors=[FieldError("--file", message)])
