"""Daily upkeep of shelters: where people are taken in, how many, and which of them are in use."""

from collections.abc import Mapping
from typing import Any, NoReturn

import shapely
from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.rights import check_scope
from gridmap.db.history import Revision, check_unchanged, keep_known, keep_rows, list_states
from gridmap.db.versions import append_event
from gridmap.divisions import service as divisions
from gridmap.divisions.scope import prefixes_asked
from gridmap.errors import Conflict, FieldError, InvalidInput, NotFound
from gridmap.geo.lonlat import BBox, LonLat
from gridmap.preplans import queries
from gridmap.preplans.model import Shelter
from gridmap.preplans.shelters import ShelterState, record_shelter, state_of
from gridmap.sentences import say

LONGEST = {"name": 100, "name_bo": 200, "kind": 40}
MOST_CAPACITY = 1_000_000


def list_shelters(
    session: Session, actor: Actor, *, within: str | None, bbox: BBox | None, cursor: str | None, limit: int
) -> tuple[list[Shelter], bool]:
    """A page of the shelters in use in the caller's scope by id, and whether there are more."""
    prefixes = prefixes_asked(session, actor.caller, within)
    box = None if bbox is None else (bbox.west, bbox.south, bbox.east, bbox.north)
    found = queries.list_shelters(session, prefixes, box, cursor, limit + 1)
    return list(found[:limit]), len(found) > limit


def get_shelter(session: Session, actor: Actor, shelter_id: str) -> Shelter:
    """One shelter, closed or not. Raises Forbidden outside the scope, NotFound."""
    shelter = next(iter(queries.shelters_by_id(session, [shelter_id])), None)
    check_scope(actor.caller, shelter_id[1:7] if shelter is None else shelter.village_code)
    if shelter is None:
        raise NotFound(f"There is no shelter {shelter_id}.")
    return shelter


def create_shelter(session: Session, actor: Actor, given: Mapping[str, Any]) -> Shelter:
    """A new shelter; its village is told from its point. Raises InvalidInput by field, Conflict, Forbidden.

    `given` are columns, and `point` as a LonLat.
    """
    state = _state(session, ShelterState(None, "", None, "shelter", "", None, shapely.Point(), 0), given)
    check_scope(actor.caller, state.village_code)
    _check_name_free(session, state)
    return _kept(session, actor, record_shelter(session, state), "create")


def change_shelter(
    session: Session, actor: Actor, shelter_id: str, given: Mapping[str, Any], expected: int | None
) -> Shelter:
    """Changes the given fields; `status: current` opens a closed one again. Raises as `create_shelter`, RowChanged."""
    shelter = _locked(session, actor, shelter_id, expected)
    if shelter.status == "closed" and given.get("status") != "current":
        raise Conflict(
            say("shelter_is_closed", "Shelter {id} is closed; open it again with status current.", id=shelter_id)
        )
    before = state_of(shelter)
    after = _state(session, before, given)
    check_scope(actor.caller, after.village_code)
    if after == before and shelter.status == "current":
        return shelter
    if (after.village_code, after.name) != (before.village_code, before.name):
        _check_name_free(session, after)
    keep_known(session, Shelter, [shelter_id])
    shelter.status = "current"
    return _kept(session, actor, record_shelter(session, after), "change")


def close_shelter(session: Session, actor: Actor, shelter_id: str, expected: int | None) -> Shelter:
    """Takes a shelter out of use; nothing is erased. One that is closed already is left as it is."""
    shelter = _locked(session, actor, shelter_id, expected)
    if shelter.status == "closed":
        return shelter
    keep_known(session, Shelter, [shelter_id])
    shelter.status = "closed"
    return _kept(session, actor, record_shelter(session, state_of(shelter)), "close")


def get_history(session: Session, actor: Actor, shelter_id: str) -> list[Revision]:
    """What a shelter was after each write, the oldest first."""
    get_shelter(session, actor, shelter_id)
    return list_states(session, Shelter, shelter_id)


def _locked(session: Session, actor: Actor, shelter_id: str, expected: int | None) -> Shelter:
    get_shelter(session, actor, shelter_id)
    shelter = queries.lock_shelter(session, shelter_id)
    check_unchanged(expected, shelter.row_version, f"Shelter {shelter_id}")
    return shelter


def _kept(session: Session, actor: Actor, shelter_id: str, action: str) -> Shelter:
    keep_rows(session, actor.caller.name, action, Shelter, [shelter_id])
    audit.record(session, actor, f"shelter.{action}", [shelter_id])
    append_event(session, "shelters", {"action": action, "ids": [shelter_id]}, county_code=shelter_id[1:7])
    (shelter,) = queries.shelters_by_id(session, [shelter_id])
    session.refresh(shelter)
    return shelter


def _state(session: Session, before: ShelterState, given: Mapping[str, Any]) -> ShelterState:
    point = before.point
    if given.get("point") is not None:
        asked: LonLat = given["point"]
        point = shapely.Point(round(asked.lon, 7), round(asked.lat, 7))
    if point.is_empty:
        _refuse("lon", say("lonlat_wanted", "a point is wanted: lon and lat"))
    moved = not point.equals_exact(before.point, 0.0)
    village = _village(session, point, given.get("village_code"), None if moved else before.village_code)
    words = {name: _words(name, given.get(name, getattr(before, name))) for name in LONGEST}
    capacity = given.get("capacity", before.capacity)
    if not 0 <= capacity <= MOST_CAPACITY:
        _refuse("capacity", say("people_range", "0 to {most:,} people are wanted", most=MOST_CAPACITY))
    if words["name"] is None:
        _refuse("name", say("name_wanted", "a name is wanted"))
    address = given.get("address_code", before.address_code)
    if address is not None and address != before.address_code and not queries.is_current_address(session, address):
        _refuse("address_code", say("no_such_address_now", "there is no such address now"))
    return ShelterState(
        before.id, words["name"], words["name_bo"], words["kind"] or "shelter", village, address, point, capacity
    )


def _village(session: Session, point: shapely.Point, asked: str | None, known: str | None) -> str:
    """The village that the point lies in; the one that was named only where no outline tells."""
    around = [each.code for each in divisions.covering(session, point.x, point.y) if each.level == "village"]
    if asked is not None and around and asked not in around:
        _refuse(
            "village_code",
            say("point_in_village", "its point lies in village {there}, not in {asked}", there=around[0], asked=asked),
        )
    village = asked or (known if known in around or not around else around[0])
    if village is None:
        _refuse(
            "village_code",
            say("point_in_no_village", "its point lies in the outline of no village; name the village it belongs to"),
        )
    if not around and divisions.by_codes(session, [village]).get(village) is None:
        _refuse("village_code", say("no_village", "there is no village {code}", code=village))
    if len(village) != 12:
        _refuse("village_code", say("is_no_village", "{code} is no village", code=village))
    return village


def _check_name_free(session: Session, state: ShelterState) -> None:
    same = [s for s in queries.shelters_in_villages(session, [state.village_code]) if s.name == state.name]
    taken = [shelter.id for shelter in same if shelter.status == "current" and shelter.id != state.id]
    if taken:
        message = say("shelter_taken", "the village has a shelter of this name already: {id}", id=taken[0])
        raise Conflict(f"name: {message}", errors=[FieldError("name", message, "taken")])


def _words(field: str, text: str | None) -> str | None:
    words = " ".join((text or "").split())
    if len(words) > LONGEST[field] or not words.isprintable():
        _refuse(field, say("at_most_printable", "at most {most} printable characters are wanted", most=LONGEST[field]))
    return words or None


def _refuse(field: str, message: str) -> NoReturn:
    raise InvalidInput(f"{field}: {message}", errors=[FieldError(field, message)])
