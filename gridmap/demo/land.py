"""The whole prefecture as it is loaded: every division's and grid's code, shape and place in the tree."""

from dataclasses import dataclass

import numpy as np

from gridmap.demo.borders import make_borders, outlines
from gridmap.demo.places import Places, load_places
from gridmap.demo.regions import Regions, make_regions
from gridmap.demo.shares import SEED, Objects
from gridmap.demo.targets import Targets, make_targets
from gridmap.geo.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Land:
    """Gannan. Arrays are in code order; shapes are multi-polygons in degrees on the 1e-7 lattice.

    `county_of_grid` numbers the counties as `places.counties` does, `village_of_grid` all villages.
    """

    seed: int
    places: Places
    targets: Targets
    regions: Regions
    grid_codes: tuple[str, ...]
    village_of_grid: IntArray
    county_of_grid: IntArray
    grids: Objects
    villages: Objects
    townships: Objects
    counties: Objects
    prefecture: Objects

    def village_centres(self) -> FloatArray:
        """A point inside each village, in the drawing plane."""
        return self.regions.mesh.sites[self.regions.village_centre]


def make_land(seed: int = SEED) -> Land:
    """Builds Gannan from its seats down to the grids; the same seed gives the same bytes."""
    places = load_places()
    targets = make_targets(places, seed)
    regions = make_regions(places, targets, seed)
    borders = make_borders(regions.mesh, regions.grid, seed)
    county = np.where(regions.township >= 0, targets.county_of_township[regions.township], -1)
    villages = places.of_level("village")
    return Land(
        seed,
        places,
        targets,
        regions,
        _grid_codes([village.code for village in villages], regions.village_of_grid),
        regions.village_of_grid,
        targets.county_of_village[regions.village_of_grid],
        outlines(borders, regions.grid, len(regions.village_of_grid)),
        outlines(borders, regions.village, len(villages)),
        outlines(borders, regions.township, len(places.seats)),
        outlines(borders, county, len(places.counties)),
        outlines(borders, np.minimum(county, 0), 1),
    )


def _grid_codes(villages: list[str], village_of_grid: IntArray) -> tuple[str, ...]:
    first = np.searchsorted(village_of_grid, village_of_grid)
    numbers = np.arange(len(village_of_grid)) - first + 1
    return tuple(
        f"{villages[village]}{number:03d}"
        for village, number in zip(village_of_grid.tolist(), numbers.tolist(), strict=True)
    )
