"""One answer everywhere: what gridmap.geo measures, PostGIS `geography` measures too."""

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.geo.measure import area_m2, distance_m, length_m
from tests.tessellations import tessellation


def _asked(session: Session, function: str, *shapes: shapely.Geometry) -> float:
    names = [f"ST_GeomFromEWKT(:g{i})::geography" for i in range(len(shapes))]
    given = {f"g{i}": f"SRID=4490;{shapely.to_wkt(shape, rounding_precision=-1)}" for i, shape in enumerate(shapes)}
    return float(session.execute(text(f"SELECT {function}({', '.join(names)})"), given).scalar_one())


def test_areas_and_lengths(session: Session) -> None:
    for grid in tessellation(3).grids:
        assert _asked(session, "ST_Area", grid.geometry) == pytest.approx(area_m2(grid.geometry), abs=0.01)
        assert _asked(session, "ST_Perimeter", grid.geometry) == pytest.approx(length_m(grid.geometry), abs=1e-4)


def test_distances(session: Session) -> None:
    here, there = shapely.Point(103.507109, 34.589588), shapely.Point(102.9, 33.1)
    asked = _asked(session, "ST_Distance", here, there)
    assert asked == pytest.approx(float(distance_m(here.x, here.y, there.x, there.y)), abs=1e-3)
