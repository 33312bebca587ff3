"""Orientation is never wrong: against fractions, for any doubles, in Python and compiled."""

from fractions import Fraction
from math import inf, nextafter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.geo import cell_kernels
from gridmap.geo.predicates import exact_side, nudged_side, on_segment, side

DEGREES = st.floats(-180, 180)
TINY = st.sampled_from([0.0, 5e-324, -5e-324, 1e-300, 1e-200, -1e-160, 2.0**-460])
NUMBERS = st.one_of(DEGREES, TINY, st.integers(-4, 4).map(float))
SIX = st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS)


def by_fractions(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    x1, y1, x2, y2, x, y = map(Fraction, (ax, ay, bx, by, px, py))
    cross = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
    return (cross > 0) - (cross < 0)


def almost_on_a_line(count: int = 20_000) -> list[list[float]]:
    """Lines through places near (0, 0), where doubles stand close, and a point on them or one double beside."""
    random = np.random.default_rng(2)
    a, b = random.uniform(-30, -10, (count, 1)), random.uniform(10, 30, (count, 1))
    p = np.repeat(random.uniform(-1, 1, (count, 1)), 2, axis=1)
    p = np.where(random.random(p.shape) < 0.5, np.nextafter(p, inf), p)
    rows: list[list[float]] = np.hstack([a, a, b, b, p]).tolist()
    return rows


@settings(deadline=None)  # the first call compiles
@given(SIX)
def test_side_is_right_for_any_doubles(line: tuple[float, float, float, float, float, float]) -> None:
    right = by_fractions(*line)
    assert (side(*line), exact_side(*line)) == (right, right)
    assert cell_kernels.decide_side(*line) in {right, cell_kernels.UNDECIDED}


def test_side_is_right_where_rounding_is_not() -> None:
    lines = almost_on_a_line()
    right = [by_fractions(*line) for line in lines]
    rounded = [np.sign((bx - ax) * (py - ay) - (by - ay) * (px - ax)) for ax, ay, bx, by, px, py in lines]
    assert [side(*line) for line in lines] == right
    assert [cell_kernels.decide_side(*line) for line in lines] == right
    assert sum(a != b for a, b in zip(rounded, right, strict=True)) > 500, "these points are too easy to prove anything"


def test_the_compiled_side_owns_up_to_underflow() -> None:
    line = (0.0, 0.0, 1e-200, 1e-200, 1e-200, nextafter(1e-200, 1))
    assert cell_kernels.decide_side(*line) == cell_kernels.UNDECIDED
    assert side(*line) == 1


@given(SIX)
def test_a_hair_beside_a_line_is_never_on_it(line: tuple[float, float, float, float, float, float]) -> None:
    ax, ay, bx, by, px, py = line
    if (ax, ay) == (bx, by):
        return
    found = nudged_side(*line)
    assert found in {1, -1}
    assert found == side(*line) or side(*line) == 0
    assert found == -nudged_side(bx, by, ax, ay, px, py)
    if side(*line) == 0:
        up, thin = Fraction(1, 10**400), Fraction(1, 10**800)
        x, y = Fraction(px) + thin, Fraction(py) + up
        wide, high = Fraction(bx) - Fraction(ax), Fraction(by) - Fraction(ay)
        cross = wide * (y - Fraction(ay)) - high * (x - Fraction(ax))
        assert found == (1 if cross > 0 else -1)


@pytest.mark.parametrize(
    ("px", "py", "on"),
    [(0.0, 0.0, True), (1.0, 0.5, True), (2.0, 1.0, True), (3.0, 1.5, False), (1.0, nextafter(0.5, 1), False)],
)
def test_a_segment_ends_at_its_ends(px: float, py: float, on: bool) -> None:
    assert on_segment(0.0, 0.0, 2.0, 1.0, px, py) is on
    assert on_segment(2.0, 1.0, 0.0, 0.0, px, py) is on
