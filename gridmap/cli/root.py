"""The root command: it gathers the groups, and turns domain errors into exit statuses.

A module is imported when its command is called, or when all are listed: a short question need not wait for what an
import of files or a server needs.
"""

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType

import typer

from gridmap import __version__
from gridmap.cli.errors import exit_status, tell
from gridmap.errors import GridmapError

_NEGATIVE = {"ignore_unknown_options": True}
"""So that a western longitude is not taken for an option."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a command or a group of commands is defined."""

    module: str
    name: str
    negative_numbers: bool = False
    """Whether it takes coordinates."""

    def add_to(self, app: typer.Typer, command: str) -> None:
        found = getattr(import_module(f"gridmap.cli.{self.module}"), self.name)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=command)
        else:
            app.command(command, context_settings=_NEGATIVE if self.negative_numbers else None)(found)


COMMANDS: Mapping[str, _Source] = MappingProxyType(
    {
        "up": _Source("server", "up"),
        "bench": _Source("bench", "bench"),
        "locate": _Source("points", "locate", negative_numbers=True),
        "convert": _Source("points", "convert", negative_numbers=True),
        "address": _Source("addresses", "address_app"),
        "import": _Source("exchange", "import_command"),
        "export": _Source("exchange", "export_command"),
        "db": _Source("database", "db_app"),
        "snapshot": _Source("snapshot", "snapshot_app"),
        "user": _Source("access", "user_app"),
        "key": _Source("access", "key_app"),
        "audit": _Source("access", "audit_app"),
        "demo": _Source("demo", "app"),
        "changeset": _Source("changesets", "changeset_app"),
        "group": _Source("groups", "group_app"),
        "pairs": _Source("pairs", "pairs_app"),
        "coverage": _Source("coverage", "coverage_app"),
    }
)
"""Every command but `version`, in the order in which the help lists them."""


def make_app(names: Collection[str] = COMMANDS.keys()) -> typer.Typer:
    """The command line with the commands named, and `version`."""
    app = typer.Typer(
        name="gridmap",
        help="The electronic map of a county.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    for name in names:
        COMMANDS[name].add_to(app, name)
    app.command("version")(_version)
    app.callback()(_root)
    return app


def _version() -> None:
    """Prints gridmap's version."""
    print(__version__)


def _root() -> None:
    """The electronic map of a county."""


def main() -> None:
    """Runs the command line of this process and exits with its status."""
    called = [name for name in sys.argv[1:2] if name in COMMANDS]
    try:
        make_app(called or COMMANDS.keys())()
    except GridmapError as error:
        tell(error)
        sys.exit(exit_status(error))
