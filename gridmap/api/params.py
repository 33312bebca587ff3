"""Small types that query parameters are parsed into once, so that nothing behind them checks again."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query, Request

from gridmap.errors import FieldError, InvalidInput
from gridmap.geo import crs as crs_names
from gridmap.geo.lonlat import BBox, LonLat

MAX_PAGE = 1000

DivisionCodePath = Annotated[str, Query(pattern=r"^\d{2}(\d{4}(\d{3}(\d{3})?)?)?$")]


def parse_instant(name: str, text: str) -> datetime:
    """A time with its offset. A plus sign that a URL has turned into a space is put back. Raises InvalidInput."""
    mended = re.sub(r"(\d) (\d{2}:\d{2})$", r"\1+\2", text.strip())
    try:
        instant = datetime.fromisoformat(mended)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        message = "a time with its offset is wanted, such as 2026-11-22T02:40:00+08:00"
        raise InvalidInput(f"{name}: {message}", errors=[FieldError(name, message)])
    return instant


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: at most `limit` rows behind the code `cursor`."""

    limit: int
    cursor: str | None

    def next_link(self, request: Request, last_code: str | None) -> str | None:
        """The address of the next page; None behind the last."""
        if last_code is None:
            return None
        return str(request.url.include_query_params(cursor=last_code, limit=self.limit).replace(scheme="", netloc=""))


def asked_page(
    limit: Annotated[int, Query(ge=1, description=f"Rows a page; more than {MAX_PAGE} is clamped.")] = 100,
    cursor: Annotated[str | None, Query(pattern=r"^\w{1,20}$", description="From the `next` link.")] = None,
) -> Page:
    """The page of a list that a request asks for."""
    return Page(min(limit, MAX_PAGE), cursor)


def asked_point(
    lon: Annotated[float, Query(allow_inf_nan=False, description="Longitude, or easting in a projected system.")],
    lat: Annotated[float, Query(allow_inf_nan=False, description="Latitude, or northing in a projected system.")],
    crs: Annotated[str, Query(description="EPSG:NNNN, wgs84, cgcs2000, gcj02 or bd09.")] = "EPSG:4490",
) -> LonLat:
    """A point in EPSG:4490 degrees, never rounded. Raises InvalidInput that names the parameter."""
    return crs_names.point_to_lonlat(crs_names.parse(crs), lon, lat)


def asked_bbox(
    bbox: Annotated[str | None, Query(description="west,south,east,north in degrees.")] = None,
) -> BBox | None:
    """A box in EPSG:4490 degrees."""
    return None if bbox is None else BBox.parse(bbox)


PageDep = Annotated[Page, Depends(asked_page)]
PointDep = Annotated[LonLat, Depends(asked_point)]
BBoxDep = Annotated[BBox | None, Depends(asked_bbox)]
