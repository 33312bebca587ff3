"""Tiles beside those that PostGIS would make of the same shapes."""

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.bench.tessellation import winding_villages
from gridmap.exchange.tiles.addressing import TileAddress, to_world
from gridmap.exchange.tiles.drawing import BUFFER, draw
from gridmap.exchange.tiles.mvt import EXTENT

GRIDS = [grid for village in winding_villages(2, 4) for grid in village]
RING = shapely.Point(103.05, 34.02).buffer(0.015).difference(shapely.Point(103.05, 34.02).buffer(0.007))
PARTS = shapely.MultiPolygon([shapely.box(103.0, 34.0, 103.01, 34.01), shapely.box(103.04, 34.02, 103.05, 34.03)])
SHAPES = np.array([*GRIDS, RING, PARTS], dtype=object)


@pytest.mark.parametrize("zoom", [10, 12, 14, 15, 17])
def test_the_shapes_are_those_of_postgis(session: Session, zoom: int) -> None:
    """Off by less than a unit, or the coarser step, along their outlines."""
    corner = np.floor(to_world(np.array([[103.05, 34.02]]))[0] * 2.0**zoom).astype(int)
    seen = 0
    for right, down in ((0, 0), (-1, 0), (0, 1), (5, 5)):
        tile = TileAddress.checked(zoom, int(corner[0]) + right, int(corner[1]) + down)
        drawn, whose = draw(SHAPES, tile)
        mine = dict(zip(whose.tolist(), drawn, strict=True))
        for place, theirs in _of_postgis(session, tile).items():
            shape = mine.pop(place, shapely.Polygon())
            assert shape.symmetric_difference(theirs).area <= (theirs.length + 4) * tile.step, (tile, place)
            seen += 1
        assert all(shape.area <= shape.length * tile.step for shape in mine.values())
    assert seen >= 3


def _of_postgis(session: Session, tile: TileAddress) -> dict[int, BaseGeometry]:
    stmt = text(
        "SELECT place, ST_AsBinary(ST_AsMVTGeom(ST_Transform(ST_GeomFromWKB(shape, 4490), 3857),"
        " ST_TileEnvelope(:zoom, :column, :row), :extent, :buffer, true))"
        " FROM unnest(CAST(:shapes AS bytea[])) WITH ORDINALITY AS given(shape, place)"
    )
    given = {"zoom": tile.zoom, "column": tile.column, "row": tile.row, "extent": EXTENT, "buffer": BUFFER}
    rows = session.execute(stmt, {**given, "shapes": list(shapely.to_wkb(SHAPES))})
    return {place - 1: shapely.from_wkb(bytes(shape)) for place, shape in rows if shape is not None}
