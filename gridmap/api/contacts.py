"""Routes of who looks after whom: of a household, of an officer, at a place; and of pairs asked for or forbidden."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.api.deps import SessionDep, SettingsDep
from gridmap.api.households import WITHIN, HouseholdId
from gridmap.api.officers import OfficerId, TodayDep
from gridmap.api.params import PageDep, PointDep
from gridmap.api.preconditions import IfMatchDep, tag_row
from gridmap.api.security import ActorDep, NowDep, UnmaskingDep
from gridmap.contacts import ending
from gridmap.contacts.plans import answers, moving, wishes
from gridmap.contacts.plans.answers import Contact
from gridmap.contacts.plans.missing import list_missing
from gridmap.contacts.plans.schema import (
    ContactOut,
    ContactsAt,
    EffectOut,
    HouseholdContacts,
    HouseOut,
    LookedAfterOut,
    MissingList,
    MissingOut,
    MoveAsked,
    OfficerHouseholds,
    PairHistory,
    PastPairOut,
    RuleAsked,
    RuleList,
    RuleOut,
)
from gridmap.contacts.schema import OfficerOut
from gridmap.db.versions import current_version
from gridmap.errors import NotFound
from gridmap.households import service as households
from gridmap.households.schema import HouseholdOut
from gridmap.households.service import HouseholdRecord

router = APIRouter(tags=["contacts"])


@router.get("/contacts/at")
def contacts_at(
    point: PointDep, session: SessionDep, actor: ActorDep, today: TodayDep, unmasking: UnmaskingDep
) -> ContactsAt:
    """Who looks after the nearest house: the family, its first contact and its back-up, masked, and how far it is."""
    found = answers.contacts_at(session, actor, point.lon, point.lat, today, unmasking)
    houses = [] if found is None else [_house(*told) for told in found.households]
    return ContactsAt(
        version=current_version(session),
        lon=point.lon,
        lat=point.lat,
        distance_m=None if found is None else found.distance_m,
        household=houses[0].household if houses else None,
        contacts=houses[0].contacts if houses else [],
        others=houses[1:],
    )


@router.get("/households/{household_id}/contacts")
def household_contacts(
    household_id: HouseholdId,
    session: SessionDep,
    actor: ActorDep,
    today: TodayDep,
    unmasking: UnmaskingDep,
    response: Response,
) -> HouseholdContacts:
    """Who looks after a household, by rank and with the reason, masked unless unmasking is asked for. Audited."""
    household, contacts = answers.household_contacts(session, actor, household_id, today, unmasking)
    tag_row(response, moving.mark_of(session, household_id))
    house = _house(household, contacts)
    return HouseholdContacts(version=current_version(session), household=house.household, contacts=house.contacts)


@router.get("/households/{household_id}/contacts/history")
def contact_history(household_id: HouseholdId, session: SessionDep, actor: ActorDep) -> PairHistory:
    """Who looked after a household and until when, who ended it and by what; masked. Audited."""
    households.get_household(session, actor, household_id)
    found = ending.history_of(session, actor, household_id)
    return PairHistory(
        version=current_version(session),
        household=household_id,
        pairs=[PastPairOut.model_validate(pair) for pair in found],
    )


@router.get("/contacts/missing")
def missing(
    request: Request,
    page: PageDep,
    session: SessionDep,
    actor: ActorDep,
    within: Annotated[str, Query(pattern=WITHIN, description="Code of a division, grid or group.")],
) -> MissingList:
    """The households within that have no first contact today, and why; masked. Audited."""
    found = list_missing(session, actor, within, page.limit, page.cursor)
    return MissingList(
        version=current_version(session),
        within=within,
        count=found.count,
        households=[MissingOut.model_validate(household) for household in found.households],
        next=page.next_link(request, found.households[-1].id if found.more else None),
    )


@router.get("/officers/{officer_id}/households")
def officer_households(
    officer_id: OfficerId, session: SessionDep, actor: ActorDep, unmasking: UnmaskingDep
) -> OfficerHouseholds:
    """Whom an officer looks after, first contacts first, masked unless unmasking is asked for. Audited."""
    officer, found = answers.officer_households(session, actor, officer_id, unmasking)
    return OfficerHouseholds(
        version=current_version(session),
        officer=OfficerOut.model_validate(officer),
        households=[LookedAfterOut.model_validate(household) for household in found],
    )


@router.get("/officers/{officer_id}/book.pdf", response_class=Response)
def contact_book(
    officer_id: OfficerId,
    session: SessionDep,
    actor: ActorDep,
    unmasking: UnmaskingDep,
    now: NowDep,
    settings: SettingsDep,
) -> Response:
    """The officer's contact book, two pages to print: his households in the order of the way, with needs. Audited."""
    from gridmap.maps.contact_book import contact_book as book  # noqa: PLC0415 - printing is slow to import

    headers = {"Content-Disposition": f'inline; filename="{officer_id}.pdf"', "Cache-Control": "private, no-store"}
    printed = now.astimezone(ZoneInfo(settings.timezone))
    return Response(book(session, actor, officer_id, printed, unmasking), headers=headers, media_type="application/pdf")


@router.get("/households/{household_id}/pair-rules")
def list_rules(household_id: HouseholdId, session: SessionDep, actor: ActorDep) -> RuleList:
    """The officers that were asked for or forbidden as contacts of a household."""
    return _rules(session, actor, household_id)


@router.post("/households/{household_id}/pair-rules", status_code=201)
def set_rule(household_id: HouseholdId, asked: RuleAsked, session: SessionDep, actor: ActorDep) -> RuleList:
    """Asks for an officer as first contact, or forbids him; every plan respects it."""
    wishes.set_rule(session, actor, household_id, asked.officer, asked.kind, asked.why)
    return _rules(session, actor, household_id)


@router.delete("/households/{household_id}/pair-rules/{officer_id}", status_code=204)
def drop_rule(household_id: HouseholdId, officer_id: OfficerId, session: SessionDep, actor: ActorDep) -> Response:
    """Takes a rule away."""
    if not wishes.drop_rule(session, actor, household_id, officer_id):
        raise NotFound(f"There is no rule about {household_id} and {officer_id}.")
    return Response(status_code=204)


@router.get("/households/{household_id}/contact-effect")
def contact_effect(
    household_id: HouseholdId,
    officer: Annotated[str, Query(pattern=r"^P[0-9]{14}$", description="The officer to be its first contact.")],
    session: SessionDep,
    actor: ActorDep,
    today: TodayDep,
    response: Response,
) -> EffectOut:
    """What would change if an officer became a household's first contact; nothing is written."""
    effect = moving.effect_of(session, actor, household_id, officer, today)
    tag_row(response, effect.mark)
    return EffectOut.model_validate(effect)


@router.put("/households/{household_id}/contacts/first")
def move_household(
    household_id: HouseholdId,
    asked: MoveAsked,
    session: SessionDep,
    actor: ActorDep,
    today: TodayDep,
    if_match: IfMatchDep,
    response: Response,
) -> EffectOut:
    """Makes an officer the first contact, pinned for later plans. `If-Match` takes the contacts' ETag. Audited."""
    effect = moving.move_household(
        session, actor, household_id, asked.officer, asked.why, if_match, today, pin=asked.pin
    )
    tag_row(response, moving.mark_of(session, household_id))
    return EffectOut.model_validate(effect)


def _rules(session: Session, actor: Actor, household_id: str) -> RuleList:
    found = wishes.list_rules(session, actor, household_id)
    return RuleList(household=household_id, rules=[RuleOut.model_validate(rule) for rule in found])


def _house(household: HouseholdRecord, contacts: list[Contact]) -> HouseOut:
    return HouseOut(
        household=HouseholdOut.model_validate(household),
        contacts=[ContactOut.model_validate(contact) for contact in contacts],
    )
