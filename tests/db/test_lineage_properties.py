"""However often grids are split and merged, every old code resolves to grids of now that tile it."""

import random
from collections.abc import Mapping

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from gridmap.divisions import service as divisions
from gridmap.editing import review, service
from gridmap.editing.proposal import ProposedGrid
from gridmap.geo.arrays import Polygonal
from gridmap.geo.coverage import CodedPolygon, check_coverage
from gridmap.grids import history
from gridmap.grids import service as grids
from tests.tessellations import tessellation
from tests.villages import ANNA, BERT, UPPER, county

Cells = dict[int, shapely.Polygon]
Partition = dict[str, frozenset[int]]


def changed(partition: Partition, cells: Cells, chance: random.Random) -> tuple[Partition, dict[str, frozenset[int]]]:
    """A partition of the cells with one grid split into two new ones or two neighbours merged into a new one."""
    big = [name for name in sorted(partition) if len(partition[name]) > 1]
    if big and (chance.random() < 0.5 or len(partition) == 1):
        name = chance.choice(big)
        one, other = halves(partition[name], cells, chance)
        gone, new = {name}, {"new-1": one, "new-2": other}
    else:
        name = chance.choice(sorted(partition))
        near = [o for o in sorted(partition) if o != name and touching(partition[name], partition[o], cells)]
        other_name = chance.choice(near)
        gone, new = {name, other_name}, {"new-1": partition[name] | partition[other_name]}
    return {name: members for name, members in partition.items() if name not in gone}, new


def touching(one: frozenset[int], other: frozenset[int], cells: Cells) -> bool:
    return any(cells[a].intersection(cells[b]).length > 0 for a in one for b in other)


def halves(members: frozenset[int], cells: Cells, chance: random.Random) -> tuple[frozenset[int], frozenset[int]]:
    order = sorted(members)
    chance.shuffle(order)
    cut = chance.randint(1, len(order) - 1)
    return frozenset(order[:cut]), frozenset(order[cut:])


def shape_of(members: frozenset[int], cells: Cells) -> Polygonal:
    union = shapely.coverage_union_all([cells[index] for index in sorted(members)])
    assert isinstance(union, Polygonal)
    return union


def proposed(name: str, code: str | None, shape: Polygonal) -> ProposedGrid:
    return ProposedGrid(UPPER, code, name, shape, ref=name)


def load(session: Session, cells: Cells, partition: Partition) -> None:
    county(session, "A", loaded=False)
    session.connection().exec_driver_sql("UPDATE division_version SET outline = NULL, outline_source = NULL")
    session.expire_all()
    review.first_load(
        session, ANNA, "first", [proposed(name, name, shape_of(members, cells)) for name, members in partition.items()]
    )


def publish(session: Session, kept: Partition, new: Mapping[str, frozenset[int]], cells: Cells) -> Partition:
    """Publishes the new state, and returns it under the codes that it got."""
    changeset = service.open_changeset(session, ANNA, [UPPER], "a step")
    content = [proposed(name, name, shape_of(members, cells)) for name, members in kept.items()]
    content += [proposed(name, None, shape_of(members, cells)) for name, members in new.items()]
    service.propose(session, ANNA, changeset, content)
    codes = service.get_report(session, ANNA.caller, changeset).codes
    review.submit(session, ANNA, changeset)
    review.publish(session, BERT, changeset)
    return kept | {codes[name]: members for name, members in new.items()}


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_ten_random_splits_and_merges(session: Session, seed: int) -> None:
    chance = random.Random(seed)
    cells = {i: tessellation(seed % 16).polygon(i) for i in range(16)}
    partition: Partition = {f"{UPPER}{i + 1:03d}": frozenset({2 * i, 2 * i + 1}) for i in range(8)}
    ever = dict(partition)
    nested = session.begin_nested()
    load(session, cells, partition)
    for _ in range(10):
        partition = publish(session, *changed(partition, cells, chance), cells)
        ever |= partition
        assert_tiled(session)
    now = {grid.code: grid.geometry for grid in grids.list_grids(session, prefixes=[UPPER])}
    assert now.keys() == partition.keys()
    for code, members in ever.items():
        assert_resolves(session, code, shape_of(members, cells), {c: partition[c] & members for c in partition}, cells)
    nested.rollback()
    session.expire_all()


def assert_tiled(session: Session) -> None:
    """Invariant 1 on what the database holds: the three tests find nothing."""
    outline = divisions.get_division(session, UPPER).outline
    assert isinstance(outline, Polygonal)
    held = grids.list_grids(session, prefixes=[UPPER])
    assert [
        p for p in check_coverage([CodedPolygon(g.code, g.geometry) for g in held], outline) if p.severity == "error"
    ] == []


def assert_resolves(
    session: Session, code: str, was: Polygonal, shared: Mapping[str, frozenset[int]], cells: Cells
) -> None:
    """Invariant 3: the code still tells its last shape, and its successors are those that share a cell with it."""
    told = grids.get_grid(session, code)
    assert told.geometry.equals(was)
    found = {s.code: s for s in history.successors_of(session, code)}
    assert found.keys() == {name for name, common in shared.items() if common}
    assert sum(s.share_area for s in found.values()) == pytest.approx(1, abs=1e-9)
    assert sum(s.share_households for s in found.values()) == pytest.approx(1, abs=1e-9)
    for name, successor in found.items():
        part = shape_of(shared[name], cells)
        assert successor.share_area == pytest.approx(part.area / was.area, rel=1e-3)
    together = shapely.union_all([grids.get_grid(session, name).geometry for name in found])
    assert shapely.difference(was, together).area == pytest.approx(0, abs=1e-14)
