"""The lattice of 1e-7 degree (about 1 cm) on which every stored vertex lies, in one canonical double for each number.

A lattice number is the double nearest to its decimal of seven places, so that equal text, equal bits and equal vertices
are one and the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self, TypeVar, overload

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.geo.arrays import FloatArray, IntArray, Polygonal, ShapeArray

UNITS_PER_DEGREE = 10_000_000
STEP_DEG = 1e-7

_Shape = TypeVar("_Shape", bound=BaseGeometry)


def to_units(coords: npt.ArrayLike) -> IntArray:
    """The nearest lattice numbers as whole units of 1e-7 degree, in which arithmetic is exact. Finite input only.

    >>> to_units([103.50710904, -0.00000006])
    array([1035071090,         -1])
    """
    return np.rint(np.asarray(coords, np.float64) * UNITS_PER_DEGREE).astype(np.int64)


def from_units(units: npt.ArrayLike) -> FloatArray:
    """Degrees of whole lattice units, as the canonical doubles."""
    # An exact integer divided by an exact integer is rounded once: the double that the decimal's text parses to.
    return np.asarray(units, np.int64) / np.float64(UNITS_PER_DEGREE)


def snap(coords: npt.ArrayLike) -> FloatArray:
    """Every number rounded to the lattice; a number on it is returned to the bit. NaN stays NaN.

    >>> snap([103.50710904, 34.589588])
    array([103.507109,  34.589588])
    """
    # Adding zero turns -0.0 into 0.0, which has one text and one set of bits.
    return np.asarray(np.rint(np.asarray(coords, np.float64) * UNITS_PER_DEGREE) / UNITS_PER_DEGREE + 0.0)


def on_lattice(geometry: BaseGeometry) -> bool:
    """Whether every vertex is a lattice number to the bit; an empty geometry is.

    >>> on_lattice(shapely.Point(103.5071091, 34.5)), on_lattice(shapely.Point(103.50710911, 34.5))
    (True, False)
    """
    coords = shapely.get_coordinates(geometry)
    return bool(np.array_equal(coords, snap(coords)))


@dataclass(frozen=True, slots=True)
class Frame:
    """A local frame in lattice units, in which geometry on the lattice has whole, small numbers.

    Differences and orientations of such numbers are exact in doubles, and an intersection computed by GEOS is off by
    less than a nanometre. Off the lattice a frame keeps the fraction.
    """

    west: int
    south: int

    @classmethod
    def around(cls, geometries: Iterable[BaseGeometry]) -> Self:
        """The frame whose origin is the south-western corner of them all; at 0, 0 when there are none."""
        filled = [geometry for geometry in geometries if not geometry.is_empty]
        west, south = to_units(shapely.total_bounds(filled)[:2]).tolist() if filled else (0, 0)
        return cls(west, south)

    def units(self, geometries: ShapeArray) -> ShapeArray:
        """The geometries (an array of them) with their degrees as units of this frame."""
        moved: ShapeArray = shapely.transform(geometries, self._to_units)
        return moved

    @overload
    def degrees(self, geometry: _Shape) -> _Shape: ...

    @overload
    def degrees(self, geometry: ShapeArray) -> ShapeArray: ...

    def degrees(self, geometry: BaseGeometry | ShapeArray) -> BaseGeometry | ShapeArray:
        """A geometry of this frame (or an array) back in degrees; whole units become lattice numbers to the bit."""
        return shapely.transform(geometry, lambda xy: (xy + self._origin) / UNITS_PER_DEGREE)

    def _to_units(self, degrees: FloatArray) -> FloatArray:
        scaled = degrees * UNITS_PER_DEGREE
        whole = np.rint(scaled)
        return np.where(whole / UNITS_PER_DEGREE == degrees, whole, scaled) - self._origin

    @property
    def _origin(self) -> FloatArray:
        return np.array([self.west, self.south], np.float64)


@dataclass(frozen=True, slots=True)
class Snapped:
    """A polygon or multipolygon on the lattice, and what the rounding did to it."""

    geometry: Polygonal
    moved: int
    """Vertices that lay off the lattice."""
    merged: int
    """Vertices that fell on their neighbour and are now one with it."""
    collapsed: tuple[BaseGeometry, ...]
    """Parts and holes, as they were, of which no area was left; they are not in `geometry`."""
    invalid_reason: str | None
    """Why `geometry` is not valid, as GEOS says it; None when it is."""

    @property
    def is_clean(self) -> bool:
        """Whether rounding left every part and hole, and a valid geometry."""
        return not self.collapsed and self.invalid_reason is None


def snap_geometry(geometry: Polygonal) -> Snapped:
    """The polygons of `geometry` with every vertex rounded to the lattice. Nothing is repaired.

    What collapsed is listed, what became invalid is returned as it is with the reason.

    >>> snap_geometry(shapely.box(0, 0, 1, 1.00000004)).geometry.wkt
    'POLYGON ((1 0, 1 1, 0 1, 0 0, 1 0))'
    >>> snap_geometry(shapely.box(0, 0, 1, 0.00000004)).collapsed
    (<POLYGON ((1 0, 1 4e-8, 0 4e-8, 0 0, 1 0))>,)
    """
    before = shapely.get_coordinates(geometry)
    parts: list[shapely.Polygon] = []
    collapsed: list[BaseGeometry] = []
    for polygon in shapely.get_parts(geometry):
        kept = _snap_polygon(polygon, collapsed)
        parts += [kept] if kept is not None else []
    whole: Polygonal = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    lost = shapely.count_coordinates(np.array(collapsed, object)) if collapsed else 0
    return Snapped(
        geometry=whole,
        moved=int((snap(before) != before).any(axis=1).sum()),
        merged=len(before) - lost - shapely.count_coordinates(whole),
        collapsed=tuple(collapsed),
        invalid_reason=None if whole.is_valid else shapely.is_valid_reason(whole),
    )


def _snap_polygon(polygon: shapely.Polygon, collapsed: list[BaseGeometry]) -> shapely.Polygon | None:
    shell = _snap_ring(polygon.exterior)
    if shell is None:
        collapsed.append(polygon)
        return None
    holes = []
    for interior in polygon.interiors:
        hole = _snap_ring(interior)
        if hole is None:
            collapsed.append(shapely.Polygon(interior))
        else:
            holes.append(from_units(hole))
    return shapely.Polygon(from_units(shell), holes)


def _snap_ring(ring: shapely.LinearRing) -> IntArray | None:
    """The ring's vertices in units without repeats, closed; None when they enclose nothing."""
    units = to_units(shapely.get_coordinates(ring))
    if not len(units):
        return None
    units = units[np.r_[True, (units[1:] != units[:-1]).any(axis=1)]]
    return None if len(units) < 4 or _on_one_line(units) else units


def _on_one_line(units: IntArray) -> bool:
    """Whether a ring has no extent across itself. A bow tie has, though its signed area may be nought."""
    # Relative to the first vertex a county's products stay far below 2**63.
    x, y = (units - units[0]).T
    far = int(np.argmax(np.abs(x) + np.abs(y)))
    return not (x[far] * y - y[far] * x).any()
