"""The plane cut into faces by all borders, every face given to a grid, and grids put together again from their faces.

What is made of faces matches by construction: two neighbours have every vertex between them in common. Works in a local
frame of whole units.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import shapely

from gridmap.geo import chain
from gridmap.geo.arrays import BoolArray, FloatArray, Polygonal, ShapeArray
from gridmap.geo.pieces import widths_m


@dataclass(frozen=True, slots=True)
class Faces:
    """Faces of the plane, who covers each, and how long the borders between them are."""

    shapes: ShapeArray
    covers: list[frozenset[int]]
    inside: BoolArray
    """Whether a face belongs to the outline; all do when there is none."""
    narrow: BoolArray
    beside: dict[int, dict[int, float]]
    """For each face its neighbours, and the metres of border with each."""


def cut(polygons: ShapeArray, outline: Polygonal | None, tolerance_m: float, unit_m: FloatArray) -> Faces:
    """All faces, their vertices on whole units; those narrower than the tolerance are marked as narrow."""
    borders = shapely.boundary(np.array([*polygons, *([] if outline is None else [outline])], object))
    # Snap rounding: where borders cross, all of them get the nearest whole unit as a vertex.
    noded = shapely.union_all(borders, grid_size=1.0)
    shapes = np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))), object)
    places = shapely.point_on_surface(shapes)
    covers: list[set[int]] = [set() for _ in shapes]
    for face, owner in zip(*shapely.STRtree(polygons).query(places, predicate="within").tolist(), strict=True):
        covers[face].add(owner)
    inside = (
        np.ones(len(shapes), np.bool_) if outline is None else np.asarray(shapely.contains(_prepared(outline), places))
    )
    flat = shapely.transform(shapes, lambda xy: xy * unit_m)
    narrow = np.asarray(widths_m(flat) < tolerance_m)
    return Faces(shapes, [frozenset(cover) for cover in covers], inside, narrow, _borders_m(shapes, unit_m))


def given_to(faces: Faces, fixed: frozenset[int]) -> list[frozenset[int]]:
    """Who gets each face. Wide faces keep those who cover them, be they none or several: that is for people to decide.

    A narrow face outside goes to nobody; a narrow gap or overlap to the neighbour, among those who cover it, with the
    longest border with it, the lowest of equals. Fixed polygons keep all they have and get nothing more.
    """
    given: list[frozenset[int] | None] = [_at_once(faces, face, fixed) for face in range(len(faces.shapes))]
    waiting = [face for face, who in enumerate(given) if who is None]
    while waiting:
        chosen = {face: _longest(faces, face, given, fixed) for face in waiting}
        settled = {face: frozenset([who]) for face, who in chosen.items() if who is not None}
        for face, who in settled.items():
            given[face] = who
        waiting = [face for face in waiting if face not in settled]
        if not settled:
            break
    # What no neighbour is settled beside stays as it is, if need be with the first who covers it.
    return [frozenset(sorted(faces.covers[face])[:1]) if who is None else who for face, who in enumerate(given)]


def _at_once(faces: Faces, face: int, fixed: frozenset[int]) -> frozenset[int] | None:
    covers = faces.covers[face]
    if not faces.narrow[face]:
        return covers
    if not faces.inside[face]:
        return covers & fixed
    if covers & fixed:
        return covers & fixed
    return covers if len(covers) == 1 else None


def _longest(faces: Faces, face: int, given: list[frozenset[int] | None], fixed: frozenset[int]) -> int | None:
    borders: dict[int, float] = defaultdict(float)
    for other, metres in faces.beside[face].items():
        for who in given[other] or ():
            if who not in fixed and (not faces.covers[face] or who in faces.covers[face]):
                borders[who] += metres
    return min(borders, key=lambda who: (-borders[who], who), default=None)


def joined(faces: Faces, given: list[frozenset[int]], count: int) -> ShapeArray:
    """Each polygon put together from its faces, every vertex kept; empty when it got none."""
    own: list[list[int]] = [[] for _ in range(count)]
    for face, owners in enumerate(given):
        for owner in owners:
            own[owner].append(face)
    whole: ShapeArray = np.array([dissolved(faces.shapes[rows]) for rows in own], object)
    return whole


def dissolved(shapes: ShapeArray) -> Polygonal:
    """Faces as one shape with all vertices of its border."""
    whole = shapely.coverage_union_all(shapes)
    return whole if isinstance(whole, shapely.Polygon | shapely.MultiPolygon) else shapely.Polygon()


def _borders_m(shapes: ShapeArray, unit_m: FloatArray) -> dict[int, dict[int, float]]:
    edges = chain.edges_of(shapes)
    sides: dict[tuple[float, ...], int] = {}
    beside: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    lengths = np.hypot(*((edges.end - edges.start) * unit_m).T).tolist()
    rows = zip(edges.start.tolist(), edges.end.tolist(), edges.owner.tolist(), lengths, strict=True)
    for start, end, face, metres in rows:
        other = sides.pop((*end, *start), None)
        if other is None:
            sides[*start, *end] = face
        else:
            beside[face][other] += metres
            beside[other][face] += metres
    return beside


def _prepared(outline: Polygonal) -> Polygonal:
    shapely.prepare(outline)
    return outline
