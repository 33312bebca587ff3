"""The command line: translates between a shell and the services."""

from gridmap.cli.root import main

__all__ = ["main"]
