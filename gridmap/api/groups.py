"""Routes of household groups and of the households in groups and grids."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from gridmap.api.deps import SessionDep
from gridmap.api.params import GridCodePath, Page, PageDep
from gridmap.api.security import ActorDep
from gridmap.contacts import service as contacts
from gridmap.contacts.schema import GroupDetail, ResponsibleOut
from gridmap.db.versions import current_version
from gridmap.households import service as households
from gridmap.households.schema import HouseholdList, HouseholdOut
from gridmap.households.service import HouseholdPage

router = APIRouter(tags=["households"])

GroupCodePath = Annotated[str, Path(pattern=r"^[0-9]{17}$", description="17 digits.")]


@router.get("/groups/{code}")
def get_group(code: GroupCodePath, session: SessionDep, actor: ActorDep) -> GroupDetail:
    """A household group and who answers for it, masked. Audited."""
    group = contacts.get_group(session, actor, code)
    return GroupDetail(
        version=current_version(session),
        code=group.code,
        name=group.name,
        grid_code=group.grid_code,
        officers=[ResponsibleOut.model_validate(officer) for officer in group.officers],
    )


@router.get("/groups/{code}/households")
def list_group_households(
    request: Request, code: GroupCodePath, page: PageDep, session: SessionDep, actor: ActorDep
) -> HouseholdList:
    """The households of a group by id, masked. Audited."""
    found = households.list_in_group(session, actor, code, cursor=page.cursor, limit=page.limit)
    return _listed(request, page, found, current_version(session))


@router.get("/grids/{code}/households")
def list_grid_households(
    request: Request, code: GridCodePath, page: PageDep, session: SessionDep, actor: ActorDep
) -> HouseholdList:
    """The households whose address lies in a grid, by id, masked. Audited."""
    found = households.list_in_grid(session, actor, code, cursor=page.cursor, limit=page.limit)
    return _listed(request, page, found, current_version(session))


def _listed(request: Request, page: Page, found: HouseholdPage, version: int) -> HouseholdList:
    last = found.households[-1].id if found.more else None
    return HouseholdList(
        version=version,
        households=[HouseholdOut.model_validate(household) for household in found.households],
        next=page.next_link(request, last),
    )
