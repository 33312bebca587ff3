"""Signing in and out: lock-out after failures, sessions that run out, whom a key or cookie belongs to."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy.orm import Session

from gridmap.access import audit, queries
from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import ANONYMOUS, Caller, Role
from gridmap.access.model import LoginSession, User
from gridmap.access.passwords import password_fits
from gridmap.access.service import sha256

FAILURES_TO_LOCK = 5
LOCKED_FOR = timedelta(minutes=15)
SESSION_LASTS = timedelta(hours=12)
SESSION_IDLE = timedelta(minutes=30)
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SignIn:
    """How a sign-in ended: with the secret of a new session, or without and then perhaps locked until a time.

    An outcome rather than an error, because a failure is counted and audited and so must be committed.
    """

    secret: str | None = None
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a key or cookie belongs to: the caller with its scope not yet resolved, and the session's CSRF token."""

    caller: Caller
    csrf_token: str | None = None
    touch_due: bool = False


def sign_in(session: Session, origin: Origin, *, name: str, password: str, now: datetime) -> SignIn:
    """Tries a name and password. What it costs does not tell whether there is such a name; each try is audited."""
    user = queries.lock_user(session, name) if name.isprintable() else None
    fits = password_fits(user.password_hash if user else None, password)
    # A name that is not known is not written down: it may be a password typed into the wrong field.
    actor = Actor(_caller(user) if user else Caller("user:(unknown)", None, "", ()), origin)
    if user is not None and user.locked_until is not None and user.locked_until > now:
        audit.record(session, actor, "login.locked")
        return SignIn(locked_until=user.locked_until)
    if user is None or not fits or user.disabled_at is not None:
        audit.record(session, actor, "login.failed")
        return SignIn(locked_until=_count_failure(user, now))
    user.failed_logins, user.locked_until = 0, None
    audit.record(session, actor, "login")
    return SignIn(secret=_start_session(session, user, now))


def sign_out(session: Session, origin: Origin, *, secret: str) -> None:
    """Ends a session; one that is not there is no error."""
    found = queries.find_login(session, sha256(secret))
    if found is not None:
        queries.end_login(session, sha256(secret))
        audit.record(session, Actor(_caller(found[1]), origin), "logout")


def find_by_key(session: Session, key: str) -> Identity | None:
    """Whom a key belongs to; None for a key that does not exist or was revoked."""
    row = queries.find_key(session, sha256(key))
    if row is None:
        return None
    return Identity(Caller(f"key:{row.name}", cast("Role", row.role), row.scope, (), row.personal))


def find_by_cookie(session: Session, secret: str, now: datetime) -> Identity | None:
    """Whom a session belongs to; None when it has ended, has been idle too long, or its user was disabled."""
    found = queries.find_login(session, sha256(secret))
    if found is None:
        return None
    login, user = found
    if user.disabled_at is not None or login.expires_at <= now or login.last_seen_at + SESSION_IDLE <= now:
        return None
    return Identity(_caller(user), login.csrf_token, touch_due=login.last_seen_at + TOUCH_EVERY <= now)


def touch(session: Session, secret: str, now: datetime) -> None:
    """Notes that a session is in use; wanted when `touch_due`, not at every request."""
    queries.touch_login(session, sha256(secret), now)


def _count_failure(user: User | None, now: datetime) -> datetime | None:
    if user is None or user.disabled_at is not None:
        return None
    user.failed_logins += 1
    if user.failed_logins >= FAILURES_TO_LOCK:
        user.failed_logins, user.locked_until = 0, now + LOCKED_FOR
        return user.locked_until
    return None


def _start_session(session: Session, user: User, now: datetime) -> str:
    queries.end_old_logins(session, user.id, now)
    secret = secrets.token_urlsafe(32)
    session.add(
        LoginSession(
            sha256=sha256(secret),
            user_id=user.id,
            csrf_token=secrets.token_urlsafe(32),
            created_at=now,
            last_seen_at=now,
            expires_at=now + SESSION_LASTS,
        )
    )
    session.flush()
    return secret


def _caller(user: User) -> Caller:
    return Caller(f"user:{user.name}", cast("Role", user.role), user.scope, ANONYMOUS.within)
