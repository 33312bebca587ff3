"""Families and collective households behind the doors, in groups of neighbours."""

import numpy as np

from gridmap.demo import names
from gridmap.demo.addresses import Addresses
from gridmap.demo.land import Land
from gridmap.demo.settlements import Settlements
from gridmap.demo.shares import stream
from gridmap.demo.tables import Row, record_id
from gridmap.geo.arrays import FloatArray, IntArray

_SIZES = np.arange(1, 9)
_SIZE_SHARES = (0.095, 0.185, 0.235, 0.235, 0.14, 0.07, 0.03, 0.01)
"""Families of one to eight; they come near a county's number of people, and are then made to meet it."""
_NO_PHONE = 0.03


def group_codes(land: Land, settled: Settlements) -> list[str]:
    """The codes of a county's household groups, ascending."""
    return [
        f"{land.grid_codes[grid]}{number:02d}"
        for grid, count in zip(settled.grids.tolist(), settled.groups.tolist(), strict=True)
        for number in range(1, count + 1)
    ]


def group_of_doors(settled: Settlements) -> IntArray:
    """For each door its group's number in the county: stretches of a street with about equal numbers of households."""
    households = settled.households
    before = np.cumsum(households) - households
    starts = np.searchsorted(settled.grid, np.arange(len(settled.grids) + 1))
    total = np.bincount(settled.grid, weights=households, minlength=len(settled.grids))
    offset = before - np.append(before, 0)[starts[:-1]][settled.grid]
    share = (offset + households / 2) / total[settled.grid]
    inside = np.minimum((share * settled.groups[settled.grid]).astype(np.int64), settled.groups[settled.grid] - 1)
    first = np.concatenate([[0], np.cumsum(settled.groups)])
    group: IntArray = first[settled.grid] + inside
    return group


def make_households(land: Land, settled: Settlements, addresses: Addresses) -> list[Row]:
    """The households of a county in the order of their doors."""
    rng = stream(land.seed, 12, int(settled.code))
    door = np.repeat(np.arange(len(settled.grid)), settled.households)
    count = len(door)
    codes = group_codes(land, settled)
    group = group_of_doors(settled)[door].tolist()
    elsewhere = sum(place.persons for place in settled.collectives)
    families = land.targets.counties[settled.county].persons - elsewhere
    persons = _sizes(count - len(settled.collectives), families, rng)
    persons = np.insert(persons, _collective_positions(settled, door), 0)
    needs = _needs(persons, rng).tolist()
    no_phone = (rng.uniform(0, 1, count) < _NO_PHONE).tolist()
    name = rng.integers(0, 1680, count).tolist()
    rows: list[Row] = []
    for i, (at, size) in enumerate(zip(door.tolist(), persons.tolist(), strict=True)):
        number = i + 1
        collective = int(settled.collective[at])
        place = settled.collectives[collective] if collective >= 0 else None
        phone = None if no_phone[i] and place is None else names.phone(settled.code, number, officer=False)
        rows.append((
            settled.code,
            record_id("H", settled.code, number),
            "collective" if place else "family",
            place.name if place else None,
            addresses.door_codes[at],
            codes[group[i]],
            names.person(name[i]),
            phone,
            place.persons if place else size,
            *(_collective_needs(place.kind, place.persons) if place else needs[i]),
        ))  # fmt: skip
    return rows


def _sizes(count: int, total: int, rng: np.random.Generator) -> IntArray:
    """How many each family has, `total` together: some drawn at random get one more or one less."""
    sizes = rng.choice(_SIZES, count, p=_SIZE_SHARES)
    while missing := total - int(sizes.sum()):
        step = 1 if missing > 0 else -1
        can = np.flatnonzero((sizes + step >= 2) & (sizes + step <= 6))
        sizes[rng.choice(can, min(abs(missing), len(can)), replace=False)] += step
    return sizes


def _collective_positions(settled: Settlements, door: IntArray) -> IntArray:
    """Where the collective households come in among the families, as `numpy.insert` counts."""
    at = np.flatnonzero(settled.collective[door] >= 0)
    return at - np.arange(len(at))


def _needs(persons: IntArray, rng: np.random.Generator) -> IntArray:
    """Counts per family of those who need help to move; together never more than the family."""

    def chance(probability: FloatArray | float) -> IntArray:
        return (rng.uniform(0, 1, len(persons)) < probability).astype(np.int64)

    alone = np.where(persons == 1, chance(0.42), np.where(persons == 2, 2 * chance(0.05), 0))
    infants = chance(np.where(persons >= 3, 0.14, 0.0)) + chance(np.where(persons >= 5, 0.05, 0.0))
    disabled = chance(np.where(alone == 0, 0.035, 0.0))
    pregnant = chance(np.where(persons >= 3, 0.015, np.where((persons == 2) & (alone == 0), 0.02, 0.0)))
    device = chance(np.where((persons >= 3) & (disabled == 0), 0.006, 0.0))
    needs: IntArray = np.column_stack([alone, infants, disabled, pregnant, device])
    fits = needs.sum(axis=1) <= persons
    return np.where(fits[:, None], needs, 0)


def _collective_needs(kind: str, persons: int) -> tuple[int, int, int, int, int]:
    if kind == "care_home":
        return (persons * 3 // 5, 0, persons // 4, 0, persons // 20)
    return (0, 0, persons // 150, 0, 0)
