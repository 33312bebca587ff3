"""Routes of households: lists, single ones, and their daily upkeep."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.orm import Session

from gridmap.api.deps import SessionDep
from gridmap.api.params import PageDep
from gridmap.api.preconditions import IfMatchDep, tag_row
from gridmap.api.security import ActorDep, UnmaskingDep
from gridmap.contacts import ending
from gridmap.db.versions import current_version
from gridmap.households import keeping, listing, service
from gridmap.households.keeping import Kept
from gridmap.households.listing import Asked
from gridmap.households.schema import (
    ChangedOut,
    HistoryOut,
    HouseholdChange,
    HouseholdDetail,
    HouseholdKept,
    HouseholdListing,
    HouseholdNew,
    HouseholdOut,
    RevisionOut,
    TotalsOut,
)

router = APIRouter(prefix="/households", tags=["households"])

HouseholdId = Annotated[str, Path(pattern=r"^H[0-9]{14}$", description="H, the county code, eight digits.")]
WITHIN = r"^([0-9]{2}|[0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15}|[0-9]{17})$"
Within = Annotated[str | None, Query(pattern=WITHIN, description="Code of a division, grid or group.")]


async def asked_households(
    within: Within = None,
    needs: Annotated[str, Query(description="any, or kinds of needs with commas between: one of them is enough.")] = "",
    kind: Annotated[str | None, Query(description="family or collective.")] = None,
    group: Annotated[
        str | None, Query(pattern=r"^([0-9]{17}|none)$", description="Members of a group; none: who is in none.")
    ] = None,
    q: Annotated[str | None, Query(description="An id, a code, the head's whole name, part of an address.")] = None,
    phone: Annotated[str | None, Query(description="By its number, with `purpose`, for those who may unmask.")] = None,
    purpose: Annotated[str | None, Query(description="What a search by phone is needed for.")] = None,
    status: Annotated[str, Query(description="current or closed.")] = "current",
    sort: Annotated[str, Query(description="id, persons or address; - before it for downwards.")] = "id",
) -> Asked:
    """Which households a list is asked for."""
    wanted = tuple(part.strip() for part in needs.split(",") if part.strip())
    return Asked(within, wanted, kind, group, q, phone, purpose, status, sort)


AskedDep = Annotated[Asked, Depends(asked_households)]


@router.get("")
def list_households(
    request: Request, asked: AskedDep, page: PageDep, session: SessionDep, actor: ActorDep, *, count: bool = False
) -> HouseholdListing:
    """Households in the caller's scope, filtered and sorted, masked. Audited with the ids returned."""
    found = listing.list_households(session, actor, asked, cursor=page.cursor, limit=page.limit, count=count)
    return HouseholdListing(
        version=current_version(session),
        households=[HouseholdOut.model_validate(household) for household in found.households],
        next=page.next_link(request, found.households[-1].id if found.more else None),
        totals=TotalsOut.model_validate(found.totals) if found.totals else None,
    )


@router.post("", status_code=201)
def create_household(given: HouseholdNew, session: SessionDep, actor: ActorDep, response: Response) -> HouseholdKept:
    """Enters a household at an address; without a group it gets its nearest neighbour's. Audited."""
    kept = keeping.create_household(session, actor, given.columns())
    response.headers["Location"] = f"/api/v1/households/{kept.household.id}"
    return _told(session, response, kept)


@router.get("/{household_id}")
def get_household(
    household_id: HouseholdId, session: SessionDep, actor: ActorDep, unmasking: UnmaskingDep, response: Response
) -> HouseholdDetail:
    """One household, the head masked unless `unmask` and `purpose` are given and the right is there. Audited."""
    record = service.get_household(session, actor, household_id, unmasking)
    tag_row(response, record.row_version)
    shown = HouseholdOut.model_validate(record).model_dump()
    return HouseholdDetail(**shown, version=current_version(session))


@router.patch("/{household_id}")
def change_household(
    household_id: HouseholdId,
    given: HouseholdChange,
    session: SessionDep,
    actor: ActorDep,
    if_match: IfMatchDep,
    response: Response,
) -> HouseholdKept:
    """Changes the given fields and tells what changed; grid and group follow a new address. Audited."""
    return _told(session, response, keeping.change_household(session, actor, household_id, given.columns(), if_match))


@router.delete("/{household_id}")
def close_household(
    household_id: HouseholdId, session: SessionDep, actor: ActorDep, if_match: IfMatchDep, response: Response
) -> HouseholdKept:
    """Closes a household and ends its contact pairs; nothing is erased. Audited."""
    kept = keeping.close_household(session, actor, household_id, if_match)
    ending.end_with_household(session, actor, household_id)
    return _told(session, response, kept)


@router.get("/{household_id}/history")
def household_history(
    household_id: HouseholdId, session: SessionDep, actor: ActorDep, unmasking: UnmaskingDep
) -> HistoryOut:
    """What the household was after each write, the oldest first, masked like the household. Audited."""
    states = keeping.get_history(session, actor, household_id, unmasking)
    return HistoryOut(
        version=current_version(session),
        id=household_id,
        revisions=[
            RevisionOut(row_version=s.row_version, at=s.at, actor=s.actor, action=s.action, record=record)
            for s, record in states
        ],
    )


def _told(session: Session, response: Response, kept: Kept) -> HouseholdKept:
    tag_row(response, kept.household.row_version)
    shown = HouseholdOut.model_validate(kept.household).model_dump()
    changes = [ChangedOut.model_validate(change) for change in kept.changes]
    return HouseholdKept(**shown, version=current_version(session), changes=changes)
