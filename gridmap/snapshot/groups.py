"""Which household group is nearest to a point of a grid: points of households with the codes of their groups.

No household is named: of all households at one point only the group of the first is kept, which is the one that the
database would tell.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session

from gridmap.geo.arrays import FloatArray
from gridmap.geo.measure import metres_per_degree
from gridmap.geo.nearest import EXACT_GROUND
from gridmap.grids import service as grids
from gridmap.snapshot import queries
from gridmap.snapshot.parts import Changes, batches
from gridmap.snapshot.segment import Kind, metadata

_LATTICE = 1e7
"""Addresses stand on whole ten-millionths of a degree."""


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


NearestKind = Callable[[FloatArray, float, float, float], int]


def nearest_kind(points: FloatArray, scale: float, lon: float, lat: float) -> int:
    """As `nearest_kernels.nearest_kind`, for whom a compiler is not worth while."""
    squares = ((points[:, 0] - lon) * scale) ** 2 + (points[:, 1] - lat) ** 2
    least = squares.min()
    kinds = points[squares <= least * (1.001 + 0.05 * sqrt(least)), 2]
    return int(kinds[0]) if (kinds == kinds[0]).all() else -1


def compiled_kind() -> NearestKind:
    """The same compiled."""
    from gridmap.geo import nearest_kernels  # noqa: PLC0415 - takes its time

    return nearest_kernels.nearest_kind


@dataclass(frozen=True, slots=True, eq=False)
class GridGroups:
    """The households of one grid: longitude, latitude and the place of their group among `groups`."""

    points: FloatArray
    groups: list[GroupName]
    scale: float
    """Metres of a degree of longitude over those of a degree of latitude."""

    def nearest(self, lon: float, lat: float, kind_of: NearestKind) -> GroupName | None:
        """The group of the nearest household; of equals that of the lowest id."""
        if not len(self.points):
            return None
        found = kind_of(self.points, self.scale, lon, lat)
        return self._on_the_ground(lon, lat) if found < 0 else self.groups[found]

    def _on_the_ground(self, lon: float, lat: float) -> GroupName:
        """Where a plane can't tell."""
        x, y = self.points[:, 0], self.points[:, 1]
        distance_m = EXACT_GROUND.inv(np.full_like(x, lon), np.full_like(y, lat), x, y)[2]
        return self.groups[int(self.points[int(np.argmin(distance_m)), 2])]


def read_groups(row: dict[str, Any]) -> dict[str, GridGroups]:
    """The grids of a village's row with the households in them."""
    names = [GroupName(code, name) for code, name in zip(row["groups"], row["names"], strict=True)]
    found, first = {}, 0
    for grid, count in zip(row["grids"], row["counts"], strict=True):
        part = slice(first, first + count)
        lon = [(row["west"] + x) / _LATTICE for x in row["x"][part]]
        lat = [(row["south"] + y) / _LATTICE for y in row["y"][part]]
        wide, high = metres_per_degree(lat[0])
        points = np.column_stack([lon, lat, row["group"][part]]).astype(np.float64)
        found[grid] = GridGroups(points, names, float(wide / high))
        first += count
    return found
