"""Many households at once, as files bring them: written by COPY, each with its history."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from gridmap.db.copying import copy_rows
from gridmap.db.history import keep_rows, keeping
from gridmap.db.ids import take_ids
from gridmap.db.rewriting import rewrite_rows
from gridmap.households import queries
from gridmap.households.model import Household
from gridmap.households.rules import FIELDS

_COLUMNS = ("county_code", "id", *FIELDS, "status")


@dataclass(slots=True)
class HouseholdState:
    """A whole household: `values` by `rules.FIELDS`. `id` is None for one that is not in the register yet."""

    id: str | None
    values: dict[str, Any]
    status: str = "current"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A current household that belongs to a group of the grid it lives in."""

    grid_code: str
    group_code: str
    lon: float
    lat: float


def known_by_id(session: Session, ids: Iterable[str]) -> dict[str, HouseholdState]:
    """Those of the ids that are households, closed ones included."""
    return {row.id: _state(row) for row in queries.household_rows(session, ids=sorted(set(ids)))}


def known_at(session: Session, addresses: Iterable[str]) -> dict[tuple[str, str], list[HouseholdState]]:
    """The current households at some addresses, by address and head's name."""
    found: dict[tuple[str, str], list[HouseholdState]] = {}
    for row in queries.household_rows(session, addresses=sorted(set(addresses))):
        found.setdefault((row.address_code, row.head_name), []).append(_state(row))
    return found


def neighbours_in(session: Session, grids: Iterable[str]) -> list[Neighbour]:
    """The members of groups in some grids."""
    return [Neighbour(*row) for row in queries.group_members(session, sorted(set(grids)))]


def enter(session: Session, actor: str, states: Sequence[HouseholdState]) -> list[str]:
    """Enters new households, ids given in their order within each county; returns the ids."""
    by_county: dict[str, list[HouseholdState]] = {}
    for state in states:
        by_county.setdefault(state.values["address_code"][1:7], []).append(state)
    for county, new in sorted(by_county.items()):
        for state, household_id in zip(new, take_ids(session, county, "H", len(new)), strict=True):
            state.id = household_id
    copy_rows(session, "household", _COLUMNS, map(_row, states))
    ids = [state.id or "" for state in states]
    keep_rows(session, actor, "import", Household, ids)
    return ids


def correct(session: Session, actor: str, states: Sequence[HouseholdState]) -> list[str]:
    """Puts states in the place of what known households are; returns their ids."""
    ids = [state.id or "" for state in states]
    with keeping(session, actor, "import", Household, ids):
        rewrite_rows(session, Household, _COLUMNS, map(_row, states))
    return ids


def count_in(session: Session, counties: Iterable[str]) -> tuple[int, int]:
    """How many current households and persons some counties have."""
    return queries.count_in_counties(session, sorted(set(counties)))


def _row(state: HouseholdState) -> tuple[Any, ...]:
    household_id = state.id or ""
    return (household_id[1:7], household_id, *(state.values[field] for field in FIELDS), state.status)


def _state(row: Any) -> HouseholdState:
    return HouseholdState(row.id, {field: getattr(row, field) for field in FIELDS}, row.status)
