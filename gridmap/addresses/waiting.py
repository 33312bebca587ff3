"""Rows of files that name a door but no place for it: nothing is invented, nothing is lost."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.access.rights import check_scope
from gridmap.addresses import queries
from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.model import WaitingAddress
from gridmap.addresses.record import AddressRecord, Alias
from gridmap.addresses.register import AddressChange, create_address
from gridmap.db.versions import append_event
from gridmap.errors import NotFound
from gridmap.geo.lonlat import LonLat
from gridmap.sentences import say

SOURCE = "shown on the map"


def place_waiting(
    session: Session, actor: Actor, gazetteer: Gazetteer, waiting_id: int, point: LonLat
) -> AddressRecord:
    """Enters the door that waits, at a point. Raises NotFound, and what `create_address` raises."""
    row = _locked(session, actor, waiting_id)
    parts: Mapping[str, str | None] = {str(name): str(value) for name, value in row.segments.items()}
    aliases = [Alias("code", row.given_code)] if row.given_code else []
    given = AddressChange(
        frozenset(), village_code=row.village_code, parts=parts, point=point, point_source=SOURCE, aliases=aliases
    )
    record = create_address(session, actor, gazetteer, given)
    queries.forget_waiting_row(session, row.id)
    return record


def drop_waiting(session: Session, actor: Actor, waiting_id: int) -> None:
    """Gives a row up, which the change feed keeps. Raises NotFound."""
    row = _locked(session, actor, waiting_id)
    payload = {"label": row.label, "file": row.file, "row": row.row, "actor": actor.caller.name}
    append_event(session, "waiting_address_dropped", payload, county_code=row.county_code)
    queries.forget_waiting_row(session, row.id)


def _locked(session: Session, actor: Actor, waiting_id: int) -> WaitingAddress:
    row = queries.find_waiting(session, waiting_id)
    if row is None:
        raise NotFound(say("no_longer_waits", "The row no longer waits for a point; it may have been placed already."))
    check_scope(actor.caller, row.village_code)
    return row
