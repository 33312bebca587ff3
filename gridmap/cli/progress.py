"""How far long work is: a bar on a terminal, a line now and then elsewhere, always on stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gridmap.cli.output import say

_LINE_EVERY_S = 5.0


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yields what is to be told how much is done, and of how much."""
    if not sys.stderr.isatty():
        yield _lines(what)
        return
    # Late: a question about one point draws no bar.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(what: str) -> Callable[[int, int], None]:
    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _LINE_EVERY_S and total:
            last = time.monotonic()
            say(f"{what}: {100 * done // total} %")

    return tell
