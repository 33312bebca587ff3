"""Map colouring: numbers for areas so that neighbours differ, four of them wherever four suffice."""

from collections.abc import Hashable, Iterable, Mapping
from heapq import heapify, heappop, heappush
from typing import TypeVar

Area = TypeVar("Area", bound=Hashable)


def colour(neighbours: Mapping[Area, Iterable[Area]]) -> dict[Area, int]:
    """A number from 0 for each area, different from those of all its neighbours; the same input, the same numbers.

    DSATUR (Brélaz 1979), and a Kempe exchange where it would need a fifth. A map of areas in one part each needs no
    more than four; areas in several parts may need more, and get them.

    >>> colour({"a": ["b"], "b": ["a", "c"], "c": ["b"]})
    {'b': 0, 'a': 1, 'c': 1}
    """
    around = {area: tuple(n for n in dict.fromkeys(near) if n != area) for area, near in neighbours.items()}
    numbers: dict[Area, int] = {}
    seen: dict[Area, set[int]] = {area: set() for area in around}
    rank = {area: index for index, area in enumerate(around)}
    waiting = [(0, -len(near), rank[area], area) for area, near in around.items()]
    heapify(waiting)
    while waiting:
        seen_then, _, _, area = heappop(waiting)
        # What an area has seen changes while it waits: it is entered anew each time, and older entries are passed over.
        if area in numbers or -seen_then != len(seen[area]):
            continue
        number = _lowest_free(area, around, numbers)
        if number > 3 and _exchange(area, around, numbers):
            number = _lowest_free(area, around, numbers)
        numbers[area] = number
        for near in around[area]:
            if near not in numbers:
                seen[near] = {numbers[n] for n in around[near] if n in numbers}
                heappush(waiting, (-len(seen[near]), -len(around[near]), rank[near], near))
    return numbers


def _lowest_free(area: Area, around: Mapping[Area, tuple[Area, ...]], numbers: Mapping[Area, int]) -> int:
    taken = {numbers[near] for near in around[area] if near in numbers}
    return next(number for number in range(len(taken) + 1) if number not in taken)


def _exchange(area: Area, around: Mapping[Area, tuple[Area, ...]], numbers: dict[Area, int]) -> bool:
    """Swaps two numbers along a chain so that one of them becomes free at the area; whether it could."""
    for first in range(4):
        for second in range(first + 1, 4):
            starts = [near for near in around[area] if numbers.get(near) == first]
            chain = _chain(starts, {first, second}, around, numbers)
            if not any(numbers.get(near) == second and near in chain for near in around[area]):
                for member in chain:
                    numbers[member] = second if numbers[member] == first else first
                return True
    return False


def _chain(
    starts: Iterable[Area], pair: set[int], around: Mapping[Area, tuple[Area, ...]], numbers: Mapping[Area, int]
) -> set[Area]:
    chain: set[Area] = set()
    waiting = list(starts)
    while waiting:
        area = waiting.pop()
        if area not in chain:
            chain.add(area)
            waiting += [near for near in around[area] if numbers.get(near) in pair]
    return chain
