"""Shapes in degrees as a tile shows them: whole units, cut off a little outside the tile, what has no size left out.

Neighbours stay without a gap at every zoom: their common vertices are rounded to the same place, and what is left out
after that lies on straight lines. A shape whose rounding crosses itself is mended, as the standard asks.
"""

from typing import Any

import numpy as np
import shapely

from gridmap.exchange.tiles.addressing import TileAddress
from gridmap.exchange.tiles.mvt import EXTENT
from gridmap.geo.arrays import IntArray, ShapeArray

BUFFER = 64
"""Units around a tile that are drawn too, so that no outline of a cut shows."""
_FIRST_CUT = 4 * BUFFER
_MANY_VERTICES = 500
_POINT, _LINE, _AREA = 0, 1, 2


def draw(shapes: ShapeArray, tile: TileAddress) -> tuple[ShapeArray, IntArray]:
    """The shapes in the tile's units, and of which of the given ones each is: not all of them leave anything to see.

    A mixed collection comes back as several.
    """
    flat, owner = _unmixed(shapes)
    drawn = _within(_rounded(_roughly_cut(flat, tile), tile))
    kept = ~shapely.is_empty(drawn)
    return drawn[kept], owner[kept]


def _unmixed(shapes: ShapeArray) -> tuple[ShapeArray, IntArray]:
    mixed = shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION
    if not mixed.any():
        return shapes, np.arange(len(shapes))
    parts, whose = shapely.get_parts(shapes[mixed], return_index=True)
    owner = np.concatenate([np.flatnonzero(~mixed), np.flatnonzero(mixed)[whose]])
    order = np.argsort(owner, kind="stable")
    return np.concatenate([shapes[~mixed], parts])[order], owner[order]


def _roughly_cut(shapes: ShapeArray, tile: TileAddress) -> ShapeArray:
    """The same; of those with thousands of vertices only what is near the tile, so that the rest isn't worked on."""
    near = tile.box(_FIRST_CUT)
    west, south, east, north = shapely.bounds(shapes).T
    reaches_out = (west < near.west) | (south < near.south) | (east > near.east) | (north > near.north)
    long = reaches_out & (shapely.get_num_coordinates(shapes) > _MANY_VERTICES)
    if not long.any():
        return shapes
    cut = shapes.copy()
    cut[long] = shapely.intersection(shapes[long], shapely.box(near.west, near.south, near.east, near.north))
    return cut


def _rounded(shapes: ShapeArray, tile: TileAddress) -> ShapeArray:
    """In whole units, valid, and without vertices that change nothing."""
    rounded: ShapeArray = shapely.transform(shapes, tile.units)
    areas = shapely.get_dimensions(rounded) == _AREA
    crossed = areas & ~shapely.is_valid(rounded)
    if crossed.any():
        mended = shapely.make_valid(rounded[crossed], method="structure", keep_collapsed=False)
        rounded[crossed] = shapely.set_precision(mended, 1.0)
    drawn = shapely.get_dimensions(rounded) > _POINT
    rounded[drawn] = shapely.simplify(rounded[drawn], 0.0, preserve_topology=False)
    return rounded


def _within(shapes: ShapeArray) -> ShapeArray:
    """What lies in the tile and its buffer, of the kind it was of; empty where nothing does."""
    low, high = -BUFFER, EXTENT + BUFFER
    left, top, right, bottom = shapely.bounds(shapes).T
    inside = (left >= low) & (top >= low) & (right <= high) & (bottom <= high)
    outside = ~((left <= high) & (top <= high) & (right >= low) & (bottom >= low))
    cut = shapes.copy()
    cut[outside] = shapely.Point()
    across = ~inside & ~outside
    if across.any():
        # On the lattice of whole units, so that rounding the new vertices crosses nothing.
        pieces = shapely.intersection(shapes[across], shapely.box(low, low, high, high), grid_size=1.0)
        dimensions = shapely.get_dimensions(shapes[across])
        cut[across] = [_of_kind(piece, kind) for piece, kind in zip(pieces, dimensions, strict=True)]
    lines = shapely.get_dimensions(cut) == _LINE
    cut[lines & (shapely.length(cut) == 0)] = shapely.Point()
    return cut


def _of_kind(shape: shapely.Geometry, dimension: int) -> shapely.Geometry:
    """Without the lines and points in which an area only touches the window."""
    if shapely.get_type_id(shape) != shapely.GeometryType.GEOMETRYCOLLECTION:
        return shape if shapely.get_dimensions(shape) == dimension else shapely.Point()
    return _collected([part for part in shapely.get_parts(shape) if shapely.get_dimensions(part) == dimension])


def _collected(parts: list[Any]) -> shapely.Geometry:
    if not parts:
        return shapely.Point()
    dimension = shapely.get_dimensions(parts[0])
    if dimension == _AREA:
        return shapely.MultiPolygon(parts)
    return shapely.MultiLineString(parts) if dimension == _LINE else shapely.MultiPoint(parts)
