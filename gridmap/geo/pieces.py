"""The pieces a coverage check is made of: what is wrong with a grid by itself, and measuring in a local frame."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.geo import measure
from gridmap.geo.arrays import BoolArray, FloatArray, Polygonal, ShapeArray
from gridmap.geo.chain import Edges
from gridmap.geo.coverage_problems import Kind, Problem
from gridmap.geo.lattice import UNITS_PER_DEGREE, Frame, on_lattice

_GEODESIC_FROM_M2 = 1e6


@dataclass(frozen=True, slots=True)
class CodedPolygon:
    """A grid or other area of a coverage: its code and its shape in degrees of EPSG:4490."""

    code: str
    geometry: Polygonal


@dataclass(frozen=True, slots=True)
class CoverageOptions:
    """From which size on a part is worth a word."""

    min_area_m2: float = 50.0
    """A part of a grid with less area is called small."""
    sliver_width_m: float = 1.0
    """A part of a grid narrower than this is a sliver; without an outline, borders so close should be one."""


@dataclass(frozen=True, slots=True)
class Ruler:
    """Measures shapes of a local frame in metres, to a few parts in a million, however small they are."""

    frame: Frame

    def areas_m2(self, shapes: ShapeArray) -> FloatArray:
        """The areas of polygons of the frame."""
        degrees = self.frame.degrees(shapes)
        areas = shapely.area(in_metres(degrees))
        for large in np.flatnonzero(areas >= _GEODESIC_FROM_M2).tolist():
            areas[large] = measure.area_m2(degrees[large])
        return areas

    def length_m(self, shape: BaseGeometry) -> float:
        """The length of lines, or round polygons, of the frame."""
        return float(in_metres(np.array([self.frame.degrees(shape)], object))[0].length)

    def units_of(self, metres: float, shapes: ShapeArray) -> float:
        """The lesser number of units, along either axis, that many metres are in the middle of the shapes."""
        middle = np.nanmean(shapely.bounds(shapes)[:, [1, 3]]) if not shapely.is_empty(shapes).all() else 0.0
        _, lat_m = measure.metres_per_degree((self.frame.south + middle) / UNITS_PER_DEGREE)
        return float(metres * UNITS_PER_DEGREE / lat_m)


def in_metres(shapes: ShapeArray) -> ShapeArray:
    """Shapes in degrees as flat shapes in metres, each in a scale of its own latitude: for widths and small areas."""
    _, owner = shapely.get_coordinates(shapes, return_index=True)
    bounds = shapely.bounds(shapes)
    lon_m, lat_m = measure.metres_per_degree((bounds[:, 1] + bounds[:, 3]) / 2)
    scale = np.column_stack([lon_m, lat_m])[owner]
    flat: ShapeArray = shapely.transform(shapes, lambda xy: (xy - bounds[owner, :2]) * scale)
    return flat


def widths_m(flat: ShapeArray) -> FloatArray:
    """How wide polygons in metres are on average across their length: a strip's width, half a square's side."""
    lengths = shapely.length(flat)
    return np.divide(2 * shapely.area(flat), lengths, out=np.zeros(len(flat)), where=lengths > 0)


def own_problems(grids: Sequence[CodedPolygon], options: CoverageOptions) -> Iterator[Problem]:
    """What is wrong with each grid by itself, whatever its neighbours are."""
    shapes = np.array([grid.geometry for grid in grids], object)
    valid = shapely.is_valid(shapes)
    for grid, is_valid in zip(grids, valid.tolist(), strict=True):
        yield from _form_problems(grid, is_valid=is_valid)
    valid &= ~shapely.is_empty(shapes)
    parts, owner = shapely.get_parts(shapes[valid], return_index=True)
    owners = np.flatnonzero(valid)[owner].tolist()
    flat = in_metres(parts)
    narrow, areas_m2 = widths_m(flat) < options.sliver_width_m, shapely.area(flat)
    for row in np.flatnonzero(narrow | (areas_m2 < options.min_area_m2)).tolist():
        kind = Kind.SLIVER if narrow[row] else Kind.SMALL
        yield Problem(kind, (grids[owners[row]].code,), parts[row], float(areas_m2[row]), "m2")


def _form_problems(grid: CodedPolygon, *, is_valid: bool) -> Iterator[Problem]:
    shape, codes = grid.geometry, (grid.code,)
    if shape.is_empty:
        yield Problem(Kind.EMPTY, codes, shape, 0.0, "m2")
        return
    if not on_lattice(shape):
        yield Problem(Kind.OFF_LATTICE, codes, shape.representative_point(), measure.length_m(shape), "m")
    if not is_valid:
        place, reason = _invalid_place(shape)
        yield Problem(Kind.INVALID_RING, codes, place, measure.length_m(shape), "m", detail=reason)
    elif len(shapely.get_parts(shape)) > 1:
        count = len(shapely.get_parts(shape))
        yield Problem(Kind.MULTIPART, codes, shape, measure.area_m2(shape), "m2", detail=str(count))


def _invalid_place(shape: Polygonal) -> tuple[BaseGeometry, str]:
    """Where GEOS sees a ring go wrong, which it says in words only: `Self-intersection[103.5 34.5]`."""
    words, _, place = shapely.is_valid_reason(shape).partition("[")
    numbers = place.rstrip("]").split()
    return (shapely.Point(*map(float, numbers)) if len(numbers) == 2 else shape.envelope), words


def valid_areas(shapes: ShapeArray) -> ShapeArray:
    """The shapes, invalid ones replaced by the area they enclose, so that the rest of a check can go on."""
    made: ShapeArray = shapes.copy()
    for index in np.flatnonzero(~shapely.is_valid(shapes)).tolist():
        parts = shapely.get_parts(shapely.make_valid(shapes[index]))
        made[index] = shapely.union_all([part for part in parts if shapely.get_dimensions(part) == 2])
    return made


def filled(union: BaseGeometry) -> Polygonal:
    """The union's parts without their holes, as one shape."""
    shells = [shapely.Polygon(part.exterior) for part in shapely.get_parts(union)]
    whole = shapely.union_all(shells)
    return whole if isinstance(whole, shapely.Polygon | shapely.MultiPolygon) else shapely.Polygon()


@dataclass(frozen=True, slots=True)
class LonelyVertices:
    """Vertices that lie exactly inside edges of a polygon which lacks them; each polygon by its index or OUTLINE."""

    lacking: int
    having: tuple[int, ...]
    edges: ShapeArray
    points: ShapeArray

    def take(self, rows: BoolArray) -> "LonelyVertices":
        """Those of the rows."""
        return LonelyVertices(self.lacking, self.having, self.edges[rows], self.points[rows])


def vertices_on_edges(edges: Edges) -> list[LonelyVertices]:
    """The vertices among the ends of the edges that lie inside another's edge, by who lacks and who has them."""
    ends, owners = np.concatenate([edges.start, edges.end]), np.concatenate([edges.owner, edges.owner])
    places, place = np.unique(ends, axis=0, return_inverse=True)
    having: dict[int, set[int]] = defaultdict(set)
    for at, owner in zip(place.ravel().tolist(), owners.tolist(), strict=True):
        having[at].add(owner)
    points, lines = np.asarray(shapely.points(places), object), edges.lines()
    point, line = shapely.STRtree(lines).query(points, predicate="intersects")
    inside = (places[point] != edges.start[line]).any(axis=1) & (places[point] != edges.end[line]).any(axis=1)
    found: dict[tuple[int, tuple[int, ...]], list[tuple[int, int]]] = defaultdict(list)
    for p, e in zip(point[inside].tolist(), line[inside].tolist(), strict=True):
        lacking = int(edges.owner[e])
        if others := tuple(sorted(having[p] - {lacking})):
            found[lacking, others].append((e, p))
    rows = {key: np.array(pairs) for key, pairs in sorted(found.items())}
    return [LonelyVertices(*key, lines[pairs[:, 0]], points[pairs[:, 1]]) for key, pairs in rows.items()]
