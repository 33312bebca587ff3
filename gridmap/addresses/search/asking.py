"""What is asked of the search, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from gridmap.addresses.gazetteer import Known
from gridmap.addresses.search.index import EVERYWHERE
from gridmap.addresses.search.score import Parts
from gridmap.addresses.search.table import Row
from gridmap.geo.lonlat import LonLat

MatchLevel = Literal[
    "door", "building", "estate", "street", "group", "village", "township", "county", "prefecture", "province"
]
FeatureKind = Literal["housenumber", "street", "locality", "municipality"]


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked of the search besides the text."""

    limit: int = 5
    prefixes: tuple[str, ...] = EVERYWHERE
    near: LonLat | None = None
    autocomplete: bool = False


PLAIN = Asking()
"""Nothing besides."""


@dataclass(frozen=True, slots=True)
class Match:
    """One answer: a door of the register, or a place with no door of its own.

    `level` is how far the text is met by it, `kind` what it is: a door that is only next to the one asked for is a
    housenumber at the level of its group. `row` is None for a place; `code` is the door's or the division's, `known`
    the division that it lies in or is, and `below` what stands below that.
    """

    kind: FeatureKind
    level: MatchLevel
    code: str
    label: str
    known: Known
    below: Mapping[str, str]
    point: LonLat | None
    grid: str | None
    parts: Parts
    row: Row | None = None
    neighbour: bool = False
    distance_m: float | None = None

    @property
    def segments(self) -> dict[str, str]:
        """The chain with its codes and what stands below the village, as far as there is any."""
        return segments_of(self.known, self.below)

    @property
    def score(self) -> float:
        """From 0 to 1."""
        return self.parts.score


def segments_of(known: Known, below: Mapping[str, str]) -> dict[str, str]:
    """The chain with its codes and what stands below the village, as far as there is any."""
    told: dict[str, str] = {}
    for place in known.chain:
        told |= {f"{place.level}_code": place.code, place.level: place.name}
    return told | {name: text for name, text in below.items() if text}
