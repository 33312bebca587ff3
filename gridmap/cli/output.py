"""How reading commands tell what they found: a table for people, JSON for programs."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

_MOST_FITTED = 8
"""Tables with more columns than this are not squeezed into a terminal."""
_WIDEST = 40


def say(line: str) -> None:
    """Writes a line about what is going on to stderr, at once; stdout is for what was asked."""
    print(line, file=sys.stderr, flush=True)


def tell_rows(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Writes rows to stdout: as a JSON array, or as a table with a line a row; nothing found is said on stderr."""
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2, default=_json_value))
        return
    if not rows:
        say("nothing found")
        return
    # A file or pipe has no width to fit, and many columns fit into none: a row stays one line then, with every word.
    if not sys.stdout.isatty() or len(rows[0]) > _MOST_FITTED:
        print("\n".join(_lines([list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)])))
        return
    # Late: most commands draw no table.
    from rich.console import Console
    from rich.table import Table

    table = Table(*rows[0], box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    Console().print(table)


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines, their columns below each other; a cell of more than `_WIDEST` moves the rest of its own line."""
    from rich.cells import cell_len

    widths = [min(max(map(cell_len, column)), _WIDEST) for column in zip(*rows, strict=True)]
    padded = ([cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return ["  ".join(cells).rstrip() for cells in padded]


def _json_value(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
