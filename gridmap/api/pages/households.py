"""The pages of people: households and officers as lists beside the map, and one of them in the drawer."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.access.rights import UNMASK
from gridmap.api.deps import SessionDep
from gridmap.api.households import Within
from gridmap.api.officers import TodayDep
from gridmap.api.pages.csv_answer import csv_answer
from gridmap.api.pages.frame import Frame, FrameDep, PageRoute, render
from gridmap.api.security import ActorDep
from gridmap.contacts import answers, posts
from gridmap.contacts import listing as officers
from gridmap.contacts.answers import DoorContact, DoorHousehold
from gridmap.contacts.listing import AskedOfficers
from gridmap.contacts.model import OFFICER_KINDS
from gridmap.contacts.posts import PostRecord
from gridmap.contacts.rules import is_away
from gridmap.contacts.service import OfficerRecord, get_officer
from gridmap.divisions import service as divisions
from gridmap.divisions.service import DivisionRecord
from gridmap.errors import NotFound
from gridmap.households import listing as households
from gridmap.households.listing import Asked
from gridmap.households.model import NEEDS
from gridmap.households.service import HouseholdRecord, get_household
from gridmap.maps import service as maps

router = APIRouter(route_class=PageRoute, include_in_schema=False)

ROWS_SHOWN = 100
_MOST_EXPORTED = 50_000
HouseholdQuery = Annotated[str | None, Query(pattern=r"^H[0-9]{14}$")]
OfficerQuery = Annotated[str | None, Query(pattern=r"^P[0-9]{14}$")]
GroupQuery = Annotated[str, Query(pattern=r"^([0-9]{17}|none)?$")]
CursorQuery = Annotated[str | None, Query(pattern=r"^[HPD][0-9]{14}$")]


@dataclass(frozen=True, slots=True)
class HouseholdCard:
    """A household in the drawer: what is known of it, and who looks after it."""

    record: HouseholdRecord
    contacts: list[DoorContact]


@dataclass(frozen=True, slots=True)
class OfficerCard:
    """An officer in the drawer: what is known of him, his households, his posts."""

    record: OfficerRecord
    households: list[DoorHousehold]
    posts: list[PostRecord]
    places: dict[str, str]


@router.get("/households")
def households_page(
    request: Request,
    *,
    frame: FrameDep,
    session: SessionDep,
    actor: ActorDep,
    today: TodayDep,
    within: Within = None,
    household: HouseholdQuery = None,
    q: str = "",
    needs: str = "",
    kind: str = "",
    group: GroupQuery = "",
    status: str = "current",
    sort: str = "id",
    cursor: CursorQuery = None,
    new: bool = False,
) -> HTMLResponse:
    """The households of a place as a table and on the map, and one of them in the drawer."""
    asked = _asked(within, q, needs, kind, group, status, sort)
    return render(
        request,
        "households.html",
        frame,
        personal=True,
        **_around(session, actor, frame, within),
        rows=cache(
            lambda: households.list_households(
                session, actor, asked, cursor=cursor, limit=ROWS_SHOWN, count=cursor is None
            )
        ),
        asked={"q": q, "needs": needs, "kind": kind, "group": group, "status": status, "sort": sort, "cursor": cursor},
        all_needs=NEEDS,
        away=lambda contact: is_away(contact.absent_from, contact.absent_to, today),
        may_unmask=actor.caller.role in UNMASK,
        new=new,
        card=None if household is None else cache(lambda: _household_card(session, actor, household)),
    )


@router.get("/households/table.csv")
def households_csv(
    session: SessionDep,
    actor: ActorDep,
    *,
    within: Within = None,
    q: str = "",
    needs: str = "",
    kind: str = "",
    group: GroupQuery = "",
    status: str = "current",
    sort: str = "id",
) -> Response:
    """The rows of the table as it is filtered and sorted, masked, for a spreadsheet; audited with every id."""
    asked = _asked(within, q, needs, kind, group, status, sort)
    found = households.list_households(session, actor, asked, cursor=None, limit=_MOST_EXPORTED)
    columns = (
        "id", "kind", "name", "head", "phone", "address", "address_code", "grid_code", "group_code", "persons", *NEEDS,
    )  # fmt: skip
    rows = (
        (
            *(h.id, h.kind, h.name or "", h.head.name, h.head.phone or "", h.address, h.address_code),
            *(h.grid_code or "", h.group_code or "", h.persons, *(h.needs[need] for need in NEEDS)),
        )
        for h in found.households
    )
    return csv_answer(f"households-{within or 'all'}.csv", columns, rows)


@router.get("/officers")
def officers_page(
    request: Request,
    *,
    frame: FrameDep,
    session: SessionDep,
    actor: ActorDep,
    today: TodayDep,
    within: Within = None,
    officer: OfficerQuery = None,
    q: str = "",
    kind: str = "",
    absent: str = "",
    status: str = "current",
    sort: str = "id",
    cursor: CursorQuery = None,
    new: bool = False,
) -> HTMLResponse:
    """The officers of a place as a table, and one of them with his households in the drawer and on the map."""
    away = {"yes": True, "no": False}.get(absent)
    asked = AskedOfficers(within, kind or None, q or None, away, status, sort)
    return render(
        request,
        "officers.html",
        frame,
        personal=True,
        **_around(session, actor, frame, within),
        rows=cache(
            lambda: officers.list_officers(
                session, actor, asked, today=today, cursor=cursor, limit=ROWS_SHOWN, count=cursor is None
            )
        ),
        asked={"q": q, "kind": kind, "absent": absent, "status": status, "sort": sort, "cursor": cursor},
        kinds=OFFICER_KINDS,
        names=lambda codes: {code: place.name for code, place in divisions.by_codes(session, set(codes)).items()},
        away=lambda record: is_away(record.absent_from, record.absent_to, today),
        may_unmask=actor.caller.role in UNMASK,
        new=new,
        card=None if officer is None else cache(lambda: _officer_card(session, actor, officer)),
    )


@router.get("/posts")
def posts_page(
    request: Request,
    *,
    frame: FrameDep,
    session: SessionDep,
    actor: ActorDep,
    within: Within = None,
    vacant: str = "",
    cursor: CursorQuery = None,
) -> HTMLResponse:
    """The duty posts of a place, the vacant ones first to be seen, and a form for a new one."""
    only = {"yes": True, "no": False}.get(vacant)
    around = _around(session, actor, frame, within)
    return render(
        request,
        "posts.html",
        frame,
        personal=True,
        **{**around, "map_code": None},
        rows=cache(
            lambda: posts.list_posts(session, actor, within=within, vacant=only, cursor=cursor, limit=ROWS_SHOWN)
        ),
        asked={"vacant": vacant, "cursor": cursor},
    )


def _asked(within: str | None, q: str, needs: str, kind: str, group: str, status: str, sort: str) -> Asked:
    wanted = tuple(part for part in needs.split(",") if part)
    return Asked(within, wanted, kind or None, group or None, q or None, status=status, sort=sort)


def _around(session: Session, actor: Actor, frame: Frame, within: str | None) -> dict[str, Any]:
    """The division of the page, its chain and its map; a grid or group is shown in its village."""
    division = division_of(session, actor, within)
    if division is None:
        raise NotFound(frame.t("front.empty") + ": gridmap demo load")
    chain: Callable[[], Any] = cache(lambda: divisions.chain_above(session, division.code))
    return {"within": division, "within_code": within or division.code, "map_code": division.code[:6], "chain": chain}


def division_of(session: Session, actor: Actor, within: str | None) -> DivisionRecord | None:
    """The division a page is about: the one asked for, else the smallest that holds all the reader may see."""
    if within is None:
        return maps.default_division(session, actor.caller.within)
    return divisions.get_division(session, within[:12])


def _household_card(session: Session, actor: Actor, household_id: str) -> HouseholdCard:
    record = get_household(session, actor, household_id)
    return HouseholdCard(record, answers.contacts_of(session, actor, household_id))


def _officer_card(session: Session, actor: Actor, officer_id: str) -> OfficerCard:
    record = get_officer(session, actor, officer_id)
    doors = answers.households_of(session, actor, officer_id)
    held = posts.list_posts(session, actor, holder=officer_id).posts
    named = divisions.by_codes(session, [record.home_code, record.work_code])
    return OfficerCard(record, doors, held, {code: division.name for code, division in named.items()})
