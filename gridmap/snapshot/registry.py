"""Divisions, grids and layers as a snapshot knows them, in the records that the database's services give."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow.compute as pc
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.divisions.model import LEVELS
from gridmap.divisions.service import DivisionRecord, NamedDivision
from gridmap.errors import DatabaseUnavailable, NotFound
from gridmap.geo.arrays import Polygonal
from gridmap.geo.cell_build import build_cells
from gridmap.geo.cell_lookup import CellLookup
from gridmap.geo.lonlat import BBox, LonLat
from gridmap.grids.layers.service import Feature, LayerRecord
from gridmap.grids.service import GridRecord
from gridmap.snapshot.counts import Counts
from gridmap.snapshot.layer_items import read_items, read_layer
from gridmap.snapshot.reader import Snapshot
from gridmap.snapshot.segment import DivisionName, GridName

_NO_PAST = "Only what is current can be told while the database is away."


class Registry:
    """What is current in a snapshot. A code that is not may have been once: only the database knows, and is away."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._chains: dict[tuple[int, ...], tuple[DivisionName, ...]] = {}

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Registry":
        """The one registry of a snapshot."""
        found = snapshot.made.get(cls.__name__)
        if not isinstance(found, cls):
            found = snapshot.made[cls.__name__] = cls(snapshot)
        return found

    def covering(self, lon: float, lat: float) -> tuple[DivisionName, ...]:
        """The divisions whose outline covers a point, province first; on a shared line the lowest of each level."""
        lookup, codes = self._outlines
        if lookup is None:
            return ()
        touching, _ = lookup.locate(lon, lat)
        chain = self._chains.get(touching)
        if chain is None:
            # In the order of their codes: of each level the lowest is the last to be written.
            lowest = {row["level"]: row for row in (self._rows[codes[at]] for at in reversed(touching))}
            rows = [lowest[level] for level in LEVELS if level in lowest]
            steps = (DivisionName(row["level"], row["code"], row["name"], row["name_bo"]) for row in rows)
            chain = self._chains[touching] = tuple(steps)
        return chain

    def list_divisions(
        self,
        *,
        level: str | None = None,
        parent: str | None = None,
        prefixes: Sequence[str] = ("",),
        cursor: str | None = None,
        limit: int | None = None,
    ) -> list[DivisionRecord]:
        """Divisions by code, a page or all of them."""
        found = [
            code
            for code, row in self._rows.items()
            if code.startswith(tuple(prefixes))
            and (level is None or row["level"] == level)
            and (parent is None or row["parent"] == parent)
            and (cursor is None or code > cursor)
        ]
        return [self.get_division(code) for code in found[:limit]]

    def get_division(self, code: str) -> DivisionRecord:
        """One division. Raises DatabaseUnavailable for one that is not current."""
        row = self._rows.get(code)
        if row is None:
            raise DatabaseUnavailable(_NO_PAST)
        return DivisionRecord(
            code=code,
            level=row["level"],
            parent=row["parent"],
            name=row["name"],
            name_full=row["name_full"],
            name_bo=row["name_bo"],
            outline=self._outline(row),
            outline_source=row["outline_source"],
            seat=None if row["seat"] is None else shapely.from_wkb(row["seat"]),
            seat_source=row["seat_source"],
            population=row["population"],
            valid_from=row["valid_from"],
            valid_to=None,
        )

    def names(self) -> list[NamedDivision]:
        """All divisions by code, without their outlines."""
        return [_named(row) for row in self._rows.values()]

    @cached_property
    def outlines(self) -> dict[str, Polygonal]:
        """The outlines that are drawn, by code; a village with grids has none: they tile it."""
        drawn: dict[str, Any] = {code: row["outline"] for code, row in self._rows.items() if row["outline"]}
        return {code: shapely.from_wkb(outline) for code, outline in drawn.items()}

    def list_children(self, code: str) -> list[DivisionRecord]:
        """The direct children of a division by code."""
        self.get_division(code)
        return self.list_divisions(parent=code)

    def chain_above(self, code: str) -> list[NamedDivision]:
        """A division with all above it, province first."""
        chain: list[NamedDivision] = []
        row = self._rows.get(code)
        while row is not None:
            chain.append(_named(row))
            row = self._rows.get(row["parent"] or "")
        return chain[::-1]

    def prefixes_within(self, code: str) -> tuple[str, ...]:
        """Code prefixes of everything inside a division. Raises as `get_division`."""
        if len(code) > 12:
            return (code,)
        level = self.get_division(code).level
        if LEVELS.index(level) >= LEVELS.index("county"):
            return (code,)
        below = [
            other
            for other in self._rows
            if len(other) == 6 and any(step.code == code for step in self.chain_above(other))
        ]
        return tuple(below)

    def count_within(self, code: str) -> Counts:
        """What lies within, as far as a snapshot knows: nothing of addresses and people."""
        prefixes = self.prefixes_within(code)
        below = [
            row["level"] for other, row in self._rows.items() if other.startswith(prefixes) and other not in prefixes
        ]
        groups = self._group_codes
        return Counts(
            townships=below.count("township"),
            villages=below.count("village"),
            grids=sum(grid.startswith(prefixes) for grid, _, _ in self._snapshot.villages.listing),
            groups=sum(group.startswith(prefixes) for group in groups),
            addresses=None,
            buildings=None,
            households=None,
            persons=None,
            officers=None,
        )

    def list_grids(
        self,
        *,
        prefixes: Sequence[str] = ("",),
        bbox: BBox | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> list[GridRecord]:
        """Grids by code, a page or all of them: those with one of the prefixes whose outline intersects the box."""
        villages = self._snapshot.villages
        found = list(range(len(villages.listing)))
        if bbox is not None:
            box = villages.boxes
            hit = (box[:, 0] <= bbox.east) & (box[:, 2] >= bbox.west)
            found = np.flatnonzero(hit & (box[:, 1] <= bbox.north) & (box[:, 3] >= bbox.south)).tolist()
        window = None if bbox is None else shapely.box(bbox.west, bbox.south, bbox.east, bbox.north)
        page: list[GridRecord] = []
        for at in found:
            code, number, polygon = villages.listing[at]
            if not code.startswith(tuple(prefixes)) or (cursor is not None and code <= cursor):
                continue
            if window is None or villages.shape(number, polygon).intersects(window):
                page.append(self._grid(at))
            if limit is not None and len(page) == limit:
                break
        return page

    def get_grid(self, code: str) -> GridRecord:
        """One grid. Raises DatabaseUnavailable for one that is not current."""
        found = self.list_grids(prefixes=[code], limit=1)
        if not found:
            raise DatabaseUnavailable(_NO_PAST)
        return found[0]

    def list_layers(self, *, public_only: bool = False) -> list[LayerRecord]:
        """The layers by name, or only those that may be seen without a key."""
        try:
            rows = self._snapshot.rows("layer_items")
        except NotFound:
            return []
        known = rows.drop_columns(["positions", "codes", "names", "properties", "shapes"])
        found = sorted((read_layer(row) for row in known.to_pylist()), key=lambda layer: layer.name)
        return [layer for layer in found if layer.public or not public_only]

    def get_layer(self, name: str, *, public_only: bool = False) -> LayerRecord:
        """One layer. Raises NotFound, also for one that is not public when only such are allowed."""
        for layer in self.list_layers(public_only=public_only):
            if layer.name == name:
                return layer
        raise NotFound(f"There is no layer {name!r}.")

    def list_features(
        self, layer: LayerRecord, *, bbox: BBox | None = None, after: int = 0, limit: int | None = None
    ) -> list[Feature]:
        """The items of a layer behind a position in the order of its file, those that intersect the box."""
        rows = self._snapshot.rows("layer_items")
        mine = rows.filter(pc.equal(rows["code"], layer.name)).combine_chunks()
        window = None if bbox is None else shapely.box(bbox.west, bbox.south, bbox.east, bbox.north)
        found = (
            item
            for item in read_items(mine)
            if item.position > after and (window is None or item.geometry.intersects(window))
        )
        return [item for item, _ in zip(found, range(limit), strict=False)] if limit is not None else list(found)

    def covering_items(self, point: LonLat, *, public_only: bool) -> list[tuple[str, GridName, bool]]:
        """The areas of layers that touch a point, by layer and code, and whether it is on the border of one."""
        found = []
        for layer in self.list_layers(public_only=public_only):
            try:
                hits = self._snapshot.layer(layer.name).find(point.lon, point.lat)
            except NotFound:
                continue
            found += [(layer.name, item, hits.on_boundary) for item in hits.items]
        return found

    @cached_property
    def _rows(self) -> dict[str, dict[str, Any]]:
        """The divisions by code, in order."""
        try:
            rows = self._snapshot.rows("divisions").to_pylist()
        except NotFound:
            return {}
        return {row["code"]: row for row in sorted(rows, key=lambda row: str(row["code"]))}

    @cached_property
    def _outlines(self) -> tuple[CellLookup | None, list[str]]:
        """The drawn outlines, each by itself, and their codes."""
        drawn = self.outlines
        lookup = CellLookup(build_cells([[shape] for shape in drawn.values()])) if drawn else None
        return lookup, list(drawn)

    def _outline(self, row: dict[str, Any]) -> BaseGeometry | None:
        if row["outline"] is not None:
            drawn: BaseGeometry = shapely.from_wkb(row["outline"])
            return drawn
        if row["level"] != "village" or row["outline_source"] is None:
            return None
        return shapely.union_all([grid.geometry for grid in self.list_grids(prefixes=[row["code"]])])

    @cached_property
    def _group_codes(self) -> list[str]:
        try:
            return [code for codes in self._snapshot.rows("groups")["groups"].to_pylist() for code in codes]
        except NotFound:
            return []

    def _grid(self, at: int) -> GridRecord:
        code, number, polygon = self._snapshot.villages.listing[at]
        villages = self._snapshot.villages
        name, facts = villages.item(number, polygon), villages.facts(number, polygon)
        return GridRecord(
            code=code,
            village_code=code[:12],
            name=name.name,
            name_bo=name.name_bo,
            kind=name.kind,
            note=facts.note,
            geometry=villages.shape(number, polygon),
            area_m2=facts.area_m2 or 0.0,
            valid_from=facts.valid_from or self._snapshot.manifest.written_at,
            valid_to=None,
            version_from=facts.version_from or 0,
            version_to=None,
        )


def _named(row: dict[str, Any]) -> NamedDivision:
    names = ("code", "level", "parent", "name", "name_full", "name_bo")
    return NamedDivision(*(row[name] for name in names))
