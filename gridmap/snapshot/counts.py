"""How much of everything lies within a division."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from gridmap.divisions import service as divisions
from gridmap.grids import service as grids
from gridmap.snapshot import queries


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts within a division. Those of addresses and people are None for a past time: their past is not kept."""

    townships: int
    villages: int
    grids: int
    groups: int
    addresses: int | None
    buildings: int | None
    households: int | None
    persons: int | None
    officers: int | None


def count_within(session: Session, code: str, at: datetime | None = None) -> Counts:
    """Counts within a division, `officers` being those who were born there. Raises NotFound."""
    prefixes = divisions.prefixes_within(session, code, at)
    levels = divisions.count_by_level(session, prefixes, at)
    grid_count, group_count = grids.count(session, prefixes, at)
    addresses = buildings = households = persons = officers = None
    if at is None:
        addresses, buildings, households, persons, officers = queries.count_registers(session, prefixes)
    return Counts(
        townships=levels.get("township", 0),
        villages=levels.get("village", 0),
        grids=grid_count,
        groups=group_count,
        addresses=addresses,
        buildings=buildings,
        households=households,
        persons=persons,
        officers=officers,
    )


def households_by_grid(session: Session, codes: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Households and persons of each grid, zero included."""
    counted = queries.households_by_grid(session, codes)
    return {code: counted.get(code, (0, 0)) for code in codes}
