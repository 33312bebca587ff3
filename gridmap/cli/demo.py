"""`gridmap demo`: the invented county, for trying things out."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gridmap.access.first_start import ensure_first_login
from gridmap.cli.session import command_actor, command_session
from gridmap.db.database import Database
from gridmap.db.engine import transaction
from gridmap.divisions.service import list_divisions
from gridmap.settings import Settings

# The generator is imported by what makes or removes the county: a start that finds it need not wait for it.
if TYPE_CHECKING:
    from gridmap.demo.load import Progress as Tell

DEMO_COUNTY = "623022"

app = typer.Typer(name="demo", help="The demo data: Zhuoni, or all of Gannan.", no_args_is_help=True)


@app.command()
def load(
    county: Annotated[str | None, typer.Option(help="A county of Gannan, such as 623022 (Zhuoni).")] = None,
    prefecture: Annotated[str | None, typer.Option(help="6230: all eight counties.")] = None,
) -> None:
    """Loads the demo county 623022, or another one, or the whole prefecture, into an empty installation."""
    from gridmap.demo.service import load_demo

    if county is None and prefecture is None:
        county = DEMO_COUNTY
    with _progress() as tell, command_session() as session:
        loaded = load_demo(
            session, county=county, prefecture=prefecture, actor=command_actor().caller.name, progress=tell
        )
    if loaded.counties:
        print(f"Loaded {', '.join(loaded.counties)} as version {loaded.version}.")
    else:
        print("The demo data asked for are loaded already; nothing was changed.")


@app.command()
def remove() -> None:
    """Takes the demo data out, with all that was entered in them; users, keys and the audit stay."""
    from gridmap.demo.service import remove_demo

    with _progress() as tell, command_session() as session:
        removed = remove_demo(session, actor=command_actor().caller.name, progress=tell)
    print(f"Removed {', '.join(removed)}." if removed else "There are no demo data; nothing was changed.")


def open_to_all(settings: Settings) -> Settings:
    """The settings with map and geocoder public, as far as nothing else was said: invented data harm nobody."""
    said = settings.model_fields_set
    public = {name: True for name in ("public_map", "public_geocoder") if name not in said}
    return settings.model_copy(update=public)


def prepare_demo(database: Database) -> list[str]:
    """Loads the demo county into an installation that is empty, and makes a login and a key the first time.

    Returns what is to be told about them once the server answers.
    """
    with transaction(database.engine) as session:
        if not list_divisions(session, limit=1):
            from gridmap.demo.service import load_demo

            with _progress() as tell:
                load_demo(session, county=DEMO_COUNTY, actor=command_actor().caller.name, progress=tell)
    with transaction(database.engine) as session:
        first = ensure_first_login(session, database.home, command_actor(), datetime.now(UTC))
    if first.key is None:
        return [] if first.path is None else [f"login and key are in {first.path}"]
    return [f"login     {first.login} / {first.password}", f"key       {first.key}", f"(kept in  {first.path})"]


@contextmanager
def _progress() -> "Iterator[Tell]":
    """A bar on a terminal; a line for each step elsewhere, on stderr, so that stdout holds only the result."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step, done, total: console.print(f"{done}/{total} {step}", highlight=False)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda step, done, total: bar.update(task, description=step, completed=done, total=total)
