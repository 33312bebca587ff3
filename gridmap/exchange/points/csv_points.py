"""Points in CSV, a piece at a time: every row and column back byte for byte, with a code and a status put in."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange.csv_lines import free_names, left_open, number_in
from gridmap.exchange.points import csv_kernels as kernels
from gridmap.exchange.points.counts import Counts
from gridmap.exchange.points.csv_header import CsvHeader, head_size, parse_header
from gridmap.exchange.points.csv_kernels import (
    BLANK,
    LEFT_OPEN,
    LONGEST_ROW,
    ODD,
    TOO_LONG,
    Answered,
    Frame,
    Layout,
    Rows,
    Texts,
)
from gridmap.geo.arrays import BoolArray
from gridmap.snapshot.bulk import STATUSES, Answers, BulkLocator

COLUMNS, LAYER_COLUMNS = ("grid_code", "grid_status"), ("grid_code", "grid_status", "grid_codes")
SEPARATOR = ";"
"""Between the codes of `grid_codes`."""

_SAMPLE = 1 << 16
"""So much is waited for, to tell the encoding by more than the header."""
_NO_LISTS = np.zeros(1, np.int64)


class CsvPoints:
    """Locates the rows of one CSV, fed to it in pieces of any size.

    Rows come back as they were, whatever their quoting. A row whose point can't be read is `invalid`. One with fewer
    fields than the header is filled up, so that the answer stands in its column. What stands beyond the header's
    columns stays beyond the answer, and makes the row `invalid`: its columns may be shifted. An empty line stays one.
    A column of the file that is called as an answer is keeps its name, and the answer gets a number behind its own.
    """

    def __init__(self, locator: BulkLocator, x: str = "lon", y: str = "lat", charset: str | None = None) -> None:
        self.counts = Counts()
        self._locator = locator
        self._wanted = (x, y, charset)
        self._header: CsvHeader | None = None
        self._rest = b""

    @property
    def content_type(self) -> str:
        """With the encoding of what has come in."""
        encoding = "utf-8" if self._header is None else self._header.encoding
        return f"text/csv; charset={encoding.removesuffix('-sig')}"

    def feed(self, data: bytes, *, last: bool = False, head: bool = False) -> list[bytes | memoryview]:
        """What comes back for the rows that are whole by now; all of them with `last`.

        With `head` this is just the header, in the encoding that was told; what follows need not stand behind it.

        Raises InvalidInput for a header without the columns, for a row longer than LONGEST_ROW, and for a quote that is
        never closed, which makes one cell of all that is behind it.
        """
        data, self._rest = self._rest + data, b""
        made: list[bytes | memoryview] = []
        if self._header is None:
            size = head_size(data) if last or head or len(data) >= _SAMPLE else None
            if size is None and not last and not head and len(data) < LONGEST_ROW:
                self._rest = data
                return []
            size = size or len(data)
            self._begin(parse_header(data[:size], data, *self._wanted))
            made.append(self._writer.header())
            data = data[size:]
        end, rows = self._locate(np.frombuffer(data, np.uint8), last=last)
        self._rest = data[end:]
        return [*made, rows] if len(rows) else made

    def _begin(self, header: CsvHeader) -> None:
        self._header = header
        self._reader = RowReader(header)
        self._writer = _Writer(self._locator, header)

    def _locate(self, data: kernels.ByteArray, *, last: bool) -> tuple[int, memoryview]:
        """How many bytes the whole rows have, and they with their answers."""
        rows, count, end = self._reader.read(data, last=last)
        for row in np.flatnonzero(rows.kind[:count] == ODD).tolist():
            first, last_x, first_y, last_y = rows.fields[row].tolist()
            rows.x[row] = _odd_number(data[first:last_x].tobytes())
            rows.y[row] = _odd_number(data[first_y:last_y].tobytes())
        answers = self._locator.locate(rows.x[:count], rows.y[:count])
        self.counts.add(answers.status[rows.kind[:count] != BLANK])
        return end, self._writer.rows(data, rows, count, end, answers)


class RowReader:
    """Reads the rows behind a header, a piece at a time."""

    def __init__(self, header: CsvHeader) -> None:
        self._layout = Layout(ord(header.delimiter), len(header.names), header.x, header.y)
        self._lines = sum(part.count(b"\n") for part in (header.above, header.text, header.line_end))

    def read(self, data: kernels.ByteArray, *, last: bool) -> tuple[Rows, int, int]:
        """The whole rows of a piece, how many they are, and where the next piece has to begin.

        Raises InvalidInput that tells the line of a row without an end, or with a quote that is not closed.
        """
        ends = data == kernels.NEWLINE
        rows = _room(int(np.count_nonzero(ends)) + 1)
        count, end, fault = kernels.read_rows(data, len(data), int(last), self._layout, rows)
        self._lines += int(np.count_nonzero(ends[:end]))
        if fault == TOO_LONG:
            raise _unreadable(f"line {self._lines + 1}: a row is longer than {LONGEST_ROW >> 20} MiB")
        if fault == LEFT_OPEN:
            raise _unreadable(left_open(self._lines + 1))
        return rows, count, end


def _unreadable(message: str) -> InvalidInput:
    return InvalidInput(message, errors=[FieldError("body", message)])


def walk_rows(pieces: Iterable[bytes], header: CsvHeader) -> Iterator[tuple[int, int]]:
    """For what comes behind a header, piece by piece, how far whole rows have gone and how many there were since."""
    reader = RowReader(header)
    rest, passed = b"", 0
    for piece in chain(pieces, [b""]):
        data = np.frombuffer(rest + piece, np.uint8)
        rows, count, end = reader.read(data, last=not piece)
        passed += end
        rest = data[end:].tobytes()
        yield passed, int(np.count_nonzero(rows.kind[:count] != BLANK))


def _odd_number(field: bytes) -> float:
    """A number that is no plain decimal: with an exponent, many digits, full-width ones. NaN for what is none.

    >>> _odd_number(b'"1.035e2"'), _odd_number("１０３．５".encode()), _odd_number(b"103.5E")
    (103.5, 103.5, nan)
    """
    try:
        text = field.decode()
    except UnicodeDecodeError:
        text = field.decode("gb18030", "replace")
    return number_in(text.strip().removeprefix('"').removesuffix('"'))


class _Writer:
    """Puts answers into the rows of a file, in its encoding."""

    def __init__(self, locator: BulkLocator, header: CsvHeader) -> None:
        self._header = header
        self._lists = locator.in_layer
        special = _needing_quotes(locator.codes, header.delimiter)
        doubled = pc.replace_substring(locator.codes, '"', '""')
        quoted = pc.binary_join_element_wise('"', doubled, '"', "")
        self._inner = _texts(doubled, header.encoding)
        self._codes = _texts(pc.if_else(pa.array(special), quoted, locator.codes), header.encoding)
        self._statuses = _texts(pa.array(STATUSES), "ascii")
        quote_lists = bool(special.any()) or header.delimiter == SEPARATOR
        self._frame = Frame(ord(header.delimiter), self._lists, quote_lists, ord(SEPARATOR))
        self._longest = _longest(self._codes) + _longest(self._statuses) + 8

    def header(self) -> bytes:
        """The header's line with the new columns."""
        head, names = self._header, LAYER_COLUMNS if self._lists else COLUMNS
        added = "".join(head.delimiter + name for name in free_names(head.names, names)).encode()
        return head.above + head.text + added + head.line_end

    def rows(self, data: kernels.ByteArray, rows: Rows, count: int, end: int, answers: Answers) -> memoryview:
        """The rows with their answers."""
        start = _NO_LISTS if answers.start is None else answers.start
        all_codes = _NO_LISTS[:0] if answers.all_codes is None else answers.all_codes
        lists = int((np.diff(self._inner.start)[all_codes] + 1).sum())
        out = np.empty(end + count * self._longest + int(rows.missing[:count].sum()) + lists, np.uint8)
        answered = Answered(answers.position, answers.status, start, all_codes)
        texts = (self._codes, self._inner, self._statuses)
        size = kernels.write_rows(data, rows, count, end, answered, *texts, self._frame, out)
        return out[:size].data


def _room(count: int) -> Rows:
    insert, missing, kind = (np.empty(count, np.int64) for _ in range(3))
    return Rows(insert, missing, kind, np.zeros((count, 4), np.int64), np.empty(count), np.empty(count))


def _needing_quotes(codes: pa.StringArray, delimiter: str) -> BoolArray:
    pattern = f'["\r\n{re.escape(delimiter + SEPARATOR)}]'
    found: BoolArray = pc.match_substring_regex(codes, pattern).to_numpy(zero_copy_only=False)
    return found


def _texts(words: pa.StringArray, encoding: str) -> Texts:
    """The words one after the other in an encoding."""
    words = words.combine_chunks() if isinstance(words, pa.ChunkedArray) else words
    encoded = words
    if encoding == "gb18030":
        encoded = pa.array([word.encode(encoding) for word in words.to_pylist()], pa.binary())
    start = np.concatenate([[0], np.cumsum(pc.binary_length(encoded).to_numpy(zero_copy_only=False))])
    data = np.frombuffer(b"".join(encoded.cast(pa.binary()).to_pylist()), np.uint8)
    return Texts(data if len(data) else np.zeros(1, np.uint8), start.astype(np.int64))


def _longest(texts: Texts) -> int:
    return int(np.diff(texts.start).max(initial=0))
