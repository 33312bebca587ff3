"""The layers that tiles are cut from: grids, divisions, and the reference layers, as a snapshot holds them."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely

from gridmap.divisions.model import LEVELS
from gridmap.divisions.service import NamedDivision
from gridmap.exchange.tiles.addressing import DEEPEST, FINEST, to_world
from gridmap.exchange.tiles.mvt import Value
from gridmap.geo.arrays import FloatArray, IntArray, ShapeArray
from gridmap.geo.lonlat import BBox
from gridmap.grids.layers.service import Feature, LayerRecord
from gridmap.snapshot.reader import Snapshot
from gridmap.snapshot.registry import Registry

MOST_IN_A_TILE = 5_000
"""Of a layer that would have more in some tile there are none at that zoom: no screen could show them."""
GRIDS, DIVISIONS = "grids", "divisions"
Prefixes = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """Something to draw, in degrees."""

    id: int
    code: str
    shape: shapely.Geometry
    properties: Mapping[str, Value]


class TileSource(ABC):
    """A layer. Nothing of persons is in it."""

    name: str
    title: str
    fields: Mapping[str, str]
    """Its properties, each with what it is."""

    @property
    @abstractmethod
    def boxes(self) -> FloatArray:
        """West, south, east and north of the bundles that things are drawn in."""

    @property
    @abstractmethod
    def least_zooms(self) -> IntArray:
        """From which zoom on each bundle is drawn."""

    @abstractmethod
    def items(self, bundle: int) -> Sequence[Item]:
        """What is in a bundle."""

    @abstractmethod
    def codes(self, bundle: int) -> str:
        """What all codes in a bundle begin with."""

    def find(self, box: BBox, zoom: int, prefixes: Prefixes) -> list[Item]:
        """What may be seen in a box, of what has one of the code prefixes."""
        boxes = self.boxes
        hit = (boxes[:, 0] <= box.east) & (boxes[:, 2] >= box.west) & (self.least_zooms <= zoom)
        hit &= (boxes[:, 1] <= box.north) & (boxes[:, 3] >= box.south)
        return [
            item
            for bundle in np.flatnonzero(hit).tolist()
            if self._is_told(self.codes(bundle), prefixes)
            for item in self.items(bundle)
            if item.code.startswith(prefixes)
        ]

    def bounds(self, prefixes: Prefixes) -> BBox | None:
        """The box around all that has one of the code prefixes; None when that is nothing."""
        told = [bundle for bundle in range(len(self.boxes)) if self._is_told(self.codes(bundle), prefixes)]
        if not told:
            return None
        boxes = self.boxes[told]
        west, south = boxes[:, :2].min(axis=0).tolist()
        east, north = boxes[:, 2:].max(axis=0).tolist()
        return BBox(west, south, east, north)

    @property
    def least_zoom(self) -> int:
        """The first zoom at which there is anything."""
        return int(min(self.least_zooms, default=0))

    @staticmethod
    def _is_told(code: str, prefixes: Prefixes) -> bool:
        """Whether anything below a code may have one of the prefixes."""
        return any(code.startswith(prefix) or prefix.startswith(code) for prefix in prefixes)


class GridSource(TileSource):
    """Grids; the bundles are villages."""

    name = GRIDS
    title = "Grids"
    fields: Mapping[str, str] = {
        "code": "15 digits",
        "name": "The name",
        "name_bo": "The Tibetan name, if there is one",
        "kind": "base or special",
        "village_code": "The village's code, 12 digits",
        "area_m2": "Square metres on the ground",
    }

    def __init__(self, snapshot: Snapshot) -> None:
        self._villages = snapshot.villages
        self._kept: dict[int, list[Item]] = {}

    @cached_property
    def places(self) -> list[tuple[int, int, int]]:
        """For each village the number of its file, and from which of its polygons to which."""
        found = []
        for number, file in enumerate(self._villages.files):
            start = file.lookup.index.polygon_start
            live = np.flatnonzero(file.lookup.live)
            found += [(number, int(start[row]), int(start[row + 1])) for row in live]
        return found

    @cached_property
    def boxes(self) -> FloatArray:
        """Those of the villages."""
        found = [file.lookup.index.box[file.lookup.live] for file in self._villages.files]
        return np.concatenate([np.empty((0, 4)), *found])

    @cached_property
    def least_zooms(self) -> IntArray:
        """The same for all villages: one without its grids would be taken for one that has none."""
        counts = np.array([end - begin for _, begin, end in self.places], np.int64)
        return np.full(len(counts), least_zoom(self.boxes, counts))

    @cached_property
    def village_codes(self) -> list[str]:
        """The village of each bundle."""
        return [self._villages.item(number, begin).code[:12] for number, begin, _ in self.places]

    def codes(self, bundle: int) -> str:
        """The village's code."""
        return self.village_codes[bundle]

    def items(self, bundle: int) -> Sequence[Item]:
        """The village's grids, kept for the next tile."""
        if bundle not in self._kept:
            number, begin, end = self.places[bundle]
            self._kept[bundle] = [self._item(number, polygon) for polygon in range(begin, end)]
        return self._kept[bundle]

    def _item(self, number: int, polygon: int) -> Item:
        name, area_m2 = self._villages.item(number, polygon), self._villages.facts(number, polygon).area_m2
        facts = {
            "code": name.code,
            "name": name.name,
            "name_bo": name.name_bo,
            "kind": name.kind,
            "village_code": name.code[:12],
            "area_m2": None if area_m2 is None else round(area_m2),
        }
        return Item(int(name.code), name.code, self._villages.shape(number, polygon), _known(facts))


class DivisionSource(TileSource):
    """Divisions of all levels with an outline, the largest first; each is a bundle of its own."""

    name = DIVISIONS
    title = "Divisions: province, prefecture, county, township, village"
    fields: Mapping[str, str] = {
        "code": "2, 6, 9 or 12 digits",
        "level": "province, prefecture, county, township or village",
        "name": "The name as people say it",
        "name_full": "The official name",
        "name_bo": "The Tibetan name, if there is one",
        "parent": "The code of the division above",
    }

    def __init__(self, snapshot: Snapshot, grids: GridSource) -> None:
        self._registry = Registry.of(snapshot)
        self._grids = grids
        self._kept: dict[int, Item] = {}

    @cached_property
    def _drawn(self) -> list[tuple[NamedDivision, tuple[float, ...]]]:
        """Each with its box; that of a village that has grids is theirs."""
        boxes = dict(zip(self._grids.village_codes, map(tuple, self._grids.boxes.tolist()), strict=True))
        boxes |= {code: shape.bounds for code, shape in self._registry.outlines.items()}
        found = [(each, boxes[each.code]) for each in self._registry.names() if each.code in boxes]
        return sorted(found, key=lambda pair: (LEVELS.index(pair[0].level), pair[0].code))

    @cached_property
    def boxes(self) -> FloatArray:
        """Those of their outlines."""
        return np.array([box for _, box in self._drawn]).reshape(-1, 4)

    @cached_property
    def least_zooms(self) -> IntArray:
        """The same for all of a level, but never before the level above it."""
        levels = np.array([LEVELS.index(division.level) for division, _ in self._drawn], np.int64)
        found = np.zeros(len(levels), np.int64)
        least = 0
        for level in range(len(LEVELS)):
            mine = levels == level
            least = max(least, least_zoom(self.boxes[mine], np.ones(int(mine.sum()), np.int64)))
            found[mine] = least
        return found

    def codes(self, bundle: int) -> str:
        """The division's code."""
        return self._drawn[bundle][0].code

    def items(self, bundle: int) -> Sequence[Item]:
        """The division, kept for the next tile."""
        if bundle not in self._kept:
            division, _ = self._drawn[bundle]
            self._kept[bundle] = Item(
                int(division.code), division.code, self._outline(division.code), _division_facts(division)
            )
        return (self._kept[bundle],)

    def _outline(self, code: str) -> shapely.Geometry:
        drawn = self._registry.outlines.get(code)
        return self._of_grids[code] if drawn is None else drawn

    @cached_property
    def _of_grids(self) -> "_Outlines":
        return _Outlines(self._grids)

    @staticmethod
    def _is_told(code: str, prefixes: Prefixes) -> bool:
        """A division is told to whom it lies inside of what was granted: not one that is larger than that."""
        return code.startswith(prefixes)


class _Outlines(dict[str, shapely.Geometry]):
    """Outlines of villages, each the union of its grids, made when it is first asked for."""

    def __init__(self, grids: GridSource) -> None:
        super().__init__()
        self._grids = grids
        self._bundles = {code: bundle for bundle, code in enumerate(grids.village_codes)}

    def __missing__(self, code: str) -> shapely.Geometry:
        """The union."""
        made: shapely.Geometry = shapely.union_all([item.shape for item in self._grids.items(self._bundles[code])])
        return self.setdefault(code, made)


class LayerSource(TileSource):
    """A reference layer as it was loaded, points and lines too; each item is a bundle of its own."""

    def __init__(self, snapshot: Snapshot, layer: LayerRecord) -> None:
        self.name, self.title = layer.name, layer.title
        found = Registry.of(snapshot).list_features(layer)
        self._items = [_layer_item(feature) for feature in found if not feature.geometry.is_empty]
        columns = dict.fromkeys(name for item in self._items for name in item.properties)
        self.fields = {"code": "The code", "name": "The name"} | dict.fromkeys(columns, "From the layer's file")

    @cached_property
    def boxes(self) -> FloatArray:
        """Those of the items."""
        shapes: ShapeArray = np.array([item.shape for item in self._items], dtype=object)
        return np.asarray(shapely.bounds(shapes), np.float64).reshape(-1, 4)

    @cached_property
    def least_zooms(self) -> IntArray:
        """The same for all."""
        return np.full(len(self._items), least_zoom(self.boxes, np.ones(len(self._items), np.int64)))

    def codes(self, bundle: int) -> str:
        """Its code, which need not lie in any division."""
        return self._items[bundle].code

    def items(self, bundle: int) -> Sequence[Item]:
        """The one item."""
        return (self._items[bundle],)


def least_zoom(boxes: FloatArray, counts: IntArray) -> int:
    """The first zoom at which no tile has too many, taking all of a box to be at its middle.

    >>> two = np.array([[103.0, 34.0, 103.1, 34.1], [100.0, 34.0, 100.1, 34.1]])
    >>> least_zoom(two, np.array([3_000, 3_000])), least_zoom(two, np.array([10, 10]))
    (5, 0)
    """
    middles = to_world(np.column_stack([boxes[:, [0, 2]].mean(axis=1), boxes[:, [1, 3]].mean(axis=1)]))
    for zoom in range(FINEST):
        column, row = np.floor(middles * 2.0**zoom).astype(np.int64).T
        _, tile = np.unique(column << DEEPEST | row, return_inverse=True)
        if np.bincount(tile, weights=counts, minlength=1).max() <= MOST_IN_A_TILE:
            return zoom
    return FINEST


def _division_facts(division: NamedDivision) -> dict[str, Value]:
    names = ("code", "level", "name", "name_full", "name_bo", "parent")
    return _known({name: getattr(division, name) for name in names})


def _layer_item(feature: Feature) -> Item:
    facts = {**feature.properties, "code": feature.code, "name": feature.name}
    return Item(feature.position, feature.code, feature.geometry, _known(facts))


def _known(facts: Mapping[str, object]) -> dict[str, Value]:
    """What is known, in the types that a tile has."""
    return {
        name: value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False, default=str)
        for name, value in facts.items()
        if value is not None
    }
