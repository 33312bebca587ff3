"""The rules that a proposed state is held to: codes, names, and the three tests of a coverage. Nothing is repaired."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from gridmap.editing.outlines import union_of
from gridmap.editing.problems import Kind, Problem
from gridmap.editing.proposal import Ground, ProposedGrid, valid_shapes
from gridmap.geo.arrays import Polygonal
from gridmap.geo.coverage import CodedPolygon, check_coverage
from gridmap.geo.coverage_problems import Kind as CoverageKind
from gridmap.geo.coverage_problems import Problem as CoverageProblem
from gridmap.geo.lattice import snap_geometry
from gridmap.grids import lineage
from gridmap.grids.lineage import same_shape
from gridmap.grids.writing import LONGEST

_CODE_DIGITS = 15


def village_problems(ground: Ground, proposal: Sequence[ProposedGrid]) -> Iterator[Problem]:
    """Grids of villages that the changeset does not include, and villages that it leaves without any."""
    for grid in proposal:
        if grid.village_code not in ground.outlines:
            yield Problem.of(Kind.VILLAGE_NOT_INCLUDED, [grid.label], grid.village_code)
    for village in sorted(set(ground.outlines) - {grid.village_code for grid in proposal}):
        yield Problem.of(Kind.VILLAGE_EMPTY, detail=village)


def code_problems(ground: Ground, proposal: Sequence[ProposedGrid]) -> Iterator[Problem]:
    """Codes that are malformed, in the wrong village, there twice, or another grid's."""
    for grid in proposal:
        if grid.code is None:
            continue
        if not _well_formed(grid.code):
            yield Problem.of(Kind.CODE_FORM, [grid.code])
        elif not grid.code.startswith(grid.village_code):
            yield Problem.of(Kind.CODE_OF_OTHER_VILLAGE, [grid.code], grid.village_code)
        if grid.code in ground.retired and not same_shape(ground.retired[grid.code], grid.shape):
            # The same grid may come back under its code, as when a change is reverted; another one may not.
            yield Problem.of(Kind.CODE_USED, [grid.code])
    for code, times in Counter(grid.code for grid in proposal if grid.code).items():
        if times > 1:
            yield Problem.of(Kind.CODE_TWICE, [code], str(times))


def moved_codes(ground: Ground, shapes: Mapping[str, Polygonal]) -> Iterator[Problem]:
    """Current codes that are proposed for quite another place."""
    for code, shape in valid_shapes(shapes).items():
        before = ground.grids.get(code)
        if before is not None and not lineage.overlaps({code: before.geometry}, {code: shape}):
            yield Problem.of(Kind.CODE_MOVED, [code])


def name_problems(proposal: Sequence[ProposedGrid]) -> Iterator[Problem]:
    """Grids without a name, and grids of one village with the same."""
    named: dict[tuple[str, str], list[str]] = {}
    for grid in proposal:
        name = grid.name.strip()
        if len(name) > LONGEST["name"] or not name.isprintable():
            yield Problem.of(Kind.NAME_LONG, [grid.label], str(LONGEST["name"]))
        elif name:
            named.setdefault((grid.village_code, name), []).append(grid.label)
        else:
            yield Problem.of(Kind.NAME_MISSING, [grid.label])
    for (_, name), grids in named.items():
        if len(grids) > 1:
            yield Problem.of(Kind.NAME_TWICE, sorted(grids), name)


def off_lattice(labels: Sequence[str], proposal: Sequence[ProposedGrid]) -> Iterator[Problem]:
    """Grids whose vertices are rounded when they are published."""
    for label, grid in zip(labels, proposal, strict=True):
        moved = snap_geometry(grid.geometry).moved
        if moved:
            found = CoverageProblem(CoverageKind.OFF_LATTICE, (label,), grid.geometry.boundary, 0.0, "m", str(moved))
            yield Problem.of_coverage(found)


def coverage_problems(ground: Ground, villages: Mapping[str, Mapping[str, Polygonal]]) -> Iterator[Problem]:
    """Villages with an outline together must tile what they had together; others must leave room to their neighbours.

    So villages of one changeset may give ground to each other, but not take any from a village outside it.
    `villages` are the shapes of each village by code.
    """
    outlined = [outline for outline in ground.outlines.values() if outline is not None]
    settled: dict[str, Polygonal] = {}
    for village, shapes in villages.items():
        settled |= {} if village in ground.outlines and ground.outlines[village] is None else shapes
    if outlined:
        yield from _checked(settled, union_of(outlined))
    for village, outline in ground.outlines.items():
        if outline is None:
            free = villages.get(village, {})
            yield from _checked(free, None)
            for part in lineage.overlaps(valid_shapes(free), {**ground.neighbours, **valid_shapes(settled)}):
                yield Problem.of(Kind.OVERLAPS_NEIGHBOUR, [part.before, part.after])
            settled |= free


def outline_problems(ground: Ground, outlines: Mapping[str, Polygonal]) -> Iterator[Problem]:
    """Ground that goes from village to village is said aloud: nobody should give it away by dragging a line."""
    known = {village: ground.outlines[village] for village in outlines}
    before = {village: outline for village, outline in known.items() if outline is not None}
    parts = [part for part in lineage.overlaps(before, outlines) if part.before != part.after]
    if parts:
        told = ", ".join(f"{part.before} → {part.after} {part.share:.2%}" for part in parts)
        yield Problem.of(Kind.OUTLINE_MOVES, detail=told)


def _well_formed(code: str) -> bool:
    return len(code) == _CODE_DIGITS and code.isascii() and code.isdigit() and not code.endswith("000")


def _checked(shapes: Mapping[str, Polygonal], outline: Polygonal | None) -> Iterator[Problem]:
    found = check_coverage([CodedPolygon(code, shape) for code, shape in shapes.items()], outline)
    yield from map(Problem.of_coverage, found)
