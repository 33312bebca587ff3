"""Routes of shelters."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session

from gridmap.api import geojson
from gridmap.api.deps import SessionDep
from gridmap.api.households import Within
from gridmap.api.params import BBoxDep, PageDep
from gridmap.api.preconditions import IfMatchDep, tag_row
from gridmap.api.security import ActorDep
from gridmap.db.geometry import to_shapely
from gridmap.db.versions import current_version
from gridmap.households.schema import HistoryOut, RevisionOut
from gridmap.preplans import shelter_keeping as keeping
from gridmap.preplans.model import Shelter
from gridmap.preplans.schema import ShelterChange, ShelterDetail, ShelterList, ShelterNew, ShelterOut

router = APIRouter(prefix="/shelters", tags=["shelters"])

ShelterId = Annotated[str, Path(pattern=r"^S[0-9]{14}$", description="S, the county code, eight digits.")]


@router.get("")
def list_shelters(
    request: Request, page: PageDep, bbox: BBoxDep, session: SessionDep, actor: ActorDep, within: Within = None
) -> ShelterList:
    """Shelters in use in the caller's scope by id; those within a division and those in a box."""
    found, more = keeping.list_shelters(session, actor, within=within, bbox=bbox, cursor=page.cursor, limit=page.limit)
    return ShelterList(
        version=current_version(session),
        shelters=[_out(shelter) for shelter in found],
        next=page.next_link(request, found[-1].id if more else None),
    )


@router.post("", status_code=201)
def create_shelter(given: ShelterNew, session: SessionDep, actor: ActorDep, response: Response) -> ShelterDetail:
    """A new shelter; its village is told from its point. Audited."""
    shelter = keeping.create_shelter(session, actor, given.columns())
    response.headers["Location"] = f"/api/v1/shelters/{shelter.id}"
    return _told(session, response, shelter)


@router.get("/{shelter_id}")
def get_shelter(shelter_id: ShelterId, session: SessionDep, actor: ActorDep, response: Response) -> ShelterDetail:
    """One shelter, closed or not."""
    return _told(session, response, keeping.get_shelter(session, actor, shelter_id))


@router.patch("/{shelter_id}")
def change_shelter(
    shelter_id: ShelterId,
    given: ShelterChange,
    session: SessionDep,
    actor: ActorDep,
    if_match: IfMatchDep,
    response: Response,
) -> ShelterDetail:
    """Changes the given fields; its village follows another point. Audited."""
    return _told(session, response, keeping.change_shelter(session, actor, shelter_id, given.columns(), if_match))


@router.delete("/{shelter_id}")
def close_shelter(
    shelter_id: ShelterId, session: SessionDep, actor: ActorDep, if_match: IfMatchDep, response: Response
) -> ShelterDetail:
    """Takes a shelter out of use; nothing is erased. Audited."""
    return _told(session, response, keeping.close_shelter(session, actor, shelter_id, if_match))


@router.get("/{shelter_id}/history")
def shelter_history(shelter_id: ShelterId, session: SessionDep, actor: ActorDep) -> HistoryOut:
    """What the shelter was after each write, the oldest first."""
    return HistoryOut(
        version=current_version(session),
        id=shelter_id,
        revisions=[
            RevisionOut(row_version=s.row_version, at=s.at, actor=s.actor, action=s.action, record=s.row)
            for s in keeping.get_history(session, actor, shelter_id)
        ],
    )


def _told(session: Session, response: Response, shelter: Shelter) -> ShelterDetail:
    tag_row(response, shelter.row_version)
    return ShelterDetail(
        **_out(shelter).model_dump(), version=current_version(session), row_version=shelter.row_version
    )


def _out(shelter: Shelter) -> ShelterOut:
    lon, lat = geojson.position(to_shapely(shelter.point))
    return ShelterOut.model_validate(
        {
            "id": shelter.id,
            "name": shelter.name,
            "name_bo": shelter.name_bo,
            "kind": shelter.kind,
            "village_code": shelter.village_code,
            "address_code": shelter.address_code,
            "lon": lon,
            "lat": lat,
            "capacity": shelter.capacity,
            "status": shelter.status,
        }
    )
