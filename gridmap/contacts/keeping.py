"""Daily upkeep of officers: new ones, moves, phones, absences, retirements, and which households that leaves alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.masking import mask_name, mask_phone
from gridmap.access.rights import MASKED, Unmasking, check_scope, check_unmasking
from gridmap.contacts import ending, posts, queries, rules
from gridmap.contacts.model import Officer
from gridmap.contacts.service import OfficerRecord, places_of, record_of
from gridmap.db.history import Revision, check_unchanged, keep_known, keep_rows, keeping, list_states
from gridmap.db.ids import take_ids
from gridmap.db.versions import append_event
from gridmap.divisions import service as divisions
from gridmap.errors import Conflict, FieldError, InvalidInput, NotFound
from gridmap.sentences import say


@dataclass(frozen=True, slots=True)
class Changed:
    """One field before and after, masked."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A household whose contact of this rank is away or gone."""

    household: str
    rank: int


@dataclass(frozen=True, slots=True)
class Consequences:
    """What an absence or a retirement leaves behind, to be solved anew for these households only.

    `elsewhere` counts pairs of households outside the caller's scope. `charges` are the grids and groups, `posts` the
    duty posts, that have nobody now.
    """

    households: list[LeftAlone] = field(default_factory=list)
    elsewhere: int = 0
    charges: list[str] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    replan_within: list[str] = field(default_factory=list)
    """The counties whose pairs want a plan."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An officer after a write, what the write changed, and what it leaves behind."""

    officer: OfficerRecord
    changes: list[Changed]
    consequences: Consequences


def create_officer(session: Session, actor: Actor, given: Mapping[str, Any]) -> Kept:
    """Enters an officer, in the county where he works. Raises InvalidInput by field, Forbidden outside the scope."""
    values, errors = rules.clean({**_BLANK, **given})
    check_scope(actor.caller, values["home_code"], values["work_code"])
    errors += rules.check(values)
    errors += check_places(session, values)
    _refuse(errors)
    county = values["work_code"][:6]
    (officer_id,) = take_ids(session, county, "P", 1)
    session.add(Officer(county_code=county, id=officer_id, **values))
    _keep(session, actor, "create", officer_id)
    changes = [Changed(name, None, value) for name, value in shown(values).items()]
    return Kept(_read(session, officer_id), changes, Consequences())


def change_officer(
    session: Session, actor: Actor, officer_id: str, given: Mapping[str, Any], expected: int | None, today: date
) -> Kept:
    """Changes the given fields, `status: current` bringing back one who had retired.

    A masked name or phone as it is shown leaves the known one as it is. An absence that is not over `today` tells which
    households are without their contact. Raises RowChanged, InvalidInput by field, Conflict for a retired one,
    NotFound, Forbidden.
    """
    officer = _locked(session, actor, officer_id, expected)
    if officer.status == "closed" and given.get("status") != "current":
        raise Conflict(
            say("officer_is_retired", "Officer {id} has retired; bring him back with status current.", id=officer_id)
        )
    values, errors = rules.clean(_without_masked(officer, given))
    after = {name: getattr(officer, name) for name in rules.FIELDS} | values
    named = {error.where for error in errors}
    errors += [error for error in rules.check(after) if error.where not in named]
    if {"home_code", "work_code"} & values.keys():
        check_scope(actor.caller, after["home_code"], after["work_code"])
    if {"home_code", "work_code", "work_address_code"} & values.keys():
        errors += check_places(session, after, officer.county_code)
    _refuse(errors)
    kept = _write(session, actor, officer, {**after, "status": "current"}, "change")
    away = officer.absent_from is not None and (officer.absent_to is None or officer.absent_to >= today)
    if away and {"status", "absent_from", "absent_to"}.intersection(change.field for change in kept.changes):
        return replace(kept, consequences=_left_alone(session, actor, officer_id))
    return kept


def retire_officer(session: Session, actor: Actor, officer_id: str, expected: int | None) -> Kept:
    """Closes an officer. His pairs, charges and posts end with it; the answer tells whom that leaves without him."""
    officer = _locked(session, actor, officer_id, expected)
    kept = _write(session, actor, officer, {"status": "closed"}, "close")
    if not kept.changes:
        return kept
    left = _left_alone(session, actor, officer_id)
    ending.end_with_officer(session, actor, officer_id)
    charges = [charge.code for charge in queries.responsibilities_of(session, officer_id)]
    for code in charges:
        queries.drop_responsibility(session, code, officer_id)
    left.charges.extend(charges)
    left.posts.extend(posts.vacate_of(session, actor, officer_id))
    return Kept(_read(session, officer_id), kept.changes, left)


def follow_address(session: Session, actor: Actor, code: str, into: str) -> Sequence[str]:
    """Lets the officers who work at an address that is merged into another work there; their ids, audited."""
    ids = queries.working_at(session, code)
    if ids:
        with keeping(session, actor.caller.name, "merge", Officer, ids):
            queries.move_work(session, ids, into)
        audit.record(session, actor, "officer.move", ids)
    return ids


def get_history(
    session: Session, actor: Actor, officer_id: str, unmasking: Unmasking = MASKED
) -> list[tuple[Revision, dict[str, Any]]]:
    """What an officer was after each write, the oldest first, masked like the officer; audited.

    Raises NotFound, Forbidden outside the scope or right.
    """
    check_unmasking(actor.caller, unmasking)
    _found(session, actor, officer_id)
    audit.record(session, actor, "officer.history", [officer_id], unmasked=unmasking.fields, purpose=unmasking.purpose)
    states = list_states(session, Officer, officer_id)
    return [(state, shown(state.row, unmasking)) for state in states]


def check_places(session: Session, values: Mapping[str, Any], county: str | None = None) -> list[FieldError]:
    """What is wrong with where an officer was born and works; `county` is the one that keeps him already."""
    known = divisions.by_codes(session, [values["home_code"], values["work_code"]])
    errors = []
    home, work = known.get(values["home_code"]), known.get(values["work_code"])
    if home is None or home.level not in rules.HOME_LEVELS:
        said = say("home_form", "the code of a village, township or county is wanted")
        errors.append(FieldError("home_code", said, "unknown"))
    if work is None or work.level == "province":
        said = say("work_form", "the code of a division from village to prefecture is wanted")
        errors.append(FieldError("work_code", said, "unknown"))
    if county is not None and values["work_code"][:6] != county:
        said = say("work_moves_away", "it lies in another county: retire here and enter there")
        errors.append(FieldError("work_code", said))
    address = values.get("work_address_code")
    if address is not None and not queries.is_current_address(session, county or values["work_code"][:6], address):
        said = say("work_address_not_now", "there is no such address in the county now")
        errors.append(FieldError("work_address_code", said, "unknown"))
    return errors


def shown(values: Mapping[str, Any], unmasking: Unmasking = MASKED) -> dict[str, Any]:
    """Columns of an officer as the unmasking shows them."""
    masks = {"name": mask_name, "phone": mask_phone}
    return {
        name: masks[name](value) if name in masks and value is not None and name not in unmasking.fields else value
        for name, value in values.items()
        if name != "id"
    }


_BLANK: dict[str, Any] = {
    "phone": None, "work_address_code": None, "capacity": 0, "languages": [], "absent_from": None, "absent_to": None,
}  # fmt: skip


def _found(session: Session, actor: Actor, officer_id: str) -> Officer:
    officer = queries.find_officer(session, officer_id)
    check_scope(actor.caller, *([officer_id[1:7]] if officer is None else places_of(session, officer)))
    if officer is None:
        raise NotFound(f"There is no officer {officer_id}.")
    return officer


def _locked(session: Session, actor: Actor, officer_id: str, expected: int | None) -> Officer:
    """The row for writing. The scope comes first: whether there is such an officer is told only inside."""
    _found(session, actor, officer_id)
    officer = queries.lock_officer(session, officer_id)
    check_unchanged(expected, officer.row_version, f"Officer {officer_id}")
    return officer


def _without_masked(officer: Officer, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields to write: what is shown masked says nothing when it comes back as it was shown."""
    masked = {"name": mask_name(officer.name), "phone": mask_phone(officer.phone)}
    return {
        name: value
        for name, value in given.items()
        if name != "status" and not (name in masked and value is not None and value == masked[name])
    }


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        raise InvalidInput("; ".join(f"{e.where}: {e.message}" for e in errors), errors=errors)


def _write(session: Session, actor: Actor, officer: Officer, after: Mapping[str, Any], action: str) -> Kept:
    before = {name: getattr(officer, name) for name in after}
    changed = [name for name in after if after[name] != before[name]]
    if not changed:
        audit.record(session, actor, "officer.read", [officer.id])
        return Kept(_read(session, officer.id), [], Consequences())
    keep_known(session, Officer, [officer.id])
    for name in changed:
        setattr(officer, name, after[name])
    officer.row_version += 1
    officer.updated_at = queries.now()
    _keep(session, actor, action, officer.id)
    was, now = shown(before), shown(after)
    changes = [Changed(name, was[name], now[name]) for name in changed]
    return Kept(_read(session, officer.id), changes, Consequences())


def _left_alone(session: Session, actor: Actor, officer_id: str) -> Consequences:
    """The households whose contact is gone or going."""
    pairs = queries.pairs_of_officer(session, officer_id)
    seen = [pair for pair in pairs if actor.caller.covers(pair.grid_code or pair.village_code)]
    return Consequences(
        [LeftAlone(pair.household_id, pair.rank) for pair in seen],
        len(pairs) - len(seen),
        replan_within=sorted({pair.household_id[1:7] for pair in pairs}),
    )


def _keep(session: Session, actor: Actor, action: str, officer_id: str) -> None:
    keep_rows(session, actor.caller.name, action, Officer, [officer_id])
    audit.record(session, actor, f"officer.{action}", [officer_id])
    append_event(session, "officers", {"action": action, "ids": [officer_id]}, county_code=officer_id[1:7])


def _read(session: Session, officer_id: str) -> OfficerRecord:
    officer = queries.find_officer(session, officer_id)
    if officer is None:
        raise NotFound(f"There is no officer {officer_id}.")
    return record_of(session, officer, MASKED)
