"""The classes of the coverage map: what is good, what is worse, and where a figure says nothing."""

import doctest
from dataclasses import replace

import pytest

from gridmap.api.pages import cover
from gridmap.api.pages.cover import FIGURES
from gridmap.contacts import rules
from gridmap.contacts.plans.report import Line

PLACE = Line(
    "623022101200", "多坝村", "village", households=200, paired=200, tier_0=200, with_backup=200, officers=50,
    capacity=300, first_contacts=200,
)  # fmt: skip


@pytest.mark.parametrize(
    ("figure", "changed", "level", "text"),
    [
        ("missed", {}, 0, "0"),
        ("missed", {"missed": 2, "paired": 198}, 1, "2"),
        ("missed", {"missed": 10, "paired": 190}, 2, "10"),
        ("missed", {"missed": 11, "paired": 189}, 3, "11"),
        ("tiers", {"tier_0": 150}, 2, "50"),
        ("backups", {"with_backup": 0}, 3, "200"),
        ("loads", {}, 0, "67%"),
        ("loads", {"first_contacts": 301}, 3, "100%"),
        ("idle", {"idle": 5}, 1, "5"),
        ("over", {"over": 1}, 1, "1"),
        ("over", {"over": 5}, 3, "5"),
        ("missed", {"households": 0, "paired": 0}, None, "—"),
        ("loads", {"capacity": 0}, None, "—"),
        ("idle", {"level": "grid", "idle": 5}, 1, "5"),
        ("idle", {"level": "grid", "officers": 0}, None, "—"),
    ],
)
def test_a_place_falls_in_the_class_of_its_figure(
    figure: str, changed: dict[str, int], level: int | None, text: str
) -> None:
    line = replace(PLACE, **changed)  # type: ignore[arg-type]
    assert (FIGURES[figure].level(line), FIGURES[figure].text(line)) == (level, text)


def test_the_examples_are_true() -> None:
    assert doctest.testmod(cover).failed == doctest.testmod(rules).failed == 0
