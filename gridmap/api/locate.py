"""The route that everything else stands on: which grid a point lies in."""

from typing import Annotated

from fastapi import APIRouter, Query

from gridmap.api import geojson
from gridmap.api.deps import Reading, ReadingDep
from gridmap.api.params import PointDep, parse_includes
from gridmap.divisions.schema import DivisionStep
from gridmap.snapshot import locate as locating
from gridmap.snapshot.locate import Located
from gridmap.snapshot.schema import GridShare, GroupName, LocateAnswer, LocatedGrid, NearAddress, NearestGrid

router = APIRouter(tags=["locate"])

INCLUDES = ("boundary", "address", "group")


@router.get("/locate", response_model_exclude_unset=True)
def locate(
    reading: ReadingDep,
    point: PointDep,
    accuracy: Annotated[float, Query(ge=0, le=100_000, allow_inf_nan=False, description="Metres.")] = 0.0,
    include: Annotated[str, Query(description=f"Comma-separated: {', '.join(INCLUDES)}.")] = "",
) -> LocateAnswer:
    """The grid a point lies in, and the chain above it. Always 200 for a valid point; `grid` is null outside."""
    wanted = parse_includes(include, INCLUDES)
    found = locating.locate(reading.session, point, accuracy_m=accuracy, at=reading.at)
    answer = _answer(found, reading.version)
    return answer.model_copy(update=_included(reading, found, wanted))


def _answer(found: Located, version: int) -> LocateAnswer:
    return LocateAnswer(
        lon=found.point.lon,
        lat=found.point.lat,
        version=version,
        grid=None if found.grid is None else LocatedGrid.model_validate(found.grid),
        on_boundary=found.on_boundary,
        grids=[GridShare.model_validate(share) for share in found.touching],
        divisions=[DivisionStep.model_validate(division) for division in found.divisions],
        group=None if found.group is None else GroupName.model_validate(found.group),
        nearest=None if found.nearest is None else NearestGrid.model_validate(found.nearest),
    )


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
