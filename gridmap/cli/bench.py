"""`gridmap bench`: measurements against named peers."""

from pathlib import Path
from typing import Annotated

import typer

from gridmap.cli.output import say


def bench(
    page: Annotated[Path, typer.Option(help="Where the tables go.")] = Path("docs/benchmarks.md"),
    only: Annotated[list[str] | None, typer.Option(help="A topic to be measured anew, once for each.")] = None,
) -> None:
    """Measures gridmap beside named peers, in a folder of its own, and writes a page of tables."""
    from gridmap.bench.run import run

    run(page, say, only or ())
    print(page)
