"""Household groups drawn anew for a grid: of a size that neighbours can manage, compact, and mostly who they were.

Pure: places in metres, today's groups and limits in; groups out. The same households give the same groups in any order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gridmap.geo.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Limits:
    """How many households a group has: about 26 in the field (十户 is only a name), never fewer or more than these."""

    smallest: int = 15
    target: int = 26
    largest: int = 40

    def hold(self, households: int) -> bool:
        """Whether a group of so many is within the limits."""
        return self.smallest <= households <= self.largest


@dataclass(frozen=True, slots=True)
class Member:
    """A household: where it is, in metres on a plane, and the group of the grid that it is in, if any."""

    id: str
    x: float
    y: float
    group: str | None = None


def regroup(members: Sequence[Member], limits: Limits) -> list[list[str]]:
    """The households of a grid as groups, each by id, the groups by their lowest id.

    A group of today within the limits keeps its members. Those without a group come to the nearest that has room, too
    small groups join their nearest neighbour, one that has room before others, and too large ones are cut across
    their longest side. Fewer households than the smallest group make one group. `limits` must let every number from
    the smallest on be parted: twice the smallest is at most the largest and one.
    """
    ordered = sorted(members, key=lambda member: member.id)
    places = np.array([(member.x, member.y) for member in ordered], np.float64).reshape(-1, 2)
    clusters = _take_in(_today(ordered), _loose(ordered), places, limits)
    joined = _join_small(clusters, places, limits)
    parts = [part for cluster in joined for part in _cut(cluster, places, limits)]
    return sorted(sorted(ordered[place].id for place in part) for part in parts)


def keep_codes(groups: Sequence[Sequence[str]], today: Mapping[str, str | None]) -> list[str | None]:
    """For each group the code that it goes on with: that of most of its members, each given once; None for a new one.

    Where two groups come from one, the one with more of its members keeps the code.
    """
    shares = sorted(
        (-sum(today.get(one) == code for one in group), code, number)
        for number, group in enumerate(groups)
        for code in {today.get(one) for one in group}
        if code is not None
    )
    kept: dict[int, str] = {}
    for _, code, number in shares:
        if number not in kept and code not in kept.values():
            kept[number] = code
    return [kept.get(number) for number in range(len(groups))]


def _today(members: Sequence[Member]) -> list[list[int]]:
    found: dict[str, list[int]] = {}
    for place, member in enumerate(members):
        if member.group is not None:
            found.setdefault(member.group, []).append(place)
    return [found[code] for code in sorted(found)]


def _loose(members: Sequence[Member]) -> list[int]:
    return [place for place, member in enumerate(members) if member.group is None]


def _take_in(clusters: list[list[int]], loose: Sequence[int], places: FloatArray, limits: Limits) -> list[list[int]]:
    """Gives households without a group to the nearest with room; those that find none make a group of their own."""
    left = []
    for place in loose:
        room = [cluster for cluster in clusters if len(cluster) < limits.largest]
        if room:
            min(room, key=lambda cluster: (_gap([place], cluster, places), cluster[0])).append(place)
        else:
            left.append(place)
    return [*clusters, left] if left else clusters


def _join_small(clusters: list[list[int]], places: FloatArray, limits: Limits) -> list[list[int]]:
    """Joins groups below the smallest size to a neighbour, the smallest first; what gets too large is cut later."""
    clusters = [sorted(cluster) for cluster in clusters]
    while len(clusters) > 1:
        small = min(clusters, key=lambda cluster: (len(cluster), cluster[0]))
        if len(small) >= limits.smallest:
            break
        others = [cluster for cluster in clusters if cluster is not small]
        heir = _nearest(small, others, places, limits)
        clusters = [cluster for cluster in others if cluster is not heir] + [sorted(heir + small)]
    return clusters


def _nearest(small: list[int], others: list[list[int]], places: FloatArray, limits: Limits) -> list[int]:
    # One with room first: nobody of it has to leave then.
    room = [cluster for cluster in others if len(cluster) + len(small) <= limits.largest]
    return min(room or others, key=lambda cluster: (_gap(small, cluster, places), cluster[0]))


def _cut(cluster: list[int], places: FloatArray, limits: Limits) -> list[list[int]]:
    """A group within the largest size as it is; else cut across its longest side into parts of about the target."""
    if len(cluster) <= limits.largest:
        return [cluster]
    parts = min(max(2, round(len(cluster) / limits.target)), len(cluster) // limits.smallest)
    first = round(len(cluster) * (parts // 2) / parts)
    own = places[cluster]
    along = (own - own.mean(axis=0)) @ _axis(own)
    order = sorted(range(len(cluster)), key=lambda at: (round(float(along[at]), 3), cluster[at]))
    halves = (order[:first], order[first:])
    return [part for half in halves for part in _cut(sorted(cluster[at] for at in half), places, limits)]


def _axis(points: FloatArray) -> FloatArray:
    """The direction in which points are spread most, pointing east or, where it can't, north."""
    _, _, directions = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    longest: FloatArray = directions[0]
    return -longest if (longest[0], longest[1]) < (0.0, 0.0) else longest


def _gap(one: Sequence[int], other: Sequence[int], places: FloatArray) -> float:
    """The distance between the nearest two of two groups, to the centimetre."""
    gaps = places[list(one)][:, None, :] - places[list(other)][None, :, :]
    return round(float(np.hypot(gaps[..., 0], gaps[..., 1]).min()), 2)
