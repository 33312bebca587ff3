"""Changes of divisions and what follows from them below: grids, groups, addresses, people and grants take new codes.

A change of divisions is an order from above, not a drawing: it is published at once, by an administrator.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access import service as access
from gridmap.access.audit import Actor
from gridmap.access.rights import check_scope
from gridmap.db.locks import lock_villages
from gridmap.db.versions import append_event, raise_version
from gridmap.divisions import service as divisions
from gridmap.divisions.service import DivisionRecord
from gridmap.divisions.writing import DivisionLink, Kind, replace_divisions, write_lineage
from gridmap.editing import recoding
from gridmap.editing.outlines import union_of
from gridmap.errors import Conflict, FieldError, InvalidInput
from gridmap.geo.arrays import Polygonal
from gridmap.grids import service as grids
from gridmap.grids.numbering import standard_order, take_free

_DIGITS = {"township": 9, "village": 12}


class CodeTaken(Conflict):
    """A division's code was given to another one before."""

    code = "code_taken"


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a division; those that are None stay as they are."""

    name: str | None = None
    name_full: str | None = None
    name_bo: str | None = None


@dataclass(frozen=True, slots=True)
class DivisionChange:
    """A change worked out: divisions that end and begin, what became of what, and the new code of each grid."""

    summary: str
    ended: Sequence[DivisionRecord]
    begun: Sequence[DivisionRecord]
    became: Mapping[str, tuple[str, Kind]]
    grid_codes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DivisionChanged:
    """What a change of divisions did: the version, new codes of divisions and grids, and how many records followed."""

    version: int
    divisions: dict[str, str]
    grids: dict[str, str]
    counts: dict[str, int]


def rename(session: Session, actor: Actor, code: str, names: Names) -> DivisionChanged:
    """Gives a division other names. Addresses whose label begins with the old ones get the new. Raises NotFound."""
    record = divisions.get_division(session, code)
    renamed = _named(record, names)
    if renamed == record:
        raise InvalidInput(f"Division {code} has these names already.")
    summary = f"{record.name_full} {code} → {renamed.name_full}"
    return _carry_out(session, actor, DivisionChange(summary, [record], [renamed], {code: (code, "renamed")}))


def recode(session: Session, actor: Actor, code: str, new_code: str, names: Names) -> DivisionChanged:
    """Gives a township or village another code, and with it all villages and grids below, and other names if any.

    A township that becomes a town (撤乡设镇) is upgraded, by the digits 100 to 199 of its new code. Raises NotFound,
    InvalidInput for other levels or a code of another county, CodeTaken for one that was ever given.
    """
    record = divisions.get_division(session, code)
    _check_new_code(session, record, new_code)
    below = divisions.list_below(session, code)
    codes = {division.code: new_code + division.code[len(code) :] for division in below}
    began = [
        replace(
            _named(division, names) if division.code == code else division,
            code=codes[division.code],
            parent=codes.get(division.parent or "", division.parent),
        )
        for division in below
    ]
    for division in began:
        if divisions.is_known(session, division.code):
            raise CodeTaken(f"{division.code} was given to a division before.")
    kind: Kind = "upgraded" if record.level == "township" and _is_town(new_code) > _is_town(code) else "recoded"
    became: dict[str, tuple[str, Kind]] = {old: (new, "recoded") for old, new in codes.items()}
    became[code] = (new_code, kind)
    grid_codes = {g.code: new_code + g.code[len(code) :] for g in grids.list_grids(session, prefixes=[code])}
    summary = f"{record.name_full} {code} → {began[0].name_full} {new_code}"
    return _carry_out(session, actor, DivisionChange(summary, below, began, became, grid_codes))


def merge_villages(session: Session, actor: Actor, codes: Sequence[str], into: str, names: Names) -> DivisionChanged:
    """Makes one village of several of a township: `into`, one of them or a new code.

    Its own grids keep their codes; those of the others get the next free ones, in the order of the standard. Raises
    InvalidInput, NotFound, CodeTaken, NumberingFull.
    """
    merged = [divisions.get_division(session, code) for code in sorted(set(codes))]
    if len(merged) < 2 or {division.level for division in merged} != {"village"}:
        raise InvalidInput("Two villages or more are merged.")
    if len({division.parent for division in merged}) > 1:
        raise InvalidInput("Villages that are merged lie in one township; recode them first.")
    base = next((division for division in merged if division.code == into), None)
    if base is None:
        _check_new_code(session, merged[0], into)
    outlines = [division.outline for division in merged if isinstance(division.outline, Polygonal)]
    whole = union_of(outlines) if len(outlines) == len(merged) else None
    people = [division.population for division in merged if division.population is not None]
    result = replace(
        _named(base or merged[0], names),
        code=into,
        outline=whole,
        outline_source=None if whole is None else (base or merged[0]).outline_source,
        population=sum(people) if len(people) == len(merged) else None,
    )
    moving = {
        grid.code: grid.geometry
        for grid in grids.list_grids(session, prefixes=[division.code for division in merged])
        if grid.village_code != into
    }
    used = grids.codes_ever_used(session, [into])
    grid_codes = dict(zip(standard_order(moving), take_free(into, used, len(moving)), strict=True))
    became: dict[str, tuple[str, Kind]] = {d.code: (into, "merged") for d in merged if d.code != into}
    summary = f"{'、'.join(division.name_full for division in merged)} → {result.name_full} {into}"
    return _carry_out(session, actor, DivisionChange(summary, merged, [result], became, grid_codes))


def split_village(
    session: Session, actor: Actor, code: str, *, new_code: str, moved: Iterable[str], names: Names
) -> DivisionChanged:
    """Makes a new village, with names of its own, of some grids of one that lives on with the others.

    Raises InvalidInput unless the grids are some of that village's, but not all, and the names are given.
    """
    record = divisions.get_division(session, code)
    _check_new_code(session, record, new_code)
    if record.level != "village" or names.name is None:
        raise InvalidInput("A village is split, and the new one wants a name.")
    mine = {grid.code: grid.geometry for grid in grids.list_grids(session, prefixes=[code])}
    going = {grid: mine[grid] for grid in mine if grid in set(moved)}
    if not going or set(moved) - set(mine) or len(going) == len(mine):
        raise InvalidInput(f"Some grids of village {code}, but not all of them, go to the new one.")
    staying = [shape for grid, shape in mine.items() if grid not in going]
    source = record.outline_source or "union of its grids"
    old = replace(record, outline=union_of(staying), outline_source=source, population=None)
    new = replace(
        _named(replace(record, name_bo=None), names),
        code=new_code,
        outline=union_of(going.values()),
        outline_source=source,
        seat=None,
        seat_source=None,
        population=None,
    )
    grid_codes = dict(zip(standard_order(going), take_free(new_code, [], len(going)), strict=True))
    change = DivisionChange(
        f"{record.name_full} {code} → {old.name_full} {code}、{new.name_full} {new_code}",
        [record], [old, new], {code: (new_code, "split")}, grid_codes,
    )  # fmt: skip
    return _carry_out(session, actor, change)


def _carry_out(session: Session, actor: Actor, change: DivisionChange) -> DivisionChanged:
    for division in change.ended:
        check_scope(actor.caller, division.code)
    villages = [division.code for division in [*change.ended, *change.begun] if division.level == "village"]
    lock_villages(session, villages)
    leads = recoding.label_leads(session, change.ended)
    version = raise_version(session, actor.caller.name, change.summary)
    replace_divisions(session, version, [division.code for division in change.ended], change.begun)
    write_lineage(session, [DivisionLink(old, new, version, kind) for old, (new, kind) in change.became.items()])
    codes = {old: new for old, (new, kind) in change.became.items() if old != new and kind != "split"}
    recoded = {old: codes[old] for old in codes if change.became[old][1] != "merged"}
    groups = recoding.move_grids(session, version, change.grid_codes, recoded)
    counts = recoding.follow_codes(session, actor.caller.name, codes, change.grid_codes, groups)
    counts |= recoding.rewrite_labels(session, actor.caller.name, leads, recoded)
    # A grant for a village that was merged is not widened to the whole of what it was merged into.
    counts["grants"] = access.recode_scopes(session, {**recoded, **change.grid_codes, **groups})
    audit.record(session, actor, "divisions.change", [f"division:{division.code}" for division in change.ended])
    payload = {"summary": change.summary, "villages": sorted(set(villages)), "divisions": codes}
    append_event(session, "divisions_changed", payload, county_code=_county(change), version=version)
    return DivisionChanged(version, codes, dict(change.grid_codes), counts)


def _county(change: DivisionChange) -> str | None:
    codes = {division.code[:6] for division in change.ended if len(division.code) >= 6}
    return codes.pop() if len(codes) == 1 else None


def _named(record: DivisionRecord, names: Names) -> DivisionRecord:
    return replace(
        record,
        name=names.name or record.name,
        name_full=names.name_full or names.name or record.name_full,
        name_bo=record.name_bo if names.name_bo is None else names.name_bo or None,
    )


def _check_new_code(session: Session, record: DivisionRecord, new_code: str) -> None:
    digits = _DIGITS.get(record.level)
    if digits is None:
        raise InvalidInput(f"{record.code} is a {record.level}: only townships and villages get other codes.")
    if len(new_code) != digits or not (new_code.isascii() and new_code.isdigit()):
        message = f"{digits} digits are wanted for a {record.level}"
        raise InvalidInput(f"new code: {message}", errors=[FieldError("new_code", message)])
    if new_code[:6] != record.code[:6]:
        # Permanent ids of addresses and households carry the county's code.
        raise InvalidInput(f"{new_code} is of another county than {record.code}.")
    if record.level == "village" and new_code[:9] != record.code[:9]:
        raise InvalidInput(f"{new_code} is of another township than {record.code}; its outline would have to move too.")
    if divisions.is_known(session, new_code):
        raise CodeTaken(f"{new_code} was given to a division before.")


def _is_town(code: str) -> bool:
    return code[6] == "1"
