"""What every table in CSV may hold besides its rows, told alike wherever one is read: signs for Excel, open quotes."""

import math
import re
import unicodedata
from collections.abc import Sequence

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
GZIP = b"\x1f\x8b"
_SEPARATOR_LINE = re.compile('\ufeff?"?sep=([^\r\n])"?[,;\t|]*\r?\n?', re.IGNORECASE)

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)


def number_in(cell: str) -> float:
    """The number in a cell, as programs or people write one: with an exponent, full-width. NaN for what is none.

    >>> number_in(" 1.035e2 "), number_in("１０３．５"), number_in("10_3"), number_in("inf")
    (103.5, 103.5, nan, nan)
    """
    text = unicodedata.normalize("NFKC", cell).strip()
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def no_table(data: bytes) -> str | None:
    """What is wrong with a file that begins so, where it is of another kind."""
    if data.startswith(_WORKBOOKS):
        return "this is an Excel workbook; save it as CSV, or as CSV UTF-8, and send that"
    return "this is compressed by gzip; send the CSV itself" if data.startswith(GZIP) else None


def named_delimiter(line: str) -> str | None:
    r"""The delimiter that Excel is told by a line above the header; None for a line that is a header.

    >>> named_delimiter("sep=;\r\n"), named_delimiter("sep=,")
    (';', ',')
    >>> named_delimiter("sep=,lon,lat")
    """
    found = _SEPARATOR_LINE.fullmatch(line)
    return None if found is None else found[1]


def left_open(line: int) -> str:
    """What is wrong where a quote makes one cell of all that is behind it; `line` is where its row begins."""
    return f'line {line}: a quote (") is opened in this row and never closed'


def free_names(header: Sequence[str], columns: Sequence[str]) -> list[str]:
    """The names of new columns; one that is there already gets a number behind.

    >>> free_names(["id", "grid_code"], ["grid_code", "grid_status"])
    ['grid_code_2', 'grid_status']
    """
    taken, named = set(header), []
    for column in columns:
        name, number = column, 2
        while name in taken:
            name, number = f"{column}_{number}", number + 1
        taken.add(name)
        named.append(name)
    return named
