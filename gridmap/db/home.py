"""Where the things of an installation are: the home, and the place of its cluster, which may be outside it."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from gridmap.db.account import Account, account_for, unprivileged_account
from gridmap.db.disk import disk_errors
from gridmap.db.lock import home_mode, locked
from gridmap.errors import ClusterError

PORT = 5432
_LONGEST_SOCKET = 107
"""Bytes of the path of a Unix socket on Linux, without the closing zero."""
_OUTSIDE = Path("/var/lib/gridmap")


@dataclass(frozen=True, slots=True)
class Home:
    """A home whose cluster has a place: `place` belongs to `account`, and nobody else may enter it."""

    folder: Path
    place: Path
    account: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory; it is there once it is whole."""
        return self.place / "data"

    @property
    def log(self) -> Path:
        """What PostgreSQL had to say."""
        return self.place / "postgresql.log"

    @property
    def start_lock(self) -> Path:
        """Held while the cluster is started or stopped."""
        return self.place / "start.lock"

    @property
    def users_lock(self) -> Path:
        """Shared by all who use the cluster; the last one out stops it."""
        return self.place / "users.lock"

    @property
    def sockets(self) -> Path:
        """The folder of the socket: `socket` in the place, or what that links to when the path is unfit."""
        inside = self.place / "socket"
        return inside.readlink() if inside.is_symlink() else inside


def find_home(folder: Path) -> Home | None:
    """The home in a folder, None when no cluster was ever made for it. Raises ClusterError when it is not ours."""
    with disk_errors(folder):
        place = _place_of(folder)
        return None if place is None else Home(folder, place, _owner_of(place))


def make_home(folder: Path) -> Home:
    """The home in a folder, made when it is not there yet.

    Raises ClusterError when the disk refuses, or when the home's cluster belongs to another user.
    """
    found = find_home(folder)
    if found is not None:
        return found
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=home_mode())
    with locked(folder / "home.lock"), disk_errors(folder):
        place = _place_of(folder) or _make_place(folder, unprivileged_account())
    return Home(folder, place, _owner_of(place))


def make_sockets(home: Home) -> Path:
    """The folder of the socket, which only the cluster's user (and root) may enter.

    Raises ClusterError when someone else has put something of that name there first.
    """
    inside = home.place / "socket"
    # A copied home has a link to the first one's folder, hence the look at the name.
    linked = inside.is_symlink() and inside.readlink().name.endswith(_digest(home.place))
    if linked and _is_private(inside.readlink(), home.account):
        return inside.readlink()
    if _fits(inside):
        if inside.is_symlink():
            home.account.run("rm", inside)
        home.account.run("mkdir", "-p", "-m", "700", inside)
        return inside
    outside = _short_folder(home)
    if not _is_private(outside, home.account):
        raise ClusterError(f"{outside} is not a folder that only {home.account.name} may enter; remove it.")
    # A home that was moved may have a real folder here, with a socket that nobody listens to.
    home.account.run("rm", "-rf", inside)
    home.account.run("ln", "-s", outside, inside)
    return outside


def _place_of(folder: Path) -> Path | None:
    if (folder / "pg").is_dir():
        return folder / "pg"
    if not _pointer(folder).exists():
        return None
    place = Path(os.fsdecode(_pointer(folder).read_bytes().removesuffix(b"\n")))
    if not place.is_dir():
        raise ClusterError(
            f"The data of {folder} should be in {place}, which is not there. Put it back; "
            f"to begin with an empty database instead, remove {_pointer(folder)}."
        )
    return place


def _pointer(folder: Path) -> Path:
    return folder / "cluster-path"


def _owner_of(place: Path) -> Account:
    owner = account_for(place.stat().st_uid)
    if os.geteuid() not in {0, owner.uid}:
        raise ClusterError(f"{place} belongs to the user {owner.name}; run gridmap as {owner.name} or root.")
    return owner


def _make_place(folder: Path, account: Account) -> Path:
    if account.can_enter(folder):
        return _make_private(folder / "pg", account)
    # A clone below root's folder: the data must be where the cluster's user can reach them.
    _OUTSIDE.mkdir(parents=True, exist_ok=True, mode=0o711)
    place = _make_private(_free_name(_OUTSIDE / _digest(folder)), account)
    unready = folder / "cluster-path.new"
    unready.write_bytes(os.fsencode(place) + b"\n")
    unready.rename(_pointer(folder))
    return place


def _free_name(wanted: Path) -> Path:
    """A home that was removed leaves its data behind: a new home at the same path doesn't take them over."""
    number = 1
    name = wanted
    while name.exists() and any(name.iterdir()):
        number += 1
        name = wanted.with_name(f"{wanted.name}-{number}")
    return name


def _make_private(folder: Path, account: Account) -> Path:
    """Makes a folder that is the account's from the moment it has its name."""
    unready = folder.with_name(folder.name + ".new")
    for leftover in (unready, folder):
        if leftover.is_dir():
            leftover.rmdir()
    unready.mkdir(mode=0o700)
    if account.uid != os.geteuid():
        os.chown(unready, account.uid, account.gid)
    return unready.rename(folder)


def _fits(folder: Path) -> bool:
    """Whether a socket can be here: libpq takes a comma for the end of a host, PostgreSQL a quote for a list's."""
    path = os.fspath(folder)
    socket = f"{path}/.s.PGSQL.{PORT}"
    return len(os.fsencode(socket)) <= _LONGEST_SOCKET and not set(path) & set(',"\n\\') and _is_text(path)


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _short_folder(home: Home) -> Path:
    if os.geteuid() == 0:
        folder = Path("/run") / f"gridmap-{_digest(home.place)}"
    else:
        folder = Path("/tmp") / f"gridmap-{home.account.uid}-{_digest(home.place)}"  # noqa: S108 - checked below
    with disk_errors(folder):
        if not os.path.lexists(folder):
            folder.mkdir(mode=0o700)
        if os.geteuid() == 0 == folder.lstat().st_uid:
            os.chown(folder, home.account.uid, home.account.gid, follow_symlinks=False)
    return folder


def _is_private(folder: Path, account: Account) -> bool:
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and stat.S_IMODE(found.st_mode) == 0o700


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
