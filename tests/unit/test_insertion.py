"""Vertices put into borders: whatever shares a border goes on sharing it, and nothing else changes."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.geo.chain import tiles
from gridmap.geo.coverage import CodedPolygon, check_coverage
from gridmap.geo.insertion import with_vertices
from gridmap.geo.lattice import STEP_DEG, on_lattice, snap
from tests.maps import areas, outline
from tests.tessellations import tessellation


@given(seed=st.integers(0, 5), places=st.lists(st.tuples(st.integers(0, 15), st.floats(0.05, 0.95)), min_size=1))
def test_a_tessellation_stays_one(seed: int, places: list[tuple[int, float]]) -> None:
    whole = tessellation(seed)
    shapes = np.array([grid.geometry for grid in whole.grids] + [whole.outline], object)
    points = [whole.polygon(index).exterior.interpolate(share, normalized=True) for index, share in places]
    vertices = snap([(point.x, point.y) for point in points])
    *cells, border = with_vertices(shapes, vertices)
    assert tiles(cells, border)
    assert check_coverage([CodedPolygon(str(i), cell) for i, cell in enumerate(cells)], border) == []
    for old, new in zip(shapes, [*cells, border], strict=True):
        assert on_lattice(new)
        assert shapely.hausdorff_distance(old, new) <= STEP_DEG
        assert new is old or shapely.count_coordinates(new) > shapely.count_coordinates(old)
    # A second time there is nothing to do.
    again = with_vertices(np.array([*cells, border], object), vertices)
    assert all(new is old for new, old in zip(again, [*cells, border], strict=True))


def test_what_is_not_on_a_border_changes_nothing() -> None:
    shapes = np.array([*areas("AB\nAC").values(), outline("AB\nAC")], object)
    corners = shapely.get_coordinates(shapes[0])[:3]
    for vertices in (np.zeros((0, 2)), np.array([[103.5005, 34.5005]]), corners):
        assert all(new is old for new, old in zip(with_vertices(shapes, vertices), shapes, strict=True))
    assert len(with_vertices(np.array([], object), corners)) == 0


def test_several_on_one_edge_come_in_its_order_and_holes_have_edges_too() -> None:
    ring = shapely.box(0, 0, 0.001, 0.001).exterior.coords
    hole = [(0.0002, 0.0002), (0.0008, 0.0002), (0.0008, 0.0008), (0.0002, 0.0008), (0.0002, 0.0002)]
    shape = shapely.MultiPolygon([(ring, [hole])])
    vertices = np.array([[0.0007, 0.0], [0.0001, 0.0], [0.0004, 0.0], [0.0005, 0.0002]])
    (drawn,) = with_vertices(np.array([shape], object), vertices)
    assert drawn.is_valid
    assert drawn.area == pytest.approx(shape.area)
    assert shapely.count_coordinates(drawn) == shapely.count_coordinates(shape) + 4
