"""Who lives at a door, for those who may know; never without a record in the audit."""

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.rights import MASKED
from gridmap.addresses.record import AddressRecord
from gridmap.households import door_queries as queries
from gridmap.households.service import HouseholdRecord, record_of


def living_at(session: Session, actor: Actor, address: AddressRecord) -> list[HouseholdRecord]:
    """The current households at an address, masked; none outside the caller's scope. Audited with their ids."""
    if not actor.caller.covers(address.place):
        return []
    rows = queries.households_at(session, address.code)
    audit.record(session, actor, "address.households", [row[0].id for row in rows])
    return [record_of(row, MASKED) for row in rows]
