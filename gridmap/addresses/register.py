"""The register of addresses: entering, correcting and restoring single ones; the grid follows the point at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely
from sqlalchemy import func
from sqlalchemy.orm import Session

from gridmap.access.audit import Actor
from gridmap.access.rights import check_scope
from gridmap.addresses import queries
from gridmap.addresses.format import format_label
from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.model import ACCEPTABLE, Address, lies_within
from gridmap.addresses.placing import check_near, grid_at, lock_ground, stored_point
from gridmap.addresses.record import AddressRecord, Alias, records_of, stored_lonlat
from gridmap.addresses.segments import DOOR_SEGMENTS, Segments
from gridmap.addresses.wording import segments_of_parts, segments_of_text
from gridmap.db.geometry import from_shapely, to_shapely
from gridmap.db.history import check_unchanged, keep_known, keep_rows
from gridmap.db.ids import take_ids
from gridmap.db.versions import append_event, raise_version
from gridmap.errors import Conflict, FieldError, InvalidInput, NotFound
from gridmap.geo.lonlat import BBox, LonLat
from gridmap.sentences import say

DEFAULT_SOURCE = "entered by hand"
_DOOR_FIELDS = frozenset({"label", "village_code", *DOOR_SEGMENTS})


class DoorExists(Conflict):
    """Another current address is called so."""

    code = "address_exists"


class NotCurrent(Conflict):
    """The address was cancelled or merged: it can't be changed as it is."""

    code = "not_current"


@dataclass(frozen=True, slots=True)
class AddressChange:
    """What is given of an address; for a change only what `given` names is taken, an explicit None empties it."""

    given: frozenset[str]
    label: str | None = None
    village_code: str | None = None
    parts: Mapping[str, str | None] = field(default_factory=dict)
    point: LonLat | None = None
    point_source: str | None = None
    point_accuracy_m: float | None = None
    aliases: Sequence[Alias] = ()


def get_address(session: Session, code: str) -> AddressRecord:
    """One address, whatever has become of it. Raises NotFound."""
    row = queries.find(session, code)
    if row is None:
        raise NotFound(say("no_such_address", "There is no address {code}.", code=code))
    (record,) = records_of(session, [row])
    return record


def list_addresses(
    session: Session,
    *,
    prefixes: Sequence[str],
    status: str | None = "current",
    bbox: BBox | None = None,
    cursor: str | None = None,
    limit: int,
) -> list[AddressRecord]:
    """Addresses by code, a page: those that lie within and in a box; of every status when it is None."""
    stmt = queries.select_addresses(status).where(lies_within(prefixes))
    if bbox is not None:
        stmt = queries.in_box(stmt, (bbox.west, bbox.south, bbox.east, bbox.north))
    return records_of(session, queries.page(session, stmt, cursor, limit))


def create_address(session: Session, actor: Actor, gazetteer: Gazetteer, given: AddressChange) -> AddressRecord:
    """Enters a door under a new code, in the grid of its point.

    Raises BadWording for what names no single door, DoorExists that names the other one, InvalidInput without a point,
    Forbidden outside the scope.
    """
    segments = _segments(gazetteer, given, Segments())
    if given.point is None:
        message = "a door needs a point: give lon and lat"
        raise InvalidInput(message, errors=[FieldError("lon", message, "missing")])
    village = segments.village_code or ""
    point = stored_point(given.point)
    check_near(session, point, village[:6])
    lock_ground(session, point, [village])
    grid = grid_at(session, point)
    check_scope(actor.caller, grid or village)
    county = (grid or village)[:6]
    label = format_label(segments)
    _check_free(session, county, label)
    version = raise_version(session, actor.caller.name, f"地址 {label}")
    (code,) = take_ids(session, county, "A", 1)
    row = Address(county_code=county, code=code, village_code=village, label=label, grid_code=grid)
    row.point = from_shapely(point)
    row.point_source, row.point_accuracy_m = given.point_source or DEFAULT_SOURCE, given.point_accuracy_m
    _put_doors(row, segments)
    session.add(row)
    session.flush()
    queries.replace_aliases(session, code, {alias.text: alias.kind for alias in given.aliases})
    queries.forget_waiting(session, [county], [label])
    keep_rows(session, actor.caller.name, "create", Address, [code])
    tell(session, version, "create", [code])
    return get_address(session, code)


def change_address(
    session: Session, actor: Actor, gazetteer: Gazetteer, code: str, given: AddressChange, expected: int | None = None
) -> AddressRecord:
    """Corrects an address; its former label stays with it as another name.

    Raises what `create_address` raises, RowChanged for an older reading, NotCurrent after its end.
    """
    row = locked(session, actor, code, expected)
    _check_current(row)
    before = get_address(session, code)
    segments = before.segments
    if given.given & _DOOR_FIELDS:
        segments = _segments(gazetteer, given, segments)
    point = to_shapely(row.point) if given.point is None else stored_point(given.point)
    if not isinstance(point, shapely.Point):
        raise TypeError(f"a point column held a {point.geom_type}")
    village = segments.village_code or row.village_code
    grid = row.grid_code
    if (point.x, point.y) != stored_lonlat(row):
        check_near(session, point, code[1:7])
        lock_ground(session, point, [village])
        grid = grid_at(session, point)
    check_scope(actor.caller, grid or village)
    _check_county(code, grid)
    label = format_label(segments)
    if label != row.label:
        _check_free(session, code[1:7], label)
    changes = _changes(row, given, segments, label, point, grid)
    renamed = "aliases" in given.given and set(given.aliases) != set(before.aliases)
    if not changes and not renamed:
        return before
    version = raise_version(session, actor.caller.name, f"地址 {label}")
    keep_known(session, Address, [code])
    if renamed:
        queries.replace_aliases(session, code, {alias.text: alias.kind for alias in given.aliases})
    if label != before.label:
        queries.add_aliases(session, [(code, before.label, "old")])
    if changes.keys() - {"point_source", "point_accuracy_m"}:
        queries.forget_accepted(session, [code])
    write(session, row, changes)
    keep_rows(session, actor.caller.name, "change", Address, [code])
    tell(session, version, "change", [code])
    return get_address(session, code)


def restore_address(session: Session, actor: Actor, code: str, expected: int | None = None) -> AddressRecord:
    """Takes back a cancelling. Raises NotCurrent for one that was merged, DoorExists when the label is taken."""
    row = locked(session, actor, code, expected)
    if row.status == "current":
        return get_address(session, code)
    if row.status == "merged":
        raise NotCurrent(
            say(
                "merged_for_good",
                "{code} was merged into {into}; enter a new address instead.",
                code=code,
                into=row.merged_into,
            )
        )
    _check_free(session, code[1:7], row.label)
    version = raise_version(session, actor.caller.name, f"恢复地址 {row.label}")
    keep_known(session, Address, [code])
    write(session, row, {"status": "current", "status_note": None})
    keep_rows(session, actor.caller.name, "restore", Address, [code])
    tell(session, version, "restore", [code])
    return get_address(session, code)


def end_cancelled(session: Session, actor: Actor, row: Address, why: str | None) -> None:
    """Ends an address that nothing is left at; the caller has seen to that."""
    version = raise_version(session, actor.caller.name, f"注销地址 {row.label}")
    keep_known(session, Address, [row.code])
    queries.forget_accepted(session, [row.code])
    write(session, row, {"status": "cancelled", "status_note": why})
    keep_rows(session, actor.caller.name, "cancel", Address, [row.code])
    tell(session, version, "cancel", [row.code])


def end_merged(session: Session, actor: Actor, gone: Address, kept: Address) -> None:
    """Ends an address in another one, which gets its label and other names; old codes lead there."""
    codes = [kept.code, gone.code]
    version = raise_version(session, actor.caller.name, f"{gone.code} 并入 {kept.code}")
    keep_known(session, Address, codes)
    others = [(kept.code, alias.text, alias.kind) for alias in queries.aliases_of(session, [gone.code])]
    if gone.label != kept.label:
        others.append((kept.code, gone.label, "old"))
    queries.add_aliases(session, others)
    queries.set_merged_targets(session, gone.code, kept.code)
    queries.forget_accepted(session, codes)
    write(session, gone, {"status": "merged", "merged_into": kept.code})
    write(session, kept, {})
    keep_rows(session, actor.caller.name, "merge", Address, codes)
    tell(session, version, "merge", codes)


def accept_problem(session: Session, actor: Actor, code: str, kind: str, note: str | None) -> AddressRecord:
    """Writes down that somebody looked at a problem and found it to be none. Raises InvalidInput for its kind."""
    _check_acceptable(kind)
    row = locked(session, actor, code, None)
    _check_current(row)
    queries.accept(session, code, kind, actor.caller.name, note)
    append_event(session, "address_problem_accepted", {"code": code, "kind": kind}, county_code=code[1:7])
    return get_address(session, code)


def reopen_problem(session: Session, actor: Actor, code: str, kind: str) -> AddressRecord:
    """Takes that back: it is told again. Raises InvalidInput for its kind, NotFound when nobody had accepted it."""
    _check_acceptable(kind)
    row = locked(session, actor, code, None)
    _check_current(row)
    if not queries.reopen(session, code, kind):
        raise NotFound(f"Nobody has accepted {kind} of {code}.")
    append_event(session, "address_problem_reopened", {"code": code, "kind": kind}, county_code=code[1:7])
    return get_address(session, code)


def _check_acceptable(kind: str) -> None:
    if kind not in ACCEPTABLE:
        message = f"there is no problem {kind[:20]!r} that can be accepted; there are {', '.join(ACCEPTABLE)}"
        raise InvalidInput(message, errors=[FieldError("kind", message)])


def locked(session: Session, actor: Actor, code: str, expected: int | None) -> Address:
    """A row that nobody else changes until the transaction ends.

    Raises NotFound, Forbidden outside the scope, RowChanged when it is no longer as it was read.
    """
    row = queries.lock(session, code)
    check_scope(actor.caller, code[1:7] if row is None else row.grid_code or row.village_code)
    if row is None:
        raise NotFound(say("no_such_address", "There is no address {code}.", code=code))
    check_unchanged(expected, row.row_version, code)
    return row


def write(session: Session, row: Address, changes: Mapping[str, Any]) -> None:
    """Puts values into a row and counts the write."""
    for name, value in changes.items():
        setattr(row, name, value)
    row.row_version += 1
    row.updated_at = func.now()  # the database's clock
    session.flush()
    session.refresh(row)


def tell(session: Session, version: int, action: str, codes: Sequence[str]) -> None:
    """Tells everybody what happened to addresses of one county."""
    payload = {"action": action, "addresses": list(codes)}
    append_event(session, "addresses", payload, county_code=codes[0][1:7], version=version)


def _segments(gazetteer: Gazetteer, given: AddressChange, before: Segments) -> Segments:
    if "label" in given.given and given.label:
        if any(given.parts.values()):
            message = "give the label or its segments, not both"
            raise InvalidInput(message, errors=[FieldError("label", message)])
        return segments_of_text(gazetteer, given.label, given.village_code)
    village = given.village_code or before.village_code
    if village is None:
        message = "say which village: give village_code, or the whole address as label"
        raise InvalidInput(message, errors=[FieldError("village_code", message, "missing")])
    parts = {name: getattr(before, name) for name in DOOR_SEGMENTS} | dict(given.parts)
    return segments_of_parts(gazetteer, village, parts)


def _changes(
    row: Address, given: AddressChange, segments: Segments, label: str, point: shapely.Point, grid: str | None
) -> dict[str, Any]:
    """The columns that get another value; a new point takes the old one's source and accuracy with it."""
    wanted: dict[str, Any] = {name: getattr(segments, name) for name in DOOR_SEGMENTS}
    wanted |= {"village_code": segments.village_code, "label": label, "grid_code": grid}
    moved = (point.x, point.y) != stored_lonlat(row)
    if moved or "point_source" in given.given:
        wanted["point_source"] = given.point_source or DEFAULT_SOURCE
    if moved or "point_accuracy_m" in given.given:
        wanted["point_accuracy_m"] = given.point_accuracy_m
    changes = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    return {**changes, "point": from_shapely(point)} if moved else changes


def _put_doors(row: Address, segments: Segments) -> None:
    for name in DOOR_SEGMENTS:
        setattr(row, name, getattr(segments, name))


def _check_current(row: Address) -> None:
    if row.status == "merged":
        raise NotCurrent(
            say(
                "merged_meanwhile",
                "{code} was merged into {into}; change that one.",
                code=row.code,
                into=row.merged_into,
            )
        )
    if row.status == "cancelled":
        raise NotCurrent(say("cancelled_meanwhile", "{code} was cancelled; restore it first.", code=row.code))


def _check_free(session: Session, county: str, label: str) -> None:
    for other in queries.current_by_labels(session, [county], [label]):
        lon, lat = stored_lonlat(other)
        where = say("at_point", "at {lon:.6f}, {lat:.6f}", lon=lon, lat=lat)
        if other.grid_code:
            where = say("at_point_in_grid", "{where} in grid {grid}", where=where, grid=other.grid_code)
        message = say(
            "door_exists",
            "{label} is there already: {code} {where}. Correct that one, or give this a number of its own.",
            label=label,
            code=other.code,
            where=where,
        )
        raise DoorExists(message, errors=[FieldError("label", other.code, "duplicate")])


def _check_county(code: str, grid: str | None) -> None:
    if grid is not None and not grid.startswith(code[1:7]):
        message = say(
            "point_in_other_county",
            "the point lies in grid {grid} of another county, and a code stays in its county; "
            "cancel {code} and enter the door there.",
            grid=grid,
            code=code,
        )
        raise Conflict(message, errors=[FieldError("lon,lat", message)])
