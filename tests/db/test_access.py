"""Users, keys, sessions and the audit, at the services."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gridmap.access import audit, service, sessions
from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import Caller
from gridmap.access.first_start import ensure_first_login
from gridmap.access.model import ApiKey, LoginSession, User
from gridmap.access.sessions import FAILURES_TO_LOCK, LOCKED_FOR, SESSION_IDLE, SESSION_LASTS, SignIn
from gridmap.db.engine import transaction
from gridmap.errors import Conflict, InvalidInput, NotFound

NOW = datetime(2026, 11, 22, 2, 40, tzinfo=UTC)
ORIGIN = Origin("request-1", "192.0.2.7")
ACTOR = Actor(Caller("cli:root", "admin", "all", ("",)), ORIGIN)
PASSWORD = "Winter-2026"


@pytest.fixture
def people(session: Session) -> Session:
    service.add_user(session, ACTOR, name="Li.Si", password=PASSWORD, role="commander", scope="990001")
    return session


def _try(session: Session, password: str = PASSWORD, *, name: str = "Li.Si", now: datetime = NOW) -> SignIn:
    return sessions.sign_in(session, ORIGIN, name=name, password=password, now=now)


def _actions(session: Session) -> list[tuple[str, str]]:
    return [(entry.actor, entry.action) for entry in audit.list_records(session)]


def test_a_session_says_who_it_belongs_to(people: Session) -> None:
    secret = _try(people, name="li.si").secret
    assert secret is not None
    identity = sessions.find_by_cookie(people, secret, NOW)
    assert identity is not None
    assert (identity.caller.name, identity.caller.role, identity.caller.scope) == ("user:Li.Si", "commander", "990001")
    assert identity.caller.within == (), "a scope covers nothing before it is resolved"
    assert _actions(people) == [("cli:root", "user.add"), ("user:Li.Si", "login")]


def test_neither_password_nor_cookie_nor_key_is_in_the_database(people: Session) -> None:
    secret = _try(people).secret
    key = service.add_key(people, ACTOR, name="gis", role="reader", scope="all")
    stored = [*people.scalars(select(User)), *people.scalars(select(LoginSession)), *people.scalars(select(ApiKey))]
    written = repr([{c: getattr(row, c) for c in row.__table__.columns.keys()} for row in stored])  # noqa: SIM118
    assert len(stored) == 3
    assert not any(str(plain) in written for plain in (secret, key, PASSWORD))


def test_five_failures_lock_for_a_quarter_of_an_hour(people: Session) -> None:
    for _ in range(FAILURES_TO_LOCK - 1):
        assert _try(people, "wrong") == SignIn()
    assert _try(people, "wrong") == SignIn(locked_until=NOW + LOCKED_FOR)
    almost = NOW + LOCKED_FOR - timedelta(seconds=1)
    assert _try(people, now=almost) == SignIn(locked_until=NOW + LOCKED_FOR), "even the right password"
    assert _try(people, now=NOW + LOCKED_FOR).secret is not None
    assert [action for _, action in _actions(people)][1:] == ["login.failed"] * 5 + ["login.locked", "login"]


def test_a_success_forgets_earlier_failures(people: Session) -> None:
    for _ in range(3):
        for _ in range(FAILURES_TO_LOCK - 1):
            assert _try(people, "wrong").locked_until is None
        assert _try(people).secret is not None


def test_a_password_typed_as_the_name_is_not_written_down(people: Session) -> None:
    assert _try(people, name=PASSWORD) == SignIn()
    assert _try(people, name="a\0b") == SignIn()
    assert _actions(people)[1:] == [("user:(unknown)", "login.failed")] * 2


def test_a_session_ends_when_it_is_idle(people: Session) -> None:
    secret = _try(people).secret or ""
    assert sessions.find_by_cookie(people, secret, NOW + SESSION_IDLE - timedelta(seconds=1))
    assert sessions.find_by_cookie(people, secret, NOW + SESSION_IDLE) is None


def test_a_session_in_use_ends_after_half_a_day(people: Session) -> None:
    secret, now = _try(people).secret or "", NOW
    while now + timedelta(minutes=20) < NOW + SESSION_LASTS:
        now += timedelta(minutes=20)
        identity = sessions.find_by_cookie(people, secret, now)
        assert identity is not None
        assert identity.touch_due
        sessions.touch(people, secret, now)
    assert sessions.find_by_cookie(people, secret, NOW + SESSION_LASTS) is None


def test_signing_out_and_being_disabled_end_sessions(people: Session) -> None:
    first, second = _try(people).secret or "", _try(people).secret or ""
    sessions.sign_out(people, ORIGIN, secret=first)
    sessions.sign_out(people, ORIGIN, secret="unknown")
    assert sessions.find_by_cookie(people, first, NOW) is None
    assert sessions.find_by_cookie(people, second, NOW) is not None
    service.disable_user(people, ACTOR, name="li.si", now=NOW)
    assert sessions.find_by_cookie(people, second, NOW) is None
    assert _try(people) == SignIn()


def test_a_new_password_lifts_the_lock_and_ends_sessions(people: Session) -> None:
    secret = _try(people).secret or ""
    for _ in range(FAILURES_TO_LOCK):
        _try(people, "wrong")
    service.set_password(people, ACTOR, name="Li.Si", password="Spring-2027")
    assert sessions.find_by_cookie(people, secret, NOW) is None
    assert _try(people).secret is None
    assert _try(people, "Spring-2027").secret is not None


def test_names_are_unique_whatever_their_case(people: Session) -> None:
    with pytest.raises(Conflict):
        service.add_user(people, ACTOR, name="LI.SI", password=PASSWORD, role="reader", scope="all")
    service.add_key(people, ACTOR, name="gis", role="reader", scope="all")
    with pytest.raises(Conflict):
        service.add_key(people, ACTOR, name="GIS", role="reader", scope="all")


@pytest.mark.parametrize(
    ("grant", "where"),
    [
        ({"name": "a b"}, "name"),
        ({"name": "user:x"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"role": "king"}, "role"),
        ({"scope": "6230"}, "scope"),
        ({"scope": "ALL"}, "scope"),
        ({"scope": "990001\n"}, "scope"),
        ({"personal": True}, "personal"),
    ],
)
def test_bad_grants_are_named(session: Session, grant: dict[str, object], where: str) -> None:
    sound: dict[str, Any] = {"name": "གྲོང་-村", "role": "reader", "scope": "990001"}
    with pytest.raises(InvalidInput) as caught:
        service.add_key(session, ACTOR, **(sound | grant))
    assert [error.where for error in caught.value.errors] == [where]
    assert service.add_key(session, ACTOR, **sound)


def test_a_revoked_key_is_nobodys_and_its_name_is_free_again(session: Session) -> None:
    key = service.add_key(session, ACTOR, name="gis", role="integrator", scope="990001", personal=True)
    assert len(key) >= 43 + len("gm_")
    identity = sessions.find_by_key(session, key)
    assert identity is not None
    assert (identity.caller.name, identity.caller.personal) == ("key:gis", True)
    service.revoke_key(session, ACTOR, name="gis", now=NOW)
    assert sessions.find_by_key(session, key) is None
    with pytest.raises(NotFound):
        service.revoke_key(session, ACTOR, name="gis", now=NOW)
    assert service.add_key(session, ACTOR, name="gis", role="reader", scope="all") != key
    assert [k.revoked_at for k in service.list_keys(session)] == [NOW, None]


def test_the_audit_is_found_by_record_by_person_and_by_time(session: Session) -> None:
    clerk = Actor(Caller("user:clerk", "editor", "990001", ("990001",)), ORIGIN)
    audit.record(session, clerk, "household.read", ["H1", "H2"], unmasked=["phone"], purpose="evacuation")
    audit.record(session, ACTOR, "key.add", ["key:gis"])
    (entry,) = audit.list_records(session, subject="H2")
    assert (entry.actor, entry.role, entry.scope, entry.subjects) == ("user:clerk", "editor", "990001", ["H1", "H2"])
    assert (entry.unmasked, entry.purpose, entry.request_id) == (["phone"], "evacuation", "request-1")
    assert entry.remote == "192.0.2.7"
    assert [e.action for e in audit.list_records(session, who="clerk")] == ["household.read"]
    assert [e.action for e in audit.list_records(session, who="cli:root")] == ["key.add"]
    assert audit.list_records(session, who="user:root") == []
    assert audit.list_records(session, since=datetime.now(UTC) + timedelta(minutes=1)) == []
    assert [e.action for e in audit.list_records(session, limit=1)] == ["key.add"], "the newest"


def test_the_application_role_can_add_to_the_audit_and_read_it_but_not_change_it(clone: Engine) -> None:
    with transaction(clone) as session:
        # The grants that the cluster gives its application role, then the migration's own withdrawal.
        session.execute(text("CREATE ROLE gridmap_audit_test"))
        session.execute(text("GRANT SELECT, INSERT ON audit_record TO gridmap_audit_test"))
    try:
        with transaction(clone) as session:
            session.execute(text("SET LOCAL ROLE gridmap_audit_test"))
            audit.record(session, ACTOR, "key.add")
        with clone.connect() as connection:
            for change in ("UPDATE audit_record SET actor = 'nobody'", "DELETE FROM audit_record"):
                connection.execute(text("SET ROLE gridmap_audit_test"))
                with pytest.raises(DBAPIError, match="permission denied"):
                    connection.execute(text(change))
                connection.rollback()
    finally:
        with transaction(clone) as session:
            session.execute(text("DROP OWNED BY gridmap_audit_test"))
            session.execute(text("DROP ROLE gridmap_audit_test"))


def test_the_first_start_tells_a_login_once_and_keeps_it_private(session: Session, tmp_path: Path) -> None:
    first = ensure_first_login(session, tmp_path, ACTOR, NOW)
    assert first.path is not None
    assert first.path.stat().st_mode & 0o777 == 0o600
    assert json.loads(first.path.read_text()) == {"login": first.login, "password": first.password, "key": first.key}
    assert _try(session, first.password or "", name=first.login or "").secret is not None
    identity = sessions.find_by_key(session, first.key or "")
    assert identity is not None
    assert (identity.caller.role, identity.caller.scope) == ("admin", "all")
    assert [path.name for path in tmp_path.iterdir()] == [first.path.name]

    again = ensure_first_login(session, tmp_path, ACTOR, NOW)
    assert (again.path, again.login, again.password, again.key) == (first.path, None, None, None)
    first.path.unlink()
    assert ensure_first_login(session, tmp_path, ACTOR, NOW).path is None


def test_a_login_of_an_earlier_database_is_replaced(session: Session, tmp_path: Path) -> None:
    (tmp_path / "first-login.json").write_text("{}")
    (tmp_path / "first-login.json.new").write_text("left by a crash")
    service.add_key(session, ACTOR, name="first-start", role="admin", scope="all")
    first = ensure_first_login(session, tmp_path, ACTOR, NOW)
    assert first.path is not None
    assert json.loads(first.path.read_text())["key"] == first.key
    assert first.path.stat().st_mode & 0o777 == 0o600
