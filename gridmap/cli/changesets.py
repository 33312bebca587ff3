"""Commands on changesets."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from gridmap.cli.output import tell_rows
from gridmap.cli.session import command_actor, command_session
from gridmap.editing import review, service
from gridmap.editing.record import Report

changeset_app = typer.Typer(help="Proposed changes of grids: review and publish.", no_args_is_help=True)

Id = Annotated[int, typer.Argument(metavar="ID", min=1)]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON for programs.")]


@changeset_app.command("list")
def list_changesets(
    status: Annotated[
        str | None, typer.Option("--status", help="draft, submitted, published, rejected or reverted.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """All changesets, the newest first."""
    with command_session() as session:
        found = service.list_changesets(session, command_actor().caller, status=status)
    wanted = ("id", "status", "title", "villages", "author", "updated_at", "published_version")
    rows = [{name: value for name, value in asdict(record).items() if as_json or name in wanted} for record in found]
    tell_rows([{**row, "villages": list(row["villages"])} for row in rows], as_json=as_json)


@changeset_app.command("show")
def show_changeset(changeset_id: Id, as_json: JsonOption = False) -> None:
    """A changeset with its problems, and what publishing it does or did."""
    with command_session() as session:
        report = service.get_report(session, command_actor().caller, changeset_id)
    if as_json:
        print(json.dumps(_as_json(report), ensure_ascii=False, indent=2, default=str))
    else:
        _tell(report)


@changeset_app.command("submit")
def submit_changeset(changeset_id: Id) -> None:
    """Hands a draft over for review; refused while it has errors."""
    with command_session() as session:
        review.submit(session, command_actor(), changeset_id)
    print(f"changeset {changeset_id} is submitted")


@changeset_app.command("publish")
def publish_changeset(changeset_id: Id) -> None:
    """Makes a submitted changeset true; never one's own."""
    with command_session() as session:
        version = review.publish(session, command_actor(), changeset_id)
    print(f"changeset {changeset_id} is published as version {version}")


@changeset_app.command("reject")
def reject_changeset(
    changeset_id: Id, why: Annotated[str, typer.Option("--why", help="What the author should know.")]
) -> None:
    """Sends a submitted changeset back to its author."""
    with command_session() as session:
        review.reject(session, command_actor(), changeset_id, why)
    print(f"changeset {changeset_id} is rejected")


def _as_json(report: Report) -> dict[str, Any]:
    problems = [
        {**asdict(problem), "where": None if problem.where is None else problem.where.wkt}
        for problem in report.problems
    ]
    return {**asdict(report.changeset), **report.effect, "problems": problems, "codes": report.codes}


def _tell(report: Report) -> None:
    changeset, effect = report.changeset, report.effect
    print(f"changeset {changeset.id}: {changeset.title}")
    print(f"{changeset.status}, by {changeset.author}, of {', '.join(changeset.villages)}")
    if changeset.decided_by:
        print(f"decided by {changeset.decided_by}{f': {changeset.reason}' if changeset.reason else ''}")
    for action, codes in effect.get("grids", {}).items():
        if codes:
            print(f"{action}: {', '.join(codes)}")
    for step in effect.get("lineage", []):
        print(f"  {step['predecessor']} → {step['successor']} {step['kind']} {step['share_area']:.1%}")
    for what in ("addresses", "households"):
        if effect.get(what, {}).get("count"):
            print(f"{what} that move: {effect[what]['count']}")
    for move in effect.get("groups", []):
        print(f"group {move['from']} → {move['to']}: {move['households']} households")
    for problem in report.problems:
        print(f"{problem.severity}: {problem.message_en}")
