"""Any number of points in one call: JSON, CSV or Arrow in, the same back with a grid code and a status for each."""

import os
from typing import Annotated, Any

from anyio import CapacityLimiter
from fastapi import APIRouter, Query, Request, Response

from gridmap.api.scope import MapScopeDep
from gridmap.api.snapshots import PinnedDep
from gridmap.api.streaming import PointsAnswer
from gridmap.errors import FieldError, UnknownMediaType
from gridmap.exchange.points.arrow_points import MEDIA_TYPE, ArrowPoints
from gridmap.exchange.points.counts import PointStream
from gridmap.exchange.points.csv_points import CsvPoints
from gridmap.exchange.points.json_points import JsonPoints, JsonRequest
from gridmap.geo.crs import Crs
from gridmap.snapshot.bulk import BulkLocator

router = APIRouter(tags=["locate"])

VERSION_HEADER = "Gridmap-Version"
_JSON, _CSV = "application/json", "text/csv"

_REQUEST = {
    "requestBody": {
        "required": True,
        "content": {
            _JSON: {"schema": JsonRequest.model_json_schema()},
            _CSV: {"schema": {"type": "string"}, "example": "id,lon,lat\n1,103.507109,34.589588\n"},
            MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The rows in their order, with `grid_code` and `grid_status` (in a layer also `grid_codes`).",
        "headers": {VERSION_HEADER: {"schema": {"type": "integer"}, "description": "What it was computed from."}},
        "content": {
            _JSON: {
                "schema": {
                    "type": "object",
                    "required": ["version", "codes", "status"],
                    "properties": {
                        "version": {"type": "integer"},
                        "codes": {"type": "array", "items": {"type": ["string", "null"]}},
                        "status": {"type": "array", "items": {"type": "string"}},
                        "grid_codes": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
                    },
                }
            },
            _CSV: {"schema": {"type": "string"}},
            MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post("/locate", response_class=Response, responses=_ANSWER, openapi_extra=_REQUEST)
def locate_many(
    request: Request,
    pinned: PinnedDep,
    scope: MapScopeDep,
    crs: Annotated[str, Query(description="EPSG:NNNN, wgs84, cgcs2000, gcj02 or bd09.")] = "EPSG:4490",
    x: Annotated[str, Query(max_length=200, description="The column of the longitude or easting.")] = "lon",
    y: Annotated[str, Query(max_length=200, description="The column of the latitude or northing.")] = "lat",
) -> Response:
    """The grid, or the areas of a layer, of any number of points: as many rows come back as were sent, in their order.

    `grid_status` is `ok`, `boundary`, `outside`, `invalid` (no point in that row), `outside_scope`, and in a layer
    `overlap`. All rows are answered from one version, however long that takes.
    """
    locator = BulkLocator(pinned.segments, pinned.version, Crs.parse(crs), scope.prefixes, pinned.in_layer)
    points = _points(request.headers.get("content-type", ""), locator, x, y)
    return PointsAnswer(points, _limiter(request), {VERSION_HEADER: str(pinned.version)})


def _points(content_type: str, locator: BulkLocator, x: str, y: str) -> PointStream:
    kind = content_type.partition(";")[0]
    match kind.strip().lower():
        case "application/json":
            return JsonPoints(locator)
        case "text/csv":
            return CsvPoints(locator, x, y, charset_of(content_type))
        case "application/vnd.apache.arrow.stream":
            return ArrowPoints(locator, x, y)
    message = f"{kind.strip() or 'no type'} is not read here; {_JSON}, {_CSV} and {MEDIA_TYPE} are"
    raise UnknownMediaType(message, errors=[FieldError("Content-Type", message)])


def charset_of(content_type: str) -> str | None:
    """The encoding that a content type names, if it does."""
    _, *parameters = content_type.split(";")
    named = (part.partition("=") for part in parameters)
    found = [value.strip().strip('"') for name, _, value in named if name.strip().lower() == "charset"]
    return found[0] or None if found else None


def _limiter(request: Request) -> CapacityLimiter:
    """As many at a time as there are processors, so that other routes find their threads free."""
    state = request.app.state
    if not hasattr(state, "bulk_limiter"):
        state.bulk_limiter = CapacityLimiter(max(1, os.cpu_count() or 1))
    limiter: CapacityLimiter = state.bulk_limiter
    return limiter
