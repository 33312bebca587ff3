"""Who looks after whom, as it stands: of a household, of an officer, at a place. Masked, by scope, audited."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.caller import Caller
from gridmap.access.masking import mask_name, mask_phone
from gridmap.access.rights import MASKED, Unmasking, check_scope, check_unmasking
from gridmap.contacts import service as officers
from gridmap.contacts.model import ContactPair, Officer
from gridmap.contacts.plans import queries
from gridmap.contacts.rules import is_away
from gridmap.contacts.service import OfficerRecord, shown_as
from gridmap.geo.measure import distance_m
from gridmap.households import service as households
from gridmap.households.model import NEEDS
from gridmap.households.service import HouseholdRecord

_SAME_DOOR_M = 0.5
_NEAR = 40


@dataclass(frozen=True, slots=True)
class Contact:
    """An officer who looks after a household: rank 1 is called first, 2 when he does not answer or is absent today."""

    rank: int
    tier: int
    reason: str
    since: datetime
    id: str
    name: str
    phone: str | None
    kind: str
    unit: str
    absent: bool
    absent_from: date | None
    absent_to: date | None


@dataclass(frozen=True, slots=True)
class Other:
    """Who looks after a household beside an officer: its first contact, or of his own first contacts the back-up."""

    id: str
    rank: int
    name: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class LookedAfter:
    """A household that an officer looks after, and how: its rank and reason, and how far from where he stands.

    `other` is whom to call about it beside him, None when there is nobody.
    """

    id: str
    rank: int
    tier: int
    reason: str
    kind: str
    name: str | None
    head_name: str
    head_phone: str | None
    address: str
    persons: int
    needs: dict[str, int]
    grid_code: str | None
    lon: float
    lat: float
    distance_m: float | None
    other: Other | None = None


@dataclass(frozen=True, slots=True)
class House:
    """The households behind the nearest door, each with its contacts, and the metres to it."""

    distance_m: float
    households: list[tuple[HouseholdRecord, list[Contact]]]


def household_contacts(
    session: Session, actor: Actor, household_id: str, today: date, unmasking: Unmasking = MASKED
) -> tuple[HouseholdRecord, list[Contact]]:
    """A household and its contacts by rank, masked unless asked for with a purpose. Raises NotFound, Forbidden."""
    household = households.get_household(session, actor, household_id, unmasking)
    contacts = _contacts(session, [household_id], today, unmasking).get(household_id, [])
    _record(session, actor, "contacts.read", [household_id, *(contact.id for contact in contacts)], unmasking)
    return household, contacts


def officer_households(
    session: Session, actor: Actor, officer_id: str, unmasking: Unmasking = MASKED
) -> tuple[OfficerRecord, list[LookedAfter]]:
    """An officer and the households he looks after, first contacts first; of those the caller may see.

    Raises NotFound, Forbidden outside the caller's scope or right.
    """
    officer = officers.get_officer(session, actor, officer_id, unmasking)
    stands = queries.place_of_officer(session, officer_id)
    rows = [row for row in queries.households_of_officer(session, officer_id) if _covers(actor.caller, row)]
    others = _others(session, officer_id, [row[1].id for row in rows], unmasking)
    found = [replace(_looked_after(row, stands, unmasking), other=others.get(row[1].id)) for row in rows]
    told = {other.id for other in others.values()}
    subjects = [officer_id, *(household.id for household in found), *sorted(told)]
    _record(session, actor, "officer.households", subjects, unmasking)
    return officer, found


def contacts_at(
    session: Session, actor: Actor, lon: float, lat: float, today: date, unmasking: Unmasking = MASKED
) -> House | None:
    """Who lives behind the door nearest to a point, and who looks after them; None where there is no household at all.

    Raises Forbidden when that door lies outside the caller's scope or right.
    """
    check_unmasking(actor.caller, unmasking)
    near = queries.nearest_households(session, lon, lat, _NEAR)
    if not near:
        return None
    metres = float(near[0][3])
    there = [row for row in near if float(row[3]) <= metres + _SAME_DOOR_M]
    for _, village, grid, _ in there[:1]:
        check_scope(actor.caller, grid or village)
    ids = [str(row[0]) for row in there]
    contacts = _contacts(session, ids, today, unmasking)
    told = [(households.get_household(session, actor, name, unmasking), contacts.get(name, [])) for name in ids]
    subjects = [*ids, *sorted({contact.id for _, found in told for contact in found})]
    _record(session, actor, "contacts.at", subjects, unmasking)
    return House(round(metres, 1), told)


def _others(session: Session, officer_id: str, ids: Sequence[str], unmasking: Unmasking) -> dict[str, Other]:
    """Of each household the contact of the lowest rank that is not this officer."""
    found: dict[str, Other] = {}
    for pair, officer in queries.pairs_of_households(session, ids):
        if officer.id != officer_id:
            shown = shown_as(officer, [], unmasking)
            found.setdefault(pair.household_id, Other(officer.id, pair.rank, shown.name, shown.phone))
    return found


def _contacts(session: Session, ids: Sequence[str], today: date, unmasking: Unmasking) -> dict[str, list[Contact]]:
    found: dict[str, list[Contact]] = {}
    for pair, officer in queries.pairs_of_households(session, ids):
        found.setdefault(pair.household_id, []).append(_contact(pair, officer, today, unmasking))
    return found


def _contact(pair: ContactPair, officer: Officer, today: date, unmasking: Unmasking) -> Contact:
    return Contact(
        rank=pair.rank,
        tier=pair.tier,
        reason=pair.reason,
        since=pair.since,
        id=officer.id,
        name=officer.name if "name" in unmasking.fields else mask_name(officer.name),
        phone=officer.phone if "phone" in unmasking.fields else mask_phone(officer.phone),
        kind=officer.kind,
        unit=officer.unit,
        absent=is_away(officer.absent_from, officer.absent_to, today),
        absent_from=officer.absent_from,
        absent_to=officer.absent_to,
    )


def _covers(caller: Caller, row: Any) -> bool:
    _, household, _, village, grid, _, _ = row
    if grid is None:
        return caller.covers(village)
    group = household.group_code
    return caller.covers(group if group is not None and group.startswith(grid) else grid)


def _looked_after(row: Any, stands: tuple[float, float] | None, unmasking: Unmasking) -> LookedAfter:
    pair, household, label, _, grid, lon, lat = row
    name, phone = household.head_name, household.head_phone
    metres = None if stands is None else round(float(distance_m(*stands, lon, lat)), 1)
    return LookedAfter(
        id=household.id,
        rank=pair.rank,
        tier=pair.tier,
        reason=pair.reason,
        kind=household.kind,
        name=household.name,
        head_name=name if "name" in unmasking.fields else mask_name(name),
        head_phone=phone if "phone" in unmasking.fields else mask_phone(phone),
        address=label,
        persons=household.persons,
        needs={need: getattr(household, need) for need in NEEDS},
        grid_code=grid,
        lon=lon,
        lat=lat,
        distance_m=metres,
    )


def _record(session: Session, actor: Actor, action: str, subjects: Sequence[str], unmasking: Unmasking) -> None:
    audit.record(session, actor, action, subjects, unmasked=unmasking.fields, purpose=unmasking.purpose)
