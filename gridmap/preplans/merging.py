"""Two addresses made one, with all that stands, lives, works or shelters there."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.contacts.keeping import follow_address
from gridmap.db.history import keeping
from gridmap.households.doors import Merged, merge_address
from gridmap.preplans import queries
from gridmap.preplans.model import Shelter


@dataclass(frozen=True, slots=True)
class MergedWhole:
    """What came to the address that is left, with officers who work there and shelters."""

    merged: Merged
    officers: Sequence[str]
    shelters: Sequence[str]


def merge_whole(session: Session, actor: Actor, code: str, into: str, expected: int | None = None) -> MergedWhole:
    """Makes one door of two: whatever points to `code` points to `into`. Raises what `merge_address` raises."""
    merged = merge_address(session, actor, code, into, expected)
    return MergedWhole(merged, follow_address(session, actor, code, into), _move_shelters(session, actor, code, into))


def _move_shelters(session: Session, actor: Actor, code: str, into: str) -> list[str]:
    shelters = queries.shelters_at(session, code)
    ids = [shelter.id for shelter in shelters]
    if ids:
        with keeping(session, actor.caller.name, "merge", Shelter, ids):
            for shelter in shelters:
                shelter.address_code = into
                shelter.row_version += 1
                shelter.updated_at = func.now()
        audit.record(session, actor, "shelter.move", ids)
    return ids
