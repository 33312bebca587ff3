"""The front page: the command map."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse
from markupsafe import Markup

from gridmap.api.deps import SettingsDep
from gridmap.api.map_reading import MapReadingDep
from gridmap.api.pages.frame import FrameDep, PageRoute, render
from gridmap.api.pages.messages import Messages, wanted_language
from gridmap.maps.escaping import script_json

router = APIRouter(route_class=PageRoute, include_in_schema=False)

WithinQuery = Annotated[str | None, Query(pattern=r"^\d{2}(\d{4}(\d{3}(\d{3})?)?)?$")]


@router.get("/")
def command_map(
    request: Request,
    *,
    frame: FrameDep,
    reading: MapReadingDep,
    settings: SettingsDep,
    within: WithinQuery = None,
) -> HTMLResponse:
    """The command map of a division, by default of all that is told. What is on the screen stands in the query."""
    chosen = reading.division(within)
    if chosen is not None:
        reading.told_within(chosen.code)
    key = settings.tianditu_key
    page = {
        "within": None if chosen is None else chosen.code,
        "tianditu_key": None if key is None else key.get_secret_value(),
    }
    return render(request, "front.html", frame, within=chosen, page_json=Markup(script_json(page)))  # noqa: S704


@router.get("/sentences.json")
def sentences(request: Request) -> JSONResponse:
    """The words for what the service says, by code, in the reader's language: a page asks when it is first refused."""
    words = Messages(wanted_language(request)).sentences()
    return JSONResponse(words, headers={"Cache-Control": "private, max-age=300"})
