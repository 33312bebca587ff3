"""Points and boxes in degrees that own their parsing: whatever takes a LonLat or BBox need not check it again."""

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Self

from gridmap.errors import FieldError, InvalidInput
from gridmap.sentences import say

# Commas as people type them; NFKC has already folded the full-width comma and digits.
_SEPARATOR = re.compile(r"\s*[,;、]\s*|\s+")
# float() would also take "1_0", "infinity" and "nan".
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
# Nobody mistypes degrees into this; eastings and northings are larger.
_METRES_FROM = 1000.0


@dataclass(frozen=True, slots=True)
class LonLat:
    """A point (经纬度) in degrees of EPSG:4490: finite, longitude within ±180, latitude within ±90.

    Raises InvalidInput that says which of the two is wrong, and when they seem to be swapped.
    """

    lon: float
    lat: float

    def __post_init__(self) -> None:
        _check_degrees("lon", self.lon, 180)
        if 90 < abs(self.lat) <= 180 and abs(self.lon) <= 90:
            message = f"latitude {self.lat:g} is outside ±90: longitude comes first, these two seem to be swapped"
            raise InvalidInput(message, errors=[FieldError("lat", message, "swapped")])
        _check_degrees("lat", self.lat, 90)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The point that "lon,lat" says; full-width digits and commas are understood, a space also separates.

        >>> LonLat.parse("103.507, 34.589")
        LonLat(lon=103.507, lat=34.589)
        >>> LonLat.parse("１０３．５０７，３４．５８９")
        LonLat(lon=103.507, lat=34.589)
        """
        lon, lat = _numbers(text, 2, "a point", "lon,lat such as 103.507,34.589")
        return cls(lon, lat)

    def __str__(self) -> str:
        return f"{self.lon!r},{self.lat!r}"


@dataclass(frozen=True, slots=True)
class BBox:
    """A box in degrees of EPSG:4490, west ≤ east and south ≤ north. None crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        LonLat(self.west, self.south)
        LonLat(self.east, self.north)
        if self.west > self.east or self.south > self.north:
            raise _invalid("bbox", f"west,south,east,north are wanted, smaller before larger, not {self}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The box that "west,south,east,north" says.

        >>> BBox.parse("103,34,104,35")
        BBox(west=103.0, south=34.0, east=104.0, north=35.0)
        """
        return cls(*_numbers(text, 4, "a bbox", "west,south,east,north such as 103.4,34.5,103.6,34.7"))

    def __str__(self) -> str:
        return f"{self.west!r},{self.south!r},{self.east!r},{self.north!r}"


def _numbers(text: str, count: int, what: str, wanted: str) -> list[float]:
    parts = _SEPARATOR.split(unicodedata.normalize("NFKC", text).strip())
    if len(parts) != count or not all(_NUMBER.fullmatch(part) for part in parts):
        raise _invalid("bbox" if count == 4 else "lon,lat", f"{text[:80]!r} is not {what}; wanted is {wanted}")
    return [float(part) for part in parts]


def _check_degrees(name: str, degrees: float, limit: int) -> None:
    if not math.isfinite(degrees):
        raise _invalid(name, f"{name} is {degrees}, not a finite number of degrees")
    if abs(degrees) >= _METRES_FROM:
        told = "{name} {value:.10g} is no degrees; for metres say crs, such as EPSG:4523 for eastings of zone 35"
        message = say("metres_not_degrees", told, name=name, value=degrees)
        raise InvalidInput(message, errors=[FieldError(name, message)])
    if abs(degrees) > limit:
        raise _invalid(name, f"{name} {degrees:g} is outside ±{limit} degrees")


def _invalid(where: str, message: str) -> InvalidInput:
    return InvalidInput(message, errors=[FieldError(where, message)])
