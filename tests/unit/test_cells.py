"""The cell index keeps polygons as they were given, in arrays that can be joined, and refuses what it can't hold."""

from dataclasses import fields, replace

import numpy as np
import pytest
import shapely

from gridmap.bench.tessellation import winding_villages
from gridmap.errors import InvalidInput
from gridmap.geo.cell_build import build_cells
from gridmap.geo.cell_lookup import CellLookup
from gridmap.geo.cells import CellIndex
from tests.shapes import SHAPES


def assert_same(one: CellIndex, other: CellIndex) -> None:
    for field in fields(CellIndex):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), field.name)


@pytest.mark.parametrize("name", SHAPES)
def test_polygons_come_back_vertex_by_vertex(name: str) -> None:
    segments = SHAPES[name]()
    index = build_cells(segments)
    given = [polygon for segment in segments for polygon in segment]
    assert index.polygons == len(given)
    for position, polygon in enumerate(given):
        whole = shapely.MultiPolygon([polygon]) if polygon.geom_type == "Polygon" else polygon
        found = index.polygon(position)
        found = shapely.MultiPolygon([found]) if found.geom_type == "Polygon" else found
        assert found.wkb == whole.wkb


def test_an_edge_that_neighbours_share_is_kept_once() -> None:
    (village,) = winding_villages(1, 1)
    apart = sum(len(build_cells([[grid]]).vertices) for grid in village)
    together = build_cells([village])
    kept = np.isfinite(together.vertices).all(axis=1).sum()
    # Four lines of eighteen edges are shared by two of five grids each.
    assert apart - len(together.vertices) > 4 * 18 - 4 * 4
    assert kept <= 5 * 73


def test_segments_built_apart_and_joined_are_those_built_at_once() -> None:
    segments = [*SHAPES["enclaves"](), *SHAPES["winding"](), *SHAPES["overlapping"]()]
    assert_same(CellIndex.joined([build_cells([segment]) for segment in segments]), build_cells(segments))


def test_a_segment_does_not_depend_on_its_neighbours() -> None:
    villages = [list(village) for village in winding_villages(2, 2)]
    index = build_cells(villages)
    villages[1] = [shapely.box(0, 0, 1, 1)]
    changed = build_cells(villages)
    lookup, after = CellLookup(index), CellLookup(changed)
    point = villages[3][2].representative_point()
    assert lookup.locate(point.x, point.y) == ((17,), False)
    assert after.locate(point.x, point.y) == ((13,), False)


def test_arrays_are_locked() -> None:
    index = build_cells(SHAPES["squares"]())
    with pytest.raises(ValueError, match="read-only"):
        index.words[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        replace(index, cells=index.cells.copy()).cells[0] = 1


def not_a_number() -> shapely.Polygon:
    with np.errstate(invalid="ignore"):
        return shapely.Polygon([(0, 0), (1, 0), (1, np.nan)])


@pytest.mark.parametrize(
    "segments",
    [
        [],
        [[]],
        [[shapely.box(0, 0, 1, 1)], []],
        [[shapely.Polygon()]],
        [[not_a_number()]],
        [[shapely.box(0, 0, 1, 1e10)]],
    ],
)
def test_what_can_not_be_looked_up_is_refused(segments: list[list[shapely.Polygon]]) -> None:
    with pytest.raises(InvalidInput):
        build_cells(segments)


def test_heights_are_left_out() -> None:
    solid = shapely.force_3d(shapely.box(0, 0, 1, 1), 5.0)
    assert build_cells([[solid]]).polygon(0).equals(shapely.box(0, 0, 1, 1))


def test_a_sliver_across_a_county_does_not_need_a_county_of_cells() -> None:
    sliver = shapely.Polygon([(100, 30), (110, 40), (110, 40.0000001)])
    index = build_cells([[sliver]])
    assert len(index.cells) <= 8
    assert CellLookup(index).locate(110.0, 40.00000005) == ((0,), True)
