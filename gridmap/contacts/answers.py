"""Who looks after a household, and whom an officer looks after: as people ask at a door, masked and audited."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.masking import mask_name, mask_phone
from gridmap.contacts import queries


@dataclass(frozen=True, slots=True)
class DoorContact:
    """An officer who looks after a household: his rank there, how near he was born (tier 0 to 3), and why it is he."""

    officer_id: str
    name: str
    phone: str | None
    unit: str
    rank: int
    tier: int
    reason: str
    status: str
    absent_from: date | None
    absent_to: date | None


@dataclass(frozen=True, slots=True)
class DoorHousehold:
    """A household that an officer looks after, its head masked, and where its door is."""

    household_id: str
    rank: int
    address: str
    persons: int
    lon: float
    lat: float
    head: str
    village_code: str


def contacts_of(session: Session, actor: Actor, household_id: str) -> list[DoorContact]:
    """The contacts of a household by rank, masked, audited. Whether it may be seen has been asked before."""
    rows = queries.contacts_of_household(session, household_id)
    if rows:
        audit.record(session, actor, "household.contacts", [household_id, *(officer.id for officer, *_ in rows)])
    return [
        DoorContact(
            *(o.id, mask_name(o.name), mask_phone(o.phone), o.unit, rank, tier, reason, o.status),
            *(o.absent_from, o.absent_to),
        )
        for o, rank, tier, reason in rows
    ]


def households_of(session: Session, actor: Actor, officer_id: str) -> list[DoorHousehold]:
    """The current households of an officer that lie in the caller's scope, by rank and address; audited."""
    rows = [r for r in queries.doors_of_officer(session, officer_id) if actor.caller.covers(r[4] or r[5])]
    if rows:
        audit.record(session, actor, "officer.households", [officer_id, *(row[0] for row in rows)])
    return [_door(*row) for row in rows]


def _door(
    household: str, rank: int, address: str, persons: int, grid: str | None, village: str, *more: Any
) -> DoorHousehold:
    lon, lat, head, name = more
    shown = name or mask_name(head)
    return DoorHousehold(household, rank, address, persons, lon, lat, shown, (grid or village)[:12])
