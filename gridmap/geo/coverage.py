"""Whether coded polygons tile an outline, and what is wrong where they don't.

Three tests, because each alone is blind somewhere (GEOS #1251: `gap_width` misses gaps): GEOS's own coverage test, the
exact cancelling of directed edges (`chain`), and the plane cut into what is covered never, once or more often.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.errors import FieldError, InvalidInput
from gridmap.geo import chain, pieces
from gridmap.geo.arrays import BoolArray, Polygonal, ShapeArray
from gridmap.geo.coverage_problems import Kind, Problem
from gridmap.geo.lattice import Frame
from gridmap.geo.pieces import CodedPolygon, CoverageOptions, Ruler

# In units of 1e-7 degree. Results of GEOS are off by 1e-8; the thinnest triangle on the lattice, with sides of 10 km,
# is 5e-7 wide.
_NOISE_WIDTH = 1e-7
_TOUCH = 1e-3


__all__ = ["CodedPolygon", "CoverageOptions", "check_coverage"]


def check_coverage(
    grids: Sequence[CodedPolygon], outline: Polygonal | None = None, options: CoverageOptions | None = None
) -> list[Problem]:
    """Everything wrong with the grids as a coverage of the outline, gravest kind first; empty when all is well.

    Without an outline, the outer border of the grids' union stands for it: what is enclosed and not covered is found,
    and inlets narrower than a sliver. Raises InvalidInput when the outline itself is not valid.

    >>> west, east = CodedPolygon("1", shapely.box(0, 0, 1, 1)), CodedPolygon("2", shapely.box(1, 0, 2, 1))
    >>> [(problem.kind.value, problem.grids) for problem in check_coverage([west], shapely.box(0, 0, 1, 2))]
    [('gap', ('1',))]
    >>> check_coverage([west, east], shapely.coverage_union(west.geometry, east.geometry))
    []
    """
    options = options or CoverageOptions()
    if outline is not None and not outline.is_valid:
        reason = shapely.is_valid_reason(outline)
        raise InvalidInput(f"the outline is not valid: {reason}", errors=[FieldError("outline", reason)])
    check = _Check.of(grids, outline, options)
    found = [*pieces.own_problems(grids, options), *check.problems()]
    order = list(Kind)
    return sorted(found, key=lambda problem: (order.index(problem.kind), problem.grids, -problem.size))


@dataclass(frozen=True, slots=True)
class _Check:
    """The grids in a local frame, invalid ones stood in for by the area they enclose."""

    codes: list[str]
    shapes: ShapeArray
    tree: shapely.STRtree
    outline: Polygonal | None
    ruler: Ruler
    gap_width: float

    @classmethod
    def of(cls, grids: Sequence[CodedPolygon], outline: Polygonal | None, options: CoverageOptions) -> "_Check":
        given = [grid.geometry for grid in grids]
        frame = Frame.around([*given, *([] if outline is None else [outline])])
        shapes = pieces.valid_areas(frame.units(np.array(given, object)))
        border = None if outline is None else frame.units(np.array([outline], object))[0]
        ruler = Ruler(frame)
        # With an outline every gap is found by subtraction; without one only nearness tells an inlet from the outside.
        gap_width = ruler.units_of(options.sliver_width_m, shapes) if outline is None else 0.0
        return cls([grid.code for grid in grids], shapes, shapely.STRtree(shapes), border, ruler, gap_width)

    def problems(self) -> Iterator[Problem]:
        lines = self._invalid_edges()
        union = shapely.union_all(self.shapes)
        outline = self.outline if self.outline is not None else pieces.filled(union)
        unmatched = chain.unmatched_edges(self.shapes, outline)
        if not len(unmatched) and shapely.is_empty(lines).all():
            return
        areas = [
            *self._overlaps(),
            *self._gaps(shapely.difference(outline, union), shapely.boundary(outline)),
            *self._outside(outline),
        ]
        yield from self._area_problems(areas)
        explained: list[BaseGeometry] = [area.part for area in areas]
        for lonely in _unexplained(pieces.vertices_on_edges(unmatched), explained):
            explained += lonely.edges.tolist()
            yield self._vertex_problem(lonely)
        yield from self._edge_problems(lines, explained)

    def _invalid_edges(self) -> ShapeArray:
        """For each grid the lines that GEOS finds wrong; for most an empty one."""
        if not len(self.shapes):
            return self.shapes
        return np.asarray(shapely.coverage_invalid_edges(self.shapes, gap_width=self.gap_width), object)

    def _overlaps(self) -> Iterator["_Area"]:
        left, right = self.tree.query(self.shapes, predicate="intersects")
        left, right = left[left < right], right[left < right]
        # Neighbours meet in lines; only where interiors meet is an intersection worth computing.
        meet = shapely.relate_pattern(self.shapes[left], self.shapes[right], "T********")
        left, right = left[meet], right[meet]
        for row, part in _areas(shapely.intersection(self.shapes[left], self.shapes[right])):
            yield _Area(Kind.OVERLAP, [left[row], right[row]], part)

    def _gaps(self, uncovered: BaseGeometry, border: BaseGeometry) -> Iterator["_Area"]:
        shapely.prepare(border)
        for _, part in _areas(np.array([uncovered], object)):
            beside = self.tree.query(part, predicate="dwithin", distance=_TOUCH).tolist()
            enclosed = len(beside) == 1 and not shapely.dwithin(border, part, _TOUCH)
            yield _Area(Kind.HOLE if enclosed else Kind.GAP, beside, part)

    def _outside(self, outline: Polygonal) -> Iterator["_Area"]:
        shapely.prepare(outline)
        beyond = np.flatnonzero(~shapely.covers(outline, self.shapes))
        for row, part in _areas(shapely.difference(self.shapes[beyond], outline)):
            yield _Area(Kind.OUTSIDE, [beyond[row]], part)

    def _area_problems(self, areas: list["_Area"]) -> Iterator[Problem]:
        parts = np.array([area.part for area in areas], object)
        sizes, places = self.ruler.areas_m2(parts).tolist(), self.ruler.frame.degrees(parts)
        for area, size, place in zip(areas, sizes, places, strict=True):
            codes = tuple(sorted(self.codes[index] for index in area.grids))
            yield Problem(area.kind, codes, place, size, "m2")

    def _vertex_problem(self, lonely: pieces.LonelyVertices) -> Problem:
        concerned = {lonely.lacking, *lonely.having} - {chain.OUTLINE}
        codes = tuple(sorted(self.codes[owner] for owner in concerned))
        place = self.ruler.frame.degrees(shapely.MultiPoint(list(lonely.points)))
        return Problem(Kind.UNMATCHED_VERTEX, codes, place, self.ruler.length_m(shapely.union_all(lonely.edges)), "m")

    def _edge_problems(self, lines: ShapeArray, explained: list[BaseGeometry]) -> Iterator[Problem]:
        """What GEOS finds wrong beyond all that: borders that run side by side without being one."""
        parts, owners = shapely.get_parts(lines[~shapely.is_empty(lines)], return_index=True)
        codes = np.array(self.codes, object)[~shapely.is_empty(lines)]
        left = ~_near(parts, explained)
        for owner in np.unique(owners[left]).tolist():
            border = shapely.MultiLineString(list(parts[left & (owners == owner)]))
            place, length_m = self.ruler.frame.degrees(border), self.ruler.length_m(border)
            yield Problem(Kind.UNMATCHED_EDGE, (codes[owner],), place, length_m, "m")


@dataclass(frozen=True, slots=True)
class _Area:
    """Something wrong with an area of the frame, and the grids concerned, by index."""

    kind: Kind
    grids: list[int]
    part: shapely.Polygon


def _areas(geometries: ShapeArray) -> Iterator[tuple[int, shapely.Polygon]]:
    """The polygons of results that are no rounding noise, each with the row it comes from."""
    parts, rows = shapely.get_parts(geometries, return_index=True)
    real = 2 * shapely.area(parts) > _NOISE_WIDTH * shapely.length(parts)
    yield from zip(rows[real].tolist(), parts[real].tolist(), strict=True)


def _unexplained(found: list[pieces.LonelyVertices], explained: list[BaseGeometry]) -> list[pieces.LonelyVertices]:
    """Without the vertices at which an area is wrong: that has been said."""
    points = np.array([point for lonely in found for point in lonely.points], object)
    free = np.split(~_near(points, explained), np.cumsum([len(lonely.points) for lonely in found]))[:-1]
    return [lonely.take(rows) for lonely, rows in zip(found, free, strict=True) if rows.any()]


def _near(shapes: ShapeArray, explained: list[BaseGeometry]) -> BoolArray:
    near = np.zeros(len(shapes), np.bool_)
    near[shapely.STRtree(explained).query(shapes, predicate="dwithin", distance=_TOUCH)[0]] = True
    return near
