"""Shelters from files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import shapely
from sqlalchemy.orm import Session

from gridmap.db.history import keep_known, keep_rows
from gridmap.db.versions import append_event
from gridmap.divisions import service as divisions
from gridmap.exchange.codes import BadCode, division_code
from gridmap.exchange.loaders.context import CHANGED, NEW, OUTSIDE_SCOPE, Context
from gridmap.exchange.records import Record
from gridmap.exchange.report import Line, Loaded
from gridmap.preplans import shelters
from gridmap.preplans.model import Shelter
from gridmap.preplans.shelters import ShelterState
from gridmap.sentences import Sentence, say


def load_shelters(session: Session, records: Sequence[Record], context: Context) -> Loaded:
    """Enters shelters and changes known ones: by id, else by village and name."""
    loaded = Loaded()
    sound: list[tuple[Record, ShelterState]] = []
    for record in records:
        try:
            sound.append((record, _state(session, record)))
        except BadCode as error:
            loaded.reject(record, record.text("id"), error.said)
    villages = {state.village_code for _, state in sound}
    known = divisions.by_codes(session, villages)
    before = shelters.in_villages(session, villages)
    by_id = shelters.by_ids(session, [state.id for _, state in sound if state.id])
    by_name = _unique_by_name(before)
    seen: dict[tuple[str, str], int] = {}
    written: list[str] = []
    for record, state in sound:
        key = (state.village_code, state.name)
        refusal = _refusal(state, by_id, known.keys(), seen.get(key))
        there = by_id.get(state.id) if state.id else by_name.get(key)
        places = {state.village_code} if there is None else {state.village_code, there.village_code}
        if not all(map(context.may_enter, places)):
            refusal = OUTSIDE_SCOPE
        if refusal:
            loaded.reject(record, state.id, refusal)
            continue
        seen[key] = record.row
        proposed = _over(state, there)
        if there == proposed:
            loaded.keep(record, proposed.id)
        else:
            if there is not None and there.id is not None:
                keep_known(session, Shelter, [there.id])
            shelter_id = shelters.record_shelter(session, proposed)
            written.append(shelter_id)
            loaded.load(record, shelter_id, NEW if there is None else CHANGED)
    if written:
        keep_rows(session, context.actor.caller.name, "import", Shelter, written)
        append_event(session, "shelters", {"import": context.file, "ids": written})
    after = shelters.in_villages(session, villages)
    loaded.table.append(
        Line(say("shelters_in_villages", "shelters in these villages"), str(len(before)), str(len(after)))
    )
    loaded.table.append(Line(say("people_taken_in", "people they take in"), _total(before), _total(after)))
    return loaded


def _state(session: Session, record: Record) -> ShelterState:
    if record.problem is not None:
        raise BadCode(record.problem)
    name = record.text("name")
    if name is None:
        raise BadCode(say("no_name", "it has no name"))
    capacity = (record.text("capacity") or "").removesuffix("人")
    if not (capacity.isdigit() and int(capacity) < 1_000_000):
        raise BadCode(say("no_capacity", "capacity {capacity!r} is no number of people", capacity=capacity[:20]))
    point = record.geometry
    if not isinstance(point, shapely.Point):
        raise BadCode(say("no_point", "it has no point"))
    village = _village(session, record, point)
    kind = record.text("kind") or "shelter"
    return ShelterState(
        record.text("id"), name, record.text("name_bo"), kind, village, record.text("address"), point, int(capacity)
    )


def _village(session: Session, record: Record, point: shapely.Point) -> str:
    """The village of the row, else the one whose outline covers the point."""
    around = [d.code for d in divisions.covering(session, point.x, point.y) if d.level == "village"]
    if record.text("village"):
        village = division_code(record.fields.get("village"), "village")[0]
        if around and around[0] != village:
            record.notes.append(
                say(
                    "point_other_village",
                    "its point lies in {there}, although its village is given as {village}",
                    there=around[0],
                    village=village,
                )
            )
        return village
    if not around:
        raise BadCode(say("village_untold", "it names no village, and its point lies in the outline of none"))
    record.notes.append(say("village_from_point", "its village {village} was told from its point", village=around[0]))
    return around[0]


def _refusal(
    state: ShelterState, by_id: Mapping[str, ShelterState], villages: Iterable[str], before: int | None
) -> Sentence | None:
    if before is not None:
        return say("same_village_and_name", "row {row} has the same village and name", row=before)
    if state.village_code not in set(villages):
        return say("no_village", "there is no village {code}", code=state.village_code)
    if state.id is not None and state.id not in by_id:
        return say("no_shelter", "there is no shelter {id}; leave the id empty for a new one", id=state.id[:20])
    return None


def _unique_by_name(known: Sequence[ShelterState]) -> dict[tuple[str, str], ShelterState]:
    return {(state.village_code, state.name): state for state in reversed(known)}


def _over(state: ShelterState, there: ShelterState | None) -> ShelterState:
    """What the file says over what is known; an empty cell takes nothing away."""
    if there is None:
        return state
    return replace(
        state,
        id=there.id,
        name_bo=state.name_bo or there.name_bo,
        address_code=state.address_code or there.address_code,
        kind=there.kind if state.kind == "shelter" else state.kind,
    )


def _total(states: Sequence[ShelterState]) -> str:
    return f"{sum(state.capacity for state in states):,}"
