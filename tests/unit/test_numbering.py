"""Grid codes: what is free, and the order of the standard."""

import doctest
import random

import pytest
import shapely

from gridmap.geo.arrays import Polygonal
from gridmap.grids import numbering
from gridmap.grids.numbering import NumberingFull, renumber, standard_order, take_free
from tests.maps import areas

VILLAGE = "990001101200"


def codes(*numbers: int) -> list[str]:
    return [f"{VILLAGE}{number:03d}" for number in numbers]


@pytest.mark.parametrize(
    ("used", "count", "free"),
    [
        ((), 2, (1, 2)),
        ((1, 2, 3), 1, (4,)),
        ((1, 7), 2, (8, 9)),  # 2 to 6 wait until nothing is left behind 7
        ((998, 1, 2), 3, (999, 3, 4)),
        (tuple(n for n in range(1, 1000) if n != 500), 1, (500,)),
        ((), 0, ()),
    ],
)
def test_the_next_free(used: tuple[int, ...], count: int, free: tuple[int, ...]) -> None:
    assert take_free(VILLAGE, codes(*used), count) == codes(*free)


def test_another_villages_codes_take_nothing() -> None:
    assert take_free(VILLAGE, ["990001101201001"]) == codes(1)


def test_999_is_the_last() -> None:
    with pytest.raises(NumberingFull, match=r"needs 2 new grid codes and has 1 left: 999 is the last"):
        take_free(VILLAGE, codes(*range(1, 999)), 2)


def test_west_to_east_then_north_to_south() -> None:
    assert "".join(standard_order(areas("CAB\nFED\nIGH"))) == "CABFEDIGH"


def test_grids_of_different_heights_share_a_row_when_their_middles_do() -> None:
    drawn = areas(
        """
        AABCC
        AABCC
        DDBEE
        DD.EE
        FFGGG
        FFGGG
        """
    )
    assert "".join(standard_order(drawn)) == "ABCDEFG"


def test_a_wavy_row_is_one_row_wherever_it_lies() -> None:
    chance = random.Random(7)
    wavy: dict[str, Polygonal] = {}
    for row in range(6):
        for column in range(9):
            west, south = column + chance.uniform(-0.2, 0.2), 5 - row + chance.uniform(-0.2, 0.2)
            wavy[f"{row}{column}"] = shapely.box(west, south, west + 1, south + 1)
    for shift in (0.0, 0.1, 0.37, 0.5, 0.77):
        moved = {key: shapely.affinity.translate(shape, shift, shift) for key, shape in wavy.items()}
        assert standard_order(moved) == sorted(wavy)


def test_the_place_of_a_bent_grid_is_inside_it() -> None:
    # The centroid of A lies in B; by centroids both would stand on one spot.
    assert "".join(standard_order(areas("AAA\nABA\nA.A"))) in {"AB", "BA"}
    ring, core = areas("AAA\nABA\nAAA").values()
    assert standard_order({"core": core, "ring": ring}) == ["ring", "core"]


def test_the_examples_in_the_docstrings() -> None:
    assert doctest.testmod(numbering).failed == 0


def test_no_grid_no_order() -> None:
    assert standard_order({}) == []


def numbered(text: str, **numbers: int) -> dict[str, Polygonal]:
    drawn = areas(text)
    return {codes(number)[0]: drawn[letter] for letter, number in numbers.items()}


def test_what_stands_in_order_is_left_alone() -> None:
    assert renumber(numbered("AB\nCD", A=1, B=2, C=3, D=7), codes(*range(1, 9))) == []


def test_a_renumbering_uses_the_next_block_and_no_code_again() -> None:
    drawn = numbered("AB\nCD", A=2, B=1, C=3, D=4)
    proposal = renumber(drawn, codes(1, 2, 3, 4, 5))
    assert proposal == list(zip(codes(2, 1, 3, 4), codes(6, 7, 8, 9), strict=True))


def test_a_renumbering_that_does_not_fit_says_so() -> None:
    drawn = numbered("AB", A=997, B=996)
    with pytest.raises(NumberingFull, match="2 numbers in a row are wanted, and behind 998 only 1 are free"):
        renumber(drawn, codes(998))
