"""Nominatim's paths, as far as doors and divisions go: for clients that know no other geocoder."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from gridmap.addresses.format import format_label
from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.search.search import Asking, Match, search, segments_of
from gridmap.addresses.segments import Segments
from gridmap.api.address_search import ServedDep, where
from gridmap.api.scope import GeocoderScopeDep, MapScope
from gridmap.exchange import addok, nominatim
from gridmap.exchange.nominatim import Format
from gridmap.geo.lonlat import LonLat
from gridmap.snapshot.addresses import Served

router = APIRouter(prefix="/nominatim", tags=["geocoder"])

_USUAL, _MOST = 10, 40
_FARTHEST_M = 2000.0
"""A door further away is not the address of a point."""
Flag = Annotated[str, Query(max_length=5)]
Number = Annotated[float | None, Query(allow_inf_nan=False)]
_NO = frozenset({"", "0", "false"})


@router.get("/search")
@router.get("/search/")
def search_nominatim(
    request: Request,
    served: ServedDep,
    scope: GeocoderScopeDep,
    limit: int = _USUAL,
    addressdetails: Flag = "0",
    namedetails: Flag = "0",
    bounded: Flag = "0",
) -> JSONResponse:
    """`q`, or `street`, `city`, `county`, `state`; `format` json, jsonv2 or geojson; `limit`, `viewbox`, `bounded`,
    `countrycodes`, `addressdetails`, `namedetails`; `accept-language`, also as a header: bo tells Tibetan names."""
    asked = request.query_params
    form = _form(asked)
    if form is None:
        return _bad("Parameter 'format' must be one of: json, jsonv2, geojson")
    text = asked.get("q") or nominatim.structured_text(asked)
    if not text.strip():
        return _bad("Nothing to search for.")
    try:
        box = _box(asked.get("viewbox"))
    except ValueError:
        return _bad("Parameter 'viewbox' must be four numbers: x1,y1,x2,y2")
    countries = asked.get("countrycodes", "cn").lower()
    middle = None if box is None else LonLat((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    asking = Asking(100, scope.prefixes, middle)
    found = addok.sure(search(served.index, text[:1000], asking)) if "cn" in countries else []
    within = box if bounded not in _NO else None
    details, names = addressdetails not in _NO, namedetails not in _NO
    places = [
        nominatim.of_match(
            form, match, match.point, details=details, name_details=names, tibetan=_tibetan(request, served)
        )
        for match in found
        if match.point is not None and _lies_in(match, within)
    ][: max(1, min(limit, _MOST))]
    return JSONResponse(nominatim.collection(places) if form == "geojson" else places)


@router.get("/reverse")
@router.get("/reverse/")
def reverse_nominatim(
    request: Request,
    served: ServedDep,
    scope: GeocoderScopeDep,
    lat: Number = None,
    lon: Number = None,
    zoom: int = 18,
    addressdetails: Flag = "1",
    namedetails: Flag = "0",
) -> JSONResponse:
    """The door at `lat`, `lon` (within 2 km), or by `zoom` the village, township, county, prefecture or province."""
    form = _form(request.query_params)
    if form is None:
        return _bad("Parameter 'format' must be one of: json, jsonv2, geojson")
    if lat is None or lon is None or not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return _bad("Parameters 'lat' and 'lon' must be given, in degrees.")
    details, names = addressdetails not in _NO, namedetails not in _NO
    told = _at(request, served, scope, LonLat(lon, lat), nominatim.level_of_zoom(zoom))
    if told is None:
        return JSONResponse(nominatim.NOT_FOUND)
    place = nominatim.place(
        form, **told, details=details, name_details=names, tibetan=_tibetan(request, served)
    )  # fmt: skip
    return JSONResponse(nominatim.collection([place]) if form == "geojson" else place)


def _at(request: Request, served: Served, scope: MapScope, point: LonLat, level: str) -> dict[str, Any] | None:
    """What is at a point: the nearest door, else the division the point lies in."""
    near = served.index.nearest(point, 1, scope.prefixes) if level == "door" else []
    if near and near[0].distance_m <= _FARTHEST_M:
        row = near[0].row
        spot = LonLat(row.lon, row.lat)
        segments = addok.near_segments(served.index, near[0])
        return {"level": "door", "code": row.code, "label": row.label, "segments": segments, "point": spot,
                "importance": 1.0}  # fmt: skip
    chain = where(request, point, scope)["divisions"]
    kept = []
    for division in chain:
        kept.append(division)
        if division.level == level:
            break
    if not kept:
        return None
    known = served.index.chain(kept[-1].code)
    if known is None:
        return None
    segments = segments_of(known, {})
    label = format_label(Segments(**segments))
    return {"level": known.place.level, "code": known.place.code, "label": label, "segments": segments, "point": point,
            "importance": 1.0}  # fmt: skip


def _tibetan(request: Request, served: Served) -> Gazetteer | None:
    """The names to tell answers in when Tibetan is wanted; the parameter counts before the header."""
    languages = request.query_params.get("accept-language") or request.headers.get("accept-language", "")
    return served.index.gazetteer if nominatim.wants_tibetan(languages) else None


def _form(asked: Mapping[str, str]) -> Format | None:
    forms: dict[str, Format] = {"json": "json", "jsonv2": "jsonv2", "geojson": "geojson"}
    return forms.get(asked.get("format", "jsonv2"))


def _box(text: str | None) -> tuple[float, float, float, float] | None:
    if not text:
        return None
    x1, y1, x2, y2 = (float(part) for part in text.split(","))
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def _lies_in(match: Match, box: Sequence[float] | None) -> bool:
    if box is None or match.point is None:
        return True
    return box[0] <= match.point.lon <= box[2] and box[1] <= match.point.lat <= box[3]


def _bad(message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": 400, "message": message}}, 400)
