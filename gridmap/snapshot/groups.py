"""Which household group is nearest to a point of a grid: points of households with the codes of their groups.

No household is named: of all households at one point only the group of the first is kept, which is the one that the
database would tell.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import sqrt
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session

from gridmap.geo.measure import metres_per_degree
from gridmap.geo.nearest import EXACT_GROUND
from gridmap.grids import service as grids
from gridmap.snapshot import queries
from gridmap.snapshot.parts import Changes, batches
from gridmap.snapshot.segment import Kind, metadata

_LATTICE = 1e7
"""Addresses stand on whole ten-millionths of a degree."""
_DOUBT = 1.02
"""Squares of distances on a plane within this factor of the least are measured on the ground."""


@dataclass(frozen=True, slots=True)
class GroupName:
    """A household group."""

    code: str
    name: str | None


class Groups:
    """Where the households of a village live, and to which group they belong."""

    kind: Kind = "groups"
    schema = pa.schema(
        [
            ("kind", pa.string()), ("code", pa.string()), ("west", pa.int64()), ("south", pa.int64()),
            ("groups", pa.list_(pa.string())), ("names", pa.list_(pa.string())),
            ("grids", pa.list_(pa.string())), ("counts", pa.list_(pa.int32())),
            ("x", pa.list_(pa.int32())), ("y", pa.list_(pa.int32())), ("group", pa.list_(pa.uint16())),
        ],
        metadata=metadata("groups"),
    )  # fmt: skip

    def codes(self, session: Session) -> set[str]:
        """The villages that have grids, whether anybody lives in them or not."""
        return grids.villages_with_grids(session)

    def changed_since(self, session: Session, changes: Changes) -> set[str]:
        """Those with other grids or groups, and those where an address or household changed."""
        return grids.villages_changed_since(session, changes.version) | changes.places

    def tables(self, session: Session, codes: Collection[str]) -> Iterator[pa.Table]:
        """One file."""
        rows = [row for some in batches(sorted(codes)) for row in _rows(session, some)]
        yield pa.Table.from_pylist(rows, schema=self.schema)


def _rows(session: Session, villages: Sequence[str]) -> Iterator[dict[str, Any]]:
    found = queries.household_points(session, villages)
    names = grids.group_names(session, sorted({row[3] for row in found}))
    by_village = {code: list(rows) for code, rows in groupby(found, key=lambda row: str(row[0][:12]))}
    for village in villages:
        yield _row(village, by_village.get(village, []), names)


def _row(village: str, found: Sequence[Any], names: dict[str, str]) -> dict[str, Any]:
    # The first household of each point and grid decides.
    first: dict[tuple[str, int, int], str] = {}
    for grid, lon, lat, group in found:
        first.setdefault((grid, round(lon * _LATTICE), round(lat * _LATTICE)), group)
    groups = sorted(set(first.values()))
    number = {code: place for place, code in enumerate(groups)}
    west = min((x for _, x, _ in first), default=0)
    south = min((y for _, _, y in first), default=0)
    counts = {grid: len(list(keys)) for grid, keys in groupby(first, key=lambda key: key[0])}
    return {
        "kind": "groups",
        "code": village,
        "west": west,
        "south": south,
        "groups": groups,
        "names": [names.get(code) for code in groups],
        "grids": list(counts),
        "counts": list(counts.values()),
        "x": [x - west for _, x, _ in first],
        "y": [y - south for _, _, y in first],
        "group": [number[group] for group in first.values()],
    }


@dataclass(slots=True)
class GridGroups:
    """The points of one grid. Squares of it are looked at once: which groups may be nearest from anywhere in them."""

    lon: list[float]
    lat: list[float]
    group: list[GroupName]
    scale: float
    """Metres of a degree of longitude over those of a degree of latitude."""
    _squares: dict[tuple[int, int], GroupName | list[int]] = field(default_factory=dict)

    def nearest(self, lon: float, lat: float) -> GroupName | None:
        """The group of the nearest household; of equals that of the lowest id."""
        if not self.lon:
            return None
        square = (int(lon * _SQUARES), int(lat * _SQUARES))
        told = self._squares.get(square)
        if told is None:
            if len(self._squares) >= _MOST_SQUARES:
                self._squares.clear()
            told = self._squares[square] = self._look(square)
        return told if isinstance(told, GroupName) else self._among(told, lon, lat)

    def _look(self, square: tuple[int, int]) -> GroupName | list[int]:
        """The one group of all households that may be nearest from a square, or those households."""
        # A square more on each side: rounding towards zero, and degrees that are no plane.
        west, east = (square[0] - 1) / _SQUARES, (square[0] + 2) / _SQUARES
        south, north = (square[1] - 1) / _SQUARES, (square[1] + 2) / _SQUARES
        lon, lat = np.array(self.lon), np.array(self.lat)
        least = np.hypot(np.clip(lon, west, east) - lon, (np.clip(lat, south, north) - lat) / self.scale)
        most = np.hypot(
            np.maximum(abs(lon - west), abs(lon - east)), np.maximum(abs(lat - south), abs(lat - north)) / self.scale
        )
        near = np.flatnonzero(least <= most.min() * _DOUBT).tolist()
        groups = {self.group[at] for at in near}
        return groups.pop() if len(groups) == 1 else near

    def _among(self, near: Sequence[int], lon: float, lat: float) -> GroupName:
        """On a plane, whose error grows with the distance, and on the ground where that can't tell."""
        lons, lats, groups, scale = self.lon, self.lat, self.group, self.scale
        squares = [((lons[at] - lon) * scale) ** 2 + (lats[at] - lat) ** 2 for at in near]
        least = min(squares)
        limit = least * (1.001 + 0.05 * sqrt(least))
        close = [at for at, square in zip(near, squares, strict=True) if square <= limit]
        first = groups[close[0]]
        if len(close) == 1 or all(groups[at] is first for at in close):
            return first
        return groups[min(close, key=lambda at: (EXACT_GROUND.inv(lon, lat, lons[at], lats[at])[2], at))]


_MOST_SQUARES = 2048
_SQUARES = 4000.0
"""Squares to a degree: 28 m high."""


def read_groups(row: dict[str, Any]) -> dict[str, GridGroups]:
    """The grids of a village's row with the households in them."""
    names = [GroupName(code, name) for code, name in zip(row["groups"], row["names"], strict=True)]
    found, first = {}, 0
    for grid, count in zip(row["grids"], row["counts"], strict=True):
        part = slice(first, first + count)
        lon = [(row["west"] + x) / _LATTICE for x in row["x"][part]]
        lat = [(row["south"] + y) / _LATTICE for y in row["y"][part]]
        wide, high = metres_per_degree(lat[0])
        found[grid] = GridGroups(lon, lat, [names[at] for at in row["group"][part]], float(wide / high))
        first += count
    return found
