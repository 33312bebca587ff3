"""A shell that runs `gridmap` against a database of its own."""

import json
import os
import subprocess

from sqlalchemy import Engine

from gridmap.db.engine import make_engine
from gridmap.settings import Settings
from tests.commands import run_command


class Shell:
    """Runs `gridmap` on the server that a URL names; `engine` sees the same database."""

    def __init__(self, url: str) -> None:
        home = Settings.from_env({}).home
        self.env = {**os.environ, "GRIDMAP_DATABASE_URL": url, "GRIDMAP_HOME": str(home), "COLUMNS": "200"}
        self.engine: Engine = make_engine(url)

    def __call__(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return run_command(arguments, self.env, typed)

    def rows(self, *arguments: str) -> list[dict[str, object]]:
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        found: list[dict[str, object]] = json.loads(done.stdout)
        return found
