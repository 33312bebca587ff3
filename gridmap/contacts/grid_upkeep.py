"""Upkeep of grids beside their shapes: name, kind, note, and who answers for them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.rights import check_scope
from gridmap.contacts.charges import People, asked_people, people_of, put_people
from gridmap.contacts.service import ResponsibleOfficer, responsible_for
from gridmap.db.history import check_unchanged, keep_revisions, list_revisions, newest_revision
from gridmap.db.locks import lock_villages
from gridmap.db.versions import append_event, current_version, raise_version, time_of_event
from gridmap.errors import Conflict, FieldError, InvalidInput
from gridmap.grids import history
from gridmap.grids import service as grids
from gridmap.grids.service import GridRecord
from gridmap.grids.writing import LONGEST, GridState, replace_grids
from gridmap.sentences import say


@dataclass(frozen=True, slots=True)
class GridPeople:
    """Who answers for a grid, masked, and the row version of what is kept of it by hand."""

    officers: list[ResponsibleOfficer]
    row_version: int


def get_people(session: Session, actor: Actor, code: str) -> GridPeople:
    """Who answers for a grid, the head first. Audited. Raises Forbidden outside the scope, NotFound."""
    check_scope(actor.caller, code)
    grids.get_grid(session, code)
    officers = responsible_for(session, code)
    audit.record(session, actor, "grid.people", [code, *(officer.id for officer in officers)])
    return GridPeople(officers, newest_revision(session, code))


def change_grid(
    session: Session, actor: Actor, code: str, given: Mapping[str, Any], expected: int | None
) -> tuple[GridRecord, GridPeople]:
    """Changes name, kind, note or people; all but the people is published as a new version. Audited.

    Raises InvalidInput by field, Conflict for a retired grid, RowChanged, NotFound, Forbidden.
    """
    check_scope(actor.caller, code)
    lock_villages(session, [code[:12]])
    grids.lock_grid(session, code)
    before = grids.get_grid(session, code)
    if before.status == "retired":
        heirs = ", ".join(heir.code for heir in history.successors_of(session, code))
        raise Conflict(
            say("grid_is_retired", "Grid {code} is retired; its ground is that of {heirs} now.", code=code, heirs=heirs)
        )
    row_version = newest_revision(session, code)
    check_unchanged(expected, row_version, f"Grid {code}")
    people = people_of(session, code)
    after, state = asked_people(session, code, people, given), _state(before, given)
    renewed = state != _as_state(before)
    if not renewed and after == people:
        return before, get_people(session, actor, code)
    if not list_revisions(session, code):
        keep_revisions(session, "", "known", [(code, row_version, _columns(_as_state(before), people))])
    version = _publish(session, actor, state) if renewed else None
    put_people(session, code, after)
    keep_revisions(session, actor.caller.name, "change", [(code, row_version + 1, _columns(state, after))])
    audit.record(session, actor, "grid.change", [code, *([after.head] if after.head else []), *after.deputies])
    payload = {"action": "change", "codes": [code]}
    append_event(session, "grids", payload, county_code=code[:6], version=version or current_version(session))
    return grids.get_grid(session, code), get_people(session, actor, code)


def row_version_in(session: Session, code: str, version: int, event: int) -> int:
    """The row version that a grid had in a state that somebody read; 0, which no grid has, when it changed otherwise.

    Raises NotFound.
    """
    if grids.get_grid(session, code).version_from > version:
        return 0
    then = time_of_event(session, event)
    seen = [each.row_version for each in list_revisions(session, code) if then is not None and each.at <= then]
    return max(seen, default=1)


def _publish(session: Session, actor: Actor, state: GridState) -> int:
    version = raise_version(session, actor.caller.name, f"网格 {state.code} {state.name}")
    replace_grids(session, version, [state.code], [state])
    return version


def _state(before: GridRecord, given: Mapping[str, Any]) -> GridState:
    kept = {name: _words(name, value) for name, value in given.items() if name in LONGEST}
    if "name" in kept and kept["name"] is None:
        _refuse("name", say("name_wanted", "a name is wanted"))
    if "kind" in given:
        kept["kind"] = given["kind"]
    return replace(_as_state(before), **kept)  # type: ignore[arg-type]  # the name is not None, see above


def _as_state(grid: GridRecord) -> GridState:
    return GridState(grid.code, grid.name, grid.name_bo, grid.kind, grid.note, grid.geometry)


def _columns(state: GridState, people: People) -> dict[str, Any]:
    told = {name: getattr(state, name) for name in ("code", "name", "name_bo", "kind", "note")}
    return {**told, **people.columns()}


def _words(field: str, text: str | None) -> str | None:
    words = " ".join((text or "").split())
    if len(words) > LONGEST[field] or not words.isprintable():
        _refuse(field, say("at_most_printable", "at most {most} printable characters are wanted", most=LONGEST[field]))
    return words or None


def _refuse(field: str, message: str) -> NoReturn:
    raise InvalidInput(f"{field}: {message}", errors=[FieldError(field, message)])
