"""From the seats to the grids: cells are given to townships, villages and grids, each of them one piece."""

from dataclasses import dataclass

import numpy as np

from gridmap.demo.growth import NOWHERE, Parts, grow, holes
from gridmap.demo.places import Places
from gridmap.demo.shares import spread, stream
from gridmap.demo.sketch import Sketch, grow_townships, make_fine_mesh, township_slowness, village_slowness
from gridmap.demo.targets import Targets
from gridmap.demo.terrain import Terrain, make_terrain, to_km
from gridmap.demo.tessellation import Mesh
from gridmap.geo.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Regions:
    """The mesh and each cell's township, village and grid, numbered in code order; -1 outside.

    `seat` are cells whose sites are the exact seats, `village_centre` those whose sites are the centres. Grids are
    numbered village by village, west to east, then north to south.
    """

    mesh: Mesh
    terrain: Terrain
    township: IntArray
    village: IntArray
    grid: IntArray
    seat: IntArray
    village_centre: IntArray
    village_of_grid: IntArray


def make_regions(places: Places, targets: Targets, seed: int) -> Regions:
    """Invents the landscape, sketches townships and villages on coarse cells, then grows them on fine ones."""
    seats = to_km(np.array([seat.lon for seat in places.seats]), np.array([seat.lat for seat in places.seats]))
    terrain = make_terrain(seats, seed)
    sketch = Sketch(places, targets, terrain, seats, seed)
    mesh = make_fine_mesh(sketch, seed)
    cost = terrain.cost(mesh.sites, *mesh.cells.T)
    township = grow_townships(mesh, cost, township_slowness(places))
    centre = _centre_cells(mesh, township, sketch.centres, targets.township_of_village)
    starts = list(zip(centre.tolist(), range(len(centre)), strict=True))
    village, _ = grow(mesh, cost, starts, village_slowness(targets), within=township)
    village_of_grid, grid = _grids(mesh, village, targets, seed)
    if (holes(mesh, grid) > 0).any():
        raise ValueError(f"seed {seed} makes a grid that surrounds another one; take another seed")
    return Regions(mesh, terrain, township, village, grid, np.arange(len(seats)), centre, village_of_grid)


def _centre_cells(mesh: Mesh, township: IntArray, wished: FloatArray, township_of_village: IntArray) -> IntArray:
    """For each village the cell of its own township that is nearest to the wished centre and not yet taken."""
    chosen: list[int] = []
    for owner in range(int(township_of_village.max()) + 1):
        cells = np.flatnonzero(township == owner)
        for point in wished[township_of_village == owner]:
            closest = int(np.argmin(((mesh.sites[cells] - point) ** 2).sum(axis=1)))
            chosen.append(int(cells[closest]))
            cells = np.delete(cells, closest)
    return np.array(chosen)


def _grids(mesh: Mesh, village: IntArray, targets: Targets, seed: int) -> tuple[IntArray, IntArray]:
    """Every village cut into grids; their number follows its cells, the county's total stays exact."""
    cells = np.bincount(village[village >= 0], minlength=len(targets.grids))
    quotas = np.array([county.grids for county in targets.counties])
    counts = spread(int(quotas.sum()), targets.county_of_village, cells.astype(np.float64), quotas, least=1)
    first = np.concatenate([[0], np.cumsum(counts)])
    grid = np.full(len(village), NOWHERE)
    for number, count in enumerate(counts.tolist()):
        members = np.flatnonzero(village == number)
        parts = Parts(members.tolist(), _inner_neighbours(mesh, members), mesh.sites)
        grid[members] = first[number] + _best_cut(mesh, parts, members, count, stream(seed, 6, number))
    return np.repeat(np.arange(len(counts)), counts), grid


def _inner_neighbours(mesh: Mesh, members: IntArray) -> dict[int, list[int]]:
    inside = set(members.tolist())
    graph = mesh.neighbours
    return {
        cell: [n for n in graph.indices[graph.indptr[cell] : graph.indptr[cell + 1]].tolist() if n in inside]
        for cell in members.tolist()
    }


def _best_cut(mesh: Mesh, parts: Parts, members: IntArray, count: int, rng: np.random.Generator) -> IntArray:
    """A cut, numbered west to east, then north to south, by the middles of its parts."""
    cut = parts.cut(count, rng)
    part = np.array([cut[cell] for cell in members.tolist()])
    west, north = (np.bincount(part, weights=mesh.sites[members, axis]) / np.bincount(part) for axis in (0, 1))
    number = np.empty(count, dtype=np.int64)
    number[np.lexsort((-north, west))] = np.arange(count)
    numbered: IntArray = number[part]
    return numbered
