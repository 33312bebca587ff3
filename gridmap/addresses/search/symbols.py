"""Texts and names as rows of numbers: a symbol for each sign or syllable, and how it sounds."""

import re
import zlib
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from gridmap.addresses.search.kernels import Int32s
from gridmap.addresses.search.sounds import SILENT, Sound, initial, sound_of, spelled
from gridmap.geo.arrays import BoolArray

_PARTS = re.compile(
    "(?P<han>[㐀-鿿\U00020000-\U0003ffff])|(?P<bo>[ཀ-ྼ]+)"
    "|(?P<latin>[A-Z]{2,}|(?<=[A-Z] )[AEO](?![0-9A-Z])|(?<![^ ])[AEO](?= [A-Z]{2}))|(?P<other>[0-9A-Z])"
)
"""A lone A, E or O among words is a syllable: A ZI TAN."""
_IN_PARTS = re.compile("[A-Z]{2}|[A-Z] [AEO]|[AEO] [A-Z]|[ཀ-ྼ\U00020000-\U0003ffff]")
"""Without any of these, each sign is a symbol by itself or none."""
_FIRST, _LAST = 0x3400, 0x9FFF
_TIBETAN, _OTHER = 1 << 30, 1 << 29
_SHORT_RUN = 5
"""A run of letters up to here may be initials: ZN for 卓尼, MEDB for 木耳多坝."""


@dataclass(frozen=True, slots=True)
class Symbols:
    """A text as symbols; `places` says where each begins and ends in it."""

    rows: Int32s
    places: Int32s


def to_symbols(text: str, *, initials: bool = False, begun: bool = False) -> Symbols:
    """The symbols of a normalised text. `initials`: a short run of letters stands for as many syllables; `begun`: of
    the last syllable no more is known than how it begins, since MUE may go on to MUER."""
    if not _IN_PARTS.search(text):
        return _sign_by_sign(text)
    rows: list[int] = []
    places: list[int] = []
    for match in _PARTS.finditer(text):
        start = match.start()
        for row, (first, end) in _symbols_of(match[0], match.lastgroup or "", initials=initials):
            rows += row
            places += (start + first, start + end)
    if begun and rows and places[-1] == len(text):
        rows[-6:] = (-1, *initial(chr(rows[-1] + 97)))
    return Symbols(np.array(rows, np.int32).reshape(-1, 6), np.array(places, np.int32).reshape(-1, 2))


def _sign_by_sign(text: str) -> Symbols:
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
    rows, is_symbol = _signs()
    begins = is_symbol.take(codes, mode="clip").nonzero()[0]
    places = np.empty((len(begins), 2), np.int32)
    places[:, 0] = begins
    places[:, 1] = begins + 1
    return Symbols(rows.take(codes[begins], axis=0), places)


@cache
def _signs() -> tuple[Int32s, BoolArray]:
    """The symbol of each sign by its number, and whether it has one; the last stands for all others, without one."""
    codes = [*map(ord, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"), *range(_FIRST, _LAST + 1)]
    rows = np.zeros((_LAST + 2, 6), np.int32)
    rows[codes] = [_han(chr(code)) if code >= _FIRST else (_OTHER | code, *SILENT) for code in codes]
    is_symbol = np.zeros(_LAST + 2, np.bool_)
    is_symbol[codes] = True
    return rows, is_symbol


def has_letters(text: str) -> bool:
    """Whether a normalised text has a run of letters that may be initials."""
    return any(2 <= len(run) <= _SHORT_RUN for run in re.findall("[A-Z]{2,}", text))


Row = tuple[int, int, int, int, int, int]
Placed = tuple[Row, tuple[int, int]]


@lru_cache(maxsize=4_000)
def _symbols_of(part: str, kind: str, *, initials: bool) -> list[Placed]:
    """The symbols of a part of a text, and where each stands in it."""
    end = len(part)
    if kind == "han":
        return [(_han(part), (0, end))]
    if kind == "bo":
        return [((_TIBETAN | zlib.crc32(part.encode()) >> 3, *SILENT), (0, end))]
    if kind == "other":
        return [((_OTHER | ord(part), *SILENT), (0, end))]
    run = part.lower()
    short = initials and len(run) <= _SHORT_RUN
    sounds = [initial(letter) for letter in run] if short else spelled(run)
    if sounds is None:
        return [((_OTHER | zlib.crc32(run.encode()) >> 4, *SILENT), (0, end))]
    # Where in the run each syllable stands is not told: a name that ends in it takes all of it up to there.
    cuts = [round(at * end / len(sounds)) for at in range(len(sounds) + 1)]
    return [((-1, *sound), (cuts[at], cuts[at + 1])) for at, sound in enumerate(sounds)]


def _han(sign: str) -> Row:
    sound: Sound = sound_of(sign)
    return (ord(sign), *sound)
