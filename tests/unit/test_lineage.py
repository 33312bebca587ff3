"""Kinds and shares of a lineage, read from maps of letters; lower case is another village."""

import pytest
import shapely

from gridmap.geo.arrays import Polygonal
from gridmap.grids.lineage import Kind, Link, overlaps, resolve, same_shape, steps, successors
from tests.maps import areas

VILLAGE, OTHER = "990001101200", "990001101201"


def drawn(text: str) -> dict[str, Polygonal]:
    return {code(letter): shape for letter, shape in areas(text).items()}


def code(letter: str) -> str:
    return f"{VILLAGE if letter.isupper() else OTHER}{ord(letter):03d}"


def told(before: str, after: str) -> dict[str, tuple[Kind, float]]:
    found = steps(drawn(before), drawn(after))
    return {
        f"{chr(int(part.before[12:]))}{chr(int(part.after[12:]))}": (kind, round(part.share, 3)) for part, kind in found
    }


@pytest.mark.parametrize(
    ("before", "after", "lineage"),
    [
        ("AABB", "AABB", {}),
        ("AABB", "CDBB", {"AC": ("split", 0.5), "AD": ("split", 0.5)}),
        ("AABB", "ACBB", {"AA": ("reshape", 0.5), "AC": ("split", 0.5)}),
        ("AABB", "CCCC", {"AC": ("merge", 1), "BC": ("merge", 1)}),
        ("AABB", "AAAA", {"AA": ("reshape", 1), "BA": ("merge", 1)}),
        ("AABB", "AAAB", {"AA": ("reshape", 1), "BA": ("reshape", 0.5), "BB": ("reshape", 0.5)}),
        ("AABB", "CCBB", {"AC": ("renumber", 1)}),
        ("AABb", "AAbb", {"Bb": ("transfer", 1), "bb": ("reshape", 1)}),
        ("AAAB", "CCDD", {"AC": ("split", 0.667), "AD": ("split", 0.333), "BD": ("merge", 1)}),
    ],
)
def test_kinds(before: str, after: str, lineage: dict[str, tuple[Kind, float]]) -> None:
    # Cells of one row have one area, so that shares are counts.
    assert told(before, after) == lineage


def test_a_new_vertex_on_a_line_is_no_part() -> None:
    left, right = areas("AB").values()
    bent = left.union(right.intersection(left.buffer(4e-8)))
    assert isinstance(bent, shapely.Polygon)
    assert [(part.after, part.share) for part in overlaps({"l": bent}, {"l": left, "r": right})] == [("l", 1.0)]


def test_a_ring_that_begins_elsewhere_is_the_same_shape() -> None:
    shape = areas("AA\nA.")["A"]
    turned = shape.reverse()
    assert isinstance(turned, shapely.Polygon)
    assert same_shape(shape, turned)
    assert not same_shape(shape, areas("AA\nAA")["A"])
    # A vertex more is another shape: its neighbours must get it too.
    assert not same_shape(areas("AA")["A"], shapely.box(*areas("AA")["A"].bounds))


def link(version: int, predecessor: str, successor: str, area: float, households: float | None) -> Link:
    return Link(predecessor, successor, version, "split", area, households)


def test_shares_through_generations() -> None:
    links = [
        link(2, "A", "B", 0.5, 0.25), link(2, "A", "C", 0.5, 0.75),
        link(3, "B", "D", 0.5, None), link(3, "B", "E", 0.5, None),
        link(4, "C", "F", 1.0, 1.0), link(4, "E", "F", 1.0, 1.0),
    ]  # fmt: skip
    assert resolve("A", 2, links) == {"D": (0.25, 0.125), "F": (0.75, 0.875)}
    assert resolve("A", 2, reversed(links)) == resolve("A", 2, links)
    assert resolve("B", 3, links) == {"D": (0.5, 0.5), "F": (0.5, 0.5)}


def test_a_code_that_came_back_is_its_own_successor() -> None:
    links = [
        link(2, "A", "B", 0.5, 0.5), link(2, "A", "C", 0.5, 0.5), link(3, "B", "A", 1, 1), link(3, "C", "A", 1, 1)
    ]  # fmt: skip
    assert resolve("A", 2, links) == {"A": (1.0, 1.0)}
    assert resolve("A", 4, links) == {"A": (1.0, 1.0)}


def test_areas_of_successors_are_measured_not_multiplied() -> None:
    # B took half of A and as much of X; then the half of B that had been A's went to C.
    old = areas("AA")["A"]
    links = [
        link(2, "A", "B", 0.5, 0.5), link(2, "A", "A", 0.5, 0.5), link(2, "X", "B", 1, 1),
        link(3, "B", "C", 0.5, 0.5), link(3, "B", "B", 0.5, 0.5),
    ]  # fmt: skip
    now = areas("ACB")
    found = successors(old, resolve("A", 2, links), now)
    assert [s.code for s in found] == ["A", "C"]
    assert [s.share_area for s in found] == pytest.approx([0.5, 0.5])
    assert sum(s.share_households for s in found) == pytest.approx(1)
