"""Every statement on users, keys, sessions and the audit."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ARRAY, Row, Text, cast, delete, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from gridmap.access.model import ApiKey, AuditRecord, LoginSession, User


def find_user(session: Session, name: str) -> User | None:
    """A user by name, whatever its case; by uq_user_account_name."""
    return session.scalars(select(User).where(func.lower(User.name) == name.lower())).one_or_none()


def lock_user(session: Session, name: str) -> User | None:
    """The same, kept from others until the transaction ends, so that parallel guesses are counted one by one."""
    stmt = select(User).where(func.lower(User.name) == name.lower()).with_for_update()
    return session.scalars(stmt).one_or_none()


def list_users(session: Session) -> Sequence[User]:
    """All users by name."""
    return session.scalars(select(User).order_by(func.lower(User.name))).all()


def any_user(session: Session) -> bool:
    """Whether there is any user."""
    return session.scalar(select(User.id).limit(1)) is not None


def find_key(session: Session, sha256: bytes) -> ApiKey | None:
    """A key that holds, by its hash; by uq_api_key_sha256."""
    return session.scalars(select(ApiKey).where(ApiKey.sha256 == sha256, ApiKey.revoked_at.is_(None))).one_or_none()


def lock_key_names(session: Session) -> None:
    """Makes other writers of keys wait: an audit that says ``key:NAME`` must mean one key that holds."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('gridmap key names'))"))


def find_named_key(session: Session, name: str) -> ApiKey | None:
    """The key of this name that holds, whatever its case."""
    stmt = select(ApiKey).where(func.lower(ApiKey.name) == name.lower(), ApiKey.revoked_at.is_(None))
    return session.scalars(stmt).one_or_none()


def list_keys(session: Session) -> Sequence[ApiKey]:
    """All keys, revoked ones too, by name."""
    return session.scalars(select(ApiKey).order_by(func.lower(ApiKey.name), ApiKey.id)).all()


def key_marks(session: Session) -> Row[int, str | None]:
    """How many keys hold, and a digest of what each may."""
    told = func.concat_ws(",", ApiKey.id, ApiKey.name, ApiKey.role, ApiKey.scope, ApiKey.personal)
    listed = func.md5(func.string_agg(told, aggregate_order_by(literal(";"), ApiKey.id)))
    return session.execute(select(func.count(), listed).where(ApiKey.revoked_at.is_(None))).one()


def find_login(session: Session, sha256: bytes) -> Row[LoginSession, User] | None:
    """A session and its user, by the hash of the cookie; by pk_login_session."""
    stmt = select(LoginSession, User).join(User, User.id == LoginSession.user_id)
    return session.execute(stmt.where(LoginSession.sha256 == sha256)).one_or_none()


def touch_login(session: Session, sha256: bytes, now: datetime) -> None:
    """Notes that a session is in use."""
    session.execute(update(LoginSession).where(LoginSession.sha256 == sha256).values(last_seen_at=now))


def end_login(session: Session, sha256: bytes) -> None:
    """Forgets a session."""
    session.execute(delete(LoginSession).where(LoginSession.sha256 == sha256))


def end_logins_of(session: Session, user_id: int) -> None:
    """Forgets every session of a user; by ix_login_session_user_id."""
    session.execute(delete(LoginSession).where(LoginSession.user_id == user_id))


def end_old_logins(session: Session, user_id: int, now: datetime) -> None:
    """Forgets the sessions of a user that have run out."""
    session.execute(delete(LoginSession).where(LoginSession.user_id == user_id, LoginSession.expires_at <= now))


def list_audit(
    session: Session, *, subject: str | None, who: str | None, since: datetime | None, limit: int
) -> Sequence[AuditRecord]:
    """The newest records first; by ix_audit_record_subjects, ix_audit_record_actor or ix_audit_record_at."""
    stmt = select(AuditRecord).order_by(AuditRecord.id.desc()).limit(limit)
    if subject is not None:
        stmt = stmt.where(AuditRecord.subjects.op("@>")(cast([subject], ARRAY(Text))))
    if who is not None:
        names = [who] if ":" in who else [f"{kind}:{who}" for kind in ("user", "key", "cli")]
        stmt = stmt.where(AuditRecord.actor.in_(names))
    if since is not None:
        stmt = stmt.where(AuditRecord.at >= since)
    return session.scalars(stmt).all()


def recode_scopes(session: Session, codes: Mapping[str, str]) -> int:
    """Grants for codes that have new ones; returns how many. Users and keys are few: one statement a code and table."""
    count = 0
    for table in (User, ApiKey):
        granted = session.scalars(select(table.scope).where(table.scope.in_(list(codes))).distinct()).all()
        for old in granted:
            stmt = update(table).where(table.scope == old).values(scope=codes[old]).returning(table.id)
            count += len(session.execute(stmt).all())
    return count
