"""Which square of the ground a tile is: Web Mercator (EPSG:3857), counted from the north-west."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from gridmap.errors import NotFound
from gridmap.exchange.tiles.mvt import EXTENT
from gridmap.geo.arrays import FloatArray
from gridmap.geo.lonlat import BBox

DEEPEST = 22
"""Nobody looks closer; a program enlarges the tiles of `FINEST`."""
FINEST = 16
"""Of here a unit is less than 15 cm on the ground."""
_NORTHMOST = math.degrees(math.atan(math.sinh(math.pi)))
_COARSE_UP_TO, _COARSE = 13, 4


@dataclass(frozen=True, slots=True)
class TileAddress:
    """A tile by zoom, column from the west and row from the north."""

    zoom: int
    column: int
    row: int

    @classmethod
    def checked(cls, zoom: int, column: int, row: int) -> Self:
        """Raises NotFound, which says what there is, for a tile that can't be."""
        if not 0 <= zoom <= DEEPEST:
            raise NotFound(f"Tiles have the zooms 0 to {DEEPEST}; there is no {zoom}.")
        most = 2**zoom - 1
        if not (0 <= column <= most and 0 <= row <= most):
            raise NotFound(f"At zoom {zoom} columns and rows go from 0 to {most}; there is no tile {column}/{row}.")
        return cls(zoom, column, row)

    @property
    def step(self) -> int:
        """Positions are whole multiples of so many units: below a screen's pixel they only cost bytes."""
        return _COARSE if self.zoom <= _COARSE_UP_TO else 1

    def units(self, lonlat: FloatArray) -> FloatArray:
        """Degrees (n, 2) in the tile's units, x to the east and y to the south, whole multiples of `step`.

        Rounded on one lattice for all tiles of a zoom, so that neighbours, which share vertices, share them still.
        """
        world = to_world(lonlat) * (EXTENT * 2.0**self.zoom / self.step)
        return np.rint(world) * self.step - [EXTENT * self.column, EXTENT * self.row]

    def box(self, margin: int) -> BBox:
        """The degrees of the tile with so many units around it."""
        around, side = margin / EXTENT, 2.0**self.zoom
        west, east = (self.column - around) / side, (self.column + 1 + around) / side
        north, south = (self.row - around) / side, (self.row + 1 + around) / side
        return BBox(_lon(west), _lat(south), _lon(east), _lat(north))


def to_world(lonlat: FloatArray) -> FloatArray:
    """Degrees (n, 2) as shares of the world's square, (0, 0) its north-west corner.

    >>> to_world(np.array([[0.0, 0.0], [90.0, 85.0]])).round(3).tolist()
    [[0.5, 0.5], [0.75, 0.002]]
    """
    lat = np.radians(np.clip(lonlat[:, 1], -_NORTHMOST, _NORTHMOST))
    return np.column_stack([lonlat[:, 0] / 360 + 0.5, 0.5 - np.arcsinh(np.tan(lat)) / (2 * math.pi)])


def _lon(share: float) -> float:
    return min(max(share * 360 - 180, -180.0), 180.0)


def _lat(share: float) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * min(max(share, 0.0), 1.0)))))
