"""pg_dump and pg_restore: a database into a file and out of it, whoever owns the one or the other."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import URL, make_url

from gridmap.db.account import clean_environment
from gridmap.db.binaries import client_program
from gridmap.db.bootstrap import libpq_url
from gridmap.db.disk import disk_errors
from gridmap.errors import ClusterError, InvalidInput

_NOBODYS = ("--no-owner", "--no-acl")
"""A file fits any installation: who restores it owns it, and rights come from the database it is restored into."""
_ALREADY_THERE = re.compile(r"^\d+; \d+ \d+ (EXTENSION|COMMENT - EXTENSION|TABLE DATA public spatial_ref_sys) ")
"""Lines of the table of contents that need a superuser, for things which a prepared database has already."""


def write_dump(url: str, file: Path) -> None:
    """Writes a database into a new file, readable by its maker alone; the file has its name once it is whole.

    Raises InvalidInput when there is such a file, ClusterError when the database or the disk refuses.
    """
    if file.exists():
        raise InvalidInput(f"{file} is there already; a backup never replaces a file.")
    unready = file.with_name(file.name + ".unready")
    with disk_errors(file):
        os.close(os.open(unready, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
    try:
        _run("pg_dump", "--format=custom", *_NOBODYS, "--file", unready, url=url)
        with disk_errors(file), unready.open("rb+") as written:
            os.fsync(written.fileno())
            unready.rename(file)
    finally:
        unready.unlink(missing_ok=True)


def revision_in(file: Path) -> str:
    """The schema revision of a backup. Raises InvalidInput when the file is not one of gridmap's."""
    with disk_errors(file):
        file.open("rb").close()
    try:
        said = _run("pg_restore", "--data-only", "--table=alembic_version", "--file=-", file)
    except ClusterError as error:
        raise InvalidInput(f"{file} is not a backup, or a damaged one: {error.detail}") from error
    found = re.search(r"^COPY public\.alembic_version .*\n(\S+)\n\\\.$", said, re.MULTILINE)
    if found is None:
        raise InvalidInput(f"{file} is a dump of some other database than gridmap's.")
    return found[1]


def restore_into(url: str, file: Path, scratch: Path) -> None:
    """Restores a backup into a fresh database that has the extensions. Raises ClusterError when a single item fails."""
    contents = _contents_file(file, scratch)
    try:
        _run("pg_restore", "--exit-on-error", "--jobs=2", *_NOBODYS, "--use-list", contents, file, url=url)
    finally:
        contents.unlink()


def restore_over(url: str, file: Path, scratch: Path, preamble: str) -> None:
    """Restores a backup in one transaction after the statements of `preamble`: all of it or nothing.

    Raises ClusterError when a single statement fails; the database is then as it was.
    """
    contents = _contents_file(file, scratch)
    script = contents.with_suffix(".sql")
    try:
        _run("pg_restore", *_NOBODYS, "--use-list", contents, "--file", script, file)
        begin = ("--command", preamble, "--file", script)
        _run("psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", *begin, url=url)
    finally:
        contents.unlink()
        script.unlink(missing_ok=True)


def _contents_file(file: Path, scratch: Path) -> Path:
    listed = _run("pg_restore", "--list", file).splitlines()
    contents = scratch / f".restore-{os.getpid()}.list"
    with disk_errors(scratch):
        scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        contents.write_text("\n".join(line for line in listed if not _ALREADY_THERE.match(line)) + "\n")
        contents.chmod(0o600)
    return contents


def _run(program: str, *options: str | Path, url: str | None = None) -> str:
    environment: Mapping[str, str] = {}
    target: tuple[str, ...] = ()
    if url is not None:
        # The password goes by the environment: every user of the machine can read a command line.
        parsed = make_url(url)
        environment = {"PGPASSWORD": str(parsed.password)} if parsed.password else {}
        target = ("--dbname", libpq_url(_without_password(parsed)))
    done = subprocess.run(
        [client_program(program), *target, *options],
        capture_output=True,
        check=False,
        env=clean_environment(environment),
    )
    if done.returncode:
        raise ClusterError(f"{program} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode(errors="replace")


def _without_password(url: URL) -> str:
    return url._replace(password=None).render_as_string(hide_password=False)
