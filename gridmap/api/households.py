"""Routes of single households."""

from typing import Annotated

from fastapi import APIRouter, Path

from gridmap.api.deps import SessionDep
from gridmap.api.security import ActorDep, UnmaskingDep
from gridmap.db.versions import current_version
from gridmap.households import service
from gridmap.households.schema import HouseholdDetail, HouseholdOut

router = APIRouter(prefix="/households", tags=["households"])

HouseholdId = Annotated[str, Path(pattern=r"^H[0-9]{14}$", description="H, the county code, eight digits.")]


@router.get("/{household_id}")
def get_household(
    household_id: HouseholdId, session: SessionDep, actor: ActorDep, unmasking: UnmaskingDep
) -> HouseholdDetail:
    """One household, the head masked unless `unmask` and `purpose` are given and the right is there. Audited."""
    record = service.get_household(session, actor, household_id, unmasking)
    shown = HouseholdOut.model_validate(record).model_dump()
    return HouseholdDetail(**shown, version=current_version(session))
