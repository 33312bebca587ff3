"""On which side of a line a point lies, decided for the doubles as they are: never wrong by a rounding error.

A line from a to b has its left side at +1. Every other question of the cell index is put in these terms.
"""

# The bound of Shewchuk's first stage (Adaptive Precision Floating-Point Arithmetic, 1997): (3 + 16 eps) eps, where eps
# is 2**-53. A determinant farther from nought than this part of its terms has the right sign.
FILTER = 3.3306690738754716e-16
# Products below this may have lost bits to underflow, against which the bound above does not guard.
UNDERFLOW = 1e-290


def side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """1 when p is left of the line from a to b, -1 right of it, 0 on it, for any finite doubles.

    >>> side(0.0, 0.0, 1.0, 1.0, 0.0, 1.0), side(0.0, 0.0, 1.0, 1.0, 1.0, 0.0), side(0.0, 0.0, 1.0, 1.0, 3.0, 3.0)
    (1, -1, 0)
    """
    left = (bx - ax) * (py - ay)
    right = (by - ay) * (px - ax)
    found = left - right
    bound = FILTER * (abs(left) + abs(right)) + UNDERFLOW
    if found > bound:
        return 1
    if found < -bound:
        return -1
    return exact_side(ax, ay, bx, by, px, py)


def exact_side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """The same in whole numbers throughout. The next double above a half is told from the half:

    >>> exact_side(0.0, 0.0, 1.0, 1.0, 0.5, 0.5), exact_side(0.0, 0.0, 1.0, 1.0, 0.5, 0.5000000000000001)
    (0, 1)
    """
    ratios = [number.as_integer_ratio() for number in (ax, ay, bx, by, px, py)]
    # The denominators are powers of two, so that the largest is a multiple of all.
    common = max(ratio[1] for ratio in ratios)
    wax, way, wbx, wby, wpx, wpy = (ratio[0] * (common // ratio[1]) for ratio in ratios)
    found = (wbx - wax) * (wpy - way) - (wby - way) * (wpx - wax)
    return (found > 0) - (found < 0)


def nudged_side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """The side of a point a hair above p and a far thinner hair to its right: never 0, unless a is b.

    A path moved by such a hair meets no vertex and runs along no edge, so that counting its crossings needs no case
    for them (simulation of simplicity, Edelsbrunner and Mücke 1990).

    >>> nudged_side(0.0, 0.0, 1.0, 0.0, 0.5, 0.0), nudged_side(0.0, 0.0, 0.0, 1.0, 0.0, 0.5)
    (1, -1)
    """
    found = side(ax, ay, bx, by, px, py)
    if found:
        return found
    if bx != ax:
        return 1 if bx > ax else -1
    return (by < ay) - (by > ay)


def on_segment(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> bool:
    """Whether p lies on the segment from a to b, its ends included.

    >>> on_segment(0.0, 0.0, 2.0, 2.0, 2.0, 2.0), on_segment(0.0, 0.0, 2.0, 2.0, 3.0, 3.0)
    (True, False)
    """
    if not (min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by)):
        return False
    return side(ax, ay, bx, by, px, py) == 0
