"""What was measured, on what, as Markdown: a page whose sections are each replaced by a run of their topic.

A section stands between two comments that name its topic. What stands outside of them was written by people and stays.
"""

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

VERSIONS_OF = ("fastapi", "numba", "numpy", "psycopg", "pyarrow", "pyproj", "shapely", "sqlalchemy", "uvicorn")

_HEAD = """# Benchmarks

Made by `make bench`, or for some topics alone by `gridmap bench --only TOPIC`; every table is one run on one machine,
its contestants in turn. Quote ratios, not figures: machines differ.
"""

Cell = str | float | None
"""A figure or a word; None is a contestant that could not be measured, of which the note says why."""


@dataclass(frozen=True, slots=True)
class Table:
    """One comparison: what was done, the names of the columns, and a row for each contestant, its name first."""

    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    aims: Sequence[str] = ()
    """What was aimed at, and what was reached of it."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure has to be of another's: at least so much, or where less is better at most."""

    name: str
    of: str
    share: float
    at_most: bool = False

    def told(self, figures: Mapping[str, Cell]) -> str:
        """The aim beside what was measured.

        >>> Aim("us", "them", 0.8).told({"us": 3.0, "them": 4.0})
        '“us” ≥ 0.8 × “them”: 0.750, not reached'
        """
        mine, theirs = figures.get(self.name), figures.get(self.of)
        asked = f"“{self.name}” {'≤' if self.at_most else '≥'} {self.share:g} × “{self.of}”"
        if not isinstance(mine, float) or not isinstance(theirs, float) or not theirs:
            return f"{asked}: not measured"
        share = mine / theirs
        reached = share <= self.share if self.at_most else share >= self.share
        return f"{asked}: {_cell(share)}{'' if reached else ', not reached'}"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a figure has to be by itself: at most so much, or at least."""

    name: str
    limit: float
    at_most: bool = True

    def told(self, figure: float) -> str:
        """The aim beside what was measured.

        >>> Limit("a search, ms", 10).told(12.5)
        '“a search, ms” ≤ 10: 12.5, not reached'
        """
        reached = figure <= self.limit if self.at_most else figure >= self.limit
        asked = f"“{self.name}” {'≤' if self.at_most else '≥'} {self.limit:,g}"
        return f"{asked}: {_cell(figure)}{'' if reached else ', not reached'}"


def compared(
    title: str, unit: str, note: str, figures: Mapping[str, Cell], reference: str, aims: Sequence[Aim] = ()
) -> Table:
    """A table in the order given, each figure beside its share of the reference's, and below it the aims.

    >>> compared("Speed", "a second", "One run.", {"us": 3.0, "them": 2.0, "absent": None}, "them").rows
    [['us', 3.0, 1.5], ['them', 2.0, 1.0], ['absent', None, None]]
    """
    measured = figures[reference]
    rows: list[Sequence[Cell]] = [
        [name, figure, figure / measured if isinstance(figure, float) and isinstance(measured, float) else None]
        for name, figure in figures.items()
    ]
    told = [aim.told(figures) for aim in aims]
    return Table(title, f"{note} Ratios are to “{reference}”.", [unit, "ratio"], rows, told)


def write_section(page: Path, topic: str, tables: Sequence[Table], versions: str) -> None:
    """Puts a topic's tables in their place on the page, or at its end; the rest of the page is not touched."""
    text = page.read_text(encoding="utf-8") if page.exists() else _HEAD
    begin, end = f"<!-- measured: {topic} -->", f"<!-- end of {topic} -->"
    stamp = f"*{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_machine()}; {versions}*\n"
    section = "\n".join([begin, *(_markdown(table) for table in tables), stamp + end])
    former = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    replaced, sections = former.subn(lambda _: section, text, count=1)
    page.write_text(replaced if sections else f"{text.rstrip()}\n\n{section}\n", encoding="utf-8")


def own_versions() -> str:
    """Python's version and those of the libraries that figures depend on."""
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in VERSIONS_OF)])


def _markdown(table: Table) -> str:
    lines = [f"## {table.title}\n", f"{table.note}\n", "| | " + " | ".join(table.columns) + " |"]
    lines.append("|---|" + "---:|" * len(table.columns))
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in table.rows]
    lines += ["", *(f"- Aim: {aim}" for aim in table.aims)] if table.aims else []
    return "\n".join(lines) + "\n"


def _cell(cell: Cell) -> str:
    """Three digits that count, thousands in full.

    >>> [_cell(value) for value in (31234.5, 12.345, 0.01234, "yes", None)]
    ['31,234', '12.3', '0.0123', 'yes', '–']
    """
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:#.3g}".rstrip(".")


def _machine() -> str:
    cpu = next(
        (line.split(":", 1)[1].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")),
        platform.processor() or "unknown processor",
    )
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cpu}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()} {platform.machine()}"


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
