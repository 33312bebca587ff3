"""The private cluster: a PostgreSQL with PostGIS of our own, on a Unix socket only, that survives what may come."""

import functools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import URL

from gridmap.db import bootstrap, postmaster
from gridmap.db.binaries import Binaries, find_binaries
from gridmap.db.configuration import ADMIN, DATABASE, HBA, Machine, ident_conf, postgresql_conf
from gridmap.db.disk import disk_errors, require_writable
from gridmap.db.home import PORT, Home, make_sockets
from gridmap.db.lock import Lock, locked
from gridmap.errors import ClusterError

_MIB = 1024 * 1024
_SETTLE_S = 0.02
_ANSWER_S = 10
_RECOVERY_S = 1800.0
"""Longer than replaying 2 GB of log on a slow disk; a start that takes longer is broken."""
_LOG_LIMIT = 20 * _MIB


class Cluster:
    """The cluster of a home. Its files belong to `home.account`; all its programs run as that user."""

    def __init__(self, home: Home, *, workers: int = 1) -> None:
        self.home = home
        self._workers = workers

    def url(self, role: str, database: str = DATABASE) -> str:
        """The SQLAlchemy URL of a role; it works while the cluster runs."""
        query = {"host": os.fspath(self.home.sockets), "port": str(PORT)}
        return URL.create("postgresql+psycopg", role, database=database, query=query).render_as_string()

    @property
    def pid(self) -> int | None:
        """The number of the postmaster, when one is alive."""
        return postmaster.find_postmaster(self.home.data)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """The cluster runs inside the block, started when it is down. The last user out stops it."""
        users = Lock(self.home.users_lock, self.home.account)
        try:
            with self._starting() as lock:
                self._ensure_running(lock, alone=users.try_alone())
                users.share()
            yield
        finally:
            with self._starting():
                if users.try_alone():
                    postmaster.stop_postmaster(self.home.data)
            users.close()

    def revive(self) -> None:
        """Starts the cluster again when it died under its users."""
        with self._starting() as lock:
            self._ensure_running(lock, alone=False)

    def _ensure_running(self, lock: Lock, *, alone: bool) -> None:
        """Starts the cluster, or takes over one that runs, under the lock for starting.

        A cluster orphaned by a killed server is taken over as it is: its caches are warm and it has nothing to recover.
        It is restarted only for other settings than ours or when it doesn't answer, and then only when nobody else uses
        it.
        """
        if not self.home.data.exists():
            self._make_data(lock)
        if not self._is_running_well(alone=alone):
            self._start()
        bootstrap.ensure_database(self.url(ADMIN, "postgres"))
        if alone:
            bootstrap.update_extensions(self.url(ADMIN))

    def _is_running_well(self, *, alone: bool) -> bool:
        if self.pid is None or not self._await_ready(self.pid):
            return False
        if not self._answers():
            if not alone:
                raise ClusterError(f"PostgreSQL (process {self.pid}) does not answer, and others use it.")
            postmaster.kill_all(self.home.data)
            return False
        if alone and not self._is_configured():
            postmaster.stop_postmaster(self.home.data)
            return False
        return True

    @contextmanager
    def _starting(self) -> Iterator[Lock]:
        with locked(self.home.start_lock, self.home.account) as lock:
            yield lock

    def _make_data(self, lock: Lock) -> None:
        """Makes the data directory under another name first, so that what is there is always whole.

        The programs hold the lock as well: when we are killed they run on for a moment, and the next start waits for
        them rather than clear away what they still write.
        """
        binaries = find_binaries()
        require_writable(self.home.place)
        unready = self.home.place / "data.unready"
        run = functools.partial(self.home.account.run, inherit=[lock.handle])
        run("rm", "-rf", unready)
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8") if binaries.major >= 17 else ()
        run(
            binaries.program("initdb"), "--pgdata", unready, "--username", ADMIN, "--auth=peer", "--data-checksums",
            "--encoding=UTF8", "--locale=C.UTF-8", *locale,
        )  # fmt: skip
        run("mv", unready, self.home.data)
        with disk_errors(self.home.place):
            _sync_folder(self.home.place)

    def _start(self) -> None:
        binaries = self._binaries()
        require_writable(self.home.place)
        with disk_errors(self.home.data):
            postmaster.clear_away(self.home.data, make_sockets(self.home) / f".s.PGSQL.{PORT}")
        self._configure()
        said_before = self._trim_log()
        pid = self._launch(binaries)
        if not self._await_ready(pid):
            raise ClusterError(f"PostgreSQL did not start: {self._last_words(said_before)}")

    def _binaries(self) -> Binaries:
        with disk_errors(self.home.data):
            return find_binaries(int((self.home.data / "PG_VERSION").read_text()))

    def _launch(self, binaries: Binaries) -> int:
        """Starts the postmaster as nobody's child: it outlives us when we are killed, and the next start finds it."""
        # Not by pg_ctl, which pastes the paths into a shell's command line without quoting them.
        script = 'exec 2>>"$1"; "$2" -D "$3" </dev/null >&2 & echo $!'
        program, data = binaries.program("postgres"), self.home.data
        return int(self.home.account.run("sh", "-c", script, "sh", self.home.log, program, data))

    def _await_ready(self, pid: int) -> bool:
        """Waits through start and recovery; false when the process ended instead (as one that was stopping does)."""
        give_up = time.monotonic() + _RECOVERY_S
        data = self.home.data
        while time.monotonic() < give_up:
            if postmaster.find_postmaster(data) == pid and postmaster.is_ready(data):
                return True
            if not _alive(pid):
                return False
            time.sleep(_SETTLE_S)
        raise ClusterError(f"PostgreSQL (process {pid}) is not ready after {_RECOVERY_S / 60:.0f} minutes.")

    def _answers(self) -> bool:
        try:
            psycopg.connect(bootstrap.libpq_url(self.url(ADMIN, "postgres")), connect_timeout=_ANSWER_S).close()
        except psycopg.errors.ConnectionTimeout:
            return False
        except psycopg.OperationalError as error:
            # "Too many clients" and the like come from a server that lives.
            return "FATAL" in str(error)
        return True

    def _files(self) -> dict[Path, str]:
        data = self.home.data
        return {
            data / "postgresql.conf": postgresql_conf(Machine.this(), self.home.sockets, self._workers),
            data / "pg_hba.conf": HBA,
            data / "pg_ident.conf": ident_conf(self.home.account),
        }

    def _is_configured(self) -> bool:
        with disk_errors(self.home.data):
            return all(path.read_text(errors="replace") == content for path, content in self._files().items())

    def _configure(self) -> None:
        for path, content in self._files().items():
            # Written as the cluster's user: root must not follow links that this user could have laid.
            self.home.account.run("sh", "-c", 'cat >"$1.new" && mv "$1.new" "$1"', "sh", path, text_in=content)

    def _trim_log(self) -> int:
        """Puts a long log aside; the length of what is left."""
        log = self.home.log
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            self.home.account.run("mv", log, f"{log}.1")
        return log.stat().st_size if log.exists() else 0

    def _last_words(self, said_before: int) -> str:
        said = self.home.log.read_bytes()[said_before:].decode(errors="replace").splitlines()
        fatal = [line for line in said if "FATAL:" in line or "PANIC:" in line]
        free = os.statvfs(self.home.place)
        free_mib = free.f_bavail * free.f_frsize // _MIB
        space = f" (only {free_mib} MiB are free)" if free_mib < 64 else ""
        return (fatal or said or ["it said nothing"])[-1] + f"{space}; see {self.home.log}"


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
