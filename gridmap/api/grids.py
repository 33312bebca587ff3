"""Routes of grids."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request

from gridmap.api import geojson
from gridmap.api.deps import Reading, ReadingDep
from gridmap.api.params import BBoxDep, GridCodePath, PageDep
from gridmap.api.scope import MapScopeDep
from gridmap.divisions.service import prefixes_within
from gridmap.grids import service
from gridmap.grids.schema import GridCollection, GridDetail, GridFeature, GridProperties
from gridmap.grids.service import GridRecord
from gridmap.snapshot.counts import households_by_grid

router = APIRouter(prefix="/grids", tags=["grids"])

Within = Annotated[str | None, Query(pattern=r"^[0-9]{2,15}$", description="A division or grid code.")]


@router.get("")
def list_grids(
    request: Request, reading: ReadingDep, scope: MapScopeDep, page: PageDep, bbox: BBoxDep, within: Within = None
) -> GridCollection:
    """Grids by code, as GeoJSON; those within a division and those that intersect a box."""
    prefixes = ("",) if within is None else prefixes_within(reading.session, within, reading.at)
    found = service.list_grids(
        reading.session,
        prefixes=scope.narrow(prefixes),
        bbox=bbox,
        at=reading.at,
        cursor=page.cursor,
        limit=page.limit + 1,
    )
    shown = found[: page.limit]
    last = shown[-1].code if len(found) > page.limit else None
    return GridCollection(
        version=reading.version, features=_features(reading, shown), next=page.next_link(request, last)
    )


@router.get("/{code}")
def get_grid(code: GridCodePath, reading: ReadingDep, scope: MapScopeDep) -> GridDetail:
    """One grid as a GeoJSON feature. A retired code answers with its last geometry."""
    scope.require(code)
    (feature,) = _features(reading, [service.get_grid(reading.session, code, reading.at)])
    return GridDetail(**feature.model_dump(), version=reading.version)


def _features(reading: Reading, records: Sequence[GridRecord]) -> list[GridFeature]:
    counts = {} if reading.at else households_by_grid(reading.session, [record.code for record in records])
    return [
        GridFeature(
            id=record.code,
            geometry=geojson.geometry(record.geometry),
            properties=GridProperties.of(record, counts.get(record.code)),
        )
        for record in records
    ]
