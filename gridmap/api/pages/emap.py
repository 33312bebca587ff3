"""The page of the e-map: what Folium makes, in our frame, with a nonce for its script."""

import json
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from gridmap.api.deps import SettingsDep
from gridmap.api.map_reading import MapReadingDep
from gridmap.api.pages.drawn import WrittenMap, WrittenMaps, write_once
from gridmap.api.pages.frame import FrameDep, PageRoute, render
from gridmap.api.pages.front import WithinQuery
from gridmap.api.pages.messages import Language, Messages
from gridmap.errors import NotFound
from gridmap.maps.kept import Kept
from gridmap.settings import Settings

if TYPE_CHECKING:
    from gridmap.maps.emap import EMapParts

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_KEPT_MAPS = 8
_TEXTS = (
    "layer_grids", "layer_labels", "layer_groups", "layer_shelters", "base_none", "base_vec", "base_img", "base_ter",
)  # fmt: skip

EMaps = Kept[tuple[str, tuple[str, ...], str, Language], "EMapParts | None"]


def new_store() -> EMaps:
    """The store of rendered e-maps that an application keeps, by division, what of it is told, state and language."""
    return Kept(most=_KEPT_MAPS)


@router.get("/map")
def emap(
    request: Request,
    *,
    frame: FrameDep,
    reading: MapReadingDep,
    settings: SettingsDep,
    within: WithinQuery = None,
) -> HTMLResponse:
    """The e-map of a division, by default of all that is told. It needs no network once it has been loaded."""
    division = reading.division(within)
    if division is None:
        raise NotFound(frame.t("front.empty") + ": gridmap demo load")
    kept: EMaps = request.app.state.emaps
    told = reading.told_within(division.code)
    key = (division.code, told, reading.mark, frame.language)
    written: WrittenMaps = request.app.state.written_maps
    parts = kept.get(key, lambda: _render(write_once(written, reading, division.code, told), frame.t, settings))
    if parts is None:
        raise NotFound(frame.t("emap.empty", name=division.name))
    request.state.uses_nonce = True
    return render(request, "emap.html", frame, within=division, folium=parts)


def _render(written: WrittenMap, t: Messages, settings: Settings) -> "EMapParts | None":
    # Folium takes half a second to import; a server that shows no e-map need not wait for it.
    from gridmap.maps.emap import render as render_emap  # noqa: PLC0415

    data = json.loads(written.plain)
    if data["bbox"] is None:
        return None
    texts = {name: t(f"emap.{name}") for name in _TEXTS}
    texts |= {"label": t("emap.title", name=data["within"]["name"]), "credit": t("js.base.credit")}
    key = settings.tianditu_key
    return render_emap(data, texts, None if key is None else key.get_secret_value())
