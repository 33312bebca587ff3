"""A plan as its reviewer reads it: the missed, whom every door loses and gains, and the whole register as a table.

Everything is masked, by scope, and leaves a record.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.masking import mask_name
from gridmap.contacts import queries as officers
from gridmap.contacts.model import Officer
from gridmap.contacts.plans import service, sheet_queries
from gridmap.contacts.plans.sheet_queries import SheetAsked


@dataclass(frozen=True, slots=True)
class Named:
    """An officer, masked."""

    id: str
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Door:
    """A household, masked, and where it lives."""

    id: str
    head: str
    address: str
    grid_code: str | None


@dataclass(frozen=True, slots=True)
class Move:
    """One rank of a household: who has it today and who would have it."""

    rank: int
    tier: int
    former: Named | None
    officer: Named
    reason: str
    reason_en: str
    distance_m: int | None


@dataclass(frozen=True, slots=True)
class ChangedDoor:
    """A household whose contacts change."""

    door: Door
    moves: list[Move]


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Some changed households, how many pairs change in all that was asked for, and whether more follow."""

    doors: list[ChangedDoor]
    pairs: int
    more: bool


@dataclass(frozen=True, slots=True)
class OfficerSheet:
    """Whom an officer gains and loses at a rank: how many, and some of them."""

    officer: Named
    rank: int
    gained: int
    lost: int
    gains: list[Door]
    loses: list[Door]


@dataclass(frozen=True, slots=True)
class MissedDoor:
    """A household without a first contact, why, and who it was until now."""

    door: Door
    kind: str
    reason: str
    reason_en: str
    former: Named | None


REGISTER_COLUMNS = (
    "household", "head", "address", "grid_code", "first", "first_name", "first_unit", "tier", "distance_m", "reason",
    "former", "backup", "backup_name", "backup_unit", "missed",
)  # fmt: skip


def list_changes(session: Session, actor: Actor, plan_id: int, asked: SheetAsked, limit: int) -> ChangePage:
    """Households whose pairs change, by id. Raises NotFound, Forbidden outside the caller's scope."""
    service.get_plan(session, actor.caller, plan_id)
    found = sheet_queries.changes(session, plan_id, asked, limit + 1)
    # A household is never torn in two: what follows a full page begins with the next one.
    whole = [list(rows) for _, rows in groupby(found, key=lambda row: row[0].household_id)]
    more = len(found) > limit and len(whole) > 1
    shown = [_changed(rows) for rows in (whole[:-1] if more else whole)]
    _record(session, actor, plan_id, [changed.door.id for changed in shown])
    return ChangePage(shown, sheet_queries.count_changes(session, plan_id, asked), more)


def list_officers(session: Session, actor: Actor, plan_id: int, asked: SheetAsked) -> list[OfficerSheet]:
    """Who gains and loses most first; at most twenty households of each are named. Raises NotFound, Forbidden."""
    service.get_plan(session, actor.caller, plan_id)
    found = service.list_officer_changes(session, plan_id, asked.within)
    rows = [row for row in found if asked.officer in {None, row.officer} and asked.rank in {None, row.rank}]
    shown = rows[:_OFFICERS]
    doors = _doors(session, {name for row in shown for name in (*row.gains, *row.loses)})
    named = _named(session, {row.officer for row in shown})
    _record(session, actor, plan_id, sorted(doors))
    return [
        OfficerSheet(
            named[row.officer],
            row.rank,
            row.gained,
            row.lost,
            [doors[name] for name in row.gains if name in doors],
            [doors[name] for name in row.loses if name in doors],
        )
        for row in shown
        if row.officer in named
    ]


_OFFICERS = 200


def list_missed(session: Session, actor: Actor, plan_id: int) -> list[MissedDoor]:
    """The households without a first contact, with the reason. Raises NotFound, Forbidden."""
    missed = service.get_plan(session, actor.caller, plan_id).missed
    doors = _doors(session, {entry["household"] for entry in missed})
    named = _named(session, {entry["former"] for entry in missed if entry["former"]})
    _record(session, actor, plan_id, sorted(doors))
    return [
        MissedDoor(
            doors[entry["household"]],
            entry["kind"],
            entry["reason"],
            entry["reason_en"],
            named.get(entry["former"] or ""),
        )
        for entry in missed
        if entry["household"] in doors
    ]


def register_rows(session: Session, actor: Actor, plan_id: int) -> Iterator[tuple[object, ...]]:
    """The whole register as the plan leaves it, a row a household in `REGISTER_COLUMNS`: first the missed."""
    for missed in list_missed(session, actor, plan_id):
        former = missed.former.id if missed.former else ""
        yield (*_door_cells(missed.door), *("",) * 6, former, "", "", "", missed.reason)
    for pair, head, label, grid, officer, second, other in sheet_queries.register(session, plan_id):
        door = Door(pair.household_id, mask_name(head), label, grid)
        first = (officer.id, mask_name(officer.name), officer.unit, pair.tier, pair.distance_m, pair.reason)
        backup = ("", "", "") if second is None else (other.id, mask_name(other.name), other.unit)
        yield (*_door_cells(door), *first, pair.former_officer_id or "", *backup, "")


def _door_cells(door: Door) -> tuple[object, ...]:
    return door.id, door.head, door.address, door.grid_code or ""


def _changed(rows: Sequence[Any]) -> ChangedDoor:
    pair, head, name, label, grid, *_ = rows[0]
    return ChangedDoor(Door(pair.household_id, name or mask_name(head), label, grid), [_move(row) for row in rows])


def _move(row: Any) -> Move:
    pair, officer, former = row[0], row[5], row[6]
    who = None if former is None else _masked(former)
    return Move(pair.rank, pair.tier, who, _masked(officer), pair.reason, pair.reason_en, pair.distance_m)


def _masked(officer: Officer) -> Named:
    return Named(officer.id, mask_name(officer.name), officer.unit)


def _doors(session: Session, ids: set[str]) -> dict[str, Door]:
    found = sheet_queries.doors(session, sorted(ids)) if ids else {}
    return {name: Door(name, mask_name(row[1]), row[2], row[3]) for name, row in found.items()}


def _named(session: Session, ids: set[str]) -> dict[str, Named]:
    found = officers.officers_by_id(session, sorted(ids)) if ids else []
    return {officer.id: _masked(officer) for officer in found}


def _record(session: Session, actor: Actor, plan_id: int, ids: Sequence[str]) -> None:
    audit.record(session, actor, "pair_plan.review", [service.subject(plan_id), *ids])
