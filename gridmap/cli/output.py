"""How reading commands tell what they found: a table for people, JSON for programs."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any


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
    # Late: most commands draw no table.
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(*rows[0], box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    # A file or pipe has no width to fit: a row must stay one line there.
    console.print(table, soft_wrap=not console.is_terminal)


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
