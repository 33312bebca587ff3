"""Household groups drawn anew: nobody lost, limits held, order of no matter, and what is well is left alone."""

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.contacts.regrouping import Limits, Member, keep_codes, regroup

FIELD = Limits()
ROW = [Member(f"H{n:03d}", 10.0 * n, 0.0) for n in range(120)]


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    smallest = draw(st.integers(1, 8))
    largest = draw(st.integers(2 * smallest - 1, 25))
    return Limits(smallest, draw(st.integers(smallest, largest)), largest)


@st.composite
def grids(draw: st.DrawFn) -> list[Member]:
    """Households anywhere, often at the same place, in some groups or in none."""
    places = st.tuples(st.integers(0, 30), st.integers(0, 30))
    rows = draw(st.lists(st.tuples(places, st.sampled_from([None, *"abcdef"])), max_size=90))
    return [Member(f"H{n:03d}", float(x * 25), float(y * 25), group) for n, ((x, y), group) in enumerate(rows)]


def grouped(members: list[Member], sizes: dict[str, int]) -> list[Member]:
    """The members in a row, put into groups of some sizes one after the other."""
    names = [name for name, size in sizes.items() for _ in range(size)]
    return [Member(m.id, m.x, m.y, name) for m, name in zip(members, names, strict=False)]


def sizes(groups: list[list[str]]) -> list[int]:
    return sorted(map(len, groups))


@settings(max_examples=300, deadline=None)
@given(grids(), limits(), st.randoms(use_true_random=False))
def test_whatever_the_grid(members: list[Member], of: Limits, chance: Random) -> None:
    groups = regroup(members, of)
    assert Counter(one for group in groups for one in group) == Counter(member.id for member in members)
    if len(members) >= of.smallest:
        assert all(of.hold(len(group)) for group in groups)
    else:
        assert len(groups) == bool(members)
    shuffled = chance.sample(members, len(members))
    assert regroup(shuffled, of) == groups
    # What was proposed once is proposed unchanged.
    code = {one: str(number) for number, group in enumerate(groups) for one in group}
    assert regroup([Member(m.id, m.x, m.y, code[m.id]) for m in members], of) == groups


@settings(max_examples=200, deadline=None)
@given(grids(), limits())
def test_groups_within_the_limits_lose_nobody(members: list[Member], of: Limits) -> None:
    size = Counter(member.group for member in members)
    groups = regroup(members, of)
    home = {one: number for number, group in enumerate(groups) for one in group}
    fits = {group for group in size if group and of.hold(size[group])}
    comers = sum(count for group, count in size.items() if group not in fits)
    if comers == 0:
        assert len(groups) == len(fits)
    spare = [group for group in fits if size[group] + comers <= of.largest]
    for group in spare:
        assert len({home[m.id] for m in members if m.group == group}) == 1


@settings(max_examples=200, deadline=None)
@given(grids(), limits())
def test_a_code_goes_on_with_most_of_its_members(members: list[Member], of: Limits) -> None:
    today = {member.id: member.group for member in members}
    groups = regroup(members, of)
    codes = keep_codes(groups, today)
    kept = [code for code in codes if code is not None]
    assert len(codes) == len(groups) and len(kept) == len(set(kept))
    for group, code in zip(groups, codes, strict=True):
        own = Counter(today[one] for one in group)
        assert code is None or own[code] > 0
        # A group without a code has none to take: all codes of its members go on elsewhere.
        assert code is not None or {name for name in own if name} <= set(kept)


def test_a_village_split_in_two_keeps_what_is_well() -> None:
    # 18 stayed and 8 came: the 8 find room with the 26 beside them rather than with the 40 on the other side.
    members = grouped(ROW, {"full": 40, "small": 8, "usual": 26})
    groups = regroup(members, FIELD)
    today = {m.id: m.group for m in members}
    assert sizes(groups) == [34, 40]
    assert keep_codes(groups, today) == ["full", "usual"]


def test_a_group_that_outgrew_the_limit_is_cut_across_its_longest_side() -> None:
    groups = regroup(grouped(ROW, {"a": 53}), FIELD)
    assert groups == [[m.id for m in ROW[:26]], [m.id for m in ROW[26:53]]]
    assert keep_codes(groups, {m.id: "a" for m in ROW}) == [None, "a"]


def test_a_grid_without_groups_gets_them_about_the_target() -> None:
    assert sizes(regroup(ROW[:104], FIELD)) == [26, 26, 26, 26]
    assert sizes(regroup(ROW[:14], FIELD)) == [14]
    assert regroup([], FIELD) == []


def test_two_hamlets_are_two_groups() -> None:
    far = [Member(f"H{n:03d}", 10.0 * n + (5000.0 if n % 2 else 0.0), 0.0) for n in range(52)]
    assert {frozenset(int(one[1:]) % 2 for one in group) for group in regroup(far, FIELD)} == {
        frozenset({0}),
        frozenset({1}),
    }
