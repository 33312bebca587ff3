"""Routes of grids."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from sqlalchemy.orm import Session

from gridmap.api import geojson
from gridmap.api.deps import Reading, ReadingDep, SessionDep, read_state_tag
from gridmap.api.params import BBoxDep, GridCodePath, PageDep
from gridmap.api.preconditions import asked_row_version, tag_row
from gridmap.api.scope import MapScope, MapScopeDep
from gridmap.api.security import ActorDep
from gridmap.contacts import grid_upkeep
from gridmap.contacts.group_schema import GridKept, GridPeople, GridUpkeep
from gridmap.contacts.schema import ResponsibleOut
from gridmap.db.versions import current_version
from gridmap.divisions.service import prefixes_within
from gridmap.grids import history, service
from gridmap.grids.history import GridChange
from gridmap.grids.schema import (
    GridCollection,
    GridDetail,
    GridFeature,
    GridHistory,
    GridLineageOut,
    GridProperties,
    GridStateOut,
    LinkOut,
    SuccessorOut,
)
from gridmap.grids.service import GridRecord
from gridmap.snapshot import heirs
from gridmap.snapshot.counts import households_by_grid

router = APIRouter(prefix="/grids", tags=["grids"])

Within = Annotated[str | None, Query(pattern=r"^[0-9]{2,15}$", description="A division or grid code.")]


@router.get("")
def list_grids(
    request: Request, reading: ReadingDep, scope: MapScopeDep, page: PageDep, bbox: BBoxDep, within: Within = None
) -> GridCollection:
    """Grids by code, as GeoJSON; those within a division and those that intersect a box."""
    if reading.offline is None:
        prefixes = ("",) if within is None else prefixes_within(reading.session, within, reading.at)
        listed: Callable[..., list[GridRecord]] = partial(service.list_grids, reading.session, at=reading.at)
    else:
        prefixes = ("",) if within is None else reading.offline.prefixes_within(within)
        listed = reading.offline.list_grids
    found = listed(prefixes=scope.narrow(prefixes), bbox=bbox, cursor=page.cursor, limit=page.limit + 1)
    shown = found[: page.limit]
    last = shown[-1].code if len(found) > page.limit else None
    return GridCollection(
        version=reading.version, features=_features(reading, shown), next=page.next_link(request, last)
    )


@router.get("/{code}")
def get_grid(code: GridCodePath, reading: ReadingDep, scope: MapScopeDep) -> GridDetail:
    """One grid as a GeoJSON feature. A retired code answers with its last geometry and its successors."""
    _require(scope, reading, code)
    if reading.offline is None:
        record = service.get_grid(reading.session, code, reading.at)
    else:
        record = reading.offline.get_grid(code)
    (feature,) = _features(reading, [record])
    holds = record.version_to is None
    found = [] if holds else heirs.successors_of(reading.session, code, reading.at)
    return GridDetail(
        **feature.model_dump(),
        version=reading.version,
        successors=[SuccessorOut.model_validate(successor) for successor in found],
    )


@router.patch("/{code}")
def change_grid(
    code: GridCodePath,
    given: GridUpkeep,
    session: SessionDep,
    actor: ActorDep,
    response: Response,
    if_match: Annotated[str | None, Header(description="The ETag of the grid, or of its officers, as read.")] = None,
) -> GridKept:
    """Changes name, kind, note, or who answers for the grid; its shape changes by a changeset. Audited.

    What is not of persons is published as a new version.
    """
    expected = _expected(session, code, if_match)
    record, people = grid_upkeep.change_grid(session, actor, code, given.columns(), expected)
    (feature,) = _features(Reading(session, current_version(session), None), [record])
    tag_row(response, people.row_version)
    return GridKept(
        **feature.model_dump(),
        version=current_version(session),
        successors=[],
        row_version=people.row_version,
        officers=[ResponsibleOut.model_validate(officer) for officer in people.officers],
    )


@router.get("/{code}/officers")
def get_people(code: GridCodePath, session: SessionDep, actor: ActorDep, response: Response) -> GridPeople:
    """Who answers for a grid, its head first, masked. Audited."""
    people = grid_upkeep.get_people(session, actor, code)
    tag_row(response, people.row_version)
    return GridPeople(
        version=current_version(session),
        code=code,
        row_version=people.row_version,
        officers=[ResponsibleOut.model_validate(officer) for officer in people.officers],
    )


@router.get("/{code}/history")
def get_history(code: GridCodePath, reading: ReadingDep, scope: MapScopeDep) -> GridHistory:
    """All that was ever true of a grid, oldest first; with `at`, up to then."""
    _require(scope, reading, code)
    changes = history.history(reading.session, code, reading.at)
    return GridHistory(version=reading.version, code=code, states=[_state(change) for change in changes])


@router.get("/{code}/lineage")
def get_lineage(code: GridCodePath, reading: ReadingDep, scope: MapScopeDep) -> GridLineageOut:
    """Where a grid came from and what became of it, through all generations."""
    _require(scope, reading, code)
    found = heirs.lineage(reading.session, code, reading.at)
    return GridLineageOut(
        version=reading.version,
        code=code,
        predecessors=[LinkOut.model_validate(link) for link in found.predecessors],
        successors=[LinkOut.model_validate(link) for link in found.successors],
        now=[SuccessorOut.model_validate(successor) for successor in found.now],
    )


def _expected(session: Session, code: str, if_match: str | None) -> int | None:
    """The row version that a change is meant for. A grid is read under the ETag of a whole state of everything."""
    state = read_state_tag(if_match)
    return asked_row_version(if_match) if state is None else grid_upkeep.row_version_in(session, code, *state)


def _require(scope: MapScope, reading: Reading, code: str) -> None:
    """Grants went along with new codes: an old one is told to whom its successors are."""
    if not scope.covers(code):
        scope.require(code, *([] if reading.offline else history.descendants_of(reading.session, code)))


def _state(change: GridChange) -> GridStateOut:
    told = {field.name: getattr(change, field.name) for field in fields(change)}
    told |= {"area_m2": round(change.area_m2, 2), "geometry": geojson.geometry(change.geometry)}
    return GridStateOut.model_validate(told)


def _features(reading: Reading, records: Sequence[GridRecord]) -> list[GridFeature]:
    counts = (
        {}
        if reading.at or reading.offline
        else households_by_grid(reading.session, [record.code for record in records])
    )
    return [
        GridFeature(
            id=record.code,
            geometry=geojson.geometry(record.geometry),
            properties=GridProperties.of(record, counts.get(record.code)),
        )
        for record in records
    ]
