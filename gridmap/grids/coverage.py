"""Whether the published grids of a division tile it: village by village, and then all of them together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gridmap.divisions import service as divisions
from gridmap.divisions.service import DivisionRecord
from gridmap.geo.arrays import Polygonal
from gridmap.geo.coverage import CodedPolygon, check_coverage
from gridmap.geo.coverage_problems import Kind, Problem
from gridmap.grids import service

# In degrees: a fifth of a lattice step. Wider than the rounding of GEOS, narrower than anything that can be wrong.
_SAME_PLACE = 2e-8
# What may be wrong between villages; everything else is told when each is checked by itself. A hole of the whole may be
# the gap of a village that has no grids.
_BETWEEN = (
    frozenset({Kind.OVERLAP}),
    frozenset({Kind.GAP, Kind.HOLE}),
    frozenset({Kind.OUTSIDE}),
    frozenset({Kind.UNMATCHED_EDGE}),
    frozenset({Kind.UNMATCHED_VERTEX}),
)


@dataclass(frozen=True, slots=True)
class VillageProblem:
    """A problem of the coverage and the village it was found in; None when it lies between villages."""

    village: str | None
    problem: Problem


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """Everything wrong with the grids of a division, errors first, and how much was looked at."""

    villages: int
    grids: int
    problems: tuple[VillageProblem, ...]

    @property
    def errors(self) -> int:
        """How many problems are errors."""
        return sum(found.problem.severity == "error" for found in self.problems)


def check_within(session: Session, code: str | None = None, at: datetime | None = None) -> CoverageReport:
    """The coverage of a village, of all villages of a division, or of all there are, now or at a time.

    A village without an outline is held to the outer border of its grids, one without grids is a gap. Above a village
    its grids are also checked against those of the others. Raises NotFound for an unknown division.
    """
    prefixes = ("",) if code is None else divisions.prefixes_within(session, code, at)
    whole = None if code is None else divisions.get_division(session, code, at)
    villages = divisions.list_divisions(session, level="village", prefixes=prefixes, at=at)
    coded: dict[str, list[CodedPolygon]] = {village.code: [] for village in villages}
    for grid in service.list_grids(session, prefixes=prefixes, at=at):
        coded.setdefault(grid.village_code, []).append(CodedPolygon(grid.code, grid.geometry))
    found = [problem for village in villages for problem in _of_village(village, coded[village.code])]
    everything = [grid for grids in coded.values() for grid in grids]
    if len(villages) > 1 and everything:
        together = check_coverage(everything, None if whole is None else _area(whole))
        found += [VillageProblem(None, problem) for problem in _not_told(together, found)]
    return CoverageReport(len(villages), len(everything), tuple(sorted(found, key=_gravest_first)))


def _of_village(village: DivisionRecord, grids: Sequence[CodedPolygon]) -> Iterator[VillageProblem]:
    outline = _area(village)
    if outline is None and not grids:
        return
    for problem in check_coverage(grids, outline):
        yield VillageProblem(village.code, problem)


def _not_told(together: Iterable[Problem], told: Sequence[VillageProblem]) -> Iterator[Problem]:
    """Of the problems of all grids together those that no village has by itself."""
    wrong = {kinds: _places(each.problem for each in told if each.problem.kind in kinds) for kinds in _BETWEEN}
    for problem in together:
        for kinds, places in wrong.items():
            if problem.kind in kinds and not shapely.covered_by(problem.where, places):
                yield problem


def _places(problems: Iterable[Problem]) -> BaseGeometry:
    places = np.array([problem.where for problem in problems], object)
    return shapely.union_all(shapely.buffer(places, _SAME_PLACE, join_style="mitre"))


def _gravest_first(found: VillageProblem) -> tuple[bool, str, int, tuple[str, ...], float]:
    problem = found.problem
    order = list(Kind).index(problem.kind)
    return (problem.severity != "error", found.village or "", order, problem.grids, -problem.size)


def _area(division: DivisionRecord) -> Polygonal | None:
    return division.outline if isinstance(division.outline, Polygonal) else None
