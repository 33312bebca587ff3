"""How many of everything each county, township and village gets: published figures, shared out by population."""

from dataclasses import dataclass

import numpy as np

from gridmap.demo.places import Places
from gridmap.demo.shares import shares, spread, stream
from gridmap.geo.arrays import FloatArray, IntArray

ZHUONI = "623022"
GANNAN_HOUSEHOLDS = 206_400
GANNAN_OFFICERS = 56_000
GRIDS_A_VILLAGE = 4.88
HOUSEHOLDS_A_GROUP = 27_000 / 1_049
PERSONS_A_HOUSEHOLD = 98_000 / 27_000


@dataclass(frozen=True, slots=True)
class CountyTargets:
    """The exact counts of a county."""

    code: str
    grids: int
    groups: int
    households: int
    officers: int
    persons: int


@dataclass(frozen=True)
class Targets:
    """Counts of counties, and by village (in code order) the households and the wished-for grids."""

    counties: tuple[CountyTargets, ...]
    county_of_township: IntArray
    township_of_village: IntArray
    county_of_village: IntArray
    compact: np.typing.NDArray[np.bool_]
    households: IntArray
    grids: IntArray


def make_targets(places: Places, seed: int) -> Targets:
    """Zhuoni gets its published figures, the other counties what is left of Gannan's, by population."""
    townships, villages = places.of_level("township"), places.of_level("village")
    township_at = {township.code: i for i, township in enumerate(townships)}
    county_at = {code: i for i, code in enumerate(places.counties)}
    county_of_township = np.array([county_at[township.parent or ""] for township in townships])
    township_of_village = np.array([township_at[village.parent or ""] for village in villages])
    county_of_village = county_of_township[township_of_village]
    population = np.array([float(seat.population) for seat in places.seats])
    counties = _counties(places.counties, population, county_of_township, county_of_village)
    compact = np.array([village.code[9:] < "200" for village in villages])
    of_township = spread(GANNAN_HOUSEHOLDS, county_of_township, population, np.array([c.households for c in counties]))
    liking = stream(seed, 1).lognormal(0.0, 0.4, len(villages)) * np.where(compact, 3.0, 1.0)
    households = spread(GANNAN_HOUSEHOLDS, township_of_village, liking, of_township)
    return Targets(
        counties,
        county_of_township,
        township_of_village,
        county_of_village,
        compact,
        households,
        _grids(households, county_of_village, counties),
    )


def _counties(
    codes: list[str], population: FloatArray, of_township: IntArray, of_village: IntArray
) -> tuple[CountyTargets, ...]:
    people = np.bincount(of_township, weights=population).astype(np.float64)
    zhuoni = codes.index(ZHUONI)
    people[zhuoni] = 0.0
    households = shares(GANNAN_HOUSEHOLDS - 27_000, people)
    officers = shares(GANNAN_OFFICERS - 9_300, people)
    households[zhuoni], officers[zhuoni] = 27_000, 9_300
    villages = np.bincount(of_village)
    return tuple(
        CountyTargets(
            code,
            round(int(villages[i]) * GRIDS_A_VILLAGE),
            round(int(households[i]) / HOUSEHOLDS_A_GROUP),
            int(households[i]),
            int(officers[i]),
            round(int(households[i]) * PERSONS_A_HOUSEHOLD),
        )
        for i, code in enumerate(codes)
    )


def _grids(households: IntArray, county_of_village: IntArray, counties: tuple[CountyTargets, ...]) -> IntArray:
    # A small village has two grids or so, a large one more, but not in step with its households.
    mean = np.array([county.households for county in counties]) / np.bincount(county_of_village)
    weights = 0.6 + households / mean[county_of_village]
    quotas = np.array([county.grids for county in counties])
    return spread(int(quotas.sum()), county_of_village, weights, quotas, least=1)
