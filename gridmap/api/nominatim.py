"""Nominatim's paths, as far as doors and divisions go: for clients that know no other geocoder."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from gridmap import __version__
from gridmap.addresses.format import format_label
from gridmap.addresses.search.asking import Asking, Match, segments_of
from gridmap.addresses.search.bulk import LONGEST_TEXT
from gridmap.addresses.search.inside import search_inside
from gridmap.addresses.segments import Segments
from gridmap.api.address_search import ServedDep, tags, where
from gridmap.api.scope import GeocoderScopeDep, MapScope
from gridmap.api.wires import WireRoute, refused
from gridmap.errors import FieldError, TooLarge
from gridmap.exchange import addok, nominatim
from gridmap.exchange.nominatim import Format
from gridmap.geo.lonlat import LonLat
from gridmap.snapshot.addresses import Served


class NominatimRoute(WireRoute):
    """Refuses as Nominatim does."""

    @staticmethod
    def refusal(status: int, message: str) -> dict[str, Any]:
        """A code, and a message that names the parameter."""
        return {"error": {"code": status, "message": message}}


router = APIRouter(prefix="/nominatim", tags=["geocoder"], route_class=NominatimRoute)

_USUAL, _MOST = 10, 40
_FARTHEST_M = 2000.0
"""A door further away is not the address of a point."""
_NO = frozenset({"", "0", "false"})
_FORMS: dict[str, Format] = {"json": "json", "jsonv2": "jsonv2", "geojson": "geojson"}
Asked = Mapping[str, str]


@router.get("/search")
@router.get("/search/")
@router.get("/search.php")
def search_nominatim(request: Request, served: ServedDep, scope: GeocoderScopeDep) -> JSONResponse:
    """`q`, or `street`, `city`, `county`, `state`, `country`; `format` json, jsonv2 or geojson; `limit`, `viewbox`,
    `bounded`, `countrycodes`, `featureType`, `layer`, `exclude_place_ids`, `addressdetails`, `namedetails`;
    `accept-language`, also as a header: bo tells Tibetan names. A `q` of coordinates, lat first, is a reverse query."""
    asked = request.query_params
    form, text, limit = _form(asked), _text(asked), max(1, min(_whole(asked, "limit", _USUAL), _MOST))
    box = _box(asked)
    spot = nominatim.coordinates(text)
    if spot is not None:
        told = _at(request, served, scope, _lonlat(spot[1], spot[0]), "door") if _tells_addresses(asked) else _NOTHING
        places, sure = [told.place] if told.place else [], told.sure
    else:
        sure = True
        places = [_told_of(match) for match in _found(served, scope, asked, text, box)[:limit]]
    style = _style(request, served, details="0")
    written = [nominatim.place(form, **place, **style) for place in places]
    answer = nominatim.collection(written) if form == "geojson" else written
    return JSONResponse(answer, headers=_headers(request, served, sure=sure))


def _headers(request: Request, served: Served, *, sure: bool) -> dict[str, str]:
    """With the ETag of what is sure; names are told in the language of a header."""
    if not sure:
        return {"Cache-Control": "private, no-store"}
    headers = tags(request, served)
    return headers | {"Vary": f"{headers['Vary']}, Accept-Language"}


def _found(
    served: Served, scope: MapScope, asked: Asked, text: str, box: tuple[float, float, float, float] | None
) -> list[Match]:
    """What a text means, as far as it is not left out by another parameter."""
    if not (nominatim.names_home(asked) and _tells_addresses(asked)):
        return []
    middle = None if box is None else LonLat((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    bounds = box if _flag(asked, "bounded") else None
    left_out = {code.strip() for code in asked.get("exclude_place_ids", "").split(",")}
    kind = asked.get("featureType", "")
    return [
        match
        for match in addok.sure(search_inside(served.index, text, Asking(100, scope.prefixes, middle)))
        if match.point is not None
        and _lies_in(match, bounds)
        and str(nominatim.place_id(match.code)) not in left_out
        and nominatim.in_feature_type(match, kind)
    ]


@router.get("/reverse")
@router.get("/reverse/")
@router.get("/reverse.php")
def reverse_nominatim(request: Request, served: ServedDep, scope: GeocoderScopeDep) -> JSONResponse:
    """The door at `lat`, `lon` (within 2 km), or by `zoom` the village, township, county, prefecture or province."""
    asked = request.query_params
    form, zoom = _form(asked), _whole(asked, "zoom", 18)
    point = _lonlat(_number(asked, "lon"), _number(asked, "lat"))
    level = nominatim.level_of_zoom(zoom)
    told = _at(request, served, scope, point, level) if _tells_addresses(asked) else _NOTHING
    headers = _headers(request, served, sure=told.sure)
    if told.place is None:
        return JSONResponse(nominatim.NOT_FOUND, headers=headers)
    place = nominatim.place(form, **told.place, **_style(request, served, details="1"))
    return JSONResponse(nominatim.collection([place]) if form == "geojson" else place, headers=headers)


@router.get("/status")
@router.get("/status.php")
def status_nominatim(request: Request, served: ServedDep) -> Response:
    """Whether the search can be asked: OK, or with `format=json` as an object."""
    form = request.query_params.get("format", "text")
    if form == "text":
        return PlainTextResponse("OK")
    if form != "json":
        raise refused("format", "Parameter 'format' must be one of: text, json")
    return JSONResponse(
        {"status": 0, "message": "OK", "software_version": __version__, "database_version": str(served.version)}
    )


def _told_of(match: Match) -> dict[str, Any]:
    return {"level": match.level, "code": match.code, "label": match.label, "segments": match.segments,
            "point": match.point, "importance": match.score}  # fmt: skip


class _At(NamedTuple):
    """What is at a point, if anything; `sure` when that is as of now."""

    place: dict[str, Any] | None
    sure: bool = True


_NOTHING = _At(None)


def _at(request: Request, served: Served, scope: MapScope, point: LonLat, level: str) -> _At:
    """What is at a point: the nearest door, else the division the point lies in."""
    near = served.index.nearest(point, 1, scope.prefixes) if level == "door" else []
    if near and near[0].distance_m <= _FARTHEST_M:
        row = near[0].row
        spot = LonLat(row.lon, row.lat)
        segments = addok.near_segments(served.index, near[0])
        return _At({"level": "door", "code": row.code, "label": row.label, "segments": segments, "point": spot,
                    "importance": 1.0})  # fmt: skip
    there = where(request, point, scope)
    kept = []
    for division in there.told["divisions"]:
        kept.append(division)
        if division.level == level:
            break
    known = served.index.chain(kept[-1].code) if kept else None
    if known is None:
        return _At(None, there.sure)
    segments = segments_of(known, {})
    place = {"level": known.place.level, "code": known.place.code, "label": format_label(Segments(**segments)),
             "segments": segments, "point": point, "importance": 1.0}  # fmt: skip
    return _At(place, there.sure)


def _style(request: Request, served: Served, *, details: str) -> dict[str, Any]:
    """What of a place is told, and the names to tell it in; the parameter counts before the header."""
    asked = request.query_params
    languages = asked.get("accept-language") or request.headers.get("accept-language", "")
    tibetan = served.index.gazetteer if nominatim.wants_tibetan(languages) else None
    return {
        "details": _flag(asked, "addressdetails", details),
        "name_details": _flag(asked, "namedetails"),
        "tibetan": tibetan,
    }


def _form(asked: Asked) -> Format:
    form = _FORMS.get(asked.get("format", "jsonv2"))
    if form is None:
        raise refused("format", f"Parameter 'format' must be one of: {', '.join(_FORMS)}")
    return form


def _text(asked: Asked) -> str:
    """What is searched for; a text or a structured query, not both."""
    text, parts = asked.get("q"), nominatim.structured_text(asked)
    if text is not None and parts:
        raise refused("q", "Structured query parameters can't be used together with parameter 'q'.")
    text = text or parts
    if not text.strip():
        raise refused("q", "Nothing to search for: parameter 'q', or 'street', 'city', 'county', 'state' is wanted.")
    if len(text) > LONGEST_TEXT:
        message = f"Parameter 'q' is too long: {len(text)} characters, at most {LONGEST_TEXT} are read."
        raise TooLarge(message, errors=[FieldError("q", message)])
    return text


def _flag(asked: Asked, name: str, usual: str = "0") -> bool:
    return (asked[name].lower() if name in asked else usual) not in _NO


def _whole(asked: Asked, name: str, usual: int) -> int:
    return int(_number(asked, name)) if asked.get(name) else usual


def _number(asked: Asked, name: str) -> float:
    text = asked.get(name)
    if not text:
        raise refused(name, f"Parameter '{name}' missing.")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise refused(name, f"Parameter '{name}' must be a number.")
    return value


def _lonlat(lon: float, lat: float) -> LonLat:
    for name, value, most in (("lon", lon, 180), ("lat", lat, 90)):
        if not -most <= value <= most:
            raise refused(name, f"Parameter '{name}' must be in degrees, from -{most} to {most}.")
    return LonLat(lon, lat)


def _tells_addresses(asked: Asked) -> bool:
    """Whether the `layer`s that are asked for have addresses among them."""
    layers = asked.get("layer", "")
    return not layers or "address" in layers.lower().split(",")


def _box(asked: Asked) -> tuple[float, float, float, float] | None:
    """West, south, east and north of `viewbox`, cut off where the world ends."""
    text = asked.get("viewbox") or asked.get("viewboxlbrt")
    if not text:
        return None
    try:
        x1, y1, x2, y2 = (float(part) for part in text.split(","))
    except ValueError:
        x1 = y1 = x2 = y2 = math.nan
    if not all(map(math.isfinite, (x1, y1, x2, y2))):
        raise refused("viewbox", "Parameter 'viewbox' must be four numbers: x1,y1,x2,y2")
    west, east = (max(-180.0, min(180.0, x)) for x in sorted((x1, x2)))
    south, north = (max(-90.0, min(90.0, y)) for y in sorted((y1, y2)))
    return west, south, east, north


def _lies_in(match: Match, box: Sequence[float] | None) -> bool:
    if box is None or match.point is None:
        return True
    return box[0] <= match.point.lon <= box[2] and box[1] <= match.point.lat <= box[3]
