"""The end of an address: cancelled when nobody lives there, or merged into another, and what stands there follows."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.addresses import register
from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.record import AddressRecord
from gridmap.addresses.register import AddressChange, NotCurrent, end_cancelled, end_merged, get_address, locked
from gridmap.db.history import keeping
from gridmap.errors import Conflict, FieldError, InvalidInput
from gridmap.households import door_queries as queries
from gridmap.households.buildings import close_buildings, move_buildings
from gridmap.households.model import Household
from gridmap.households.queries import nearest_group
from gridmap.sentences import say

_ENDED = {"merged": say("merged", "merged"), "cancelled": say("cancelled", "cancelled")}
_TOLD_HOUSEHOLDS = 5


class HasHouseholds(Conflict):
    """Households live at the address that somebody wants to end."""

    code = "has_households"


@dataclass(frozen=True, slots=True)
class Merged:
    """The address that is left, and what came to it from the other."""

    address: AddressRecord
    households: Sequence[str]
    buildings: Sequence[str]
    closed_buildings: Sequence[str]


def change_address(
    session: Session, actor: Actor, gazetteer: Gazetteer, code: str, given: AddressChange, expected: int | None = None
) -> AddressRecord:
    """Corrects an address; who lives there comes into a group of the grid where the door stands now.

    Raises what `register.change_address` raises.
    """
    changed = register.change_address(session, actor, gazetteer, code, given, expected)
    groups_follow(session, actor, [code])
    return changed


def groups_follow(session: Session, actor: Actor, address_codes: Sequence[str]) -> list[str]:
    """Gives households at doors that came into another grid the group of their nearest neighbour there.

    Without one, and outside every grid, they have none until somebody gives them one. Returns their ids.
    """
    moved = queries.in_another_grid(session, address_codes) if address_codes else []
    ids = [household.id for household, _ in moved]
    if not ids:
        return []
    with keeping(session, actor.caller.name, "regroup", Household, ids):
        for household, address in moved:
            household.group_code = nearest_group(session, address, household.id) if address.grid_code else None
            household.row_version += 1
            household.updated_at = func.now()
    audit.record(session, actor, "household.move", ids)
    return ids


def cancel_address(
    session: Session, actor: Actor, code: str, why: str | None = None, expected: int | None = None
) -> AddressRecord:
    """Ends an address that is no more, and the building there. The code stays and says so.

    Raises HasHouseholds while somebody lives there, RowChanged, NotCurrent for a merged one.
    """
    row = locked(session, actor, code, expected)
    if row.status == "cancelled":
        return get_address(session, code)
    if row.status == "merged":
        raise NotCurrent(
            say("merged_already", "{code} was merged into {into} and is no more.", code=code, into=row.merged_into)
        )
    _check_empty(session, code)
    close_buildings(session, actor, [building.id for building in queries.current_at(session, [code])])
    end_cancelled(session, actor, row, why)
    return get_address(session, code)


def merge_address(session: Session, actor: Actor, code: str, into: str, expected: int | None = None) -> Merged:
    """Makes one door of two: households, building and other names of `code` go to `into`; the old code leads there.

    Where both have a building, that of `code` is closed. Raises InvalidInput for the same or another county's address,
    NotCurrent when one of them has ended, RowChanged for an older reading of `code`.
    """
    _check_pair(code, into)
    # In one order for everybody, so that two who merge the same doors can't wait for each other.
    rows = {each: locked(session, actor, each, expected if each == code else None) for each in sorted((code, into))}
    for row in rows.values():
        if row.status != "current":
            raise NotCurrent(
                say(
                    "merges_current_only",
                    "{code} is {status}; only two current addresses can be merged.",
                    code=row.code,
                    status=_ENDED[row.status],
                )
            )
    moved = _move_households(session, actor, code, into)
    groups_follow(session, actor, [into])
    took, closed = _take_building(session, actor, code, into)
    end_merged(session, actor, rows[code], rows[into])
    return Merged(get_address(session, into), moved, took, closed)


def _check_pair(code: str, into: str) -> None:
    if code == into:
        message = say("merge_itself", "an address can't be merged into itself")
        raise InvalidInput(message, errors=[FieldError("into", message)])
    if code[1:7] != into[1:7]:
        message = say(
            "merge_other_county", "{into} belongs to another county, and a code stays in its county", into=into
        )
        raise InvalidInput(message, errors=[FieldError("into", message)])


def _check_empty(session: Session, code: str) -> None:
    living = queries.living_at(session, code)
    if living:
        named = ", ".join(living[:_TOLD_HOUSEHOLDS]) + (" …" if len(living) > _TOLD_HOUSEHOLDS else "")
        message = say(
            "still_lived_at",
            "households still live at {code} ({count}): {named}; "
            "move or close them first, or merge the address into the one where they are.",
            count=len(living),
            code=code,
            named=named,
        )
        raise HasHouseholds(message, errors=[FieldError("code", one, "household") for one in living])


def _move_households(session: Session, actor: Actor, code: str, into: str) -> Sequence[str]:
    ids = queries.ever_at(session, code)
    if ids:
        with keeping(session, actor.caller.name, "merge", Household, ids):
            queries.move_households(session, ids, into)
        audit.record(session, actor, "household.move", ids)
    return ids


def _take_building(session: Session, actor: Actor, code: str, into: str) -> tuple[Sequence[str], Sequence[str]]:
    """The building of an address at the other; closed where that one has one already."""
    mine = [building.id for building in queries.current_at(session, [code])]
    if queries.current_at(session, [into]):
        close_buildings(session, actor, mine)
        return (), mine
    move_buildings(session, actor, mine, into)
    return mine, ()
