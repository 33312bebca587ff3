"""Address registers from files: every row is loaded, known already, or told why not; nothing is invented."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import shapely
from sqlalchemy.orm import Session

from gridmap.addresses import loading, problems
from gridmap.addresses.loading import AddressState
from gridmap.addresses.model import Address
from gridmap.addresses.placing import FAR_M
from gridmap.addresses.record import AddressRecord, stored_lonlat
from gridmap.addresses.segments import DOOR_SEGMENTS, Segments
from gridmap.divisions import service as divisions
from gridmap.exchange.address_rows import ReadRow
from gridmap.exchange.codes import BadCode, code_text
from gridmap.exchange.loaders.context import CHANGED, NEW, OUTSIDE_SCOPE, Context, publish
from gridmap.exchange.records import NO_GEOMETRY, Record
from gridmap.exchange.report import Line, Loaded
from gridmap.geo.measure import distance_m
from gridmap.households.doors import groups_follow
from gridmap.sentences import Sentence, say

_OWN_CODE = re.compile(r"A[0-9]{14}")
_OTHER_NAMES = {"old": "old", "popular": "popular", "tibetan": "tibetan", "other_code": "code"}
"""The kind of the names that a field holds."""
_NAMES_END = re.compile("[;；,，、|]")
_SAME_GATE_M = 1.0
"""Points of repeated rows that are nearer than this are one gate, measured twice."""
_FEW_VILLAGES = 40
_WAITS = say("waits_for_point", "it has no point; it waits among the problems until its place is shown")
_TOLD = {
    "outside": say("doors_in_no_grid", "doors in no grid"),
    "elsewhere": say("doors_elsewhere", "doors whose point lies in another village than their text"),
    "same_door": say("doors_twice", "doors that are there twice"),
    "same_point": say("points_shared", "points with several houses"),
    "no_point": say("rows_without_point", "rows that wait for a point"),
}


@dataclass(slots=True)
class _Door:
    """A sound row: what it says, and the address that it is, if it is known."""

    record: Record
    segments: Segments
    label: str
    code: str | None
    foreign: str | None
    point: shapely.Point | None
    known: Address | None = None

    @property
    def village(self) -> str:
        return self.segments.village_code or ""


@dataclass(slots=True)
class _Plan:
    """What is to be written, and the rows behind it."""

    new: list[tuple[_Door, AddressState]] = field(default_factory=list)
    changed: list[tuple[_Door, AddressState]] = field(default_factory=list)
    waiting: list[_Door] = field(default_factory=list)
    former: dict[str, str] = field(default_factory=dict)


def load_addresses(session: Session, records: Sequence[Record], context: Context) -> Loaded:
    """Enters doors and corrects known ones: by our code, by another system's code, else by their label.

    A row without a point is rejected, and kept among the problems until somebody shows its place; a known door keeps
    the point it has.
    """
    loaded = Loaded()
    kept = _word_for_word(session, records, context.counties())
    doors = _once(loaded, _sound(loaded, records, context, kept))
    _recognise(session, doors, context.counties())
    plan = _plan(session, loaded, doors, context)
    prefixes = _prefixes(doors, plan)
    before, counted = _counts(session, prefixes), _count_doors(session, prefixes)
    _write(session, plan, context, loaded)
    after = _counts(session, prefixes)
    loaded.table.append(Line(say("addresses_there", "addresses there"), f"{counted:,}", f"{counted + len(plan.new):,}"))
    loaded.table += [Line(said, f"{before[kind]:,}", f"{after[kind]:,}") for kind, said in _TOLD.items()]
    more = {said: after[kind] - before[kind] for kind, said in _TOLD.items() if after[kind] > before[kind]}
    loaded.problems += [
        say("more_of_these", "{number:,} more {said}; the list of problems tells what to do", number=number, said=said)
        for said, number in more.items()
    ]
    return loaded


def _word_for_word(session: Session, records: Sequence[Record], counties: Sequence[str]) -> dict[int, ReadRow]:
    """Rows that say a known door in the words that are kept of it, by their `id`: they are not read anew.

    A label outlives the names of divisions: read now, it may be another village's, and the door would be renamed.
    """
    labels = {id(record): record.text("label") or "" for record in records}
    known = {r.label: r for r in loading.known_records(session, counties, sorted(set(labels.values()) - {""}))}
    told = ((record, known.get(labels[id(record)])) for record in records)
    return {
        id(record): ReadRow(door.segments, door.label)
        for record, door in told
        if door is not None and not _contradicts(record, door)
    }


def _contradicts(record: Record, door: AddressRecord) -> bool:
    """Whether a column says anything else than what is kept."""
    if _OWN_CODE.fullmatch(record.text("code") or "") and record.text("code") != door.code:
        return True
    said = {"village": door.village_code, **{name: getattr(door.segments, name) for name in DOOR_SEGMENTS}}
    return any(text != value for name, value in said.items() if (text := record.text(name)) is not None)


def _sound(loaded: Loaded, records: Sequence[Record], context: Context, kept: Mapping[int, ReadRow]) -> list[_Door]:
    doors = []
    for record in records:
        read = kept.get(id(record)) or context.read(record)
        refusal = read.refusal
        if record.problem not in {None, NO_GEOMETRY}:
            refusal = record.problem
        try:
            code = code_text(record.fields.get("code"))
        except BadCode as error:
            code, refusal = None, refusal or error.said
        if refusal is not None:
            loaded.reject(record, code, refusal)
            continue
        own = code if code is not None and _OWN_CODE.fullmatch(code) else None
        point = record.geometry if isinstance(record.geometry, shapely.Point) else None
        doors.append(_Door(record, read.segments, read.label, own, None if own else code, point))
    return doors


def _once(loaded: Loaded, doors: Sequence[_Door]) -> list[_Door]:
    """Each door once: of rows that say the same the first is taken, of those that differ none."""
    kept = _once_by(loaded, doors, {id(door): door.code or door.foreign for door in doors}, say("the_code", "code"))
    return _once_by(loaded, kept, {id(door): door.label for door in kept}, say("the_address", "address"))


def _once_by(loaded: Loaded, doors: Sequence[_Door], keys: Mapping[int, str | None], what: Sentence) -> list[_Door]:
    groups: dict[str, list[_Door]] = {}
    for door in doors:
        groups.setdefault(keys[id(door)] or f"row {door.record.table} {door.record.row}", []).append(door)
    kept = []
    for same in groups.values():
        first, *others = same
        if all(_says_the_same(first, other) for other in others):
            kept.append(first)
            for other in others:
                loaded.reject(other.record, other.code, say("repeats_row", "repeats row {row}", row=first.record.row))
            continue
        rows = ", ".join(str(door.record.row) for door in same)
        for door in same:
            loaded.reject(
                door.record,
                door.code,
                say(
                    "comes_several_times",
                    "the {what} comes {count} times (rows {rows}), {difference}",
                    what=what,
                    count=len(same),
                    rows=rows,
                    difference=_apart(same),
                ),
            )
    return kept


def _says_the_same(one: _Door, other: _Door) -> bool:
    codes = {door.code or door.foreign for door in (one, other)} - {None}
    if one.label != other.label or len(codes) > 1:
        return False
    return one.point is None or other.point is None or _metres(one.point, other.point) <= _SAME_GATE_M


def _apart(same: Sequence[_Door]) -> Sentence:
    points = [door.point for door in same if door.point is not None]
    if len({door.label for door in same}) > 1:
        return say("different_doors", "and the rows name different doors")
    if len({door.code or door.foreign for door in same}) > 1:
        return say("different_codes", "and the rows have different codes")
    far = max((_metres(points[0], point) for point in points[1:]), default=0.0)
    return say("points_apart", "and their points are up to {metres:,.0f} m apart", metres=far)


def _metres(one: shapely.Point, other: shapely.Point) -> float:
    return float(distance_m(one.x, one.y, other.x, other.y))


def _recognise(session: Session, doors: Sequence[_Door], counties: Sequence[str]) -> None:
    """Finds the address that each row is."""
    foreign = loading.codes_of_foreign(session, [door.foreign for door in doors if door.foreign])
    own = [door.code or foreign.get(door.foreign or "") for door in doors]
    by_code = loading.known_by_code(session, [code for code in own if code])
    by_label = loading.known_by_label(session, counties, [door.label for door in doors])
    for door, code in zip(doors, own, strict=True):
        door.known = by_code.get(code) if code in by_code else None if door.code else by_label.get(door.label)


def _plan(session: Session, loaded: Loaded, doors: Sequence[_Door], context: Context) -> _Plan:
    plan = _Plan()
    labels = {door.known.label: door.known.code for door in doors if door.known is not None}
    taken = loading.known_by_label(session, context.counties(), [door.label for door in doors])
    labels |= {label: address.code for label, address in taken.items()}
    names = loading.aliases_of(session, [door.known.code for door in doors if door.known is not None])
    homes = _middles(session, {door.village for door in doors})
    states: list[tuple[_Door, AddressState]] = []
    for door in doors:
        refusal = _refusal(door, labels, homes)
        if refusal is not None:
            loaded.reject(door.record, door.code, refusal)
        elif door.point is None and door.known is None and not context.may_enter(door.village):
            loaded.reject(door.record, door.code, OUTSIDE_SCOPE)
        elif door.point is None and door.known is None:
            plan.waiting.append(door)
            loaded.reject(door.record, door.code, _WAITS)
        else:
            states.append((door, _state(door, context, names)))
    loading.place(session, [state for _, state in states])
    for door, state in states:
        places = [state.grid_code or door.village]
        if door.known is not None:
            places.append(door.known.grid_code or door.known.village_code)
        if all(context.may_enter(place) for place in places):
            _sort_in(loaded, plan, door, state)
        else:
            loaded.reject(door.record, state.code, OUTSIDE_SCOPE)
    return plan


def _sort_in(loaded: Loaded, plan: _Plan, door: _Door, state: AddressState) -> None:
    if door.known is None:
        plan.new.append((door, state))
    elif state.grid_code is not None and state.grid_code[:6] != door.known.county_code:
        said = say(
            "point_other_county",
            "its point lies in grid {grid} of another county, and a code stays in its county",
            grid=state.grid_code,
        )
        loaded.reject(door.record, state.code, said)
    elif _is_as(door.known, state):
        loaded.keep(door.record, state.code)
    else:
        plan.changed.append((door, state))
        if door.known.label != state.label:
            plan.former[door.known.code] = door.known.label


def _refusal(door: _Door, labels: Mapping[str, str], homes: Mapping[str, shapely.Point]) -> Sentence | None:
    known = door.known
    if known is not None and known.status != "current":
        now = (
            say("merged_into", "merged into {code}", code=known.merged_into)
            if known.merged_into
            else say("cancelled", "cancelled")
        )
        return say("no_longer", "{code} was {now}; leave the code empty for a new door", code=known.code, now=now)
    holder = labels.get(door.label)
    if holder is not None and (known is None or holder != known.code):
        return say("called_so", "{code} is called so already", code=holder)
    if known is None and door.code is not None and door.code[1:7] != door.village[:6]:
        return say("code_other_county", "{code} is a code of another county than its village's", code=door.code)
    home = homes.get(door.village)
    if door.point is not None and home is not None and _metres(door.point, home) > FAR_M:
        return say(
            "point_far_away", "its point is {km:,.0f} km away from its village", km=_metres(door.point, home) / 1000
        )
    return None


def _state(door: _Door, context: Context, names: set[tuple[str, str]]) -> AddressState:
    """What the row says over what is known: an empty cell takes nothing away."""
    known, record = door.known, door.record
    code = known.code if known is not None else door.code
    said = {text: kind for name, kind in _OTHER_NAMES.items() for text in _names(record.text(name))}
    if door.foreign:
        said[door.foreign] = "code"
    said = {text: kind for text, kind in said.items() if (code, text) not in names and text != door.label}
    there = None if known is None else stored_lonlat(known)
    stays = known is not None and (door.point is None or (door.point.x, door.point.y) == there)
    accuracy = _accuracy(record)
    if known is not None and there is not None and stays:
        source = record.text("point_source") or known.point_source
        kept = known.point_accuracy_m if accuracy is None else accuracy
        return AddressState(code, door.label, door.segments, shapely.Point(*there), source, kept, aliases=said)
    source = record.text("point_source") or context.file
    return AddressState(code, door.label, door.segments, door.point or shapely.Point(), source, accuracy, aliases=said)


def _is_as(known: Address, state: AddressState) -> bool:
    told = (state.label, state.village_code, state.point_source, state.point_accuracy_m, state.grid_code)
    there = (known.label, known.village_code, known.point_source, known.point_accuracy_m, known.grid_code)
    return told == there and (state.point.x, state.point.y) == stored_lonlat(known) and not state.aliases


def _write(session: Session, plan: _Plan, context: Context, loaded: Loaded) -> None:
    actor = context.actor.caller.name
    waiting = [(d.record.row, d.code or d.foreign, d.segments, d.label) for d in plan.waiting]
    loading.keep_waiting(session, actor, context.file, waiting)
    written = [*plan.new, *plan.changed]
    if not written:
        return
    loaded.version = publish(session, context, "addresses", sorted({door.village for door, _ in written}))
    if plan.new:
        loading.enter(session, actor, [state for _, state in plan.new])
    if plan.changed:
        loading.correct(session, actor, [state for _, state in plan.changed], plan.former)
        groups_follow(session, context.actor, [state.code for _, state in plan.changed if state.code])
    for said, pairs in ((NEW, plan.new), (CHANGED, plan.changed)):
        for door, state in pairs:
            loaded.load(door.record, state.code, _told(said, door, state))


def _told(said: Sentence, door: _Door, state: AddressState) -> Sentence:
    if state.grid_code is None:
        return say("point_in_no_grid", "{said}; its point lies in no grid", said=said)
    if state.grid_code[:12] != door.village:
        return say(
            "point_elsewhere",
            "{said}; its point lies in {village}, although its text says {text}",
            said=said,
            village=state.grid_code[:12],
            text=door.segments.village,
        )
    return said


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in _NAMES_END.split(text or "") if name.strip()]


def _accuracy(record: Record) -> float | None:
    try:
        metres = float((record.text("accuracy") or "").lower().removesuffix("m").removesuffix("米"))
    except ValueError:
        return None
    return metres if 0 <= metres < 100_000 else None


def _middles(session: Session, villages: set[str]) -> dict[str, shapely.Point]:
    """The middle of each village whose outline is known."""
    found = divisions.by_codes(session, villages)
    return {code: d.outline.centroid for code, d in found.items() if d.outline is not None}


def _prefixes(doors: Sequence[_Door], plan: _Plan) -> tuple[str, ...]:
    """The villages of a file, by its texts and by its points, now and before; its counties when they are many."""
    grids = [state.grid_code for _, state in (*plan.new, *plan.changed)]
    grids += [door.known.grid_code for door in doors if door.known is not None]
    villages = {door.village for door in doors} | {grid[:12] for grid in grids if grid is not None}
    return tuple(sorted(villages if len(villages) <= _FEW_VILLAGES else {village[:6] for village in villages}))


def _counts(session: Session, prefixes: tuple[str, ...]) -> Counter[str]:
    return Counter({str(kind): number for kind, number in problems.count_problems(session, prefixes).items()})


def _count_doors(session: Session, prefixes: tuple[str, ...]) -> int:
    return loading.count_within(session, prefixes)
