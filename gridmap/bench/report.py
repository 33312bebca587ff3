"""What was measured, on what, as Markdown."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

VERSIONS_OF = ("fastapi", "numpy", "psycopg", "pyproj", "shapely", "sqlalchemy", "uvicorn")

_HEAD = """# Benchmarks

Made by `make bench`; every table is one run on one machine, its contestants in turn. Quote ratios, not figures:
machines differ.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant: what it is, its figure in the table's unit, and that figure over the reference's."""

    name: str
    figure: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Table:
    """One comparison. `more_is_better` says how to read the ratio; `note` what was done."""

    title: str
    unit: str
    note: str
    rows: Sequence[Row]


def compared(title: str, unit: str, note: str, figures: dict[str, float], reference: str) -> Table:
    """A table in the order given, each figure as a share of the reference's."""
    rows = [Row(name, figure, figure / figures[reference]) for name, figure in figures.items()]
    return Table(title, unit, f"{note} Ratios are to “{reference}”.", rows)


def as_markdown(tables: Sequence[Table], postgis: str) -> str:
    """The page: machine and versions, then a table for each comparison."""
    parts = [
        _HEAD,
        f"- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_machine()}",
        f"- Python {platform.python_version()}, {postgis}",
        "- " + ", ".join(f"{name} {version(name)}" for name in VERSIONS_OF) + "\n",
        *(_table(table) for table in tables),
    ]
    return "\n".join(parts)


def _table(table: Table) -> str:
    lines = [f"## {table.title}\n", f"{table.note}\n", f"| | {table.unit} | ratio |", "|---|---:|---:|"]
    lines += [f"| {row.name} | {_rounded(row.figure)} | {row.ratio:.2f} |" for row in table.rows]
    return "\n".join(lines) + "\n"


def _rounded(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:,.3g}"


def _machine() -> str:
    cpu = next(
        (line.split(":", 1)[1].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")),
        platform.processor() or "unknown processor",
    )
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cpu}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()} {platform.machine()}"


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
