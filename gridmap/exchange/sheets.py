"""Excel and CSV: sheets as tables, the heading found below title lines, numbers and codes exactly as they stand."""

import csv
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import python_calamine

from gridmap.errors import InvalidInput
from gridmap.exchange.archive import check_archive
from gridmap.exchange.columns import is_known_heading
from gridmap.exchange.encoding import Encoding, detect
from gridmap.exchange.formulas import unmarked
from gridmap.exchange.table import Row, Table, Value, unique_names
from gridmap.sentences import Sentence, say

_SEARCHED_FOR_HEADING = 10
_DELIMITERS = ",\t;|"
MAX_CELL = 1 << 20


def load_excel(path: Path, name: str) -> list[Table]:
    """Every sheet of an .xls or .xlsx that has something in it: values only, no formula or macro is run.

    Raises InvalidInput for a broken workbook.
    """
    data = path.read_bytes()
    if data.startswith(b"PK"):
        check_archive(path)
    try:
        # From the bytes, not the path: there the format is told by the name, and an .xlsx is often called .xls.
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [
            (sheet, workbook.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False))
            for sheet in workbook.sheets_metadata
            if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise InvalidInput(
            say("no_workbook", "{name} is no Excel workbook that can be read: {error}.", name=name, error=error)
        ) from error
    filled = [(sheet, cells) for sheet, cells in sheets if any(any(_is_filled(c) for c in row) for row in cells)]
    if not filled:
        raise InvalidInput(say("no_sheet", "{name} has no sheet with anything in it.", name=name))
    return _with_rows(
        [
            replace(
                _table(f"{name}:{sheet.name}" if len(filled) > 1 else name, cells),
                hidden=sheet.visible != python_calamine.SheetVisibleEnum.Visible,
            )
            for sheet, cells in filled
        ]
    )


def _with_rows(tables: list[Table]) -> list[Table]:
    """Without sheets that hold one line and no rows, such as a remark; which they are is noted beside the first."""
    full = [table for table in tables if table.rows]
    left_out = [table.name for table in tables if not table.rows]
    if not full or not left_out:
        return tables
    note = say("sheets_without_rows", "not read, since they have no rows: {sheets}", sheets=", ".join(left_out))
    return [replace(full[0], notes=(*full[0].notes, note)), *full[1:]]


def load_csv(path: Path, name: str, asked: Encoding | None = None) -> Table:
    """A text table; comma, tab, semicolon or bar. Raises InvalidInput with the line where it can't be read."""
    data = path.read_bytes()
    if asked is None and b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InvalidInput(say("not_text", "{name} is not a text file, and no format known here.", name=name))
    encoding = asked or detect(data.splitlines())
    try:
        text = data.decode(encoding.name)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = say(
            "csv_line_unreadable",
            "{name}, line {line}: not readable as {encoding} ({reason}); say --encoding.",
            name=name,
            line=line,
            encoding=encoding.name,
            reason=encoding.reason,
        )
        raise InvalidInput(message) from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    csv.field_size_limit(MAX_CELL)
    try:
        cells: list[list[Any]] = [[unmarked(cell) for cell in row] for row in reader]
    except csv.Error as error:
        raise InvalidInput(
            say("csv_broken", "{name}, line {line}: {error}.", name=name, line=reader.line_num, error=error)
        ) from None
    return _table(
        name, cells, (say("text_is", "text is {name}: {reason}", name=encoding.name, reason=encoding.reason),)
    )


def _delimiter(text: str) -> str:
    """What stands between known headings in one of the first lines, which may be titles; else the first line's."""
    lines = text.split("\n", _SEARCHED_FOR_HEADING)[:_SEARCHED_FOR_HEADING]
    for line in lines:
        known = {d: sum(is_known_heading(cell.strip('"\r\ufeff ')) for cell in line.split(d)) for d in _DELIMITERS}
        best = max(_DELIMITERS, key=known.__getitem__)
        if known[best] >= 2:
            return best
    return max(_DELIMITERS, key=lines[0].count)


def _table(name: str, cells: Sequence[Sequence[Any]], notes: tuple[Sentence, ...] = ()) -> Table:
    heading = _heading(cells)
    width = max((len(row) for row in cells[heading:]), default=0)
    while width and not any(_is_filled(row[width - 1]) for row in cells[heading:] if len(row) >= width):
        width -= 1
    columns = unique_names([_heading_text(cell) for cell in _padded(cells[heading], width)])
    rows = []
    for number, row in enumerate(cells[heading + 1 :], heading + 2):
        values = tuple(_value(cell) for cell in _padded(row, width))
        if any(value is not None for value in values):
            surplus = (
                say("more_cells", "it has more cells than the heading")
                if any(_is_filled(c) for c in row[width:])
                else None
            )
            rows.append(Row(number, values, problem=surplus))
    skipped = (
        (
            say(
                "heading_line",
                "the heading is line {number}; above it stands: {above}",
                number=heading + 1,
                above=_line(cells[:heading]),
            ),
        )
        if heading
        else ()
    )
    return Table(name, columns, tuple(rows), notes=(*notes, *skipped))


def _heading(cells: Sequence[Sequence[Any]]) -> int:
    """The first line with two known column names; else the first that is not empty."""
    for place, row in enumerate(cells[:_SEARCHED_FOR_HEADING]):
        if sum(is_known_heading(_heading_text(cell)) for cell in row) >= 2:
            return place
    return next(place for place, row in enumerate(cells) if any(_is_filled(cell) for cell in row))


def _line(rows: Sequence[Sequence[Any]]) -> str:
    return " ".join(str(cell).strip() for row in rows for cell in row if _is_filled(cell))[:80]


def _padded(row: Sequence[Any], width: int) -> list[Any]:
    return [*row[:width], *[None] * (width - len(row))]


def _heading_text(cell: Any) -> str:
    return "" if cell is None else unicodedata.normalize("NFKC", str(cell)).replace("\n", "").strip()


def _is_filled(cell: Any) -> bool:
    return cell is not None and str(cell).strip() != ""


def _value(cell: Any) -> Value:
    if isinstance(cell, str):
        return cell.strip() or None
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    # Excel knows only floats: a whole one is written without its ".0", as the sheet shows it.
    # From 1e15 on digits are lost, and it stays a float, so that nobody takes it for a code.
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    return cell  # type: ignore[no-any-return] # calamine hands over str, bool, float, int and times only
