"""What the drawer tells of a grid: its facts, who answers for it, what is around it, what it was and became."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.access.rights import may_see_persons
from gridmap.api.scope import MapScope
from gridmap.contacts import posts
from gridmap.contacts import service as contacts
from gridmap.contacts.charges import people_of
from gridmap.contacts.posts import PostRecord
from gridmap.contacts.service import ResponsibleOfficer
from gridmap.db.history import newest_revision
from gridmap.grids import history, service
from gridmap.grids.history import GridChange, Lineage
from gridmap.grids.service import GridRecord
from gridmap.snapshot import heirs
from gridmap.snapshot.counts import households_by_grid


@dataclass(frozen=True, slots=True)
class GridCard:
    """A grid as its card tells it. Of a retired one the counts are None, and nobody answers for it."""

    record: GridRecord
    households: int | None
    persons: int | None
    responsible: Sequence[ResponsibleOfficer]
    groups: dict[str, str]
    neighbours: Sequence[GridRecord]
    states: Sequence[GridChange]
    lineage: Lineage
    row_version: int
    head: str | None
    deputies: Sequence[str]
    posts: Sequence[PostRecord]
    vacant_posts: int

    @property
    def is_current(self) -> bool:
        """Whether the code is in use."""
        return self.record.status == "current"


def load_card(session: Session, actor: Actor, scope: MapScope, code: str) -> GridCard:
    """The card of a grid, retired or not. Audited when it tells who answers for it. Raises NotFound, Forbidden."""
    if not scope.covers(code):
        scope.require(code, *history.descendants_of(session, code))
    record = service.get_grid(session, code)
    current = record.status == "current"
    households, persons = households_by_grid(session, [code])[code] if current else (None, None)
    told = contacts.masked_responsible(session, actor, code) if current else []
    people = people_of(session, code)
    sees = current and may_see_persons(actor.caller) and actor.caller.covers(code)
    found = posts.list_posts(session, actor, within=code) if sees else None
    return GridCard(
        record=record,
        households=households,
        persons=persons,
        responsible=told,
        groups=service.groups_in(session, [code]),
        neighbours=service.neighbours(session, record) if current else [],
        states=history.history(session, code),
        lineage=heirs.lineage(session, code),
        row_version=newest_revision(session, code),
        head=people.head if told else None,
        deputies=people.deputies if told else (),
        posts=found.posts if found else (),
        vacant_posts=found.vacant if found else 0,
    )
