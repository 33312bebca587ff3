"""Why a pair is as it is, and why a household has none: facts found while solving, told in a sentence."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gridmap.contacts.solve.problem import ELSEWHERE, VILLAGE, Problem, distances_m
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
NO_OFFICER, NO_CAPACITY, ALL_FORBIDDEN = "no_officer", "no_capacity", "all_forbidden"
MISSED = {
    NO_OFFICER: ("县域内没有可用的联系干部", "no officer within the county can be used"),
    NO_CAPACITY: ("县域内联系干部名额已全部用完", "no capacity within the county: every first contact is taken"),
    ALL_FORBIDDEN: (
        "尚有名额的联系干部均被禁止与本户结对",
        "all forbidden: every officer with capacity left must not be paired with it",
    ),
}
NO_BACKUP = ("没有另外的联系干部可用", "no other officer can be used")
_NONE, _FULL, _OTHER = range(3)


@dataclass(frozen=True, slots=True)
class Sentences:
    """A sentence a row, in Chinese and in English."""

    zh: list[str]
    en: list[str]


def first_reasons(problem: Problem, first: IntArray, tier: IntArray, how: IntArray) -> Sentences:
    """Of first contacts; rows without one get an empty sentence."""
    load = np.bincount(first[first >= 0], minlength=len(problem.officers))
    full = load >= problem.officers.capacity
    nearer_full, nearer_busy = _nearer(problem, first, tier, full)
    number, state = _better(problem, tier, full)
    facts = np.column_stack([first >= 0, tier, how, nearer_full, nearer_busy, number, state])
    return _told(facts, _first_sentence)


def further_reasons(problem: Problem, first: IntArray, other: IntArray, tier: IntArray, how: IntArray) -> Sentences:
    """Of back-ups and those after them; rows without one get an empty sentence."""
    unit = problem.officers.unit
    same = (unit[first] == unit[other]) & (first >= 0)
    return _told(np.column_stack([other >= 0, tier, how, same]), _other_sentence)


def missed_reason(problem: Problem, first: IntArray) -> dict[int, str]:
    """The kind of reason, by household, for each that has no first contact."""
    missed = np.flatnonzero(first < 0).tolist()
    left = problem.officers.capacity - np.bincount(first[first >= 0], minlength=len(problem.officers))
    if left.max(initial=0) > 0:
        return dict.fromkeys(missed, ALL_FORBIDDEN)
    return dict.fromkeys(missed, NO_CAPACITY if problem.officers.capacity.sum() else NO_OFFICER)


def _nearer(problem: Problem, first: IntArray, tier: IntArray, full: BoolArray) -> tuple[IntArray, IntArray]:
    """For pairs inside a village: how many of its officers stand nearer and are full, and how many carry more."""
    nearer_full = np.zeros(len(first), np.int64)
    nearer_busy = np.zeros(len(first), np.int64)
    rows = np.flatnonzero((first >= 0) & (tier == VILLAGE))
    homes, nodes = problem.officers.home, problem.households.node[rows]
    officer_order, row_order = np.argsort(homes, kind="stable"), np.argsort(nodes, kind="stable")
    villages = np.unique(nodes)
    spans = (
        *np.searchsorted(homes[officer_order], [villages, villages + 1]),
        *np.searchsorted(nodes[row_order], [villages, villages + 1]),
    )
    can = problem.officers.capacity > 0
    for low, high, start, end in zip(*spans, strict=True):
        columns, some = officer_order[low:high], rows[row_order[start:end]]
        columns = columns[can[columns]]
        metres = distances_m(problem.households.place[some][:, None], problem.officers.place[columns][None])
        own = distances_m(problem.households.place[some], problem.officers.place[first[some]])
        nearer = metres < own[:, None]
        nearer_full[some] = (nearer & full[columns]).sum(axis=1)
        nearer_busy[some] = (nearer & ~full[columns]).sum(axis=1)
    return nearer_full, nearer_busy


def _better(problem: Problem, tier: IntArray, full: BoolArray) -> tuple[IntArray, IntArray]:
    """For pairs of a worse tier: how many officers there are one tier better, and whether they are full."""
    tree, officers = problem.tree, problem.officers
    places = len(tree.parent)
    can = officers.capacity > 0
    number = np.bincount(officers.home[can], minlength=places)
    spare = np.bincount(officers.home[can & ~full], minlength=places)
    for child in range(places - 1):
        number[tree.parent[child]] += number[child]
        spare[tree.parent[child]] += spare[child]
    found, state = np.zeros(len(tier), np.int64), np.zeros(len(tier), np.int64)
    for level in range(1, ELSEWHERE + 1):
        rows = np.flatnonzero(tier == level)
        place = tree.at_level(problem.households.node[rows], level - 1)
        known = place >= 0
        found[rows] = np.where(known, number[place], 0)
        state[rows] = np.where(found[rows] == 0, _NONE, np.where(spare[place] == 0, _FULL, _OTHER))
    return found, state


def _told(facts: IntArray, sentence: Callable[..., tuple[str, str]]) -> Sentences:
    kinds, of = np.unique(facts, axis=0, return_inverse=True)
    told = [sentence(*row) for row in kinds.tolist()]
    return Sentences([told[at][0] for at in of.ravel().tolist()], [told[at][1] for at in of.ravel().tolist()])


def _first_sentence(
    there: int, tier: int, how: int, nearer_full: int, nearer_busy: int, number: int, state: int
) -> tuple[str, str]:
    if not there:
        return "", ""
    zh, en = [BORN[tier][0]], [BORN[tier][1]]
    if how != NEW:
        zh.append(_HOW[how][0])
        en.append(_HOW[how][1])
    if tier > VILLAGE:
        area_zh, area_en = _AREA[tier - 1]
        zh.append(
            (f"{area_zh}没有可用干部", f"{area_zh}{number}名干部名额已满", f"{area_zh}其他干部留给别户或被禁止")[state]
        )
        en.append(
            (
                f"nobody born in {area_en} can be used",
                f"all {number} born in {area_en} are full",
                f"the others born in {area_en} are kept for other households or forbidden",
            )[state]
        )
    elif how == NEW:
        _tell_nearer(zh, en, nearer_full, nearer_busy)
    return "；".join(zh), "; ".join(en)


def _tell_nearer(zh: list[str], en: list[str], full: int, busy: int) -> None:
    if full:
        zh.append(f"更近的{full}名干部名额已满")
        en.append("the nearer officer is full" if full == 1 else f"the {full} nearer officers are full")
    if busy:
        zh.append(f"更近的{busy}名干部已联系足够户数，以均衡负担")
        en.append(f"{busy} nearer carry their even share already")
    if not full and not busy:
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
