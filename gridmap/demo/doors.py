"""What stands in each grid, door by door: houses, blocks of flats, places, what holds nobody, what is not built."""

from dataclasses import dataclass

import numpy as np

from gridmap.demo.shares import shares, spread
from gridmap.demo.targets import ZHUONI
from gridmap.geo.arrays import BoolArray, IntArray

HOUSE, APARTMENTS, COLLECTIVE, OTHER, VACANT = range(5)
_ZHUONI_BUILDINGS, _ZHUONI_ADDRESSES = 27_000, 31_240
_OTHER_SHARE, _VACANT_SHARE = 0.075, 0.07
_IN_APARTMENTS = 0.72
_FLATS_A_BUILDING = 12


@dataclass(frozen=True)
class Counts:
    """How many of each there are in each grid; `collectives` is the grid of each collective household."""

    houses: IntArray
    blocks: IntArray
    flats: IntArray
    other: IntArray
    vacant: IntArray
    collectives: IntArray


@dataclass(frozen=True)
class Doors:
    """The doors of a county in order of grid and street; `families` live behind a door, `collective` numbers a place.

    `collective` is -1 where there is none.
    """

    grid: IntArray
    kind: IntArray
    families: IntArray
    collective: IntArray


def count_doors(
    code: str, families: IntArray, in_town: BoolArray, centre_grid: IntArray, collectives: IntArray
) -> Counts:
    """Counts that make the county's totals exact; a village's middle gets at least two buildings without a household.

    `centre_grid` is the grid of each village's centre.
    """
    flats = np.where(in_town, np.rint(families * _IN_APARTMENTS), 0).astype(np.int64)
    blocks = -(-flats // _FLATS_A_BUILDING)
    houses = families - flats
    households = int(families.sum()) + len(collectives)
    other, vacant = round(households * _OTHER_SHARE), round(households * _VACANT_SHARE)
    if code == ZHUONI:
        other = _ZHUONI_BUILDINGS - int(houses.sum()) - int(blocks.sum()) - len(collectives)
        vacant = _ZHUONI_ADDRESSES - _ZHUONI_BUILDINGS - int(flats.sum())
    weights = families.astype(np.float64)
    central = 2 * np.bincount(centre_grid, minlength=len(families))
    scattered = shares(other - int(central.sum()), weights)
    return Counts(houses, blocks, flats, scattered + central, shares(vacant, weights), collectives)


def make_doors(counts: Counts, rng: np.random.Generator) -> Doors:
    """Mixes a grid's doors along its street; blocks of flats stand together in the middle."""
    grid_of = np.arange(len(counts.houses))
    by_kind = {HOUSE: counts.houses, APARTMENTS: counts.blocks, OTHER: counts.other, VACANT: counts.vacant}
    grid = np.concatenate([*(np.repeat(grid_of, n) for n in by_kind.values()), counts.collectives])
    kind = np.concatenate([np.full(int(n.sum()), kind) for kind, n in by_kind.items()])
    kind = np.concatenate([kind, np.full(len(counts.collectives), COLLECTIVE)])
    collective = np.full(len(grid), -1)
    collective[kind == COLLECTIVE] = np.arange(len(counts.collectives))
    families = (kind == HOUSE).astype(np.int64)
    block_grid = np.repeat(grid_of, counts.blocks)
    families[kind == APARTMENTS] = spread(int(counts.flats.sum()), block_grid, np.ones(len(block_grid)), counts.flats)
    place = np.where(kind == APARTMENTS, rng.uniform(0.48, 0.52, len(grid)), rng.uniform(0.0, 1.0, len(grid)))
    order = np.lexsort((place, grid))
    return Doors(grid[order], kind[order], families[order], collective[order])
