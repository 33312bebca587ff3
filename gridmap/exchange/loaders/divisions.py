"""Divisions and their outlines from files."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gridmap.divisions import service
from gridmap.divisions.model import LEVELS
from gridmap.divisions.names import spoken_name
from gridmap.divisions.service import DivisionRecord
from gridmap.divisions.writing import replace_divisions
from gridmap.exchange.codes import LEVEL_NAMES, BadCode, code_text, division_code
from gridmap.exchange.loaders.context import CHANGED, NEW, Context, name_refusal, publish, with_codes
from gridmap.exchange.records import NO_GEOMETRY, Record
from gridmap.exchange.report import Line, Loaded
from gridmap.exchange.shapes import same_area
from gridmap.geo.measure import area_m2
from gridmap.sentences import Sentence, say

_LEVEL_WORDS = {
    "province": ("province", "省", "省级", "自治区", "直辖市", "1"),
    "prefecture": ("prefecture", "市", "州", "地级", "市级", "州级", "市州", "地市", "2"),
    "county": ("county", "县", "区", "县级", "区县", "3"),
    "township": ("township", "乡", "镇", "街道", "乡镇", "乡级", "镇级", "4"),
    "village": ("village", "村", "社区", "村级", "村社区", "5"),
}
_LEVEL_OF = {word: level for level, words in _LEVEL_WORDS.items() for word in words}
_VILLAGE_DIGITS = 12
_PLURAL = {
    "province": say("provinces", "provinces"),
    "prefecture": say("prefectures", "prefectures"),
    "county": say("counties", "counties"),
    "township": say("townships", "townships"),
    "village": say("villages", "villages"),
}
# Not stored: recording gives every state the version's own time.
_WHENEVER = datetime(1970, 1, 1, tzinfo=UTC)


def load_divisions(session: Session, records: Sequence[Record], context: Context) -> Loaded:
    """Enters divisions and new names, levels' parents and Tibetan names; outlines, seats and populations stay."""
    loaded = Loaded()
    coded = with_codes(loaded, records, _code, context)
    parents = {code: _parent(record) for code, record in coded}
    known = service.by_codes(session, {*parents, *(parent for parent in parents.values() if parent)})
    changed: list[DivisionRecord] = []
    levels = {code: record.level for code, record in known.items()} | {code: _level(r) for code, r in coded}
    # From the top down, so that a parent that is rejected takes its children with it.
    for code, record in sorted(coded, key=lambda item: (LEVELS.index(_level(item[1])), item[0])):
        refusal = _refusal(code, record, parents[code], levels, known)
        if refusal:
            loaded.reject(record, code, refusal)
            levels.pop(code)
            continue
        state = _state(code, record, parents[code], known.get(code))
        if state == known.get(code):
            loaded.keep(record, code)
        else:
            loaded.load(record, code, NEW if code not in known else CHANGED)
            changed.append(state)
    _publish(session, context, "divisions", changed, loaded)
    _count_levels(loaded, known, changed)
    return loaded


def load_outlines(session: Session, records: Sequence[Record], context: Context) -> Loaded:
    """Gives known divisions their outlines; everything else about them stays."""
    loaded = Loaded()
    for record in records:
        if record.problem == NO_GEOMETRY and len(record.text("code") or "") < _VILLAGE_DIGITS:
            # A list of divisions with the outlines that there are: that an upper one has none is no fault of its row.
            record.problem = None
            record.notes.append(say("no_outline_in_file", "the file has no outline for it"))
    coded = with_codes(loaded, records, lambda record: division_code(record.fields.get("code"), None)[0], context)
    known = service.by_codes(session, [code for code, _ in coded])
    changed: list[DivisionRecord] = []
    for code, record in coded:
        state = known.get(code)
        if state is None:
            loaded.reject(
                record, code, say("no_division", "there is no division {code}; import divisions first", code=code)
            )
        elif record.geometry is None or (state.outline is not None and same_area(state.outline, record.geometry)):
            loaded.keep(record, code)
        else:
            loaded.load(record, code, NEW if state.outline is None else CHANGED)
            source = record.text("source") or context.file
            changed.append(replace(state, outline=record.geometry, outline_source=source))
    _publish(session, context, "outlines", changed, loaded)
    _tell_areas(loaded, known, changed)
    loaded.problems += _sibling_overlaps(session, changed)
    return loaded


def _code(record: Record) -> str:
    code, cut = division_code(record.fields.get("code"), _level(record))
    if cut:
        record.notes.append(say("zeros_taken_off", "the zeros below its level were taken off"))
    return code


def _level(record: Record) -> str:
    word = record.text("level")
    level = _LEVEL_OF.get((word or "").lower())
    if level is None:
        raise BadCode(
            say("no_level", "{word!r} is no level; there are {levels}", word=word, levels=", ".join(LEVELS))
            if word
            else say("level_missing", "it has no level")
        )
    return level


def _parent(record: Record) -> str | None:
    try:
        text = code_text(record.fields.get("parent"))
    except BadCode:
        return "unreadable"
    if text is None:
        return None
    above = LEVELS[max(LEVELS.index(_level(record)) - 1, 0)]
    try:
        return division_code(text, above)[0]
    except BadCode:
        return text


def _refusal(
    code: str, record: Record, parent: str | None, levels: Mapping[str, str], known: Mapping[str, DivisionRecord]
) -> Sentence | None:
    if refusal := name_refusal(record):
        return refusal
    if code in known and known[code].level != _level(record):
        return say(
            "level_changed",
            "{code} is known as a {level}; a code never changes its level",
            code=code,
            level=LEVEL_NAMES[known[code].level],
        )
    return _parent_refusal(_level(record), parent, levels)


def _parent_refusal(level: str, parent: str | None, levels: Mapping[str, str]) -> Sentence | None:
    if level == "province":
        return (
            say("province_parent", "a province has no parent, and {parent} is given", parent=parent) if parent else None
        )
    if parent is None:
        return say("parent_missing", "it has no parent, and a parent can't be told from a code")
    if parent not in levels:
        return say(
            "parent_unknown", "its parent {parent} is neither known nor in the file as a sound row", parent=parent
        )
    if LEVELS.index(levels[parent]) >= LEVELS.index(level):
        return say(
            "parent_level",
            "its parent {parent} is a {above}, which can't be above a {level}",
            parent=parent,
            above=LEVEL_NAMES[levels[parent]],
            level=LEVEL_NAMES[level],
        )
    return None


def _state(code: str, record: Record, parent: str | None, known: DivisionRecord | None) -> DivisionRecord:
    given = record.line("name") or ""
    level = _level(record)
    full = record.text("name_full") or given
    spoken = spoken_name(given) if level == "village" else given
    if known is None:
        return DivisionRecord(
            code, level, parent, spoken, full, record.text("name_bo"), None, None, None, None, None, _WHENEVER, None
        )
    # A file with the spoken name only takes nothing away from the full one.
    full = known.name_full if full == known.name else full
    name_bo = record.text("name_bo") or known.name_bo
    return replace(known, parent=parent, name=spoken, name_full=full, name_bo=name_bo)


def _publish(session: Session, context: Context, kind: str, changed: Sequence[DivisionRecord], loaded: Loaded) -> None:
    if not changed:
        return
    loaded.version = publish(session, context, kind, sorted(state.code for state in changed))
    known = service.by_codes(session, [state.code for state in changed])
    replace_divisions(session, loaded.version, known, changed)


def _count_levels(loaded: Loaded, known: Mapping[str, DivisionRecord], changed: Sequence[DivisionRecord]) -> None:
    for level in LEVELS:
        new = sum(state.level == level and state.code not in known for state in changed)
        before = sum(state.level == level for state in known.values())
        if new or before:
            loaded.table.append(
                Line(
                    say("levels_known", "{levels} of this file that are known", levels=_PLURAL[level]),
                    str(before),
                    str(before + new),
                )
            )


def _tell_areas(loaded: Loaded, known: Mapping[str, DivisionRecord], changed: Sequence[DivisionRecord]) -> None:
    for state in sorted(changed, key=lambda s: s.code)[:10]:
        before = known[state.code].outline
        loaded.table.append(
            Line(
                say("area_of", "{code} {name}, km²", code=state.code, name=state.name),
                _km2(before),
                _km2(state.outline),
            )
        )
    drawn = sum(known[state.code].outline is not None for state in changed)
    loaded.table.append(Line(say("outlines_changed", "outlines that change"), str(drawn), str(len(changed))))


def _km2(shape: shapely.Geometry | None) -> str:
    return f"{area_m2(shape) / 1e6:.3f}" if isinstance(shape, shapely.Polygon | shapely.MultiPolygon) else "–"


def _sibling_overlaps(session: Session, changed: Sequence[DivisionRecord]) -> list[Sentence]:
    """Outlines of one parent that overlap, of which at least one is new."""
    codes = {state.code for state in changed}
    told = []
    for parent in sorted({state.parent for state in changed if state.parent}):
        found = service.list_divisions(session, parent=parent)
        siblings = [(d.code, d.outline) for d in found if d.outline is not None]
        shapes = [outline for _, outline in siblings]
        pairs = shapely.STRtree(shapes).query(np.array(shapes, object), predicate="intersects").T.tolist()
        for i, j in pairs:
            if i < j and {siblings[i][0], siblings[j][0]} & codes:
                common = shapely.intersection(shapes[i], shapes[j])
                size = area_m2(shapely.MultiPolygon([p for p in shapely.get_parts(common) if p.geom_type == "Polygon"]))
                if size >= 1:
                    told.append(
                        say(
                            "outlines_overlap",
                            "the outlines of {one} and {other} overlap by {area:.0f} m²",
                            one=siblings[i][0],
                            other=siblings[j][0],
                            area=size,
                        )
                    )
    return told
