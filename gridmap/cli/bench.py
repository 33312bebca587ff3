"""`gridmap bench`: measurements against named peers."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def bench(
    page: Annotated[Path, typer.Option(help="Where the tables go.")] = Path("docs/benchmarks.md"),
) -> None:
    """Measures gridmap beside named peers, in a folder of its own, and writes a page of tables."""
    from gridmap.bench.run import run

    run(page, lambda line: print(line, file=sys.stderr, flush=True))
    print(page)
