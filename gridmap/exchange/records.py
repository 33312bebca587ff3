"""From tables to records: columns by their meaning, places in degrees on the lattice, and what was made of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.errors import InvalidInput
from gridmap.exchange.codes import BadCode, code_text
from gridmap.exchange.columns import Kind, Mapped, map_columns
from gridmap.exchange.crs_detection import CrsDecision, detect, number_class
from gridmap.exchange.degrees import parse_coordinate
from gridmap.exchange.ground import Ground, Placed, moved
from gridmap.exchange.shapes import settle
from gridmap.exchange.table import Row, Table, Value
from gridmap.sentences import Sentence, say

NO_GEOMETRY = say("no_geometry", "it has no geometry")
# A class of numbers with fewer rows than this share of the table is a handful of slips, not another system.
_SLIPS = 0.05


@dataclass(slots=True)
class Record:
    """One row with its fields by name; `geometry` is in EPSG:4490 on the lattice, valid and not empty."""

    table: str
    row: int
    fields: Mapping[str, Value]
    properties: Mapping[str, Value]
    geometry: BaseGeometry | None = None
    problem: Sentence | None = None
    notes: list[Sentence] = field(default_factory=list)
    columns: Mapping[str, str] = field(default_factory=dict)
    """The heading that each field is read from."""
    at_fault: str | None = None
    """The heading of the cell that the problem is about, where it is one cell."""

    def text(self, name: str) -> str | None:
        """A field as text; None when it is missing or blank."""
        value = self.fields.get(name)
        return None if value is None or str(value).strip() == "" else str(value).strip()

    def line(self, name: str) -> str | None:
        """A field as one line of text: a cell that is broken into lines is one name all the same."""
        text = self.text(name)
        return None if text is None else " ".join(text.split())


@dataclass(frozen=True, slots=True)
class CrsUse:
    """How many rows of a table were read in one way, and why."""

    rows: int
    decision: CrsDecision


@dataclass(frozen=True, slots=True)
class Detected:
    """What was made of one table: every decision and its reason."""

    table: str
    rows: int
    columns: Mapped
    unused: tuple[str, ...]
    crs: tuple[CrsUse, ...]
    notes: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an import wants of its file, and what the person asked for."""

    kind: Kind
    geometry: str | None
    """`polygon`, `point`, `any`, or None when places don't matter."""
    columns: Mapping[str, str]
    crs: str | None = None
    mend: bool = False
    """Whether broken rings may be mended, with a note; else their rows are rejected."""
    places: Callable[[Record], str | None] | None = None
    """Where a row belongs, when its code does not say so: the village that its text names."""


def make_records(table: Table, wanted: Wanted, ground: Ground) -> tuple[Detected, list[Record]]:
    """The records of a table, one a row, in order. Raises InvalidInput when the table can't be understood at all."""
    mapped = map_columns(table, wanted.kind, wanted.columns)
    places = {name: table.columns.index(column) for name, column in mapped.columns.items()}
    records = [
        Record(
            table.name,
            row.number,
            {name: row.values[place] for name, place in places.items()},
            dict(zip(table.columns, row.values, strict=True)),
            problem=row.problem,
            columns=mapped.columns,
        )
        for row in table.rows
    ]
    uses = _place(table, records, wanted, ground, tabular="x" in places and not table.has_geometry)
    unused = tuple(column for column in table.columns if column not in mapped.columns.values())
    return Detected(table.name, len(records), mapped, unused, uses, table.notes), records


def unread_records(table: Table, reason: Sentence) -> tuple[Detected, list[Record]]:
    """The rows of a table that is not understood, so that each of them can be told of."""
    records = [
        Record(table.name, row.number, {}, dict(zip(table.columns, row.values, strict=True)), problem=reason)
        for row in table.rows
    ]
    return Detected(table.name, len(records), Mapped({}, {}), table.columns, (), (*table.notes, reason)), records


def _place(
    table: Table, records: Sequence[Record], wanted: Wanted, ground: Ground, *, tabular: bool
) -> tuple[CrsUse, ...]:
    """Gives each record its geometry or its problem; rows whose numbers are of one class are read alike."""
    if wanted.geometry is None:
        return ()
    drawn = _all_drawn(table, records)
    uses: list[CrsUse] = []
    for members in _alike(drawn):
        placed = [Placed(_belongs(records[place], wanted), drawn[place]) for place in members]
        try:
            found = detect(placed, ground=ground, declared=table.declared_crs, asked=wanted.crs, tabular=tabular)
        except InvalidInput as error:
            if not uses or len(members) > _SLIPS * len(drawn):
                raise InvalidInput(
                    say("in_table", "{name}: {message}", name=table.name, message=error.detail), errors=error.errors
                ) from error
            for place in members:
                records[place].problem = say(
                    "other_numbers",
                    "its coordinates are of another kind than the rest: {message}",
                    message=error.detail,
                )
            continue
        if uses:
            _tell_apart([records[place] for place in members], found)
        uses.append(CrsUse(len(members), found))
        for place in members:
            _settle(records[place], moved(drawn[place], found.reading.lonlat), found, wanted)
    return tuple(uses)


def _all_drawn(table: Table, records: Sequence[Record]) -> dict[int, BaseGeometry]:
    """The geometry of each row that has one; the others have their problem."""
    drawn: dict[int, BaseGeometry] = {}
    for place, row in enumerate(table.rows):
        shape = _drawn(row, records[place])
        if shape is not None:
            drawn[place] = shape
        elif records[place].problem is None:
            records[place].problem = NO_GEOMETRY
    return drawn


def _tell_apart(records: Sequence[Record], found: CrsDecision) -> None:
    """Says at each row that is of another kind than most how it was read: few read what is said of the table."""
    for record in records:
        record.notes.append(say("read_as", "its coordinates were read as {crs}", crs=found.reading.said))


def _alike(drawn: Mapping[int, BaseGeometry]) -> list[list[int]]:
    """The rows by class of numbers, the largest class first."""
    classes: dict[str, list[int]] = {}
    for place, shape in drawn.items():
        x, y = shapely.get_coordinates(shape)[0].tolist()
        classes.setdefault(number_class(x, y), []).append(place)
    return sorted(classes.values(), key=len, reverse=True)


def _belongs(record: Record, wanted: Wanted) -> str | None:
    if wanted.places is not None:
        return wanted.places(record)
    return _code(record) if wanted.kind.code_digits else None


def _code(record: Record) -> str | None:
    try:
        return code_text(record.fields.get("code")) or code_text(record.fields.get("village"))
    except BadCode:
        return None


def _drawn(row: Row, record: Record) -> BaseGeometry | None:
    """The geometry of a row, its own or from its columns; what can't be read is the record's problem."""
    if record.problem is not None:
        return None
    if row.geometry is not None:
        return row.geometry
    if record.text("wkt"):
        return _from_wkt(record)
    return _from_columns(record) if record.text("x") or record.text("y") else None


def _from_wkt(record: Record) -> BaseGeometry | None:
    try:
        shape = shapely.force_2d(shapely.from_wkt(record.text("wkt") or ""))
    except shapely.errors.GEOSException as error:
        record.problem = say("wkt_unreadable", "its WKT can't be read: {error}", error=error)
        return None
    return None if shape.is_empty else shape


def _from_columns(record: Record) -> BaseGeometry | None:
    numbers = []
    for axis in ("x", "y"):
        if not record.text(axis):
            record.problem = say("coordinate_empty", "{axis} is empty", axis=axis)
            record.at_fault = record.columns.get(axis)
            return None
        number, _ = parse_coordinate(record.fields.get(axis))
        if number is None or not np.isfinite(number):
            record.at_fault = record.columns.get(axis)
            record.problem = say(
                "no_coordinate",
                "{axis}: {value!r} is no coordinate; write it like 103.5071 or 103°30′25″",
                axis=axis,
                value=str(record.fields.get(axis))[:40],
            )
            return None
        numbers.append(number)
    return shapely.Point(*numbers)


def _settle(record: Record, shape: BaseGeometry, found: CrsDecision, wanted: Wanted) -> None:
    if shape.is_empty:
        record.problem = say("vertex_nowhere", "a vertex has no place in {crs}", crs=found.reading.crs.name)
        return
    settled = settle(shape, wanted.geometry or "any", mend=wanted.mend)
    record.geometry, record.problem = settled.geometry, settled.problem
    record.notes += settled.notes
