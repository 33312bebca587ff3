"""People and keys: who there is, with which role and scope."""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy.orm import Session

from gridmap.access import audit, queries
from gridmap.access.audit import Actor
from gridmap.access.caller import Caller, Role
from gridmap.access.model import ROLES, ApiKey, User
from gridmap.access.passwords import check_password, hash_password
from gridmap.errors import Conflict, FieldError, InvalidInput, NotFound

KEY_PREFIX = "gm_"
_SCOPE = re.compile(r"all|[0-9]{2}|[0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15}|[0-9]{17}")


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A person who signs in, without the password's hash."""

    name: str
    role: str
    scope: str
    locked_until: datetime | None
    disabled_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A program's key, without the key."""

    name: str
    role: str
    scope: str
    personal: bool
    created_at: datetime
    revoked_at: datetime | None


def add_user(session: Session, actor: Actor, *, name: str, password: str, role: str, scope: str) -> None:
    """Makes a user. Raises InvalidInput for a bad name, role, scope or password, Conflict for a name that is taken."""
    _check_grant(name, role, scope)
    check_password(name, password)
    if queries.find_user(session, name):
        raise Conflict(f"There is a user {name} already.")
    session.add(User(name=name, password_hash=hash_password(password), role=role, scope=scope))
    session.flush()
    audit.record(session, actor, "user.add", [f"user:{name}"])


def set_password(session: Session, actor: Actor, *, name: str, password: str) -> None:
    """Gives a user another password, lifts a lock and ends all sessions."""
    user = _get_user(session, name)
    check_password(user.name, password)
    user.password_hash = hash_password(password)
    user.failed_logins, user.locked_until = 0, None
    queries.end_logins_of(session, user.id)
    audit.record(session, actor, "user.password", [f"user:{user.name}"])


def disable_user(session: Session, actor: Actor, *, name: str, now: datetime) -> None:
    """Keeps a user from signing in and ends all sessions. The name stays taken: the audit speaks of it."""
    user = _get_user(session, name)
    user.disabled_at = user.disabled_at or now
    queries.end_logins_of(session, user.id)
    audit.record(session, actor, "user.disable", [f"user:{user.name}"])


def list_users(session: Session) -> list[UserRecord]:
    """All users by name."""
    return [
        UserRecord(u.name, u.role, u.scope, u.locked_until, u.disabled_at, u.created_at)
        for u in queries.list_users(session)
    ]


def add_key(session: Session, actor: Actor, *, name: str, role: str, scope: str, personal: bool = False) -> str:
    """Makes a key and returns it: it is shown this once, only its SHA-256 is kept.

    Raises InvalidInput for a bad name, role or scope, Conflict for a name that a key which holds has.
    """
    _check_grant(name, role, scope)
    if personal and role != "integrator":
        message = "only an integrator's key is granted persons; the other roles say it themselves"
        raise InvalidInput(f"personal: {message}", errors=[FieldError("personal", message)])
    queries.lock_key_names(session)
    if queries.find_named_key(session, name):
        raise Conflict(f"There is a key {name} already; revoke it first.")
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    session.add(ApiKey(name=name, sha256=sha256(key), role=role, scope=scope, personal=personal))
    session.flush()
    audit.record(session, actor, "key.add", [f"key:{name}"])
    return key


def revoke_key(session: Session, actor: Actor, *, name: str, now: datetime) -> None:
    """Ends a key at once. Raises NotFound when none of this name holds."""
    key = queries.find_named_key(session, name)
    if key is None:
        raise NotFound(f"There is no key {name} that holds.")
    key.revoked_at = now
    session.flush()
    audit.record(session, actor, "key.revoke", [f"key:{key.name}"])


def list_keys(session: Session) -> Sequence[KeyRecord]:
    """All keys by name, revoked ones too."""
    return [
        KeyRecord(k.name, k.role, k.scope, k.personal, k.created_at, k.revoked_at) for k in queries.list_keys(session)
    ]


def list_callers(session: Session) -> list[tuple[bytes, Caller]]:
    """The hash of every key that holds and whom it belongs to, the scope not yet resolved."""
    return [
        (row.sha256, Caller(f"key:{row.name}", cast("Role", row.role), row.scope, (), row.personal))
        for row in queries.list_keys(session)
        if row.revoked_at is None
    ]


def key_marks(session: Session) -> tuple[object, ...]:
    """Something that is different when a key was made, changed or revoked; cheap, for asking often."""
    return tuple(queries.key_marks(session))


def recode_scopes(session: Session, codes: Mapping[str, str]) -> int:
    """Moves grants along when divisions, grids or groups get new codes; returns how many there were."""
    return queries.recode_scopes(session, codes)


def sha256(secret: str) -> bytes:
    """What is kept of a key or a cookie. They are random, so a plain hash can't be guessed back."""
    return hashlib.sha256(secret.encode()).digest()


def _get_user(session: Session, name: str) -> User:
    user = queries.lock_user(session, name)
    if user is None:
        raise NotFound(f"There is no user {name}.")
    return user


def _check_grant(name: str, role: str, scope: str) -> None:
    broken = []
    # A name stands in the audit behind "user:", "key:" or "cli:" and must be one word there.
    if not 1 <= len(name) <= 80 or any(c in ":/" or unicodedata.category(c)[0] in "CZ" for c in name):
        broken.append(FieldError("name", "1 to 80 characters without blanks, colons or slashes are wanted"))
    if role not in ROLES:
        broken.append(FieldError("role", f"there is no role {role!r}; there are {', '.join(ROLES)}", "unknown"))
    if not _SCOPE.fullmatch(scope):
        broken.append(FieldError("scope", "the code of a division, grid or group, or `all`, is wanted"))
    if broken:
        raise InvalidInput("; ".join(f"{e.where}: {e.message}" for e in broken), errors=broken)
