"""Household groups and their heads from files, such as last year's Excel of group heads."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.contacts import heads
from gridmap.contacts.heads import Head
from gridmap.divisions import service as divisions
from gridmap.exchange.codes import BadCode, digits_of
from gridmap.exchange.loaders.context import CHANGED, NEW, Context, name_refusal, publish, with_codes
from gridmap.exchange.records import Record
from gridmap.exchange.report import Line, Loaded
from gridmap.grids import service as grids
from gridmap.grids.writing import replace_groups
from gridmap.sentences import Sentence, say


def load_groups(session: Session, records: Sequence[Record], context: Context) -> Loaded:
    """Enters groups, new names and heads. A head who is in no register yet is entered as an officer without capacity.

    A file without a column for heads leaves them as they are; so does an empty cell.
    """
    loaded = Loaded()
    coded = with_codes(loaded, records, _code, context)
    codes = {code for code, _ in coded}
    below = sorted({code[:15] for code in codes})
    names = {code: name for code, name in grids.groups_in(session, below).items() if code in codes}
    given = codes.intersection(grids.group_codes_ever_used(session, below))
    there = {grid.code for grid in grids.get_holding(session, below)}
    led = heads.heads_of(session, codes)
    wanted: dict[str, tuple[Record, str]] = {}
    for code, record in coded:
        refusal = _refusal(code, record, there, retired=code in given and code not in names)
        if refusal:
            loaded.reject(record, code, refusal)
        else:
            wanted[code] = (record, record.line("name") or "")
    appointed = _appoint(session, {code: record for code, (record, _) in wanted.items()}, led, loaded)
    renamed = {c: name for c, (_, name) in wanted.items() if c not in appointed.refused and names.get(c) != name}
    if renamed:
        loaded.version = publish(session, context, "groups", sorted(renamed))
        replace_groups(session, loaded.version, [code for code in renamed if code in names], renamed)
    for code, officer_id in appointed.heads.items():
        heads.set_head(session, code, officer_id)
    if appointed.heads:
        audit.record(session, context.actor, "import groups", sorted(set(appointed.heads.values())))
    for code, (record, _) in wanted.items():
        if code in renamed or code in appointed.heads:
            loaded.load(record, code, NEW if code not in names else CHANGED)
        elif code not in appointed.refused:
            loaded.keep(record, code)
    new = sum(code not in names for code in renamed)
    loaded.table.append(
        Line(say("groups_known", "groups of this file that are known"), str(len(names)), str(len(names) + new))
    )
    loaded.table.append(
        Line(say("groups_with_head", "of them with a head"), str(len(led)), str(len({*led, *appointed.heads})))
    )
    return loaded


def _code(record: Record) -> str:
    code = digits_of(record.fields.get("code"), 17, "group")
    if code.endswith("00"):
        raise BadCode(
            say(
                "group_from_01",
                "{code} ends in 00: groups are numbered from 01; Excel may have rounded the last digits away",
                code=code,
            )
        )
    return code


def _refusal(code: str, record: Record, grids: set[str], *, retired: bool) -> Sentence | None:
    if refusal := name_refusal(record):
        return refusal
    if code[:15] not in grids:
        return say("no_grid_now", "there is no grid {grid} now", grid=code[:15])
    return say("code_given_up", "the code was given up earlier, and a code is never given again") if retired else None


class _Appointed:
    """Officers to become heads by group, and the groups whose rows were rejected."""

    def __init__(self) -> None:
        self.heads: dict[str, str] = {}
        self.refused: set[str] = set()


def _appoint(session: Session, rows: Mapping[str, Record], led: Mapping[str, Head], loaded: Loaded) -> _Appointed:
    appointed = _Appointed()
    by_id = heads.officers_by_id(session, [given for r in rows.values() if (given := r.text("head")) is not None])
    named = [name for record in rows.values() if (name := record.text("head_name")) is not None]
    people = heads.officers_named(session, {code[:6] for code in rows}, named)
    villages = divisions.by_codes(session, {code[:12] for code in rows})
    for code, record in rows.items():
        try:
            head = _find(record, by_id, people, code)
        except BadCode as error:
            loaded.reject(record, code, error.said)
            appointed.refused.add(code)
            continue
        if head is None and record.text("head_name"):
            unit = villages[code[:12]].name_full if code[:12] in villages else code[:12]
            name, phone = record.text("head_name") or "", record.text("head_phone")
            head = heads.enter_group_head(session, code[:12], unit, name, phone)
            people.append(head)
            record.notes.append(
                say(
                    "entered_as_officer",
                    "{id} was entered as an officer of the village, with no capacity for households",
                    id=head.id,
                )
            )
        if head is not None and (code not in led or led[code].id != head.id):
            appointed.heads[code] = head.id
    return appointed


def _find(record: Record, by_id: Mapping[str, Head], people: Sequence[Head], code: str) -> Head | None:
    """The officer meant: by his id, else by name and phone. Raises BadCode when two fit or the id is unknown."""
    officer_id = record.text("head")
    if officer_id is not None:
        found = by_id.get(officer_id)
        if found is None or found.id[1:7] != code[:6]:
            raise BadCode(say("no_officer_county", "there is no officer {id} in the county", id=officer_id[:20]))
        return found
    name, phone = record.text("head_name"), record.text("head_phone")
    if name is None:
        return None
    fitting = [p for p in people if p.name == name and p.id[1:7] == code[:6] and (phone is None or p.phone == phone)]
    if len(fitting) > 1:
        raise BadCode(
            say("officers_same_name", "{count} officers are called so; give the head's id or phone", count=len(fitting))
        )
    return fitting[0] if fitting else None
