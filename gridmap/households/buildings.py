"""The register of buildings: what stands at an address; at most one current building at each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.access.rights import check_scope
from gridmap.addresses.model import Address
from gridmap.addresses.record import stored_lonlat
from gridmap.addresses.register import get_address
from gridmap.db.copying import copy_rows
from gridmap.db.history import check_unchanged, keep_known, keep_rows
from gridmap.db.ids import take_ids
from gridmap.db.versions import append_event
from gridmap.errors import Conflict, FieldError, InvalidInput, NotFound
from gridmap.households import door_queries as queries
from gridmap.households.model import BUILDING_KINDS, Building

LONGEST_NAME = 100
MOST_FLOORS = 200


class BuildingExists(Conflict):
    """Another building stands at the address."""

    code = "building_exists"


class BuildingClosed(Conflict):
    """The building is no more."""

    code = "not_current"


@dataclass(frozen=True, slots=True)
class BuildingRecord:
    """A building with the place of its address; `lon, lat` are degrees in EPSG:4490."""

    id: str
    kind: str
    name: str | None
    floors: int | None
    address_code: str
    address: str
    village_code: str
    grid_code: str | None
    lon: float
    lat: float
    status: str
    row_version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class BuildingState:
    """What is said of a building."""

    address_code: str
    kind: str = "house"
    name: str | None = None
    floors: int | None = None


def get_building(session: Session, building_id: str) -> BuildingRecord:
    """One building, closed or not. Raises NotFound."""
    row = queries.find_building(session, building_id)
    if row is None:
        raise NotFound(f"There is no building {building_id}.")
    return _record(*row)


def list_buildings(
    session: Session,
    *,
    prefixes: Sequence[str] = ("",),
    address_code: str | None = None,
    kind: str | None = None,
    words: str | None = None,
    status: str | None = "current",
    cursor: str | None = None,
    limit: int,
) -> list[BuildingRecord]:
    """Buildings by id, a page: those within, at an address, of a kind, with words in their name, of a status."""
    stmt = queries.buildings_within(queries.select_buildings(status), prefixes)
    if address_code is not None:
        stmt = queries.at_address(stmt, address_code)
    if kind is not None:
        stmt = queries.of_kind(stmt, kind)
    if words is not None:
        stmt = queries.called(stmt, words)
    return [_record(*row) for row in queries.page(session, stmt, cursor, limit)]


def create_building(session: Session, actor: Actor, state: BuildingState) -> BuildingRecord:
    """Enters a building under a new id. Raises InvalidInput, BuildingExists, Forbidden outside the scope."""
    check_state(state)
    _check_address(session, actor, state.address_code)
    county = state.address_code[1:7]
    (building_id,) = take_ids(session, county, "B", 1)
    row = Building(county_code=county, id=building_id, address_code=state.address_code)
    row.kind, row.name, row.floors = state.kind, state.name, state.floors
    session.add(row)
    keep_rows(session, actor.caller.name, "create", Building, [building_id])
    _tell(session, "create", [building_id])
    return get_building(session, building_id)


def change_building(
    session: Session, actor: Actor, building_id: str, given: Mapping[str, Any], expected: int | None = None
) -> BuildingRecord:
    """Corrects a building. Raises what `create_building` raises, RowChanged, BuildingClosed."""
    row = _locked(session, actor, building_id, expected)
    if row.status != "current":
        raise BuildingClosed(f"{building_id} is closed; enter a new building instead.")
    state = BuildingState(row.address_code, row.kind, row.name, row.floors)
    wanted = BuildingState(**{name: given.get(name, getattr(state, name)) for name in BuildingState.__slots__})
    check_state(wanted)
    if wanted == state:
        return get_building(session, building_id)
    if wanted.address_code != state.address_code:
        if wanted.address_code[1:7] != building_id[1:7]:
            message = f"{wanted.address_code} belongs to another county"
            raise InvalidInput(message, errors=[FieldError("address_code", message)])
        _check_address(session, actor, wanted.address_code)
    _write(session, actor, "change", [row], {name: getattr(wanted, name) for name in BuildingState.__slots__})
    return get_building(session, building_id)


def close_building(session: Session, actor: Actor, building_id: str, expected: int | None = None) -> BuildingRecord:
    """Ends a building; its id stays and says so."""
    row = _locked(session, actor, building_id, expected)
    if row.status == "current":
        _write(session, actor, "close", [row], {"status": "closed"})
    return get_building(session, building_id)


def close_buildings(session: Session, actor: Actor, ids: Sequence[str]) -> None:
    """Ends buildings whose address ends."""
    _write(session, actor, "close", queries.buildings_by_id(session, ids), {"status": "closed"})


def move_buildings(session: Session, actor: Actor, ids: Sequence[str], into: str) -> None:
    """Gives buildings another address, which has none."""
    _write(session, actor, "merge", queries.buildings_by_id(session, ids), {"address_code": into})


def by_ids(session: Session, ids: Sequence[str]) -> dict[str, BuildingRecord]:
    """Those of the ids that are buildings, closed or not."""
    return {row[0].id: _record(*row) for row in queries.with_addresses(session, ids)}


def at_addresses(session: Session, address_codes: Sequence[str]) -> list[BuildingRecord]:
    """The current building of each of some addresses."""
    found = [building.id for building in queries.current_at(session, address_codes)]
    return list(by_ids(session, found).values())


def enter_all(session: Session, actor: Actor, states: Sequence[BuildingState]) -> list[str]:
    """Enters many buildings, whose states and addresses the caller has checked, and returns their ids in order."""
    if not states:
        return []
    ids: dict[int, str] = {}
    for county in sorted({state.address_code[1:7] for state in states}):
        places = [place for place, state in enumerate(states) if state.address_code[1:7] == county]
        ids |= dict(zip(places, take_ids(session, county, "B", len(places)), strict=True))
    entered = [ids[place] for place in range(len(states))]
    rows = [(i[1:7], i, s.address_code, s.kind, s.name, s.floors) for i, s in zip(entered, states, strict=True)]
    copy_rows(session, "building", ("county_code", "id", "address_code", "kind", "name", "floors"), rows)
    keep_rows(session, actor.caller.name, "import", Building, entered)
    _tell(session, "import", entered)
    return entered


def correct_all(session: Session, actor: Actor, states: Mapping[str, BuildingState]) -> None:
    """Puts checked states in the place of what known buildings are, by id."""
    rows = {row.id: row for row in queries.buildings_by_id(session, list(states))}
    for building_id, state in states.items():
        values = {name: getattr(state, name) for name in BuildingState.__slots__}
        _write(session, actor, "import", [rows[building_id]], values)


def check_state(state: BuildingState) -> None:
    """Raises InvalidInput for a kind, a number of floors or a name that can't be."""
    if state.kind not in BUILDING_KINDS:
        raise _refused("kind", f"there is no kind {state.kind[:20]!r}; there are {', '.join(BUILDING_KINDS)}")
    if state.floors is not None and not 1 <= state.floors <= MOST_FLOORS:
        raise _refused("floors", f"{state.floors} is no number of floors")
    if state.name is not None and not 1 <= len(state.name) <= LONGEST_NAME:
        raise _refused("name", f"1 to {LONGEST_NAME} characters are wanted")


def _check_address(session: Session, actor: Actor, address_code: str) -> None:
    address = get_address(session, address_code)
    check_scope(actor.caller, address.place)
    if address.status != "current":
        where = f"it was merged into {address.merged_into}" if address.merged_into else "it was cancelled"
        raise _refused("address_code", f"{address_code} is no current address: {where}")
    there = queries.current_at(session, [address_code])
    if there:
        message = f"{there[0].id} stands at {address_code} already; an address has at most one building"
        raise BuildingExists(f"{message}.", errors=[FieldError("address_code", there[0].id, "duplicate")])


def _locked(session: Session, actor: Actor, building_id: str, expected: int | None) -> Building:
    found = queries.find_building(session, building_id)
    place = building_id[1:7] if found is None else found[1].grid_code or found[1].village_code
    check_scope(actor.caller, place)
    row = queries.lock_building(session, building_id)
    if row is None:
        raise NotFound(f"There is no building {building_id}.")
    check_unchanged(expected, row.row_version, building_id)
    return row


def _write(session: Session, actor: Actor, action: str, rows: Sequence[Building], values: Mapping[str, Any]) -> None:
    if not rows:
        return
    ids = [row.id for row in rows]
    keep_known(session, Building, ids)
    for row in rows:
        for name, value in values.items():
            setattr(row, name, value)
        row.row_version += 1
        row.updated_at = func.now()  # the database's clock
    session.flush()
    keep_rows(session, actor.caller.name, action, Building, ids)
    _tell(session, action, ids)
    for row in rows:
        session.refresh(row)


def _tell(session: Session, action: str, ids: Sequence[str]) -> None:
    append_event(session, "buildings", {"action": action, "buildings": list(ids)}, county_code=ids[0][1:7])


def _record(building: Building, address: Address) -> BuildingRecord:
    lon, lat = stored_lonlat(address)
    return BuildingRecord(
        id=building.id,
        kind=building.kind,
        name=building.name,
        floors=building.floors,
        address_code=building.address_code,
        address=address.label,
        village_code=address.village_code if address.grid_code is None else address.grid_code[:12],
        grid_code=address.grid_code,
        lon=lon,
        lat=lat,
        status=building.status,
        row_version=building.row_version,
        updated_at=building.updated_at,
    )


def _refused(where: str, message: str) -> InvalidInput:
    return InvalidInput(f"{where}: {message}", errors=[FieldError(where, message)])
