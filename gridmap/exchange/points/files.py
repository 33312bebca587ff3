"""Locating a file of points into another of the same kind, which is there whole or not at all."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange.points.arrow_points import BatchLocator
from gridmap.exchange.points.counts import Counts
from gridmap.exchange.points.csv_points import CsvPoints
from gridmap.snapshot.bulk import BulkLocator
from gridmap.snapshot.segment import place_file

CSV, PARQUET = (".csv", ".tsv", ".txt"), (".parquet", ".pq")
_CSV_PIECE = 8 << 20
_PARQUET_ROWS = 1 << 18

Progress = Callable[[int, int], None]
"""Told how much is done, and of how much: bytes of CSV, rows of Parquet."""


def check_names(source: Path, target: Path) -> None:
    """Raises InvalidInput for kinds of file that are not read, for two different ones, and for one file twice."""
    kinds = [next((kind for kind in (CSV, PARQUET) if path.suffix.lower() in kind), None) for path in (source, target)]
    if kinds[0] is None:
        raise _refused("--file", f"{source.name} is neither CSV nor Parquet; {', '.join(CSV + PARQUET)} are read")
    if kinds[0] != kinds[1]:
        raise _refused("--out", f"{target.name} is another kind of file than {source.name}; the same is written")
    if source.resolve() == target.resolve():
        raise _refused("--out", f"{target.name} is the file that is read")
    if not source.is_file():
        raise _refused("--file", f"there is no file {source}")


def locate_file(
    source: Path, target: Path, locator: BulkLocator, *, x: str, y: str, tell: Progress = lambda *_: None
) -> Counts:
    """Writes every row and column of the source with its answer to the target; how many rows of which status.

    Raises InvalidInput for a file that can't be read or has not the columns; then no target is left behind.
    """
    check_names(source, target)
    locate = _locate_csv if source.suffix.lower() in CSV else _locate_parquet
    with whole_file(target) as unfinished:
        return locate(source, unfinished, locator, (x, y), tell)


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Where to write what becomes the target when the block ends well; whoever is killed leaves no half of one."""
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        yield unfinished
        place_file(unfinished, target)
    except OSError as error:
        raise _refused("--out", f"{target} can't be written: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _locate_csv(source: Path, target: Path, locator: BulkLocator, wanted: tuple[str, str], tell: Progress) -> Counts:
    points = CsvPoints(locator, *wanted)
    size, done = source.stat().st_size, 0
    with source.open("rb") as file, target.open("wb") as out:
        while True:
            data = file.read(_CSV_PIECE)
            for made in points.feed(data, last=not data):
                out.write(made)
            done += len(data)
            tell(done, size)
            if not data:
                return points.counts


def _locate_parquet(
    source: Path, target: Path, locator: BulkLocator, wanted: tuple[str, str], tell: Progress
) -> Counts:
    try:
        with pq.ParquetFile(source) as file:
            batches = BatchLocator(locator, file.schema_arrow, *wanted)
            with pq.ParquetWriter(target, batches.schema) as writer:
                for batch in file.iter_batches(_PARQUET_ROWS):
                    for answered in batches.locate(batch):
                        writer.write_batch(answered)
                    tell(batches.counts.rows, file.metadata.num_rows)
            return batches.counts
    except pa.ArrowException as error:
        raise _refused("--file", f"{source.name} can't be read as Parquet: {error}") from None


def _refused(option: str, message: str) -> InvalidInput:
    return InvalidInput(f"{option}: {message}", errors=[FieldError(option, message)])
