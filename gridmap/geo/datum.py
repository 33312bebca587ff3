"""GCJ-02 (火星坐标) and BD-09 (百度坐标), the offsets of Chinese web maps, both ways and exact.

Neither is documented by its owner. The constants are those that reproduce published vectors to the last digit. Outside
China (a rectangle, tested on the input as the maps do) both are WGS 84, which is CGCS2000 for us.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from gridmap.geo.arrays import BoolArray, FloatArray, as_pair

WEST, SOUTH, EAST, NORTH = 72.004, 0.8293, 137.8347, 55.8271

# The ellipsoid of Krassovsky 1940, on which GCJ-02 turns its metres into degrees.
_A = 6378245.0
_EE = 0.00669342162296594
_X_PI = np.pi * 3000.0 / 180.0
# A step shrinks the error 200-fold (GCJ-02) or 60-fold (BD-09), so eight reach the last bit of a double. On 105°E the
# offset has the kink of a square root: there steps only halve it, and originals 0.3 µm apart share an image.
_MAX_STEPS = 48
_LAST_BIT_DEG = 3e-14

_Shift = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


def in_china(lon: npt.ArrayLike, lat: npt.ArrayLike) -> BoolArray:
    """Whether the web maps shift the point. A rectangle with parts of every neighbour in it; NaN is outside.

    >>> in_china([103.5, 139.7], [34.6, 35.7])
    array([ True, False])
    """
    x, y = as_pair(lon, lat)
    return np.asarray((x >= WEST) & (x <= EAST) & (y >= SOUTH) & (y <= NORTH))


def wgs84_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Degrees of WGS 84 (or CGCS2000) as GCJ-02, 144 to 345 m away at Gannan. NaN stays NaN.

    >>> x, y = wgs84_to_gcj02(116.404, 39.915)
    >>> print(x, y)
    116.41024449916938 39.91640428150164
    """
    return _forward(_gcj02_shift, lon, lat)


def gcj02_to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """The point whose GCJ-02 is the one given, to 2 nm (0.3 µm on 105°E): the true inverse, not one step of it.

    Across the border of the rectangle, where the offset sets in, some GCJ-02 points have two originals: the one inside
    is meant. Some have none: the offset is then taken to reach over the border.

    >>> x, y = gcj02_to_wgs84(116.41024449916938, 39.91640428150164)
    >>> print(round(float(x), 12), round(float(y), 12))
    116.404 39.915
    """
    return _inverse(_gcj02_shift, lon, lat)


def gcj02_to_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Degrees of GCJ-02 as BD-09.

    >>> x, y = gcj02_to_bd09(116.404, 39.915)
    >>> print(x, y)
    116.41036949371029 39.92133699351021
    """
    return _forward(_bd09_shift, lon, lat)


def bd09_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """The GCJ-02 whose BD-09 is the point given: the true inverse, up to 0.127 m from the closed form in use."""
    return _inverse(_bd09_shift, lon, lat)


def wgs84_to_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Degrees of WGS 84 (or CGCS2000) as BD-09, by way of GCJ-02."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """The point whose BD-09 is the one given, to 4 nm (0.3 µm on 105°E)."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def _forward(shift: _Shift, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, y = as_pair(lon, lat)
    inside = in_china(x, y)
    moved_x, moved_y = shift(x, y)
    return np.where(inside, moved_x, x), np.where(inside, moved_y, y)


def _inverse(shift: _Shift, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Fixed-point steps p ← p − (moved(p) − q); both offsets vary so slowly that every step gains two digits."""
    x, y = as_pair(lon, lat)
    # Far outside nothing is shifted, and the offset's formula, a polynomial, is no contraction there.
    near = (x > WEST - 1) & (x < EAST + 1) & (y > SOUTH - 1) & (y < NORTH + 1)
    original_x, original_y = x.copy(), y.copy()
    original_x[near], original_y[near] = _original(shift, x[near], y[near])
    # What lay exactly on the border may come back a bit beyond it, where nothing is shifted.
    for border, original in ((WEST, original_x), (EAST, original_x), (SOUTH, original_y), (NORTH, original_y)):
        original[np.abs(original - border) < 2 * _LAST_BIT_DEG] = border
    unmoved = ~near | (~in_china(x, y) & ~in_china(original_x, original_y))
    return np.where(unmoved, x, original_x), np.where(unmoved, y, original_y)


def _original(shift: _Shift, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    guess_x, guess_y = x.copy(), y.copy()
    rows = np.arange(x.size)
    for _ in range(_MAX_STEPS):
        moved_x, moved_y = shift(guess_x[rows], guess_y[rows])
        miss_x, miss_y = moved_x - x[rows], moved_y - y[rows]
        guess_x[rows] -= miss_x
        guess_y[rows] -= miss_y
        rows = rows[(np.abs(miss_x) > _LAST_BIT_DEG) | (np.abs(miss_y) > _LAST_BIT_DEG)]
        if not rows.size:
            break
    return guess_x, guess_y


def _gcj02_shift(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    x, y = lon - 105.0, lat - 35.0
    ripple = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    root, product = np.sqrt(np.abs(x)), x * y
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * product + 0.2 * root + ripple
    north_m += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north_m += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * product + 0.1 * root + ripple
    east_m += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east_m += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    radians = lat / 180.0 * np.pi
    magic = 1.0 - _EE * np.sin(radians) * np.sin(radians)
    per_north = (_A * (1.0 - _EE)) / (magic * np.sqrt(magic)) * np.pi
    per_east = _A / np.sqrt(magic) * np.cos(radians) * np.pi
    return lon + east_m * 180.0 / per_east, lat + north_m * 180.0 / per_north


def _bd09_shift(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    radius = np.sqrt(lon * lon + lat * lat) + 0.00002 * np.sin(lat * _X_PI)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _X_PI)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006
