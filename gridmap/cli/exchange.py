"""`gridmap import` and `gridmap export`: what was detected, what became of every row, and the exit status."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from gridmap.cli.errors import REFUSED
from gridmap.cli.output import say
from gridmap.cli.session import command_actor, command_session
from gridmap.errors import FieldError, InvalidInput

# What reads and writes files is imported by the commands that do: it takes 0.8 s, and `gridmap up` starts at night.
if TYPE_CHECKING:
    from gridmap.exchange.records import Detected
    from gridmap.exchange.repair import Repair
    from gridmap.exchange.report import ImportReport

ImportKind = Literal[
    "divisions", "outlines", "grids", "groups", "addresses", "buildings", "households", "officers", "pairs", "posts",
    "names", "shelters", "layer",
]  # fmt: skip
ExportKind = Literal[
    "divisions", "grids", "groups", "addresses", "buildings", "households", "officers", "pairs", "shelters", "layers",
    "layer",
]  # fmt: skip
_SHOWN_REJECTIONS = 20
_SHOWN_CANDIDATES = 4
_SHOWN_PROBLEMS = 50
_SHOWN_EFFECTS = 20


def import_command(
    kind: Annotated[ImportKind, typer.Argument(help="What the file holds.")],
    file: Annotated[Path, typer.Argument(help="Shapefile, zip, GeoPackage, GeoJSON, KML, Excel, CSV, …")],
    crs: Annotated[str | None, typer.Option(help="EPSG:4527, gcj02, bd09, … or dms for packed ddd.mmssss.")] = None,
    encoding: Annotated[str | None, typer.Option(help="gbk, utf-8, …")] = None,
    columns: Annotated[list[str] | None, typer.Option("--map", help="网格编码=code, once for each column.")] = None,
    layer: Annotated[str | None, typer.Option(help="One layer or sheet of a file with several.")] = None,
    name: Annotated[str | None, typer.Option(help="The name of a reference layer.")] = None,
    title: Annotated[str | None, typer.Option(help="Its title.")] = None,
    public: Annotated[bool, typer.Option("--public", help="It may be seen without a key.")] = False,
    allow_defects: Annotated[bool, typer.Option("--allow-defects", help="Mend broken rings of a layer.")] = False,
    node: Annotated[bool, typer.Option("--node", help="Accept the repair of borders that a dry run offers.")] = False,
    tolerance: Annotated[
        float, typer.Option(help="How far a repair may move a vertex, in metres.", min=0.01, max=20)
    ] = 0.5,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell everything, change nothing.")] = False,
    report: Annotated[Path | None, typer.Option(help="The fate of every row, as CSV.")] = None,
) -> None:
    """Imports a file, saying what was detected and why; rejected rows make the exit status 1."""
    from gridmap.exchange.importing import ImportRequest, import_file
    from gridmap.exchange.repair import Noding
    from gridmap.geo.noding import RepairOptions

    request = ImportRequest(
        kind,
        file,
        command_actor(),
        crs=crs,
        encoding=encoding,
        columns=tuple(columns or ()),
        layer=layer,
        dry_run=dry_run,
        name=name,
        title=title,
        public=public,
        allow_defects=allow_defects,
        noding=Noding(RepairOptions(tolerance_m=tolerance), accepted=node),
    )
    with _progress() as progress, command_session() as session, session.begin_nested() as attempt:
        done = import_file(session, request, progress=progress)
        if report is not None:
            # Written before the commit: when the report can't be kept, nothing is changed either.
            _write_report(report, done)
        if dry_run:
            attempt.rollback()
    _tell(done)
    if done.counts()["rejected"]:
        raise typer.Exit(REFUSED)


def export_command(
    kind: Annotated[ExportKind, typer.Argument(help="What to write.")],
    file: Annotated[Path, typer.Argument(help="FILE.gpkg, .geojson, .shp, .csv, .xlsx or .parquet")],
    within: Annotated[str | None, typer.Option(help="Only within this division or grid.")] = None,
    at: Annotated[str | None, typer.Option(help="A past time, such as 2026-11-22T02:40:00+08:00.")] = None,
    encoding: Annotated[str, typer.Option(help="Of shapefiles and CSV: utf-8 or gbk.")] = "utf-8",
    name: Annotated[str | None, typer.Option(help="One reference layer; without it code and name of all.")] = None,
) -> None:
    """Exports as true now or at a time; never names or phones of persons."""
    from gridmap.exchange.exporting import ExportRequest, export_file

    what = "layers" if kind == "layer" else kind
    request = ExportRequest(what, file, command_actor(), within=within, at=_instant(at), encoding=encoding, layer=name)
    with _progress() as progress, command_session() as session:
        done = export_file(session, request, progress=progress)
    for note in done.notes:
        say(f"note: {note}")
    print(f"{done.rows} {kind} written to {file}")


def _instant(text: str | None) -> datetime | None:
    """A time; one without an offset is this machine's."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        message = "a time is wanted, such as 2026-11-22 or 2026-11-22T02:40:00+08:00"
        raise InvalidInput(f"--at: {message}", errors=[FieldError("--at", message)]) from None


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A spinner with what is being done on a terminal; a line for each step elsewhere, on stderr."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield say
        return
    with console.status("") as status:
        yield status.update


def _write_report(path: Path, done: "ImportReport") -> None:
    try:
        path.write_text(done.as_csv(), encoding="utf-8", newline="")
    except OSError as error:
        raise InvalidInput(f"The report can't be written to {path}: {error.strerror}.") from error


def _tell(done: "ImportReport") -> None:
    for detected in done.detected:
        _tell_detected(detected)
    _tell_table(done)
    for problem in done.problems:
        print(f"note: {problem}")
    for finding in done.findings[:_SHOWN_PROBLEMS]:
        print(f"{finding.severity}: {finding.message_en}")
    if len(done.findings) > _SHOWN_PROBLEMS:
        print(f"… and {len(done.findings) - _SHOWN_PROBLEMS} more problems of the same changeset")
    for repair in done.repairs:
        _tell_repair(repair)
    rejected = [fate for fate in done.fates if fate.status == "rejected"]
    for fate in rejected[:_SHOWN_REJECTIONS]:
        print(f"rejected: {fate.table}, row {fate.row}, {fate.code or 'no code'}: {fate.reason}")
    if len(rejected) > _SHOWN_REJECTIONS:
        print(f"… and {len(rejected) - _SHOWN_REJECTIONS} more; --report OUT.csv has them all")
    for changeset in done.changesets:
        print(f"changeset {changeset}: see gridmap changeset show {changeset}")
    counts = done.counts()
    told = ", ".join(f"{number} {status}" for status, number in counts.items())
    end = "dry run, nothing was changed" if done.dry_run else _end(done)
    print(f"{sum(counts.values())} rows: {told}; {end}")


def _tell_repair(repair: "Repair") -> None:
    """What the repair does, or would do: grid by grid, with the addresses and households that change grids."""
    if not repair.effects:
        print(f"repair: nothing within {repair.tolerance_m:g} m can be put right; see the problems")
        return
    done = "accepted" if repair.accepted else "offered, say --node to accept it"
    end = "the grids tile their villages then" if repair.tiles else f"{len(repair.left)} problems would be left"
    print(f"repair within {repair.tolerance_m:g} m ({done}): {len(repair.effects)} grids change; {end}")
    for effect in repair.effects[:_SHOWN_EFFECTS]:
        change = effect.area_after_m2 - effect.area_before_m2
        print(
            f"  {effect.code}: {effect.area_before_m2:,.0f} m² {change:+,.2f} m², border moves up to "
            f"{effect.moved_max_m:.2f} m, addresses +{effect.addresses_in} -{effect.addresses_out}, "
            f"households +{effect.households_in} -{effect.households_out}"
        )
    if len(repair.effects) > _SHOWN_EFFECTS:
        print(f"  … and {len(repair.effects) - _SHOWN_EFFECTS} more, all with smaller changes")
    if repair.beyond:
        told = ", ".join(repair.beyond[:_SHOWN_EFFECTS])
        print(f"  {len(repair.beyond)} outlines and grids beyond get the same vertices, bent by less than 1 cm: {told}")
    for refused in repair.refused:
        print(f"  {refused.code} is left as it is ({refused.reason})")


def _end(done: "ImportReport") -> str:
    if done.version is not None:
        return f"published as version {done.version}"
    return "nothing was published" if done.changesets or not done.counts()["loaded"] else "done"


def _tell_detected(detected: "Detected") -> None:
    print(f"{detected.table}: {detected.rows} rows")
    for field, column in detected.columns.columns.items():
        print(f"  {field} ← {column} ({detected.columns.reasons[field]})")
    if detected.unused:
        print(f"  not used: {', '.join(detected.unused)}")
    for use in detected.crs:
        print(f"  coordinates of {use.rows} rows: {use.decision.reading}: {'; '.join(use.decision.reasons)}")
        for candidate in use.decision.candidates[:_SHOWN_CANDIDATES]:
            print(f"    weighed: {candidate}")
        for warning in use.decision.warnings:
            print(f"  warning: {warning}")
    for note in detected.notes:
        print(f"  note: {note}")


def _tell_table(done: "ImportReport") -> None:
    if not done.table:
        return
    console = Console()
    table = Table("", "before", "after", box=None, pad_edge=False)
    for line in done.table:
        table.add_row(line.what, line.before, line.after)
    console.print(table, soft_wrap=not console.is_terminal)
