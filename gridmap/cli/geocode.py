"""`gridmap address search` and `gridmap address geocode`: the door that a text means, for one text or a table."""

import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from gridmap.cli.output import say, tell_rows
from gridmap.db.opening import open_database
from gridmap.errors import ClusterError, DatabaseUnavailable, InvalidInput, NotFound
from gridmap.settings import Settings

# What reads the index is imported by the commands that do: others need not wait for it.
if TYPE_CHECKING:
    from gridmap.exchange.address_csv import CsvTable
    from gridmap.snapshot.addresses import Served

Within = Annotated[str | None, typer.Option("--within", help="The division or grid it lies in.")]
_LINE_EVERY_S = 5.0
_BATCHES_EACH = 8


def search_text(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="An address as somebody wrote or said it.")],
    within: Within = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, help="How many answers.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="GeoJSON for programs.")] = False,
) -> None:
    """Finds the doors and places that a text means, the best first."""
    from gridmap.addresses.search.answer import as_json as told
    from gridmap.addresses.search.answer import feature_of
    from gridmap.addresses.search.asking import Asking
    from gridmap.addresses.search.inside import search_inside

    with _served() as served:
        asking = Asking(limit, _prefixes(served, within))
        features = [told(feature_of(match)) for match in search_inside(served.index, text, asking)]
    if as_json:
        answer = {"type": "FeatureCollection", "version": served.version, "query": text, "features": features}
        print(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    shown = ("score", "match_level", "id", "label", "grid_code")
    tell_rows([{name: feature["properties"][name] for name in shown} for feature in features], as_json=False)


def geocode(
    file: Annotated[Path, typer.Option("--file", metavar="IN.csv", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option("--out", metavar="OUT.csv", help="Written whole, or not at all.")],
    column: Annotated[
        list[str] | None, typer.Option("--column", help="The column of the text; several are joined.")
    ] = None,
    within: Within = None,
    encoding: Annotated[str | None, typer.Option("--encoding", help="utf-8, gbk …; found out when not given.")] = None,
    delimiter: Annotated[str | None, typer.Option("--delimiter", help="Found out when not given.")] = None,
) -> None:
    """Codes a table of addresses: every row and column in its order, with `result_*` columns and a status."""
    from gridmap.exchange.address_csv import CsvTable

    unfinished = out.with_name(f".{out.name}.{os.getpid()}")
    with file.open("rb") as source, _served() as served:
        table = CsvTable(source, encoding, delimiter)
        columns = table.address_columns(column or [])
        say(f"the text is read from {', '.join(table.form.header[at] for at in columns)} ({table.form.encoding})")
        counts: Counter[str] = Counter()
        try:
            with _progress(file.stat().st_size) as tell, unfinished.open("wb") as sink:
                for data in _coded(table, columns, served, _prefixes(served, within), counts):
                    sink.write(data)
                    tell(source.tell())
            unfinished.replace(out)
        except OSError as error:
            raise InvalidInput(f"{out} can't be written: {error.strerror}") from None
        finally:
            unfinished.unlink(missing_ok=True)
    told = ", ".join(f"{status} {counts[status]:,}" for status in sorted(counts)) or "no rows"
    say(f"{counts.total():,} rows: {told}")


def _coded(
    table: "CsvTable", columns: list[int], served: "Served", prefixes: tuple[str, ...], counts: Counter[str]
) -> Iterator[bytes]:
    """The table with its answers, found by as many processes as there are processors."""
    from gridmap.addresses.search.bulk import SEARCH_COLUMNS
    from gridmap.exchange.address_csv import answered_in_batches

    work = _Work(served, columns, prefixes)
    work([["warm"]])
    processes = os.cpu_count() or 1
    # Forked, so that the index is shared: nothing else runs in this process.
    with multiprocessing.get_context("fork").Pool(processes, _take, (work,)) as pool:

        def code(batches: Iterable[list[list[str]]]) -> Iterator[list[list[str]]]:
            left = iter(batches)
            # So many at a time: the pool would else read all of the table before the first is answered.
            while window := list(islice(left, processes * _BATCHES_EACH)):
                yield from pool.map(_give, window, chunksize=1)

        for data in answered_in_batches(table, SEARCH_COLUMNS, code):
            yield data.written
            counts.update(data.statuses)


class _Work:
    """Codes batches of rows."""

    def __init__(self, served: "Served", columns: list[int], prefixes: tuple[str, ...]) -> None:
        from gridmap.addresses.search.asking import Asking
        from gridmap.exchange.address_csv import SearchRow

        self._index, self._answer = served.index, SearchRow(tuple(columns), Asking(1, prefixes))

    def __call__(self, rows: list[list[str]]) -> list[list[str]]:
        from gridmap.exchange.coding_processes import answer_batch

        return answer_batch(self._index, self._answer, rows)


_given: list[_Work] = []
"""What a process of the pool was given to work with."""


def _take(work: _Work) -> None:
    _given.append(work)


def _give(rows: list[list[str]]) -> list[list[str]]:
    return _given[-1](rows)


@contextmanager
def _served() -> "Iterator[Served]":
    """The index, brought up to the database when that can be reached, as it is when not."""
    from gridmap.db.engine import make_engine
    from gridmap.snapshot.addresses import AddressStore

    settings = Settings.from_env()
    try:
        with open_database(settings, report=say) as database:
            served = AddressStore(database.engine, settings.home).current()
    except (DatabaseUnavailable, ClusterError) as error:
        engine = make_engine("postgresql+psycopg://")
        served = AddressStore(engine, settings.home).last()
        say(f"{error.detail} Going on with the addresses of version {served.version}.")
    yield served


def _prefixes(served: "Served", within: str | None) -> tuple[str, ...]:
    if within is None:
        return ("",)
    if not (within.isascii() and within.isdigit()):
        raise InvalidInput(f"--within: {within!r} is no code of a division or grid")
    prefixes = served.index.prefixes(within)
    if prefixes is None:
        raise NotFound(f"There is no division {within}.")
    return prefixes


@contextmanager
def _progress(size: int) -> Iterator[Callable[[int], None]]:
    """How much of the file was read: a bar on a terminal, else a line now and then."""
    console = Console(stderr=True)
    if console.is_terminal:
        columns = (TextColumn("coding"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("", total=size)
            yield lambda done: bar.update(task, completed=done)
        return
    last = time.monotonic()

    def line(done: int) -> None:
        nonlocal last
        if time.monotonic() - last > _LINE_EVERY_S:
            last = time.monotonic()
            print(f"{done * 100 // max(size, 1)} % read", file=sys.stderr, flush=True)

    yield line
