"""Borders as lines on the 1e-7 degree lattice, drawn once and shared by all that meet there, and polygons of them."""

from dataclasses import dataclass

import numpy as np
import shapely

from gridmap.demo.shares import Objects, stream
from gridmap.demo.terrain import to_lattice
from gridmap.demo.tessellation import Mesh, cross
from gridmap.geo.arrays import BoolArray, FloatArray, IntArray
from gridmap.geo.lattice import from_units

_POINTS_A_LINE = 2.4
_MOST_POINTS = 6
_WAVINESS = 0.30
_ATTEMPTS = 7


@dataclass(frozen=True)
class Borders:
    """For each edge of the mesh that borders a grid: its line from `ends[e, 0]` to `ends[e, 1]`, in lattice steps."""

    mesh: Mesh
    edges: IntArray
    lines: tuple[IntArray, ...]


def make_borders(mesh: Mesh, grid: IntArray, seed: int) -> Borders:
    """Draws a wavy line for each edge between two grids, or a grid and the outside.

    Seen from the sites on both its sides a line only ever turns forward. That is checked in whole lattice steps, so
    no two lines cross or touch except in the corners they share, whatever the rounding did.
    """
    edges = np.flatnonzero(grid[mesh.cells[:, 0]] != grid[mesh.cells[:, 1]])
    corners = _smoothed(mesh, edges)
    sites = to_lattice(mesh.sites)
    a, b = corners[mesh.ends[edges, 0]], corners[mesh.ends[edges, 1]]
    left, right = mesh.cells[edges].T
    relative = _relative_length(a, b, mesh, edges)
    count = np.clip(np.rint(_POINTS_A_LINE * relative), 1, _MOST_POINTS).astype(np.int64)
    # A short edge between far sites would throw up a spike.
    u = _waves(count, stream(seed, 7)) * np.clip(relative, 0.05, 1.0)[:, None]
    ends = to_lattice(a), to_lattice(b)
    for attempt in range(_ATTEMPTS):
        paths = _paths((a, b), (mesh.sites[left], mesh.sites[right]), count, u)
        paths[:, 0], paths[np.arange(len(count)), count + 1] = ends
        bad = _turns_back(paths, count, sites[left], sites[right])
        if not bad.any():
            break
        u[bad] *= 0.5 if attempt < _ATTEMPTS - 2 else 0.0
    else:
        raise ValueError(f"{int(bad.sum())} borders can't be drawn on the lattice; take another seed")
    return Borders(mesh, edges, tuple(paths[i, : n + 2] for i, n in enumerate(count.tolist())))


def _smoothed(mesh: Mesh, edges: IntArray) -> FloatArray:
    """Corners moved along their border, so that it runs as a ridge does and not in a honeycomb.

    A move is taken back where a cell would no longer see one of its edges whole and turning forward.
    """
    corners = mesh.corners.copy()
    ends = mesh.ends[edges]
    count = np.bincount(ends.ravel(), minlength=len(corners))
    before = _seen(mesh, corners)
    for _ in range(3):
        around = np.zeros_like(corners)
        for here, there in (ends.T, ends.T[::-1]):
            for axis in (0, 1):
                around[:, axis] += np.bincount(here, weights=corners[there, axis], minlength=len(corners))
        middle = 0.5 * corners + 0.5 * around / np.maximum(count, 1)[:, None]
        # Where three borders meet the point moves less: it settles between them.
        moved = np.where(
            (count == 2)[:, None], middle, np.where((count == 3)[:, None], (corners + middle) / 2, corners)
        )
        corners = _taken_back(mesh, corners, moved, before)
    return corners


def _taken_back(mesh: Mesh, old: FloatArray, new: FloatArray, before: FloatArray) -> FloatArray:
    moved = np.ones(len(old), dtype=np.bool_)
    while True:
        corners = np.where(moved[:, None], new, old)
        bad = (_seen(mesh, corners) < 0.25 * before).any(axis=1)
        again = moved[mesh.ends[bad]]
        if not again.any():
            return corners
        moved[mesh.ends[bad]] = False


def _seen(mesh: Mesh, corners: FloatArray) -> FloatArray:
    """Twice the triangle of each edge and the site on its left, and on its right; both are positive in a sound mesh."""
    a, b = corners[mesh.ends[:, 0]], corners[mesh.ends[:, 1]]
    left, right = mesh.sites[mesh.cells[:, 0]], mesh.sites[mesh.cells[:, 1]]
    return np.column_stack([cross(a - left, b - left), cross(b - right, a - right)])


def _relative_length(a: FloatArray, b: FloatArray, mesh: Mesh, edges: IntArray) -> FloatArray:
    """The length of each edge against what is usual between sites so far apart."""
    apart = np.hypot(*(mesh.sites[mesh.cells[edges, 0]] - mesh.sites[mesh.cells[edges, 1]]).T)
    relative: FloatArray = np.hypot(*(b - a).T) / (0.6 * apart)
    return relative


def _waves(count: IntArray, rng: np.random.Generator) -> FloatArray:
    """How far each point leaves its edge, as a share of the way to the site on the left (or, negative, right)."""
    t = np.arange(1, _MOST_POINTS + 1) / (count[:, None] + 1)
    strength = rng.normal(0.0, 1.0, (len(count), 3)) * (0.6, 0.5, 0.35)
    wave = sum(strength[:, k : k + 1] * np.sin((k + 1) * np.pi * t) for k in range(3))
    wave = wave + rng.normal(0.0, 0.12, t.shape)
    return _WAVINESS * np.clip(wave, -1.4, 1.4)


def _paths(
    ends: tuple[FloatArray, FloatArray], sites: tuple[FloatArray, FloatArray], count: IntArray, u: FloatArray
) -> IntArray:
    """Lines as rows of lattice points, the first column and what lies beyond `count` left empty."""
    a, b = ends
    t = (np.arange(1, _MOST_POINTS + 1) / (count[:, None] + 1))[:, :, None]
    on_edge = a[:, None] + t * (b - a)[:, None]
    toward = np.where(u[:, :, None] > 0, sites[0][:, None], sites[1][:, None])
    inner = on_edge + np.abs(u)[:, :, None] * (toward - on_edge)
    paths = np.zeros((len(a), _MOST_POINTS + 2, 2), dtype=np.int64)
    paths[:, 1:-1] = to_lattice(inner.reshape(-1, 2)).reshape(inner.shape)
    return paths


def _turns_back(paths: IntArray, count: IntArray, left: IntArray, right: IntArray) -> BoolArray:
    start, end = paths[:, :-1], paths[:, 1:]
    used = np.arange(paths.shape[1] - 1) <= count[:, None]
    from_left = _turn(start - left[:, None], end - left[:, None])
    from_right = _turn(end - right[:, None], start - right[:, None])
    back: BoolArray = np.any(used & ((from_left <= 0) | (from_right <= 0)), axis=1)
    return back


def _turn(a: IntArray, b: IntArray) -> IntArray:
    # Steps of 1e-7 degree within a few cells: products stay far below 2**63, so the sign is exact.
    turn: IntArray = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return turn


def outlines(borders: Borders, labels: IntArray, count: int) -> Objects:
    """A multi-polygon in degrees for each label 0…count-1 of the cells; lines inside a region drop out, none is new."""
    rings: list[list[shapely.LinearRing]] = [[] for _ in range(count)]
    for label, units in _rings(borders, labels):
        rings[label].append(shapely.LinearRing(from_units(units)))
    return np.array([_assembled(parts) for parts in rings], dtype=np.object_)


def _assembled(rings: list[shapely.LinearRing]) -> shapely.MultiPolygon:
    """Shells run counter-clockwise and holes clockwise; a hole belongs to the smallest shell around it."""
    shells = [shapely.Polygon(ring) for ring in rings if ring.is_ccw]
    shells.sort(key=_area)
    inner: list[list[shapely.LinearRing]] = [[] for _ in shells]
    for hole in (ring for ring in rings if not ring.is_ccw):
        point = shapely.Polygon(hole).representative_point()
        inner[next(i for i, shell in enumerate(shells) if shell.covers(point))].append(hole)
    return shapely.MultiPolygon([shapely.Polygon(shell.exterior, inner[i]) for i, shell in enumerate(shells)])


def _area(polygon: shapely.Polygon) -> float:
    return polygon.area


def _rings(borders: Borders, labels: IntArray) -> list[tuple[int, IntArray]]:
    """Closed rings of each region, its inside on the left, by following lines from corner to corner."""
    mesh = borders.mesh
    follow: dict[tuple[int, int], tuple[int, int, bool]] = {}
    of_edge = labels[mesh.cells[borders.edges]].tolist()
    ends = mesh.ends[borders.edges].tolist()
    for i, ((left, right), (start, end)) in enumerate(zip(of_edge, ends, strict=True)):
        if left == right:
            continue
        if left >= 0:
            follow[left, start] = (i, end, False)
        if right >= 0:
            follow[right, end] = (i, start, True)
    rings = []
    while follow:
        label, start = next(iter(follow))
        pieces, corner = [], start
        while (label, corner) in follow:
            i, corner, turned = follow.pop((label, corner))
            line = borders.lines[i]
            pieces.append(line[:0:-1] if turned else line[:-1])
        rings.append((label, np.vstack([*pieces, pieces[0][:1]])))
    return rings
