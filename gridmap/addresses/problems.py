"""What is wrong in the register of addresses, door by door, and what to do about each."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from gridmap.addresses import problem_queries, queries
from gridmap.addresses.format import format_label
from gridmap.addresses.gazetteer import Gazetteer
from gridmap.addresses.model import Address, WaitingAddress, lies_within
from gridmap.addresses.parse import parse
from gridmap.addresses.problem_queries import ProblemSelect
from gridmap.addresses.record import AddressRecord, records_of
from gridmap.divisions import service as divisions
from gridmap.errors import FieldError, InvalidInput

Kind = Literal["no_point", "same_door", "outside", "elsewhere", "same_point", "number_gap", "label"]
"""Kinds of problem (问题类型), in the order in which they are listed: what can cost most comes first."""
Action = Literal["merge", "move", "accept", "correct", "place"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_COUNTED: tuple[Kind, ...] = KINDS[:-1]
_NEIGHBOURS = 3
_READ_AT_ONCE = 500
_ERRORS: frozenset[Kind] = frozenset({"no_point", "same_door", "outside"})
_SENTENCES: dict[Kind, tuple[str, str, str, str]] = {
    "no_point": (
        "{label} 没有坐标（{file} 第 {row} 行）。",
        "{label} has no point ({file}, row {row}).",
        "在地图上指定位置；附近的门牌列在旁边。",
        "Show its place on the map; its neighbours are listed.",
    ),
    "same_door": (
        "{labels} 是同一个门牌。",
        "{labels} are the same door.",
        "合并：旧编码仍可查到，住户随之转移；确实是两处时改门牌号，或确认无误。",
        "Merge them: the old code leads on and households follow. If they are two doors, correct a number or accept.",
    ),
    "outside": (
        "{label} 的位置不在任何网格内。",
        "The point of {label} lies in no grid.",
        "在地图上移到正确位置，或确认无误。",
        "Move it to its place on the map, or accept.",
    ),
    "elsewhere": (
        "{label} 的位置在{there}，文字写的是{village}。",
        "The point of {label} lies in {there}, although it says {village}.",
        "移动位置，或更正文字；位置无误时确认，网格以位置为准。",
        "Move the point or correct the text; accept when the point is right: the grid follows it.",
    ),
    "same_point": (
        "{labels} 的坐标完全相同。",
        "{labels} stand at one and the same point.",
        "把其中一个移到自己的门口；同一个门牌则合并；确在一处时确认无误。",
        "Move one of them to its own gate, merge them if they are one door, or accept.",
    ),
    "number_gap": (
        "{label} 的门牌号比前一号（{before}）大很多。",
        "The number of {label} is far above the one before it ({before}).",
        "核对门牌号，更正或确认无误。",
        "Check the number; correct or accept it.",
    ),
    "label": (
        "{label} 读出来是 {read}，与登记的各段不符。",
        "{label} is read as {read}, not as the segments that are kept.",
        "更正各段，或确认无误。",
        "Correct the segments, or accept.",
    ),
}
_ACTIONS: dict[Kind, tuple[Action, ...]] = {
    "no_point": ("place",),
    "same_door": ("merge", "correct", "accept"),
    "outside": ("move", "accept"),
    "elsewhere": ("move", "correct", "accept"),
    "same_point": ("move", "merge", "accept"),
    "number_gap": ("correct", "accept"),
    "label": ("correct", "accept"),
}
_FINDERS: Mapping[Kind, Callable[[ColumnElement[bool]], ProblemSelect]] = {
    "same_door": problem_queries.same_door,
    "outside": problem_queries.outside,
    "elsewhere": problem_queries.elsewhere,
    "same_point": problem_queries.same_point,
    "number_gap": problem_queries.number_gap,
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of a file that names a door but no place; `near` are doors that may be its neighbours, nearest first."""

    id: int
    village_code: str
    label: str
    segments: Mapping[str, str]
    given_code: str | None
    file: str
    row: int
    near: tuple[AddressRecord, ...]


@dataclass(frozen=True, slots=True)
class AddressProblem:
    """One problem: the doors it is about, the first first, in words, and what can be done. `key` orders them all."""

    key: str
    kind: Kind
    severity: Literal["error", "warning"]
    addresses: tuple[AddressRecord, ...]
    waiting: Waiting | None
    message: str
    message_en: str
    advice: str
    advice_en: str
    actions: tuple[Action, ...]


def list_problems(
    session: Session,
    gazetteer: Gazetteer,
    prefixes: Sequence[str],
    *,
    kinds: Sequence[Kind] = KINDS,
    cursor: str | None = None,
    limit: int,
) -> list[AddressProblem]:
    """Problems within, a page: by kind and by the first address of each. `cursor` is the key of the last one seen."""
    found: list[AddressProblem] = []
    for kind, behind in _begins(kinds, cursor).items():
        if len(found) < limit:
            found += _of_kind(session, gazetteer, prefixes, kind, behind, limit - len(found))
    return found


def _begins(kinds: Sequence[Kind], cursor: str | None) -> dict[Kind, str | None]:
    """The kinds that are still to be told, in order, each with the code that it goes on behind."""
    first, after = _cursor(cursor)
    left = ((place, kind) for place, kind in enumerate(KINDS) if kind in kinds and place >= first)
    return {kind: after if place == first else None for place, kind in left}


def survey(
    session: Session,
    gazetteer: Gazetteer,
    prefixes: Sequence[str],
    *,
    kinds: Sequence[Kind] = KINDS,
    cursor: str | None = None,
    limit: int,
) -> tuple[list[AddressProblem], dict[Kind, int]]:
    """What `list_problems` and `count_problems` tell, each kind looked for once."""
    begins, where = _begins(kinds, cursor), lies_within(prefixes)
    found: list[AddressProblem] = []
    counts: dict[Kind, int] = {"no_point": problem_queries.count_waiting(session, prefixes)}
    for kind in KINDS:
        room = max(0, limit - len(found)) if kind in begins else 0
        behind = begins.get(kind)
        if kind in _FINDERS:
            rows, counts[kind] = problem_queries.page_and_count(session, _FINDERS[kind](where), behind, room)
            found += _with_addresses(session, kind, [list(row[1]) for row in rows])
        elif room:
            found += _of_kind(session, gazetteer, prefixes, kind, behind, room)
    return found, counts


def find_problem(session: Session, gazetteer: Gazetteer, prefixes: Sequence[str], key: str) -> AddressProblem | None:
    """The problem of a key; None when it is there no more. Raises InvalidInput for what is no key."""
    place, code = _cursor(key)
    kind = KINDS[place]
    if kind == "no_point":
        rows = problem_queries.waiting(session, prefixes, int(code or 0) - 1, 1)
        return next(iter(_of_waiting(session, [row for row in rows if str(row.id) == code])), None)
    if kind == "label":
        found = records_of(session, queries.by_codes(session, [code or ""]))
        return next(iter(_misread(gazetteer, [record for record in found if record.status == "current"])), None)
    row = problem_queries.one(session, _FINDERS[kind](lies_within(prefixes)), code or "")
    return None if row is None else next(iter(_with_addresses(session, kind, [list(row[1])])))


def count_problems(session: Session, prefixes: Sequence[str]) -> dict[Kind, int]:
    """How many of each kind lie within; labels are not counted, since each has to be read for that."""
    where = lies_within(prefixes)
    counts: dict[Kind, int] = {"no_point": problem_queries.count_waiting(session, prefixes)}
    return counts | {kind: problem_queries.count(session, finder(where)) for kind, finder in _FINDERS.items()}


def problems_of(session: Session, gazetteer: Gazetteer, record: AddressRecord) -> list[AddressProblem]:
    """What is wrong with one current address; gaps in numbers are only told in lists."""
    if record.status != "current":
        return []
    same_text = Address.village_code == record.village_code
    here = Address.point == queries.point_literal(record.lon, record.lat)
    wheres: dict[Kind, ColumnElement[bool]] = {"same_door": same_text, "same_point": here}
    found: list[AddressProblem] = []
    for kind in ("same_door", "outside", "elsewhere", "same_point"):
        where = wheres.get(kind, Address.code == record.code)
        rows = problem_queries.page(session, _FINDERS[kind](where), None, _READ_AT_ONCE)
        found += _with_addresses(session, kind, [list(row[1]) for row in rows if record.code in row[1]])
    return [*found, *_misread(gazetteer, [record])]


def _of_kind(
    session: Session, gazetteer: Gazetteer, prefixes: Sequence[str], kind: Kind, after: str | None, limit: int
) -> list[AddressProblem]:
    if kind == "no_point":
        rows = problem_queries.waiting(session, prefixes, int(after or 0), limit)
        return _of_waiting(session, rows)
    where = lies_within(prefixes)
    if kind == "label":
        return _unread(session, gazetteer, where, after, limit)
    found = problem_queries.page(session, _FINDERS[kind](where), after, limit)
    return _with_addresses(session, kind, [list(row[1]) for row in found])


def _unread(
    session: Session, gazetteer: Gazetteer, where: ColumnElement[bool], after: str | None, limit: int
) -> list[AddressProblem]:
    """Reads label after label until enough of them are misread."""
    found: list[AddressProblem] = []
    for records in _in_pages(session, where, after):
        found += _misread(gazetteer, records)
        if len(found) >= limit:
            break
    return found[:limit]


def _in_pages(session: Session, where: ColumnElement[bool], after: str | None) -> Iterator[list[AddressRecord]]:
    while codes := problem_queries.unread(session, where, after, _READ_AT_ONCE):
        yield records_of(session, queries.by_codes(session, codes))
        after = codes[-1]


def _misread(gazetteer: Gazetteer, records: Sequence[AddressRecord]) -> list[AddressProblem]:
    found = []
    for record in records:
        read = parse(gazetteer, record.label)
        if read.segments != record.segments or read.left_over or read.alternatives:
            said = format_label(read.segments) or "–"
            found.append(_problem("label", (record,), record.code, label=record.label, read=said))
    return found


def _with_addresses(session: Session, kind: Kind, groups: Sequence[Sequence[str | None]]) -> list[AddressProblem]:
    codes = [code for group in groups for code in group if code]
    records = {record.code: record for record in records_of(session, queries.by_codes(session, codes))}
    named = _village_names(session, kind, records.values())
    problems = []
    for group in groups:
        doors = tuple(records[code] for code in group if code)
        first = doors[0]
        problems.append(
            _problem(
                kind,
                doors,
                first.code,
                label=first.label,
                labels=" / ".join(dict.fromkeys(f"{door.label}（{door.code}）" for door in doors)),
                before=doors[-1].label,
                village=first.segments.village or first.village_code,
                there=named.get((first.grid_code or "")[:12], (first.grid_code or "")[:12]),
            )
        )
    return problems


def _village_names(session: Session, kind: Kind, records: Iterable[AddressRecord]) -> dict[str, str]:
    """Names of the villages in which points lie, where they are told."""
    if kind != "elsewhere":
        return {}
    there = {record.grid_code[:12] for record in records if record.grid_code}
    return {code: division.name for code, division in divisions.by_codes(session, there).items()}


def _of_waiting(session: Session, rows: Sequence[WaitingAddress]) -> list[AddressProblem]:
    found = [_neighbours(session, row) for row in rows]
    records = {
        record.code: record for record in records_of(session, list({r.code: r for n in found for r in n}.values()))
    }
    return [_waits(row, tuple(records[near.code] for near in theirs)) for row, theirs in zip(rows, found, strict=True)]


def _neighbours(session: Session, row: WaitingAddress) -> Sequence[Address]:
    digits = "".join(sign for sign in str(row.segments.get("number", "")) if sign.isdigit())
    street = {name: row.segments.get(name) for name in ("group_name", "hamlet", "street")}
    number = int(digits[:6]) if digits else None
    return problem_queries.neighbours(session, row.village_code, street, number, _NEIGHBOURS)


def _waits(row: WaitingAddress, near: tuple[AddressRecord, ...]) -> AddressProblem:
    segments = {str(name): str(value) for name, value in row.segments.items()}
    waiting = Waiting(row.id, row.village_code, row.label, segments, row.given_code, row.file, row.row, near)
    return _problem("no_point", (), str(row.id), waiting, label=row.label, file=row.file, row=str(row.row))


def _problem(
    kind: Kind, addresses: tuple[AddressRecord, ...], key: str, waiting: Waiting | None = None, **said: str
) -> AddressProblem:
    message, message_en, advice, advice_en = _SENTENCES[kind]
    return AddressProblem(
        key=f"{KINDS.index(kind)}{key}",
        kind=kind,
        severity="error" if kind in _ERRORS else "warning",
        addresses=addresses,
        waiting=waiting,
        message=message.format(**said),
        message_en=message_en.format(**said),
        advice=advice,
        advice_en=advice_en,
        actions=_ACTIONS[kind],
    )


def _cursor(cursor: str | None) -> tuple[int, str | None]:
    if cursor is None:
        return 0, None
    place, after = cursor[:1], cursor[1:]
    if not (place.isdigit() and int(place) < len(KINDS) and after and (after.isdigit() or after[1:].isdigit())):
        message = "take it from the `next` link"
        raise InvalidInput(f"cursor: {message}", errors=[FieldError("cursor", message)])
    return int(place), after
