"""Many officers, pairs and posts at once, as files bring them: written by COPY, each with its history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from gridmap.contacts import bulk_queries as queries
from gridmap.contacts.model import DutyPost, Officer
from gridmap.contacts.rules import FIELDS
from gridmap.db.copying import copy_rows
from gridmap.db.history import keep_known, keep_rows
from gridmap.db.ids import take_ids
from gridmap.db.rewriting import rewrite_rows

_OFFICER_COLUMNS = ("county_code", "id", *FIELDS, "status")
POST_FIELDS = ("grid_code", "task", "holder_county_code", "holder_id")
_POST_COLUMNS = ("county_code", "id", *POST_FIELDS, "status")
_PAIR_COLUMNS = ("county_code", "household_id", "rank", "officer_county_code", "officer_id", "tier", "reason")
SAME_VILLAGE, SAME_TOWNSHIP, SAME_COUNTY, ELSEWHERE = range(4)


@dataclass(slots=True)
class RegisterState:
    """A whole officer or post by the names of its columns; `id` is None for one that is not in the register yet."""

    id: str | None
    values: dict[str, Any]
    status: str = "current"


@dataclass(frozen=True, slots=True)
class PairState:
    """An officer who looks after a household, in which place."""

    household: str
    rank: int
    officer: str
    tier: int
    reason: str


@dataclass(frozen=True, slots=True)
class HouseholdPlace:
    """Where a current household is: the village, and the grid where there is one."""

    village_code: str
    grid_code: str | None


def officers_by_id(session: Session, ids: Iterable[str]) -> dict[str, RegisterState]:
    """Those of the ids that are officers, retired ones included."""
    return {row.id: _officer(row) for row in queries.officer_rows(session, ids=sorted(set(ids)))}


def officers_named(session: Session, names: Iterable[str]) -> dict[str, list[RegisterState]]:
    """The officers in office of some names."""
    found: dict[str, list[RegisterState]] = {}
    for row in queries.officer_rows(session, names=sorted(set(names))):
        found.setdefault(row.name, []).append(_officer(row))
    return found


def enter_officers(session: Session, actor: str, states: Sequence[RegisterState]) -> list[str]:
    """Enters new officers, each in the county where he works; returns their ids."""
    _number(session, "P", states, "work_code")
    copy_rows(session, "officer", _OFFICER_COLUMNS, (_row(state, FIELDS) for state in states))
    return _keep(session, actor, Officer, states)


def correct_officers(session: Session, actor: str, states: Sequence[RegisterState]) -> list[str]:
    """Puts states in the place of what known officers are; returns their ids."""
    keep_known(session, Officer, [state.id or "" for state in states])
    rewrite_rows(session, Officer, _OFFICER_COLUMNS, (_row(state, FIELDS) for state in states))
    return _keep(session, actor, Officer, states)


def posts_in(session: Session, grids: Iterable[str]) -> dict[tuple[str, str], RegisterState]:
    """The current posts of some grids, by grid and task."""
    rows = queries.post_rows(session, sorted(set(grids)))
    states = (RegisterState(row.id, {name: getattr(row, name) for name in POST_FIELDS}) for row in rows)
    return {(state.values["grid_code"], state.values["task"]): state for state in states}


def write_posts(session: Session, actor: str, states: Sequence[RegisterState]) -> list[str]:
    """Enters posts without an id and corrects the others; returns all their ids."""
    new, known = [s for s in states if s.id is None], [s for s in states if s.id is not None]
    _number(session, "D", new, "grid_code")
    copy_rows(session, "duty_post", _POST_COLUMNS, (_row(state, POST_FIELDS) for state in new))
    written = _keep(session, actor, DutyPost, new) if new else []
    if known:
        keep_known(session, DutyPost, [state.id or "" for state in known])
        rewrite_rows(session, DutyPost, _POST_COLUMNS, (_row(state, POST_FIELDS) for state in known))
        written += _keep(session, actor, DutyPost, known)
    return written


def pairs_of(session: Session, households: Iterable[str]) -> dict[str, dict[int, PairState]]:
    """The pairs of some households, by household and rank."""
    found: dict[str, dict[int, PairState]] = {}
    for row in queries.pair_rows(session, sorted(set(households))):
        found.setdefault(row[0], {})[row[1]] = PairState(*row)
    return found


def forbidden_to(session: Session, households: Iterable[str]) -> set[tuple[str, str]]:
    """The pairs of household and officer that are forbidden to some households."""
    return {(row[0], row[1]) for row in queries.forbidden_rows(session, sorted(set(households)))}


def places_of(session: Session, households: Iterable[str]) -> dict[str, HouseholdPlace]:
    """Those of some ids that are current households, and where they are."""
    rows = queries.household_places(session, sorted(set(households)))
    return {row[0]: HouseholdPlace(row[2][:12] if row[2] else row[1], row[2]) for row in rows}


def write_pairs(session: Session, by: str, states: Sequence[PairState]) -> None:
    """Puts pairs in the place of those of the same household and rank, which are kept as pairs that were."""
    queries.drop_pairs(session, [state.household for state in states], [state.rank for state in states], by)
    rows = (
        (s.household[1:7], s.household, s.rank, s.officer[1:7], s.officer, s.tier, s.reason)
        for s in sorted(states, key=lambda state: (state.household, state.rank))
    )
    copy_rows(session, "contact_pair", _PAIR_COLUMNS, rows)


def overloaded(session: Session, officers: Iterable[str]) -> list[tuple[str, int, int]]:
    """Those of some officers with more first contacts than they can take: id, first contacts, capacity."""
    return [(row[0], row[1], row[2]) for row in queries.overloaded(session, sorted(set(officers)))]


def tier_of(home: str, village: str) -> int:
    """How near an officer was born to a village: in it, in its township, in its county, elsewhere (出生地优先).

    >>> tier_of("623022101200", "623022101200"), tier_of("623022101", "623022101200"), tier_of("62", "623022101200")
    (0, 1, 3)
    """
    if home == village:
        return SAME_VILLAGE
    if len(home) >= 9 and home[:9] == village[:9]:
        return SAME_TOWNSHIP
    return SAME_COUNTY if len(home) >= 6 and home[:6] == village[:6] else ELSEWHERE


def _number(session: Session, letter: str, states: Sequence[RegisterState], place: str) -> None:
    by_county: dict[str, list[RegisterState]] = {}
    for state in states:
        by_county.setdefault(state.values[place][:6], []).append(state)
    for county, new in sorted(by_county.items()):
        for state, record_id in zip(new, take_ids(session, county, letter, len(new)), strict=True):
            state.id = record_id


def _row(state: RegisterState, fields: Sequence[str]) -> tuple[Any, ...]:
    record_id = state.id or ""
    return (record_id[1:7], record_id, *(state.values[field] for field in fields), state.status)


def _keep(
    session: Session, actor: str, table: type[Officer] | type[DutyPost], states: Sequence[RegisterState]
) -> list[str]:
    ids = [state.id or "" for state in states]
    keep_rows(session, actor, "import", table, ids)
    return ids


def _officer(row: Any) -> RegisterState:
    values: Mapping[str, Any] = {field: getattr(row, field) for field in FIELDS}
    return RegisterState(row.id, dict(values), row.status)
