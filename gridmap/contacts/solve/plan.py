"""The whole order in stages: tiers, changes, loads, distance; then back-ups; each with its proof."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gridmap.contacts.solve.backups import further, solve_backups
from gridmap.contacts.solve.bounds import bounds
from gridmap.contacts.solve.hubs import Hubs, hubs_of
from gridmap.contacts.solve.loads import solve_loads
from gridmap.contacts.solve.placing import apart_from_home, place
from gridmap.contacts.solve.problem import Households, Officers, Problem, distances_m
from gridmap.contacts.solve.reasons import (
    KEPT,
    NEW,
    PINNED,
    Sentences,
    first_reasons,
    further_reasons,
    missed_reason,
)
from gridmap.contacts.solve.tiers import laminar_optimum, solve_tiers
from gridmap.geo.arrays import BoolArray, IntArray

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs as rows: household, officer, rank, tier, metres, and why."""

    household: IntArray
    officer: IntArray
    rank: IntArray
    tier: IntArray
    metres: IntArray
    reason: Sentences


@dataclass(frozen=True, slots=True)
class Solved:
    """A plan: its pairs by household and rank, the missed with the kind of reason, who has no back-up, the proof."""

    first: IntArray
    second: IntArray
    pairs: Pairs
    missed: dict[int, str]
    without_backup: IntArray
    certificate: dict[str, Any]


def solve(problem: Problem, say: Say = lambda _: None) -> Solved:
    """First contacts and back-ups of all households, in the order of the ranks, the same for the same input."""
    first, stages = _first_contacts(problem, say)
    say("back-ups")
    households = problem.households
    fixed = households.fixed_second & (households.second >= 0) & (households.second != first) & (first >= 0)
    # Units change: who is of the first contact's now stays only where nobody else can be had.
    fixed &= ~problem.officers.of_same_unit(first, households.second)
    backups = solve_backups(problem, first, ~fixed, households.second)
    second = backups.officer
    beyond = further(problem, first, second)
    say("reasons and certificate")
    pairs = _pairs(problem, first, second, beyond)
    stages.append(_backup_stage(problem, second, backups.proven))
    certificate = _certificate(problem, first, second, stages)
    without = np.flatnonzero((first >= 0) & (second < 0))
    return Solved(first, second, pairs, missed_reason(problem, first), without, certificate)


def _first_contacts(problem: Problem, say: Say) -> tuple[IntArray, list[dict[str, Any]]]:
    households, officers = problem.households, problem.officers
    fixed = households.fixed_first & (households.first >= 0)
    base = np.bincount(households.first[fixed], minlength=len(officers)).astype(np.int64)
    free = np.flatnonzero(~fixed)
    hubs = hubs_of(_reduced(problem, free, base))
    say(f"birthplace tiers of {len(free)} households")
    tiers = solve_tiers(hubs)
    say("changes and even loads")
    loads = solve_loads(hubs, tiers, base, apart_from_home(hubs))
    say("distances, place by place")
    placed = place(hubs, loads, base)
    first = np.where(fixed, households.first, -1)
    first[free] = placed.officer
    every_plan_keeps = not tiers.missed and not _changed(hubs.problem.households, placed.officer)
    before = hubs.problem.households.first
    settled = (before >= 0) & (loads.officer == before) & every_plan_keeps
    distance = bounds(hubs, tiers, loads, placed, settled)
    best_missed, best = _optimum(problem)
    stages = [
        _stage("missed", int((first < 0).sum()), best_missed),
        _stage("tiers", _counts(problem, first), list(best)),
        {**_stage("changes", _changed(households, first)), "solved": len(free)},
        _stage("loads", int((np.bincount(first[first >= 0], minlength=len(officers)) ** 2).sum())),
        {
            **_stage("distance_m", distance.total_m, distance.with_these_flows_m),
            "status": "optimal by place" if placed.proven else "feasible",
            "could_still_gain": distance.total_m - distance.with_these_flows_m,
            "bound": distance.at_all_m,
        },
    ]
    _check_tiers(hubs, placed.officer, tiers.missed, tiers.counts)
    return first, stages


def _reduced(problem: Problem, free: IntArray, base: IntArray) -> Problem:
    """What is left to solve when the others are fixed."""
    households, officers = problem.households, problem.officers
    number = np.full(len(households), -1, np.int64)
    number[free] = np.arange(len(free))
    banned = problem.forbidden[number[problem.forbidden[:, 0]] >= 0]
    return Problem(
        problem.tree,
        replace(officers, capacity=np.maximum(officers.capacity - base, 0)),
        _some(households, free),
        np.column_stack([number[banned[:, 0]], banned[:, 1]]),
    )


def _some(households: Households, rows: IntArray) -> Households:
    return Households(**{name: getattr(households, name)[rows] for name in Households.__slots__})


def _optimum(problem: Problem) -> tuple[int, tuple[int, int, int, int]]:
    """What the tiers could be at best if only the pinned pairs stayed."""
    pinned = problem.households.pinned & (problem.households.first >= 0)
    held = problem.households.first[pinned]
    base = np.bincount(held, minlength=len(problem.officers)).astype(np.int64)
    hubs = hubs_of(_reduced(problem, np.flatnonzero(~pinned), base))
    if len(problem.forbidden):
        solved = solve_tiers(hubs)
        missed, counts = solved.missed, solved.counts
    else:
        missed, counts = laminar_optimum(hubs)
    tiers = problem.tree.tiers(problem.officers.home[held], problem.households.node[pinned])
    total = np.bincount(tiers, minlength=4) + counts
    return missed, (int(total[0]), int(total[1]), int(total[2]), int(total[3]))


def _check_tiers(hubs: Hubs, officer: IntArray, missed: int, counts: tuple[int, int, int, int]) -> None:
    """The stages after the first must not have spoilt what it fixed. Raises ArithmeticError: a mistake of ours."""
    problem = hubs.problem
    load = np.bincount(officer[officer >= 0], minlength=len(problem.officers))
    if _counts(problem, officer) != list(counts) or int((officer < 0).sum()) != missed:
        raise ArithmeticError("a later stage has spoilt the tiers")
    if (load > problem.officers.capacity).any():
        raise ArithmeticError("an officer is over his capacity")


def _counts(problem: Problem, first: IntArray) -> list[int]:
    placed = first >= 0
    tiers = problem.tree.tiers(problem.officers.home[first[placed]], problem.households.node[placed])
    return [int(count) for count in np.bincount(tiers, minlength=4)]


def _changed(households: Households, first: IntArray) -> int:
    return int(((households.first >= 0) & (first != households.first)).sum())


def _stage(name: str, value: object, optimum: object = None) -> dict[str, Any]:
    best = value if optimum is None else optimum
    return {"stage": name, "value": value, "optimum": best, "status": "optimal" if best == value else "kept"}


def _backup_stage(problem: Problem, second: IntArray, proven: bool) -> dict[str, Any]:  # noqa: FBT001
    tiers = _counts(problem, second)
    return {**_stage("backup_tiers", tiers), "status": "optimal by place" if proven else "feasible"}


def _pairs(problem: Problem, first: IntArray, second: IntArray, beyond: IntArray) -> Pairs:
    households, officers = problem.households, problem.officers
    tier_first, tier_second = _tier_of(problem, first), _tier_of(problem, second)
    how = np.where(households.pinned & (first == households.first), PINNED, _how(first, households.first))
    parts = [
        (first, 1, tier_first, first_reasons(problem, first, tier_first, how)),
        (second, 2, tier_second, further_reasons(problem, first, second, tier_second, _how(second, households.second))),
    ]
    columns = [(np.flatnonzero(officer >= 0), officer, rank, tier, why) for officer, rank, tier, why in parts]
    household = np.concatenate([rows for rows, *_ in columns] + [beyond[:, 0]])
    officer = np.concatenate([who[rows] for rows, who, *_ in columns] + [beyond[:, 1]])
    _, starts, of = np.unique(beyond[:, 0], return_index=True, return_inverse=True)
    nth = np.arange(len(beyond)) - starts[of.ravel()]
    rank = np.concatenate([np.full(len(rows), rank) for rows, _, rank, *_ in columns] + [nth + 3])
    beyond_tier = problem.tree.tiers(officers.home[beyond[:, 1]], households.node[beyond[:, 0]])
    beyond_why = further_reasons(
        problem, first[beyond[:, 0]], beyond[:, 1], beyond_tier, np.zeros(len(beyond), np.int64)
    )
    tier = np.concatenate([tier[rows] for rows, _, _, tier, _ in columns] + [beyond_tier])
    zh = [why.zh[row] for rows, _, _, _, why in columns for row in rows.tolist()] + beyond_why.zh
    en = [why.en[row] for rows, _, _, _, why in columns for row in rows.tolist()] + beyond_why.en
    order = np.lexsort((rank, household))
    metres = distances_m(households.place[household], officers.place[officer])
    told = Sentences([zh[at] for at in order.tolist()], [en[at] for at in order.tolist()])
    return Pairs(household[order], officer[order], rank[order], tier[order], metres[order], told)


def _how(now: IntArray, before: IntArray) -> IntArray:
    return np.where((now >= 0) & (now == before), KEPT, NEW)


def _tier_of(problem: Problem, officer: IntArray) -> IntArray:
    return problem.tree.tiers_of(problem.officers.home, officer, problem.households.node)


def _certificate(problem: Problem, first: IntArray, second: IntArray, stages: list[dict[str, Any]]) -> dict[str, Any]:
    officers: Officers = problem.officers
    load = np.bincount(first[first >= 0], minlength=len(officers))
    paired: BoolArray = first >= 0
    counts = _counts(problem, first)
    return {
        "register": len(problem.households),
        "paired": int(paired.sum()),
        "missed": int((~paired).sum()),
        "complete": bool(paired.sum() + (~paired).sum() == len(problem.households)),
        "over_capacity": int((load > officers.capacity).sum()),
        "tiers": {str(tier): count for tier, count in enumerate(counts)},
        "with_backup": int((second >= 0).sum()),
        "backup_same_person": int((paired & (first == second)).sum()),
        "backup_same_unit": int(officers.of_same_unit(first, second).sum()),
        "officers": len(officers),
        "capacity": int(officers.capacity.sum()),
        "idle": int(((load == 0) & (officers.capacity > 0)).sum()),
        "largest_load": int(load.max(initial=0)),
        "stages": stages,
    }
