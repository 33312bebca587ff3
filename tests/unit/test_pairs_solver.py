"""The solver of contact pairs against brute force, rank by rank, and its proofs."""

import doctest
from dataclasses import replace
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gridmap.contacts.solve import problem as problem_module
from gridmap.contacts.solve import transport as transport_module
from gridmap.contacts.solve.flow import Network, NoFlow, solve_flow
from gridmap.contacts.solve.hubs import hubs_of
from gridmap.contacts.solve.plan import Solved, solve
from gridmap.contacts.solve.problem import UNKNOWN_M, Households, Officers, Problem, distances_m, tree_of
from gridmap.contacts.solve.tiers import laminar_optimum, solve_tiers
from gridmap.contacts.solve.transport import BAN, transport
from gridmap.geo.arrays import IntArray

# Two counties; the first has two townships, with two villages and one.
VILLAGES = ["990001101200", "990001101201", "990001102200", "990002101200"]
PLACES = [*VILLAGES, "990001101", "990001", "990002", ""]
TREE = tree_of(VILLAGES)
NOBODY = np.empty((0, 2), np.int64)


def problem(
    homes: list[str],
    capacity: list[int],
    nodes: list[str],
    *,
    units: list[int] | None = None,
    first: list[int] | None = None,
    second: list[int] | None = None,
    forbidden: list[tuple[int, int]] | None = None,
    spots: tuple[list[int], list[int]] | None = None,
    fixed: list[bool] | None = None,
    extra: list[int] | None = None,
) -> Problem:
    """Officers born somewhere and households that stand somewhere; `spots` are their places on a line, in km."""
    officer_spots, household_spots = spots or ([0] * len(homes), [0] * len(nodes))
    count = len(nodes)
    stays = np.array(fixed or [False] * count)
    return Problem(
        TREE,
        Officers(
            np.array([TREE.index[code] for code in homes], np.int64),
            np.array(capacity, np.int64),
            np.array(units or range(len(homes)), np.int64),
            _line(officer_spots),
        ),
        Households(
            node=np.array([TREE.index[code] for code in nodes], np.int64),
            place=_line(household_spots),
            first=np.array(first or [-1] * count, np.int64),
            second=np.array(second or [-1] * count, np.int64),
            fixed_first=stays,
            fixed_second=stays,
            pinned=np.zeros(count, np.bool_),
            touched=~stays,
            extra=np.array(extra or [0] * count, np.int64),
        ),
        np.array(forbidden or [], np.int64).reshape(-1, 2),
    )


def _line(spots: list[int]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    east = np.array(spots, np.float64) * 1000.0
    return np.column_stack([east, np.zeros(len(spots)), np.zeros(len(spots))])


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    officers, households = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    place = st.sampled_from(PLACES)
    homes = draw(st.lists(place, min_size=officers, max_size=officers))
    nodes = draw(st.lists(place, min_size=households, max_size=households))
    pairs = [(row, who) for row in range(households) for who in range(officers)]
    forbidden = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=4))
    wanted = draw(st.lists(st.integers(-1, officers - 1), min_size=households, max_size=households))
    return problem(
        homes,
        draw(st.lists(st.integers(0, 3), min_size=officers, max_size=officers)),
        nodes,
        units=draw(st.lists(st.integers(0, 1), min_size=officers, max_size=officers)),
        first=[-1 if (row, who) in forbidden else who for row, who in enumerate(wanted)],
        forbidden=forbidden,
        spots=(
            draw(st.lists(st.integers(0, 9), min_size=officers, max_size=officers)),
            draw(st.lists(st.integers(0, 9), min_size=households, max_size=households)),
        ),
    )


def ranks(given: Problem, first: IntArray) -> tuple[int, ...]:
    """The totals of a choice: missed, tier 3, 2, 1, changes, those of untouched households, loads squared, metres."""
    placed = np.flatnonzero(first >= 0)
    officers, households = given.officers, given.households
    tiers = given.tree.tiers(officers.home[first[placed]], households.node[placed])
    counts = np.bincount(tiers, minlength=4)
    changed = (households.first >= 0) & (first != households.first)
    changes, unasked = int(changed.sum()), int((changed & ~households.touched).sum())
    loads = int((np.bincount(first[placed], minlength=len(officers)) ** 2).sum())
    metres = int(distances_m(households.place[placed], officers.place[first[placed]]).sum())
    return (len(first) - len(placed), int(counts[3]), int(counts[2]), int(counts[1]), changes, unasked, loads, metres)


def best_of_all(given: Problem) -> tuple[int, ...]:
    """The least of all choices that respect capacities and forbidden pairs."""
    officers = len(given.officers)
    banned = {tuple(pair) for pair in given.forbidden.tolist()}
    found = []
    for choice in product(range(-1, officers), repeat=len(given.households)):
        first = np.array(choice, np.int64)
        load = np.bincount(first[first >= 0], minlength=officers)
        if (load <= given.officers.capacity).all() and not banned & set(enumerate(choice)):
            found.append(ranks(given, first))
    return min(found)


@examples(max_examples=150)
@given(problems())
def test_every_rank_is_that_of_brute_force(given: Problem) -> None:
    solved = solve(given)
    mine, best = ranks(given, solved.first), best_of_all(given)
    assert mine[:-1] == best[:-1]
    distance = solved.certificate["stages"][4]
    assert distance["bound"] <= best[-1] <= mine[-1] == distance["value"]
    assert not {tuple(pair) for pair in given.forbidden.tolist()} & set(enumerate(solved.first.tolist()))
    assert_complete(given, solved)
    assert_backups(given, solved)


def assert_complete(given: Problem, solved: Solved) -> None:
    certificate = solved.certificate
    assert certificate["paired"] + certificate["missed"] == certificate["register"] == len(given.households)
    assert set(solved.missed) == set(np.flatnonzero(solved.first < 0).tolist())
    assert certificate["over_capacity"] == certificate["backup_same_person"] == 0
    assert all(solved.pairs.reason.zh)
    assert all(solved.pairs.reason.en)
    ranked = list(zip(solved.pairs.household.tolist(), solved.pairs.rank.tolist(), strict=True))
    assert ranked == sorted(set(ranked))


def assert_backups(given: Problem, solved: Solved) -> None:
    """Another person, of another unit where there is one, and then of the best tier."""
    unit, banned = given.officers.unit, {tuple(pair) for pair in given.forbidden.tolist()}
    for row in np.flatnonzero(solved.first >= 0).tolist():
        first, second = int(solved.first[row]), int(solved.second[row])

        def worth(who: int, row: int = row, first: int = first) -> tuple[bool, int]:
            tier = given.tree.tiers(given.officers.home[[who]], given.households.node[[row]])
            return bool(unit[who] == unit[first]), int(tier[0])

        others = [who for who in range(len(unit)) if who != first and (row, who) not in banned]
        assert (second >= 0) == bool(others)
        if others:
            assert worth(second) == min(map(worth, others))


@examples(max_examples=150)
@given(problems(), st.data())
def test_no_plan_of_the_same_ranks_is_below_the_bound(given: Problem, data: st.DataObject) -> None:
    """Without forbidden pairs, where the bound is by village; also where some changes are preferred to others."""
    count = len(given.households)
    touched = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    free = replace(given, households=replace(given.households, touched=touched), forbidden=NOBODY)
    solved, best = solve(free), best_of_all(free)
    distance = solved.certificate["stages"][4]
    assert ranks(free, solved.first)[:-1] == best[:-1]
    assert distance["bound"] <= best[-1] <= distance["value"]
    assert distance["bound"] <= distance["optimum"] <= distance["value"]


def test_an_untouched_pair_is_kept_before_loads_are_even() -> None:
    """As many pairs change either way; what is more even would change one of a household that nothing touched."""
    homes = [VILLAGES[3], VILLAGES[1], VILLAGES[0], VILLAGES[0]]
    nodes = [VILLAGES[0], VILLAGES[0], VILLAGES[3], VILLAGES[3], VILLAGES[0]]
    given = problem(homes, [1, 1, 1, 3], nodes, first=[0, 0, 1, 2, 0], spots=([0, 0, 1, 0], [0, 0, 0, 1, 0]))
    touched = np.array([False, False, True, False, False])
    given = replace(given, households=replace(given.households, touched=touched))
    solved = solve(given)
    assert solved.first[3] == 2
    assert ranks(given, solved.first) == best_of_all(given)


def test_only_pairs_that_every_plan_keeps_are_settled_in_the_bound() -> None:
    """Of those who stand in forbidden pairs other choices are as good: what was chosen for them proves nothing."""
    banned, spots = [(2, 3), (0, 1), (1, 0)], ([1, 0, 0, 0], [1, 0, 0])
    given = problem(VILLAGES[:1] * 4, [2, 0, 0, 2], VILLAGES[:1] * 3, first=[-1, -1, 0], forbidden=banned, spots=spots)
    distance = solve(given).certificate["stages"][4]
    assert distance["bound"] <= best_of_all(given)[-1] == 1000


def test_the_bound_counts_who_has_room_and_who_comes_from_outside() -> None:
    """Two of three find room in the village, one of them far off; the third's contact comes from the next village."""
    given = problem(
        [VILLAGES[0], VILLAGES[0], VILLAGES[1], VILLAGES[1]],
        [1, 1, 1, 1],
        [VILLAGES[0]] * 3 + [VILLAGES[1]],
        spots=([0, 9, 20, 30], [0, 0, 0, 30]),
    )
    distance = solve(given).certificate["stages"][4]
    assert distance["value"] == distance["bound"] == 29_000


@given(problems())
def test_without_forbidden_pairs_the_tiers_have_a_closed_form(given: Problem) -> None:
    hubs = hubs_of(replace(given, forbidden=np.empty((0, 2), np.int64)))
    tiers = solve_tiers(hubs)
    assert (tiers.missed, tiers.counts) == laminar_optimum(hubs)


@given(st.data())
def test_a_village_alone_is_solved_to_the_metre(data: st.DataObject) -> None:
    spots = st.lists(st.integers(0, 9), min_size=4, max_size=4)
    given = problem(
        [VILLAGES[0]] * 4,
        data.draw(st.lists(st.integers(1, 3), min_size=4, max_size=4)),
        [VILLAGES[0]] * 4,
        spots=(data.draw(spots), data.draw(spots)),
    )
    solved = solve(given)
    assert ranks(given, solved.first) == best_of_all(given)
    assert solved.certificate["stages"][4]["could_still_gain"] == 0


def test_a_county_without_enough_capacity_names_exactly_who_is_missed() -> None:
    given = problem([VILLAGES[0], "990001"], [2, 1], [VILLAGES[0]] * 3 + [VILLAGES[2]], spots=([0, 0], [1, 2, 9, 3]))
    solved = solve(given)
    assert {**solved.missed} == {2: "no_capacity"}
    assert solved.certificate["tiers"] == {"0": 2, "1": 0, "2": 1, "3": 0}
    assert solve(problem([VILLAGES[0]], [0], VILLAGES[:1])).missed == {0: "no_capacity"}
    assert solve(problem([], [], VILLAGES[:1])).missed == {0: "no_officer"}
    forbidden = solve(problem([VILLAGES[0]], [2], VILLAGES[:2], forbidden=[(0, 0)]))
    assert forbidden.missed == {0: "all_forbidden"}
    assert forbidden.first.tolist() == [-1, 0]
    # Full or not, who is forbidden to a household is what it is missed for; of the others only some are.
    assert solve(problem([VILLAGES[0]], [1], VILLAGES[:2], forbidden=[(0, 0)])).missed == {0: "all_forbidden"}
    some = problem([VILLAGES[0], VILLAGES[1]], [2, 1], [VILLAGES[0]] * 3, forbidden=[(0, 0), (1, 0)])
    assert solve(some).missed == {1: "room_forbidden"}


def test_the_untouched_keep_their_pairs_unless_a_better_tier_is_proven() -> None:
    """Of 300 households 3 move; whoever did not move changes only where the tiers get better by it."""
    chance = np.random.default_rng(7)
    nodes = [VILLAGES[at] for at in chance.integers(0, 4, 300)]
    homes = [PLACES[at] for at in chance.integers(0, 6, 80)]
    spots = (chance.integers(0, 90, 80).tolist(), chance.integers(0, 90, 300).tolist())
    before = solve(problem(homes, [5] * 80, nodes, spots=spots))
    moved = [10, 120, 250]
    for row in moved:
        nodes[row] = VILLAGES[(VILLAGES.index(nodes[row]) + 1) % 4]
    pairs: dict[str, Any] = {"first": before.first.tolist(), "second": before.second.tolist(), "spots": spots}
    untouched = np.isin(np.arange(300), moved, invert=True)
    small = problem(homes, [5] * 80, nodes, fixed=untouched.tolist(), **pairs)
    again = solve(small)
    assert (again.first == before.first)[untouched].all()
    assert (again.second == before.second)[untouched].all()
    scratch = solve(problem(homes, [5] * 80, nodes, **pairs))
    changed = int((scratch.first != before.first)[untouched].sum())
    assert changed == 0 or ranks(small, scratch.first)[:4] < ranks(small, again.first)[:4]
    assert solve(small).first.tolist() == again.first.tolist()


def test_further_officers_take_only_what_families_leave() -> None:
    given = problem([VILLAGES[0]] * 3, [1, 1, 2], VILLAGES[:1] * 3, extra=[2, 0, 0])
    solved = solve(given)
    rank = solved.pairs.rank[solved.pairs.household == 0].tolist()
    assert solved.certificate["missed"] == 0
    assert rank == [1, 2, 3]
    load = np.bincount(solved.pairs.officer[solved.pairs.rank != 2], minlength=3)
    assert (load <= given.officers.capacity).all()


@pytest.mark.parametrize(("room", "stays"), [(5, 3), (0, 2)])
def test_further_officers_of_today_stay_while_they_can(room: int, stays: int) -> None:
    given = problem([VILLAGES[0]] * 4, [1, 5, 5, room], VILLAGES[:1], first=[0], second=[1], fixed=[True], extra=[1])
    solved = solve(replace(given, beyond=np.array([[0, 3]])))
    assert solved.pairs.officer.tolist() == [0, 1, stays]


def test_who_is_born_in_a_township_or_county_is_of_its_tier() -> None:
    tiers = TREE.tiers(
        np.array([TREE.index[code] for code in ("990001101", "990001", "", "990002")]),
        np.array([TREE.index[VILLAGES[0]]] * 4),
    )
    assert tiers.tolist() == [1, 2, 3, 3]


def test_an_unknown_place_counts_as_far() -> None:
    nowhere = np.full((1, 3), np.nan)
    assert distances_m(nowhere, np.zeros((1, 3))).tolist() == [UNKNOWN_M]
    given = problem(VILLAGES[:1] * 2, [1, 1], VILLAGES[:1])
    place = given.officers.place.copy()
    place[0] = np.nan
    assert solve(replace(given, officers=replace(given.officers, place=place))).first.tolist() == [1]


def test_reasons_say_what_stood_in_the_way() -> None:
    given = problem([VILLAGES[0]] * 2, [1, 1], VILLAGES[:1] * 2, spots=([0, 5], [0, 1]))
    solved = solve(given)
    assert solved.first.tolist() == [0, 1]
    assert "nobody stands nearer" in solved.pairs.reason.en[0]
    assert "the nearer officer is full" in solved.pairs.reason.en[2]
    assert "更近的1名干部名额已满" in solved.pairs.reason.zh[2]
    township = solve(problem([VILLAGES[0], "990001101"], [1, 1], VILLAGES[:1] * 2))
    assert any("all 1 born in this village are full" in told for told in township.pairs.reason.en)


def test_reasons_tell_rules_and_what_was_not_solved_anew() -> None:
    def first_told(homes: list[str], capacity: list[int], **more: Any) -> str:
        solved = solve(problem(homes, capacity, VILLAGES[:1], **more))
        return solved.pairs.reason.en[0]

    near_is_forbidden = first_told([VILLAGES[0]] * 2, [1, 1], forbidden=[(0, 0)], spots=([0, 5], [0]))
    assert near_is_forbidden == "born in this village; the nearer one is forbidden"
    village_is_forbidden = first_told([VILLAGES[0], "990001101"], [1, 1], forbidden=[(0, 0)])
    assert village_is_forbidden.endswith("those born in this village who have room must not be paired with it")
    stays = first_told([VILLAGES[0], "990001101"], [1, 1], first=[1], fixed=[True])
    assert stays == "born in this township; as before; this village has room, but this pair was not solved anew"
    nowhere = problem(VILLAGES[:1], [1], VILLAGES[:1])
    officers = replace(nowhere.officers, place=np.full((1, 3), np.nan))
    told = solve(replace(nowhere, officers=officers)).pairs.reason.en
    assert told == ["born in this village; how near is not known"]


@given(st.data())
def test_transport_is_proven_and_the_cheapest(data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    number = st.one_of(st.integers(0, 9), st.just(int(BAN)))
    cost = np.array(data.draw(st.lists(st.lists(number, min_size=columns, max_size=columns), min_size=rows,
                                       max_size=rows)), np.int64)  # fmt: skip
    capacity = np.array(data.draw(st.lists(st.integers(0, 3), min_size=columns, max_size=columns)), np.int64)
    base = np.array(data.draw(st.lists(st.integers(0, 2), min_size=columns, max_size=columns)), np.int64)
    weight = data.draw(st.sampled_from([0, 1, 50]))
    found = transport(cost, capacity, base, weight)

    def total(choice: tuple[int, ...]) -> tuple[int, int] | None:
        placed = [(row, column) for row, column in enumerate(choice) if column >= 0]
        load = np.bincount([column for _, column in placed], minlength=columns)
        if any(cost[at] >= BAN for at in placed) or (load > capacity).any():
            return None
        uneven = weight * int(((base + load) ** 2 - base**2).sum())
        return rows - len(placed), sum(int(cost[at]) for at in placed) + uneven

    worth = [told for choice in product(range(-1, columns), repeat=rows) if (told := total(choice)) is not None]
    all_find_a_place = min(worth)[0] == 0
    assert found.proven == all_find_a_place
    if all_find_a_place:
        assert total(tuple(found.chosen.tolist())) == min(worth)


def test_a_flow_that_is_not_the_cheapest_is_found_out() -> None:
    network = Network(3)
    network.add("both", np.array([0, 0]), np.array([2, 1]), 1, np.array([5, 1]))
    network.add("on", np.array([1]), np.array([2]), 1, 1)
    flow = solve_flow(network, {0: 1, 2: -1})
    assert flow.cost == 2
    with pytest.raises(NoFlow):
        replace(flow, amount=np.array([1, 0, 0], np.int64)).potentials()
    with pytest.raises(NoFlow):
        solve_flow(network, {0: 9, 2: -9})


@pytest.mark.parametrize("module", [problem_module, transport_module], ids=lambda module: module.__name__)
def test_the_examples_in_the_docstrings_are_true(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0
