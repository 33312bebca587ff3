"""Routes of the address search: doors by anybody's words and by a point. None of them needs the database."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from gridmap.addresses.search.answer import (
    Found,
    FoundNear,
    NearestGrid,
    WhereOut,
    as_json,
    feature_of,
    near_feature,
)
from gridmap.addresses.search.asking import Asking
from gridmap.addresses.search.bulk import LONGEST_TEXT, REVERSE_COLUMNS, SEARCH_COLUMNS
from gridmap.addresses.search.inside import search_inside
from gridmap.api.csv_upload import CsvUploadDep
from gridmap.api.deps import get_engine, tag
from gridmap.api.offline import get_follower, is_offline
from gridmap.api.params import PointDep
from gridmap.api.scope import GeocoderScopeDep, MapScope
from gridmap.db.engine import reading, transaction
from gridmap.errors import DatabaseUnavailable, FieldError, Forbidden, InvalidInput, NotFound
from gridmap.exchange.address_csv import CsvTable, ReverseRow, SearchRow, answered_in_batches
from gridmap.exchange.address_jobs import code_batches
from gridmap.exchange.coding_processes import Answer
from gridmap.geo.crs import Crs, point_to_lonlat
from gridmap.geo.lonlat import LonLat
from gridmap.sentences import say
from gridmap.snapshot import locate as locating
from gridmap.snapshot.address_pack import pack
from gridmap.snapshot.addresses import AddressStore, Served

router = APIRouter(prefix="/addresses", tags=["addresses"])

USUALLY_FOUND, MOST_FOUND = 5, 100
JSON = "application/json"
CSV_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "地址\n木耳镇多坝村三社12号附一\n"},
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"data": {"type": "string", "format": "binary"}}}
            },
        },
    }
}
Limit = Annotated[int, Query(ge=1, description=f"Answers; more than {MOST_FOUND} is clamped.")]
Text = Annotated[str, Query(max_length=LONGEST_TEXT, description="An address in anybody's words.")]
WithinCode = Annotated[str | None, Query(pattern=r"^[0-9]{2,17}$", description="A division or grid code.")]
Number = Annotated[float | None, Query(allow_inf_nan=False)]


async def get_address_store(request: Request) -> AddressStore:
    """The process's index."""
    store: AddressStore = request.app.state.addresses
    return store


StoreDep = Annotated[AddressStore, Depends(get_address_store)]


def get_served(request: Request, store: StoreDep) -> Served:
    """The index as it is now, or as it last was while the database is away."""
    return store.last() if is_offline(request) else store.current()


ServedDep = Annotated[Served, Depends(get_served)]


async def near_point(
    lon: Number = None,
    lat: Number = None,
    crs: Annotated[str, Query(description="EPSG:NNNN, wgs84, cgcs2000, gcj02 or bd09.")] = "EPSG:4490",
) -> LonLat | None:
    """The place that answers are weighed by, if one was given. Raises InvalidInput for half of one."""
    if lon is None and lat is None:
        return None
    if lon is None or lat is None:
        raise InvalidInput("lon, lat: both are wanted, or none", errors=[FieldError("lon", "goes with lat")])
    return point_to_lonlat(Crs.parse(crs), lon, lat)


NearDep = Annotated[LonLat | None, Depends(near_point)]


def told_within(served: Served, scope: MapScope, within: str | None) -> tuple[str, ...]:
    """The prefixes of what is told. Raises NotFound for a division that is not there, Forbidden for what is outside."""
    if within is None:
        return scope.prefixes
    prefixes = served.index.prefixes(within)
    if prefixes is None:
        raise NotFound(say("no_division_there", "There is no division {code}{then}.", code=within, then=""))
    told = scope.narrow(prefixes)
    if not told:
        raise Forbidden(say("scope_not_enough", "This lies outside the scope that was granted."))
    return told


@router.get("/search", response_model=Found)
def search_addresses(
    request: Request,
    q: Text,
    served: ServedDep,
    scope: GeocoderScopeDep,
    near: NearDep,
    limit: Limit = USUALLY_FOUND,
    within: WithinCode = None,
    autocomplete: Annotated[bool, Query(description="The text may break off: it is being typed.")] = False,
    explain: Annotated[bool, Query(description="Tell the parts of each score.")] = False,
) -> Response:
    """The doors and places that a text means, the best first, each with how far the text is met and how surely."""
    asking = Asking(min(limit, MOST_FOUND), told_within(served, scope, within), near, autocomplete)
    headers = tags(request, served)
    return Response(told_json(served, q, asking, explain=explain), headers=headers, media_type=JSON)


def tags(request: Request, served: Served) -> dict[str, str]:
    """The headers of an answer from the index, with its ETag. Raises NotModified when the caller has that."""
    response = Response()
    tag(request, response, served.mark)
    return {name: response.headers[name] for name in ("ETag", "Cache-Control", "Vary")}


def told_json(served: Served, text: str, asking: Asking, *, explain: bool = False) -> bytes:
    """What a text means, as `Found`."""
    features = [as_json(feature_of(match, explain=explain)) for match in search_inside(served.index, text, asking)]
    head = {"type": "FeatureCollection", "version": served.version, "query": text, "limit": asking.limit}
    return json.dumps({**head, "features": features}, ensure_ascii=False, separators=(",", ":")).encode()


@router.get("/reverse", response_model=FoundNear, response_model_exclude_unset=True)
def reverse(
    request: Request,
    served: ServedDep,
    scope: GeocoderScopeDep,
    point: PointDep,
    response: Response,
    limit: Limit = USUALLY_FOUND,
    within: WithinCode = None,
) -> dict[str, Any]:
    """The doors nearest to a point with distance and bearing, and the grid and divisions it lies in.

    `within` says where the doors are looked for, not where the point lies.
    """
    wanted = min(limit, MOST_FOUND)
    near = served.index.nearest(point, wanted, told_within(served, scope, within))
    there = where(request, point, scope)
    if there.sure:
        tag(request, response, served.mark)
    else:
        response.headers["Cache-Control"] = "private, no-store"
    return {
        "type": "FeatureCollection",
        "version": served.version,
        "lon": point.lon,
        "lat": point.lat,
        "limit": wanted,
        "features": [as_json(near_feature(served.index, door)) for door in near],
        **there.told,
    }


class Place(NamedTuple):
    """The grid and the chain of a point; `sure` when they are the database's, of now."""

    told: dict[str, Any]
    sure: bool = False


def where(request: Request, point: LonLat, scope: MapScope) -> Place:
    """The grid and the chain of a point: from the database, else from the snapshot, else it is said that none can."""
    if is_offline(request):
        return Place(_where_in_snapshot(request, point, scope))
    try:
        with transaction(reading(get_engine(request))) as session:
            found = locating.locate(session, point)
    except DatabaseUnavailable:
        return Place(_where_in_snapshot(request, point, scope))
    place = found.grid or found.nearest
    if place is not None and not scope.covers(place.code):
        return Place(_nowhere(known=True), sure=True)
    chain = [WhereOut(code=d.code, name=d.name, name_bo=d.name_bo, level=d.level) for d in found.divisions]
    nearest = found.nearest and NearestGrid(code=found.nearest.code, distance_m=found.nearest.distance_m)
    grid = found.grid and WhereOut(
        code=found.grid.code, name=found.grid.name, name_bo=found.grid.name_bo, kind=found.grid.kind
    )
    return Place({"grid": grid, "divisions": chain, "nearest": nearest, "grid_known": True}, sure=True)


def _where_in_snapshot(request: Request, point: LonLat, scope: MapScope) -> dict[str, Any]:
    snapshot = get_follower(request).snapshot
    if snapshot is None:
        return _nowhere(known=False)
    villages = snapshot.villages
    found = villages.find(point.lon, point.lat)
    if found.items:
        item = found.items[0]
        if not scope.covers(item.code):
            return _nowhere(known=True)
        grid = WhereOut(code=item.code, name=item.name, name_bo=item.name_bo, kind=item.kind)
        chain = [WhereOut(code=d.code, name=d.name, name_bo=d.name_bo, level=d.level) for d in found.divisions]
        return {"grid": grid, "divisions": chain, "nearest": None, "grid_known": True}
    near = villages.find_nearest(point)
    if near is None or not scope.covers(near.item.code):
        return _nowhere(known=True)
    nearest = NearestGrid(code=near.item.code, distance_m=near.distance_m)
    return {"grid": None, "divisions": [], "nearest": nearest, "grid_known": True}


def _nowhere(*, known: bool) -> dict[str, Any]:
    return {"grid": None, "divisions": [], "nearest": None, "grid_known": known}


@router.post("/search/csv", response_class=StreamingResponse, openapi_extra=CSV_BODY)
def search_csv(upload: CsvUploadDep, served: ServedDep, store: StoreDep, scope: GeocoderScopeDep) -> StreamingResponse:
    """Codes a table of addresses: every row and column comes back in its order, with `result_*` columns.

    `column=地址` (repeated: several in their order) names the text; `within`, `encoding`, `delimiter`, `quote` may be
    given.
    `result_status` is ok, ambiguous, partial, not_found, empty, or invalid for a text of more than 1,000 characters.
    """
    table = upload.table()
    columns = table.address_columns(upload.many("column", "columns"))
    asking = Asking(1, told_within(served, scope, upload.one("within")))
    return csv_answer(table, SEARCH_COLUMNS, SearchRow(tuple(columns), asking), served, store)


@router.post("/reverse/csv", response_class=StreamingResponse, openapi_extra=CSV_BODY)
def reverse_csv(upload: CsvUploadDep, served: ServedDep, store: StoreDep, scope: GeocoderScopeDep) -> StreamingResponse:
    """The nearest door of every point of a table; `lon`, `lat` name its columns, `crs` their system; `within`."""
    table = upload.table()
    lon, lat = table.point_columns(upload.one("lon"), upload.one("lat"))
    crs = Crs.parse(upload.one("crs") or "EPSG:4490")
    return csv_answer(
        table,
        REVERSE_COLUMNS,
        ReverseRow(lon, lat, crs, told_within(served, scope, upload.one("within"))),
        served,
        store,
    )


def csv_answer(
    table: CsvTable,
    columns: Sequence[str],
    answer: Answer,
    served: Served,
    store: AddressStore,
    *,
    bom: bool = False,
    told: Sequence[str] | None = None,
    name: str = "",
) -> StreamingResponse:
    """The table with its answers, or those that are to be `told`, sent while they are found; `name` of its file."""
    form = table.form
    charset = "utf-16" if form.mark and form.encoding.startswith("utf-16") else form.encoding
    headers = {"Gridmap-Version": str(served.version), "Cache-Control": "private, no-store"}
    if name:
        headers["Content-Disposition"] = _saved_as(name)
    packed = None if store.file is None else pack(served, store.file)
    coded = answered_in_batches(table, columns, partial(code_batches, served.index, answer, packed), bom=bom, told=told)
    return StreamingResponse(
        (batch.written for batch in coded), headers=headers, media_type=f"text/csv; charset={charset}"
    )


def _saved_as(name: str) -> str:
    """For a browser or `curl -OJ`: as addok calls the answer to a file."""
    stem = PurePosixPath(name.replace("\\", "/")).name
    coded = f"{stem.removesuffix('.gz').rpartition('.')[0] or stem}.geocoded.csv"
    plain = f'filename="{coded}"' if coded.isascii() and coded.isprintable() and '"' not in coded else ""
    return "attachment; " + (plain or f"filename*=UTF-8''{quote(coded, safe='')}")
