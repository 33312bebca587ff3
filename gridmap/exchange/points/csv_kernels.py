"""Reading rows of CSV and writing them with an answer put in: loops over bytes, compiled. Bytes are never decoded.

In UTF-8 and in GB18030 no byte of a longer character is a quote, a comma, a semicolon, a tab or the end of a line.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gridmap.geo.arrays import FloatArray, IntArray
from gridmap.geo.cell_kernels import product
from gridmap.geo.compiled import bare, inlined

ByteArray = npt.NDArray[np.uint8]

QUOTE, NEWLINE, RETURN, SPACE, TAB = 34, 10, 13, 32, 9
_PLUS, _MINUS, _ZERO = 43, 45, 48
_POINT = 46 - _ZERO
LONGEST_ROW = 16 << 20
"""In bytes. A quote that is not closed within so many is taken for one that never is: else it would eat the file."""

WHOLE, TOO_LONG, LEFT_OPEN = 0, 1, 2
"""How reading ended: at the last whole row, or at one without an end, or with a quote that is not closed."""

LOCATED, ODD, BAD, BLANK = 0, 1, 2, 3
"""What a row is: both numbers read; one of them for Python to read; no point; an empty line, which is no row."""

_POWERS = 10.0 ** np.arange(23)
_MOST_DIGITS, _EXACT = 18, 1 << 53


class Rows(NamedTuple):
    """Rows of a piece of CSV, by their places in it."""

    insert: IntArray
    """Where the answer goes: behind the field of the header's last column, or where the row ends before that."""
    missing: IntArray
    """How many fields the row has less than the header."""
    kind: IntArray
    fields: IntArray
    """(rows, 4): where the fields of x and y begin and end."""
    x: FloatArray
    y: FloatArray


class Layout(NamedTuple):
    """How rows are read: the delimiter's byte, how many columns the header has, and which are x and y."""

    delimiter: int
    columns: int
    x: int
    y: int


@inlined
def _byte(data: ByteArray, at: int) -> Any:
    """As an unsigned number a place needs no look whether it counts from the end."""
    return data[np.uint64(at)]


@inlined
def _trimmed(data: ByteArray, first: int, last: int) -> tuple[int, int]:
    while first < last and (data[first] == SPACE or data[first] == TAB):
        first += 1
    while last > first and (data[last - 1] == SPACE or data[last - 1] == TAB):
        last -= 1
    return first, last


@inlined
def _scaled(whole: Any, places: int) -> Any:
    """whole / 10**places rounded once, as reading a decimal is; NaN in the few cases that this can't decide."""
    power = _POWERS[places]
    if whole < _EXACT:
        return whole / power
    high = np.float64(whole)
    low = np.float64(whole - np.int64(high))
    first = high / power
    back, rest = product(first, power)
    second = ((high - back) - rest + low) / power
    # Far more than what `second` can err by; where it can't change the sum, that is rounded as the true value would be.
    slack = first * 2.0**-98
    above, below = first + (second + slack), first + (second - slack)
    return above if above == below else np.nan


@inlined
def read_number(data: ByteArray, first: int, last: int) -> tuple[float, int]:
    """The number in a field, to the last bit, and LOCATED; or ODD for what is no plain decimal, BAD for nothing."""
    first, last = _trimmed(data, first, last)
    if last - first >= 2 and data[first] == QUOTE and data[last - 1] == QUOTE:
        first, last = _trimmed(data, first + 1, last - 1)
    if first == last:
        return np.nan, BAD
    negative = data[first] == _MINUS
    if negative or data[first] == _PLUS:
        first += 1
    if last - first > _MOST_DIGITS + 1:
        return np.nan, ODD
    whole, point = np.int64(0), last
    for at in range(first, last):
        digit = np.int64(_byte(data, at)) - _ZERO
        if 0 <= digit <= 9:
            whole = whole * 10 + digit
        elif digit == _POINT and point == last:
            point = at
        else:
            return np.nan, ODD
    places = max(last - point - 1, 0)
    digits = last - first - (0 if point == last else 1)
    if digits == 0 or digits > _MOST_DIGITS:
        return np.nan, ODD
    number = _scaled(whole, places)
    if np.isnan(number):
        return number, ODD
    return -number if negative else number, LOCATED


@inlined
def _field_end(data: ByteArray, at: int, stop: int, delimiter: int) -> int:
    """Where the field that begins here ends: at its delimiter, its line's end or `stop`; -1 for a quote left open."""
    if at < stop and _byte(data, at) == QUOTE:
        at += 1
        while True:
            while at < stop and _byte(data, at) != QUOTE:
                at += 1
            if at >= stop:
                return -1
            at += 1
            if at >= stop or _byte(data, at) != QUOTE:
                break
            at += 1
    while at < stop and _byte(data, at) != delimiter and _byte(data, at) != NEWLINE:
        at += 1
    return at


@inlined
def _read_row(data: ByteArray, begin: int, stop: int, layout: Layout, row: int, rows: Rows) -> tuple[int, bool]:
    """Notes one row; where it ends, and whether a line's end was seen there. -1 for a quote left open."""
    field, at = 0, begin
    insert, surplus = -1, 0
    while True:
        end = _field_end(data, at, stop, layout.delimiter)
        if end < 0:
            return -1, False
        ended = end >= stop or data[end] == NEWLINE
        last = end - 1 if ended and end > at and data[end - 1] == RETURN else end
        if field == layout.x:
            rows.fields[row, 0], rows.fields[row, 1] = at, last
        if field == layout.y:
            rows.fields[row, 2], rows.fields[row, 3] = at, last
        field += 1
        if field <= layout.columns:
            insert = last
        elif last > at:
            surplus = 1
        if ended:
            break
        at = end + 1
    rows.insert[row] = insert
    rows.missing[row] = max(layout.columns - field, 0)
    _note_numbers(data, field, surplus, layout, row, rows)
    if field == 1 and insert == begin:
        rows.kind[row] = BLANK
    return min(end + 1, stop), end < stop


@inlined
def _note_numbers(data: ByteArray, fields: int, surplus: int, layout: Layout, row: int, rows: Rows) -> None:
    """A row with more fields than the header, not empty ones, may have its columns shifted: it is no point."""
    rows.x[row] = rows.y[row] = np.nan
    if surplus or fields <= max(layout.x, layout.y):
        rows.kind[row] = BAD
        return
    x, x_kind = read_number(data, rows.fields[row, 0], rows.fields[row, 1])
    y, y_kind = read_number(data, rows.fields[row, 2], rows.fields[row, 3])
    rows.kind[row] = max(x_kind, y_kind)
    if rows.kind[row] == LOCATED:
        rows.x[row], rows.y[row] = x, y


@bare
def read_rows(data: ByteArray, stop: int, last: int, layout: Layout, rows: Rows) -> tuple[int, int, int]:
    """Notes the whole rows up to `stop`: how many, where the first that is not whole begins, and how reading ended.

    With `last` (1) the end of the data ends a row.
    """
    count, at = 0, 0
    while at < stop:
        reach = min(stop, at + LONGEST_ROW)
        final = last or reach < stop
        end, whole = _read_row(data, at, reach, layout, count, rows)
        if end < 0 and final:
            return count, at, LEFT_OPEN
        if end < 0 or not (whole or final):
            break
        if not whole and reach < stop:
            return count, at, TOO_LONG
        at = end
        count += 1
    return count, at, WHOLE


class Answered(NamedTuple):
    """What is put into each row: the place of a code and of a status in the texts, and in a layer all codes."""

    position: IntArray
    status: npt.NDArray[np.uint8]
    start: IntArray
    all_codes: IntArray


class Texts(NamedTuple):
    """Words one after the other, and where each begins (one number more than there are)."""

    data: ByteArray
    start: IntArray


class Frame(NamedTuple):
    """What stands around the answers: the delimiter, whether there is a column of all codes, and how it is written."""

    delimiter: int
    lists: bool
    quote_lists: bool
    separator: int


@inlined
def _copy(data: ByteArray, first: int, last: int, out: ByteArray, to: int) -> int:
    for at in range(last - first):
        out[np.uint64(to + at)] = _byte(data, first + at)
    return to + max(last - first, 0)


@inlined
def _put(byte: int, out: ByteArray, to: int) -> int:
    out[to] = byte
    return to + 1


@inlined
def _put_list(answers: Answered, row: int, bare_codes: Texts, frame: Frame, out: ByteArray, to: int) -> int:
    to = _put(frame.delimiter, out, to)
    first, last = answers.start[row], answers.start[row + 1]
    if frame.quote_lists and last > first:
        to = _put(QUOTE, out, to)
    for at in range(first, last):
        if at > first:
            to = _put(frame.separator, out, to)
        code = answers.all_codes[at]
        to = _copy(bare_codes.data, bare_codes.start[code], bare_codes.start[code + 1], out, to)
    if frame.quote_lists and last > first:
        to = _put(QUOTE, out, to)
    return to


@bare
def write_rows(
    data: ByteArray, rows: Rows, count: int, end: int, answers: Answered,
    codes: Texts, bare_codes: Texts, statuses: Texts, frame: Frame, out: ByteArray,
) -> int:  # fmt: skip
    """Writes the rows with their answers put in, all other bytes as they were; how many bytes that makes."""
    to, done = 0, 0
    for row in range(count):
        insert = rows.insert[row]
        to = _copy(data, done, insert, out, to)
        done = insert
        if rows.kind[row] != BLANK:
            for _ in range(rows.missing[row] + 1):
                to = _put(frame.delimiter, out, to)
            code = answers.position[row]
            if code >= 0:
                to = _copy(codes.data, codes.start[code], codes.start[code + 1], out, to)
            to = _put(frame.delimiter, out, to)
            status = answers.status[row]
            to = _copy(statuses.data, statuses.start[status], statuses.start[status + 1], out, to)
            if frame.lists:
                to = _put_list(answers, row, bare_codes, frame, out, to)
    return _copy(data, done, end, out, to)
