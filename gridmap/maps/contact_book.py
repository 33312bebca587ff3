"""The contact book of an officer: two pages he can carry, his households in the order of a short walk."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.access.rights import MASKED, Unmasking
from gridmap.contacts.plans import queries
from gridmap.contacts.plans.answers import LookedAfter, officer_households
from gridmap.db.versions import current_version
from gridmap.geo.arrays import FloatArray, IntArray
from gridmap.geo.measure import distance_m
from gridmap.maps.book_pages import printed_book


def contact_book(
    session: Session, actor: Actor, officer_id: str, printed: datetime, unmasking: Unmasking = MASKED
) -> bytes:
    """A PDF of two pages: first contacts in the order of the way, then back-ups; names and phones by right, audited.

    `printed` stands on it, in its own zone, with the dataset version.

    Raises NotFound, Forbidden outside the caller's scope or right.
    """
    officer, found = officer_households(session, actor, officer_id, unmasking)
    stands = queries.place_of_officer(session, officer_id)
    first = [home for home in found if home.rank == 1]
    others = [home for home in found if home.rank > 1]
    foot = f"{printed:%Y-%m-%d %H:%M} 印制 · 数据版本 {current_version(session)} · 编号 {officer_id}"
    told = (officer, in_route_order(first, stands), in_route_order(others, stands))
    return printed_book(*told, standing=stands is not None, foot=foot)


def in_route_order(homes: Sequence[LookedAfter], start: tuple[float, float] | None) -> list[LookedAfter]:
    """The households in the order of a short way from where the officer stands: nearest next, then crossings undone."""
    if len(homes) < 2:
        return list(homes)
    lonlat = np.array([start or (homes[0].lon, homes[0].lat), *((home.lon, home.lat) for home in homes)], np.float64)
    metres = np.asarray(distance_m(lonlat[:, None, 0], lonlat[:, None, 1], lonlat[None, :, 0], lonlat[None, :, 1]))
    return [homes[at - 1] for at in _two_opt(_nearest_next(metres), metres)[1:]]


def _nearest_next(metres: FloatArray) -> list[int]:
    way, left = [0], set(range(1, len(metres)))
    while left:
        here = way[-1]
        way.append(min(left, key=lambda at: (metres[here, at], at)))
        left.remove(way[-1])
    return way


def _two_opt(way: list[int], metres: FloatArray) -> list[int]:
    """Turns stretches of an open way round as long as that makes it shorter."""
    order: IntArray = np.array(way, np.int64)
    better = True
    while better:
        better = False
        for start in range(1, len(order) - 1):
            for end in range(start + 1, len(order)):
                before, first, last = order[start - 1], order[start], order[end]
                gain = metres[before, first] - metres[before, last]
                if end + 1 < len(order):
                    gain += metres[last, order[end + 1]] - metres[first, order[end + 1]]
                if gain > 1e-6:
                    order[start : end + 1] = order[start : end + 1][::-1].copy()
                    better = True
    return [int(at) for at in order]
