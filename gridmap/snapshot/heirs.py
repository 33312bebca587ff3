"""Who holds a grid's ground now, with the households counted where shares can't be carried through generations."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from gridmap.geo.arrays import Polygonal
from gridmap.grids import history, service
from gridmap.grids.history import Lineage
from gridmap.grids.lineage import Link, Successor, mixes
from gridmap.snapshot import queries


def lineage(session: Session, code: str, until: datetime | None = None) -> Lineage:
    """As `history.lineage`. The past of households is not kept: as of a time, their shares are carried through."""
    found = history.lineage(session, code, until)
    if until is not None or len(found.now) < 2:
        return found
    ground = service.get_grid(session, code).geometry
    return replace(found, now=_counted(session, ground, found.successors, found.now))


def successors_of(session: Session, code: str, at: datetime | None = None) -> list[Successor]:
    """As `history.successors_of`."""
    found = history.successors_of(session, code, at)
    if len(found) < 2:
        return found
    state = service.get_grid(session, code, at)
    since = [link for link in history.lineage(session, code).successors if link.version >= (state.version_to or 0)]
    return _counted(session, state.geometry, since, found)


def _counted(session: Session, ground: Polygonal, steps: Sequence[Link], heirs: Sequence[Successor]) -> list[Successor]:
    """The heirs with the shares of those who live on the old ground now; as carried through when nobody does."""
    if not mixes(steps):
        return list(heirs)
    living = queries.households_on(session, ground, [heir.code for heir in heirs])
    total = sum(living.values())
    if total == 0:
        return list(heirs)
    return [replace(heir, share_households=living.get(heir.code, 0) / total) for heir in heirs]
