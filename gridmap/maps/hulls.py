"""Outlines around points: how a household group, which has members and no polygon, is shown on a map."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

_AROUND_M = 25.0
"""How far the outline keeps from a house's point: about a yard's width, so that the house itself lies inside."""
_TIGHTNESS = 0.4
"""Of the concave hull, 1 being convex: houses along a road stay a ribbon, and few far ones draw no huge triangle."""
_M_PER_DEGREE = 111_320.0


def outlines_around(
    members: Mapping[str, Sequence[tuple[float, float]]], inside: Mapping[str, BaseGeometry]
) -> dict[str, BaseGeometry]:
    """For each code in `inside`: the hull of its points (lon, lat), a little widened and clipped to that geometry.

    One or two points, or points in a line, become a circle or a capsule in the same way. Codes without points are
    left out. The outline is for looking at: it is generalised, and no boundary.
    """
    codes = [code for code in inside if members.get(code)]
    if not codes:
        return {}
    latitude = members[codes[0]][0][1]
    # Degrees are stretched to squares of equal metres first, or circles would come out as ellipses.
    stretch = np.array([math.cos(math.radians(latitude)), 1.0])
    points = [shapely.MultiPoint(np.asarray(members[code]) * stretch) for code in codes]
    hulls = shapely.concave_hull(points, _TIGHTNESS)
    wide = shapely.simplify(shapely.buffer(hulls, _AROUND_M / _M_PER_DEGREE, quad_segs=3), 2.0 / _M_PER_DEGREE)
    back = shapely.transform(wide, lambda xy: xy / stretch)
    clipped = shapely.intersection(back, np.array([inside[code] for code in codes], dtype=object))
    return {code: shape for code, shape in zip(codes, clipped, strict=True) if not shape.is_empty}
