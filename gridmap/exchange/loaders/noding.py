"""Noding an imported coverage: what would make neighbours share identical vertices, and all that it would do."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gridmap.divisions import service as divisions
from gridmap.editing.ground import bounds_of
from gridmap.editing.outlines import union_of
from gridmap.editing.problems import Problem
from gridmap.editing.refining import Refinement, new_vertices, refinement
from gridmap.exchange import queries
from gridmap.exchange.repair import GridEffect, Noding, Repair
from gridmap.geo import noding
from gridmap.geo.arrays import Polygonal
from gridmap.geo.coverage import CodedPolygon

Shapes = Mapping[str, Polygonal]
"""Grids by code."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A repair, the shapes that it makes of the grids, and what has to get vertices with them."""

    repair: Repair
    shapes: Shapes
    refinement: Refinement


def propose(session: Session, villages: Mapping[str, Shapes], asked: Noding) -> list[Proposal]:
    """Repairs of the proposed grids of villages; none where all is well.

    Villages with an outline are repaired together, so that the line between two of them is one line.
    """
    known = {code: division.outline for code, division in divisions.by_codes(session, villages).items()}
    outlines = {code: outline for code, outline in known.items() if isinstance(outline, Polygonal)}
    free = [code for code in villages if code not in outlines]
    found = []
    for members, outline in ((sorted(outlines), union_of(outlines.values()) if outlines else None), (free, None)):
        shapes = {code: shape for village in members for code, shape in villages[village].items()}
        proposed = _propose(session, members, shapes, outline, asked) if shapes else None
        if proposed is not None:
            found.append(proposed)
    return found


def _propose(
    session: Session, villages: Sequence[str], shapes: Shapes, outline: Polygonal | None, asked: Noding
) -> Proposal | None:
    coded = [CodedPolygon(code, shape) for code, shape in shapes.items()]
    found = noding.propose_noding(coded, outline, asked.options)
    if not found.before:
        return None
    after = {grid.code: grid.geometry for grid in found.grids}
    gains = _moved(session, villages[0][:6], shapes, {effect.code: after[effect.code] for effect in found.effects})
    bent = Refinement()
    if outline is not None and found.outline is not None:
        bent = refinement(session, new_vertices(outline, found.outline))
    repair = Repair(
        villages=tuple(villages),
        tolerance_m=asked.options.tolerance_m,
        accepted=asked.accepted,
        tiles=found.tiles,
        effects=tuple(_effect(effect, gains) for effect in found.effects),
        refused=found.refused,
        before=tuple(map(Problem.of_coverage, found.before)),
        left=tuple(map(Problem.of_coverage, found.left)),
        beyond=tuple(code for code in bent.codes if code not in shapes),
    )
    return Proposal(repair, after, bent)


def _effect(effect: noding.Effect, gains: Mapping[str, Counter[str]]) -> GridEffect:
    return GridEffect(
        effect.code,
        effect.area_before_m2,
        effect.area_after_m2,
        effect.moved_max_m,
        effect.vertices_added,
        **{name: gains[name][effect.code] for name in _COUNTED},
    )


_COUNTED = ("addresses_in", "addresses_out", "households_in", "households_out")


def _moved(session: Session, county: str, before: Shapes, changed: Shapes) -> dict[str, Counter[str]]:
    """How many addresses and households each grid gets and loses by the repair; the point decides."""
    gains: dict[str, Counter[str]] = {name: Counter() for name in _COUNTED}
    bbox = bounds_of([*changed.values(), *(before[code] for code in changed)])
    if bbox is None:
        return gains
    doors = queries.doors_in_box(session, county, (bbox.west, bbox.south, bbox.east, bbox.north))
    points = np.asarray(shapely.points([(row[0], row[1]) for row in doors]) if doors else [], object)
    then, now = _holders(points, before), _holders(points, {**before, **changed})
    for place, (_, _, households) in enumerate(doors):
        old, new = then.get(place), now.get(place)
        if old == new:
            continue
        for code, way in ((old, "out"), (new, "in")):
            if code is not None:
                gains[f"addresses_{way}"][code] += 1
                gains[f"households_{way}"][code] += households
    return gains


def _holders(points: np.ndarray, shapes: Shapes) -> dict[int, str]:
    """The grid that each point counts to, the lowest code of those that touch it."""
    codes = sorted(shapes)
    touching = shapely.STRtree([shapes[code] for code in codes]).query(points, predicate="intersects")
    return _lowest(zip(*touching.tolist(), strict=True), codes)


def _lowest(touching: Iterable[tuple[int, int]], codes: Sequence[str]) -> dict[int, str]:
    found: dict[int, int] = {}
    for point, shape in touching:
        found[point] = min(shape, found.get(point, shape))
    return {point: codes[shape] for point, shape in found.items()}
