"""Daily upkeep of households: births, moves, new phones, new and closed ones; every write is kept and recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.masking import mask_name, mask_phone
from gridmap.access.rights import MASKED, Unmasking, check_scope, check_unmasking
from gridmap.addresses.model import Address
from gridmap.db.history import Revision, check_unchanged, keep_known, keep_rows, keeping, list_states
from gridmap.db.ids import take_ids
from gridmap.db.versions import append_event
from gridmap.errors import Conflict, FieldError, InvalidInput, NotFound
from gridmap.grids import service as grids
from gridmap.households import queries, rules
from gridmap.households.model import NEEDS, Household
from gridmap.households.service import HouseholdRecord, place_of, record_of
from gridmap.sentences import say


@dataclass(frozen=True, slots=True)
class Changed:
    """One field before and after, masked. `follows` is true of what came with another field: the grid with the door."""

    field: str
    before: Any
    after: Any
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A household after a write, and what the write changed; nothing when it said what was known."""

    household: HouseholdRecord
    changes: list[Changed]


def create_household(session: Session, actor: Actor, given: Mapping[str, Any]) -> Kept:
    """Enters a household at an address. Its group is the given one, else that of its nearest neighbour in the grid.

    Raises InvalidInput by field, Forbidden when the address lies outside the scope.
    """
    values, errors = rules.clean({**_BLANK, **given})
    address = _address(session, actor, values["address_code"])
    errors += rules.check(values)
    _settle_group(session, "", values, address, errors, asked="group_code" in given)
    _refuse(errors)
    (household_id,) = take_ids(session, address.county_code, "H", 1)
    session.add(Household(county_code=address.county_code, id=household_id, **values))
    _keep(session, actor, "create", household_id)
    return _kept(session, household_id, [Changed(field, None, value) for field, value in _shown(values).items()])


def change_household(
    session: Session, actor: Actor, household_id: str, given: Mapping[str, Any], expected: int | None
) -> Kept:
    """Changes the given fields, `status: current` opening a closed one again; grid and group follow another address.

    A masked name or phone as it is shown leaves the known one as it is. Raises RowChanged when the row is not at the
    expected version, InvalidInput by field, Conflict for a closed household, NotFound, Forbidden outside the scope.
    """
    household = _locked(session, actor, household_id, expected)
    if household.status == "closed" and given.get("status") != "current":
        raise Conflict(
            say("household_is_closed", "Household {id} is closed; open it again with status current.", id=household_id)
        )
    values, errors = rules.clean(_without_masked(household, given))
    after = {field: getattr(household, field) for field in rules.FIELDS} | values
    named = {error.where for error in errors}
    errors += [error for error in rules.check(after) if error.where not in named]
    if {"address_code", "group_code"} & values.keys():
        _settle_place(session, actor, household, after, errors, asked="group_code" in values)
    _refuse(errors)
    return _write(session, actor, household, {**after, "status": "current"}, "change")


def close_household(session: Session, actor: Actor, household_id: str, expected: int | None) -> Kept:
    """Closes a household; its row and history stay. One that is closed already is left as it is."""
    household = _locked(session, actor, household_id, expected)
    return _write(session, actor, household, {"status": "closed"}, "close")


def assign_groups(session: Session, actor: Actor, groups: Mapping[str, str]) -> None:
    """Puts households of one county into the groups of their grid, with history. The caller has checked both."""
    ids = sorted(groups)
    if not ids:
        return
    with keeping(session, actor.caller.name, "change", Household, ids):
        queries.set_groups(session, groups)
    audit.record(session, actor, "household.change", ids)
    append_event(session, "households", {"action": "change", "ids": ids}, county_code=ids[0][1:7])


def get_history(
    session: Session, actor: Actor, household_id: str, unmasking: Unmasking = MASKED
) -> list[tuple[Revision, dict[str, Any]]]:
    """What a household was after each write, the oldest first, with its fields masked like the household; audited.

    Raises NotFound, Forbidden outside the scope or right. One that was never written is told as it is.
    """
    check_unmasking(actor.caller, unmasking)
    _check_place(session, actor, household_id)
    audit.record(
        session, actor, "household.history", [household_id], unmasked=unmasking.fields, purpose=unmasking.purpose
    )
    states = list_states(session, Household, household_id)
    return [(state, _shown(state.row, unmasking)) for state in states]


_BLANK: dict[str, Any] = {
    "kind": "family", "name": None, "group_code": None, "head_phone": None, **dict.fromkeys(NEEDS, 0),
}  # fmt: skip


def _check_place(session: Session, actor: Actor, household_id: str) -> None:
    row = queries.find_household(session, household_id)
    check_scope(actor.caller, household_id[1:7] if row is None else place_of(row))
    if row is None:
        raise NotFound(f"There is no household {household_id}.")


def _locked(session: Session, actor: Actor, household_id: str, expected: int | None) -> Household:
    """The row for writing. The scope comes first: whether there is such a household is told only inside."""
    _check_place(session, actor, household_id)
    household = queries.lock_household(session, household_id)
    if household is None:
        raise NotFound(f"There is no household {household_id}.")
    check_unchanged(expected, household.row_version, f"Household {household_id}")
    return household


def _without_masked(household: Household, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields to write: what is shown masked says nothing when it comes back as it was shown."""
    shown = {"head_name": mask_name(household.head_name), "head_phone": mask_phone(household.head_phone)}
    return {
        field: value
        for field, value in given.items()
        if field != "status" and not (field in shown and value is not None and value == shown[field])
    }


def _address(session: Session, actor: Actor, code: str) -> Address:
    """A current address in the scope."""
    address = queries.find_address(session, code)
    place = code[1:7] if address is None else address.grid_code or address.village_code
    check_scope(actor.caller, place)
    if address is None or address.status != "current":
        message = say("address_not_now", "there is no such address now; enter it first")
        raise InvalidInput(f"address_code: {message}", errors=[FieldError("address_code", message, "unknown")])
    return address


def _settle_place(
    session: Session,
    actor: Actor,
    household: Household,
    after: dict[str, Any],
    errors: list[FieldError],
    *,
    asked: bool,
) -> None:
    """The group of a household at another address or with another group."""
    address = queries.find_address(session, household.address_code)
    if address is None or after["address_code"] != household.address_code:
        address = _address(session, actor, after["address_code"])
    if address.county_code != household.county_code:
        said = say("move_other_county", "it lies in another county: close here and enter there")
        errors.append(FieldError("address_code", said))
    _settle_group(session, household.id, after, address, errors, asked=asked)


def _settle_group(
    session: Session,
    household_id: str,
    values: dict[str, Any],
    address: Address,
    errors: list[FieldError],
    *,
    asked: bool,
) -> None:
    """Gives a household its group: the one asked for, if in the address's grid; else its own or a neighbour's."""
    group, grid = values["group_code"], address.grid_code
    fits = group is not None and grid is not None and group.startswith(grid)
    if asked and group is not None:
        if not fits:
            said = say(
                "group_not_there", "the address lies in {grid}, and this is no group of it", grid=grid or "no grid"
            )
            errors.append(FieldError("group_code", said))
        elif grids.find_group_name(session, group) is None:
            said = say("no_group_now", "there is no household group {group} now", group=group)
            errors.append(FieldError("group_code", said, "unknown"))
    elif not asked and not fits:
        values["group_code"] = queries.nearest_group(session, address, household_id) if grid else None


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        raise InvalidInput("; ".join(f"{e.where}: {e.message}" for e in errors), errors=errors)


def _write(session: Session, actor: Actor, household: Household, after: Mapping[str, Any], action: str) -> Kept:
    before = {field: getattr(household, field) for field in after}
    changed = [field for field in after if after[field] != before[field]]
    if not changed:
        # Nothing is written, and yet the answer tells of the household.
        audit.record(session, actor, "household.read", [household.id])
        return _kept(session, household.id, [])
    was = queries.find_household(session, household.id)
    keep_known(session, Household, [household.id])
    for field in changed:
        setattr(household, field, after[field])
    household.row_version += 1
    household.updated_at = queries.now()
    _keep(session, actor, action, household.id)
    told = [
        Changed(rules.on_the_wire(f), _masked(f, before[f]), _masked(f, after[f]), follows=_follows(f, changed))
        for f in changed
    ]
    kept = _kept(session, household.id, told)
    if was is not None and "address_code" in changed:
        told += _place_changes(was.grid_code, was.village_code, kept.household)
    return kept


def _follows(field: str, changed: list[str]) -> bool:
    return field == "group_code" and "address_code" in changed


def _place_changes(grid: str | None, village: str, after: HouseholdRecord) -> list[Changed]:
    pairs = (
        ("grid_code", grid, after.grid_code),
        ("village_code", village if grid is None else grid[:12], after.village_code),
    )
    return [Changed(field, before, now, follows=True) for field, before, now in pairs if before != now]


def _keep(session: Session, actor: Actor, action: str, household_id: str) -> None:
    keep_rows(session, actor.caller.name, action, Household, [household_id])
    audit.record(session, actor, f"household.{action}", [household_id])
    append_event(session, "households", {"action": action, "ids": [household_id]}, county_code=household_id[1:7])


def _kept(session: Session, household_id: str, changes: list[Changed]) -> Kept:
    row = queries.find_household(session, household_id)
    if row is None:
        raise NotFound(f"There is no household {household_id}.")
    return Kept(record_of(row, MASKED), changes)


def _shown(values: Mapping[str, Any], unmasking: Unmasking = MASKED) -> dict[str, Any]:
    return {
        rules.on_the_wire(field): value if field.removeprefix("head_") in unmasking.fields else _masked(field, value)
        for field, value in values.items()
        if field not in {"id"}
    }


def _masked(field: str, value: Any) -> Any:
    if value is None or field not in rules.PERSONAL:
        return value
    return mask_name(value) if field == "head_name" else mask_phone(value)
