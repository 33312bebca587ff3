"""Households from files: 206,400 of them or last month's births."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.personal import is_masked
from gridmap.db.versions import append_event
from gridmap.exchange import register_queries as queries
from gridmap.exchange.cells import count_of, plain
from gridmap.exchange.codes import BadCode, digits_of, division_code
from gridmap.exchange.doors import Door, Doors, Said
from gridmap.exchange.loaders.context import OUTSIDE_SCOPE, Context
from gridmap.exchange.loaders.people import Read, id_of, of_fields, read_rows, settle
from gridmap.exchange.records import Record
from gridmap.exchange.report import Line, Loaded
from gridmap.households import loading, rules
from gridmap.households.loading import HouseholdState
from gridmap.households.model import NEEDS
from gridmap.sentences import say

_KINDS = {
    "family": "family", "家庭户": "family", "家庭": "family", "普通户": "family", "住户": "family",
    "collective": "collective", "集体户": "collective", "集体": "collective",
}  # fmt: skip
_BLANK: dict[str, Any] = {
    **dict.fromkeys(rules.FIELDS), "kind": "family", **dict.fromkeys(NEEDS, 0),
}  # fmt: skip
_HouseholdRow = Read[HouseholdState]


def load_households(session: Session, records: Sequence[Record], context: Context) -> Loaded:
    """Enters households and changes known ones: by id, else by address and head's name.

    An empty cell takes nothing away. A household without a group gets that of its nearest neighbour in the grid.
    """
    loaded = Loaded()
    reader = _Reader(session, records, context)
    rows = read_rows(loaded, records, reader.read)
    counties = {row.state.values["address_code"][1:7] for row in rows}
    before = loading.count_in(session, counties)
    _give_groups(session, rows, reader)
    new = [row for row in rows if row.is_new]
    changed = [row for row in rows if row.changes and not row.is_new]
    who = context.actor.caller.name
    written = loading.enter(session, who, [row.state for row in new]) if new else []
    written += loading.correct(session, who, [row.state for row in changed]) if changed else []
    settle(loaded, rows, lambda row: row.state.id)
    if written:
        audit.record(session, context.actor, "import households", written)
        append_event(session, "households", {"action": "import", "file": context.file, "count": len(written)})
    after = loading.count_in(session, counties)
    counted = say("households_in_counties", "households in these counties"), say("persons", "persons")
    for what, then, now in zip(counted, before, after, strict=True):
        loaded.table.append(Line(what, f"{then:,}", f"{now:,}"))
    return loaded


class _Reader:
    """Rows read against the register: everything that they refer to is looked up at once."""

    def __init__(self, session: Session, records: Sequence[Record], context: Context) -> None:
        self._caller = context.actor.caller
        ids = {found for record in records if (found := _quiet_id(record))}
        self._by_id = loading.known_by_id(session, ids)
        at = [state.values["address_code"] for state in self._by_id.values()]
        self.doors = Doors(session, map(_said, records), further=at)
        doors = {door.code for record in records if (door := self._quiet_door(record)) is not None}
        self._by_head = loading.known_at(session, doors) if doors else {}
        groups = {text for record in records if (text := plain(record, "group_code"))}
        self._groups = queries.current_groups(session, sorted(groups)) if groups else set()

    def read(self, record: Record) -> _HouseholdRow:
        """What a row says. Raises BadCode."""
        household_id = id_of(record, "id", "H")
        known = self._by_id.get(household_id or "")
        if household_id is not None and known is None:
            raise BadCode(
                say("no_household_new", "there is no household {id}; leave the id empty for a new one", id=household_id)
            )
        if known is not None and known.status == "closed":
            raise BadCode(
                say(
                    "household_closed",
                    "household {id} is closed; open it again first, or leave the id empty for a new one",
                    id=known.id,
                )
            )
        door = self.doors.find(_said(record)) or self.door_of(known)
        given = _given(record, known)
        known = known or self._by_door(door, given)
        before = None if known is None else dict(known.values)
        values = self._values(record, {**(before or _BLANK), **given, "address_code": door.code}, door)
        self._check_scope(door, before)
        state = HouseholdState(known.id if known else None, values)
        key = state.id or (door.code, values["head_name"])
        return Read(record, key, state.id, state, is_new=known is None, changes=before != values)

    def door_of(self, known: HouseholdState | None) -> Door:
        """Where a known household lives. Raises BadCode when that can't be told."""
        door = self.doors.by_code.get(known.values["address_code"]) if known else None
        if door is None:
            raise BadCode(
                say("household_no_address", "it has no address: an address code or the address in words is wanted")
            )
        return door

    def _quiet_door(self, record: Record) -> Door | None:
        try:
            return self.doors.find(_said(record))
        except BadCode:
            return None

    def _by_door(self, door: Door, given: Mapping[str, Any]) -> HouseholdState | None:
        found = self._by_head.get((door.code, given.get("head_name", "")), [])
        if len(found) > 1:
            raise BadCode(
                say(
                    "households_same_head",
                    "{count} households at {code} have a head of this name; give the id",
                    count=len(found),
                    code=door.code,
                )
            )
        return found[0] if found else None

    def _values(self, record: Record, values: dict[str, Any], door: Door) -> dict[str, Any]:
        """The whole household. A group of another grid is refused where the row says it, else left for a new one."""
        if values["persons"] is None:
            raise BadCode(say("persons_wanted", "persons: how many live there is wanted"))
        errors = rules.check(values)
        if errors:
            raise BadCode(of_fields(errors))
        if (grid := plain(record, "grid_code")) and grid != door.grid_code:
            record.notes.append(
                say(
                    "point_other_grid",
                    "its point lies in grid {grid}, although the file says {said}",
                    grid=door.grid_code or "-",
                    said=grid[:20],
                )
            )
        group = values["group_code"]
        if plain(record, "group_code") and group not in self._groups:
            raise BadCode(say("no_group_now", "there is no household group {group} now", group=group))
        if group is not None and not group.startswith(door.grid_code or "-"):
            if plain(record, "group_code"):
                raise BadCode(
                    say(
                        "group_other_grid",
                        "group {group} is none of grid {grid}, where the address lies",
                        group=group,
                        grid=door.grid_code or "-",
                    )
                )
            record.notes.append(say("left_group", "it left group {group} with its grid", group=group))
            values["group_code"] = None
        return values

    def _check_scope(self, door: Door, before: Mapping[str, Any] | None) -> None:
        left = self.doors.by_code.get(before["address_code"]) if before else None
        if not all(self._caller.covers(place.place) for place in (door, left) if place is not None):
            raise BadCode(OUTSIDE_SCOPE)


def _quiet_id(record: Record) -> str | None:
    try:
        return id_of(record, "id", "H")
    except BadCode:
        return None


def _said(record: Record) -> Said:
    try:
        village = division_code(record.fields.get("village"), "village")[0] if record.text("village") else None
    except BadCode:
        village = None
    code = plain(record, "address_code")
    return Said(code.upper() if code else None, None if code else record.text("address"), village)


def _given(record: Record, known: HouseholdState | None) -> dict[str, Any]:
    """The fields that a row says, in the form in which they are kept. Raises BadCode."""
    given: dict[str, Any] = {}
    for field in ("name", "head_name", "head_phone"):
        text = plain(record, field)
        if text is not None and is_masked(text) and known is not None:
            record.notes.append(
                say("masked_stays", "{field} is masked in the file and stays as it is known", field=field)
            )
        elif text is not None:
            given[field] = text
    if text := record.text("kind"):
        if text.lower() not in _KINDS:
            raise BadCode(
                say("household_kind", "kind {kind!r}: family (家庭户) or collective (集体户) is wanted", kind=text[:20])
            )
        given["kind"] = _KINDS[text.lower()]
    for field in ("persons", *NEEDS):
        if (count := count_of(record, field)) is not None:
            given[field] = count
    if record.text("group_code"):
        given["group_code"] = digits_of(record.fields.get("group_code"), 17, "group")
    kept, errors = rules.clean(given)
    if errors:
        raise BadCode(of_fields(errors))
    return kept


def _give_groups(session: Session, rows: Sequence[_HouseholdRow], reader: _Reader) -> None:
    """Gives new and moved households without a group that of the nearest household of their grid which has one."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - slow to import, and imports are rare

    wanted: dict[str, list[_HouseholdRow]] = {}
    for row in rows:
        grid = reader.doors.by_code[row.state.values["address_code"]].grid_code
        if grid is not None and row.state.values["group_code"] is None and row.changes and not _has_left(row):
            wanted.setdefault(grid, []).append(row)
    members: dict[str, list[loading.Neighbour]] = {}
    for neighbour in loading.neighbours_in(session, wanted) if wanted else ():
        members.setdefault(neighbour.grid_code, []).append(neighbour)
    for grid, theirs in members.items():
        tree = cKDTree(_metres([(n.lon, n.lat) for n in theirs]))
        doors = [reader.doors.by_code[row.state.values["address_code"]] for row in wanted[grid]]
        _, nearest = tree.query(_metres([(door.lon, door.lat) for door in doors]))
        for row, place in zip(wanted[grid], np.atleast_1d(nearest).tolist(), strict=True):
            row.state.values["group_code"] = theirs[place].group_code


def _has_left(row: _HouseholdRow) -> bool:
    """Whether a known household of no group stays where it is: then nobody asked for one."""
    return not row.is_new and not any("left group" in note for note in row.record.notes)


def _metres(points: Sequence[tuple[float, float]]) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Places on a plane that is right for a grid's few kilometres."""
    lonlat = np.asarray(points, np.float64).reshape(-1, 2)
    return np.column_stack([lonlat[:, 0] * np.cos(np.radians(lonlat[:, 1].mean())), lonlat[:, 1]]) * 111_320.0
