"""The layers of a snapshot that there are tiles of, and what stands in a tile."""

import gzip
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridmap.errors import NotFound
from gridmap.exchange.tiles import drawing, mvt
from gridmap.exchange.tiles.addressing import FINEST, TileAddress
from gridmap.exchange.tiles.sources import (
    DIVISIONS,
    GRIDS,
    DivisionSource,
    GridSource,
    LayerSource,
    Prefixes,
    TileSource,
)
from gridmap.snapshot.reader import Snapshot
from gridmap.snapshot.registry import Registry


@dataclass(frozen=True, slots=True)
class WrittenTile:
    """A tile, plain and compressed once for everybody; both empty when nothing is there."""

    plain: bytes
    compressed: bytes


class TileLayers:
    """What tiles of a snapshot are cut from. What was drawn once is kept as long as the snapshot is."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        grids = GridSource(snapshot)
        self._own: dict[str, TileSource] = {GRIDS: grids, DIVISIONS: DivisionSource(snapshot, grids)}
        self._layers: dict[str, LayerSource] = {}

    @classmethod
    def of(cls, snapshot: Snapshot) -> "TileLayers":
        """The one of a snapshot."""
        found = snapshot.made.get(cls.__name__)
        if not isinstance(found, cls):
            found = snapshot.made[cls.__name__] = cls(snapshot)
        return found

    def get(self, name: str, *, public_only: bool) -> TileSource:
        """A layer. Raises NotFound, which names those there are; also for one that is not told to this caller.

        A reference layer that is named as one of ours can't be had.
        """
        if name in self._own:
            return self._own[name]
        told = {layer.name: layer for layer in Registry.of(self._snapshot).list_layers(public_only=public_only)}
        if name not in told:
            raise NotFound(f"There are no tiles of {name!r}; there are {', '.join([*self._own, *told])}.")
        if name not in self._layers:
            self._layers[name] = LayerSource(self._snapshot, told[name])
        return self._layers[name]


def write_tile(source: TileSource, tile: TileAddress, prefixes: Prefixes) -> WrittenTile:
    """What of a layer stands in a tile, of that which has one of the code prefixes.

    Raises NotFound for a zoom at which so many things would be in one tile that none are told.
    """
    if tile.zoom < source.least_zoom:
        raise NotFound(f"There are tiles of {source.name!r} from zoom {source.least_zoom} on; there is no {tile.zoom}.")
    items = source.find(tile.box(drawing.BUFFER), tile.zoom, prefixes)
    if not items:
        return WrittenTile(b"", b"")
    shapes, whose = drawing.draw(np.array([item.shape for item in items], dtype=object), tile)
    features = [
        mvt.TileFeature(items[place].id, shape, items[place].properties)
        for shape, place in zip(shapes, whose.tolist(), strict=True)
    ]
    plain = mvt.encode(source.name, features)
    return WrittenTile(plain, gzip.compress(plain, 6, mtime=0) if plain else b"")


def describe(source: TileSource, address: str, version: int, prefixes: Prefixes) -> dict[str, Any]:
    """The TileJSON 3.0.0 of a layer, whose tiles have an address with {z}, {x} and {y} in it.

    Its `version` has to be of the form 1.0.0; the dataset's stands in front, and by itself in `dataset_version`.
    """
    told: dict[str, Any] = {
        "tilejson": "3.0.0",
        "name": source.name,
        "description": source.title,
        "version": f"{version}.0.0",
        "dataset_version": version,
        "scheme": "xyz",
        "tiles": [address],
        "minzoom": source.least_zoom,
        "maxzoom": max(FINEST, source.least_zoom),
        "vector_layers": [
            {
                "id": source.name,
                "description": source.title,
                "fields": dict(source.fields),
                "minzoom": source.least_zoom,
                "maxzoom": max(FINEST, source.least_zoom),
            }
        ],
    }
    bounds = source.bounds(prefixes)
    if bounds is not None:
        told["bounds"] = [bounds.west, bounds.south, bounds.east, bounds.north]
    return told
