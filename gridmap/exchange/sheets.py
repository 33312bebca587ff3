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
            (sheet, *_cells(workbook.get_sheet_by_name(sheet.name)))
            for sheet in workbook.sheets_metadata
            if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise InvalidInput(
            say("no_workbook", "{name} is no Excel workbook that can be read: {error}.", name=name, error=error)
        ) from error
    filled = [each for each in sheets if any(any(_is_filled(c) for c in row) for row in each[1])]
    if not filled:
        raise InvalidInput(say("no_sheet", "{name} has no sheet with anything in it.", name=name))
    return _with_rows(
        [
            replace(
                _table(f"{name}:{sheet.name}" if len(filled) > 1 else name, cells, notes),
                hidden=sheet.visible != python_calamine.SheetVisibleEnum.Visible,
            )
            for sheet, cells, notes in filled
        ]
    )


def _cells(sheet: python_calamine.CalamineSheet) -> tuple[list[list[Any]], tuple[Sentence, ...]]:
    """The cells of a sheet; one that is merged downwards says the same of every row that it stands beside.

    Not sideways: a number over two columns is no second number. Rows that hold nothing else stay empty.
    """
    cells: list[list[Any]] = sheet.to_python(skip_empty_area=False)
    told = [any(_is_filled(cell) for cell in row) for row in cells]
    count = 0
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
        for row in range(top + 1, min(bottom + 1, len(cells))):
            if told[row] and left < len(cells[row]) and _is_filled(cells[top][left]):
                cells[row][left] = cells[top][left]
                count += 1
    said = say("merged_cells", "{count} cells are merged with the one above them and say the same", count=count)
    return cells, (said,) if count else ()


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
    names = [_heading_text(cell) for cell in cells[heading]]
    under = _second_line(names, cells[heading + 1 :])
    first = heading + 1 if under is None else heading + 2
    width = max((len(row) for row in cells[heading:]), default=0)
    while width and not any(_is_filled(row[width - 1]) for row in cells[heading:] if len(row) >= width):
        width -= 1
    columns = unique_names([text or "" for text in _padded(under or names, width)])
    rows = []
    for number, row in enumerate(cells[first:], first + 1):
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


def _second_line(names: Sequence[str], below: Sequence[Sequence[Any]]) -> list[str] | None:
    """The heading when it has two lines, as 经度 under 坐标: the lower words, and the upper where there are none.

    Such a line holds headings only, at least two of them other than what stands above.
    """
    lower = [_heading_text(cell) for cell in below[0]] if below else []
    upper = [*names, *[""] * (len(lower) - len(names))]
    new = [text for text, above in zip(lower, upper, strict=False) if text and text != above]
    if len(new) < 2 or not all(is_known_heading(text) for text in new):
        return None
    return [text or above for text, above in zip([*lower, *[""] * (len(upper) - len(lower))], upper, strict=True)]


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
