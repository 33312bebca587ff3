"""Tables of texts or points, coded a batch at a time: every row and column back in its order, the answers behind."""

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import BinaryIO, NamedTuple

from gridmap.addresses.search.bulk import Remembered, reverse_cells, search_cells
from gridmap.addresses.search.index import AddressIndex
from gridmap.addresses.search.search import Asking
from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange.csv_lines import free_names, left_open, named_delimiter
from gridmap.exchange.encoding import asked_encoding, detect
from gridmap.geo.crs import Crs, point_to_lonlat
from gridmap.geo.lonlat import LonLat

BATCH = 256
"""Rows that are answered before they are sent on."""
_SAMPLE = 1 << 18
_LARGEST_FIELD = 1 << 24
_ADDRESS_NAMES = (
    "地址", "详细地址", "标准地址", "住址", "家庭住址", "现住址", "地址全称", "address", "adresse", "addr", "q",
    "query", "label", "text",
)  # fmt: skip
_ADDRESS_PART = re.compile("地址|住址|address")
_OTHER_ADDRESS = re.compile("邮|电子|网|ip|mac|mail|url|编码|code")
"""Addresses where nobody lives."""
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_END = "\ufdd0\ufdd1\ufdd0"
"""A line behind the last: signs that no text may have. Within an open quote it becomes a part of the last row."""
_LON_NAMES = ("lon", "lng", "long", "longitude", "经度", "x")
_LAT_NAMES = ("lat", "latitude", "纬度", "y")


@dataclass(frozen=True, slots=True)
class CsvForm:
    """How a table is written: what was asked for, or what it looks like."""

    encoding: str
    delimiter: str
    line_end: str
    header: tuple[str, ...]
    above: str = ""
    """The line above the header that names the delimiter, if there is one."""


class CsvTable:
    """A table in a file that can be read twice: its head to tell how it is written, then its rows."""

    def __init__(self, file: BinaryIO, encoding: str | None = None, delimiter: str | None = None) -> None:
        """Raises InvalidInput for an unknown encoding or delimiter, for a table without a header, and for a quote that
        is not closed."""
        csv.field_size_limit(_LARGEST_FIELD)
        file.seek(0)
        sample = file.read(_SAMPLE)
        if sample.startswith(_WORKBOOKS):
            raise _refused("data", "this is an Excel workbook; save it as CSV, or as CSV UTF-8, and send that")
        name = asked_encoding(encoding).name if encoding else detect(sample.split(b"\n")).name
        if name == "utf-8" and sample.startswith(b"\xef\xbb\xbf"):
            name = "utf-8-sig"
        if delimiter is not None and len(delimiter) != 1:
            raise _refused("delimiter", "one character is wanted, such as , or ;")
        head = sample.decode(name, "replace").partition("\n")[0]
        named = named_delimiter(head)
        mark = delimiter or named or max(",;\t|", key=head.count)
        if b'"' in sample or _has_quotes(file):
            _check_quotes(_text_of(file, name), mark, 1 if named else 0)
        self._text = _text_of(file, name)
        above = self._text.readline().rstrip("\r\n") if named else ""
        self._reader = csv.reader(self._text, delimiter=mark)
        header = tuple(next(self._reader, ()))
        if not any(cell.strip() for cell in header):
            raise _refused("data", "the first row must name the columns")
        self.form = CsvForm(name, mark, "\r\n" if head.endswith("\r") else "\n", header, above)

    def rows(self) -> Iterator[list[str]]:
        """The rows behind the header; an empty line is an empty row. Raises InvalidInput for what is no CSV."""
        try:
            yield from self._reader
        except csv.Error as error:
            raise _refused("data", f"line {self._reader.line_num}: {error}") from None

    def columns(self, wanted: Sequence[str]) -> list[int]:
        """Where columns stand. Raises InvalidInput that names those there are."""
        missing = [name for name in wanted if name not in self.form.header]
        if missing:
            there = ", ".join(self.form.header)
            raise _refused("columns", f"there is no column {', '.join(missing)}; there are {there}")
        return [self.form.header.index(name) for name in wanted]

    def address_columns(self, wanted: Sequence[str]) -> list[int]:
        """The columns of the text: those asked for, else the one that is called so, or about so (户籍地址), else all
        of them."""
        if wanted:
            return self.columns(wanted)
        named = _first_called(self.form.header, _ADDRESS_NAMES)
        if named is None:
            about = (at for at, cell in enumerate(self.form.header) if _is_about_address(cell.lower()))
            named = next(about, None)
        return list(range(len(self.form.header))) if named is None else [named]

    def point_columns(self, lon: str | None, lat: str | None) -> tuple[int, int]:
        """The columns of the point: those asked for, else those that are called so. Raises InvalidInput."""
        found = []
        for name, wanted, usual in (("lon", lon, _LON_NAMES), ("lat", lat, _LAT_NAMES)):
            at = _first_called(self.form.header, usual) if wanted is None else self.columns([wanted])[0]
            if at is None:
                raise _refused(name, f"there is no column {name}; there are {', '.join(self.form.header)}")
            found.append(at)
        return found[0], found[1]


def _text_of(file: BinaryIO, encoding: str) -> io.TextIOWrapper:
    file.seek(0)
    return io.TextIOWrapper(file, encoding=encoding, errors="surrogateescape", newline="")


def _has_quotes(file: BinaryIO) -> bool:
    file.seek(0)
    return any(b'"' in block for block in iter(partial(file.read, _SAMPLE), b""))


def _check_quotes(text: io.TextIOWrapper, delimiter: str, above: int) -> None:
    """Raises InvalidInput for a quote that is never closed, which makes all behind it one cell; before any answer."""
    for _ in range(above):
        text.readline()
    reader = csv.reader(chain(text, [_END]), delimiter=delimiter)
    began = above + 1
    try:
        for row in reader:
            if row and row[-1].endswith(_END) and row != [_END]:
                raise _refused("data", left_open(began))
            began = above + reader.line_num + 1
    except csv.Error as error:
        raise _refused("data", f"line {began}: {error}") from None
    finally:
        # The file is read again.
        text.detach()


class Coded(NamedTuple):
    """A batch as it is sent on, and what became of its rows."""

    written: bytes
    statuses: list[str]


Code = Callable[[Iterable[list[list[str]]]], Iterable[list[list[str]]]]
"""Answers batches of rows, in their order."""


def answered_in_batches(table: CsvTable, columns: Sequence[str], code: Code, *, bom: bool = False) -> Iterator[Coded]:
    """The table with more columns, in its own encoding, a batch at a time; the first piece is the header's.

    A row that is shorter than the header is filled up, so that the answer stands in its column; what stands beyond
    the header stays beyond the answer. An empty line stays one.
    """
    form = table.form
    wide = len(form.header)
    writer = Writer(form, bom=bom)
    above = writer.line(form.above) if form.above else b""
    yield Coded(above + writer.rows([[*form.header, *free_names(form.header, columns)]]), [])
    waiting: deque[list[list[str]]] = deque()
    for answers in code(_remembered(table, waiting)):
        rows = waiting.popleft()
        told = [
            [*row[:wide], *[""] * (wide - len(row)), *cells, *row[wide:]] if row else []
            for row, cells in zip(rows, answers, strict=True)
        ]
        yield Coded(writer.rows(told), [cells[-1] for cells in answers if cells])


def _remembered(table: CsvTable, waiting: deque[list[list[str]]]) -> Iterator[list[list[str]]]:
    """The rows in batches, each kept until its answers have come."""
    rows = table.rows()
    while batch := list(islice(rows, BATCH)):
        waiting.append(batch)
        yield batch


class Writer:
    """Rows as bytes in a table's form."""

    def __init__(self, form: CsvForm, *, bom: bool = False) -> None:
        self._form = form
        self._mark = bom or form.encoding == "utf-8-sig"

    def rows(self, rows: Iterable[Sequence[str]]) -> bytes:
        """Some rows; the first time with the mark of the encoding, if it has one."""
        sink = io.StringIO(newline="")
        csv.writer(sink, delimiter=self._form.delimiter, lineterminator=self._form.line_end).writerows(rows)
        return self._bytes(sink.getvalue())

    def line(self, text: str) -> bytes:
        """A line that is no row, as it stood; with the mark likewise."""
        return self._bytes(text + self._form.line_end)

    def _bytes(self, text: str) -> bytes:
        encoding = "utf-8" if self._form.encoding == "utf-8-sig" else self._form.encoding
        mark = b"\xef\xbb\xbf" if self._mark and encoding == "utf-8" else b""
        self._mark = False
        return mark + _encoded(text, encoding)


def cells_text(row: Sequence[str], columns: Sequence[int]) -> str:
    """The text of some cells, in their order."""
    cells = (row[at].strip() for at in columns if at < len(row))
    return " ".join(cell for cell in cells if cell)


@dataclass(frozen=True, slots=True)
class SearchRow:
    """What a row's text means, as `SEARCH_COLUMNS` tell it."""

    columns: tuple[int, ...]
    asking: Asking
    _before: Remembered = field(default_factory=Remembered, compare=False, repr=False)

    def __call__(self, index: AddressIndex, row: list[str]) -> list[str]:
        """The cells of one row."""
        text = cells_text(row, self.columns)
        return self._before.cells(index, text, lambda: search_cells(index, text, self.asking))


@dataclass(frozen=True, slots=True)
class ReverseRow:
    """The door nearest to a row's point, as `REVERSE_COLUMNS` tell it."""

    lon: int
    lat: int
    crs: Crs
    prefixes: tuple[str, ...]

    def __call__(self, index: AddressIndex, row: list[str]) -> list[str]:
        """The cells of one row."""
        return reverse_cells(index, cells_point(row, self.lon, self.lat, self.crs), self.prefixes)


def cells_point(row: Sequence[str], lon: int, lat: int, crs: Crs) -> LonLat | None:
    """The point of two cells; None where there is none."""
    try:
        return point_to_lonlat(crs, float(row[lon]), float(row[lat]))
    except (ValueError, IndexError, InvalidInput):
        return None


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:
        # An answer may hold what the table's encoding has no sign for.
        return text.encode(encoding, "replace")


def _first_called(header: Sequence[str], names: Sequence[str]) -> int | None:
    plain = [cell.strip().lower() for cell in header]
    return next((plain.index(name) for name in names if name in plain), None)


def _is_about_address(cell: str) -> bool:
    return _ADDRESS_PART.search(cell) is not None and _OTHER_ADDRESS.search(cell) is None


def _refused(where: str, message: str) -> InvalidInput:
    return InvalidInput(f"{where}: {message}", errors=[FieldError(where, message)])
