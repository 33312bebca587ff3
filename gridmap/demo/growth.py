"""Growing regions cell by cell: fronts that meet on ridges, and parts of equal size; each region is one piece."""

import heapq

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridmap.demo.tessellation import Mesh
from gridmap.geo.arrays import FloatArray, IntArray

NOWHERE = -1


def grow(
    mesh: Mesh, cost: FloatArray, starts: list[tuple[int, int]], slowness: FloatArray, within: IntArray | None = None
) -> tuple[IntArray, FloatArray]:
    """Each cell's label, that of the front that reaches it first, and the distance it came.

    `starts` are (cell, label); `slowness[label]` multiplies the `cost` of edges; with `within` a front stays among
    cells that have the same value as its start. A label is one piece, because a cell passes on only its own.
    """
    neighbours = mesh.neighbours
    first, other, edge = (array.tolist() for array in (neighbours.indptr, neighbours.indices, neighbours.data))
    price, slow = cost.tolist(), slowness.tolist()
    home = [0] * len(mesh.sites) if within is None else within.tolist()
    labels, reached = [NOWHERE] * len(mesh.sites), [np.inf] * len(mesh.sites)
    queue = [(0.0, cell, label) for cell, label in starts]
    heapq.heapify(queue)
    while queue:
        came, cell, label = heapq.heappop(queue)
        if labels[cell] != NOWHERE:
            continue
        labels[cell], reached[cell] = label, came
        for i in range(first[cell], first[cell + 1]):
            follower = other[i]
            if labels[follower] == NOWHERE and home[follower] == home[cell]:
                heapq.heappush(queue, (came + price[edge[i] - 1] * slow[label], follower, label))
    return np.array(labels), np.array(reached)


def holes(mesh: Mesh, labels: IntArray) -> IntArray:
    """How many holes each region has, which must be one piece: 1 - (cells - shared edges + shared corners)."""
    size = int(labels.max()) + 1
    a, b = labels[mesh.cells].T
    of_corner = labels[mesh.triangles]
    inner = of_corner[(of_corner == of_corner[:, :1]).all(axis=1), 0]
    cells, edges, corners = (np.bincount(x[x >= 0], minlength=size) for x in (labels, a[a == b], inner))
    return 1 - (cells - edges + corners)


def filled(mesh: Mesh, labels: IntArray, cost: FloatArray) -> IntArray:
    """Labels with the islands of nowhere, those that don't touch the rim of the sheet, given to their neighbours."""
    a, b = mesh.cells.T
    both = (labels[a] == NOWHERE) & (labels[b] == NOWHERE)
    size = len(labels)
    graph = csr_matrix((np.ones(int(both.sum())), (a[both], b[both])), shape=(size, size))
    _, piece = connected_components(graph, directed=False)
    outer = piece == piece[int(np.argmin(mesh.sites[:, 0]))]
    island = (labels == NOWHERE) & ~outer
    if not island.any():
        return labels
    starts = [(cell, int(labels[cell])) for cell in np.flatnonzero(labels != NOWHERE).tolist()]
    grown, _ = grow(mesh, cost, starts, np.ones(int(labels.max()) + 1), within=np.where(outer, 1, 0))
    return np.where(island, grown, labels)


class Parts:
    """One region cut into `count` connected parts of about equal numbers of cells."""

    def __init__(self, cells: list[int], neighbours: dict[int, list[int]], sites: FloatArray) -> None:
        self._cells = cells
        self._neighbours = neighbours
        self._at = {cell: (float(sites[cell, 0]), float(sites[cell, 1])) for cell in cells}

    def cut(self, count: int, rng: np.random.Generator, *, rounds: int = 4) -> dict[int, int]:
        """The part of each cell; the most even of several rounds, each started in the middles of the last one."""
        seeds = self._far_apart(count, self._cells[int(rng.integers(len(self._cells)))])
        best: dict[int, int] = {}
        best_gap = len(self._cells) + 1
        for _ in range(rounds):
            part = self._grown(seeds)
            sizes = np.bincount(list(part.values()), minlength=count)
            gap = int(sizes.max() - sizes.min())
            if gap < best_gap:
                best, best_gap = part, gap
            seeds = self._middles(part, count)
        return best

    def _far_apart(self, count: int, start: int) -> list[int]:
        seeds = [start]
        away = {cell: self._apart(cell, start) for cell in self._cells}
        while len(seeds) < count:
            farthest = max(self._cells, key=lambda cell: (away[cell], -cell))
            seeds.append(farthest)
            away = {cell: min(length, self._apart(cell, farthest)) for cell, length in away.items()}
        return seeds

    def _grown(self, seeds: list[int]) -> dict[int, int]:
        part: dict[int, int] = {}
        fronts: list[list[tuple[float, int]]] = [[(0.0, seed)] for seed in seeds]
        # The smallest part that can still grow goes next; a part with no free neighbour drops out.
        turns = [(0, index) for index in range(len(seeds))]
        while turns:
            size, index = heapq.heappop(turns)
            cell = self._next_free(fronts[index], part)
            if cell is None:
                continue
            part[cell] = index
            for follower in self._neighbours[cell]:
                if follower not in part:
                    heapq.heappush(fronts[index], (self._apart(follower, seeds[index]), follower))
            heapq.heappush(turns, (size + 1, index))
        return part

    @staticmethod
    def _next_free(front: list[tuple[float, int]], part: dict[int, int]) -> int | None:
        while front:
            _, cell = heapq.heappop(front)
            if cell not in part:
                return cell
        return None

    def _middles(self, part: dict[int, int], count: int) -> list[int]:
        sums = [[0.0, 0.0, 0] for _ in range(count)]
        for cell, index in part.items():
            x, y = self._at[cell]
            sums[index][0] += x
            sums[index][1] += y
            sums[index][2] += 1
        best: list[tuple[float, int]] = [(np.inf, -1)] * count
        for cell, index in part.items():
            x, y, number = sums[index]
            here = self._at[cell]
            best[index] = min(best[index], ((here[0] - x / number) ** 2 + (here[1] - y / number) ** 2, cell))
        return [cell for _, cell in best]

    def _apart(self, a: int, b: int) -> float:
        (ax, ay), (bx, by) = self._at[a], self._at[b]
        return (ax - bx) ** 2 + (ay - by) ** 2
