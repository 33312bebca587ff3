"""Who asks and whether they may: one dependency of the whole application; what the table does not name is refused."""

import hmac
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, cast
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request, Response, Security
from fastapi.responses import RedirectResponse
from fastapi.routing import iter_route_contexts
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from gridmap.access import audit, sessions
from gridmap.access.audit import Actor, Origin
from gridmap.access.caller import ANONYMOUS, Caller
from gridmap.access.rights import RIGHTS, Unmasking, check
from gridmap.access.service import sha256
from gridmap.access.sessions import Identity
from gridmap.api.deps import SessionDep, get_engine, get_settings
from gridmap.api.offline import get_follower, is_offline
from gridmap.db.engine import transaction
from gridmap.errors import DatabaseUnavailable, Forbidden, Unauthenticated
from gridmap.settings import Settings
from gridmap.snapshot.keys import resolve_scope

SESSION_COOKIE = "gridmap_session"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
PRIVATE = "private, no-store"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_CODE = re.compile("[A-Z]?[0-9]{2,17}", re.ASCII)
_LARGEST_FORM = 1 << 16
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

_bearer = HTTPBearer(auto_error=False, description="A key made by `gridmap key add`.")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same key, for clients without Bearer.")


async def get_now(request: Request) -> datetime:
    """The time by which sessions run out and locks end, by the application's clock."""
    return cast("datetime", request.app.state.clock())


async def get_origin(request: Request) -> Origin:
    """What the audit says of the request."""
    return _origin(request)


def _origin(request: Request) -> Origin:
    return Origin(request.state.request_id, request.client.host if request.client else None)


async def shown_key(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    header: Annotated[str | None, Security(_header)],
) -> str | None:
    """The key a program shows: in a header, or where a client can send none, in the address (see `address_key`)."""
    if bearer is not None:
        return bearer.credentials
    return header or getattr(request.state, "address_key", None)


async def shown_csrf_token(request: Request) -> str | None:
    """The token of a changing request: in a header, or in a field of its form."""
    if request.method in _READING or SESSION_COOKIE not in request.cookies:
        return None
    if CSRF_HEADER in request.headers:
        return request.headers[CSRF_HEADER]
    # A form is read before it is known who sends it, so only a small one is; a page that sends a file uses the header.
    small = int(request.headers.get("content-length") or _LARGEST_FORM + 1) <= _LARGEST_FORM
    if small and request.headers.get("content-type", "").startswith(_FORMS):
        field = (await request.form()).get(CSRF_FIELD)
        return field if isinstance(field, str) else None
    return None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request shows of who sends it: a program's key; a browser's session and the token of its page."""

    key: str | None
    cookie: str | None
    csrf_token: str | None


async def shown_credentials(
    request: Request,
    key: Annotated[str | None, Depends(shown_key)],
    csrf_token: Annotated[str | None, Depends(shown_csrf_token)],
) -> Credentials:
    """All of it, not yet checked."""
    return Credentials(key, request.cookies.get(SESSION_COOKIE), csrf_token)


NowDep = Annotated[datetime, Depends(get_now)]
OriginDep = Annotated[Origin, Depends(get_origin)]


async def authorise(
    request: Request,
    response: Response,
    session: SessionDep,
    now: NowDep,
    shown: Annotated[Credentials, Depends(shown_credentials)],
) -> AsyncIterator[Caller]:
    """The caller, when the table of rights lets them use this route.

    Raises Unauthenticated for a wrong key even where none is needed, Forbidden for a wrong role. A read of persons
    that is refused to somebody known leaves a record, in a transaction of its own, since the request's is taken back.
    """
    key = route_key(request)
    request.state.route = key.partition(" ")[2]
    right = RIGHTS.get(key)
    caller = ANONYMOUS
    try:
        if right is None or right.open_to != "unasked":
            caller = await _sender(request, session, now, shown)
        # Before the check: the page that refuses somebody names him as well.
        request.state.caller = caller
        check(right, caller, open_settings(get_settings(request)))
        if right is not None and right.personal and is_offline(request):
            raise DatabaseUnavailable("The database can't be reached just now; nothing of persons is told without it.")
        if right is not None and right.personal:
            response.headers["Cache-Control"] = PRIVATE
        yield caller
    except Forbidden:
        if right is not None and right.personal:
            await run_in_threadpool(_record_refusal, request, caller)
        raise


CallerDep = Annotated[Caller, Depends(authorise, scope="function")]


async def get_actor(caller: CallerDep, origin: OriginDep) -> Actor:
    """The caller together with the request, as services that write the audit take it."""
    return Actor(caller, origin)


ActorDep = Annotated[Actor, Depends(get_actor, scope="function")]


async def asked_unmasking(unmask: str | None = None, purpose: str | None = None) -> Unmasking:
    """Fields to be shown in full (`phone`, `name`), which needs the right and a purpose."""
    return Unmasking.parse(unmask, purpose)


UnmaskingDep = Annotated[Unmasking, Depends(asked_unmasking)]


def route_key(request: Request) -> str:
    """The key of the matched route in the table of rights; one that matches nothing for a route that is not known."""
    paths = cast("dict[int, str]", request.app.state.route_paths)
    return f"{request.method} {paths.get(id(request.scope.get('route')), '(unknown)')}"


def route_paths(app: FastAPI) -> dict[int, str]:
    """The whole path of each route, by the identity of the route that a request's scope names.

    An included route knows only its own part of the path.
    """
    return {id(found.original_route): found.path or "" for found in iter_route_contexts(app.routes)}


def sign_in_page(request: Request) -> Response | None:
    """For a person's browser that may not see a page: the way to the login and back. None for programs."""
    wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")
    if request.method != "GET" or not wants_page or request.headers.get("authorization"):
        return None
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    login = f"/login?next={quote(wanted, safe='/')}"
    if "hx-request" in request.headers:
        # A part of a page was asked for: the login must take the place of the whole.
        return Response(status_code=204, headers={"HX-Redirect": login, "Cache-Control": PRIVATE})
    return RedirectResponse(login, 303, headers={"Cache-Control": PRIVATE})


async def _sender(request: Request, session: Session, now: datetime, shown: Credentials) -> Caller:
    if is_offline(request):
        return _identify_offline(request, shown)
    if shown.key is None and shown.cookie is None:
        return ANONYMOUS
    return await run_in_threadpool(_identify, request, session, now, shown)


def _identify(request: Request, session: Session, now: datetime, shown: Credentials) -> Caller:
    if shown.key is not None:
        identity = sessions.find_by_key(session, shown.key)
        if identity is None:
            raise Unauthenticated("This key does not exist or was revoked.")
    else:
        identity = _signed_in(request, session, now, shown)
    if identity is None:
        return ANONYMOUS
    return replace(identity.caller, within=resolve_scope(session, identity.caller.scope))


def _identify_offline(request: Request, shown: Credentials) -> Caller:
    """Whom a key belonged to when the database was last there. A cookie says nothing: sessions are not kept."""
    if shown.key is None:
        return ANONYMOUS
    caller = get_follower(request).last_keys.get(sha256(shown.key))
    if caller is None:
        raise Unauthenticated("This key does not exist or was revoked.")
    return caller


def _signed_in(request: Request, session: Session, now: datetime, shown: Credentials) -> Identity | None:
    """Whom the cookie belongs to; an old cookie is no cookie. Raises Forbidden for a change without the token."""
    if shown.cookie is None:
        return None
    identity = sessions.find_by_cookie(session, shown.cookie, now)
    if identity is None:
        return None
    request.state.csrf_token = identity.csrf_token
    if request.method not in _READING and not _same(shown.csrf_token, identity.csrf_token):
        raise Forbidden("The page was too old or not ours: load it again, then repeat this.")
    if identity.touch_due:
        # In a transaction of its own: two requests of one page in REPEATABLE READ would refuse each other the row.
        with transaction(get_engine(request)) as own:
            sessions.touch(own, shown.cookie, now)
    return identity


def open_settings(settings: Settings) -> frozenset[str]:
    """The settings that open routes to everybody, of those that are on."""
    return frozenset(name for name in ("public_map", "public_geocoder") if getattr(settings, name))


def _same(shown: str | None, expected: str | None) -> bool:
    return bool(shown and expected) and hmac.compare_digest((shown or "").encode(), (expected or "").encode())


def _record_refusal(request: Request, caller: Caller) -> None:
    with transaction(get_engine(request)) as own:
        # The path has not been validated when the role is refused: only what has the form of a code is kept.
        subjects = [value for value in request.path_params.values() if _CODE.fullmatch(value)]
        audit.record(own, Actor(caller, _origin(request)), f"refused {route_key(request)}", subjects)
