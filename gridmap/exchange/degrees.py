"""Coordinates as people write them: decimal, 103°30′25″, 103度30分25秒, and the packed ddd.mmssss of old receivers."""

import re
import unicodedata

import numpy as np

from gridmap.exchange.table import Value
from gridmap.geo.arrays import FloatArray

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_MARKED = re.compile(
    r"""(?P<head>[EWNSewns东西北南][经纬]?)?\s*[:：]?\s*
        (?P<sign>-)?(?P<d>\d+(?:\.\d+)?)\s*[°º˚度]\s*
        (?:(?P<m>\d+(?:\.\d+)?)\s*['′‘’分]\s*)?
        (?:(?P<s>\d+(?:\.\d+)?)\s*(?:["″“”秒]|''|′′)\s*)?
        (?P<tail>[EWNSewns东西北南])?""",
    re.VERBOSE,
)
# As precise as a ddd.mmssss has digits; binary fractions of decimals are off by less.
_ROUND = 1e-9


def parse_coordinate(value: Value) -> tuple[float | None, bool]:
    """The number that a cell says, and whether it was written with degree signs; None when it is no coordinate.

    >>> parse_coordinate("103°30′36″"), parse_coordinate(" 34.5 "), parse_coordinate("北纬34度30分")
    ((103.51, True), (34.5, False), (34.5, True))
    >>> parse_coordinate("34°75′")
    (None, True)
    """
    if isinstance(value, bool) or value is None:
        return None, False
    if isinstance(value, int | float):
        return float(value), False
    text = unicodedata.normalize("NFKC", value).strip().replace("′′", "″")
    if _PLAIN.fullmatch(text):
        return float(text), False
    found = _MARKED.fullmatch(text)
    if not found:
        return None, False
    minutes, seconds = float(found["m"] or 0), float(found["s"] or 0)
    if minutes >= 60 or seconds >= 60:
        return None, True
    side = (found["head"] or found["tail"] or "")[:1].upper()
    sign = -1 if found["sign"] or side in {"W", "S", "西", "南"} else 1
    return sign * (float(found["d"]) + minutes / 60 + seconds / 3600), True


def may_be_packed(numbers: FloatArray) -> bool:
    """Whether every number can be read as ddd.mmssss: no sixty minutes or seconds anywhere.

    Of decimal degrees taken at random, 36 of 100 can, so a dozen are enough to tell.
    """
    minutes, seconds = _split(numbers)[1:]
    return bool(((minutes < 60) & (seconds < 60)).all())


def unpack(numbers: FloatArray) -> FloatArray:
    """Packed ddd.mmssss as decimal degrees.

    >>> unpack(np.array([103.3036])).round(6).tolist()
    [103.51]
    """
    whole, minutes, seconds = _split(numbers)
    return np.asarray(np.sign(numbers) * (whole + minutes / 60 + seconds / 3600), np.float64)


def _split(numbers: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    size = np.abs(numbers)
    whole = np.floor(size + _ROUND)
    rest = np.maximum(size - whole, 0) * 100
    minutes = np.floor(rest + _ROUND * 100)
    seconds = np.maximum(rest - minutes, 0) * 100
    return whole, minutes, np.where(np.abs(seconds - np.rint(seconds)) < 1e-5, np.rint(seconds), seconds)
