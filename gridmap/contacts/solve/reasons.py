"""Why a pair is as it is, and why a household has none: facts found while solving, told in a sentence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gridmap.contacts.solve.problem import ELSEWHERE, UNKNOWN_M, VILLAGE, Problem, distances_m
from gridmap.geo.arrays import BoolArray, IntArray

BORN = (
    ("本村出生", "born in this village"),
    ("本乡镇出生", "born in this township"),
    ("本县出生", "born in this county"),
    ("外县出生", "born elsewhere"),
)
_AREA = (("本村", "this village"), ("本乡镇", "this township"), ("本县", "this county"))
_HOW = (("", ""), ("沿用原有结对", "as before"), ("按指定结对", "as asked for"))
NEW, KEPT, PINNED = range(3)
NO_OFFICER, NO_CAPACITY, ALL_FORBIDDEN, ROOM_FORBIDDEN = "no_officer", "no_capacity", "all_forbidden", "room_forbidden"
MISSED = {
    NO_OFFICER: ("县域内没有可用的联系干部", "no officer within the county can be used"),
    NO_CAPACITY: ("县域内联系干部名额已全部用完", "no capacity within the county: every first contact is taken"),
    ALL_FORBIDDEN: (
        "可用的联系干部均被禁止与本户结对",
        "all forbidden: no officer who can be used may be paired with it",
    ),
    ROOM_FORBIDDEN: (
        "尚有名额的联系干部均被禁止与本户结对",
        "all forbidden: every officer with capacity left must not be paired with it",
    ),
}
NO_BACKUP = ("没有另外的联系干部可用", "no other officer can be used")
_NONE, _FULL, _FORBIDDEN, _ROOM = range(4)


@dataclass(frozen=True, slots=True)
class Sentences:
    """A sentence a row, in Chinese and in English."""

    zh: list[str]
    en: list[str]


def first_reasons(problem: Problem, first: IntArray, tier: IntArray, how: IntArray) -> Sentences:
    """Of first contacts; rows without one get an empty sentence."""
    load = np.bincount(first[first >= 0], minlength=len(problem.officers))
    full = load >= problem.officers.capacity
    number, state = _better(problem, tier, full)
    facts = np.column_stack([first >= 0, tier, how, _nearer(problem, first, tier, load), number, state])
    return _told(facts, _first_sentence)


def further_reasons(problem: Problem, first: IntArray, other: IntArray, tier: IntArray, how: IntArray) -> Sentences:
    """Of back-ups and those after them; rows without one get an empty sentence."""
    same = problem.officers.of_same_unit(first, other)
    return _told(np.column_stack([other >= 0, tier, how, same]), _other_sentence)


def missed_reason(problem: Problem, first: IntArray) -> dict[int, str]:
    """The kind of reason, by household, for each that has no first contact."""
    missed, capacity = np.flatnonzero(first < 0).tolist(), problem.officers.capacity
    if not len(capacity):
        return dict.fromkeys(missed, NO_OFFICER)
    left = capacity - np.bincount(first[first >= 0], minlength=len(capacity))
    usual = ROOM_FORBIDDEN if left.max() > 0 else NO_CAPACITY
    # More capacity would not help a household that none of those who have any may be paired with.
    banned = problem.forbidden[capacity[problem.forbidden[:, 1]] > 0]
    refused = np.bincount(np.unique(banned, axis=0)[:, 0], minlength=len(first))
    usable = int((capacity > 0).sum())
    return {row: ALL_FORBIDDEN if usable and refused[row] == usable else usual for row in missed}


def _nearer(problem: Problem, first: IntArray, tier: IntArray, load: IntArray) -> IntArray:
    """For pairs inside a village, how many of its officers stand nearer, by row: full, forbidden, as busy, less busy.

    -1 everywhere when it is not known how near the contact stands.
    """
    officers, households = problem.officers, problem.households
    found = np.zeros((len(first), 4), np.int64)
    rows = np.flatnonzero((first >= 0) & (tier == VILLAGE))
    homes, nodes = officers.home, households.node[rows]
    officer_order, row_order = np.argsort(homes, kind="stable"), np.argsort(nodes, kind="stable")
    villages = np.unique(nodes)
    spans = (
        *np.searchsorted(homes[officer_order], [villages, villages + 1]),
        *np.searchsorted(nodes[row_order], [villages, villages + 1]),
    )
    full = load >= officers.capacity
    banned = problem.forbidden[:, 0] * len(officers) + problem.forbidden[:, 1]
    for low, high, start, end in zip(*spans, strict=True):
        columns, some = officer_order[low:high], rows[row_order[start:end]]
        columns = columns[officers.capacity[columns] > 0]
        metres = distances_m(households.place[some][:, None], officers.place[columns][None])
        own = distances_m(households.place[some], officers.place[first[some]])
        nearer = metres < own[:, None]
        forbidden = np.isin(some[:, None] * len(officers) + columns, banned) & ~full[columns]
        less = ~full[columns] & (load[columns] < load[first[some]][:, None])
        kinds = (full[columns], forbidden, ~full[columns] & ~forbidden & ~less, less & ~forbidden)
        found[some] = np.column_stack([(nearer & kind).sum(axis=1) for kind in kinds])
        found[some[own >= UNKNOWN_M]] = -1
    return found


def _better(problem: Problem, tier: IntArray, full: BoolArray) -> tuple[IntArray, IntArray]:
    """For pairs of a worse tier: how many officers there are one tier better, and what is with them."""
    tree, officers = problem.tree, problem.officers
    places = len(tree.parent)
    can = officers.capacity > 0
    number = np.bincount(officers.home[can], minlength=places)
    spare = np.bincount(officers.home[can & ~full], minlength=places)
    for child in range(places - 1):
        number[tree.parent[child]] += number[child]
        spare[tree.parent[child]] += spare[child]
    found, state = np.zeros(len(tier), np.int64), np.zeros(len(tier), np.int64)
    banned = np.unique(problem.forbidden[(can & ~full)[problem.forbidden[:, 1]]], axis=0)
    for level in range(1, ELSEWHERE + 1):
        rows = np.flatnonzero(tier == level)
        place = tree.at_level(problem.households.node, level - 1)
        there = banned[place[banned[:, 0]] == tree.at_level(officers.home[banned[:, 1]], level - 1)]
        refused = np.bincount(there[:, 0], minlength=len(tier))[rows]
        place = place[rows]
        known = place >= 0
        found[rows] = np.where(known, number[place], 0)
        room = np.where(spare[place] > refused, _ROOM, _FORBIDDEN)
        state[rows] = np.where(found[rows] == 0, _NONE, np.where(spare[place] == 0, _FULL, room))
    return found, state


def _told(facts: IntArray, sentence: Callable[..., tuple[str, str]]) -> Sentences:
    kinds, of = np.unique(facts, axis=0, return_inverse=True)
    told = [sentence(*row) for row in kinds.tolist()]
    return Sentences([told[at][0] for at in of.ravel().tolist()], [told[at][1] for at in of.ravel().tolist()])


def _first_sentence(there: int, tier: int, how: int, *facts: int) -> tuple[str, str]:
    if not there:
        return "", ""
    zh, en = [BORN[tier][0]], [BORN[tier][1]]
    if how != NEW:
        zh.append(_HOW[how][0])
        en.append(_HOW[how][1])
    *nearer, number, state = facts
    if tier > VILLAGE and (how, state) != (PINNED, _ROOM):
        _tell_better(zh, en, _AREA[tier - 1], number, state)
    elif how == NEW:
        _tell_nearer(zh, en, nearer)
    return "；".join(zh), "; ".join(en)


def _tell_better(zh: list[str], en: list[str], area: tuple[str, str], number: int, state: int) -> None:
    """What is with those of a better tier."""
    zh.append(
        (
            f"{area[0]}没有可用干部",
            f"{area[0]}{number}名干部名额已满",
            f"{area[0]}尚有名额的干部被禁止与本户结对",
            f"{area[0]}尚有名额，本次未重新结对",
        )[state]
    )
    en.append(
        (
            f"nobody born in {area[1]} can be used",
            f"all {number} born in {area[1]} are full",
            f"those born in {area[1]} who have room must not be paired with it",
            f"{area[1]} has room, but this pair was not solved anew",
        )[state]
    )


_NEARER = (
    ("更近的{}名干部名额已满", "the nearer officer is full", "the {} nearer officers are full"),
    ("更近的{}名干部被禁止与本户结对", "the nearer one is forbidden", "{} nearer are forbidden"),
    (
        "更近的{}名干部已联系足够户数，以均衡负担",
        "1 nearer carries an even share",
        "{} nearer carry their even share",
    ),
    ("更近的{}名干部按各村分工联系别户", "1 nearer is left to others", "{} nearer are left to others"),
)


def _tell_nearer(zh: list[str], en: list[str], numbers: Sequence[int]) -> None:
    if numbers[0] < 0:
        zh.append("距离未知")
        en.append("how near is not known")
        return
    for number, (chinese, one, many) in zip(numbers, _NEARER, strict=True):
        if number:
            zh.append(chinese.format(number))
            en.append(one if number == 1 else many.format(number))
    if not any(numbers):
        zh.append("距离最近")
        en.append("nobody stands nearer")


def _other_sentence(there: int, tier: int, how: int, same: int) -> tuple[str, str]:
    if not there:
        return "", ""
    zh, en = [BORN[tier][0]], [BORN[tier][1]]
    if how != NEW:
        zh.append(_HOW[how][0])
        en.append(_HOW[how][1])
    zh.append("与第一联系人同单位，没有其他单位的人选" if same else "与第一联系人不同单位")
    other = "of another unit than the first contact"
    en.append("of the first contact's unit, as no other can be used" if same else other)
    return "；".join(zh), "; ".join(en)
