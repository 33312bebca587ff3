"""What is known of the ground: outlines by code, against which a reading of coordinates is held."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.geo.arrays import FloatArray, Polygonal

ToLonLat = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
_SAMPLE = 600


@dataclass(frozen=True, slots=True)
class Placed:
    """A shape in its file's numbers and the code that says where it belongs."""

    code: str | None
    geometry: BaseGeometry

    @property
    def coordinates(self) -> FloatArray:
        """Its vertices, a row each."""
        return np.asarray(shapely.get_coordinates(self.geometry), np.float64)


@dataclass(frozen=True)
class Ground:
    """Known outlines by division code, in degrees of EPSG:4490; empty in a new installation."""

    outlines: Mapping[str, Polygonal] = field(default_factory=dict)

    def around(self, code: str | None) -> tuple[str, Polygonal] | None:
        """The smallest known outline that a code belongs to; for a shape without code the only largest one."""
        for length in (12, 9, 6, 2):
            if code and code[:length] in self.outlines and len(code) >= length:
                return code[:length], self.outlines[code[:length]]
        if code or not self.outlines:
            return None
        return self._whole

    @cached_property
    def _whole(self) -> tuple[str, Polygonal]:
        shortest = min(len(known) for known in self.outlines)
        tops = {known: outline for known, outline in self.outlines.items() if len(known) == shortest}
        union = shapely.union_all(list(tops.values()))
        return min(tops), union if isinstance(union, shapely.Polygon | shapely.MultiPolygon) else shapely.Polygon()

    def misfit(self, shapes: Sequence[Placed], lonlat: ToLonLat) -> float | None:
        """The share of the shapes outside the outlines of their codes: the mean in each, the median of all of them.

        None when no outline of any code is known. A median, so that one wrong village does not speak for all.
        """
        shares: dict[str, list[float]] = {}
        step = max(1, len(shapes) // _SAMPLE)
        for shape in shapes[::step]:
            known = self.around(shape.code)
            if known is not None:
                shares.setdefault(known[0], []).append(_outside(moved(shape.geometry, lonlat), known[1]))
        if not shares:
            return None
        return max(0.0, float(np.median([np.mean(values) for values in shares.values()])))

    def shift_m(self, shapes: Sequence[Placed], lonlat: ToLonLat) -> float | None:
        """How far polygons lie beside the outlines that they seem to fill, in metres; None when they fill none.

        The median over outlines of the move that would bring the middle of one onto the middle of the other.
        """
        inside: dict[str, list[BaseGeometry]] = {}
        for shape in shapes:
            known = self.around(shape.code)
            if known is not None and shapely.get_dimensions(shape.geometry) == 2:
                inside.setdefault(known[0], []).append(moved(shape.geometry, lonlat))
        moves = [
            _beside(shapes_there, self.outlines[code]) for code, shapes_there in inside.items() if code in self.outlines
        ]
        told = [move for move in moves if move is not None]
        return float(np.hypot(*np.median(told, axis=0))) if told else None


def moved(geometry: BaseGeometry, lonlat: ToLonLat) -> BaseGeometry:
    """The geometry read in degrees; empty where a vertex has no place."""

    def convert(xy: FloatArray) -> FloatArray:
        return np.column_stack(lonlat(xy[:, 0], xy[:, 1]))

    shape = shapely.transform(geometry, convert)
    return shape if np.isfinite(shapely.get_coordinates(shape)).all() else type(geometry)()


def _outside(shape: BaseGeometry, outline: Polygonal) -> float:
    if shape.is_empty or not shapely.box(*shape.bounds).intersects(outline):
        return 1.0
    if shapely.get_dimensions(shape) < 2:
        points = shapely.points(shapely.get_coordinates(shape))
        return float(1 - shapely.intersects(outline, points).mean())
    # A bow tie has an area too; here it is only a question of where it lies.
    sound = shape if shape.is_valid else shapely.make_valid(shape)
    return float(1 - sound.intersection(outline).area / sound.area) if sound.area else 1.0


def _beside(shapes: Sequence[BaseGeometry], outline: Polygonal) -> tuple[float, float] | None:
    whole = shapely.union_all(shapely.make_valid(np.array(shapes, object)))
    if not 0.95 < whole.area / outline.area < 1.05:
        return None
    (x, y), (u, v) = whole.centroid.coords[0], outline.centroid.coords[0]
    return (x - u) * 111_320 * float(np.cos(np.radians(v))), (y - v) * 110_950
