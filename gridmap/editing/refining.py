"""Vertices that grids need on the outline of their village, given to everything else that has the same border.

A lattice point lies hardly ever on a slanted line, so a vertex where two grids meet an outline bends it, by less than a
lattice step. The outlines above it and the grids beyond it are bent alike, or they would no longer meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.db.locks import lock_villages
from gridmap.db.versions import append_event, raise_version
from gridmap.divisions import service as divisions
from gridmap.divisions.service import DivisionRecord
from gridmap.divisions.writing import replace_divisions
from gridmap.editing import queries
from gridmap.editing.ground import bounds_of
from gridmap.editing.moves import Door, relocate
from gridmap.errors import Conflict
from gridmap.geo.arrays import FloatArray, Polygonal, ShapeArray
from gridmap.geo.insertion import with_vertices
from gridmap.geo.lonlat import BBox
from gridmap.grids import service as grids
from gridmap.grids.service import GridRecord
from gridmap.grids.writing import GridState, replace_grids


class BorderNotFree(Conflict):
    """A border can't be bent even by a lattice step: an address or another border is in the way."""

    code = "border_not_free"


@dataclass(frozen=True, slots=True)
class Refinement:
    """Outlines and grids as they would be with more vertices on their borders, each with what it is now."""

    divisions: Sequence[tuple[DivisionRecord, Polygonal]] = ()
    grids: Sequence[tuple[GridRecord, Polygonal]] = ()

    @property
    def codes(self) -> list[str]:
        """What gets a vertex, by code."""
        return sorted([*(old.code for old, _ in self.divisions), *(old.code for old, _ in self.grids)])


def new_vertices(before: Polygonal, after: Polygonal) -> FloatArray:
    """The vertices that one border has and the other had not, as degrees."""
    old = set(map(tuple, shapely.get_coordinates(before).tolist()))
    new = [place for place in shapely.get_coordinates(after).tolist() if tuple(place) not in old]
    return np.unique(np.array(new, np.float64).reshape(-1, 2), axis=0)


def refinement(session: Session, vertices: FloatArray) -> Refinement:
    """Everything published now whose border runs through one of the vertices and does not have it."""
    if not len(vertices):
        return Refinement()
    box = BBox(*map(float, (*vertices.min(axis=0) - 1e-7, *vertices.max(axis=0) + 1e-7)))
    known = [each for each in divisions.in_box(session, box) if isinstance(each.outline, Polygonal)]
    around = grids.list_grids(session, bbox=box)
    outlines = with_vertices(_array([each.outline for each in known]), vertices)
    shapes = with_vertices(_array([grid.geometry for grid in around]), vertices)
    return Refinement(
        [(old, new) for old, new in zip(known, outlines, strict=True) if new is not old.outline],
        [(old, new) for old, new in zip(around, shapes, strict=True) if new is not old.geometry],
    )


def refine(session: Session, actor: Actor, title: str, found: Refinement) -> int | None:
    """Publishes a refinement and returns its version; None when there is nothing to do. Raises BorderNotFree.

    No second person is asked: nothing moves by as much as a lattice step, and no address changes its grid.
    """
    if not found.codes:
        return None
    lock_villages(session, {grid.village_code for grid, _ in found.grids})
    if not all(shape.is_valid for _, shape in (*found.divisions, *found.grids)):
        raise BorderNotFree("A border would touch itself if it went through the new vertices; draw it again there.")
    _check_addresses(session, found)
    version = raise_version(session, actor.caller.name, title)
    if found.divisions:
        begun = [replace(old, outline=new) for old, new in found.divisions]
        replace_divisions(session, version, [old.code for old, _ in found.divisions], begun)
    states = [GridState(g.code, g.name, g.name_bo, g.kind, g.note, shape) for g, shape in found.grids]
    replace_grids(session, version, [state.code for state in states], states)
    audit.record(session, actor, "borders.refine", found.codes)
    counties = {code[:6] for code in found.codes if len(code) >= 6}
    payload = {"title": title, "codes": found.codes}
    append_event(
        session, "published", payload, county_code=min(counties) if len(counties) == 1 else None, version=version
    )
    return version


def _check_addresses(session: Session, found: Refinement) -> None:
    """The point of an address decides its grid: one within a centimetre of the line might change sides."""
    for county in sorted({grid.code[:6] for grid, _ in found.grids}):
        changed = {grid.code: (grid.geometry, shape) for grid, shape in found.grids if grid.code[:6] == county}
        bbox = bounds_of([shape for pair in changed.values() for shape in pair])
        if bbox is None:
            continue
        box = (bbox.west, bbox.south, bbox.east, bbox.north)
        doors = [Door(*row) for row in queries.doors_concerned(session, county, list(changed), box)]
        around = grids.list_grids(session, prefixes=[county], bbox=bbox)
        others = {grid.code: grid.geometry for grid in around if grid.code not in changed}
        moves = relocate(doors, changed, {code: pair[1] for code, pair in changed.items()}, others)
        if moves:
            named = ", ".join(move.id for move in moves[:10])
            raise BorderNotFree(f"Addresses lie so near to the border that they would change grids: {named}.")


def _array(shapes: Sequence[object]) -> ShapeArray:
    return np.array([*shapes, None], object)[:-1]
