"""Between coordinate systems, for programs that have points in another one."""

from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from gridmap.geo.crs import Crs, convert

router = APIRouter(tags=["coordinates"])

MAX_POINTS = 100_000


class ConvertRequest(BaseModel):
    """Points and the systems they are in and wanted in: lon, lat in degrees or easting, northing in metres."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[str, Field(alias="from")]
    target: Annotated[str, Field(alias="to")]
    points: Annotated[list[tuple[FiniteFloat, FiniteFloat]], Field(max_length=MAX_POINTS)]


class ConvertAnswer(BaseModel):
    """The points in full double precision, in order; null where one has no place in the system that is wanted."""

    points: list[tuple[float, float] | None]
    status: list[Literal["ok", "invalid"]]


@router.post("/convert")
def convert_points(asked: ConvertRequest) -> ConvertAnswer:
    """Converts points. The inverses of GCJ-02 and BD-09 are the true ones, not the one-step approximation."""
    given = np.array(asked.points, np.float64).reshape(-1, 2)
    source, target = Crs.parse(asked.source, parameter="from"), Crs.parse(asked.target, parameter="to")
    x, y = convert(source, target, given[:, 0], given[:, 1])
    found = np.isfinite(x) & np.isfinite(y)
    return ConvertAnswer(
        points=[(a, b) if ok else None for a, b, ok in zip(x.tolist(), y.tolist(), found.tolist(), strict=True)],
        status=["ok" if ok else "invalid" for ok in found.tolist()],
    )
