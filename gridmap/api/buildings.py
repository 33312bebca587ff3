"""Routes of buildings: lists, single ones, and their upkeep."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.orm import Session

from gridmap.access.caller import Caller
from gridmap.access.rights import check_scope
from gridmap.addresses.register_schema import RecordHistoryOut
from gridmap.api.deps import SessionDep
from gridmap.api.params import PageDep
from gridmap.api.preconditions import IfMatchDep, tag_row
from gridmap.api.scope import MapScope
from gridmap.api.security import ActorDep
from gridmap.db.history import list_states
from gridmap.db.versions import current_version
from gridmap.divisions.service import prefixes_within
from gridmap.households import buildings
from gridmap.households.building_schema import (
    BuildingChange,
    BuildingDetail,
    BuildingKind,
    BuildingList,
    BuildingNew,
    BuildingOut,
)
from gridmap.households.buildings import BuildingRecord, BuildingState
from gridmap.households.model import Building

router = APIRouter(prefix="/buildings", tags=["buildings"])

BuildingId = Annotated[str, Path(pattern=r"^B[0-9]{14}$", description="B, the county code, eight digits.")]
Within = Annotated[str | None, Query(pattern=r"^[0-9]{2,15}$", description="A division or grid code.")]
AtAddress = Annotated[str | None, Query(pattern=r"^A[0-9]{14}$", description="An address code.")]


@router.get("")
def list_buildings(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    page: PageDep,
    *,
    within: Within = None,
    address: AtAddress = None,
    kind: BuildingKind | None = None,
    status: Literal["current", "closed", "any"] = "current",
) -> BuildingList:
    """Buildings by id: those within a division or grid, at an address, of a kind."""
    prefixes = ("",) if within is None else prefixes_within(session, within)
    found = buildings.list_buildings(
        session,
        prefixes=MapScope(actor.caller.within).narrow(prefixes),
        address_code=address,
        kind=kind,
        status=None if status == "any" else status,
        cursor=page.cursor,
        limit=page.limit + 1,
    )
    shown = found[: page.limit]
    last = shown[-1].id if len(found) > page.limit else None
    return BuildingList(
        version=current_version(session),
        buildings=[BuildingOut.model_validate(record) for record in shown],
        next=page.next_link(request, last),
    )


@router.post("", status_code=201)
def create_building(given: BuildingNew, session: SessionDep, actor: ActorDep, response: Response) -> BuildingDetail:
    """Enters a building at an address; 409 names the one that stands there already."""
    record = buildings.create_building(session, actor, BuildingState(**given.model_dump()))
    response.headers["Location"] = f"/api/v1/buildings/{record.id}"
    return _detail(session, response, record)


@router.get("/{building_id}")
def get_building(building_id: BuildingId, session: SessionDep, actor: ActorDep, response: Response) -> BuildingDetail:
    """One building, closed or not."""
    return _detail(session, response, _told(session, actor.caller, building_id))


@router.patch("/{building_id}")
def change_building(
    building_id: BuildingId,
    given: BuildingChange,
    session: SessionDep,
    actor: ActorDep,
    if_match: IfMatchDep,
    response: Response,
) -> BuildingDetail:
    """Changes the given fields; another `address_code` moves it there."""
    record = buildings.change_building(session, actor, building_id, given.columns(), if_match)
    return _detail(session, response, record)


@router.delete("/{building_id}")
def close_building(
    building_id: BuildingId, session: SessionDep, actor: ActorDep, if_match: IfMatchDep, response: Response
) -> BuildingDetail:
    """Closes a building; nothing is erased."""
    return _detail(session, response, buildings.close_building(session, actor, building_id, if_match))


@router.get("/{building_id}/history")
def get_history(building_id: BuildingId, session: SessionDep, actor: ActorDep) -> RecordHistoryOut:
    """What the building was after each write, the oldest first."""
    _told(session, actor.caller, building_id)
    return RecordHistoryOut.of(building_id, list_states(session, Building, building_id), current_version(session))


def _told(session: Session, caller: Caller, building_id: str) -> BuildingRecord:
    record = buildings.get_building(session, building_id)
    check_scope(caller, record.grid_code or record.village_code)
    return record


def _detail(session: Session, response: Response, record: BuildingRecord) -> BuildingDetail:
    tag_row(response, record.row_version)
    shown = BuildingOut.model_validate(record).model_dump()
    return BuildingDetail(**shown, version=current_version(session))
