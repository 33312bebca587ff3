"""The first line of a CSV of points: its encoding, its delimiter, and which columns hold the point."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from gridmap.errors import FieldError, InvalidInput
from gridmap.exchange.encoding import Encoding, asked_encoding, detect

_DELIMITERS = (",", ";", "\t", "|")
_BOM = b"\xef\xbb\xbf"
_SHOWN = 20
_SAMPLE = 1 << 16


@dataclass(frozen=True, slots=True)
class CsvHeader:
    """The first line: its bytes without the line's end, that end, how the file is written, and what stands in it.

    `x` and `y` are the places of the two columns in `names`.
    """

    text: bytes
    line_end: bytes
    encoding: str
    delimiter: str
    names: tuple[str, ...]
    x: int
    y: int


def first_row_size(data: bytes) -> int | None:
    """How many bytes the first row has with its end; None before it has ended. An end inside quotes is none.

    >>> first_row_size(b'a,"b' + bytes([10]) + b'c"' + bytes([10]) + b'1'), first_row_size(b"a,b")
    (8, None)
    """
    at = data.find(b"\n")
    while at >= 0 and data.count(b'"', 0, at) % 2:
        at = data.find(b"\n", at + 1)
    return None if at < 0 else at + 1


def parse_header(line: bytes, sample: bytes, x: str, y: str, charset: str | None) -> CsvHeader:
    """What the first line says. `sample` are bytes from the beginning by which the encoding is told.

    Raises InvalidInput naming the column that is not there, or is there twice, and those that are.
    """
    encoding = _encoding(sample, charset).name
    text = line.rstrip(b"\r\n")
    try:
        words = text.removeprefix(_BOM).decode("utf-8" if encoding == "utf-8-sig" else encoding)
    except UnicodeDecodeError:
        message = f"the first line is not {encoding}"
        raise InvalidInput(message, errors=[FieldError("header", message, "encoding")]) from None
    if not words.strip():
        message = "a first line with the names of the columns is wanted"
        raise InvalidInput(message, errors=[FieldError("header", message, "missing")])
    delimiter, names = _split(words, x, y, encoding)
    places = [_place(names, wanted, parameter) for wanted, parameter in ((x, "x"), (y, "y"))]
    if places[0] == places[1]:
        message = f"x and y are the same column, {x}"
        raise InvalidInput(message, errors=[FieldError("y", message)])
    return CsvHeader(text, line[len(text) :], encoding, delimiter, tuple(names), *places)


def _encoding(sample: bytes, charset: str | None) -> Encoding:
    # Character by character in Python: a megabyte of Chinese would take a second.
    sample = sample[:_SAMPLE]
    # By whole lines: the last may be cut in the middle of a character.
    found = asked_encoding(charset) if charset else detect([sample[: sample.rfind(b"\n") + 1] or sample])
    if found.name not in {"utf-8", "utf-8-sig", "gb18030", "ascii"}:
        message = f"the text is {found.name}; UTF-8 or GBK is wanted"
        raise InvalidInput(message, errors=[FieldError("charset", message, "encoding")])
    return found


def _split(words: str, x: str, y: str, encoding: str) -> tuple[str, list[str]]:
    """The delimiter with which both columns are there, else that with the most columns; and the columns."""
    # In GBK a | may be the second half of a character.
    usable = [mark for mark in _DELIMITERS if mark != "|" or encoding != "gb18030"]
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
    raise InvalidInput(message, errors=[FieldError(parameter, message, "column")])
