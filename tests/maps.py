"""Squares drawn from a map of letters, so that a test of geometry reads like a map.

    AAB
    ACB

is three areas; the top row is the north. Every corner of a cell is a vertex, so neighbours share theirs. A dot is
nobody's. The cells are lattice squares of 0.001 degree, about 92 m by 111 m.
"""

import textwrap

import numpy as np
import shapely

from gridmap.geo.arrays import Polygonal
from gridmap.geo.coverage import CodedPolygon
from gridmap.geo.lattice import from_units

WEST, SOUTH, CELL = 1_035_000_000, 345_000_000, 10_000
"""Lower left corner and side of a cell, in units of 1e-7 degree; the lower left corner is that of the last row."""

ORIGIN = np.array([WEST, SOUTH])
NOBODY = "."


def cell(column: int, row: int) -> shapely.Polygon:
    """The square in that column and row, both counted from the lower left corner, from 0."""
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) + np.array([column, row])
    return shapely.Polygon(from_units(corners * CELL + ORIGIN))


def at(column: float, row: float) -> tuple[float, float]:
    """Lon and lat of a place on the map, in cells from the lower left corner."""
    lon, lat = from_units(np.rint(np.array([column, row]) * CELL).astype(np.int64) + ORIGIN).tolist()
    return lon, lat


def areas(text: str) -> dict[str, Polygonal]:
    """The area of each letter, in the order of the letters."""
    rows = textwrap.dedent(text).strip().splitlines()[::-1]
    cells: dict[str, list[shapely.Polygon]] = {}
    for row, letters in enumerate(rows):
        for column, letter in enumerate(letters.strip()):
            cells.setdefault(letter, []).append(cell(column, row))
    return {letter: _joined(cells[letter]) for letter in sorted(cells) if letter != NOBODY}


def coded(text: str) -> list[CodedPolygon]:
    """The areas with their letters as codes."""
    return [CodedPolygon(letter, area) for letter, area in areas(text).items()]


def outline(text: str) -> Polygonal:
    """The area of all letters together."""
    return _joined([shape for area in areas(text).values() for shape in shapely.get_parts(area)])


def _joined(parts: list[shapely.Polygon]) -> Polygonal:
    # A union of a coverage keeps every vertex on its border, also those in the middle of a straight side.
    joined = shapely.coverage_union_all(parts)
    assert isinstance(joined, shapely.Polygon | shapely.MultiPolygon)
    return joined
