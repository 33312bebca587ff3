"""Commands on contact pairs: plan, apply, undo, report."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from gridmap.cli.output import say, tell_rows
from gridmap.cli.session import command_actor, command_session
from gridmap.db.engine import transaction
from gridmap.db.opening import open_database
from gridmap.errors import FieldError, InvalidInput
from gridmap.settings import Settings

pairs_app = typer.Typer(help="Who looks after whom: plans of contact pairs.", no_args_is_help=True)

WithinOption = Annotated[str, typer.Option("--within", help="Code of a division.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON for programs.")]
PlanArgument = Annotated[int, typer.Argument(metavar="PLAN_ID", min=1)]


@pairs_app.command("plan")
def make_plan(
    within: WithinOption,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Solve all households again, not only those touched.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write the plan to PLAN.json.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Makes a plan and stores it; it takes effect when a second person applies it."""
    from gridmap.contacts.plans import service

    actor = command_actor()
    with command_session() as session:
        plan_id, _ = service.open_plan(session, actor, within, from_scratch=from_scratch)
        service.solve_plan(session, plan_id, _today(), say)
        record = service.get_plan(session, actor.caller, plan_id)
        sheet = service.get_sheet(session, actor, plan_id)
        if out is not None:
            document = service.as_document(record, service.list_pairs(session, actor, plan_id))
            _write(out, json.dumps(document, ensure_ascii=False))
    told = {
        "id": plan_id,
        "within": within,
        "status": record.status,
        "changes": {"first_contacts": sheet.first_contacts, "back_ups": sheet.back_ups, "replaced": sheet.replaced},
        "certificate": record.certificate,
        "missed": record.missed,
    }
    print(json.dumps(told, ensure_ascii=False, indent=2)) if as_json else _tell(told)


@pairs_app.command("apply")
def apply_plan(plan_id: PlanArgument) -> None:
    """Makes a stored plan true; never one's own. Refused when the registers have moved on since."""
    from gridmap.contacts.plans import applying

    with command_session() as session:
        removed, written = applying.apply_plan(session, command_actor(), plan_id, _today())
    print(f"plan {plan_id} is applied: {removed} pairs taken away, {written} written")


@pairs_app.command("undo")
def undo_plan(
    plan_id: Annotated[int | None, typer.Argument(metavar="[PLAN_ID]", help="Default: the one applied last.")] = None,
) -> None:
    """Restores the pairs that the plan applied last took away."""
    from gridmap.contacts.plans import applying

    with command_session() as session:
        undone = applying.undo_plan(session, command_actor(), plan_id)
    print(f"plan {undone.plan_id} is undone")
    if undone.not_restored:
        say("officers have retired or households were closed since, and their pairs do not come back:")
        say("  " + ", ".join(undone.not_restored))


@pairs_app.command("report")
def report(
    within: WithinOption,
    out: Annotated[Path | None, typer.Option("--out", help="Write to a .csv or .xlsx file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """How a division and all below it are covered, down to the grid."""
    from gridmap.contacts.plans.report import COLUMNS, make_report

    with command_session() as session:
        lines = make_report(session, command_actor().caller, within, _today())
    if out is None:
        tell_rows([asdict(line) for line in lines], as_json=as_json)
        return
    rows = [[asdict(line)[name] for name in COLUMNS] for line in lines]
    _write_table(out, COLUMNS, rows)
    print(f"{len(rows)} lines in {out}")


@pairs_app.command("book")
def book(
    officer_id: Annotated[str, typer.Argument(metavar="OFFICER")],
    out: Annotated[Path, typer.Option("--out", help="The PDF to write.")],
    unmask: Annotated[str | None, typer.Option("--unmask", help="name, phone or both, with a comma.")] = None,
    purpose: Annotated[str | None, typer.Option("--purpose", help="What the unmasked data are needed for.")] = None,
) -> None:
    """An officer's contact book, two pages he can carry: his households in the order of the way."""
    from gridmap.access.rights import Unmasking
    from gridmap.maps.contact_book import contact_book

    with command_session() as session:
        printed = datetime.now(ZoneInfo(Settings.from_env().timezone))
        pdf = contact_book(session, command_actor(), officer_id, printed, Unmasking.parse(unmask, purpose))
    try:
        out.write_bytes(pdf)
    except OSError as error:
        raise InvalidInput(f"--out: {out} can't be written: {error.strerror}") from error
    print(f"the contact book of {officer_id} is in {out}")


@pairs_app.command("list")
def list_plans(as_json: JsonOption = False) -> None:
    """Plans, the newest first."""
    from gridmap.contacts.plans import service

    with command_session() as session:
        found = service.list_plans(session, command_actor().caller, before=None, limit=100)
    wanted = ("id", "within", "status", "author", "created_at", "applied_at", "applied_by")
    tell_rows([{name: asdict(plan)[name] for name in wanted} for plan in found], as_json=as_json)


@pairs_app.command("solve", hidden=True)
def solve_plan(plan_id: PlanArgument) -> None:
    """Solves a plan that the server has opened; how far it is can be read from the plan."""
    from gridmap.contacts.plans import service

    with open_database(Settings.from_env(), report=say) as database:

        def note(progress: str) -> None:
            with transaction(database.engine) as session:
                service.note_progress(session, plan_id, progress)

        with service.being_solved(database.engine, plan_id):
            try:
                note("reading the registers")
                with transaction(database.engine) as session:
                    prepared = service.prepare(session, plan_id, _today())
                solved = prepared.solve(note)
                note("storing the plan")
                with transaction(database.engine) as session:
                    service.store(session, prepared, solved)
            except Exception as error:
                with transaction(database.engine) as session:
                    service.note_progress(session, plan_id, None, failure=service.why_failed(error))
                raise


def _today() -> Any:
    return datetime.now(ZoneInfo(Settings.from_env().timezone)).date()


def _tell(told: dict[str, Any]) -> None:
    certificate = told["certificate"]
    print(f"plan {told['id']} for {told['within']} is {told['status']}")
    print(f"register {certificate['register']} = paired {certificate['paired']} + missed {certificate['missed']}")
    print("first contacts by tier: " + ", ".join(f"{tier}: {count}" for tier, count in certificate["tiers"].items()))
    print(f"back-ups {certificate['with_backup']}, over capacity {certificate['over_capacity']}")
    changes = told["changes"]
    print(f"changes: {changes['first_contacts']} first contacts, {changes['back_ups']} back-ups")
    for stage in certificate["stages"]:
        print(f"  {stage['stage']}: {stage['value']} (optimum {stage['optimum']}, {stage['status']})")
    for missed in told["missed"][:20]:
        print(f"  missed {missed['household']}: {missed['reason_en']}")


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"--out: {path} can't be written: {error.strerror}") from error


def _write_table(path: Path, columns: tuple[str, ...], rows: list[list[object]]) -> None:
    if path.suffix == ".xlsx":
        from gridmap.api.workbook import workbook

        path.write_bytes(workbook("pairs", columns, rows))
    elif path.suffix == ".csv":
        import csv

        with path.open("w", encoding="utf-8-sig", newline="") as sink:
            writer = csv.writer(sink)
            writer.writerow(columns)
            writer.writerows(rows)
    else:
        raise InvalidInput("--out: a .csv or .xlsx file is wanted", errors=[FieldError("--out", "not .csv or .xlsx")])
