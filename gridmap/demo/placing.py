"""Where the doors stand: streets along the valleys, bent as they are, near the middle of each village."""

import numpy as np
import shapely

from gridmap.demo.land import Land
from gridmap.demo.shares import Objects
from gridmap.demo.terrain import KM_PER_LAT, KM_PER_LON, to_lattice
from gridmap.demo.tessellation import nearest
from gridmap.geo.arrays import BoolArray, FloatArray, IntArray
from gridmap.geo.lattice import from_units

_PLOT_KM, _ROW_KM = 0.030, 0.034
_FARMSTEADS = 0.06


def place_doors(land: Land, grids: IntArray, grid: IntArray, in_town: BoolArray, rng: np.random.Generator) -> IntArray:
    """A point for each door: rows of houses along a bent street in the valley, a few farmsteads apart."""
    shapes = land.grids[grids]
    shapely.prepare(shapes)
    anchors, directions, room = _anchors(land, grids)
    count = np.bincount(grid, minlength=len(grids))
    index = np.arange(len(grid)) - np.concatenate([[0], np.cumsum(count)])[grid]
    # A street no longer than the grid is wide there: the narrower, the more rows of houses.
    rows = np.maximum(2 * -(-count // 60), np.ceil(count * _PLOT_KM / (2.2 * room)).astype(np.int64))
    columns = -(-count // rows)
    area = shapely.area(shapes) * KM_PER_LON * KM_PER_LAT
    tight = np.minimum(1.0, np.sqrt(0.4 * area / (columns * _PLOT_KM * rows * _ROW_KM)))[grid]
    along = (index // rows[grid] - (columns[grid] - 1) / 2) * _PLOT_KM + rng.uniform(-0.006, 0.006, len(grid))
    across = (index % rows[grid] - (rows[grid] - 1) / 2) * _ROW_KM + rng.uniform(-0.005, 0.005, len(grid))
    across = across + rng.normal(0.0, 0.7, len(grids))[grid] * along**2
    apart = (rng.uniform(0, 1, len(grid)) < _FARMSTEADS) & ~in_town[grid]
    far = rng.normal(0.0, 0.45, (len(grid), 2)) * apart[:, None]
    ahead = directions[grid]
    side = np.column_stack([-ahead[:, 1], ahead[:, 0]])
    offset = (along[:, None] * ahead + across[:, None] * side) * tight[:, None] + far
    return _kept_inside(shapes[grid], anchors[grid], offset)


def _kept_inside(shapes: Objects, anchors: FloatArray, offset: FloatArray) -> IntArray:
    """Points at `anchors + offset`, drawn nearer to the anchor where they would leave their grid."""
    points = to_lattice(anchors + offset)
    outside = np.arange(len(points))
    for attempt in range(1, 30):
        outside = outside[~shapely.contains_xy(shapes[outside], *from_units(points[outside]).T)]
        if len(outside) == 0:
            return points
        points[outside] = to_lattice(anchors[outside] + offset[outside] * 0.8**attempt)
    raise ValueError(f"{len(outside)} doors have no room in their grid; take another seed")


def _anchors(land: Land, grids: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The middle of each grid's settlement and the direction of its street: in a valley, near the village's centre.

    The third array is how far the grid's border is from there, in km.
    """
    mesh, terrain = land.regions.mesh, land.regions.terrain
    _, cell = nearest(mesh.sites, terrain.valley)
    cells = np.flatnonzero((land.regions.grid >= grids[0]) & (land.regions.grid <= grids[-1]))
    mine = np.isin(cell, cells)
    spots = np.vstack([terrain.valley[mine], mesh.sites[cells]])
    _, beside = nearest(terrain.valley, mesh.sites[cells])
    direction = np.vstack([terrain.direction[mine], terrain.direction[beside]])
    owner = land.regions.grid[np.concatenate([cell[mine], cells])]
    steps = from_units(to_lattice(spots))
    inside = shapely.contains_xy(land.grids[owner], *steps.T)
    room = shapely.distance(shapely.boundary(land.grids[owner]), shapely.points(steps)) * 100
    centre = land.village_centres()[land.village_of_grid[owner]]
    score = 2.0 * np.minimum(room, 0.35) - 0.15 * np.hypot(*(spots - centre).T) - 0.4 * terrain.height(spots)
    order = np.lexsort((-np.where(inside, score, -np.inf), owner))
    best = order[np.searchsorted(owner[order], grids)]
    return spots[best], direction[best], room[best]
