"""Whether a point lies in a polygon, in fractions: slow, short, and written without a look at the cell index."""

from fractions import Fraction
from itertools import pairwise
from typing import Literal

import shapely

from gridmap.geo.arrays import Polygonal

Place = Literal["inside", "border", "outside"]


def place(polygon: Polygonal, lon: float, lat: float) -> Place:
    """Where a point lies, by counting the sides that a ray to the east crosses, holes and parts alike."""
    west, south, east, north = polygon.bounds
    if not (west <= lon <= east and south <= lat <= north):
        return "outside"
    x, y = Fraction(lon), Fraction(lat)
    odd = False
    for ring in _rings(polygon):
        for (ax, ay), (bx, by) in pairwise(ring):
            cross = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
            if cross == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
                return "border"
            if (ay > y) != (by > y) and ax + (y - ay) / (by - ay) * (bx - ax) > x:
                odd = not odd
    return "inside" if odd else "outside"


def _rings(polygon: Polygonal) -> list[list[tuple[Fraction, Fraction]]]:
    parts = shapely.get_parts(polygon)
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return [[(Fraction(x), Fraction(y)) for x, y in shapely.get_coordinates(ring).tolist()] for ring in rings]
