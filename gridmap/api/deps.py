"""What routes depend on: the settings, a session that commits before the answer is sent, the state that is read."""

import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Query, Request, Response
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from gridmap import __version__
from gridmap.access.caller import Caller
from gridmap.api.offline import get_follower, is_offline, offline_snapshot, only_reads
from gridmap.db.engine import has_asked, reading, transaction
from gridmap.db.errors import translated
from gridmap.db.instants import parse_instant
from gridmap.db.versions import current_version, state_mark
from gridmap.errors import DatabaseUnavailable, VersionNotReached
from gridmap.settings import Settings
from gridmap.snapshot.registry import Registry

WAIT_FOR_VERSION_S = 2.0
WAIT_FOR_DATABASE_S = 1.0
"""So long a process may take to find out that the database is back."""
POLL_S = 0.02
_STATE_TAG = re.compile(r'(?:W/)?"[^"-]+-([0-9]{1,9})\.([0-9]{1,18})-[0-9a-f]+"', re.ASCII)


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
    offline: Registry | None = None
    """What is current, when the database is away; the session can't be used then."""


def get_settings(request: Request) -> Settings:
    """The settings that the app was made with."""
    settings: Settings = request.app.state.settings
    return settings


def get_engine(request: Request) -> Engine:
    """The process's engine."""
    engine: Engine = request.app.state.engine
    return engine


async def get_session(request: Request) -> AsyncIterator[Session]:
    """One transaction a request; a reading one sees one state throughout.

    Scope "function": a commit that fails must fail the answer, not follow it. Only what asked the database has
    anything to wait for at the end.
    """
    if is_offline(request):
        # Without an engine: what asks the database all the same is told that it is away.
        with translated(), Session() as nothing:
            yield nothing
        return
    engine, reads = get_engine(request), only_reads(request.method, request.url.path)
    opened = transaction(reading(engine) if reads else engine)
    session = opened.__enter__()
    try:
        yield session
    except Exception as error:
        await _ended(session, partial(opened.__exit__, type(error), error, error.__traceback__))
        raise
    except BaseException as error:
        # Whoever is cancelled can't wait any more.
        opened.__exit__(type(error), error, error.__traceback__)
        raise
    await _ended(session, partial(opened.__exit__, None, None, None))
    if not reads:
        # Before the answer: it says that it is done when every worker can read it.
        await run_in_threadpool(get_follower(request).catch_up)


async def _ended(session: Session, end: Callable[[], bool | None]) -> None:
    """Commits or takes back: in another thread where the database is to be told."""
    if has_asked(session):
        # Beside the threads of all others: those may be waiting for the very connection that this one gives back.
        await to_thread.run_sync(end, limiter=CapacityLimiter(1))
    else:
        end()


MinVersionQuery = Annotated[int | None, Query(ge=0, description="Wait until this dataset version can be read.")]
AtQuery = Annotated[str | None, Query(description="A past time, RFC 3339, such as 2026-11-22T02:40:00+08:00.")]


async def await_version(request: Request, min_version: MinVersionQuery = None) -> None:
    """Waits for the version that was asked for. Raises VersionNotReached when it does not come."""
    offline = offline_snapshot(request)
    if min_version is None or (offline is not None and offline.version >= min_version):
        return
    if offline is not None:
        raise VersionNotReached(f"Version {min_version} can't be had while the database is away.")
    await run_in_threadpool(_await, get_engine(request), min_version)


def _await(engine: Engine, version: int) -> None:
    give_up = time.monotonic() + WAIT_FOR_VERSION_S
    while True:
        with transaction(engine) as session:
            newest = current_version(session)
        if newest >= version:
            return
        if time.monotonic() > give_up:
            raise VersionNotReached(f"Version {version} has not been published; the newest is {newest}.")
        time.sleep(POLL_S)


async def given_settings(request: Request) -> Settings:
    """As `get_settings`. What neither waits nor computes is a coroutine: a plain function is run by another thread, at
    half a millisecond each on a modest machine, and a request has a dozen of these.
    """
    return get_settings(request)


SettingsDep = Annotated[Settings, Depends(given_settings)]
SessionDep = Annotated[Session, Depends(get_session, scope="function")]


def get_reading(
    request: Request,
    response: Response,
    _: Annotated[None, Depends(await_version)],
    session: SessionDep,
    at: AtQuery = None,
) -> Reading:
    """The state a reading route answers from. Sets the ETag; raises NotModified when the caller has this state."""
    instant = None if at is None else parse_instant("at", at)
    snapshot = offline_snapshot(request)
    if snapshot is None:
        tag(request, response, state_mark(session))
        return Reading(session, current_version(session), instant)
    if instant is not None:
        raise DatabaseUnavailable("The database can't be reached just now; what was true then is not told without it.")
    tag(request, response, f"{snapshot.version}.{snapshot.manifest.mark}")
    return Reading(session, snapshot.version, None, Registry.of(snapshot))


def tag(request: Request, response: Response, mark: str) -> None:
    """Puts the ETag of a state on the answer. Raises NotModified when the caller has it already."""
    headers = tag_headers(mark, _told(request))
    response.headers.update(headers)
    if (etag := headers["ETag"]) in request.headers.get("if-none-match", ""):
        raise NotModified(etag)


def tag_headers(mark: str, told: str) -> dict[str, str]:
    """The headers of a state's answer to somebody with a `told_mark`."""
    return {
        "ETag": f'"{__version__}-{mark}-{told}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, X-API-Key, Cookie",
    }


def read_state_tag(tag: str | None) -> tuple[int, int] | None:
    """The version and the newest event of the state whose ETag this is; None for anything else.

    >>> read_state_tag('"0.1.0-12.340-0a1b2c3d"'), read_state_tag('"3"')
    ((12, 340), None)
    """
    match = None if tag is None else _STATE_TAG.fullmatch(tag.strip())
    return None if match is None else (int(match[1]), int(match[2]))


def _told(request: Request) -> str:
    caller: Caller = request.state.caller
    return told_mark(caller)


def told_mark(caller: Caller) -> str:
    """A mark of what the caller may see: a browser that changes users must not keep the other user's copy."""
    return sha256(f"{caller.role} {caller.within}".encode()).hexdigest()[:8]


ReadingDep = Annotated[Reading, Depends(get_reading, scope="function")]
