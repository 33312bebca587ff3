"""Whether coded polygons tile an outline, and what is wrong where they don't.

Three tests, because each alone is blind somewhere (GEOS #1251: `gap_width` misses gaps): GEOS's own coverage test, the
exact cancelling of directed edges (`chain`), and the plane cut into what is covered never, once or more often.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

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
    explained: list[BaseGeometry] = field(default_factory=list)
    """Where a problem has been found; what GEOS complains of there has been said."""

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
        yield from self._overlaps()
        yield from self._gaps(shapely.difference(outline, union), shapely.boundary(outline))
        yield from self._outside(outline)
        yield from self._vertices(unmatched)
        yield from self._edges(lines)

    def _invalid_edges(self) -> ShapeArray:
        """For each grid the lines that GEOS finds wrong; for most an empty one."""
        if not len(self.shapes):
            return self.shapes
        return np.asarray(shapely.coverage_invalid_edges(self.shapes, gap_width=self.gap_width), object)

    def _overlaps(self) -> Iterator[Problem]:
        left, right = self.tree.query(self.shapes, predicate="intersects")
        left, right = left[left < right], right[left < right]
        # Neighbours meet in lines; only where interiors meet is an intersection worth computing.
        meet = shapely.relate_pattern(self.shapes[left], self.shapes[right], "T********")
        for a, b in zip(left[meet].tolist(), right[meet].tolist(), strict=True):
            for part in _areas(shapely.intersection(self.shapes[a], self.shapes[b])):
                yield self._area_problem(Kind.OVERLAP, [a, b], part)

    def _gaps(self, uncovered: BaseGeometry, border: BaseGeometry) -> Iterator[Problem]:
        for part in _areas(uncovered):
            beside = self.tree.query(part, predicate="dwithin", distance=_TOUCH).tolist()
            enclosed = len(beside) == 1 and shapely.distance(part, border) > _TOUCH
            yield self._area_problem(Kind.HOLE if enclosed else Kind.GAP, beside, part)

    def _outside(self, outline: Polygonal) -> Iterator[Problem]:
        shapely.prepare(outline)
        for index in np.flatnonzero(~shapely.covers(outline, self.shapes)).tolist():
            for part in _areas(shapely.difference(self.shapes[index], outline)):
                yield self._area_problem(Kind.OUTSIDE, [index], part)

    def _vertices(self, unmatched: chain.Edges) -> Iterator[Problem]:
        """Vertices that one has and the other, on whose edge they lie, has not, where no area is wrong."""
        edges: list[BaseGeometry] = []
        for lonely in pieces.vertices_on_edges(unmatched):
            free = ~self._is_explained(lonely.points)
            if not free.any():
                continue
            concerned = {lonely.lacking, *lonely.having} - {chain.OUTLINE}
            codes = tuple(sorted(self.codes[owner] for owner in concerned))
            place, edge = shapely.MultiPoint(list(lonely.points[free])), shapely.union_all(lonely.edges[free])
            edges.append(edge)
            yield Problem(Kind.UNMATCHED_VERTEX, codes, self.ruler.frame.degrees(place), self.ruler.length_m(edge), "m")
        self.explained.extend(edges)

    def _edges(self, lines: ShapeArray) -> Iterator[Problem]:
        """What GEOS finds wrong beyond all that: borders that run side by side without being one."""
        for index in np.flatnonzero(~shapely.is_empty(lines)).tolist():
            parts = shapely.get_parts(lines[index])
            left = parts[~self._is_explained(parts)]
            if len(left):
                whole = shapely.MultiLineString(list(left))
                place, length_m = self.ruler.frame.degrees(whole), self.ruler.length_m(whole)
                yield Problem(Kind.UNMATCHED_EDGE, (self.codes[index],), place, length_m, "m")

    def _is_explained(self, shapes: ShapeArray) -> BoolArray:
        near = np.zeros(len(shapes), np.bool_)
        if self.explained:
            near[shapely.STRtree(self.explained).query(shapes, predicate="dwithin", distance=_TOUCH)[0]] = True
        return near

    def _area_problem(self, kind: Kind, indices: list[int], part: shapely.Polygon) -> Problem:
        self.explained.append(part)
        codes = tuple(sorted(self.codes[index] for index in indices))
        return Problem(kind, codes, self.ruler.frame.degrees(part), self.ruler.area_m2(part), "m2")


def _areas(geometry: BaseGeometry) -> Iterator[shapely.Polygon]:
    """The polygons of a result that are no rounding noise."""
    for part in shapely.get_parts(geometry):
        if shapely.get_dimensions(part) == 2 and 2 * part.area > _NOISE_WIDTH * part.length:
            yield part
