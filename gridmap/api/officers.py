"""Routes of officers."""

from typing import Annotated

from fastapi import APIRouter, Path

from gridmap.api.deps import SessionDep
from gridmap.api.security import ActorDep, UnmaskingDep
from gridmap.contacts import service
from gridmap.contacts.schema import OfficerDetail, OfficerOut
from gridmap.db.versions import current_version

router = APIRouter(prefix="/officers", tags=["officers"])

OfficerId = Annotated[str, Path(pattern=r"^P[0-9]{14}$", description="P, the county code, eight digits.")]


@router.get("/{officer_id}")
def get_officer(officer_id: OfficerId, session: SessionDep, actor: ActorDep, unmasking: UnmaskingDep) -> OfficerDetail:
    """One officer, masked unless `unmask` and `purpose` are given and the right is there. Audited."""
    record = service.get_officer(session, actor, officer_id, unmasking)
    shown = OfficerOut.model_validate(record).model_dump()
    return OfficerDetail(**shown, version=current_version(session))
