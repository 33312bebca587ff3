"""Colours, shared arcs, outlines around groups, and JSON inside a page: what maps are made of, without a database."""

import json
from html.parser import HTMLParser
from itertools import count
from threading import Thread

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from gridmap.divisions.service import NamedDivision
from gridmap.maps import topology
from gridmap.maps.colouring import _exchange, _lowest_free, colour
from gridmap.maps.escaping import script_json
from gridmap.maps.hulls import outlines_around
from gridmap.maps.kept import Kept
from gridmap.maps.service import smallest_shared
from tests.tessellations import tessellation

WEST, EAST = box(103.50, 34.50, 103.51, 34.52), box(103.51, 34.50, 103.52, 34.52)
LAKE = box(103.503, 34.505, 103.506, 34.508)


def cells(columns: int, rows: int, merged: int = 1) -> list[Polygon]:
    """Squares of 0.01°, in blocks of `merged` columns."""
    return [
        shapely.box(103 + x / 100, 34 + y / 100, 103 + (x + merged) / 100, 34 + (y + 1) / 100)
        for y in range(rows)
        for x in range(0, columns, merged)
    ]


def polygons(built: topology.Topology, area: int) -> MultiPolygon:
    """An area put together again from its arcs."""

    def ring(numbers: list[int]) -> list[tuple[float, float]]:
        positions: list[tuple[int, int]] = []
        for number in numbers:
            arc = [(x, y) for x, y in (built.arcs[number] if number >= 0 else built.arcs[~number][::-1]).tolist()]
            positions += arc[1:] if positions else arc
        return [(x / 10_000_000, y / 10_000_000) for x, y in positions]

    return MultiPolygon([Polygon(ring(part[0]), [ring(hole) for hole in part[1:]]) for part in built.areas[area]])


class TestColours:
    @given(st.integers(0, 10_000))
    @settings(max_examples=30, deadline=None)
    def test_neighbours_never_share_one_and_four_suffice(self, seed: int) -> None:
        """A Voronoi map of forty areas."""
        points = np.random.default_rng(seed).uniform(0, 1, (40, 2))
        areas = list(shapely.voronoi_polygons(shapely.MultiPoint(points)).geoms)
        near = {i: [j for j in range(len(areas)) if i != j and _share_a_line(areas[i], areas[j])] for i in range(40)}
        numbers = colour(near)
        assert all(numbers[area] != numbers[other] for area, others in near.items() for other in others)
        assert max(numbers.values()) <= 3

    def test_a_wheel_with_an_odd_rim_needs_all_four(self) -> None:
        rim = {i: [(i + 1) % 5, (i - 1) % 5, 5] for i in range(5)}
        assert sorted(set(colour(rim | {5: list(range(5))}).values())) == [0, 1, 2, 3]

    def test_five_areas_that_all_touch_get_five(self) -> None:
        """Possible with areas in several parts; wrong would be to give two of them the same."""
        assert len(set(colour({i: [j for j in range(5) if j != i] for i in range(5)}).values())) == 5

    def test_the_same_map_has_the_same_colours(self) -> None:
        near = {"a": ["b", "c"], "b": ["a"], "c": ["a"], "d": []}
        assert colour(near) == colour({area: list(others) for area, others in near.items()})

    @pytest.mark.parametrize("seed", range(6))
    def test_who_has_seen_most_is_coloured_next(self, seed: int) -> None:
        """The same as looking through all that wait, each time; crowded, so that a fifth colour has to be avoided."""
        chosen = np.random.default_rng(seed).uniform(size=(60, 60)) < 0.12
        near = {i: [j for j in range(60) if i != j and (chosen[i, j] or chosen[j, i])] for i in range(60)}
        assert colour(near) == _looked_through(near)


def _looked_through(near: dict[int, list[int]]) -> dict[int, int]:
    numbers: dict[int, int] = {}
    seen: dict[int, set[int]] = {area: set() for area in near}
    while len(numbers) < len(near):
        waiting = [area for area in near if area not in numbers]
        area = min(waiting, key=lambda a: (-len(seen[a]), -len(near[a]), a))
        around = {a: tuple(others) for a, others in near.items()}
        number = _lowest_free(area, around, numbers)
        if number > 3 and _exchange(area, around, numbers):
            number = _lowest_free(area, around, numbers)
        numbers[area] = number
        for other in near[area]:
            seen[other] = {numbers[n] for n in near[other] if n in numbers}
    return numbers


def _share_a_line(a: Polygon, b: Polygon) -> bool:
    return float(a.intersection(b).length) > 0


class TestTopology:
    def test_what_two_areas_share_is_one_arc(self) -> None:
        built = topology.build([WEST, EAST])
        assert built.arcs_of(0) & built.arcs_of(1)
        assert len(built.arcs) == 3

    def test_areas_come_back_as_they_were(self) -> None:
        shapes = [*cells(6, 4), *cells(6, 4, merged=3), shapely.union_all(cells(6, 4))]
        built = topology.build(shapes)
        for index, shape in enumerate(shapes):
            assert shapely.equals(polygons(built, index), shape)

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_it_is_what_going_round_ring_by_ring_finds(self, seed: int) -> None:
        """Bent borders, a lake, an island in it, areas in two parts, and the union of some of them."""
        polygons_ = [grid.geometry for grid in tessellation(seed, side=5).grids]
        lake = polygons_[7].centroid.buffer(3e-4, quad_segs=3)
        island = polygons_[7].centroid.buffer(1e-4, quad_segs=2)
        two = MultiPolygon([shapely.get_parts(polygons_[0])[0], shapely.get_parts(polygons_[24])[0]])
        shapes = [*polygons_[1:24], two, shapely.union_all(polygons_[:9]), island]
        shapes[6] = polygons_[7].difference(lake).union(island)
        built = topology.build(shapes)
        arcs, areas = _ring_by_ring(shapes)
        assert [[tuple(position) for position in arc] for arc in (a.tolist() for a in built.arcs)] == arcs
        assert list(built.areas) == areas

    def test_an_island_and_the_hole_around_it_are_one_arc(self) -> None:
        built = topology.build([WEST.difference(LAKE), LAKE])
        assert len(built.arcs) == 2
        assert built.neighbours([0, 1]) == {0: [1], 1: [0]}
        assert shapely.equals(polygons(built, 0), WEST.difference(LAKE))

    def test_a_village_and_its_grids_share_the_outline(self) -> None:
        built = topology.build([shapely.union_all([WEST, EAST]), WEST, EAST])
        assert built.arcs_of(0) < built.arcs_of(1) | built.arcs_of(2)

    def test_areas_that_meet_in_a_point_are_no_neighbours(self) -> None:
        south_west, south_east, north_west, north_east = cells(2, 2)
        near = topology.build([south_west, south_east, north_west, north_east]).neighbours(range(4))
        assert near == {0: [1, 2], 1: [0, 3], 2: [0, 3], 3: [1, 2]}

    def test_parts_of_one_area_stay_its_parts(self) -> None:
        two = MultiPolygon([WEST, box(104, 34, 104.01, 34.01)])
        assert shapely.equals(polygons(topology.build([two]), 0), two)

    def test_simplified_neighbours_still_meet(self) -> None:
        """No gap and no overlap: both follow the same fewer positions."""
        wave = [(103.51 + 2e-5 * (i % 2), 34.50 + i / 1000) for i in range(21)]
        west = Polygon([(103.50, 34.50), *wave, (103.50, 34.52)])
        east = Polygon([*wave, (103.52, 34.52), (103.52, 34.50)])
        built = topology.build([west, east])
        thin = topology.Topology(topology.simplified(built.arcs, 1e-4), built.areas)
        assert sum(map(len, thin.arcs)) < sum(map(len, built.arcs)) / 2
        assert polygons(thin, 0).intersection(polygons(thin, 1)).area == 0
        assert polygons(thin, 0).union(polygons(thin, 1)).area == pytest.approx(0.0004, rel=1e-9)

    def test_a_small_island_is_not_simplified_away(self) -> None:
        built = topology.build([LAKE])
        assert polygons(topology.Topology(topology.simplified(built.arcs, 0.1), built.areas), 0).area > 0

    def test_arcs_are_written_as_steps_of_the_lattice(self) -> None:
        assert topology.written([np.array([(1035000000, 345000000), (1035100000, 345000001)])]) == [
            [[1035000000, 345000000], [100000, 1]]
        ]


Position = tuple[int, int]


def _ring_by_ring(shapes: list[shapely.geometry.base.BaseGeometry]) -> tuple[list[list[Position]], list[object]]:
    """Arcs and areas by the plainest means: a ring is cut where somebody comes from or goes to another position."""
    areas = [
        [[_begun(r) for r in (p.exterior, *p.interiors)] for p in shapely.get_parts(shapely.orient_polygons(shape))]
        for shape in shapes
    ]
    beside: dict[Position, set[frozenset[Position]]] = {}
    for ring in (ring for area in areas for part in area for ring in part):
        for i, here in enumerate(ring):
            beside.setdefault(here, set()).add(frozenset((ring[i - 1], ring[(i + 1) % len(ring)])))
    arcs: list[list[Position]] = []
    return arcs, [[[_numbers(ring, beside, arcs) for ring in part] for part in area] for area in areas]


def _begun(ring: shapely.LinearRing) -> list[Position]:
    positions = [(round(x * 1e7), round(y * 1e7)) for x, y in ring.coords[:-1]]
    first = positions.index(min(positions))
    return positions[first:] + positions[:first]


def _numbers(
    ring: list[Position], beside: dict[Position, set[frozenset[Position]]], arcs: list[list[Position]]
) -> list[int]:
    first = next((i for i, here in enumerate(ring) if len(beside[here]) > 1), 0)
    pieces: list[list[Position]] = [[]]
    for here in [*ring[first:], *ring[:first], ring[first]]:
        pieces[-1].append(here)
        if len(beside[here]) > 1 and len(pieces[-1]) > 1:
            pieces.append([here])
    numbers = []
    for piece in pieces if len(pieces) == 1 else pieces[:-1]:
        if piece not in arcs and piece[::-1] not in arcs:
            arcs.append(piece)
        numbers.append(arcs.index(piece) if piece in arcs else ~arcs.index(piece[::-1]))
    return numbers


class TestOutlinesAroundGroups:
    @pytest.mark.parametrize("houses", [1, 2, 3, 12])
    def test_every_house_lies_inside_and_nothing_leaves_the_grid(self, houses: int) -> None:
        points = [(103.5001 + i * 0.0003, 34.5001 + (i * i % 7) * 0.0004) for i in range(houses)]
        outline = outlines_around({"g": points}, {"g": WEST})["g"]
        assert all(outline.covers(shapely.Point(point)) for point in points)
        assert WEST.covers(outline)

    def test_one_house_is_a_small_circle(self) -> None:
        outline = outlines_around({"g": [(103.505, 34.51)]}, {"g": WEST})["g"]
        west, south, east, north = outline.bounds
        assert (north - south) * 111_320 == pytest.approx(50, rel=0.1)
        assert (east - west) / (north - south) == pytest.approx(1 / np.cos(np.radians(34.51)), rel=0.05)

    def test_a_group_without_members_has_none(self) -> None:
        assert outlines_around({"g": []}, {"g": WEST}) == {}


class TestJsonInAPage:
    ATTACKS = ("</script><script>alert(1)</script>", "<!--<script>", "a & b", "\u2028\u2029", "`${alert(1)}`", '"\\')

    @pytest.mark.parametrize("name", ATTACKS)
    def test_it_stays_inside_its_element_and_comes_back_unchanged(self, name: str) -> None:
        page = f'<script type="application/json" id="d">{script_json({"name": name})}</script><p>after</p>'
        found = _Elements()
        found.feed(page)
        assert found.tags == ["script", "p"]
        assert json.loads(found.texts[0]) == {"name": name}


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


class TestKept:
    def test_a_value_is_made_once_however_many_ask(self) -> None:
        kept: Kept[str, int] = Kept(most=2)
        numbers = count(1)
        threads = [Thread(target=kept.get, args=("a", numbers.__next__)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert next(numbers) == 2

    def test_the_one_used_longest_ago_goes_first(self) -> None:
        kept: Kept[str, str] = Kept(most=2)
        for key in ("a", "b", "a", "c"):
            kept.get(key, f"first {key}".strip)
        assert kept.get("a", lambda: "again") == "first a"
        assert kept.get("b", lambda: "again") == "again"

    def test_what_failed_is_tried_again(self) -> None:
        kept: Kept[str, int] = Kept(most=2)
        with pytest.raises(ZeroDivisionError):
            kept.get("a", lambda: 1 // 0)
        assert kept.get("a", lambda: 7) == 7


def test_an_exercise_beside_the_counties_does_not_hide_what_they_share() -> None:
    def chain(*codes: str) -> list[NamedDivision]:
        return [NamedDivision(code, "", None, code, code, None) for code in codes]

    real = [chain("62", "623000", "623001"), chain("62", "623000", "623022")]
    assert smallest_shared(real) == "623000"
    assert smallest_shared([*real, chain("97", "972200", "972201")]) == "623000"
    assert smallest_shared([chain("62", "623000", "623022"), chain("97", "972200", "972201")]) == "623022"
