"""What routes depend on: the settings, a session that commits before the answer is sent, the state that is read."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Query, Request, Response
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gridmap import __version__
from gridmap.access.caller import Caller
from gridmap.api.params import parse_instant
from gridmap.db.engine import reading, transaction
from gridmap.db.versions import current_version, state_mark
from gridmap.errors import VersionNotReached
from gridmap.settings import Settings

WAIT_FOR_VERSION_S = 2.0
_POLL_S = 0.02


class NotModified(Exception):
    """The caller has this state already; `api.errors` answers 304."""

    def __init__(self, etag: str) -> None:
        super().__init__(etag)
        self.etag = etag


@dataclass(frozen=True, slots=True)
class Reading:
    """One state of the installation, read in one transaction: its dataset version, and the time asked for, if any."""

    session: Session
    version: int
    at: datetime | None


def get_settings(request: Request) -> Settings:
    """The settings that the app was made with."""
    settings: Settings = request.app.state.settings
    return settings


def get_engine(request: Request) -> Engine:
    """The process's engine."""
    engine: Engine = request.app.state.engine
    return engine


def get_session(request: Request) -> Iterator[Session]:
    """One transaction a request; a reading one sees one state throughout.

    Scope "function": a commit that fails must fail the answer, not follow it.
    """
    engine = get_engine(request)
    with transaction(reading(engine) if request.method in {"GET", "HEAD"} else engine) as session:
        yield session


def await_version(
    request: Request,
    min_version: Annotated[int | None, Query(ge=0, description="Wait until this dataset version can be read.")] = None,
) -> None:
    """Waits for the version that was asked for. Raises VersionNotReached when it does not come."""
    if min_version is None:
        return
    give_up = time.monotonic() + WAIT_FOR_VERSION_S
    while True:
        with transaction(get_engine(request)) as session:
            version = current_version(session)
        if version >= min_version:
            return
        if time.monotonic() > give_up:
            raise VersionNotReached(f"Version {min_version} has not been published; the newest is {version}.")
        time.sleep(_POLL_S)


SettingsDep = Annotated[Settings, Depends(get_settings)]
SessionDep = Annotated[Session, Depends(get_session, scope="function")]


def get_reading(
    request: Request,
    response: Response,
    _: Annotated[None, Depends(await_version)],
    session: SessionDep,
    at: Annotated[str | None, Query(description="A past time, RFC 3339, such as 2026-11-22T02:40:00+08:00.")] = None,
) -> Reading:
    """The state a reading route answers from. Sets the ETag; raises NotModified when the caller has this state."""
    etag = f'"{__version__}-{state_mark(session)}-{_told(request)}"'
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Authorization, X-API-Key, Cookie"
    if etag in request.headers.get("if-none-match", ""):
        raise NotModified(etag)
    return Reading(session, current_version(session), None if at is None else parse_instant("at", at))


def _told(request: Request) -> str:
    """A mark of what the caller may see: a browser that changes users must not keep the other user's copy."""
    caller: Caller = request.state.caller
    return sha256(f"{caller.role} {caller.within}".encode()).hexdigest()[:8]


ReadingDep = Annotated[Reading, Depends(get_reading, scope="function")]
