"""What a file of grids means for each village: a first load, a changeset, or nothing new."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import shapely
from sqlalchemy.orm import Session

from gridmap.divisions import service as divisions
from gridmap.exchange.codes import BadCode, digits_of
from gridmap.exchange.loaders.context import Context, name_refusal, with_codes
from gridmap.exchange.records import Record
from gridmap.exchange.report import Loaded
from gridmap.exchange.shapes import same_area
from gridmap.geo.arrays import Polygonal
from gridmap.grids import service as grids
from gridmap.grids.service import GridRecord
from gridmap.sentences import Sentence, say

_KINDS = {
    "base": "base", "基础": "base", "基础网格": "base", "普通网格": "base", "普通": "base",
    "special": "special", "专属": "special", "专属网格": "special", "专业网格": "special", "特殊网格": "special",
}  # fmt: skip
# A grid that is not in the file is given up when others take at least this share of its place; else it stays.
_TAKEN = 0.5
_BESIDE = 0.5


@dataclass(frozen=True, slots=True)
class GridState:
    """A grid as the file wants it, or as it is when the file says nothing of it."""

    code: str
    name: str
    name_bo: str | None
    kind: str
    note: str | None
    geometry: Polygonal


@dataclass(slots=True)
class VillagePlan:
    """The complete new state of a village, and what it means against the present one."""

    village: str
    state: dict[str, GridState] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    """Not in the file, their place taken by others."""
    kept: list[str] = field(default_factory=list)
    """Not in the file, their place free."""
    first: bool = False
    """Whether the village has no grid yet."""
    before: Mapping[str, GridRecord] = field(default_factory=dict)
    adjusted: list[str] = field(default_factory=list)
    """Not in the file, moved by a repair that was accepted."""

    def redraw(self, shapes: Mapping[str, Polygonal]) -> None:
        """Takes the shapes of an accepted repair, and tells anew what changes."""
        for code in self.state.keys() & shapes.keys():
            if shapes[code] is self.state[code].geometry:
                continue
            before = self.before.get(code)
            kept = before is not None and same_area(before.geometry, shapes[code])
            self.state[code] = replace(self.state[code], geometry=before.geometry if kept and before else shapes[code])
        rows = [code for code in self.state if code not in self.kept]
        self.unchanged = [code for code in rows if self._is_as_before(code)]
        self.changed = [code for code in rows if code in self.before and not self._is_as_before(code)]
        self.adjusted = [code for code in self.kept if not self._is_as_before(code)]
        self.kept = [code for code in self.kept if code not in self.adjusted]

    def _is_as_before(self, code: str) -> bool:
        before = self.before.get(code)
        return before is not None and _same(before, self.state[code])

    @property
    def is_change(self) -> bool:
        """Whether the file says anything that is not so already."""
        return bool(self.added or self.changed or self.retired or self.adjusted)


@dataclass(slots=True)
class GridImportPlan:
    """A plan for each village of the file, and the rows behind it."""

    villages: dict[str, VillagePlan]
    records: dict[str, Record]


def plan_grids(session: Session, records: Sequence[Record], loaded: Loaded, context: Context) -> GridImportPlan:
    """What the sound rows mean, village by village; the others are rejected, and grids they name stay as they are."""
    coded = with_codes(loaded, records, _code, context)
    villages = divisions.by_codes(session, {code[:12] for code, _ in coded})
    present = _present(session, {code[:12] for code, _ in coded})
    given = set(grids.codes_ever_used(session, sorted({code[:12] for code, _ in coded})))
    sound: dict[str, Record] = {}
    for code, record in coded:
        village = villages.get(code[:12])
        outline = None if village is None else village.outline
        if village is None:
            loaded.reject(
                record,
                code,
                say("no_village_import_first", "there is no village {code}; import divisions first", code=code[:12]),
            )
            continue
        retired = code in given and code not in present.get(code[:12], {})
        refusal = _refusal(record, outline, retired=retired)
        if refusal:
            loaded.reject(record, code, refusal)
        else:
            sound[code] = record
    named = {_code_or_none(record) for record in records}
    by_village: dict[str, list[str]] = {}
    for code in sorted(sound):
        by_village.setdefault(code[:12], []).append(code)
    plans = {
        village: _plan_village(village, {code: sound[code] for code in codes}, present.get(village, {}), named)
        for village, codes in by_village.items()
    }
    return GridImportPlan(plans, sound)


def _plan_village(
    village: str, rows: Mapping[str, Record], present: Mapping[str, GridRecord], named: set[str | None]
) -> VillagePlan:
    plan = VillagePlan(village, first=not present, before=present)
    for code, record in rows.items():
        before = present.get(code)
        state = _state(code, record, before)
        plan.state[code] = state
        if before is None:
            plan.added.append(code)
        elif _same(before, state):
            plan.unchanged.append(code)
        else:
            plan.changed.append(code)
    taken = shapely.union_all([state.geometry for state in plan.state.values()])
    for code, before in present.items():
        if code in rows:
            continue
        share = shapely.intersection(before.geometry, taken).area / before.geometry.area
        if share >= _TAKEN and code not in named:
            plan.retired.append(code)
        else:
            plan.kept.append(code)
            plan.state[code] = _as_is(before)
    return plan


def _code(record: Record) -> str:
    code = digits_of(record.fields.get("code"), 15, "grid")
    if code.endswith("000"):
        raise BadCode(say("grid_from_001", "{code} ends in 000: grids are numbered from 001", code=code))
    return code


def _code_or_none(record: Record) -> str | None:
    try:
        return _code(record)
    except BadCode:
        return None


def _present(session: Session, villages: Iterable[str]) -> dict[str, dict[str, GridRecord]]:
    found: dict[str, dict[str, GridRecord]] = {}
    for grid in grids.list_grids(session, prefixes=sorted(villages)) if villages else []:
        found.setdefault(grid.village_code, {})[grid.code] = grid
    return found


def _refusal(record: Record, outline: shapely.Geometry | None, *, retired: bool) -> Sentence | None:
    if refusal := name_refusal(record):
        return refusal
    if _kind(record) is None:
        return say(
            "grid_kind", "kind {kind!r} is neither base (基础网格) nor special (专属网格)", kind=record.text("kind")
        )
    if retired:
        return say("code_given_up", "the code was given up earlier, and a code is never given again")
    shape = record.geometry
    if shape is None:
        return say("no_geometry", "it has no geometry")
    if outline is not None:
        outside = 1 - shapely.intersection(shape, outline).area / shape.area
        if outside > _BESIDE:
            return say(
                "code_and_place",
                "its code and its place don't agree: {share:.0%} of it lies outside the village of its code",
                share=outside,
            )
    return None


def _kind(record: Record) -> str | None:
    given = record.text("kind")
    return _KINDS.get(given.lower()) if given else "base"


def _state(code: str, record: Record, before: GridRecord | None) -> GridState:
    """What the file says; where it has no column or an empty cell, what is known stays."""
    shape = record.geometry
    if not isinstance(shape, shapely.Polygon | shapely.MultiPolygon):
        raise TypeError("a grid's geometry was settled as an area")
    if before is not None and same_area(before.geometry, shape):
        # The same ring may start elsewhere or run the other way; then nothing changes.
        shape = before.geometry
    kind = _kind(record) or "base"
    return GridState(
        code,
        record.line("name") or "",
        record.text("name_bo") or (before.name_bo if before else None),
        before.kind if before and not record.text("kind") else kind,
        record.text("note") or (before.note if before else None),
        shape,
    )


def _as_is(before: GridRecord) -> GridState:
    return GridState(before.code, before.name, before.name_bo, before.kind, before.note, before.geometry)


def _same(before: GridRecord, state: GridState) -> bool:
    # An unchanged shape is the one that was read, so equality of everything else is enough beside it.
    return _as_is(before) == state
