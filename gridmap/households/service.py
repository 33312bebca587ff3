"""What is told of households: to whom, how much of it, and never without a record in the audit."""

from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.masking import mask_name, mask_phone
from gridmap.access.rights import MASKED, Unmasking, check_scope, check_unmasking
from gridmap.db.geometry import to_shapely
from gridmap.errors import NotFound
from gridmap.grids import service as grids
from gridmap.households import queries
from gridmap.households.model import NEEDS
from gridmap.households.queries import HouseholdRow


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a household, or whom to call at a collective one; as masked as the caller's right wants."""

    name: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class HouseholdRecord:
    """A household as a caller may see it. `lon, lat` are degrees in EPSG:4490."""

    id: str
    kind: str
    name: str | None
    village_code: str
    grid_code: str | None
    group_code: str | None
    address_code: str
    address: str
    persons: int
    needs: dict[str, int]
    head: Head
    lon: float
    lat: float
    status: str
    row_version: int


@dataclass(frozen=True, slots=True)
class Dwelling:
    """Where a household is, in degrees of EPSG:4490, and the group it is in; nothing of its people."""

    id: str
    group_code: str | None
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class HouseholdPage:
    """Part of a list by id, and whether there are more behind it."""

    households: list[HouseholdRecord]
    more: bool


def get_household(session: Session, actor: Actor, household_id: str, unmasking: Unmasking = MASKED) -> HouseholdRecord:
    """One household, audited. Raises NotFound, Forbidden outside the caller's scope or right.

    Outside the scope it makes no difference whether there is such a household.
    """
    check_unmasking(actor.caller, unmasking)
    row = queries.find_household(session, household_id)
    check_scope(actor.caller, household_id[1:7] if row is None else place_of(row))
    if row is None:
        raise NotFound(f"There is no household {household_id}.")
    audit.record(
        session,
        actor,
        "household.read",
        [household_id],
        unmasked=unmasking.fields,
        purpose=unmasking.purpose,
    )
    return record_of(row, unmasking)


def list_in_grid(session: Session, actor: Actor, grid_code: str, *, cursor: str | None, limit: int) -> HouseholdPage:
    """A page of the households in a grid, masked, audited. Raises Forbidden outside the scope, NotFound."""
    check_scope(actor.caller, grid_code)
    grids.get_grid(session, grid_code)
    stmt = queries.current_in_grid(queries.select_households(), grid_code)
    rows = queries.list_households(session, stmt, cursor, limit + 1)
    return _page(session, actor, "grid.households", rows, limit)


def list_in_group(session: Session, actor: Actor, group_code: str, *, cursor: str | None, limit: int) -> HouseholdPage:
    """A page of the households of a group, masked, audited. Raises Forbidden outside the scope, NotFound."""
    check_scope(actor.caller, group_code)
    if grids.find_group_name(session, group_code) is None:
        raise NotFound(f"There is no household group {group_code}.")
    stmt = queries.current_in_group(queries.select_households(), group_code)
    rows = queries.list_households(session, stmt, cursor, limit + 1)
    return _page(session, actor, "group.households", rows, limit)


def members_of(session: Session, group_code: str) -> list[str]:
    """The ids of the current members of a household group."""
    return list(queries.members_of(session, group_code))


def dwellings_in(session: Session, grid_code: str, *, to_write: bool = False) -> list[Dwelling]:
    """The current households whose point lies in a grid, by id; to write, nobody else changes them meanwhile."""
    return [Dwelling(*row) for row in queries.dwellings_in(session, grid_code, to_write=to_write)]


def count_members(session: Session, group_codes: Sequence[str]) -> dict[str, int]:
    """How many current members household groups have; those without any are missing."""
    return queries.count_members(session, group_codes)


def _page(session: Session, actor: Actor, action: str, rows: Sequence[HouseholdRow], limit: int) -> HouseholdPage:
    shown = rows[:limit]
    audit.record(session, actor, action, [row[0].id for row in shown])
    return HouseholdPage([record_of(row, MASKED) for row in shown], more=len(rows) > limit)


def place_of(row: HouseholdRow) -> str:
    """The smallest area a household is in. The point decides: a group of another grid does not count."""
    household, _, village_code, grid_code, _ = row
    if grid_code is None:
        return village_code
    group = household.group_code
    return group if group is not None and group.startswith(grid_code) else grid_code


def record_of(row: HouseholdRow, unmasking: Unmasking) -> HouseholdRecord:
    """A household as the unmasking shows it."""
    household, label, village_code, grid_code, point = row
    place = to_shapely(point)
    name, phone = household.head_name, household.head_phone
    return HouseholdRecord(
        id=household.id,
        kind=household.kind,
        name=household.name,
        village_code=village_code if grid_code is None else grid_code[:12],
        grid_code=grid_code,
        group_code=household.group_code,
        address_code=household.address_code,
        address=label,
        persons=household.persons,
        needs={need: getattr(household, need) for need in NEEDS},
        head=Head(
            name if "name" in unmasking.fields else mask_name(name),
            phone if "phone" in unmasking.fields else mask_phone(phone),
        ),
        lon=float(shapely.get_x(place)),
        lat=float(shapely.get_y(place)),
        status=household.status,
        row_version=household.row_version,
    )
