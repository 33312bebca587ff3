"""Signing in and out in a browser."""

import hmac
import secrets
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from gridmap.access import sessions
from gridmap.api.deps import SessionDep
from gridmap.api.pages.frame import read_frame, render
from gridmap.api.security import PRIVATE, SESSION_COOKIE, CallerDep, NowDep, OriginDep

router = APIRouter(include_in_schema=False)

LOGIN_COOKIE = "gridmap_login"
_LOGIN_PAGE_LASTS_S = 3600


class LoginForm(BaseModel):
    """What the form sends. Everything may be missing: the answer is the form again, not an error of ours."""

    name: str = ""
    password: str = ""
    csrf_token: str = ""
    wanted: str = Field(default="/", alias="next")


@router.get("/login")
def login_page(request: Request, wanted: Annotated[str, Query(alias="next")] = "/") -> HTMLResponse:
    """The form. Its hidden token also goes into a cookie: only our own page can send both."""
    return _form(request, LoginForm(next=wanted))


@router.post("/login")
def sign_in(
    request: Request, session: SessionDep, origin: OriginDep, now: NowDep, form: Annotated[LoginForm, Form()]
) -> Response:
    """Opens a session and goes to `next`, or shows the form again with what was typed and what is wrong."""
    expected = request.cookies.get(LOGIN_COOKIE, "")
    if not expected or not hmac.compare_digest(form.csrf_token.encode(), expected.encode()):
        return _form(request, form, error="stale", status=403)
    outcome = sessions.sign_in(session, origin, name=form.name.strip(), password=form.password, now=now)
    if outcome.locked_until is not None:
        return _form(request, form, error="locked", until=outcome.locked_until, status=401)
    if outcome.secret is None:
        return _form(request, form, error="wrong", status=401)
    response = RedirectResponse(safe_next(form.wanted), 303, headers={"Cache-Control": PRIVATE})
    _set_cookie(request, response, SESSION_COOKIE, outcome.secret, int(sessions.SESSION_LASTS.total_seconds()))
    response.delete_cookie(LOGIN_COOKIE)
    return response


@router.post("/logout")
def sign_out(request: Request, session: SessionDep, _: CallerDep, origin: OriginDep) -> Response:
    """Ends the session. The dependency has checked the token."""
    secret = request.cookies.get(SESSION_COOKIE)
    if secret:
        sessions.sign_out(session, origin, secret=secret)
    response = RedirectResponse("/login", 303, headers={"Cache-Control": PRIVATE})
    response.delete_cookie(SESSION_COOKIE)
    return response


def safe_next(wanted: str) -> str:
    """A path of this server, or `/`: nobody is sent from our login to another host.

    >>> safe_next("/map?within=62"), safe_next("//evil.example"), safe_next("https://evil.example")
    ('/map?within=62', '/', '/')
    """
    # Browsers read a backslash as a slash and drop tabs and line breaks.
    local = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if local else "/"


def _form(
    request: Request, form: LoginForm, *, error: str | None = None, until: datetime | None = None, status: int = 200
) -> HTMLResponse:
    token = secrets.token_urlsafe(32)
    frame = read_frame(request)
    response = render(
        request,
        "login.html",
        frame,
        status=status,
        next=safe_next(form.wanted),
        name=form.name,
        error=error,
        until=None if until is None else frame.when(until),
        token=token,
    )
    response.headers["Cache-Control"] = PRIVATE
    _set_cookie(request, response, LOGIN_COOKIE, token, _LOGIN_PAGE_LASTS_S)
    return response


def _set_cookie(request: Request, response: Response, name: str, value: str, max_age_s: int) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=max_age_s, httponly=True, samesite="lax", secure=secure)
