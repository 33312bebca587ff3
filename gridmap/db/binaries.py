"""Finds the PostgreSQL of this machine that has PostGIS."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gridmap.errors import ClusterError

OLDEST_POSTGRESQL = 15
OLDEST_POSTGIS = (3, 3)
_DEBIAN = Path("/usr/lib/postgresql")
INSTALL = "apt-get install postgresql-15 postgresql-15-postgis-3"


@dataclass(frozen=True, slots=True)
class Binaries:
    """A PostgreSQL that can serve: the folder of its programs, its version and that of its PostGIS."""

    folder: Path
    major: int
    version: str
    postgis: str

    def program(self, name: str) -> Path:
        """The path of one of its programs."""
        return self.folder / name


def find_binaries(major: int | None = None) -> Binaries:
    """The newest PostgreSQL with PostGIS, or that of a major version which existing data need.

    Raises ClusterError that says what to install.
    """
    found = [binaries for folder in _program_folders() if (binaries := _look_at(folder))]
    fitting = [b for b in found if (b.major == major if major else b.major >= OLDEST_POSTGRESQL) and _has_postgis(b)]
    if fitting:
        return max(fitting, key=lambda b: b.major)
    if major:
        wanted = f"postgresql-{major} postgresql-{major}-postgis-3"
        raise ClusterError(
            f"The data of this home were written by PostgreSQL {major}, which is not here; apt-get install {wanted}"
        )
    raise ClusterError(f"PostgreSQL 15 or newer with PostGIS 3.3 or newer is needed: {INSTALL}")


def client_program(name: str) -> Path:
    """A client program such as pg_dump, the newest there is: it must not be older than the server it talks to."""
    found = [binaries for folder in _program_folders() if (binaries := _look_at(folder)) and (folder / name).exists()]
    if found:
        return max(found, key=lambda b: b.major).program(name)
    path = shutil.which(name)
    if path is None:
        raise ClusterError(f"{name} is needed: apt-get install postgresql-client")
    return Path(path)


def _program_folders() -> Iterator[Path]:
    yield from sorted(_DEBIAN.glob("*/bin"))
    postgres = shutil.which("postgres")
    if postgres:
        yield Path(postgres).resolve().parent
    config = shutil.which("pg_config")
    if config:
        yield Path(_output(config, "--bindir"))


def _look_at(folder: Path) -> Binaries | None:
    if not (folder / "postgres").exists() or not (folder / "initdb").exists():
        return None
    version = _output(folder / "postgres", "--version")
    number = re.search(r"(\d+)[.\w]*", version)
    if number is None:
        return None
    return Binaries(folder, int(number[1]), number[0], _postgis_version(folder, int(number[1])))


def _has_postgis(binaries: Binaries) -> bool:
    return tuple(int(part) for part in re.findall(r"\d+", binaries.postgis)[:2]) >= OLDEST_POSTGIS


def _postgis_version(folder: Path, major: int) -> str:
    for share in _share_folders(folder, major):
        control = share / "extension" / "postgis.control"
        if control.is_file():
            found = re.search(r"default_version\s*=\s*'([^']+)'", control.read_text())
            return found[1] if found else ""
    return ""


def _share_folders(folder: Path, major: int) -> Iterator[Path]:
    config = folder / "pg_config"
    if config.exists():
        yield Path(_output(config, "--sharedir"))
    yield Path(f"/usr/share/postgresql/{major}")
    yield from (folder.parent / "share", folder.parent / "share" / "postgresql")


def _output(program: str | Path, option: str) -> str:
    return subprocess.run([program, option], capture_output=True, text=True, check=False).stdout.strip()
