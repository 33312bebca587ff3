"""What a change of grids moves: addresses and households by their points, and household groups with their members."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely

from gridmap.geo.arrays import Polygonal

LAST_GROUP = 99

Heirs = Mapping[str, Sequence[str]]
"""The grids that get ground of each retired grid."""


@dataclass(frozen=True, slots=True)
class Door:
    """An address: where it is, and the grid it counts to."""

    code: str
    lon: float
    lat: float
    grid_code: str | None


@dataclass(frozen=True, slots=True)
class Member:
    """A current household, its address and its group."""

    id: str
    address_code: str
    group_code: str | None


@dataclass(frozen=True, slots=True)
class Move:
    """An address or household, and the code it counts to before and after."""

    id: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class GroupMove:
    """A household group that sends members, so many, to a group in another grid; `is_new` when that one begins now."""

    before: str
    after: str
    name: str
    households: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Moves:
    """Everything that moves."""

    addresses: Sequence[Move] = ()
    households: Sequence[Move] = ()
    """Households whose grid changes."""
    memberships: Sequence[Move] = ()
    """Households whose group changes."""
    groups: Sequence[GroupMove] = ()
    closed_groups: Sequence[str] = ()
    group_sizes: Mapping[str, int] = field(default_factory=dict)
    """How many households the groups have afterwards that lose some or get some."""
    full_grids: Sequence[str] = ()
    """Grids that would need more groups than there are numbers."""
    share_households: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """The share of the households of a grid that goes into another, or stays; for grids that have any."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The household groups of the grids that change: those of now by name, and all codes ever used.

    `former` tells for a group and a grid which group of that grid its members came from, when a change is reverted.
    """

    names: Mapping[str, str]
    used: frozenset[str]
    former: Mapping[tuple[str, str], str] = field(default_factory=dict)


def relocate(
    doors: Sequence[Door], before: Iterable[str], after: Mapping[str, Polygonal], neighbours: Mapping[str, Polygonal]
) -> list[Move]:
    """The addresses whose grid changes. The point decides, and on a shared line the lowest code.

    `before` are the codes of the villages as they were, `after` their shapes to be, `neighbours` those around, which
    share lines with them. Addresses that have nothing to do with either are left as they are.
    """
    codes = [*after, *neighbours]
    old = frozenset(before)
    points = shapely.points([(door.lon, door.lat) for door in doors]) if doors else np.array([], object)
    tree = shapely.STRtree([*after.values(), *neighbours.values()])
    touched: dict[int, list[str]] = {}
    for door, shape in zip(*tree.query(points, predicate="intersects").tolist(), strict=True):
        touched.setdefault(door, []).append(codes[shape])
    moves = []
    for index, door in enumerate(doors):
        touching = touched.get(index, [])
        concerned = door.grid_code in old or any(code in after for code in touching)
        now = min(touching, default=None)
        if concerned and now != door.grid_code:
            moves.append(Move(door.code, door.grid_code, now))
    return moves


def follow(
    moves: Sequence[Move], doors: Sequence[Door], members: Sequence[Member], groups: Groups, heirs: Heirs
) -> Moves:
    """What follows from the addresses' moves for households and groups.

    A group is part of one grid: members whose grid changes get a successor group of the same name in the new one, with
    the same number there if it was never used, else the next free. A group that loses its last member ends, and so do
    all of a retired grid; an empty group goes with it where there is one heir only.
    """
    grid_of = {door.code: door.grid_code for door in doors}
    moved_to = {move.id: move.after for move in moves}
    households: list[Move] = []
    targets: list[tuple[Member, str | None]] = []
    for member in members:
        was = grid_of.get(member.address_code)
        now = moved_to.get(member.address_code, was)
        if was != now:
            households.append(Move(member.id, was, now))
        if member.group_code is not None:
            targets.append((member, _group_grid(member.group_code, was, now, heirs)))
    leaving = [(m.id, m.group_code, grid) for m, grid in targets if m.group_code and grid != m.group_code[:15]]
    wanted = dict(Counter((group, grid) for _, group, grid in leaving if grid is not None))
    wanted |= _empty_groups(groups, targets, heirs)
    found, full = _successor_groups(wanted, groups)
    return Moves(
        addresses=moves,
        households=households,
        memberships=[Move(who, group, found.get((group, grid)) if grid else None) for who, group, grid in leaving],
        groups=[
            GroupMove(old, new, groups.names.get(old, ""), wanted[old, grid], new not in groups.names)
            for (old, grid), new in found.items()
        ],
        closed_groups=_closed(groups, targets, heirs),
        group_sizes=_sizes(targets, found),
        full_grids=full,
        share_households=_shares(members, grid_of, moved_to),
    )


def _sizes(targets: Sequence[tuple[Member, str | None]], found: Mapping[tuple[str, str], str]) -> dict[str, int]:
    touched = {group for (old, _), new in found.items() for group in (old, new)}
    after = Counter(
        m.group_code if m.group_code and grid == m.group_code[:15] else found.get((m.group_code or "", grid or ""))
        for m, grid in targets
    )
    return {group: count for group, count in sorted((g, c) for g, c in after.items() if g) if group in touched}


def _group_grid(group: str, was: str | None, now: str | None, heirs: Heirs) -> str | None:
    """The grid in which a member's group has to be: it follows the member, unless the group stood elsewhere before."""
    own = group[:15]
    if own in heirs:
        return now
    return now if was == own and now is not None else own


def _empty_groups(
    groups: Groups, targets: Sequence[tuple[Member, str | None]], heirs: Heirs
) -> dict[tuple[str, str], int]:
    """Groups without members, of retired grids with one heir: they go there, with nobody."""
    filled = {member.group_code for member, _ in targets}
    empty = [group for group in groups.names if group not in filled and len(heirs.get(group[:15], ())) == 1]
    return {(group, heirs[group[:15]][0]): 0 for group in empty}


def _successor_groups(
    wanted: Mapping[tuple[str, str], int], groups: Groups
) -> tuple[dict[tuple[str, str], str], list[str]]:
    """The group in each grid that takes over from each old one, and the grids that have no number left."""
    used = set(groups.used)
    found: dict[tuple[str, str], str] = {}
    full = []
    for old, grid in sorted(wanted):
        code = groups.former.get((old, grid)) or _free_group(grid, old[15:], used)
        if code is None:
            full.append(grid)
        else:
            used.add(code)
            found[old, grid] = code
    return found, sorted(set(full))


def _free_group(grid: str, number: str, used: set[str]) -> str | None:
    if grid + number not in used:
        return grid + number
    taken = {int(code[15:]) for code in used if code.startswith(grid)}
    above = range(max(taken) + 1, LAST_GROUP + 1)
    skipped = (n for n in range(1, max(taken)) if n not in taken)
    free = next(iter([*above, *skipped]), None)
    return None if free is None else f"{grid}{free:02d}"


def _closed(groups: Groups, targets: Sequence[tuple[Member, str | None]], heirs: Heirs) -> list[str]:
    had = {member.group_code for member, _ in targets}
    kept = {member.group_code for member, grid in targets if member.group_code and grid == member.group_code[:15]}
    return sorted(group for group in groups.names if group[:15] in heirs or (group in had and group not in kept))


def _shares(
    members: Sequence[Member], grid_of: Mapping[str, str | None], moved_to: Mapping[str, str | None]
) -> dict[tuple[str, str], float]:
    ways: Counter[tuple[str, str]] = Counter()
    totals: Counter[str] = Counter()
    for member in members:
        was = grid_of.get(member.address_code)
        now = moved_to.get(member.address_code, was)
        if was is not None and now is not None:
            ways[was, now] += 1
            totals[was] += 1
    return {(was, now): count / totals[was] for (was, now), count in ways.items()}
