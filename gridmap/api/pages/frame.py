"""The frame around every page: language, theme, version, banner; and how a page is rendered into it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gridmap import __version__
from gridmap.access.caller import ANONYMOUS, Caller
from gridmap.access.rights import RIGHTS, check
from gridmap.api.deps import get_engine, get_settings
from gridmap.api.offline import get_follower, is_offline
from gridmap.api.pages.links import asked_block, linker, sort_link
from gridmap.api.pages.messages import COOKIE, HTML_LANG, LANGUAGES, Language, Messages, wanted_language
from gridmap.api.security import PRIVATE, open_settings
from gridmap.db.engine import reading, transaction
from gridmap.errors import GridmapError, Unavailable
from gridmap.maps import service as maps
from gridmap.maps.escaping import script_json
from gridmap.snapshot.follower import Follower

Theme = Literal["auto", "light", "dark"]
Size = Literal["normal", "large"]
_TOLD = {403: "forbidden", 404: "not_found", 422: "invalid", 503: "unavailable"}
"""Statuses with a page of their own; the rest, a redirect to the login among them, is answered as everywhere."""
_A_YEAR_S = 365 * 24 * 3600

RAIL: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("map", "/", ()),
    ("grids", "/grids", ("/changesets", "/import", "/groups", "/shelters")),
    ("addresses", "/addresses", ()),
    ("households", "/households", ("/officers", "/posts", "/pairs")),
    ("emap", "/map", ()),
    ("docs", "/docs", ()),
)
"""The pages of the rail: name (text ``nav.NAME``, sign ``icons.svg#NAME``), address, other paths that belong to it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the frame shows. `state` is None when the database does not answer, `user` when nobody has signed in."""

    language: Language
    theme: Theme
    size: Size
    state: maps.InstallationState | None
    timezone: ZoneInfo
    snapshot: tuple[int, datetime] | None = None
    """Without a state: the version that is told from the snapshot, and since when."""
    user: str | None = None
    csrf_token: str = ""

    @property
    def t(self) -> Messages:
        """The texts in the reader's language."""
        return Messages(self.language)

    def when(self, instant: datetime) -> str:
        """A time as people here write it: ``11-22 02:40``."""
        return instant.astimezone(self.timezone).strftime("%m-%d %H:%M")

    def clock(self, instant: datetime) -> str:
        """The hour and minute of today: ``02:41``."""
        return instant.astimezone(self.timezone).strftime("%H:%M")

    def day(self, instant: datetime) -> str:
        """A day of any year: ``2026-11-22``."""
        return instant.astimezone(self.timezone).strftime("%Y-%m-%d")

    @staticmethod
    def percent(share: float) -> str:
        """A share of 1 in words; what rounds to nothing or to all, and is not, says so.

        >>> Frame.percent(0.25), Frame.percent(0.0004), Frame.percent(0.9999), Frame.percent(1.0)
        ('25.0 %', '< 0.1 %', '> 99.9 %', '100 %')
        """
        if share in {0, 1}:
            return f"{share:.0%}".replace("%", " %")
        if share < 0.001:
            return "< 0.1 %"
        return "> 99.9 %" if share > 0.999 else f"{share * 100:.1f} %"


def read_frame(request: Request) -> Frame:
    """The frame of a request; it never fails, because the page that says what is wrong needs one."""
    state = _state(request)
    return Frame(
        language=wanted_language(request),
        theme=_theme(request.cookies.get("gridmap_theme")),
        size="large" if request.cookies.get("gridmap_size") == "large" else "normal",
        state=state,
        snapshot=None if state is not None else _snapshot(get_follower(request)),
        timezone=ZoneInfo(get_settings(request).timezone),
        user=_signed_in(request),
        csrf_token=getattr(request.state, "csrf_token", ""),
    )


def _state(request: Request) -> maps.InstallationState | None:
    """None when the database does not answer; it is not asked again by a request that has found that out."""
    if is_offline(request):
        return None
    try:
        with transaction(reading(get_engine(request))) as session:
            return maps.installation_state(session)
    except Unavailable:
        get_follower(request).note_away()
        return None


def _snapshot(follower: Follower) -> tuple[int, datetime] | None:
    snapshot, since = follower.snapshot, follower.away_since
    return None if snapshot is None or since is None else (snapshot.version, since)


def _signed_in(request: Request) -> str | None:
    caller: Caller = getattr(request.state, "caller", ANONYMOUS)
    kind, _, name = caller.name.partition(":")
    return name if kind == "user" else None


FrameDep = Annotated[Frame, Depends(read_frame)]


def render(
    request: Request, template: str, frame: Frame, *, status: int = 200, personal: bool = False, **context: Any
) -> HTMLResponse:
    """A page of a template that extends ``base.html``; for htmx the block that is named as the element it goes into.

    Context that only one block needs is best given as a function, which the others do not call. `personal`: it tells
    of persons and is kept nowhere. Asking for a language with ``?lang=`` is remembered.
    """
    page = _environment().get_template(template)
    values = _common(request, frame) | context
    block = page.blocks.get(asked_block(request) or "")
    html = page.render(values) if block is None else "".join(block(page.new_context(values)))
    kept = PRIVATE if personal else "private, no-cache"
    response = HTMLResponse(html, status, headers={"Cache-Control": kept, "Vary": "Cookie, HX-Request-Type, HX-Target"})
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie(COOKIE, frame.language, max_age=_A_YEAR_S, samesite="lax")
    return response


def _common(request: Request, frame: Frame) -> dict[str, Any]:
    """What every page is rendered with."""
    return {
        "frame": frame,
        "t": frame.t,
        "link": linker(request),
        "rail": _rail(request.url.path),
        "may": _may(request),
        "html_lang": HTML_LANG[frame.language],
        "languages": [(language, request.url.include_query_params(lang=language).query) for language in LANGUAGES],
        "path": request.url.path,
        "nonce": request.state.nonce,
        "app_version": __version__,
        "messages_json": Markup(script_json(frame.t.for_scripts())),  # noqa: S704 - script_json leaves no < > &
    }


def _rail(path: str) -> list[tuple[str, str, bool]]:
    """Name and address of each page of the rail, and whether the path is of it."""
    return [(name, href, any(_is_below(path, place) for place in (href, *others))) for name, href, others in RAIL]


def _is_below(path: str, place: str) -> bool:
    return path == place or (place != "/" and path.startswith(f"{place}/"))


def _may(request: Request) -> Callable[[str], bool]:
    """Whether the reader may use a route, by its key in the table of rights: what he may not is not offered."""
    caller: Caller = getattr(request.state, "caller", ANONYMOUS)
    opened = open_settings(get_settings(request))

    def may(route: str) -> bool:
        try:
            check(RIGHTS.get(route), caller, opened)
        except GridmapError:
            return False
        return True

    return may


class PageRoute(APIRoute):
    """A route for people: `add_page_errors` answers its errors with a page in their language."""


def add_page_errors(app: FastAPI) -> None:
    """Makes errors of page routes pages; those of all other routes stay what they are. Call it after all handlers."""
    # At the application and not in the route: an error of the database is known as one only when the session's
    # dependency has ended, and that is outside the route's own handler.
    for kind in (GridmapError, RequestValidationError):
        app.add_exception_handler(kind, _for_people(app.exception_handlers[kind]))


def _for_people(plain: Callable[[Request, Any], Any]) -> Callable[[Request, Exception], Response]:
    def handle(request: Request, error: Exception) -> Response:
        answer: Response = plain(request, error)
        if not isinstance(request.scope.get("route"), PageRoute):
            return answer
        if isinstance(error, RequestValidationError):
            return _page_of_problem(request, 422, "; ".join(f"{e['loc'][-1]}: {e['msg']}" for e in error.errors()))
        if isinstance(error, GridmapError) and answer.status_code in _TOLD:
            return _page_of_problem(request, answer.status_code, error.detail)
        return answer

    return handle


def _page_of_problem(request: Request, status: int, detail: str) -> HTMLResponse:
    template = "problem.html" if asked_block(request) is None else "problem_part.html"
    frame = read_frame(request)
    return render(request, template, frame, status=status, kind=_TOLD[status], detail=frame.t.words(detail))


def _theme(cookie: str | None) -> Theme:
    return "dark" if cookie == "dark" else "light" if cookie == "light" else "auto"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("gridmap.api.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # As globals, because a block that is rendered alone sees no imports of its template.
    environment.globals["sort_link"] = sort_link
    environment.globals["parts"] = environment.get_template("parts.html").module
    return environment
