"""The lattice: one double for a number, and honest words about what rounding did to a shape."""

from decimal import Decimal

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.geo.lattice import STEP_DEG, from_units, on_lattice, snap, snap_geometry, to_units

DEGREES = st.floats(-180, 180)
UNITS = st.integers(-1_800_000_000, 1_800_000_000)


@given(UNITS)
def test_a_lattice_number_is_what_its_text_says(units: int) -> None:
    number = float(from_units(units))
    assert number == float(Decimal(units).scaleb(-7))
    assert int(to_units(number)) == units
    assert float(snap(number)) == number


@given(DEGREES)
def test_rounding_goes_to_the_nearest_and_stays_there(degrees: float) -> None:
    once = float(snap(degrees))
    assert float(snap(once)) == once
    assert abs(Decimal(once) - Decimal(degrees)) <= Decimal(STEP_DEG) / 2 + Decimal("1e-14")


def test_minus_nought_has_the_bits_of_nought() -> None:
    assert str(snap(-1e-9)) == "0.0"


def test_a_square_on_the_lattice_is_left_to_the_bit() -> None:
    square = shapely.box(103.5, 34.5, 103.6, 34.6)
    snapped = snap_geometry(square)
    assert on_lattice(square)
    assert shapely.to_wkb(snapped.geometry) == shapely.to_wkb(square)
    assert (snapped.moved, snapped.merged, snapped.is_clean) == (0, 0, True)


def test_off_the_lattice_by_a_hair_is_off() -> None:
    assert not on_lattice(shapely.Point(np.nextafter(103.5, 104), 34.5))


def test_vertices_that_meet_become_one() -> None:
    snapped = snap_geometry(shapely.Polygon([(0, 0), (1, 0), (1, 0.00000002), (1, 1)]))
    assert (snapped.moved, snapped.merged, snapped.is_clean) == (1, 1, True)
    assert snapped.geometry.equals(shapely.Polygon([(0, 0), (1, 0), (1, 1)]))


def test_a_hole_and_a_part_too_small_are_listed() -> None:
    tiny = shapely.box(0.5, 0.5, 0.50000004, 0.50000004)
    holed = shapely.Polygon(shapely.box(0, 0, 1, 1).exterior, [tiny.exterior])
    parts = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.transform(tiny, lambda xy: xy + 5)])
    assert snap_geometry(holed).collapsed[0].equals(tiny)
    assert snap_geometry(holed).geometry.equals(shapely.box(0, 0, 1, 1))
    assert len(snap_geometry(parts).collapsed) == 1
    assert snap_geometry(parts).geometry.equals(shapely.box(0, 0, 1, 1))


def test_nothing_left_is_empty_and_said_so() -> None:
    snapped = snap_geometry(shapely.box(0, 0, 1, 0.00000003))
    assert snapped.geometry.is_empty
    assert not snapped.is_clean


def test_a_shape_that_rounding_breaks_is_returned_broken_with_the_reason() -> None:
    # A spike across the lower side once its foot is rounded down onto it.
    spiked = shapely.Polygon([(0, 0), (1, 0), (1, 1), (0.5, 0.00000004), (0, 1)])
    snapped = snap_geometry(spiked)
    assert spiked.is_valid
    assert not snapped.is_clean
    assert "Self-intersection" in str(snapped.invalid_reason)
    assert snapped.collapsed == ()


def test_a_bow_tie_is_invalid_not_collapsed() -> None:
    snapped = snap_geometry(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]))
    assert snapped.collapsed == ()
    assert snapped.invalid_reason is not None


@pytest.mark.parametrize("empty", [shapely.Polygon(), shapely.MultiPolygon()])
def test_empty_stays_empty(empty: shapely.Polygon | shapely.MultiPolygon) -> None:
    assert snap_geometry(empty).geometry.is_empty
