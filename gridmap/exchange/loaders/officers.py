"""Officers and their duty posts from files."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.personal import BadPersonal, is_masked, read_phone
from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.parse import parse
from gridmap.addresses.service import load_gazetteer
from gridmap.contacts import loading, posts, rules
from gridmap.contacts.loading import RegisterState
from gridmap.db.versions import append_event
from gridmap.errors import InvalidInput
from gridmap.exchange import register_queries as queries
from gridmap.exchange.cells import count_of, day_of, plain
from gridmap.exchange.codes import BadCode, digits_of, division_code
from gridmap.exchange.loaders.context import OUTSIDE_SCOPE, Context
from gridmap.exchange.loaders.people import Read, id_of, of_fields, read_rows, settle
from gridmap.exchange.records import Record
from gridmap.exchange.report import Line, Loaded
from gridmap.grids import service as grids
from gridmap.sentences import Sentence, say

_KINDS = {
    "干部": "official", "联系干部": "official", "公务员": "official", "网格长": "grid_head", "网格员": "grid_head",
    "联户长": "group_head", "民兵": "militia", "人大代表": "delegate", "政协委员": "delegate", "代表委员": "delegate",
    "志愿者": "volunteer", "医务人员": "medic", "医生": "medic", "村医": "medic",
}  # fmt: skip
_LANGUAGES = {"汉语": "zh", "普通话": "zh", "汉": "zh", "藏语": "bo", "藏": "bo"}
_PLACES = ("home_code", "work_code")
_LEVELS = ("village_code", "township_code", "county_code", "prefecture_code")
_OfficerRow = Read[RegisterState]


def load_officers(session: Session, records: Sequence[Record], context: Context) -> Loaded:
    """Enters officers and changes known ones: by id, else by name and phone, or name and birthplace.

    An empty cell takes nothing away. Places may be codes or names.
    """
    loaded = Loaded()
    reader = _Officers(session, records, context)
    rows = read_rows(loaded, records, reader.read)
    new = [row.state for row in rows if row.is_new]
    changed = [row.state for row in rows if row.changes and not row.is_new]
    who = context.actor.caller.name
    written = loading.enter_officers(session, who, new) if new else []
    written += loading.correct_officers(session, who, changed) if changed else []
    settle(loaded, rows, lambda row: row.state.id)
    if written:
        audit.record(session, context.actor, "import officers", written)
        append_event(session, "officers", {"action": "import", "file": context.file, "count": len(written)})
    known = len(rows) - len(new)
    loaded.table.append(
        Line(say("officers_known", "officers of this file that are known"), f"{known:,}", f"{len(rows):,}")
    )
    loaded.table.append(
        Line(say("first_contacts", "first contacts they can take"), f"{reader.capacity:,}", f"{_capacity(rows):,}")
    )
    return loaded


def _capacity(rows: Sequence[_OfficerRow]) -> int:
    return sum(row.state.values["capacity"] for row in rows)


class _Officers:
    """Rows read against the register: everything that they refer to is looked up at once."""

    def __init__(self, session: Session, records: Sequence[Record], context: Context) -> None:
        self._caller = context.actor.caller
        self._gazetteer = load_gazetteer(session)
        self._by_id = loading.officers_by_id(session, {found for r in records if (found := _quiet_id(r, "id"))})
        named = {name for record in records if not record.text("id") and (name := plain(record, "name"))}
        self._by_name = loading.officers_named(session, named) if named else {}
        doors = {code for record in records if (code := plain(record, "work_address_code"))}
        self._doors = {row[0] for row in queries.doors_by_code(session, sorted(doors))} if doors else set()
        self.capacity = 0

    def read(self, record: Record) -> _OfficerRow:
        """What a row says. Raises BadCode."""
        officer_id = id_of(record, "id", "P")
        known = self._by_id.get(officer_id or "")
        if officer_id is not None and known is None:
            raise BadCode(
                say("no_officer_new", "there is no officer {id}; leave the id empty for a new one", id=officer_id)
            )
        if known is not None and known.status == "closed":
            raise BadCode(
                say(
                    "officer_retired",
                    "officer {id} has retired; bring him back first, or leave the id empty for a new one",
                    id=known.id,
                )
            )
        given = _given(record, known, self._gazetteer)
        known = known or self._same(given)
        before = None if known is None else dict(known.values)
        values = self._whole(before, given)
        places = [values[place] for place in _PLACES] + ([before[place] for place in _PLACES] if before else [])
        if not any(self._caller.covers(place) for place in places):
            raise BadCode(OUTSIDE_SCOPE)
        self.capacity += before["capacity"] if before else 0
        if before is None and "capacity" not in given:
            record.notes.append(say("capacity_unsaid", "how many households he can take is not said: none for now"))
        state = RegisterState(known.id if known else None, values)
        key = state.id or (values["name"], values["phone"], values["home_code"])
        return Read(record, key, state.id, state, is_new=known is None, changes=before != values)

    def _same(self, given: Mapping[str, Any]) -> RegisterState | None:
        """The officer of the row's name and phone; of its name and birthplace where one of the phones is missing."""
        found = [
            state
            for state in self._by_name.get(given.get("name", ""), [])
            if _agree(state.values["phone"], given.get("phone"), state.values["home_code"], given.get("home_code"))
        ]
        if len(found) > 1:
            raise BadCode(say("officers_fit", "{count} officers fit this name; give the id", count=len(found)))
        return found[0] if found else None

    def _whole(self, before: Mapping[str, Any] | None, given: Mapping[str, Any]) -> dict[str, Any]:
        blank: dict[str, Any] = {**dict.fromkeys(rules.FIELDS), "kind": "official", "capacity": 0, "languages": []}
        values = {**(before or blank), **given}
        values["work_code"] = values["work_code"] or values["home_code"]
        if values["home_code"] is None:
            raise BadCode(say("home_wanted", "home_code: where he was born is wanted, a village, township or county"))
        errors = [of_fields([error]) for error in rules.check(values)]
        errors += self._wrong_places(before or {}, values)
        if errors:
            raise BadCode(Sentence.joined(errors))
        return values

    def _wrong_places(self, before: Mapping[str, Any], values: Mapping[str, Any]) -> list[Sentence]:
        errors = []
        for place in _PLACES:
            known = self._gazetteer.known.get(values[place])
            if known is None or known.place.level == "province":
                errors.append(
                    say(
                        "no_division_value",
                        "{place}: there is no such division {code}",
                        place=place,
                        code=values[place],
                    )
                )
        door, county = values["work_address_code"], values["work_code"][:6]
        moved = door is not None and door != before.get("work_address_code")
        if moved and (door not in self._doors or door[1:7] != county):
            errors.append(
                say(
                    "no_work_address",
                    "work_address_code: there is no address {address} in the county now",
                    address=door[:20],
                )
            )
        if before and before["work_code"][:6] != county:
            errors.append(
                say("work_other_county", "work_code: it lies in another county: retire him there and enter him here")
            )
        return errors


def _agree(phone: str | None, given: str | None, home: str, given_home: str | None) -> bool:
    return phone == given if phone and given else given_home is None or home == given_home


def _quiet_id(record: Record, field: str) -> str | None:
    try:
        return id_of(record, field, "P")
    except BadCode:
        return None


def _given(record: Record, known: RegisterState | None, gazetteer: Gazetteer) -> dict[str, Any]:
    """The fields that a row says, in the form in which they are kept. Raises BadCode."""
    given: dict[str, Any] = {}
    for field in ("name", "phone", "unit", "work_address_code"):
        text = plain(record, field)
        if text is not None and is_masked(text) and known is not None:
            record.notes.append(
                say("masked_stays", "{field} is masked in the file and stays as it is known", field=field)
            )
        elif text is not None:
            given[field] = text
    given |= _words(record)
    if (capacity := count_of(record, "capacity")) is not None:
        given["capacity"] = capacity
    for field in ("absent_from", "absent_to"):
        if (day := day_of(record, field)) is not None:
            given[field] = day
    for field in _PLACES:
        if record.text(field):
            given[field] = _division(record, field, gazetteer)
    kept, errors = rules.clean(given)
    if errors:
        raise BadCode(of_fields(errors))
    return kept


def _words(record: Record) -> dict[str, Any]:
    """Kind and languages, in Chinese or as they are kept."""
    said: dict[str, Any] = {}
    if text := record.text("kind"):
        said["kind"] = _KINDS.get(text, text)
    if text := record.text("languages"):
        said["languages"] = [_LANGUAGES.get(part, part) for part in re.split(r"[\s、，,;；]+", text) if part]
    return said


def _division(record: Record, field: str, gazetteer: Gazetteer) -> str:
    """The code of a place that is given by code or by name. Raises BadCode for a name of several or of none."""
    text = plain(record, field) or ""
    if text.isascii() and text.isdigit():
        return division_code(text, None)[0]
    found = parse(gazetteer, text)
    codes = [str(code) for level in _LEVELS if (code := getattr(found.segments, level))]
    if not codes or any(other.reason != "group_and_number" for other in found.alternatives):
        raise BadCode(
            say(
                "names_no_place",
                "{field}: {text!r} names no single place that is known; give its code",
                field=field,
                text=text[:40],
            )
        )
    record.notes.append(
        say("was_read_as", "{field} {text} was read as {code}", field=field, text=text[:40], code=codes[0])
    )
    return codes[0]


def load_posts(session: Session, records: Sequence[Record], context: Context) -> Loaded:
    """Enters duty posts and changes who holds them: by grid and task. An empty holder leaves the one there is."""
    loaded = Loaded()
    reader = _Posts(session, records, context)
    rows = read_rows(loaded, records, reader.read)
    changed = [row for row in rows if row.changes]
    written = loading.write_posts(session, context.actor.caller.name, [row.state for row in changed])
    settle(loaded, rows, lambda row: row.state.id)
    if written:
        holders = {row.state.values["holder_id"] for row in changed if row.state.values["holder_id"]}
        audit.record(session, context.actor, "import posts", [*written, *sorted(holders)])
        append_event(session, "posts", {"action": "import", "file": context.file, "count": len(written)})
    vacant = sum(row.state.values["holder_id"] is None for row in rows)
    known = len(rows) - sum(row.is_new for row in rows)
    loaded.table.append(Line(say("posts_known", "posts of this file that are known"), f"{known:,}", f"{len(rows):,}"))
    loaded.table.append(Line(say("posts_vacant", "of them vacant"), "", f"{vacant:,}"))
    return loaded


class _Posts:
    """Rows of posts read against grids, posts and officers."""

    def __init__(self, session: Session, records: Sequence[Record], context: Context) -> None:
        self._caller = context.actor.caller
        codes = {text for record in records if (text := plain(record, "grid_code"))}
        self._grids = {grid.code for grid in grids.get_holding(session, sorted(codes))}
        self._known = loading.posts_in(session, codes)
        self._by_id = loading.officers_by_id(session, {found for r in records if (found := _quiet_id(r, "holder"))})
        names = {name for record in records if (name := plain(record, "holder_name"))}
        self._by_name = loading.officers_named(session, names) if names else {}

    def read(self, record: Record) -> Read[RegisterState]:
        """What a row says. Raises BadCode."""
        grid = digits_of(record.fields.get("grid_code"), 15, "grid")
        if not self._caller.covers(grid):
            raise BadCode(OUTSIDE_SCOPE)
        if grid not in self._grids:
            raise BadCode(say("no_grid_now", "there is no grid {grid} now", grid=grid))
        try:
            task = posts.task_of(plain(record, "task"))
        except InvalidInput as error:
            raise BadCode(of_fields(error.errors)) from None
        known = self._known.get((grid, task))
        given_id = id_of(record, "id", "D")
        if given_id is not None and (known is None or known.id != given_id):
            raise BadCode(
                say("no_post", "there is no post {id} of this grid and task; leave the id empty", id=given_id)
            )
        holder = self._holder(record, grid) or (known.values["holder_id"] if known else None)
        values = {
            "grid_code": grid, "task": task, "holder_id": holder, "holder_county_code": holder[1:7] if holder else None,
        }  # fmt: skip
        state = RegisterState(known.id if known else None, values)
        return Read(
            record, (grid, task), state.id, state, is_new=known is None, changes=not known or known.values != values
        )

    def _holder(self, record: Record, grid: str) -> str | None:
        """The officer meant: by id, else by name and phone in the grid's county. Raises BadCode unless it is one."""
        officer_id = id_of(record, "holder", "P")
        if officer_id is not None:
            found = self._by_id.get(officer_id)
            if found is None or found.status != "current":
                raise BadCode(say("no_officer_in_office", "there is no officer {id} in office", id=officer_id))
            return officer_id
        name = plain(record, "holder_name")
        if name is None:
            return None
        phone = _phone(plain(record, "holder_phone"))
        fitting = [
            state.id
            for state in self._by_name.get(name, [])
            if (state.id or "")[1:7] == grid[:6] and (phone is None or state.values["phone"] == phone)
        ]
        if len(fitting) != 1:
            raise BadCode(
                say(
                    "officers_same_name_county",
                    "{count} officers of the county are called so; give the holder's id",
                    count=len(fitting),
                )
            )
        return fitting[0]


def _phone(text: str | None) -> str | None:
    try:
        return None if text is None else read_phone(text)
    except BadPersonal as error:
        raise BadCode(say("holder_phone", "holder_phone: {error}", error=error.said)) from None
