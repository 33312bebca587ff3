"""Exit statuses, one for each class of domain error, and how an error is told on a terminal."""

import sys

from gridmap.errors import ClusterError, GridmapError, SettingsError, Unavailable

REFUSED = 1
USAGE = 2
UNREACHABLE = 3

_STATUS: dict[type[GridmapError], int] = {
    GridmapError: REFUSED,
    SettingsError: USAGE,
    Unavailable: UNREACHABLE,
    ClusterError: UNREACHABLE,
}


def exit_status(error: GridmapError) -> int:
    """0 is done, 1 refused input, 2 wrong usage, 3 nothing to talk to; looked up along the class tree."""
    return next(_STATUS[cls] for cls in type(error).__mro__ if cls in _STATUS)


def tell(error: GridmapError) -> None:
    """Writes the error to stderr: its sentence, then a line for each field or row."""
    print(f"gridmap: {error.detail}", file=sys.stderr)
    for problem in error.errors:
        line = f"  {problem.where}: {problem.message}"
        if line.strip() not in error.detail:
            print(line, file=sys.stderr)
