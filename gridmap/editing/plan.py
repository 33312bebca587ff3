"""What publishing a proposed state would do: codes of new grids, what is added, changed and retired, what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gridmap.editing import rules
from gridmap.editing.outlines import moved_outlines
from gridmap.editing.problems import Kind, Problem
from gridmap.editing.proposal import Ground, ProposedGrid, valid_shapes
from gridmap.geo.arrays import Polygonal
from gridmap.grids import lineage
from gridmap.grids.lineage import Overlap, same_shape
from gridmap.grids.numbering import NumberingFull, standard_order, take_free
from gridmap.grids.service import GridRecord
from gridmap.grids.writing import GridState

Action = Literal["keep", "add", "change", "retire"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What publishing a proposal would do to grids and outlines. Refs stand for codes that could not be given."""

    after: Mapping[str, GridState]
    actions: Mapping[str, Action]
    """By code; every code before and after has one."""
    codes: Mapping[str, str]
    """The code that each ref stands for."""
    steps: Sequence[tuple[Overlap, lineage.Kind]]
    outlines: Mapping[str, Polygonal]
    """The new outlines of those villages whose outline moves or that had none."""
    problems: Sequence[Problem]

    def with_action(self, *wanted: Action) -> list[str]:
        """The codes with one of the actions."""
        return sorted(code for code, action in self.actions.items() if action in wanted)


def plan(ground: Ground, proposal: Sequence[ProposedGrid]) -> Plan:
    """What publishing the proposal would do, and everything that is wrong with it. Nothing is repaired."""
    problems = [
        *rules.village_problems(ground, proposal),
        *rules.code_problems(ground, proposal),
        *rules.name_problems(proposal),
    ]
    labels = _labels(ground, proposal, problems)
    after = {label: _state(label, grid) for label, grid in zip(labels, proposal, strict=True)}
    shapes = {code: state.geometry for code, state in after.items()}
    villages: dict[str, dict[str, Polygonal]] = {}
    for label, grid in zip(labels, proposal, strict=True):
        villages.setdefault(grid.village_code, {})[label] = shapes[label]
    outlines = moved_outlines(ground.outlines, {village: list(found.values()) for village, found in villages.items()})
    problems += rules.off_lattice(labels, proposal)
    problems += rules.coverage_problems(ground, villages)
    problems += rules.outline_problems(ground, outlines)
    problems += rules.moved_codes(ground, shapes)
    return Plan(
        after=after,
        actions=_actions(ground, after),
        codes=dict(zip((grid.ref for grid in proposal), labels, strict=True)),
        steps=lineage.steps(ground.shapes, valid_shapes(shapes)),
        outlines=outlines,
        problems=problems,
    )


def action_of(before: GridRecord | None, grid: ProposedGrid) -> Action:
    """What a proposed grid is to the current one of its code."""
    if before is None:
        return "add"
    return "keep" if _same(before, _state(before.code, grid)) else "change"


def _actions(ground: Ground, after: Mapping[str, GridState]) -> dict[str, Action]:
    found: dict[str, Action] = dict.fromkeys(ground.grids, "retire")
    for code, state in after.items():
        before = ground.grids.get(code)
        found[code] = "add" if before is None else "keep" if _same(before, state) else "change"
    return found


def _same(before: GridRecord, state: GridState) -> bool:
    told = all(getattr(before, name) == getattr(state, name) for name in ("name", "name_bo", "kind", "note"))
    return told and same_shape(before.geometry, state.geometry)


def _state(code: str, grid: ProposedGrid) -> GridState:
    return GridState(code, grid.name.strip(), grid.name_bo or None, grid.kind, grid.note or None, grid.shape)


def _labels(ground: Ground, proposal: Sequence[ProposedGrid], problems: list[Problem]) -> list[str]:
    """The code of each grid: its own, the next free one for a new grid, its ref where neither can be."""
    given = {grid.code for grid in proposal if grid.code}
    fresh: dict[str, str] = {}
    for village in ground.outlines:
        new = {g.ref: g.geometry for g in proposal if g.code is None and g.village_code == village}
        try:
            free = take_free(village, [*ground.used, *given], len(new))
        except NumberingFull as full:
            problems.append(Problem.of(Kind.NUMBERING_FULL, detail=full.detail, detail_zh=village))
            continue
        fresh |= dict(zip(_in_order(new), free, strict=True))
    labels: list[str] = []
    for grid in proposal:
        label = grid.code or fresh.get(grid.ref, grid.ref)
        # Of two with one code the second goes by its ref, so that a draft can hold both.
        labels.append(f"{label}#{grid.ref}" if label in labels else label)
    return labels


def _in_order(new: Mapping[str, Polygonal]) -> list[str]:
    """The order of the standard; what has no area comes last, as it was handed in."""
    standing = {key: shape for key, shape in new.items() if not shape.is_empty}
    return standard_order(standing) + [key for key in new if key not in standing]
