"""`gridmap up`: the server of an installation, with its private database, in the foreground."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from gridmap.cli.degraded import open_or_go_without
from gridmap.cli.demo import open_to_all, prepare_demo
from gridmap.cli.output import say
from gridmap.db.database import Database
from gridmap.db.lock import sole_server
from gridmap.db.watchdog import watched
from gridmap.serving.listening import take_address
from gridmap.serving.supervisor import serve, stoppable
from gridmap.settings import Settings

APP = "gridmap.app:create_app_from_env"


def up(
    demo: Annotated[bool, typer.Option("--demo", help="Fill an empty database with the demo county.")] = False,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Instead of GRIDMAP_PORT.")] = None,
    home: Annotated[Path | None, typer.Option(help="Instead of GRIDMAP_HOME.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Instead of GRIDMAP_WORKERS.")] = None,
) -> None:
    """Starts the database and serves until Ctrl-C or SIGTERM."""
    settings = Settings.from_env(home=home, port=port, workers=workers)
    run_server(open_to_all(settings) if demo else settings, demo=demo)


def run_server(settings: Settings, *, demo: bool, app: str = APP) -> None:
    """Serves an installation until told to stop.

    While the server of GRIDMAP_DATABASE_URL is away, what there is a snapshot of is served.

    Raises AlreadyRunning or AddressTaken before any long work, ClusterError when the database can't be had,
    DatabaseUnavailable when it is away and there is no snapshot.
    """
    with ExitStack() as stack:
        stack.enter_context(stoppable())
        stack.enter_context(sole_server(settings.home))
        _forget_counts(settings.home)
        bound = stack.enter_context(take_address(settings.host, settings.port))
        database, answers = stack.enter_context(open_or_go_without(settings))
        notes = prepare_demo(database) if demo and answers else []
        if database.cluster is not None:
            stack.enter_context(watched(database.cluster, say))
        serve(
            app,
            bound,
            workers=settings.workers,
            environment=_environment(settings, database),
            ready=lambda url: _welcome(url, notes),
            report=say,
        )


def _welcome(url: str, notes: list[str]) -> None:
    say(f"gridmap serves {url}")
    for line in (f"map       {url}/", f"e-map     {url}/map", f"API       {url}/docs", *notes):
        say(f"  {line}")


def _forget_counts(home: Path) -> None:
    """Removes what the workers of a former start have counted; Prometheus knows that counters begin anew."""
    for path in (home / "metrics").glob("*.counts"):
        path.unlink(missing_ok=True)


def _environment(settings: Settings, database: Database) -> dict[str, str]:
    """What the workers get: all that this process has, but the settings as they were understood here."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GRIDMAP_")}
    return inherited | settings.model_copy(update={"database_url": database.url}).env()
