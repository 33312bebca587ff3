"""The route that everything else stands on: which grid a point lies in."""

from typing import Annotated

from fastapi import APIRouter, Query

from gridmap.api import geojson
from gridmap.api.deps import Reading, ReadingDep
from gridmap.api.params import PointDep, parse_includes
from gridmap.api.scope import MapScopeDep
from gridmap.snapshot import locate as locating
from gridmap.snapshot.locate import Located
from gridmap.snapshot.schema import LocateAnswer, NearAddress

router = APIRouter(tags=["locate"])

INCLUDES = ("boundary", "address", "group")


@router.get("/locate", response_model_exclude_unset=True)
def locate(
    reading: ReadingDep,
    scope: MapScopeDep,
    point: PointDep,
    accuracy: Annotated[float, Query(ge=0, le=100_000, allow_inf_nan=False, description="Metres.")] = 0.0,
    include: Annotated[str, Query(description=f"Comma-separated: {', '.join(INCLUDES)}.")] = "",
) -> LocateAnswer:
    """The grid a point lies in, and the chain above it. Always 200 for a valid point; `grid` is null outside."""
    wanted = parse_includes(include, INCLUDES)
    found = locating.locate(reading.session, point, accuracy_m=accuracy, at=reading.at)
    place = found.grid or found.nearest
    if place is not None and not scope.covers(place.code):
        return LocateAnswer.outside(found, reading.version)
    answer = LocateAnswer.of(found, reading.version)
    return answer.model_copy(update=_included(reading, found, wanted))


def _included(reading: Reading, found: Located, wanted: frozenset[str]) -> dict[str, object]:
    more: dict[str, object] = {}
    if "boundary" in wanted:
        more["boundary"] = None if found.grid is None else geojson.geometry(found.grid.geometry)
    if "address" in wanted:
        address = None
        if found.grid is not None and reading.at is None:
            address = locating.nearest_address(reading.session, found.grid.code, found.point)
        more["address"] = None if address is None else NearAddress.model_validate(address)
    return more
