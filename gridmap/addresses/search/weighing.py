"""The loops over what the names in a text may mean, compiled: how like each division is, and how those above it agree.

A name is told as `names.Found` tells it. What stands in the text is told by its begin and its end; `spans` are pairs
of them.
"""

from gridmap.addresses.search.kernels import Int32s
from gridmap.geo.arrays import BoolArray, FloatArray
from gridmap.geo.compiled import bare, inlined

LEVELS = ("province", "prefecture", "county", "township", "village")
"""The levels by their numbers."""
_COUNTY, _TOWNSHIP, VILLAGE = 2, 3, 4
FIRST, LAST = 2, 4
"""The columns of a found name in which its first place begins, and its last."""
_ABSENT = (1.0, 1.0, 1.0, 0.985, 1.0)
"""What a reading is worth when the text does not name what lies above, by its level."""
_AGAINST = (0.85, 0.85, 0.78, 0.7, 1.0)
"""The same when it names another."""
_BOTH_WRONG = 8
SURE_NAME = 0.9
"""A name that is as like as this is taken to have been meant, so that it can stand against another."""
ALIKE, ALIKE_IN_TOWNSHIP = 0.55, 0.5
_LIKE_UPPER, _HALF_SAID = 0.5, 0.7
"""A larger division is taken to have been said when its name is as like as this: one sign of two is wrong."""
MARGIN = 0.13
"""Readings that are so much worse than the best are no reading of the text."""
ONLY_LOCAL = 0.78
_NOT_VILLAGE = 0.7
_LEADING = 0.4
_LEFT_UNREAD, _MOST_UNREAD = 0.11, 0.4


@bare
def see_divisions(
    found: Int32s, likeness: FloatArray, starts: Int32s, meant: Int32s, factors: FloatArray, wholes: BoolArray,
    last_signs: Int32s, levels: Int32s, larger: BoolArray, marks: Int32s, like: FloatArray, named: Int32s,
    whole: BoolArray, seen: Int32s, sure: Int32s,
) -> tuple[int, int]:  # fmt: skip
    """The divisions that found names may mean, in the order in which they come, and for each the name most like it;
    how many there are, and how many of them, larger than a village, are surely named.

    `starts`, `meant`, `factors`, `wholes`: the divisions that each name means, how surely, and whether it is more than
    an abbreviation. `last_signs`: the last sign of each name. `larger` and `marks`: where in the text the word for
    something larger than a village follows, and which such word stands before.
    By division: `like` is 0 and becomes the likeness, `named` is -1 and becomes the row of the name, `whole`.
    """
    count = 0
    for row in range(len(found)):
        name, end = found[row, 0], found[row, LAST + 1]
        is_larger = larger[end] or (marks[end] != 0 and marks[end] != last_signs[name])
        for at in range(starts[name], starts[name + 1]):
            division = meant[at]
            found_like = likeness[row] * factors[at]
            if is_larger and levels[division] == VILLAGE:
                found_like *= _NOT_VILLAGE
            if named[division] < 0:
                seen[count] = division
                count += 1
            if found_like > like[division]:
                like[division], named[division], whole[division] = found_like, row, wholes[at]
    named_surely = 0
    for at in range(count):
        division = seen[at]
        if like[division] >= SURE_NAME and whole[division] and levels[division] != VILLAGE:
            sure[named_surely] = division
            named_surely += 1
    return count, named_surely


@inlined
def _is_taken(begin: int, end: int, spans: Int32s, count: int) -> bool:
    """Whether a place shares a sign with one of some spans."""
    taken = False
    for at in range(count):
        taken |= begin < spans[2 * at + 1] and spans[2 * at] < end
    return taken


@inlined
def _free_column(name: Int32s, spans: Int32s, count: int) -> int:
    """The column of the first of a name's two places that no span has taken; 0 when both are."""
    if not _is_taken(name[FIRST], name[FIRST + 1], spans, count):
        return FIRST
    if not _is_taken(name[LAST], name[LAST + 1], spans, count):
        return LAST
    return 0


@inlined
def _is_said(
    like: float, begin: int, end: int, names_end: int, above: int, sure: Int32s, found: Int32s, named: Int32s
) -> bool:
    """Whether a name was meant where something like it stands: not in the door's numbers, nor where another stands as
    it is known, of whatever level: 卓尼县 says nothing of 尼巴镇."""
    if like >= SURE_NAME:
        return True
    if like < _LIKE_UPPER or (like < _HALF_SAID and end > names_end):
        return False
    for at in range(len(sure)):
        other = sure[at]
        if other != above:
            name = found[named[other]]
            if (begin < name[FIRST + 1] and name[FIRST] < end) or (begin < name[LAST + 1] and name[LAST] < end):
                return False
    return True


@inlined
def _stands_against(
    above: int, sure: Int32s, levels: Int32s, found: Int32s, named: Int32s, spans: Int32s, count: int
) -> bool:
    """Whether the text names another division of the level; puts behind the spans where."""
    for at in range(len(sure)):
        other = sure[at]
        if other != above and levels[other] == levels[above]:
            name = found[named[other]]
            column = _free_column(name, spans, count)
            if column:
                spans[2 * count], spans[2 * count + 1] = name[column], name[column + 1]
                return True
    return False


@inlined
def _unread(signs: Int32s, spans: Int32s, first: int, count: int, others: Int32s) -> float:
    """How many signs of names neither the spans nor others explain; what leads in is less likely one."""
    begins = spans[2 * first] if count > first else 0
    for at in range(first, count):
        begins = min(begins, spans[2 * at])
    left = 0.0
    for at in range(len(signs)):
        sign = signs[at]
        one_sign = _is_taken(sign, sign + 1, spans[2 * first :], count - first)
        if not (one_sign or _is_taken(sign, sign + 1, others, len(others) // 2)):
            left += _LEADING if sign < begins else 1.0
    return left


@inlined
def _read_above(
    division: int, likeness: float, above: Int32s, levels: Int32s, sure: Int32s, found: Int32s, like: FloatArray,
    named: Int32s, ends: Int32s, names_end: int, spans: Int32s, count: int,
) -> tuple[float, bool, int]:  # fmt: skip
    """How the divisions above one agree with the text, whether it names the township, and the number of spans, with
    those of the names above.

    That a name is misspelt and what stands above it is wrong as well is hardly ever so.
    """
    upper, township = 1.0, False
    for step in range(above.shape[1]):
        over = above[division, step]
        if over < 0:
            break
        column = _free_column(found[named[over]], spans, count) if named[over] >= 0 else 0
        if column:
            begin, end = found[named[over], column], found[named[over], column + 1]
            if _is_said(like[over], begin, end, names_end, over, sure, found, named):
                spans[2 * count], spans[2 * count + 1] = begin, ends[levels[over], end]
                count += 1
                township |= like[over] >= _HALF_SAID and (levels[over] == _TOWNSHIP or levels[over] == _COUNTY)
                upper *= 1 - (1 - like[over]) / 3
                continue
        if _stands_against(over, sure, levels, found, named, spans, count):
            count += 1
            upper *= _AGAINST[levels[over]] ** (1 + _BOTH_WRONG * (1 - likeness))
        else:
            upper *= _ABSENT[levels[over]]
    return upper, township, count


@inlined
def _weight(likeness: float, upper: float, unread: float) -> float:
    """What readings are compared by."""
    return likeness * upper * (1 - min(_MOST_UNREAD, _LEFT_UNREAD * unread))


@inlined
def _kind(level: int) -> int:
    """Villages are compared with villages, and what is larger with what is larger."""
    return 1 if level == VILLAGE else 0


@inlined
def _keep(divisions: Int32s, levels: Int32s, figures: FloatArray, best: FloatArray, kept: Int32s) -> int:
    """The rows that are nearly as good as the best of their kind; how many."""
    count = 0
    for row in range(len(divisions)):
        if figures[row, 2] >= max(0.0, best[_kind(levels[divisions[row]])] - MARGIN):
            kept[count] = row
            count += 1
    return count


@bare
def weigh_seen(
    seen: Int32s, above: Int32s, levels: Int32s, sure: Int32s, found: Int32s, like: FloatArray, named: Int32s,
    ends: Int32s, signs: Int32s, others: Int32s, names_end: int, best: FloatArray, spans: Int32s, counts: Int32s,
    figures: FloatArray, kept: Int32s,
) -> int:  # fmt: skip
    """How well the divisions are read that a text names, each with what it says above it; how many may be kept.

    `above`: of each division those above it, the next first, then -1. `sure`: those that are surely named. `ends`: by
    level, where a name ends with the word for what it is. `signs`: where signs of names stand; `others`: spans of
    names that are read besides. `names_end`: where the numbers begin.
    `best`: the best weight of anything larger and of a village so far. `spans` and `counts`: what each reading takes
    of the text. `figures`: its upper part, the signs left unread, and its weight, -1 for no reading. `kept`: the rows
    of those that may be as good as the best.
    """
    for row in range(len(seen)):
        division = seen[row]
        likeness, level = like[division], levels[division]
        figures[row, 2] = -1.0
        if likeness < best[_kind(level)] - MARGIN:
            continue
        column = LAST if level == VILLAGE else FIRST
        spans[row, 0], end = found[named[division], column], found[named[division], column + 1]
        spans[row, 1] = ends[level, end]
        upper, township, count = _read_above(
            division, likeness, above, levels, sure, found, like, named, ends, names_end, spans[row], 1
        )
        if likeness >= (ALIKE_IN_TOWNSHIP if township else ALIKE):
            unread = _unread(signs, spans[row], 0, count, others)
            weight = _weight(likeness, upper, unread)
            counts[row] = count
            figures[row, 0], figures[row, 1], figures[row, 2] = upper, unread, weight
            best[_kind(level)] = max(best[_kind(level)], weight)
    return _keep(seen, levels, figures, best, kept)


@bare
def weigh_holders(
    villages: Int32s, likeness: float, begin: int, end: int, alone: bool, above: Int32s, levels: Int32s, sure: Int32s,
    found: Int32s, like: FloatArray, named: Int32s, ends: Int32s, signs: Int32s, others: Int32s, names_end: int,
    best: FloatArray, spans: Int32s, counts: Int32s, figures: FloatArray, kept: Int32s,
) -> int:  # fmt: skip
    """The same of villages in which something has a name that the text says, from `begin` to `end`, so alike.

    `alone`: whether the name tells enough where no township is named. The name's own span, the first, is no division's.
    """
    for row in range(len(villages)):
        village = villages[row]
        figures[row, 2] = -1.0
        if like[village] >= ALIKE:
            continue
        spans[row, 0], spans[row, 1] = begin, end
        upper, township, count = _read_above(
            village, likeness, above, levels, sure, found, like, named, ends, names_end, spans[row], 1
        )
        if township or alone:
            unread = _unread(signs, spans[row], 1, count, others)
            weight = _weight(ONLY_LOCAL * likeness, upper, unread)
            counts[row] = count
            figures[row, 0], figures[row, 1], figures[row, 2] = upper, unread, weight
            best[_kind(levels[village])] = max(best[_kind(levels[village])], weight)
    return _keep(villages, levels, figures, best, kept)
