"""Coordinate reference systems by name, and the way from each to degrees of EPSG:4490 and back.

Axes are always lon, lat or easting, northing, whatever the authority says. Only systems on CGCS2000 and WGS 84 are
taken: between these two the transformation is null (EPSG:4326 and 4490 hold identical numbers), while the shift from
Beijing 1954 or Xian 1980 is not public, and a guess would be off by a hundred metres.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
import numpy.typing as npt
import pyproj
from pyproj.exceptions import CRSError

from gridmap.errors import FieldError, InvalidInput
from gridmap.geo import datum
from gridmap.geo.arrays import BoolArray, FloatArray, as_pair
from gridmap.geo.lonlat import LonLat
from gridmap.sentences import Sentence, say

ALLOWED = (
    "EPSG:NNNN on CGCS2000 or WGS 84 (EPSG:4490, EPSG:4513 to EPSG:4554, EPSG:3857…), wgs84, cgcs2000, gcj02, bd09"
)

_NAMES = {"wgs84": "EPSG:4326", "cgcs2000": "EPSG:4490", "gcj02": "gcj02", "bd09": "bd09"}
_BASES = {("EPSG", "4326"), ("EPSG", "4490")}
# So far beyond its zone a plane system is still exact to a millimetre; swapped axes and wrong zones land farther out.
_REACH_DEG = 12.0


@dataclass(frozen=True, slots=True)
class AreaOfUse:
    """Where a system is meant to be used, in degrees."""

    west: float
    south: float
    east: float
    north: float


_WORLD = AreaOfUse(-180.0, -90.0, 180.0, 90.0)
_CHINA = AreaOfUse(datum.WEST, datum.SOUTH, datum.EAST, datum.NORTH)


@dataclass(frozen=True, slots=True)
class Crs:
    """A coordinate reference system (坐标系): `EPSG:NNNN`, `gcj02` or `bd09`."""

    name: str
    projected: bool
    area_of_use: AreaOfUse
    domain: AreaOfUse
    """The least and greatest x and y that are taken, in the system's own units."""

    @property
    def axes(self) -> tuple[str, str]:
        """What the first and the second number of a point are."""
        return ("easting", "northing") if self.projected else ("lon", "lat")

    @classmethod
    def parse(cls, text: str, *, parameter: str = "crs") -> Self:
        """The system of that name, in any case. Raises InvalidInput naming the parameter and what is allowed.

        >>> Crs.parse("cgcs2000").name, Crs.parse("epsg:4544").axes
        ('EPSG:4490', ('easting', 'northing'))
        """
        name = _NAMES.get(text.strip().lower(), text.strip().upper())
        if name in {"gcj02", "bd09"}:
            return cls(name, projected=False, area_of_use=_CHINA, domain=_WORLD)
        digits = name.removeprefix("EPSG:")
        if digits == name or not (digits.isascii() and digits.isdigit()) or len(digits) > 6:
            unknown = say("crs_not_known", "{text!r} is not a coordinate system known here", text=text[:40])
            raise _refused(parameter, unknown)
        known = _load(int(digits))
        if isinstance(known, Sentence):
            raise _refused(parameter, known)
        return cls(*known)


def to_lonlat(crs: Crs, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Points of `crs` as lon, lat arrays in EPSG:4490; both are NaN where a point is not finite or out of the domain.

    Degrees of EPSG:4326 and 4490 come back to the bit.

    >>> lon, lat = to_lonlat(Crs.parse("EPSG:4544"), 363034.1995, [3830076.2169, float("nan")])
    >>> lon.round(8).tolist(), lat.round(8).tolist()
    ([103.507109, nan], [34.589588, nan])
    """
    x, y = as_pair(x, y)
    valid = _within(crs.domain, x, y)
    match crs.name:
        case "gcj02":
            lon, lat = datum.gcj02_to_wgs84(x, y)
        case "bd09":
            lon, lat = datum.bd09_to_wgs84(x, y)
        case _ if crs.projected:
            lon, lat = _transformer(crs.name).transform(x, y, direction="INVERSE")
        case _:
            lon, lat = x, y
    return _masked(valid & _within(_WORLD, lon, lat), lon, lat)


def from_lonlat(crs: Crs, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Degrees of EPSG:4490 as points of `crs`; both numbers are NaN where that has none or the input is no point.

    >>> easting, northing = from_lonlat(Crs.parse("EPSG:4523"), [103.507109], [34.589588])
    >>> easting.round(4).tolist(), northing.round(4).tolist()
    ([35363034.1995], [3830076.2169])
    """
    lon, lat = as_pair(lon, lat)
    valid = _within(_WORLD, lon, lat)
    match crs.name:
        case "gcj02":
            x, y = datum.wgs84_to_gcj02(lon, lat)
        case "bd09":
            x, y = datum.wgs84_to_bd09(lon, lat)
        case _ if crs.projected:
            x, y = _transformer(crs.name).transform(lon, lat)
        case _:
            x, y = lon, lat
    return _masked(valid & _within(crs.domain, x, y), x, y)


def convert(source: Crs, target: Crs, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Points of `source` in `target`, NaN where there is none; between equal systems the input to the bit."""
    if source == target:
        return _masked(_within(source.domain, *as_pair(x, y)), *as_pair(x, y))
    return from_lonlat(target, *to_lonlat(source, x, y))


def point_to_lonlat(crs: Crs, x: float, y: float) -> LonLat:
    """One point as LonLat. Raises InvalidInput that says which number is wrong and what may be the reason."""
    if not crs.projected:
        LonLat(x, y)
    _check_domain(crs, x, y)
    lon, lat = to_lonlat(crs, x, y)
    return LonLat(_checked(float(lon), crs, "point"), float(lat))


def point_from_lonlat(crs: Crs, point: LonLat) -> tuple[float, float]:
    """One point in `crs`. Raises InvalidInput when it lies too far from where that system is used.

    >>> x, y = point_from_lonlat(Crs.parse("bd09"), LonLat(103.507109, 34.589588))
    >>> round(x, 7), round(y, 7)
    (103.5160425, 34.5939617)
    """
    x, y = from_lonlat(crs, point.lon, point.lat)
    return _checked(float(x), crs, f"{point}"), float(y)


@lru_cache(maxsize=256)
def _load(code: int) -> tuple[str, bool, AreaOfUse, AreaOfUse] | Sentence:
    """Name, whether projected, area and domain; or the sentence why it can't be used."""
    name = f"EPSG:{code}"
    try:
        found = pyproj.CRS.from_epsg(code)
    except CRSError:
        return say("crs_none", "there is no {name}", name=name)
    base = found.geodetic_crs
    if base is None or base.to_authority() not in _BASES or len(found.axis_info) != 2:
        return say(
            "crs_other_base",
            "{name} ({title}) is not a plane or geographic system on CGCS2000 or WGS 84",
            name=name,
            title=found.name,
        )
    if not found.is_projected:
        return name, False, _area(found), _WORLD
    if any(axis.unit_conversion_factor != 1 for axis in found.axis_info):
        return say("crs_not_metres", "{name} ({title}) is not in metres", name=name, title=found.name)
    return name, True, _area(found), _domain(found)


def _area(found: pyproj.CRS) -> AreaOfUse:
    area = found.area_of_use
    return _WORLD if area is None else AreaOfUse(area.west, area.south, area.east, area.north)


def _domain(found: pyproj.CRS) -> AreaOfUse:
    """Least and greatest easting and northing in the area of use and some degrees to its east and west."""
    area, operation = _area(found), found.coordinate_operation
    west, east = max(area.west - _REACH_DEG, -180.0), min(area.east + _REACH_DEG, 180.0)
    # Along its meridian a transverse Mercator zone is good from pole to pole, and exercises are held anywhere.
    along_meridian = operation is not None and operation.method_name == "Transverse Mercator"
    south, north = (-84.0, 84.0) if along_meridian else (area.south, area.north)
    bounds = _transformer(f"EPSG:{found.to_epsg()}").transform_bounds(west, south, east, north, densify_pts=41)
    return AreaOfUse(*(math.floor(bound) for bound in bounds[:2]), *(math.ceil(bound) for bound in bounds[2:]))


@lru_cache(maxsize=256)
def _transformer(name: str) -> pyproj.Transformer:
    """From the system's own degrees to its metres. pyproj keeps one PROJ object a thread behind it."""
    found = pyproj.CRS.from_user_input(name)
    return pyproj.Transformer.from_crs(found.geodetic_crs, found, always_xy=True)


def _within(area: AreaOfUse, x: FloatArray, y: FloatArray) -> BoolArray:
    """Where both numbers are inside; never where one is NaN."""
    return np.asarray((x >= area.west) & (x <= area.east) & (y >= area.south) & (y <= area.north))


def _masked(valid: BoolArray, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    return np.where(valid, x, np.nan), np.where(valid, y, np.nan)


def _check_domain(crs: Crs, x: float, y: float) -> None:
    if crs.projected and abs(x) <= 180 and abs(y) <= 90:
        message = f"{x:.10g}, {y:.10g} look like degrees, but {crs.name} is in metres: easting, then northing"
        raise InvalidInput(message, errors=[FieldError("crs", message, "degrees_in_metres")])
    for axis, number, least, most in (
        (crs.axes[0], x, crs.domain.west, crs.domain.east),
        (crs.axes[1], y, crs.domain.south, crs.domain.north),
    ):
        if not least <= number <= most:
            hint = "; easting comes first, then northing" if crs.projected else ""
            message = f"{axis} {number:.10g} is outside {least:.10g} to {most:.10g}, the range of {crs.name}{hint}"
            raise InvalidInput(message, errors=[FieldError(axis, message)])


def _checked(number: float, crs: Crs, what: str) -> float:
    if math.isnan(number):
        raise InvalidInput(f"{what} has no place in {crs.name}", errors=[FieldError("crs", f"out of {crs.name}")])
    return number


def _refused(parameter: str, reason: Sentence) -> InvalidInput:
    message = say(
        "crs_allowed", "{field}: {reason}; allowed are {allowed}", field=parameter, reason=reason, allowed=ALLOWED
    )
    return InvalidInput(message, errors=[FieldError(parameter, message, "unknown_crs")])
