"""The register of shelters: what is known of them, and writing it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from sqlalchemy import func
from sqlalchemy.orm import Session

from gridmap.db.geometry import from_shapely, to_shapely
from gridmap.db.history import states_at
from gridmap.db.ids import take_ids
from gridmap.preplans import queries
from gridmap.preplans.model import Shelter


@dataclass(frozen=True, slots=True)
class ShelterState:
    """What is true of a shelter; `id` is None for one that is not in the register yet."""

    id: str | None
    name: str
    name_bo: str | None
    kind: str
    village_code: str
    address_code: str | None
    point: shapely.Point
    capacity: int


def in_villages(session: Session, villages: Iterable[str]) -> list[ShelterState]:
    """The shelters in use of some villages, by id."""
    found = queries.shelters_in_villages(session, sorted(set(villages)))
    return [state_of(shelter) for shelter in found if shelter.status == "current"]


def list_within(session: Session, prefixes: Sequence[str], at: datetime | None = None) -> list[ShelterState]:
    """The shelters in use in villages under some prefixes, by id, now or as they were at a time."""
    if at is None:
        return [state_of(shelter) for shelter in queries.list_shelters(session, prefixes, None, None, None)]
    then = [row for row in states_at(session, Shelter, "S", at) if row["status"] == "current"]
    return [_state_then(row) for row in then if row["village_code"].startswith(tuple(prefixes))]


def _state_then(row: Mapping[str, Any]) -> ShelterState:
    told = {name: row[name] for name in ("id", "name", "name_bo", "kind", "village_code", "address_code", "capacity")}
    return ShelterState(**told, point=shapely.Point(row["point"]["coordinates"]))


def by_ids(session: Session, ids: Iterable[str]) -> dict[str, ShelterState]:
    """Those of the ids that are shelters in use."""
    found = queries.shelters_by_id(session, sorted(set(ids)))
    return {shelter.id: state_of(shelter) for shelter in found if shelter.status == "current"}


def record_shelter(session: Session, state: ShelterState) -> str:
    """Writes a shelter, a new one under an id of its own, and returns the id."""
    values = {
        "name": state.name,
        "name_bo": state.name_bo,
        "kind": state.kind,
        "village_code": state.village_code,
        "address_code": state.address_code,
        "point": from_shapely(state.point),
        "capacity": state.capacity,
    }
    if state.id is None:
        (shelter_id,) = take_ids(session, state.village_code[:6], "S", 1)
        session.add(Shelter(county_code=state.village_code[:6], id=shelter_id, **values))
        session.flush()
        return shelter_id
    (shelter,) = queries.shelters_by_id(session, [state.id])
    for name, value in values.items():
        setattr(shelter, name, value)
    shelter.row_version += 1
    shelter.updated_at = func.now()  # the database's clock
    session.flush()
    return state.id


def state_of(shelter: Shelter) -> ShelterState:
    """What is true of a shelter in the register."""
    point = to_shapely(shelter.point)
    if not isinstance(point, shapely.Point):
        raise TypeError(f"a point column held a {point.geom_type}")
    return ShelterState(
        shelter.id,
        shelter.name,
        shelter.name_bo,
        shelter.kind,
        shelter.village_code,
        shelter.address_code,
        point,
        shelter.capacity,
    )
