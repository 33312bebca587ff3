"""A coarse draft of townships and villages: it says where villages lie and how dense the fine cells must be."""

import numpy as np

from gridmap.demo.growth import NOWHERE, filled, grow
from gridmap.demo.places import Places
from gridmap.demo.shares import shares, stream
from gridmap.demo.targets import Targets
from gridmap.demo.terrain import Terrain, jittered
from gridmap.demo.tessellation import Mesh, make_mesh, nearest, relaxed
from gridmap.geo.arrays import FloatArray, IntArray

CELLS_A_GRID = 11
_SKETCH_KM = 2.4
_RIM_KM = 8.0
_COMPACT_CELL_KM2 = 0.05
_REACH, _BRIDGED, _BRIDGED_KM = 16.0, 40.0, 18.5
"""How far a township reaches from its seat where no other stops it, and how wide a gap between two is bridged (cost,
km); gives Gannan its 40,000 km2 in one piece."""
_PASTURES = ("623025", "623026", "623027107", "623027103")
_STREETS = ("623001001", "623001002", "623001003", "623001004")


def township_slowness(places: Places) -> FloatArray:
    """A town's streets stay small among wide townships; herders' townships reach far where seats are few."""
    slowness = np.ones(len(places.seats))
    for i, seat in enumerate(places.seats):
        if seat.township.startswith(_PASTURES):
            slowness[i] = 0.9
        if seat.township in _STREETS:
            slowness[i] = 1.6
    return slowness


def village_slowness(targets: Targets) -> FloatArray:
    """A town's communities leave the open country to the villages around."""
    return np.where(targets.compact, 1.7, 1.0)


def grow_townships(mesh: Mesh, cost: FloatArray, slowness: FloatArray) -> IntArray:
    """The township of each cell, -1 outside; the first cells are the seats. Bays and islands are filled."""
    starts = [(cell, cell) for cell in range(len(slowness))]
    labels, reached = grow(mesh, cost, starts, slowness)
    away, _ = nearest(mesh.sites[reached > _REACH + _BRIDGED], mesh.sites)
    return filled(mesh, np.where(away > _BRIDGED_KM, labels, NOWHERE), cost)


class Sketch:
    """Coarse cells with their townships, and the centres that villages are given in them."""

    def __init__(self, places: Places, targets: Targets, terrain: Terrain, seats: FloatArray, seed: int) -> None:
        self.terrain, self.seats, self.targets, self._seed = terrain, seats, targets, seed
        points = jittered(_SKETCH_KM, stream(seed, 3))
        rings = _rings(seats)
        away, _ = nearest(np.vstack([seats, rings]), points)
        self.mesh = make_mesh(np.vstack([seats, rings, points[away > _SKETCH_KM / 3]]))
        self._cost = terrain.cost(self.mesh.sites, *self.mesh.cells.T)
        self.township = grow_townships(self.mesh, self._cost, township_slowness(places))
        self.centres = self._centres(_seat_villages(places, targets))

    def villages(self) -> IntArray:
        """The village of each coarse cell; communities smaller than a cell may have none."""
        _, cells = nearest(self.mesh.sites, self.centres)
        own = self.township[cells] == self.targets.township_of_village
        # A coarse cell may hold several centres: the first one stands for them.
        starts = list(zip(cells[own].tolist(), np.flatnonzero(own).tolist(), strict=True))
        labels, _ = grow(self.mesh, self._cost, starts, village_slowness(self.targets), within=self.township)
        return labels

    def _centres(self, at_seat: IntArray) -> FloatArray:
        """A point for each village: in its township's valleys, apart from each other, towns' communities together."""
        rng = stream(self._seed, 4)
        valley, inner = self._inside()
        radius = np.minimum(1.0, 0.35 * next_seat(self.seats))
        centres = np.zeros((len(self.targets.households), 2))
        for township, seat in enumerate(self.seats):
            villages = np.flatnonzero(self.targets.township_of_village == township)
            central = (villages == at_seat[township]) | self.targets.compact[villages]
            town = villages[central]
            town = np.concatenate([town[town == at_seat[township]], town[town != at_seat[township]]])
            centres[town] = _around(seat, float(radius[township]), len(town), rng)
            far = villages[~central]
            spots = self.terrain.valley[valley == township]
            if len(spots) < 8 * len(far):
                spots = np.repeat(self.mesh.sites[inner == township], 8, axis=0)
                spots = spots + rng.uniform(-0.35, 0.35, spots.shape)
            centres[far] = _scattered(spots, seat, centres[town], len(far), rng)
        return centres

    def _inside(self) -> tuple[IntArray, IntArray]:
        """The township of each point of the valleys and of each cell, -1 at a border: fine cells may draw it anew."""
        a, b = self.township[self.mesh.cells].T
        at_border = np.isin(np.arange(len(self.township)), self.mesh.cells[a != b])
        inner = np.where(at_border, NOWHERE, self.township)
        _, cell = nearest(self.mesh.sites, self.terrain.valley)
        return inner[cell], inner


def make_fine_mesh(sketch: Sketch, seed: int) -> Mesh:
    """Fine cells, about as many in each village as its grids need, with the seats as the first sites."""
    rng = stream(seed, 5)
    village_of_cell = sketch.villages()
    sites = [
        _village_sites(sketch, village, np.flatnonzero(village_of_cell == village), rng)
        for village in range(len(sketch.centres))
    ]
    rim = sketch.mesh.sites[sketch.township == NOWHERE]
    away, _ = nearest(sketch.mesh.sites[sketch.township != NOWHERE], rim)
    close = np.repeat(rim[away < _RIM_KM], 3, axis=0)
    outside = np.vstack([rim, close + rng.uniform(-0.5, 0.5, close.shape) * _SKETCH_KM])
    loose = np.vstack([*sites, outside])
    away, _ = nearest(sketch.seats, loose)
    everything = np.vstack([sketch.seats, loose[away > 0.12]])
    return make_mesh(relaxed(everything, np.arange(len(everything)) < len(sketch.seats), steps=2))


def next_seat(seats: FloatArray) -> FloatArray:
    """How far the nearest other seat is from each, in km."""
    apart = np.hypot(*(seats[:, None] - seats[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    return np.asarray(apart.min(axis=1))


def _seat_villages(places: Places, targets: Targets) -> IntArray:
    """The village nearest to each township's seat: a community, else the one of the same name, else the first."""
    townships, villages = places.of_level("township"), places.of_level("village")
    chosen = np.full(len(townships), NOWHERE)
    rank = np.full(len(townships), 3)
    for number, village in enumerate(villages):
        township = int(targets.township_of_village[number])
        stem = townships[township].name.rstrip("镇乡")
        mine = 0 if targets.compact[number] else 1 if village.name.startswith(stem) else 2
        if mine < rank[township]:
            chosen[township], rank[township] = number, mine
    return chosen


def _rings(seats: FloatArray) -> FloatArray:
    """Finer coarse cells about each seat, so that seats close together get townships with an inside."""
    angle = np.arange(10) * 2 * np.pi / 10
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    radius = np.minimum(next_seat(seats), 3.0)
    rings = [seats[:, None] + circle * (radius * part)[:, None, None] for part in (0.18, 0.32, 0.44)]
    return np.concatenate(rings).reshape(-1, 2)


def _around(seat: FloatArray, radius_km: float, count: int, rng: np.random.Generator) -> FloatArray:
    """`count` points about the seat: the first close to it, the others on a ring."""
    turn = rng.uniform(0, 2 * np.pi)
    angle = turn + np.arange(count) * 2 * np.pi / count + rng.uniform(-0.3, 0.3, count)
    out = np.where(np.arange(count) == 0, 0.5, rng.uniform(0.8, 1.1, count)) * radius_km
    return seat + np.column_stack([np.cos(angle), np.sin(angle)]) * out[:, None]


def _scattered(
    spots: FloatArray, seat: FloatArray, taken: FloatArray, count: int, rng: np.random.Generator
) -> FloatArray:
    """`count` of the spots, each far from those before it, rather near the seat than at the township's end."""
    chosen = []
    liking = np.exp(-np.hypot(*(spots - seat).T) / 18.0) * rng.lognormal(0.0, 0.35, len(spots))
    # A town needs room for its streets: the more communities, the farther off the first village.
    apart = np.min([np.hypot(*(spots - point).T) for point in taken], axis=0)
    apart = np.maximum(apart - 0.4 * (len(taken) - 1), 0.1 * apart)
    for _ in range(count):
        best = int(np.argmax(apart * liking))
        chosen.append(spots[best])
        apart = np.minimum(apart, np.hypot(*(spots - spots[best]).T))
    return np.array(chosen).reshape(-1, 2)


def _village_sites(sketch: Sketch, village: int, cells: IntArray, rng: np.random.Generator) -> FloatArray:
    """Sites of the fine cells: a disc for a community, else over the village, denser near its centre and in valleys."""
    count = int(sketch.targets.grids[village]) * CELLS_A_GRID
    centre = sketch.centres[village]
    if sketch.targets.compact[village] or len(cells) < 2:
        angle = rng.uniform(0, 2 * np.pi, count)
        out = np.sqrt(count * _COMPACT_CELL_KM2 / np.pi * rng.uniform(0, 1, count))
        disc: FloatArray = centre + np.column_stack([np.cos(angle), np.sin(angle)]) * out[:, None]
        return disc
    points = sketch.mesh.sites[cells]
    away = np.hypot(*(points - centre).T)
    height = np.clip(sketch.terrain.height(points), 0.0, None)
    repeated = np.repeat(points, shares(count, 0.35 + np.exp(-away / 2.0) + np.exp(-3.0 * height)), axis=0)
    return repeated + rng.uniform(-0.55, 0.55, repeated.shape) * _SKETCH_KM
