"""Problems of grids as JSON: the one form in which checks, changesets and imports tell them."""

from collections.abc import Sequence
from typing import Any

from gridmap.api import geojson
from gridmap.editing.problems import Problem
from gridmap.editing.schema import CoverageProblemOut, ProblemOut
from gridmap.grids.coverage import VillageProblem


def problems_out(problems: Sequence[Problem]) -> list[ProblemOut]:
    """Problems with their places as GeoJSON."""
    return [ProblemOut(**_told(problem)) for problem in problems]


def coverage_out(found: Sequence[VillageProblem]) -> list[CoverageProblemOut]:
    """Problems of published grids, each with its village."""
    return [CoverageProblemOut(**_told(Problem.of_coverage(each.problem)), village=each.village) for each in found]


def _told(problem: Problem) -> dict[str, Any]:
    return {
        "kind": problem.kind,
        "severity": problem.severity,
        "grids": list(problem.grids),
        "where": None if problem.where is None or problem.where.is_empty else geojson.geometry(problem.where),
        "size": problem.size,
        "unit": problem.unit,
        "message": problem.message,
        "message_en": problem.message_en,
    }
