"""Small types that query parameters are parsed into once, so that nothing behind them checks again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Query, Request

from gridmap.errors import FieldError, InvalidInput
from gridmap.geo.crs import Crs, point_to_lonlat
from gridmap.geo.lonlat import BBox, LonLat

MAX_PAGE = 1000

DivisionCodePath = Annotated[
    str, Path(pattern=r"^[0-9]{2}([0-9]{4}([0-9]{3}([0-9]{3})?)?)?$", description="2, 6, 9 or 12 digits.")
]
GridCodePath = Annotated[str, Path(pattern=r"^[0-9]{15}$", description="15 digits.")]


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


async def asked_page(
    limit: Annotated[int, Query(ge=1, description=f"Rows a page; more than {MAX_PAGE} is clamped.")] = 100,
    cursor: Annotated[str | None, Query(pattern=r"^\w{1,20}$", description="From the `next` link.")] = None,
) -> Page:
    """The page of a list that a request asks for."""
    return Page(min(limit, MAX_PAGE), cursor)


async def asked_point(
    lon: Annotated[float, Query(allow_inf_nan=False, description="Longitude, or easting in a projected system.")],
    lat: Annotated[float, Query(allow_inf_nan=False, description="Latitude, or northing in a projected system.")],
    crs: Annotated[str, Query(description="EPSG:NNNN, wgs84, cgcs2000, gcj02 or bd09.")] = "EPSG:4490",
) -> LonLat:
    """A point in EPSG:4490 degrees, never rounded. Raises InvalidInput that names the parameter."""
    return point_to_lonlat(Crs.parse(crs), lon, lat)


async def asked_bbox(
    bbox: Annotated[str | None, Query(description="west,south,east,north in degrees.")] = None,
) -> BBox | None:
    """A box in EPSG:4490 degrees."""
    return None if bbox is None else BBox.parse(bbox)


def parse_includes(text: str, allowed: Sequence[str]) -> frozenset[str]:
    """The parts that an `include` parameter asks for, separated by commas. Raises InvalidInput for one not there."""
    wanted = frozenset(part.strip() for part in text.split(",") if part.strip())
    unknown = sorted(wanted.difference(allowed))
    if unknown:
        message = f"there is no {', '.join(unknown)}; there are {', '.join(allowed)}"
        raise InvalidInput(f"include: {message}", errors=[FieldError("include", message)])
    return wanted


PageDep = Annotated[Page, Depends(asked_page)]
PointDep = Annotated[LonLat, Depends(asked_point)]
BBoxDep = Annotated[BBox | None, Depends(asked_bbox)]
