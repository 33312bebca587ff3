"""Locating in a snapshot: its segment files mapped and looked up as one. No database is asked."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gridmap.errors import NotFound, SnapshotDamaged
from gridmap.geo.arrays import BoolArray, FloatArray, IntArray, Polygonal, as_pair
from gridmap.geo.cell_lookup import CellLookup
from gridmap.geo.lonlat import LonLat
from gridmap.geo.nearest import EQUAL_M, NearestSearch, shares
from gridmap.snapshot.export import read_export
from gridmap.snapshot.groups import GridGroups, GroupName, NearestKind, nearest_kind, read_groups
from gridmap.snapshot.manifest import (
    Manifest,
    SegmentKey,
    kept_versions,
    live_rows,
    read_manifest,
    segments_folder,
)
from gridmap.snapshot.segment import CELLS, DivisionName, GridFacts, GridName, Kind, read_segments, to_index


@dataclass(frozen=True, slots=True)
class Found:
    """What touches a point: by code, the lowest first, with the chain above the first and whether on a border."""

    items: tuple[GridName, ...]
    divisions: tuple[DivisionName, ...]
    on_boundary: bool


@dataclass(frozen=True, slots=True, eq=False)
class FoundMany:
    """For many points the lowest code that touches each, null for none; how many do; and whether it is on a border."""

    codes: pa.StringArray
    touching: IntArray
    on_boundary: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class PlacedMany:
    """The same with the codes by their places in `Segments.codes`, -1 for none."""

    position: IntArray
    touching: IntArray
    on_boundary: BoolArray


@dataclass(frozen=True, slots=True)
class FoundNearest:
    """The nearest to a point outside all."""

    item: GridName
    distance_m: float


class Segments:
    """Those segments of a snapshot's files that are looked up together: all villages, or one layer."""

    def __init__(self, tables: Sequence[pa.Table], live: Sequence[BoolArray]) -> None:
        self.files = [_File(table, rows) for table, rows in zip(tables, live, strict=True) if rows.any()]

    def find(self, lon: float, lat: float) -> Found:
        """What touches a point."""
        only: tuple[_File, int] | None = None
        for file in self.files:
            polygons, on_boundary = file.lookup.locate(lon, lat)
            if not polygons:
                continue
            if on_boundary or len(polygons) > 1 or only is not None:
                return self._find_several(lon, lat)
            only = file, polygons[0]
        return _NOTHING if only is None else only[0].alone(only[1])

    def _find_several(self, lon: float, lat: float) -> Found:
        """What touches a point on a line or in more than one place."""
        hits: list[tuple[GridName, _File, int]] = []
        border = False
        for file in self.files:
            polygons, on_boundary = file.lookup.locate(lon, lat)
            border |= on_boundary
            hits += [(file.item(polygon), file, polygon) for polygon in polygons]
        hits.sort(key=lambda hit: hit[0].code)
        return Found(tuple(hit[0] for hit in hits), hits[0][1].divisions(hits[0][2]), border)

    @cached_property
    def codes(self) -> pa.StringArray:
        """The codes that `place_many` counts in: those of every file, replaced ones too, in the order of the files."""
        return pa.concat_arrays([file.codes for file in self.files] or [pa.array([], pa.string())])

    def find_many(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> FoundMany:
        """For points in any order the lowest code that touches each; what is no number is touched by nothing."""
        placed = self.place_many(lon, lat)
        codes = self.codes.take(pa.array(placed.position, mask=placed.position < 0))
        return FoundMany(codes, placed.touching, placed.on_boundary)

    def place_many(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> PlacedMany:
        """As `find_many`, but the codes by their places in `codes`."""
        x, y = as_pair(lon, lat)
        placed: PlacedMany | None = None
        first = 0
        for file in self.files:
            located = file.lookup.locate_many(x, y)
            here = PlacedMany(located.polygon, located.touching, located.on_boundary)
            if first:
                here.position[here.position >= 0] += first
            placed = here if placed is None else self._lower(placed, here)
            first += len(file.codes)
        return placed or PlacedMany(np.full(x.size, -1), np.zeros(x.size, np.int64), np.zeros(x.size, bool))

    def list_many(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[IntArray, IntArray]:
        """All that touch each point by code: where each point's begin (one number more), and places in `codes`."""
        x, y = as_pair(lon, lat)
        owners, found = [], []
        first = 0
        for file in self.files:
            start, polygons = file.lookup.list_many(x, y)
            owners.append(np.repeat(np.arange(x.size), np.diff(start)))
            found.append(polygons + first)
            first += len(file.codes)
        if not found:
            return np.zeros(x.size + 1, np.int64), np.zeros(0, np.int64)
        owner, polygon = np.concatenate(owners), np.concatenate(found)
        order = np.lexsort((self._rank[polygon], owner))
        counts = np.bincount(owner, minlength=x.size)
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), polygon[order]

    @cached_property
    def _rank(self) -> IntArray:
        """The place of each code in their order."""
        rank = np.empty(len(self.codes), np.int64)
        rank[pc.sort_indices(self.codes).to_numpy()] = np.arange(len(self.codes))
        return rank

    def _lower(self, one: PlacedMany, other: PlacedMany) -> PlacedMany:
        """What touches points of both, of which the lower code counts."""
        twice = (one.position >= 0) & (other.position >= 0)
        position = np.maximum(one.position, other.position)
        if twice.any():
            a, b = one.position[twice], other.position[twice]
            position[twice] = np.where(self._rank[a] <= self._rank[b], a, b)
        return PlacedMany(position, one.touching + other.touching, one.on_boundary | other.on_boundary)

    def find_nearest(self, point: LonLat) -> FoundNearest | None:
        """The nearest on the ground to a point that nothing touches, of equals the lowest code; None without any."""
        measured: list[tuple[float, _File, int]] = []
        least = math.inf
        for file in self.files:
            near = file.nearest.find_polygon(point, least + EQUAL_M)
            if near is not None:
                measured.append((near[1], file, near[0]))
                least = min(least, near[1])
        if len(measured) > 1:
            measured = [each for each in measured if each[0] <= least + EQUAL_M]
            measured.sort(key=lambda each: each[1].item(each[2]).code)
        return FoundNearest(measured[0][1].item(measured[0][2]), measured[0][0]) if measured else None

    @cached_property
    def listing(self) -> list[tuple[str, int, int]]:
        """All that there is by code: the code, and the numbers of its file and of its polygon in that."""
        found = []
        for number, file in enumerate(self.files):
            codes = file.codes.to_pylist()
            found += [(codes[polygon], number, polygon) for polygon in file.live_polygons()]
        return sorted(found)

    @cached_property
    def boxes(self) -> FloatArray:
        """West, south, east and north of what `listing` lists."""
        return np.array([self.shape(number, polygon).bounds for _, number, polygon in self.listing]).reshape(-1, 4)

    def item(self, number: int, polygon: int) -> GridName:
        """The names of something that was listed."""
        return self.files[number].item(polygon)

    def facts(self, number: int, polygon: int) -> GridFacts:
        """What else is known of it."""
        return self.files[number].facts(polygon)

    def shape(self, number: int, polygon: int) -> Polygonal:
        """Its outline, in EPSG:4490 degrees, as it was published."""
        return self.files[number].lookup.index.polygon(polygon)

    def outline(self, code: str) -> Polygonal | None:
        """The outline of something by its code."""
        at = bisect_left(self.listing, (code,))
        if at == len(self.listing) or self.listing[at][0] != code:
            return None
        return self.shape(*self.listing[at][1:])

    def find_shares(self, point: LonLat, accuracy_m: float) -> list[tuple[GridName, float]]:
        """What a point of that accuracy may lie in and how much of its circle does, by code; see `nearest.shares`."""
        parts = [
            (file.item(part.polygon), part.share)
            for file in self.files
            for part in shares(file.lookup, point, accuracy_m)
        ]
        if accuracy_m <= 0:
            parts = [(item, 1 / len(parts)) for item, _ in parts]
        return sorted(parts, key=lambda part: part[0].code)


class Snapshot:
    """One dataset version, as it is served. What it has mapped stays readable when a newer one takes its place."""

    def __init__(self, manifest: Manifest, tables: Sequence[pa.Table]) -> None:
        self.manifest = manifest
        self.version = manifest.version
        self._tables = tables
        self._live = [np.array(rows, bool) for rows in live_rows(manifest, tables)]
        self.made: dict[str, object] = {}
        """What others make of it once and keep with it."""
        self._rows: dict[str, pa.Table] = {}
        self._layers: dict[str, Segments] = {}
        self._groups: dict[str, dict[str, GridGroups]] = {}

    @classmethod
    def open(cls, home: Path, version: int | None = None) -> Self:
        """The version that is served, or one that is kept.

        Raises NotFound when there is none, SnapshotDamaged when its manifest or a file is not what was written.
        """
        manifest = read_manifest(home, version)
        if manifest is None:
            raise NotFound("there is no snapshot yet" if version is None else f"version {version} is not kept")
        return cls(manifest, [read_segments(segments_folder(home), entry) for entry in manifest.files])

    @classmethod
    def open_intact(cls, home: Path) -> Self:
        """The version that is served or, when that is damaged or lost, the newest kept one that is not.

        Raises NotFound and SnapshotDamaged as `open` does.
        """
        try:
            return cls.open(home)
        except (SnapshotDamaged, NotFound) as trouble:
            for version in kept_versions(home):
                try:
                    return cls.open(home, version)
                except (SnapshotDamaged, NotFound):
                    continue
            raise trouble from None

    @classmethod
    def open_file(cls, file: Path) -> Self:
        """What `gridmap snapshot export` wrote, mapped as it lies. Raises NotFound, SnapshotDamaged."""
        return cls(*read_export(file))

    @cached_property
    def villages(self) -> Segments:
        """The grids of all villages."""
        return self._segments("village", None)

    def layer(self, name: str) -> Segments:
        """The areas of a reference layer. Raises NotFound."""
        found = self._layers.get(name) or self._segments("layer", name)
        if not found.files:
            raise NotFound(f"there is no layer {name!r}")
        self._layers[name] = found
        return found

    def group_near(self, grid: str, lon: float, lat: float, kind_of: NearestKind = nearest_kind) -> GroupName | None:
        """The group of the household of a grid that is nearest to a point; None in one without any."""
        village = grid[:12]
        there = self._groups.get(village)
        if there is None:
            place = self._group_rows.get(village)
            rows = [] if place is None else self.rows("groups").slice(place, 1).to_pylist()
            there = self._groups[village] = read_groups(rows[0]) if rows else {}
        found = there.get(grid)
        return None if found is None else found.nearest(lon, lat, kind_of)

    @cached_property
    def _group_rows(self) -> dict[str, int]:
        """Where the row of each village is."""
        try:
            return {code: place for place, code in enumerate(self.rows("groups")["code"].to_pylist())}
        except NotFound:
            return {}

    def rows(self, content: str) -> pa.Table:
        """The segments of a content (see `parts`) that count, of all files. Raises NotFound without any."""
        if content not in self._rows:
            parts = [
                table if live.all() else table.filter(pa.array(live))
                for entry, table, live in zip(self.manifest.files, self._tables, self._live, strict=True)
                if entry.content == content and live.any()
            ]
            if not parts:
                raise NotFound(f"there are no {content} in this snapshot")
            self._rows[content] = pa.concat_tables(parts)
        return self._rows[content]

    def _segments(self, kind: Kind, code: str | None) -> Segments:
        tables, masks = [], []
        for entry, table, live in zip(self.manifest.files, self._tables, self._live, strict=True):
            if entry.content == CELLS:
                rows = pc.equal(table["kind"], kind).to_numpy() & live
                tables.append(table)
                masks.append(rows if code is None else rows & pc.equal(table["code"], code).to_numpy())
        return Segments(tables, masks)


def live_keys(manifest: Manifest, tables: Sequence[pa.Table]) -> set[SegmentKey]:
    """The segments that count in a snapshot's files."""
    found: set[SegmentKey] = set()
    for table in tables:
        found.update(zip(table["kind"].to_pylist(), table["code"].to_pylist(), strict=True))
    return found - manifest.removed


class _File:
    """A segment file's lookups and names. What was asked for once is kept for the next time."""

    def __init__(self, table: pa.Table, live: BoolArray) -> None:
        index = to_index(table)
        self.lookup = CellLookup(index, live)
        self.nearest = NearestSearch(index, live)
        self.codes: pa.StringArray = _values(table, "codes")
        self._rest = [_values(table, name) for name in ("names", "names_bo", "kinds")]
        self._facts = [_values(table, name) for name in ("notes", "areas_m2", "valid_from", "versions")]
        self._divisions = table["divisions"]
        self._items: dict[int, GridName] = {}
        self._chains: dict[int, tuple[DivisionName, ...]] = {}
        self._alone: dict[int, Found] = {}

    def alone(self, polygon: int) -> Found:
        """What is found where only this polygon is, off its border."""
        found = self._alone.get(polygon)
        if found is None:
            found = self._alone[polygon] = Found((self.item(polygon),), self.divisions(polygon), on_boundary=False)
        return found

    def item(self, polygon: int) -> GridName:
        """The names of a polygon, kept for the next time."""
        found = self._items.get(polygon)
        if found is None:
            name, name_bo, kind = (column[polygon].as_py() for column in self._rest)
            found = self._items[polygon] = GridName(self.codes[polygon].as_py(), name, name_bo, kind)
        return found

    def facts(self, polygon: int) -> GridFacts:
        """What else is known of a polygon."""
        return GridFacts(*(column[polygon].as_py() for column in self._facts))

    def live_polygons(self) -> list[int]:
        """The polygons of the segments that count."""
        start = self.lookup.index.polygon_start
        return [at for row in np.flatnonzero(self.lookup.live) for at in range(start[row], start[row + 1])]

    def divisions(self, polygon: int) -> tuple[DivisionName, ...]:
        """The chain above a polygon."""
        found = self._chains.get(polygon)
        if found is None:
            row = int(np.searchsorted(self.lookup.index.polygon_start, polygon, side="right")) - 1
            found = self._chains[polygon] = tuple(DivisionName(**step) for step in self._divisions[row].as_py())
        return found


_NOTHING = Found((), (), on_boundary=False)


def _values(table: pa.Table, name: str) -> Any:
    column = table[name]
    return (column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()).values
