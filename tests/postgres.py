"""A throw-away PostgreSQL for tests: a Unix socket in a temporary folder, no durability, stopped afterwards."""

import os
import pwd
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.orm import Session

from gridmap.db import migrate
from tests.places import fast_folder

BIN = Path("/usr/lib/postgresql/15/bin")
TEMPLATE = "template_gridmap"
_numbers = count(1)


class Server:
    """A running server; `clone` copies the migrated template into a database of its own."""

    def __init__(self, socket_dir: Path) -> None:
        self.socket_dir = socket_dir
        self._templates: set[str] = set()

    def stop(self) -> None:
        """As when its machine dies: nothing is said to anybody."""
        _as_owner(str(BIN / "pg_ctl"), "-D", str(self.socket_dir / "data"), "-m", "immediate", "-w", "stop")

    def start(self) -> None:
        """Starts it, again or for the first time."""
        fast = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=60"
        # Read once, and not by every connection: half of what one costs that asks a single thing of PostGIS.
        fast += " -c shared_preload_libraries=postgis-3"
        _as_owner(
            str(BIN / "pg_ctl"), "-D", str(self.socket_dir / "data"), "-w", "-l", str(self.socket_dir / "log"),
            "-o", f"-c listen_addresses='' -k {self.socket_dir} {fast}", "start",
        )  # fmt: skip

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://gridmap@/{database}?host={self.socket_dir}"

    def execute(self, *statements: str) -> None:
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def make_template(self) -> None:
        self.execute(f"CREATE DATABASE {TEMPLATE}")
        engine = create_engine(self.url(TEMPLATE), poolclass=NullPool)
        with engine.connect() as connection:
            migrate.upgrade(connection)

    def clone(self, template: str = TEMPLATE) -> str:
        """The URL of a fresh copy of a database (0.1 s)."""
        name = f"test_{next(_numbers)}"
        self._copy(template, name)
        return self.url(name)

    def template(self, name: str, fill: Callable[[Session], None]) -> str:
        """The name of a migrated database that is filled once and then only cloned."""
        if name not in self._templates:
            self._copy(TEMPLATE, name)
            with Session(create_engine(self.url(name), poolclass=NullPool)) as session, session.begin():
                fill(session)
            self._templates.add(name)
        return name

    def _copy(self, template: str, name: str) -> None:
        # As files: else every page would go through the log, which takes five times as long.
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")

    def drop(self, url: str) -> None:
        name = url.split("@/")[1].split("?", maxsplit=1)[0]
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def running_server() -> Iterator[Server]:
    """Starts a server as an unprivileged user and stops it afterwards."""
    with tempfile.TemporaryDirectory(prefix="gridmap-pg-", dir=fast_folder(2**32)) as folder:
        home = Path(folder)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(home, owner.pw_uid, owner.pw_gid)
        data = home / "data"
        _as_owner(
            str(BIN / "initdb"), "-D", str(data), "-U", "gridmap", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"
        )
        server = Server(home)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _as_owner(*command: str) -> None:
    drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
    done = subprocess.run([*drop, *command], capture_output=True, text=True, check=False, cwd="/", close_fds=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")
