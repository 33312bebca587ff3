"""Addresses of pages: whatever is on the screen has one, made from that of the request."""

from collections.abc import Callable

from fastapi import Request

Link = Callable[..., str]


def linker(request: Request) -> Link:
    """A function that gives this page's address with some parameters changed; None takes one away.

    What belongs to one answer only, the language and the cursor, is left out unless it is given.
    """
    kept = {name: value for name, value in request.query_params.items() if name not in {"lang", "cursor"}}

    def link(path: str | None = None, **changes: object) -> str:
        wanted = {name: value for name, value in (kept | changes).items() if value is not None and value != ""}
        url = request.url.replace(path=path or request.url.path, query="", fragment="", scheme="", netloc="")
        return str(url.include_query_params(**wanted)) if wanted else str(url)

    return link


def sort_link(link: Link, key: str, current: str) -> str:
    """The address that sorts by a column; by the other way round when it is sorted by it. ``-area`` is descending.

    >>> sort_link(lambda **c: c["sort"], "area", "code"), sort_link(lambda **c: c["sort"], "area", "area")
    ('area', '-area')
    """
    return link(sort=f"-{key}" if current == key else key)


def asked_block(request: Request) -> str | None:
    """The part of a page that htmx asks for: the id of the element that it will be put into. None for a whole page."""
    if request.headers.get("hx-request-type") != "partial":
        return None
    return request.headers.get("hx-target", "").partition("#")[2] or None
