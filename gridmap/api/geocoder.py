"""addok's paths: a client of the French address service, pointed here, needs no change."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse

from gridmap.addresses.search.search import Asking, search
from gridmap.api.address_search import CSV_BODY, ServedDep, StoreDep, csv_answer
from gridmap.api.csv_upload import CsvUpload, CsvUploadDep
from gridmap.api.scope import GeocoderScopeDep
from gridmap.exchange import addok
from gridmap.exchange.address_csv import CsvTable
from gridmap.geo.lonlat import LonLat

router = APIRouter(prefix="/geocoder", tags=["geocoder"])

_MOST = 100
_NO = frozenset({"0", "false", "no", "off"})
Filter = Annotated[str | None, Query(max_length=40)]


class _Refused(Exception):
    """What addok answers 400 to."""


@router.get("/search/")
@router.get("/search")
def search_addok(
    request: Request,
    served: ServedDep,
    scope: GeocoderScopeDep,
    citycode: Filter = None,
    type: Filter = None,  # noqa: A002
) -> JSONResponse:
    """What a text means: `q`, `limit`, `autocomplete` (on unless 0), `lat`, `lon`, `type`, `citycode`."""
    asked = request.query_params
    try:
        text = _text(asked.get("q"))
        limit = _limit(asked.get("limit"), 5)
        near = _point(request, required=False)
    except _Refused as error:
        return _bad(str(error))
    prefixes = addok.in_city(scope.prefixes, citycode or "")
    typing = asked.get("autocomplete", "1").lower() not in _NO
    found = addok.sure(search(served.index, text[:1000], Asking(_MOST, prefixes, near, typing)))
    features = [addok.feature(match) for match in found if type in {None, match.kind}][:limit]
    filters = {name: value for name, value in (("citycode", citycode), ("type", type)) if value}
    center = None if near is None else [near.lon, near.lat]
    return JSONResponse(addok.collection(features, query=text, filters=filters or None, center=center, limit=limit))


@router.get("/reverse/")
@router.get("/reverse")
def reverse_addok(request: Request, served: ServedDep, scope: GeocoderScopeDep) -> JSONResponse:
    """The doors nearest to `lat`, `lon`; `limit` is 1 unless given."""
    try:
        limit = _limit(request.query_params.get("limit"), 1)
        point = _point(request, required=True)
    except _Refused as error:
        return _bad(str(error))
    near = served.index.nearest(point, limit, scope.prefixes) if point is not None else []
    return JSONResponse(addok.collection([addok.near_feature(served.index, door) for door in near], limit=limit))


@router.post("/search/csv/", response_class=StreamingResponse, openapi_extra=CSV_BODY)
@router.post("/search/csv", response_class=StreamingResponse, openapi_extra=CSV_BODY)
def search_csv_addok(
    upload: CsvUploadDep, served: ServedDep, store: StoreDep, scope: GeocoderScopeDep
) -> StreamingResponse:
    """Codes a table: `data`, `columns` (repeated; all when not given), `encoding`, `delimiter`, `with_bom`.

    `lat` and `lon` name columns that bias the search, `citycode` and `type` columns that limit it row by row.
    """
    table = _table(upload)
    wanted = upload.many("columns")
    columns = table.columns(wanted) if wanted else list(range(len(table.form.header)))
    lon, lat = upload.one("lon"), upload.one("lat")
    center = table.point_columns(lon, lat) if lon and lat else None

    city, kind = (table.columns([name])[0] if (name := upload.one(by)) else None for by in ("citycode", "type"))
    answer = addok.SearchRow(tuple(columns), scope.prefixes, center, _MOST, city, kind)
    return csv_answer(table, addok.SEARCH_HEADERS, answer, served, store, bom=_with_bom(upload))


@router.post("/reverse/csv/", response_class=StreamingResponse, openapi_extra=CSV_BODY)
@router.post("/reverse/csv", response_class=StreamingResponse, openapi_extra=CSV_BODY)
def reverse_csv_addok(
    upload: CsvUploadDep, served: ServedDep, store: StoreDep, scope: GeocoderScopeDep
) -> StreamingResponse:
    """The nearest door of each row's `latitude` and `longitude` (or lat, lon, lng, long)."""
    table = _table(upload)
    lon, lat = table.point_columns(upload.one("lon"), upload.one("lat"))

    answer = addok.ReverseRow(lon, lat, scope.prefixes)
    return csv_answer(table, addok.REVERSE_HEADERS, answer, served, store, bom=_with_bom(upload))


def _table(upload: CsvUpload) -> CsvTable:
    return CsvTable(upload.file, upload.one("encoding"), upload.one("delimiter"))


def _with_bom(upload: CsvUpload) -> bool:
    return (upload.one("with_bom") or "0").lower() not in _NO


def _text(text: str | None) -> str:
    if not text:
        raise _Refused("The q parameter is required.")
    return text


def _limit(text: str | None, usual: int) -> int:
    if not text:
        return usual
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= _MOST:
        raise _Refused(f"The limit parameter is out of range (1..{_MOST}).")
    return int(text)


def _point(request: Request, *, required: bool) -> LonLat | None:
    lon, lat = (_number(request, names) for names in (addok.LON_NAMES, addok.LAT_NAMES))
    if lon is None or lat is None:
        if required:
            raise _Refused(f"The {'lon' if lon is None else 'lat'} parameter is required.")
        return None
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise _Refused("The lon or lat parameter is out of range.")
    return LonLat(lon, lat)


def _number(request: Request, names: tuple[str, ...]) -> float | None:
    given = next((request.query_params[name] for name in names if request.query_params.get(name)), None)
    if given is None:
        return None
    try:
        return float(given)
    except ValueError:
        raise _Refused(f"The {names[0]} parameter is no number.") from None


def _bad(description: str) -> JSONResponse:
    told: dict[str, Any] = {"title": "Invalid parameter", "description": description}
    return JSONResponse(told, 400)
