"""Where people live: what stands in each grid of a county, door by door along its street, and where."""

from dataclasses import dataclass

import numpy as np

from gridmap.demo import names
from gridmap.demo.doors import count_doors, make_doors
from gridmap.demo.land import Land
from gridmap.demo.places import COUNTY_TOWNS
from gridmap.demo.placing import place_doors
from gridmap.demo.shares import shares, spread, stream
from gridmap.geo.arrays import BoolArray, IntArray


@dataclass(frozen=True, slots=True)
class Collective:
    """A place with a headcount (集体户): the building's kind, its name, how many live there, its grid."""

    kind: str
    name: str
    persons: int
    grid: int


@dataclass(frozen=True)
class Settlements:
    """The doors of a county's grids in order of grid and street, one entry each. Grids are numbered in the county.

    `families` live behind a door; `collective` is the place's number, or -1; `points` are lattice steps.
    """

    county: int
    code: str
    grids: IntArray
    villages: IntArray
    village_of_grid: IntArray
    compact: BoolArray
    centre_grid: IntArray
    groups: IntArray
    collectives: tuple[Collective, ...]
    grid: IntArray
    kind: IntArray
    families: IntArray
    collective: IntArray
    points: IntArray

    @property
    def households(self) -> IntArray:
        """Households behind each door."""
        return self.families + (self.collective >= 0)


def make_settlements(land: Land, county: int) -> Settlements:
    """Fills a county's grids up to its targets; the counts of a county are exact."""
    code = land.places.counties[county]
    rng = stream(land.seed, 10, int(code))
    grids = np.flatnonzero(land.county_of_grid == county)
    villages = np.flatnonzero(land.targets.county_of_village == county)
    village_of_grid = land.village_of_grid[grids] - villages[0]
    centre_grid = land.regions.grid[land.regions.village_centre[villages]] - grids[0]
    compact = land.targets.compact[villages]
    collectives = _collectives(land, county, grids, centre_grid, rng)
    families = _families(land, villages, village_of_grid, collectives, rng)
    at = np.array([place.grid for place in collectives])
    counts = count_doors(code, families, compact[village_of_grid], centre_grid, at)
    doors = make_doors(counts, rng)
    points = place_doors(land, grids, doors.grid, compact[village_of_grid], rng)
    in_grid = families + np.bincount(at, minlength=len(grids))
    groups = shares(land.targets.counties[county].groups, in_grid.astype(np.float64) - 1, least=1)
    return Settlements(
        county, code, grids, villages, village_of_grid, compact, centre_grid, groups, collectives,
        doors.grid, doors.kind, doors.families, doors.collective, points,
    )  # fmt: skip


def _collectives(
    land: Land, county: int, grids: IntArray, centre_grid: IntArray, rng: np.random.Generator
) -> tuple[Collective, ...]:
    code = land.places.counties[county]
    name = land.places.by_code[code].name
    townships = land.places.of_level("township")
    seat_grid = land.regions.grid[land.regions.seat] - grids[0]
    places = []
    for number in np.flatnonzero(land.targets.county_of_township == county).tolist():
        pupils = 30 + round(land.places.seats[number].population * float(rng.uniform(0.010, 0.018)))
        places.append(Collective("school", f"{townships[number].name}中心小学", pupils, int(seat_grid[number])))
        if townships[number].code == COUNTY_TOWNS[code]:
            town = int(seat_grid[number])
            places.append(Collective("school", f"{name}第一中学", int(rng.integers(500, 800)), town))
            places.append(Collective("school", f"{name}民族中学", int(rng.integers(400, 700)), town))
            places.append(Collective("care_home", f"{name}幸福养老院", int(rng.integers(60, 110)), town))
    homes = rng.choice(len(centre_grid), min(len(names.MONASTERIES), len(centre_grid) // 4), replace=False)
    for monastery, village in zip(names.MONASTERIES, homes.tolist(), strict=False):
        places.append(Collective("monastery", monastery, int(rng.integers(20, 120)), int(centre_grid[village])))
    return tuple(sorted(places, key=lambda place: place.grid))


def _families(
    land: Land, villages: IntArray, village_of_grid: IntArray, places: tuple[Collective, ...], rng: np.random.Generator
) -> IntArray:
    """Families of each grid: a village's grids differ widely, none is empty."""
    at = village_of_grid[[place.grid for place in places]]
    quotas = land.targets.households[villages] - np.bincount(at, minlength=len(villages))
    weights = rng.lognormal(0.0, 0.5, len(village_of_grid))
    return spread(int(quotas.sum()), village_of_grid, weights, quotas, least=5)
