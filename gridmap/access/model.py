"""Tables of users, keys, sessions and the audit."""

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.db.base import Base, Instant, Now, Serial, Small, Words

ROLES = ("reader", "fieldworker", "editor", "reviewer", "commander", "integrator", "admin")
_SCOPE_FORM = "scope = 'all' OR scope ~ '^([0-9]{2}|[0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15}|[0-9]{17})$'"


class User(Base):
    """A person who signs in. `scope` is a division, grid or group code, or `all`."""

    __tablename__ = "user_account"

    id: Mapped[Serial]
    name: Mapped[str] = mapped_column(String(80))
    password_hash: Mapped[Words]
    role: Mapped[str] = mapped_column(String(12))
    scope: Mapped[str] = mapped_column(String(17))
    failed_logins: Mapped[Small] = mapped_column(server_default="0")
    locked_until: Mapped[Instant | None]
    disabled_at: Mapped[Instant | None]
    created_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint(f"role IN {ROLES}", "role_known"),
        CheckConstraint(_SCOPE_FORM, "scope_form"),
        Index("uq_user_account_name", text("lower(name)"), unique=True),
    )


class ApiKey(Base):
    """A key for a program: 256 random bits shown once and kept as SHA-256.

    `personal` lets an integrator read households.
    """

    __tablename__ = "api_key"

    id: Mapped[Serial]
    name: Mapped[str] = mapped_column(String(80))
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    role: Mapped[str] = mapped_column(String(12))
    scope: Mapped[str] = mapped_column(String(17))
    personal: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[Now]
    revoked_at: Mapped[Instant | None]

    __table_args__ = (
        CheckConstraint(f"role IN {ROLES}", "role_known"),
        CheckConstraint(_SCOPE_FORM, "scope_form"),
        CheckConstraint("octet_length(sha256) = 32", "sha256_length"),
        Index("uq_api_key_sha256", "sha256", unique=True),
    )


class LoginSession(Base):
    """A signed-in browser: the SHA-256 of its cookie, its CSRF token, and when it ends."""

    __tablename__ = "login_session"

    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[Now]
    last_seen_at: Mapped[Now]
    expires_at: Mapped[Instant]

    __table_args__ = (Index("ix_login_session_user_id", "user_id"),)


class AuditRecord(Base):
    """One request or command that touched personal data or rights: who, what, why, and the ids it returned.

    The application role may add and read, never change or remove (see the first migration).
    """

    __tablename__ = "audit_record"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[Now]
    request_id: Mapped[Words]
    actor: Mapped[Words]
    role: Mapped[Words]
    scope: Mapped[Words]
    action: Mapped[Words]
    subjects: Mapped[list[str]] = mapped_column(ARRAY(Text))
    unmasked: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    purpose: Mapped[Words | None]
    remote: Mapped[Words | None]

    __table_args__ = (
        Index("ix_audit_record_at", "at"),
        Index("ix_audit_record_actor", "actor", "at"),
        Index("ix_audit_record_subjects", "subjects", postgresql_using="gin"),
    )
