"""The loops of the search, compiled: names in a text, doors in a village, doors near a point."""

import math

import numpy as np
import numpy.typing as npt

from gridmap.geo.arrays import BoolArray, FloatArray
from gridmap.geo.compiled import bare, compiled, inlined

Int32s = npt.NDArray[np.int32]

SIGN, SYLLABLE, OTHER, ALIKE, HALF, LETTER = range(6)
"""The columns of a text's or a name's symbols."""
RELATED = ((LETTER, LETTER), (HALF, HALF), (OTHER, SYLLABLE), (SYLLABLE, OTHER))
"""Columns of a sign and of a text that may agree though the sign is another."""
WRONG = 100
"""What a wrong sign costs; a homophone costs less, a dropped or an added sign nearly as much."""
_HEARD, _READ, _DIALECT, _BREATH, _INITIAL = 10, 13, 22, 45, 25
_SPELLED, _DROPPED, _ADDED, _SWAPPED, _UNTYPED = 2, 95, 70, 50, 4
_LONGEST = 24

GROUP, HAMLET, STREET, NUMBER, SUB, ESTATE, BUILDING, UNIT, FLOOR, ROOM = range(10)
"""The columns of a door, in the order of its label."""
ABSENT, UNKNOWN = -1, -2
"""A segment that is not there, and one that is said but that no door has."""
IMPOSSIBLE = 100
"""A door that costs so much is another door."""
_LEFT_OUT = (24, 22, 30, 200, 200, 22, 200, 200, 6, 200)
"""A door has it and the text does not say it."""
_ADDED_SEGMENT = (12, 12, 14, 300, 300, 12, 130, 18, 6, 14)
"""The text says it and the door does not have it."""
_CONTRADICTED = (140, 120, 130, 200, 200, 120, 200, 200, 60, 200)


@inlined
def _differ(sign: Int32s, text: Int32s) -> int:
    """What it costs to read one symbol for another."""
    if sign[SIGN] == text[SIGN]:
        return 0
    if text[SYLLABLE] < 0 or sign[SYLLABLE] < 0:
        return _INITIAL if text[SIGN] < 0 and text[LETTER] >= 0 and sign[LETTER] == text[LETTER] else WRONG
    if sign[SYLLABLE] == text[SYLLABLE]:
        return _SPELLED if text[SIGN] < 0 else _HEARD
    if sign[OTHER] == text[SYLLABLE] or sign[SYLLABLE] == text[OTHER]:
        return _SPELLED + 1 if text[SIGN] < 0 else _READ
    if sign[ALIKE] == text[ALIKE]:
        return _DIALECT
    return _BREATH if sign[HALF] == text[HALF] else WRONG


@inlined
def _is_shared(sign: Int32s, text: Int32s) -> bool:
    """Whether a symbol of a text is the sign or sounds half like it.

    A sign is known by its sound; only where nothing but the first letter was typed does that tell anything.
    """
    if sign[HALF] < 0:
        return bool(sign[SIGN] == text[SIGN])
    if text[HALF] < 0:
        return bool(text[LETTER] >= 0 and sign[LETTER] == text[LETTER])
    return bool(sign[HALF] == text[HALF])


@inlined
def _note(
    at: int, place: int, signs: Int32s, text: Int32s, differ: Int32s, rows: Int32s, least: Int32s, shared: Int32s,
    noted: Int32s, count: int,
) -> int:  # fmt: skip
    """What a sign costs at a place of a text; how many signs have been noted."""
    if rows[at] == 0:
        noted[count] = at
        count += 1
        rows[at] = count
        differ[count] = WRONG
        shared[at] = False
    cost = _differ(signs[at], text[place])
    differ[rows[at], place] = cost
    least[at] = min(least[at], cost)
    shared[at] |= _is_shared(signs[at], text[place])
    return count


@inlined
def _compare(
    signs: Int32s, order: Int32s, starts: Int32s, text: Int32s, differ: Int32s, rows: Int32s, least: Int32s,
    shared: Int32s, noted: Int32s,
) -> int:  # fmt: skip
    """Notes the signs that have anything to do with a text, and how many they are.

    For each sign its row of `differ`, with what it costs at each place (0 for the one of all others, which are wrong
    everywhere), the least of these, and 1 when the text shares it. `order` and `starts` are `names.Signs`'.
    """
    differ[0] = WRONG
    rows[:] = 0
    least[:] = _DROPPED
    count = 0
    for place in range(len(text)):
        symbol = text[place]
        at = np.searchsorted(signs[:, SIGN], symbol[SIGN])
        while at < len(signs) and signs[at, SIGN] == symbol[SIGN]:
            count = _note(at, place, signs, text, differ, rows, least, shared, noted, count)
            at += 1
        for way in range(len(RELATED)):
            value = symbol[RELATED[way][1]]
            # What has a sound is known by that, and only an initial by its letter.
            if value >= 0 and (way != 0 or symbol[HALF] < 0):
                for other in range(starts[way, value], starts[way, value + 1]):
                    count = _note(order[way, other], place, signs, text, differ, rows, least, shared, noted, count)
    return count


@inlined
def _fill_row(name: Int32s, i: int, differ: Int32s, rows: Int32s, work: Int32s) -> int:
    """The costs and begins of a name's first `i` signs up to each place of the text; where the row stands in `work`."""
    wide = differ.shape[1] + 1
    row: int = (i % 3) * 2 * wide
    above, before = ((i - 1) % 3) * 2 * wide, ((i - 2) % 3) * 2 * wide
    own, last = differ[rows[name[i - 1]]], differ[rows[name[max(i - 2, 0)]]]
    work[row] = i * _DROPPED
    work[row + wide] = 0
    for j in range(1, wide):
        cost = work[above + j - 1] + own[j - 1]
        start = work[above + wide + j - 1]
        other = work[above + j] + _DROPPED
        if other < cost:
            cost, start = other, work[above + wide + j]
        other = work[row + j - 1] + _ADDED
        if other < cost:
            cost, start = other, work[row + wide + j - 1]
        if i > 1 and j > 1:
            crossed = last[j - 1] + own[j - 2]
            other = work[before + j - 2] + _SWAPPED + crossed
            if crossed < WRONG and other < cost:
                cost, start = other, work[before + wide + j - 2]
        work[row + j] = cost
        work[row + wide + j] = start
    return row


@inlined
def _align(name: Int32s, differ: Int32s, rows: Int32s, unfinished: bool, work: Int32s, spot: Int32s) -> None:
    """Puts into `spot` the least cost of a name in a text, begin and end of the first such place and of the last."""
    wide, length = differ.shape[1] + 1, len(name)
    best, begin, end, last_begin, last_end = WRONG * length, 0, 0, 0, 0
    for j in range(wide):
        work[j] = 0
        work[wide + j] = j
    row = 0
    for i in range(1, length + 1):
        row = _fill_row(name, i, differ, rows, work)
        if unfinished and i < length:
            typed, start = work[row + wide - 1], work[row + 2 * wide - 1]
            cost = typed + _UNTYPED * (length - i)
            if cost < best and typed < _INITIAL * i + 1 and start < wide - 1:
                best, begin, end, last_begin, last_end = cost, start, wide - 1, start, wide - 1
    for j in range(1, wide):
        cost, start = work[row + j], work[row + wide + j]
        if cost < best:
            best, begin, end, last_begin, last_end = cost, start, j, start, j
        elif cost == best and cost < WRONG * length and end > 0:
            last_begin, last_end = start, j
    spot[1], spot[2], spot[3], spot[4], spot[5] = best, begin, end, last_begin, last_end


@inlined
def _may_stand(name: Int32s, most: float, unfinished: bool, least: Int32s, hits: int) -> bool:
    """Whether a text may hold a name at no more than a cost: it has half of its signs, and none costs too much."""
    if unfinished or hits * 2 < len(name):
        return unfinished and hits > 0
    cost = 0
    for at in range(len(name)):
        cost += least[name[at]]
    return cost <= most


@bare
def find_names(
    signs: Int32s, order: Int32s, ways: Int32s, names: Int32s, starts: Int32s, weights: FloatArray, holders: Int32s,
    held: Int32s, text: Int32s, places: Int32s, unfinished: bool, like: float, found: Int32s, likeness: FloatArray,
    differ: Int32s, rooms: Int32s, hits: Int32s, work: Int32s,
) -> int:  # fmt: skip
    """Where each name stands in a text at the least cost, misheard, misspelt or swapped.

    `signs`, `order` and `ways` are the different symbols of all names (`names.Signs`), `names` which of them each name
    has, from its start on; `weights`: how much is wrong when nothing of a name is left. `holders`: the names that have
    each sign, from `held` on. `places`: where the symbols of the text stand. `unfinished`: it may break off within a
    name.
    A row of `found` for each name that may be there, at least so alike as `like`: its number, the cost, begin and end
    of the first such place and of the last. The others are room: a cost for each sign and one more at each symbol of
    the text, four rows of a number for each sign, one for each name, and `6 * (len(text) + 1)`.
    """
    rows, least, shared, noted = rooms[0], rooms[1], rooms[2], rooms[3]
    hits[:] = 0
    for at in range(_compare(signs, order, ways, text, differ, rows, least, shared, noted)):
        sign = noted[at]
        if shared[sign]:
            for place in range(held[sign], held[sign + 1]):
                hits[holders[place]] += 1
    count = 0
    for at in range(len(starts) - 1):
        if hits[at] == 0:
            continue
        name = names[starts[at] : starts[at + 1]]
        most = WRONG * weights[at] * (1 - like) + 1
        if not _may_stand(name, most, unfinished, least, hits[at]):
            continue
        spot = found[count]
        spot[0] = at
        _align(name, differ, rows, unfinished, work, spot)
        if spot[1] >= (WRONG * len(name) * 3) // 5 + 10 or spot[3] == 0:
            continue
        likeness[count] = 1 - spot[1] / (WRONG * weights[at])
        if likeness[count] >= like:
            _tell_places(spot, places)
            count += 1
    return count


@inlined
def _tell_places(spot: Int32s, places: Int32s) -> None:
    """Turns the symbols between which a name stands into signs of the text."""
    once = spot[5] == spot[3]
    spot[2], spot[3] = places[spot[2], 0], places[spot[3] - 1, 1]
    if once:
        spot[4], spot[5] = spot[2], spot[3]
    else:
        spot[4], spot[5] = places[spot[4], 0], places[spot[5] - 1, 1]


@inlined
def _inside(place: int, ranges: npt.NDArray[np.int64]) -> bool:
    found = False
    for at in range(len(ranges)):
        found |= ranges[at, 0] <= place < ranges[at, 1]
    return found


@bare
def match_doors(
    doors: Int32s, places: npt.NDArray[np.int64], ranges: npt.NDArray[np.int64], first: int, end: int, asked: Int32s,
    best: Int32s, near: Int32s,
) -> None:  # fmt: skip
    """The doors of a village that agree best with what is asked, and those whose numbers are next to it.

    `best`: the least cost, how many have it, then their rows as far as there is room (-1 for none).
    `near`: pairs of row and distance in numbers, the nearest first, of doors that differ in nothing but the number.
    """
    best[:] = -1
    near[:] = -1
    least = 1 << 20
    count = 0
    room = len(best) - 2
    for row in range(first, end):
        if not _inside(places[row], ranges):
            continue
        cost = 0
        for field in range(10):
            said, has = asked[field], doors[row, field]
            if said == has:
                continue
            if said == ABSENT:
                cost += _LEFT_OUT[field]
            elif has == ABSENT:
                cost += _ADDED_SEGMENT[field]
            else:
                cost += _CONTRADICTED[field]
        if cost < least:
            least, count = cost, 0
        if cost == least:
            if count < room:
                best[2 + count] = row
            count += 1
        _note_neighbour(doors, row, asked, near)
    best[0], best[1] = least, count


@inlined
def _note_neighbour(doors: Int32s, row: int, asked: Int32s, near: Int32s) -> None:
    """Keeps a door in the order of its distance when only its last number differs."""
    field = ROOM if asked[ROOM] != ABSENT else (BUILDING if asked[BUILDING] != ABSENT else NUMBER)
    if asked[field] == ABSENT or asked[field] == UNKNOWN or doors[row, field] == ABSENT:
        return
    for other in range(10):
        if other in (field, SUB, FLOOR):
            continue
        if doors[row, other] != asked[other] and asked[other] != ABSENT:
            return
        if asked[other] == ABSENT and doors[row, other] != ABSENT and other not in (HAMLET, ESTATE):
            return
    far = abs(doors[row, field] - asked[field]) * 2
    if doors[row, SUB] != asked[SUB]:
        far += 1
    if far == 0:
        return
    slots = len(near) // 2
    at = slots - 1
    if near[2 * at] >= 0 and near[2 * at + 1] <= far:
        return
    while at > 0 and (near[2 * at - 2] < 0 or near[2 * at - 1] > far):
        near[2 * at], near[2 * at + 1] = near[2 * at - 2], near[2 * at - 1]
        at -= 1
    near[2 * at], near[2 * at + 1] = row, far


@bare
def complete_numbers(
    doors: Int32s, places: npt.NDArray[np.int64], ranges: npt.NDArray[np.int64], first: int, end: int, asked: Int32s,
    field: int, rows: Int32s,
) -> int:  # fmt: skip
    """Doors whose number in a field goes on from the asked one (1, then 10, 11, 12, …), in the order of the rows."""
    count = 0
    for row in range(first, end):
        value = doors[row, field]
        if value <= asked[field] or not _inside(places[row], ranges):
            continue
        fits = True
        for other in range(10):
            if other != field and asked[other] != ABSENT and asked[other] != doors[row, other]:
                fits = False
        while value > asked[field]:
            value //= 10
        if fits and value == asked[field]:
            rows[count] = row
            count += 1
            if count == len(rows):
                break
    return count


@bare
def count_agreeing(doors: Int32s, first: int, end: int, asked: Int32s, upto: int, sums: FloatArray, lon: FloatArray,
                   lat: FloatArray) -> int:  # fmt: skip
    """How many doors of a village agree in all asked segments up to a column, and the sums of their lon and lat."""
    count = 0
    sums[0] = sums[1] = 0.0
    for row in range(first, end):
        fits = True
        for field in range(upto + 1):
            if asked[field] != ABSENT and asked[field] != doors[row, field]:
                fits = False
                break
        if fits:
            count += 1
            sums[0] += lon[row]
            sums[1] += lat[row]
    return count


@compiled
def nearest_rows(
    lon: FloatArray, lat: FloatArray, by_lat: Int32s, places: npt.NDArray[np.int64], ranges: npt.NDArray[np.int64],
    dead: BoolArray, village: Int32s, x: float, y: float, wanted: int,
) -> tuple[Int32s, FloatArray]:  # fmt: skip
    """The rows nearest to a point and about how far they are, in degrees of latitude; for a choice of candidates.

    Rows are walked from the point's latitude to both sides, until none can be nearer.
    """
    rows = np.full(wanted, -1, np.int32)
    far = np.full(wanted, np.inf)
    narrow = max(math.cos(math.radians(y)), 1e-6)
    low, high = 0, len(by_lat)
    while low < high:
        middle = (low + high) // 2
        if lat[by_lat[middle]] < y:
            low = middle + 1
        else:
            high = middle
    down, up = low - 1, low
    while down >= 0 or up < len(by_lat):
        gap_down = y - lat[by_lat[down]] if down >= 0 else np.inf
        gap_up = lat[by_lat[up]] - y if up < len(by_lat) else np.inf
        # A degree of longitude is never quite as long as the plane has it: a little more is looked at.
        if min(gap_down, gap_up) > far[wanted - 1] * 1.02:
            break
        if gap_down <= gap_up:
            row = by_lat[down]
            down -= 1
        else:
            row = by_lat[up]
            up += 1
        if dead[village[row]] or not _inside(places[row], ranges):
            continue
        # The shorter way round the world.
        east = abs(lon[row] - x)
        away = math.hypot(min(east, 360.0 - east) * narrow, lat[row] - y)
        at = wanted
        while at > 0 and away < far[at - 1]:
            at -= 1
        if at < wanted:
            for place in range(wanted - 1, at, -1):
                rows[place], far[place] = rows[place - 1], far[place - 1]
            rows[at], far[at] = row, away
    return rows, far
