"""Routes of household groups and of the households in groups and grids."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.orm import Session

from gridmap.api.deps import SessionDep
from gridmap.api.households import Within
from gridmap.api.params import GridCodePath, Page, PageDep
from gridmap.api.preconditions import IfMatchDep, tag_row
from gridmap.api.security import ActorDep
from gridmap.contacts import groups
from gridmap.contacts.group_schema import GroupChange, GroupDetail, GroupList, GroupListedOut, GroupNew
from gridmap.contacts.groups import GroupListed, GroupRecord
from gridmap.contacts.schema import ResponsibleOut
from gridmap.db.instants import parse_instant
from gridmap.db.versions import current_version
from gridmap.households import service as households
from gridmap.households.schema import HistoryOut, HouseholdList, HouseholdOut, RevisionOut
from gridmap.households.service import HouseholdPage

router = APIRouter(tags=["households"])

GroupCodePath = Annotated[str, Path(pattern=r"^[0-9]{17}$", description="17 digits.")]
At = Annotated[str | None, Query(description="A past time, RFC 3339, such as 2026-11-22T02:40:00+08:00.")]


@router.get("/groups")
def list_groups(
    request: Request, page: PageDep, session: SessionDep, actor: ActorDep, within: Within = None
) -> GroupList:
    """Household groups in the caller's scope by code, with their heads, masked, and numbers of households. Audited."""
    found, more = groups.list_groups(session, actor, within=within, cursor=page.cursor, limit=page.limit)
    return GroupList(
        version=current_version(session),
        groups=[_group_listed(group) for group in found],
        next=page.next_link(request, found[-1].code if more else None),
    )


@router.post("/groups", status_code=201)
def create_group(given: GroupNew, session: SessionDep, actor: ActorDep, response: Response) -> GroupDetail:
    """A new group under the next number of its grid, with head, deputies and members when they are named. Audited."""
    group = groups.create_group(session, actor, given.grid_code, given.columns())
    response.headers["Location"] = f"/api/v1/groups/{group.state.code}"
    return _group(session, response, group)


@router.get("/groups/{code}")
def get_group(
    code: GroupCodePath, session: SessionDep, actor: ActorDep, response: Response, at: At = None
) -> GroupDetail:
    """A household group and who answers for it, masked. Audited.

    A closed one answers as it last was, with the groups that its members came into. A past time tells no persons.
    """
    then = None if at is None else parse_instant("at", at)
    return _group(session, response, groups.get_group(session, actor, code, then))


@router.patch("/groups/{code}")
def change_group(
    code: GroupCodePath,
    given: GroupChange,
    session: SessionDep,
    actor: ActorDep,
    if_match: IfMatchDep,
    response: Response,
) -> GroupDetail:
    """Changes name, head, deputies or members. `members` are all of them; each lives in the group's grid. Audited."""
    return _group(session, response, groups.change_group(session, actor, code, given.columns(), if_match))


@router.delete("/groups/{code}")
def close_group(
    code: GroupCodePath, session: SessionDep, actor: ActorDep, if_match: IfMatchDep, response: Response
) -> GroupDetail:
    """Closes a group; nothing is erased. 409 `group_has_members` while households are in it. Audited."""
    return _group(session, response, groups.close_group(session, actor, code, if_match))


@router.get("/groups/{code}/history")
def group_history(code: GroupCodePath, session: SessionDep, actor: ActorDep) -> HistoryOut:
    """What the group was after each write, the oldest first; persons by id. Audited."""
    return HistoryOut(
        version=current_version(session),
        id=code,
        revisions=[
            RevisionOut(row_version=s.row_version, at=s.at, actor=s.actor, action=s.action, record=s.row)
            for s in groups.get_history(session, actor, code)
        ],
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


def _group(session: Session, response: Response, group: GroupRecord) -> GroupDetail:
    state = group.state
    tag_row(response, group.row_version)
    return GroupDetail(
        version=current_version(session),
        code=state.code,
        name=state.name,
        grid_code=state.code[:15],
        status=state.status,
        households=group.households,
        officers=[ResponsibleOut.model_validate(officer) for officer in group.officers],
        successors=group.successors,
        valid_from=state.valid_from,
        valid_to=state.valid_to,
        row_version=group.row_version,
    )


def _group_listed(group: GroupListed) -> GroupListedOut:
    return GroupListedOut(
        code=group.code,
        name=group.name,
        grid_code=group.code[:15],
        head=None if group.head is None else ResponsibleOut.model_validate(group.head),
        households=group.households,
    )
