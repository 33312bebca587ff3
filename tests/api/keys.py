"""Callers for tests: an application that is closed to strangers, and a key for every role and scope."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from gridmap.access import service
from gridmap.access.audit import Actor, AuditEntry, Origin, list_records
from gridmap.access.caller import Caller
from gridmap.app import create_app
from gridmap.db.engine import transaction
from gridmap.settings import Settings
from tests.county import county_clone
from tests.postgres import Server

PASSWORD = "Winter-2026"
_ACTOR = Actor(Caller("cli:test", "admin", "all", ("",)), Origin("test"))


class Closed:
    """An application without a public map, its database with the small county, and its clock."""

    def __init__(self, app: FastAPI, client: TestClient) -> None:
        self.app = app
        self.client = client
        self.engine: Engine = app.state.engine
        self.now = datetime(2026, 11, 22, 2, 40, tzinfo=UTC)
        app.state.clock = lambda: self.now

    def key(self, role: str, scope: str, *, personal: bool = False) -> dict[str, str]:
        """The header of a fresh key."""
        with transaction(self.engine) as session:
            name = f"{role}-{scope}-{len(service.list_keys(session))}"
            key = service.add_key(session, _ACTOR, name=name, role=role, scope=scope, personal=personal)
        return {"Authorization": f"Bearer {key}"}

    def user(self, name: str, role: str, scope: str) -> None:
        with transaction(self.engine) as session:
            service.add_user(session, _ACTOR, name=name, password=PASSWORD, role=role, scope=scope)

    def audit(self, action_prefix: str = "") -> list[AuditEntry]:
        with transaction(self.engine) as session:
            return [entry for entry in list_records(session) if entry.action.startswith(action_prefix)]


@contextmanager
def closed_application(server: Server, **settings: object) -> Iterator[Closed]:
    """On a database of its own, which is dropped afterwards."""
    url = county_clone(server)
    app = create_app(Settings.from_env({}, database_url=url, **settings))
    with TestClient(app) as client:
        yield Closed(app, client)
    server.drop(url)
