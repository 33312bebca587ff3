"""`gridmap coverage check`: whether the grids tile their villages, and where they don't."""

import json
from typing import Annotated, Any

import typer
from shapely.geometry import mapping

from gridmap.cli.errors import REFUSED
from gridmap.cli.session import command_session
from gridmap.grids.coverage import CoverageReport, VillageProblem, check_within

coverage_app = typer.Typer(help="Whether the grids tile their villages.", no_args_is_help=True)


@coverage_app.callback()
def _root() -> None:
    """Whether the grids tile their villages."""


@coverage_app.command("check")
def check(
    within: Annotated[str | None, typer.Option(help="A village or any division above; all when left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs, with every place as GeoJSON.")] = False,
) -> None:
    """Tells gaps, overlaps, slivers and what else is wrong. Exit status 1 with errors, 0 with warnings only."""
    with command_session() as session:
        report = check_within(session, within)
    if as_json:
        print(json.dumps(_as_json(report), ensure_ascii=False, indent=2))
    else:
        _tell(report)
    if report.errors:
        raise typer.Exit(REFUSED)


def _as_json(report: CoverageReport) -> dict[str, Any]:
    return {
        "villages": report.villages,
        "grids": report.grids,
        "errors": report.errors,
        "warnings": len(report.problems) - report.errors,
        "problems": [_problem(found) for found in report.problems],
    }


def _problem(found: VillageProblem) -> dict[str, Any]:
    problem = found.problem
    return {
        "kind": problem.kind,
        "severity": problem.severity,
        "village": found.village,
        "grids": list(problem.grids),
        "where": None if problem.where.is_empty else mapping(problem.where),
        "size": problem.size,
        "unit": problem.unit,
        "message": problem.message,
        "message_en": problem.message_en,
    }


def _tell(report: CoverageReport) -> None:
    for found in report.problems:
        problem = found.problem
        place = "" if problem.where.is_empty else " ({:.7f}, {:.7f})".format(*problem.where.centroid.coords[0])
        village = "" if found.village is None or problem.grids else f"village {found.village}: "
        print(f"{problem.severity}: {village}{problem.message_en}{place}")
    warnings = len(report.problems) - report.errors
    print(f"checked villages: {report.villages}, grids: {report.grids}; errors: {report.errors}, warnings: {warnings}")
