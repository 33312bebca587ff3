"""The root command: it gathers the groups, and turns domain errors into exit statuses."""

import sys

import typer

from gridmap import __version__
from gridmap.cli import demo
from gridmap.cli.access import audit_app, key_app, user_app
from gridmap.cli.addresses import address_app
from gridmap.cli.bench import bench
from gridmap.cli.changesets import changeset_app
from gridmap.cli.coverage import coverage_app
from gridmap.cli.database import db_app
from gridmap.cli.errors import exit_status, tell
from gridmap.cli.exchange import export_command, import_command
from gridmap.cli.pairs import pairs_app
from gridmap.cli.points import NEGATIVE_NUMBERS, convert, locate
from gridmap.cli.server import up
from gridmap.cli.snapshot import snapshot_app
from gridmap.errors import GridmapError

app = typer.Typer(
    name="gridmap",
    help="The electronic map of a county.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(up)
app.command()(bench)
app.command(context_settings=NEGATIVE_NUMBERS)(locate)
app.command(context_settings=NEGATIVE_NUMBERS)(convert)
app.add_typer(address_app, name="address")
app.command("import")(import_command)
app.command("export")(export_command)
app.add_typer(db_app, name="db")
app.add_typer(snapshot_app, name="snapshot")
app.add_typer(user_app, name="user")
app.add_typer(key_app, name="key")
app.add_typer(audit_app, name="audit")
app.add_typer(demo.app)
app.add_typer(changeset_app, name="changeset")
app.add_typer(pairs_app, name="pairs")
app.add_typer(coverage_app, name="coverage")


@app.command()
def version() -> None:
    """Prints gridmap's version."""
    print(__version__)


@app.callback()
def _root() -> None:
    """The electronic map of a county."""


def main() -> None:
    """Runs the command line of this process and exits with its status."""
    try:
        app()
    except GridmapError as error:
        tell(error)
        sys.exit(exit_status(error))
