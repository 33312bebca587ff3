"""A repair of a coverage, proposed and never done by itself: what it would do to each grid is part of the answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from gridmap.errors import FieldError, InvalidInput
from gridmap.geo import chain, faces
from gridmap.geo.arrays import FloatArray, Polygonal, ShapeArray
from gridmap.geo.coverage import check_coverage
from gridmap.geo.coverage_problems import Kind, Problem
from gridmap.geo.lattice import UNITS_PER_DEGREE, Frame, snap
from gridmap.geo.matching import Matcher
from gridmap.geo.measure import area_m2, metres_per_degree
from gridmap.geo.pieces import CodedPolygon, CoverageOptions, valid_areas


@dataclass(frozen=True, slots=True)
class RepairOptions:
    """How far a repair may go."""

    tolerance_m: float = 0.5
    """Vertices so near to a neighbour's vertex or side move onto it; narrower gaps and overlaps are closed."""
    max_change_share: float = 0.02
    """A grid that would gain or lose a larger share of its area is left as it is, and listed."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What the repair would do to one grid."""

    code: str
    area_before_m2: float
    area_after_m2: float
    moved_max_m: float
    """The farthest that any place of its border is from the border before or after."""
    vertices_added: int
    """Fewer when negative."""
    parts_added: int
    """Fewer when negative."""

    @property
    def area_change_m2(self) -> float:
        """The gain; a loss is negative."""
        return self.area_after_m2 - self.area_before_m2


@dataclass(frozen=True, slots=True)
class Refusal:
    """A grid that the repair leaves as it is, and why: `empty`, `invalid_ring`, or `area` for too large a change."""

    code: str
    reason: str
    change_share: float
    """The share of its area that it would have gained (lost when negative)."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A proposal: the grids as they would be, in the order given, and everything to know before accepting it."""

    grids: tuple[CodedPolygon, ...]
    outline: Polygonal | None
    """The outline with vertices where grids meet on it, moved by less than a lattice step; as given if none are needed.

    Whoever accepts a changed outline gives the same vertices to the area beyond it.
    """
    effects: tuple[Effect, ...]
    """Of every grid that would change, largest change of area first."""
    refused: tuple[Refusal, ...]
    before: tuple[Problem, ...]
    left: tuple[Problem, ...]
    """What would still be wrong."""
    tiles: bool
    """Whether the result is proven to tile its outline exactly; without an outline, that nothing wrong is left."""


# Warnings that a repair puts right; the others are for people to judge.
_NODED = frozenset({Kind.UNMATCHED_VERTEX, Kind.OFF_LATTICE})


def propose_noding(
    grids: Sequence[CodedPolygon],
    outline: Polygonal | None = None,
    options: RepairOptions | None = None,
    coverage: CoverageOptions | None = None,
) -> Repair:
    """How the grids could be made to tile the outline with shared vertices on the lattice, as far as little will do.

    Wide gaps and overlaps, invalid rings and missing grids are left for people and listed. Raises InvalidInput for an
    outline that is invalid or off the lattice.

    >>> west = CodedPolygon("1", shapely.box(0, 0, 0.01, 0.01))
    >>> east = CodedPolygon("2", shapely.box(0.010001, 0, 0.02, 0.01))
    >>> repair = propose_noding([west, east], shapely.box(0, 0, 0.02, 0.01))
    >>> repair.tiles, [effect.code for effect in repair.effects]
    (True, ['2'])
    """
    options = options or RepairOptions()
    before = check_coverage(grids, outline, coverage)
    if outline is not None and not np.array_equal(xy := shapely.get_coordinates(outline), snap(xy)):
        message = "the outline is not on the lattice of 1e-7 degree"
        raise InvalidInput(message, errors=[FieldError("outline", message)])
    if all(problem.severity == "warning" and problem.kind not in _NODED for problem in before):
        return Repair(tuple(grids), outline, (), (), tuple(before), tuple(before), tiles=True)
    noding = _Noding.of(grids, outline, options)
    shapes, border, refused = noding.run()
    result = tuple(
        CodedPolygon(grid.code, _kept_or_new(grid.geometry, noding.frame.degrees(shape)))
        for grid, shape in zip(grids, shapes, strict=True)
    )
    if border is not None and outline is not None:
        border = _kept_or_new(outline, noding.frame.degrees(border))
    left = tuple(check_coverage(result, border, coverage))
    effects = [
        _effect(old.code, old.geometry, new.geometry, noding.unit_m)
        for old, new in zip(grids, result, strict=True)
        if new.geometry is not old.geometry
    ]
    effects.sort(key=lambda effect: (-abs(effect.area_change_m2), effect.code))
    return Repair(result, border, tuple(effects), refused, tuple(before), left, tiles=_proven(result, border, left))


def _proven(grids: Sequence[CodedPolygon], outline: Polygonal | None, left: Sequence[Problem]) -> bool:
    if outline is not None:
        return chain.tiles([grid.geometry for grid in grids], outline)
    return all(problem.severity == "warning" and problem.kind not in _NODED for problem in left)


@dataclass(frozen=True, slots=True)
class _Noding:
    """The grids on whole units of a local frame, and those of them that no repair may touch."""

    frame: Frame
    codes: list[str]
    shapes: ShapeArray
    outline: Polygonal | None
    untouchable: dict[int, Refusal]
    unit_m: FloatArray
    options: RepairOptions

    @classmethod
    def of(cls, grids: Sequence[CodedPolygon], outline: Polygonal | None, options: RepairOptions) -> "_Noding":
        given = np.array([grid.geometry for grid in grids], object)
        frame = Frame.around([*given, *([] if outline is None else [outline])])
        shapes = valid_areas(shapely.transform(frame.units(given), np.rint))
        border = None if outline is None else frame.units(np.array([outline], object))[0]
        untouchable = {
            index: Refusal(grid.code, "invalid_ring" if not grid.geometry.is_valid else "empty", 0.0)
            for index, grid in enumerate(grids)
            if shapes[index].is_empty or not grid.geometry.is_valid
        }
        return cls(frame, [g.code for g in grids], shapes, border, untouchable, _unit_m(given, outline), options)

    def run(self) -> tuple[ShapeArray, Polygonal | None, tuple[Refusal, ...]]:
        """The repaired shapes, the outline with its new vertices, and who was left out, each refusal bearing on all."""
        refused = dict(self.untouchable)
        while True:
            shapes, outline = self._attempt(frozenset(refused))
            too_much = self._too_much(shapes, refused)
            if not too_much:
                return shapes, outline, tuple(refused[index] for index in sorted(refused))
            refused |= too_much

    def _attempt(self, fixed: frozenset[int]) -> tuple[ShapeArray, Polygonal | None]:
        tolerance_m = self.options.tolerance_m
        matched = Matcher(self.outline, fixed, tolerance_m, self.unit_m).match(self.shapes)
        cut = faces.cut(matched, self.outline, tolerance_m, self.unit_m)
        shapes = faces.joined(cut, faces.given_to(cut, fixed), len(matched))
        return shapes, None if self.outline is None else faces.dissolved(cut.shapes[cut.inside])

    def _too_much(self, shapes: ShapeArray, refused: dict[int, Refusal]) -> dict[int, Refusal]:
        before, after = shapely.area(self.shapes), shapely.area(shapes)
        shares = np.divide(after - before, before, out=np.zeros(len(before)), where=before > 0)
        limit = self.options.max_change_share
        return {
            index: Refusal(self.codes[index], "area" if after[index] else "empty", float(shares[index]))
            for index in np.flatnonzero((after == 0) | (np.abs(shares) > limit)).tolist()
            if index not in refused
        }


def _unit_m(given: ShapeArray, outline: Polygonal | None) -> FloatArray:
    """Metres of a lattice step along lon and lat in the middle of it all."""
    filled = [shape for shape in (*given, outline) if shape is not None and not shape.is_empty]
    _, south, _, north = shapely.total_bounds(filled) if filled else np.zeros(4)
    return np.array(metres_per_degree((south + north) / 2)) / UNITS_PER_DEGREE


def _kept_or_new(before: Polygonal, after: Polygonal) -> Polygonal:
    """The shape as it was, to the bit and the order of its vertices, unless it is another one now."""
    if after.is_empty or not before.is_valid or shapely.equals_identical(before.normalize(), after.normalize()):
        return before
    return after


def _effect(code: str, before: Polygonal, after: Polygonal, unit_m: FloatArray) -> Effect:
    old, new = (shapely.transform(shapely.boundary(shape), lambda xy: xy * unit_m) for shape in (before, after))
    return Effect(
        code=code,
        area_before_m2=area_m2(before),
        area_after_m2=area_m2(after),
        moved_max_m=float(shapely.hausdorff_distance(old, new)) * UNITS_PER_DEGREE,
        vertices_added=shapely.count_coordinates(after) - shapely.count_coordinates(before),
        parts_added=len(shapely.get_parts(after)) - len(shapely.get_parts(before)),
    )
