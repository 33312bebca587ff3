"""What an import did: a fate for every row, the state before and after, and problems that are not of one row."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gridmap.editing.problems import Problem
from gridmap.exchange.ground import Ground
from gridmap.exchange.records import Detected, Record
from gridmap.exchange.repair import Repair
from gridmap.sentences import NOTHING, Sentence

Status = Literal["loaded", "unchanged", "rejected"]
REPORT_COLUMNS = ("table", "row", "column", "code", "status", "reason")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one row; `reason` says why it was rejected, or what was done to it."""

    table: str
    row: int
    code: str | None
    status: Status
    reason: Sentence = NOTHING
    column: str | None = None
    """The heading of the cell that a row was rejected for, where it is one cell."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the before/after table."""

    what: Sentence
    before: str
    after: str


@dataclass(slots=True)
class Loaded:
    """What a loader gives back: a fate for each record in order, and what there is to say beside."""

    fates: list[Fate] = field(default_factory=list)
    table: list[Line] = field(default_factory=list)
    problems: list[Sentence] = field(default_factory=list)
    """What is to be said of more than one row; it rejects none."""
    findings: list[Problem] = field(default_factory=list)
    """Gaps, overlaps and whatever else is wrong with the grids of a changeset."""
    repairs: list[Repair] = field(default_factory=list)
    version: int | None = None
    changesets: list[int] = field(default_factory=list)

    def load(self, record: Record, code: str | None, reason: Sentence = NOTHING) -> None:
        """The row is in."""
        self._add(record, code, "loaded", reason)

    def keep(self, record: Record, code: str | None) -> None:
        """The row says what is known already."""
        self._add(record, code, "unchanged", NOTHING)

    def reject(self, record: Record, code: str | None, reason: Sentence) -> None:
        """The row is not in."""
        self._add(record, code, "rejected", reason)

    def _add(self, record: Record, code: str | None, status: Status, reason: Sentence) -> None:
        said = Sentence.joined((reason, *record.notes))
        at_fault = record.at_fault if status == "rejected" else None
        self.fates.append(Fate(record.table, record.row, code, status, said, at_fault))


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Everything there is to tell of an import; a dry run's is the same, of what would have been done."""

    kind: str
    file: str
    dry_run: bool
    detected: tuple[Detected, ...]
    fates: tuple[Fate, ...]
    table: tuple[Line, ...]
    problems: tuple[Sentence, ...]
    version: int | None
    changesets: tuple[int, ...]
    findings: tuple[Problem, ...] = ()
    repairs: tuple[Repair, ...] = ()
    records: tuple[Record, ...] = ()
    ground: Ground = field(default_factory=Ground)
    """The outlines that the file was held against."""
    publishes: bool = False
    """Whether something is, or would be, published at once."""
    drafts: bool = False
    """Whether something becomes, or would become, a changeset."""

    def counts(self) -> dict[Status, int]:
        """How many rows are loaded, unchanged and rejected; they add up to the rows of the file."""
        counted = Counter(fate.status for fate in self.fates)
        return {"loaded": counted["loaded"], "unchanged": counted["unchanged"], "rejected": counted["rejected"]}

    def as_csv(
        self,
        headings: Sequence[str] = REPORT_COLUMNS,
        word: Callable[[Status | Sentence], str] = str,
    ) -> str:
        """The fate of every row as CSV that Excel opens in Chinese (UTF-8 with its mark), worded by `word`."""
        sink = io.StringIO()
        writer = csv.writer(sink)
        writer.writerow(headings)
        for fate in in_file_order(self.fates):
            told = [word(fate.status), word(fate.reason)]
            writer.writerow([fate.table, fate.row, fate.column or "", fate.code or "", *told])
        return "\ufeff" + sink.getvalue()


def in_file_order(fates: Sequence[Fate]) -> list[Fate]:
    """By table and row; loaders work through rows in an order of their own."""
    order = {table: place for place, table in enumerate(dict.fromkeys(fate.table for fate in fates))}
    return sorted(fates, key=lambda fate: (order[fate.table], fate.row))
