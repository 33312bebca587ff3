"""addok's paths: a client of the French address service, pointed here, needs no change."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse

from gridmap.addresses.search.asking import Asking
from gridmap.addresses.search.bulk import LONGEST_TEXT
from gridmap.addresses.search.inside import meanings_inside
from gridmap.api.address_search import CSV_BODY, ServedDep, StoreDep, csv_answer, tags
from gridmap.api.csv_upload import CsvUpload, CsvUploadDep
from gridmap.api.scope import GeocoderScopeDep
from gridmap.api.wires import WireRoute, refused
from gridmap.errors import FieldError, TooLarge
from gridmap.exchange import addok
from gridmap.exchange.address_csv import CsvTable
from gridmap.geo.lonlat import LonLat


class AddokRoute(WireRoute):
    """Refuses as addok does."""

    @staticmethod
    def refusal(status: int, message: str) -> dict[str, Any]:
        """A title, and a description that names the parameter."""
        title = {400: "Invalid parameter", 413: "Too large", 415: "Unsupported media type"}.get(status, "Refused")
        return {"title": title, "description": message}


router = APIRouter(prefix="/geocoder", tags=["geocoder"], route_class=AddokRoute)

_MOST = 100
_YES = frozenset({"1", "true", "t", "yes", "y", "on"})
_NO = frozenset({"0", "false", "f", "no", "n", "off"})
FILTERS = ("citycode", "type")


@router.get("/search/")
@router.get("/search")
def search_addok(request: Request, served: ServedDep, scope: GeocoderScopeDep) -> JSONResponse:
    """What a text means: `q`, `limit`, `autocomplete` (on unless 0), `lat`, `lon`, `type`, `citycode`.

    A filter may have several values, in one parameter or in several: any of them will do.
    """
    text = _text(request.query_params.get("q"))
    limit = _limit(request, 5)
    near = _point(request, required=False)
    filters = _filters(request)
    within = addok.in_city(served.index, scope.prefixes, filters.get("citycode", ()))
    typing = _flag("autocomplete", request.query_params.get("autocomplete"), usual=True)
    found = addok.sure(meanings_inside(served.index, text, Asking(prefixes=within, near=near, autocomplete=typing)))
    features = [addok.feature(match) for match in islice(addok.of_kinds(found, filters.get("type", ())), limit)]
    center = None if near is None else [near.lon, near.lat]
    told = addok.collection(features, query=text, filters=_as_asked(filters), center=center, limit=limit)
    return JSONResponse(told, headers=tags(request, served))


@router.get("/reverse/")
@router.get("/reverse")
def reverse_addok(request: Request, served: ServedDep, scope: GeocoderScopeDep) -> JSONResponse:
    """The doors nearest to `lat`, `lon`, or with `type` the villages or townships; `limit` is 1 unless given."""
    limit = _limit(request, 1)
    point = _point(request, required=True)
    filters = _filters(request)
    within = addok.in_city(served.index, scope.prefixes, filters.get("citycode", ()))
    kinds = filters.get("type", ())
    near = [] if point is None else addok.nearby(served.index, point, limit, within, kinds)
    features = [addok.near_feature(each) for each in near]
    told = addok.collection(features, filters=_as_asked(filters), limit=limit)
    return JSONResponse(told, headers=tags(request, served))


@router.post("/search/csv/", response_class=StreamingResponse, openapi_extra=CSV_BODY)
@router.post("/search/csv", response_class=StreamingResponse, openapi_extra=CSV_BODY)
def search_csv_addok(
    upload: CsvUploadDep, served: ServedDep, store: StoreDep, scope: GeocoderScopeDep
) -> StreamingResponse:
    """Codes a table: `data`, `columns` (repeated; all when not given), `encoding`, `delimiter`, `quote`, `with_bom`.

    `lat` and `lon` name columns that bias the search, `citycode` and `type` columns that limit it row by row.
    `result_columns` (repeated) are the only ones of the answer that come back.
    """
    table = upload.table()
    wanted = upload.many("columns")
    columns = table.columns(wanted) if wanted else list(range(len(table.form.header)))
    lon, lat = upload.one("lon"), upload.one("lat")
    center = table.point_columns(lon, lat) if lon and lat else None

    answer = addok.SearchRow(tuple(columns), scope.prefixes, center, *_filter_columns(table, upload))
    headers = addok.SEARCH_HEADERS
    return csv_answer(table, headers, answer, served, store, **_form_of(upload, headers))


@router.post("/reverse/csv/", response_class=StreamingResponse, openapi_extra=CSV_BODY)
@router.post("/reverse/csv", response_class=StreamingResponse, openapi_extra=CSV_BODY)
def reverse_csv_addok(
    upload: CsvUploadDep, served: ServedDep, store: StoreDep, scope: GeocoderScopeDep
) -> StreamingResponse:
    """The nearest door of each row's `latitude` and `longitude` (or lat, lon, lng, long); else as a search."""
    table = upload.table()
    lon, lat = table.point_columns(upload.one("lon"), upload.one("lat"))

    answer = addok.ReverseRow(lon, lat, scope.prefixes, *_filter_columns(table, upload))
    headers = addok.REVERSE_HEADERS
    return csv_answer(table, headers, answer, served, store, **_form_of(upload, headers))


def _filter_columns(table: CsvTable, upload: CsvUpload) -> tuple[int | None, int | None]:
    """The columns of `citycode` and `type`."""
    city, kind = (table.columns([name], by)[0] if (name := upload.one(by)) else None for by in FILTERS)
    return city, kind


def _form_of(upload: CsvUpload, headers: Sequence[str]) -> dict[str, Any]:
    """How the answer to a table is wanted."""
    told = upload.many("result_columns")
    if unknown := [name for name in told if name not in headers]:
        there = ", ".join(headers)
        raise refused("result_columns", f"result_columns: there is no {', '.join(unknown)}; there are {there}")
    bom = _flag("with_bom", upload.one("with_bom"), usual=False)
    return {"bom": bom, "told": told or None, "name": upload.name}


def _text(text: str | None) -> str:
    if not text:
        raise refused("q", "The q parameter is required.")
    if len(text) > LONGEST_TEXT:
        message = f"The q parameter is too long: {len(text)} characters, at most {LONGEST_TEXT} are read."
        raise TooLarge(message, errors=[FieldError("q", message)])
    return text


def _limit(request: Request, usual: int) -> int:
    text = request.query_params.get("limit")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= _MOST:
        raise refused("limit", f"The limit parameter is out of range (1..{_MOST}).")
    return int(text)


def _flag(name: str, text: str | None, *, usual: bool) -> bool:
    if not text:
        return usual
    if text.lower() not in _YES | _NO:
        raise refused(name, f"The {name} parameter is neither 1 nor 0.")
    return text.lower() in _YES


def _filters(request: Request) -> dict[str, tuple[str, ...]]:
    """The values of each filter that has any; blanks separate several, and so does naming it again."""
    asked = ((name, " ".join(request.query_params.getlist(name)).split()) for name in FILTERS)
    return {name: tuple(values) for name, values in asked if values}


def _as_asked(filters: dict[str, tuple[str, ...]]) -> dict[str, str] | None:
    return {name: " ".join(values) for name, values in filters.items()} or None


def _point(request: Request, *, required: bool) -> LonLat | None:
    lon, lat = (_number(request, names) for names in (addok.LON_NAMES, addok.LAT_NAMES))
    if lon is None or lat is None:
        if required:
            missing = "lon" if lon is None else "lat"
            raise refused(missing, f"The {missing} parameter is required.")
        return None
    for name, value, most in (("lon", lon, 180), ("lat", lat, 90)):
        if not -most <= value <= most:
            raise refused(name, f"The {name} parameter is out of range (-{most}..{most}).")
    return LonLat(lon, lat)


def _number(request: Request, names: tuple[str, ...]) -> float | None:
    given = next(((name, request.query_params[name]) for name in names if request.query_params.get(name)), None)
    if given is None:
        return None
    try:
        return float(given[1])
    except ValueError:
        raise refused(given[0], f"The {given[0]} parameter is no number.") from None
