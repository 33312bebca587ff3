"""Which segments may hold a point: a raster over their boxes. It is made when an index is opened, never stored."""

from dataclasses import dataclass

import numpy as np

from gridmap.geo.arrays import BoolArray, IntArray
from gridmap.geo.cells import CellIndex, Int32Array

_TILES_PER_SEGMENT = 16
_COARSEST, _FINEST = -28, 24


@dataclass(frozen=True, slots=True, eq=False)
class Directory:
    """For each tile, whose side is 2**-level degrees, the segments whose box touches it, in order."""

    level: int
    column: int
    row: int
    columns: int
    rows: int
    first: Int32Array
    """Per tile where its segments begin, and one number more."""
    segments: Int32Array


def build_directory(index: CellIndex, live: BoolArray | None = None) -> Directory:
    """The directory of an index, or of those of its segments that are still `live`.

    >>> import shapely
    >>> from gridmap.geo.cell_build import build_cells
    >>> build_directory(build_cells([[shapely.box(0, 0, 1, 1)], [shapely.box(1, 0, 2, 1)]])).segments.max()
    np.int32(1)
    """
    kept = np.arange(index.segments) if live is None else np.flatnonzero(live)
    if not len(kept):
        return Directory(0, 0, 0, 0, 0, np.zeros(1, np.int32), np.zeros(0, np.int32))
    box = index.box[kept]
    whole = np.concatenate([box[:, :2].min(axis=0), box[:, 2:].max(axis=0)])
    level = _level(whole, len(kept))
    west, south, east, north = (int(edge) for edge in np.floor(whole * 2.0**level))
    columns, rows = east - west + 1, north - south + 1
    tiles = np.floor(box * 2.0**level).astype(np.int64) - np.array([west, south, west, south])
    tile, segment = _touched(tiles, columns)
    order = np.argsort(tile, kind="stable")
    first = np.searchsorted(tile[order], np.arange(columns * rows + 1))
    return Directory(level, west, south, columns, rows, first.astype(np.int32), kept[segment[order]].astype(np.int32))


def _level(whole: np.ndarray[tuple[int], np.dtype[np.float64]], segments: int) -> int:
    """The finest that has no more than so many tiles for each segment."""
    level = _COARSEST
    for finer in range(_COARSEST, _FINEST + 1):
        west, south, east, north = np.floor(whole * 2.0**finer)
        if (east - west + 1) * (north - south + 1) <= _TILES_PER_SEGMENT * segments:
            level = finer
    return level


def _touched(tiles: IntArray, columns: int) -> tuple[IntArray, IntArray]:
    """Pairs of a tile and the place of a segment whose box touches it."""
    wide = tiles[:, 2] - tiles[:, 0] + 1
    counts = wide * (tiles[:, 3] - tiles[:, 1] + 1)
    segment = np.repeat(np.arange(len(tiles)), counts)
    row, column = np.divmod(np.arange(len(segment)) - np.repeat(np.cumsum(counts) - counts, counts), wide[segment])
    return (tiles[segment, 1] + row) * columns + tiles[segment, 0] + column, segment
