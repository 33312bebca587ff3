"""The first start of the demo: a login and a key at random, told once and kept where only their owner reads."""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from gridmap.access import queries, service
from gridmap.access.audit import Actor
from gridmap.access.passwords import make_password

FILE_NAME = "first-login.json"
LOGIN = "admin"
KEY_NAME = "first-start"


@dataclass(frozen=True, slots=True)
class FirstLogin:
    """Where the login is kept, None when it was removed; the login itself at the first start only."""

    path: Path | None
    login: str | None = None
    password: str | None = None
    key: str | None = None


def ensure_first_login(session: Session, home: Path, actor: Actor, now: datetime) -> FirstLogin:
    """Makes an admin's login and key when the installation has no user yet, and keeps them in a 0600 file in `home`.

    The file is written before the caller commits: should the commit fail, the next start finds no user and writes a
    new one.
    """
    path = home / FILE_NAME
    if queries.any_user(session):
        return FirstLogin(path if path.exists() else None)
    password = make_password()
    service.add_user(session, actor, name=LOGIN, password=password, role="admin", scope="all")
    if queries.find_named_key(session, KEY_NAME):
        # A key without any user: the people were removed by hand, and who knows the old key is not known.
        service.revoke_key(session, actor, name=KEY_NAME, now=now)
    key = service.add_key(session, actor, name=KEY_NAME, role="admin", scope="all")
    _write_private(path, {"login": LOGIN, "password": password, "key": key})
    return FirstLogin(path, LOGIN, password, key)


def _write_private(path: Path, content: dict[str, str]) -> None:
    """Writes beside and renames into place, so that nobody ever reads half of it or reads it before it is private."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
