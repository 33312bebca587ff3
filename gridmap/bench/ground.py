"""What topics measure on: a demo county in a database of its own, made when the first topic asks for it."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text

from gridmap.bench.report import own_versions
from gridmap.db.database import Database
from gridmap.db.engine import transaction
from gridmap.db.opening import open_database
from gridmap.demo.service import load_demo
from gridmap.settings import Settings

Say = Callable[[str], None]

PEERS_PYTHON = Path(__file__).parents[2] / ".venv-bench" / "bin" / "python"
"""The Python that has the peers; `make bench` makes it."""
_PEERS = ("addok", "duckdb", "geopandas", "pygeoapi", "sedonadb", "tantivy", "tipg")
_PEER_VERSIONS = f"""
import json
from importlib.metadata import PackageNotFoundError, version
found = {{}}
for name in {_PEERS!r}:
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Ground:
    """A folder that is removed afterwards, settings for it, and a demo county in it. `say` tells what is going on."""

    settings: Settings
    say: Say
    stack: ExitStack

    @property
    def folder(self) -> Path:
        """An empty place for files, removed at the end."""
        return self.settings.home

    @cached_property
    def database(self) -> Database:
        """The demo county of 488 grids in a private cluster, loaded once for all topics."""
        self.say("loading the demo county")
        database = self.stack.enter_context(open_database(self.settings))
        with transaction(database.engine) as session:
            load_demo(session, county="623022", actor="bench")
        return database

    @property
    def server_env(self) -> dict[str, str]:
        """The environment of a gridmap server on the demo county."""
        return self.settings.model_copy(update={"database_url": self.database.url}).env()

    def versions(self) -> str:
        """What was measured with: Python and its libraries, PostgreSQL when it was used, the peers that are there."""
        parts = [own_versions()]
        if "database" in self.__dict__:
            with transaction(self.database.engine) as session:
                server = session.scalar(text("SHOW server_version"))
                postgis = session.scalar(text("SELECT postgis_lib_version()"))
            parts.append(f"PostgreSQL {server}, PostGIS {postgis}")
        peers = peer_versions()
        if peers:
            parts.append("peers " + ", ".join(f"{name} {number}" for name, number in peers.items()))
        return "; ".join(parts)


@contextmanager
def bench_ground(say: Say) -> Iterator[Ground]:
    """Somewhere to measure, with nothing of the installation in it. Short: a socket's path must fit in 107 bytes."""
    with TemporaryDirectory(prefix="gridmap-bench-") as folder, ExitStack() as stack:
        yield Ground(Settings.from_env({}, home=folder, public_map=True), say, stack)


def peer_versions() -> Mapping[str, str]:
    """The peers that are installed, by name; none where `make bench` has not made their place."""
    if not PEERS_PYTHON.exists():
        return {}
    found: dict[str, str] = json.loads(run_peer(_PEER_VERSIONS))
    return found


def run_peer(program: str, *arguments: str, env: Mapping[str, str] | None = None, timeout_s: float = 900.0) -> str:
    """What a program prints that is run by the peers' Python. Raises RuntimeError with its last words if it fails."""
    done = subprocess.run(
        [str(PEERS_PYTHON), "-c", program, *arguments],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "it ended")
    return done.stdout
