"""Tables of texts or points, coded a batch at a time: every row and column back in its order, the answers behind."""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import BinaryIO, NamedTuple

from gridmap.addresses.search.asking import Asking
from gridmap.addresses.search.bulk import Remembered, reverse_cells, search_cells
from gridmap.addresses.search.index import AddressIndex
from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange.csv_lines import free_names, left_open, named_delimiter, no_table, number_in
from gridmap.exchange.encoding import asked_encoding, detect
from gridmap.geo.crs import Crs, point_to_lonlat
from gridmap.geo.lonlat import LonLat

BATCH = 256
"""Rows that are answered before they are sent on."""
_TOLD_BY_BYTES = frozenset({"utf-8", "utf-8-sig", "gb18030", "ascii"})
_SAMPLE = 1 << 18
_LARGEST_FIELD = 1 << 24
_ADDRESS_NAMES = (
    "地址", "详细地址", "标准地址", "住址", "家庭住址", "现住址", "地址全称", "address", "adresse", "addr", "q",
    "query", "label", "text",
)  # fmt: skip
_ADDRESS_PART = re.compile("地址|住址|address")
_OTHER_ADDRESS = re.compile("邮|电子|网|ip|mac|mail|url|编码|code")
"""Addresses where nobody lives."""
_MARKS = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
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
    mark: bytes = b""
    """The mark of the encoding that it begins with."""
    above: str = ""
    """The line above the header that names the delimiter, if there is one."""
    quote: str = '"'


class CsvTable:
    """A table in a file that can be read twice: its head to tell how it is written, then its rows."""

    def __init__(
        self,
        file: BinaryIO,
        encoding: str | None = None,
        delimiter: str | None = None,
        *,
        quote: str | None = None,
        hint: str | None = None,
    ) -> None:
        """`hint` is what the file says of its encoding. Raises InvalidInput for an unknown encoding, delimiter or
        quote, for a table without a header, and for a quote that is not closed."""
        csv.field_size_limit(_LARGEST_FIELD)
        file.seek(0)
        sample = file.read(_SAMPLE)
        if other := no_table(sample):
            raise _refused("data", other)
        name, mark = _encoding(sample, encoding, hint)
        head = sample[len(mark) :].decode(name, "replace").partition("\n")[0]
        named = named_delimiter(head)
        quoting = _one_sign("quote", quote) or '"'
        between = _one_sign("delimiter", delimiter) or named or max(",;\t|", key=head.count)
        if between == quoting:
            raise _refused("delimiter", f"{between} can't stand between cells and around them")
        if name.startswith("utf-16"):
            _check_signs(_text_of(file, name, mark, "strict"))
        if _has(file, quoting.encode(name, "replace")):
            _check_quotes(_text_of(file, name, mark), between, quoting, 1 if named else 0)
        self._text = _text_of(file, name, mark)
        above = self._text.readline().rstrip("\r\n") if named else ""
        self._reader = csv.reader(self._text, delimiter=between, quotechar=quoting)
        header = tuple(next(self._reader, ()))
        if not any(cell.strip() for cell in header):
            raise _refused("data", "the first row must name the columns")
        line_end = "\r\n" if head.endswith("\r") else "\n"
        self.form = CsvForm(name, between, line_end, header, mark, above, quoting)

    def rows(self) -> Iterator[list[str]]:
        """The rows behind the header; an empty line is an empty row. Raises InvalidInput for what is no CSV."""
        try:
            yield from self._reader
        except csv.Error as error:
            raise _refused("data", f"line {self._reader.line_num}: {error}") from None

    def columns(self, wanted: Sequence[str], parameter: str = "columns") -> list[int]:
        """Where columns stand that a parameter names. Raises InvalidInput for one that is not there, or there twice."""
        missing = [name for name in wanted if name not in self.form.header]
        if missing:
            there = ", ".join(self.form.header)
            raise _refused(parameter, f"there is no column {', '.join(missing)}; there are {there}")
        if several := [name for name in wanted if self.form.header.count(name) > 1]:
            raise _refused(parameter, f"there are several columns {several[0]}, so which one is meant can't be told")
        return [self.form.header.index(name) for name in wanted]

    def address_columns(self, wanted: Sequence[str]) -> list[int]:
        """The columns of the text: those asked for, else the one that is called so, or about so (户籍地址), else all
        of them."""
        if wanted:
            return self.columns(wanted, "column")
        named = _first_called(self.form.header, _ADDRESS_NAMES)
        if named is None:
            about = (at for at, cell in enumerate(self.form.header) if _is_about_address(cell.lower()))
            named = next(about, None)
        return list(range(len(self.form.header))) if named is None else [named]

    def point_columns(self, lon: str | None, lat: str | None) -> tuple[int, int]:
        """The columns of the point: those asked for, else those that are called so. Raises InvalidInput."""
        found = []
        for name, wanted, usual in (("lon", lon, _LON_NAMES), ("lat", lat, _LAT_NAMES)):
            at = _first_called(self.form.header, usual) if wanted is None else self.columns([wanted], name)[0]
            if at is None:
                raise _refused(name, f"there is no column {name}; there are {', '.join(self.form.header)}")
            found.append(at)
        return found[0], found[1]


def _encoding(sample: bytes, asked: str | None, hint: str | None) -> tuple[str, bytes]:
    """The encoding, asked for or told by the bytes, and the mark that stands before the text.

    Programs call every table UTF-8, so what one says of itself only counts where its bytes don't tell.
    """
    said = asked_encoding(asked or hint or "utf-8").name
    if not asked and said in _TOLD_BY_BYTES:
        said = detect(sample.split(b"\n"), hint and said, "content type").name
    name = said.removesuffix("-sig")
    if name == "utf-16":
        # Without a mark as Windows writes it.
        name = "utf-16-be" if sample.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
    mark = _MARKS.get(name, b"")
    return name, mark if sample.startswith(mark) else b""


def _one_sign(parameter: str, asked: str | None) -> str | None:
    if asked is not None and (len(asked) != 1 or asked in "\r\n"):
        example = ", or ;" if parameter == "delimiter" else "\" or '"
        raise _refused(parameter, f"one character is wanted, such as {example}")
    return asked


def _text_of(file: BinaryIO, encoding: str, mark: bytes, errors: str = "surrogateescape") -> io.TextIOWrapper:
    file.seek(len(mark))
    return io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="")


def _has(file: BinaryIO, sign: bytes) -> bool:
    file.seek(0)
    return any(sign in block for block in iter(partial(file.read, _SAMPLE), b""))


def _check_signs(text: io.TextIOWrapper) -> None:
    """Raises InvalidInput where not all is text: two bytes a sign have no place for a byte that is none."""
    try:
        while text.read(_SAMPLE):
            pass
    except UnicodeDecodeError as error:
        raise _refused("encoding", f"not all of this is {error.encoding}: {error.reason}") from None
    finally:
        text.detach()


def _check_quotes(text: io.TextIOWrapper, delimiter: str, quote: str, above: int) -> None:
    """Raises InvalidInput for a quote that is never closed, which makes all behind it one cell; before any answer."""
    for _ in range(above):
        text.readline()
    reader = csv.reader(chain(text, [_END]), delimiter=delimiter, quotechar=quote)
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


def answered_in_batches(
    table: CsvTable, columns: Sequence[str], code: Code, *, bom: bool = False, told: Sequence[str] | None = None
) -> Iterator[Coded]:
    """The table with more columns, in its own encoding, a batch at a time; the first piece is the header's.

    A row that is shorter than the header is filled up, so that the answer stands in its column; what stands beyond
    the header stays beyond the answer. An empty line stays one. `told` are those of the columns that are wanted.
    """
    form = table.form
    wide = len(form.header)
    writer = Writer(form, bom=bom)
    above = writer.line(form.above) if form.above else b""
    names = columns if told is None else told
    places = [columns.index(name) for name in names]
    yield Coded(above + writer.rows([[*form.header, *free_names(form.header, names)]]), [])
    waiting: deque[list[list[str]]] = deque()
    for answers in code(_remembered(table, waiting)):
        rows = waiting.popleft()
        lines = [
            [*row[:wide], *[""] * (wide - len(row)), *(cells[at] for at in places), *row[wide:]] if row else []
            for row, cells in zip(rows, answers, strict=True)
        ]
        yield Coded(writer.rows(lines), [cells[-1] for cells in answers if cells])


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
        self._mark = _MARKS.get(form.encoding, b"") if bom else form.mark

    def rows(self, rows: Iterable[Sequence[str]]) -> bytes:
        """Some rows; the first time with the mark of the encoding, if it has one."""
        form, sink = self._form, io.StringIO(newline="")
        csv.writer(sink, delimiter=form.delimiter, quotechar=form.quote, lineterminator=form.line_end).writerows(rows)
        return self._bytes(sink.getvalue())

    def line(self, text: str) -> bytes:
        """A line that is no row, as it stood; with the mark likewise."""
        return self._bytes(text + self._form.line_end)

    def _bytes(self, text: str) -> bytes:
        mark, self._mark = self._mark, b""
        return mark + _encoded(text, self._form.encoding)


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
        return point_to_lonlat(crs, number_in(row[lon]), number_in(row[lat]))
    except (IndexError, InvalidInput):
        return None


def _encoded(text: str, encoding: str) -> bytes:
    """The text, with ? for what an answer has and the table's encoding has no sign for."""
    parts: list[bytes] = []
    while True:
        try:
            return b"".join([*parts, text.encode(encoding, "surrogateescape")])
        except UnicodeEncodeError as error:
            unknown = "?" * (error.end - error.start)
            parts.append((text[: error.start] + unknown).encode(encoding, "surrogateescape"))
            text = text[error.end :]


def _first_called(header: Sequence[str], names: Sequence[str]) -> int | None:
    plain = [cell.strip().lower() for cell in header]
    return next((plain.index(name) for name in names if name in plain), None)


def _is_about_address(cell: str) -> bool:
    return _ADDRESS_PART.search(cell) is not None and _OTHER_ADDRESS.search(cell) is None


def _refused(where: str, message: str) -> InvalidInput:
    return InvalidInput(f"{where}: {message}", errors=[FieldError(where, message)])
