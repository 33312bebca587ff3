"""Vector tiles read by GDAL, which shares no code with what wrote them."""

import tempfile
from pathlib import Path
from typing import Any

import shapely
from pyogrio import raw
from shapely.geometry.base import BaseGeometry

from gridmap.exchange.tiles.mvt import EXTENT


def read_tile(tile: bytes, layer: str) -> list[tuple[BaseGeometry, dict[str, Any]]]:
    """Each feature in units of the tile, y to the south, and its properties that are known; `mvt_id` its number."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tile.mvt"
        path.write_bytes(tile)
        meta, _, shapes, columns = raw.read(f"MVT:{path}", layer=layer, CLIP="NO")
    rows = [dict(zip(meta["fields"], row, strict=True)) for row in zip(*columns, strict=True)]
    known = [{name: value for name, value in row.items() if value is not None and value == value} for row in rows]
    # GDAL counts from the south.
    turned = shapely.transform(shapely.from_wkb(shapes), lambda xy: [0, EXTENT] + xy * [1, -1])
    return list(zip(turned.tolist(), known, strict=True))
