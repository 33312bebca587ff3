"""Routes of officers: lists, single ones, and their daily upkeep."""

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.orm import Session

from gridmap.api.deps import SessionDep, SettingsDep
from gridmap.api.households import Within
from gridmap.api.params import PageDep
from gridmap.api.preconditions import IfMatchDep, tag_row
from gridmap.api.security import ActorDep, NowDep, UnmaskingDep
from gridmap.contacts import keeping, listing, service
from gridmap.contacts.keeping import Kept
from gridmap.contacts.listing import AskedOfficers
from gridmap.contacts.schema import (
    ConsequencesOut,
    OfficerChange,
    OfficerChangedOut,
    OfficerDetail,
    OfficerKept,
    OfficerList,
    OfficerListed,
    OfficerNew,
    OfficerOut,
    OfficerTotals,
)
from gridmap.db.versions import current_version
from gridmap.households.schema import HistoryOut, RevisionOut

router = APIRouter(prefix="/officers", tags=["officers"])


def day_of(now: datetime, timezone: str) -> date:
    """The day that it is where the installation is."""
    return now.astimezone(ZoneInfo(timezone)).date()


async def get_today(now: NowDep, settings: SettingsDep) -> date:
    """The day of the request where the installation is."""
    return day_of(now, settings.timezone)


TodayDep = Annotated[date, Depends(get_today)]
OfficerId = Annotated[str, Path(pattern=r"^P[0-9]{14}$", description="P, the county code, eight digits.")]


async def asked_officers(
    within: Within = None,
    kind: Annotated[str | None, Query(description="official, grid_head, group_head, militia, …")] = None,
    q: Annotated[str | None, Query(description="An id, a whole name, part of a unit's name.")] = None,
    absent: Annotated[bool | None, Query(description="Away today, or there.")] = None,
    status: Annotated[str, Query(description="current or closed.")] = "current",
    sort: Annotated[str, Query(description="id, capacity or unit; - before it for downwards.")] = "id",
) -> AskedOfficers:
    """Which officers a list is asked for."""
    return AskedOfficers(within, kind, q, absent, status, sort)


AskedOfficersDep = Annotated[AskedOfficers, Depends(asked_officers)]


@router.get("")
def list_officers(
    request: Request,
    asked: AskedOfficersDep,
    page: PageDep,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    settings: SettingsDep,
    *,
    count: bool = False,
) -> OfficerList:
    """Officers who were born, work or answer for something in the caller's scope, masked, with their loads. Audited."""
    today = day_of(now, settings.timezone)
    found = listing.list_officers(session, actor, asked, today=today, cursor=page.cursor, limit=page.limit, count=count)
    return OfficerList(
        version=current_version(session),
        officers=[
            OfficerListed(
                **OfficerOut.model_validate(listed.officer).model_dump(),
                first_contacts=listed.first_contacts,
                back_ups=listed.back_ups,
            )
            for listed in found.officers
        ],
        next=page.next_link(request, found.officers[-1].officer.id if found.more else None),
        totals=OfficerTotals(officers=found.totals[0], capacity=found.totals[1]) if found.totals else None,
    )


@router.post("", status_code=201)
def create_officer(given: OfficerNew, session: SessionDep, actor: ActorDep, response: Response) -> OfficerKept:
    """Enters an officer in the county where he works. Audited."""
    kept = keeping.create_officer(session, actor, given.columns())
    response.headers["Location"] = f"/api/v1/officers/{kept.officer.id}"
    return _told(session, response, kept)


@router.get("/{officer_id}")
def get_officer(
    officer_id: OfficerId, session: SessionDep, actor: ActorDep, unmasking: UnmaskingDep, response: Response
) -> OfficerDetail:
    """One officer, masked unless `unmask` and `purpose` are given and the right is there. Audited."""
    record = service.get_officer(session, actor, officer_id, unmasking)
    tag_row(response, record.row_version)
    shown = OfficerOut.model_validate(record).model_dump()
    return OfficerDetail(**shown, version=current_version(session))


@router.patch("/{officer_id}")
def change_officer(
    officer_id: OfficerId,
    given: OfficerChange,
    session: SessionDep,
    actor: ActorDep,
    if_match: IfMatchDep,
    today: TodayDep,
    response: Response,
) -> OfficerKept:
    """Changes the given fields; an absence tells which households are without their contact. Audited."""
    kept = keeping.change_officer(session, actor, officer_id, given.columns(), if_match, today)
    return _told(session, response, kept)


@router.delete("/{officer_id}")
def retire_officer(
    officer_id: OfficerId, session: SessionDep, actor: ActorDep, if_match: IfMatchDep, response: Response
) -> OfficerKept:
    """Retires an officer, and tells which households, grids, groups and posts that leaves without him. Audited."""
    return _told(session, response, keeping.retire_officer(session, actor, officer_id, if_match))


@router.get("/{officer_id}/history")
def officer_history(officer_id: OfficerId, session: SessionDep, actor: ActorDep, unmasking: UnmaskingDep) -> HistoryOut:
    """What the officer was after each write, the oldest first, masked like the officer. Audited."""
    states = keeping.get_history(session, actor, officer_id, unmasking)
    return HistoryOut(
        version=current_version(session),
        id=officer_id,
        revisions=[
            RevisionOut(row_version=s.row_version, at=s.at, actor=s.actor, action=s.action, record=record)
            for s, record in states
        ],
    )


def _told(session: Session, response: Response, kept: Kept) -> OfficerKept:
    tag_row(response, kept.officer.row_version)
    return OfficerKept(
        **OfficerOut.model_validate(kept.officer).model_dump(),
        version=current_version(session),
        changes=[OfficerChangedOut.model_validate(change) for change in kept.changes],
        consequences=ConsequencesOut.model_validate(kept.consequences),
    )
