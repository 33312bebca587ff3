"""The head of a CSV of points: its encoding, its delimiter, and which columns hold the point."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange.csv_lines import left_open, named_delimiter, no_table
from gridmap.exchange.encoding import Encoding, asked_encoding, detect

_DELIMITERS = (",", ";", "\t", "|")
_BOM = b"\xef\xbb\xbf"
_SHOWN = 20
_SAMPLE = 1 << 16
_ENDS = re.compile(rb"[,;\t|\n]")
"""What a field may end at, whatever the delimiter is."""


@dataclass(frozen=True, slots=True)
class CsvHeader:
    """The first row: its bytes without the line's end, that end, how the file is written, and what stands in it.

    `x` and `y` are the places of the two columns in `names`; `above` is the line before, which names the delimiter.
    """

    above: bytes
    text: bytes
    line_end: bytes
    encoding: str
    delimiter: str
    names: tuple[str, ...]
    x: int
    y: int


def head_size(data: bytes) -> int | None:
    """How many bytes the first row has, with its end and a line above it that names the delimiter.

    None before it has ended. An end inside quotes is none.

    >>> end = bytes([10])
    >>> head_size(b'a,"b' + end + b'c"' + end + b"1"), head_size(b"a,b"), head_size(b'a,5",b' + end + b"1,2" + end)
    (8, None, 7)
    >>> head_size(b"sep=;" + end + b"a;b" + end + b"1;2")
    10
    """
    above = len(_above(data))
    return _row_end(data, above)[0]


def _above(data: bytes) -> bytes:
    """The line that names the delimiter, with its end; nothing where there is none."""
    line = data[: data.find(b"\n") + 1]
    return b"" if named_delimiter(line.decode("utf-8", "replace")) is None else line


def _row_end(data: bytes, at: int) -> tuple[int | None, bool]:
    """Behind which byte the row that begins here has ended, if it has; whether a quote is open where the data ends."""
    at += len(_BOM) if data.startswith(_BOM, at) else 0
    while True:
        while data.startswith(b'"', at):
            closing = data.find(b'"', at + 1)
            if closing < 0:
                return None, True
            at = closing + 1
        found = _ENDS.search(data, at)
        if found is None:
            return None, False
        at = found.end()
        if found[0] == b"\n":
            return at, False


def parse_header(line: bytes, sample: bytes, x: str, y: str, charset: str | None) -> CsvHeader:
    """What the head says. `sample` are bytes from the beginning by which the encoding is told.

    Raises InvalidInput naming the column that is not there, or is there twice, and those that are.
    """
    if other := no_table(sample):
        raise _refused("body", other, "encoding")
    encoding = _encoding(sample, charset).name
    above = _above(line)
    if _row_end(line, len(above))[1]:
        raise _refused("header", left_open(2 if above else 1), "quote")
    line = line[len(above) :]
    text = line.rstrip(b"\r\n")
    try:
        words = text.removeprefix(_BOM).decode("utf-8" if encoding == "utf-8-sig" else encoding)
    except UnicodeDecodeError:
        raise _refused("header", f"the first line is not {encoding}", "encoding") from None
    if not words.strip():
        raise _refused("header", "a first line with the names of the columns is wanted", "missing")
    delimiter, names = _split(words, x, y, _usable(above, encoding))
    places = [_place(names, wanted, parameter) for wanted, parameter in ((x, "x"), (y, "y"))]
    if places[0] == places[1]:
        raise _refused("y", f"x and y are the same column, {x}")
    return CsvHeader(above, text, line[len(text) :], encoding, delimiter, tuple(names), *places)


def _encoding(sample: bytes, charset: str | None) -> Encoding:
    # Character by character in Python: a megabyte of Chinese would take a second.
    sample = sample[:_SAMPLE]
    # By whole lines: the last may be cut in the middle of a character.
    found = asked_encoding(charset) if charset else detect([sample[: sample.rfind(b"\n") + 1] or sample])
    if found.name not in {"utf-8", "utf-8-sig", "gb18030", "ascii"}:
        raise _refused("charset", f"the text is {found.name}; UTF-8 or GBK is wanted", "encoding")
    return found


def _usable(above: bytes, encoding: str) -> list[str]:
    """The delimiter that is named, else those that are usual. In GBK a | may be the second half of a character."""
    named = named_delimiter(above.decode("utf-8", "replace"))
    usable = [mark for mark in _DELIMITERS if mark != "|" or encoding != "gb18030"]
    if named is None:
        return usable
    if named not in usable:
        raise _refused("header", f"sep={named}: the delimiter is wanted to be one of {' '.join(usable)}", "delimiter")
    return [named]


def _split(words: str, x: str, y: str, usable: Sequence[str]) -> tuple[str, list[str]]:
    """The delimiter with which both columns are there, else that with the most columns; and the columns."""
    split = {mark: [name.strip() for name in next(csv.reader([words], delimiter=mark))] for mark in usable}

    def fitness(mark: str) -> tuple[int, int]:
        return sum(bool(_places(split[mark], wanted)) for wanted in (x, y)), len(split[mark])

    best = max(usable, key=fitness)
    return best, split[best]


def _places(names: Sequence[str], wanted: str) -> list[int]:
    """Where a column stands: under just this name or, if there is none, whatever its capitals."""
    exact = [at for at, name in enumerate(names) if name == wanted.strip()]
    return exact or [at for at, name in enumerate(names) if name.casefold() == wanted.strip().casefold()]


def _place(names: Sequence[str], wanted: str, parameter: str) -> int:
    places = _places(names, wanted)
    if len(places) == 1:
        return places[0]
    shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
    if places:
        message = f"there are {len(places)} columns {wanted!r}, so which one holds the {parameter} can't be told"
    else:
        message = f"there is no column {wanted!r} for {parameter}; the columns are {shown}"
    raise _refused(parameter, message, "column")


def _refused(where: str, message: str, code: str = "invalid") -> InvalidInput:
    return InvalidInput(message, errors=[FieldError(where, message, code)])
