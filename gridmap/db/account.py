"""The operating-system user that PostgreSQL runs as, and its programs run as that user."""

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gridmap.errors import ClusterError

_UNPRIVILEGED = ("gridmap", "postgres", "nobody")
"""Whom root lends the cluster to, in this order; PostgreSQL refuses to run as root."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system."""

    name: str
    uid: int
    gid: int

    def run(self, *command: str | os.PathLike[str], text_in: str | None = None, inherit: Sequence[int] = ()) -> str:
        """What the command wrote to stdout; it inherits the open files of these numbers.

        Raises ClusterError with what the command wrote to stderr when it fails.
        """
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            command,
            input=os.fsencode(text_in or ""),
            capture_output=True,
            check=False,
            pass_fds=inherit,
            **self.start_as(),
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}"
            raise ClusterError(f"{os.path.basename(command[0])} failed: {said}")  # noqa: PTH119
        return done.stdout.decode(errors="surrogateescape")

    def can_enter(self, folder: os.PathLike[str]) -> bool:
        """Whether this user may pass through the folder, asked of the kernel, so that ACLs and mounts count too."""
        return subprocess.run(["test", "-x", folder], check=False, **self.start_as()).returncode == 0

    def start_as(self) -> dict[str, Any]:
        """Arguments that make subprocess start a program as this user, with nothing of the caller's environment."""
        given: dict[str, Any] = {"cwd": "/", "env": clean_environment(), "start_new_session": True}
        if self.uid != os.geteuid():
            given |= {"user": self.uid, "group": self.gid, "extra_groups": os.getgrouplist(self.name, self.gid)}
        return given


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment without PGHOST, PGDATA, LC_MESSAGES and the like, which would change what the programs do."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"} | dict(extra or {})


def account_for(uid: int) -> Account:
    """The user with this number. Raises ClusterError when the system has no name for it."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise ClusterError(
            f"The user number {uid} has no name on this system, and PostgreSQL needs one; add it to /etc/passwd."
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def unprivileged_account() -> Account:
    """Whom a new cluster shall belong to: the one who asks, or someone unprivileged when root does."""
    if os.geteuid() != 0:
        return account_for(os.geteuid())
    for name in _UNPRIVILEGED:
        try:
            return account_for(pwd.getpwnam(name).pw_uid)
        except KeyError:
            continue
    raise ClusterError(f"PostgreSQL can't run as root, and none of the users {', '.join(_UNPRIVILEGED)} exists.")
