"""Signing in and out in a browser."""

import hmac
import secrets
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, Field

from gridmap.access import sessions
from gridmap.api.deps import SessionDep, get_settings
from gridmap.api.login_words import WORDS
from gridmap.api.security import PRIVATE, SESSION_COOKIE, CallerDep, NowDep, OriginDep

router = APIRouter(include_in_schema=False)

LOGIN_COOKIE = "gridmap_login"
LANGUAGE_COOKIE = "gridmap_lang"
_LOGIN_PAGE_LASTS_S = 3600


class LoginForm(BaseModel):
    """What the form sends. Everything may be missing: the answer is the form again, not an error of ours."""

    name: str = ""
    password: str = ""
    csrf_token: str = ""
    wanted: str = Field(default="/", alias="next")


@router.get("/login")
def login_page(
    request: Request, wanted: Annotated[str, Query(alias="next")] = "/", lang: str | None = None
) -> HTMLResponse:
    """The form. Its hidden token also goes into a cookie: only our own page can send both."""
    response = _form(request, LoginForm(next=wanted), lang=lang)
    if lang in WORDS:
        response.set_cookie(LANGUAGE_COOKIE, lang, max_age=365 * 86400, samesite="lax")
    return response


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
    request: Request,
    form: LoginForm,
    *,
    error: str | None = None,
    until: datetime | None = None,
    lang: str | None = None,
    status: int = 200,
) -> HTMLResponse:
    token = secrets.token_urlsafe(32)
    language = _language(request, lang)
    html = (
        _environment()
        .get_template("login.html")
        .render(
            t=WORDS[language],
            language=language,
            next=safe_next(form.wanted),
            name=form.name,
            error=error,
            until=None if until is None else _local(until, get_settings(request).timezone),
            token=token,
        )
    )
    response = HTMLResponse(html, status, headers={"Cache-Control": PRIVATE})
    _set_cookie(request, response, LOGIN_COOKIE, token, _LOGIN_PAGE_LASTS_S)
    return response


def _set_cookie(request: Request, response: Response, name: str, value: str, max_age_s: int) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=max_age_s, httponly=True, samesite="lax", secure=secure)


def _language(request: Request, asked: str | None) -> str:
    for language in (asked, request.cookies.get(LANGUAGE_COOKIE)):
        if language in WORDS:
            return language
    return "zh"


def _local(instant: datetime, timezone: str) -> str:
    return instant.astimezone(ZoneInfo(timezone)).strftime("%m-%d %H:%M")


@cache
def _environment() -> Environment:
    folder = Path(__file__).parent / "pages" / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
