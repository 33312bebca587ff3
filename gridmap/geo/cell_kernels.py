"""Looking many points up at once: the loops of `cell_lookup`, compiled."""

from typing import NamedTuple

import numpy as np

from gridmap.geo.arrays import FloatArray, IntArray
from gridmap.geo.cells import EDGE_SHIFT, MASK_BITS, MASK_SHIFT, MORE, SLOT_BITS, VERTEX_SHIFT, Int32Array
from gridmap.geo.compiled import bare, compiled, inlined
from gridmap.geo.predicates import FILTER, UNDERFLOW

UNDECIDED = -2
"""Told of a point that needs whole numbers: it differs from a line by less than doubles can multiply."""
NOTHING = -1
BORDER, COUNT_SHIFT = 1 << 32, 33
_SAFE = 2.0**-450
_BUCKETS = 512


@inlined
def side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """As `predicates.side`, and UNDECIDED where underflow could be in play."""
    left = (bx - ax) * (py - ay)
    right = (by - ay) * (px - ax)
    found = left - right
    bound = FILTER * (abs(left) + abs(right)) + UNDERFLOW
    if found > bound:
        return 1
    if found < -bound:
        return -1
    # Lines along an axis, which square grids are full of: a product with nought is nought exactly.
    if (bx == ax or py == ay) and (by == ay or px == ax):
        return 0
    return _expanded_side(ax, ay, bx, by, px, py)


@compiled
def decide_side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """`side` as it is compiled, for Python to call."""
    return side(ax, ay, bx, by, px, py)


@compiled
def _expanded_side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """The determinant as a sum of doubles that is exact, by Dekker's and Knuth's error-free sums and products."""
    parts = np.empty(8)
    for at, (minuend, subtrahend) in enumerate(((bx, ax), (py, ay), (by, ay), (px, ax))):
        parts[2 * at], parts[2 * at + 1] = _sum(minuend, -subtrahend)
    for part in parts:
        if part != 0.0 and abs(part) < _SAFE:
            return UNDECIDED
    terms = np.zeros(16)
    count = 0
    for first in range(2):
        for second in range(2, 4):
            high, low = product(parts[first], parts[second])
            count = _add(terms, _add(terms, count, high), low)
            high, low = product(-parts[4 + first], parts[4 + second])
            count = _add(terms, _add(terms, count, high), low)
    for at in range(count - 1, -1, -1):
        if terms[at] != 0.0:
            return 1 if terms[at] > 0.0 else -1
    return 0


@compiled
def _sum(a: float, b: float) -> tuple[float, float]:
    high = a + b
    from_b = high - a
    return high, (a - (high - from_b)) + (b - from_b)


@compiled
def product(a: float, b: float) -> tuple[float, float]:
    """The product of two doubles and what rounding took off it, exactly, where nothing over- or underflows."""
    high = a * b
    split = 134217729.0 * a
    a_high = split - (split - a)
    a_low = a - a_high
    split = 134217729.0 * b
    b_high = split - (split - b)
    b_low = b - b_high
    return high, a_low * b_low - (((high - a_high * b_high) - a_low * b_high) - a_high * b_low)


@compiled
def _add(terms: FloatArray, count: int, term: float) -> int:
    """Adds a term to an expansion, whose terms do not overlap and grow; the new number of terms."""
    for at in range(count):
        term, terms[at] = _sum(term, terms[at])
    terms[count] = term
    return count + 1


@inlined
def _nudged(ax: float, ay: float, bx: float, by: float, found: int) -> int:
    """As `predicates.nudged_side`, from the side that was found."""
    if found != 0:
        return found
    if bx != ax:
        return 1 if bx > ax else -1
    return -1 if by > ay else 1


@inlined
def _meeting(px: float, py: float, x0: float, y0: float, ax: float, ay: float, bx: float, by: float) -> int:
    """How the path from p west to x0, and from there south to y0, meets an edge.

    Bit 0: p is on the edge; bit 1: the path crosses it an odd number of times; UNDECIDED.
    """
    if (ax < x0 and bx < x0) or (ax > px and bx > px) or (ay > py and by > py) or (ay < y0 and by < y0):
        return 0
    here = side(ax, ay, bx, by, px, py)
    if here == UNDECIDED:
        return UNDECIDED
    if here == 0 and min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by):
        return 1
    west = (ay <= py) != (by <= py)
    south = (ax <= x0) != (bx <= x0)
    if not (west or south):
        return 0
    turn = side(ax, ay, bx, by, x0, py)
    corner = side(ax, ay, bx, by, x0, y0) if south else 0
    if min(turn, corner) == UNDECIDED:  # the least of what they can be
        return UNDECIDED
    turn = _nudged(ax, ay, bx, by, turn)
    crossed = west and here != turn
    if south and _nudged(ax, ay, bx, by, corner) != turn:
        crossed = not crossed
    return 2 if crossed else 0


@inlined
def _in_block(
    px: float, py: float, x0: float, y0: float, words: Int32Array, at: int, vertices: FloatArray, base: int
) -> tuple[int, int]:
    """Masks of the polygons in a block that p touches, and of those on whose border it is; UNDECIDED as the first."""
    head = words[at]
    inside, border = (head >> MASK_SHIFT) & MASK_BITS, 0
    first = at + 1 + (head & SLOT_BITS)
    for entry in range(first, first + (head >> EDGE_SHIFT)):
        word = words[entry]
        v = base + (word >> VERTEX_SHIFT)
        met = _meeting(px, py, x0, y0, vertices[v, 0], vertices[v, 1], vertices[v + 1, 0], vertices[v + 1, 1])
        if met == 0:
            continue
        if met == 2:
            inside ^= word & MASK_BITS
        elif met == 1:
            border |= word & MASK_BITS
        else:
            return UNDECIDED, 0
    return inside | border, border


class Arrays(NamedTuple):
    """What the loops read of an index and its directory."""

    tile_scale: float
    tile_column: int
    tile_row: int
    tile_columns: int
    tile_rows: int
    tile_first: Int32Array
    tile_segments: Int32Array
    frame: FloatArray
    """Per segment its box, its cells in a degree and its cells' sides, across and up: one line of the cache."""
    base: IntArray
    """Per segment what to add to its own numbers of polygons, cells, words and vertices, and how many cells a row has.
    Cells are moved so that rows and columns need not be counted from the segment's first."""
    cells: Int32Array
    words: Int32Array
    vertices: FloatArray


@inlined
def _tile(on: Arrays, px: float, py: float) -> int:
    """The tile of a point; -1 outside of all and for what is no number."""
    # Rounded down before anything is taken off: just west of (0, 0) the difference would be rounded up.
    column, row = np.floor(px * on.tile_scale) - on.tile_column, np.floor(py * on.tile_scale) - on.tile_row
    if column >= 0 and row >= 0 and column < on.tile_columns and row < on.tile_rows:
        return int(row) * on.tile_columns + int(column)
    return -1


@compiled
def sort_by_place(on: Arrays, lon: FloatArray, lat: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """The numbers of the points, and they, neighbours together; those in no tile are left out."""
    start = np.zeros(_BUCKETS + 2, np.int64)
    bucket = np.empty(len(lon), np.int16)
    # Few enough buckets that each has a page of memory at hand to be written to.
    share = _BUCKETS / (on.tile_columns * on.tile_rows + 1.0)
    for at in range(len(lon)):
        tile = _tile(on, lon[at], lat[at])
        bucket[at] = int(tile * share) if tile >= 0 else _BUCKETS
        start[bucket[at] + 1] += 1
    for at in range(_BUCKETS + 1):
        start[at + 1] += start[at]
    number, x, y = np.empty(len(lon), np.int64), np.empty(len(lon)), np.empty(len(lon))
    for at in range(len(lon)):
        to = start[bucket[at]]
        start[bucket[at]] = to + 1
        number[to], x[to], y[to] = at, lon[at], lat[at]
    known = start[_BUCKETS - 1]
    return number[:known], x[:known], y[:known]


@inlined
def _noted(polygon: int, found: IntArray, count: int, lowest: int) -> tuple[int, int]:
    """One polygon more, written to `found` if that has room: how many there are now, and the first of them."""
    if count < len(found):
        found[count] = polygon
    return count + 1, polygon if count == 0 else min(lowest, polygon)


@inlined
def _touched_in_cell(
    on: Arrays, s: int, px: float, py: float, found: IntArray, count: int, lowest: int
) -> tuple[int, int, int]:
    """As they were with those of one segment that touch the point (UNDECIDED), and a mask of those that border it."""
    column, row = np.floor(px * on.frame[s, 4]), np.floor(py * on.frame[s, 5])
    cell = on.cells[on.base[s, 1] + np.int64(row) * on.base[s, 4] + np.int64(column)]
    if cell >= 0 and cell & 1 == 0:
        count, lowest = _noted(on.base[s, 0] + (cell >> 1), found, count, lowest)
    more = cell >= 0 and cell & 1 != 0
    at = on.base[s, 2] + (cell >> 1)
    bordering = 0
    while more:
        head = on.words[at]
        touching, border = _in_block(
            px, py, column * on.frame[s, 6], row * on.frame[s, 7], on.words, at, on.vertices, on.base[s, 3]
        )
        if touching == UNDECIDED:
            return UNDECIDED, lowest, 0
        bordering |= border
        slot = at + 1
        while touching:
            if touching & 1:
                count, lowest = _noted(on.base[s, 0] + on.words[slot], found, count, lowest)
            touching >>= 1
            slot += 1
        more = head & MORE != 0
        at += 1 + (head & SLOT_BITS) + (head >> EDGE_SHIFT)
    return count, lowest, bordering


@inlined
def _touched(on: Arrays, px: float, py: float, found: IntArray) -> int:
    """What touches a point, in one number: see `locate`. The polygons are written to `found` as far as it reaches."""
    count, lowest, bordering = 0, 0, 0
    tile = _tile(on, px, py)
    for t in range(on.tile_first[tile], on.tile_first[tile + 1]):
        s = on.tile_segments[t]
        if px < on.frame[s, 0] or py < on.frame[s, 1] or px > on.frame[s, 2] or py > on.frame[s, 3]:
            continue
        count, lowest, border = _touched_in_cell(on, s, px, py, found, count, lowest)
        if count == UNDECIDED:
            return UNDECIDED
        bordering |= border
    if count == 0:
        return NOTHING
    return lowest | (BORDER if bordering else 0) | count << COUNT_SHIFT


@bare
def locate(on: Arrays, number: IntArray, x: FloatArray, y: FloatArray, told: IntArray) -> None:
    """Fills in what touches the points of these numbers, each in one number.

    That is the first polygon, `BORDER` if the point is on the border of any, and from bit COUNT_SHIFT how many touch
    it; NOTHING; or UNDECIDED.
    """
    for at in range(len(number)):
        told[number[at]] = _touched(on, x[at], y[at], number[:0])


@compiled
def list_touching(on: Arrays, lon: FloatArray, lat: FloatArray, start: IntArray, found: IntArray) -> None:
    """Writes the polygons that touch each point from its `start` to the next's, in order. None is undecided."""
    for at in range(len(lon)):
        if start[at + 1] > start[at]:
            mine = found[start[at] : start[at + 1]]
            _touched(on, lon[at], lat[at], mine)
            mine.sort()
