"""Where grids come from and what became of them: kinds and shares from geometry, and shares through generations."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np
import shapely

from gridmap.geo.arrays import Polygonal, ShapeArray, as_multi
from gridmap.geo.lattice import STEP_DEG
from gridmap.geo.measure import area_m2

Kind = Literal["split", "merge", "reshape", "renumber", "transfer"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """A part of a grid as it was (`before`) that lies in a grid as it will be (`after`), and its share of the former.

    The shares of one `before` add up to 1.
    """

    before: str
    after: str
    share: float


@dataclass(frozen=True, slots=True)
class Link:
    """What part of a grid went into which grid in a version; `share_households` is None when it had none."""

    predecessor: str
    successor: str
    version: int
    kind: Kind
    share_area: float
    share_households: float | None


@dataclass(frozen=True, slots=True)
class Successor:
    """A grid that now holds a part of an older one, with its share of that one's area and of its households."""

    code: str
    share_area: float
    share_households: float


def overlaps(before: Mapping[str, Polygonal], after: Mapping[str, Polygonal]) -> list[Overlap]:
    """Which part of each grid before lies in which grid after, by code; for one without any, none.

    Strips no wider than the lattice's step, such as a new vertex on a line makes, are no part.
    """
    if not before or not after:
        return []
    old, new = np.array(list(before.values()), object), np.array(list(after.values()), object)
    codes_before, codes_after = list(before), list(after)
    left, right = shapely.STRtree(new).query(old, predicate="intersects")
    areas: dict[str, dict[str, float]] = {}
    for i, j, part in zip(left.tolist(), right.tolist(), shapely.intersection(old[left], new[right]), strict=True):
        area = _solid_area(part)
        if area > 0:
            areas.setdefault(codes_before[i], {})[codes_after[j]] = area
    return [
        Overlap(b, a, area / sum(parts.values()))
        for b, parts in sorted(areas.items())
        for a, area in sorted(parts.items())
    ]


def _solid_area(shape: shapely.Geometry) -> float:
    """The area in m² of those parts that are wider than the lattice's step."""
    parts: ShapeArray = shapely.get_parts(shape)
    solid = [p for p in parts if isinstance(p, shapely.Polygon) and 2 * p.area > STEP_DEG * p.length]
    return area_m2(shapely.MultiPolygon(solid)) if solid else 0.0


def same_shape(left: Polygonal, right: Polygonal) -> bool:
    """Whether both have the same vertices, wherever their rings begin and whichever way they run."""
    return bool(shapely.equals_exact(shapely.normalize(as_multi(left)), shapely.normalize(as_multi(right)), 0.0))


def steps(before: Mapping[str, Polygonal], after: Mapping[str, Polygonal]) -> list[tuple[Overlap, Kind]]:
    """The overlaps of what changed between two states of an area, each with what it is.

    Grids that kept code and shape have no part in it. Between villages it is a transfer; between grids that both live
    on, a reshape; the same shape under another code is a renumbering; what goes several ways a split, else a merge.
    """
    kept = {code for code in before if code in after and same_shape(before[code], after[code])}
    old = {code: shape for code, shape in before.items() if code not in kept}
    new = {code: shape for code, shape in after.items() if code not in kept}
    found = overlaps(old, new)
    ways, sources = Counter(part.before for part in found), Counter(part.after for part in found)

    def kind(part: Overlap) -> Kind:
        if part.before[:12] != part.after[:12]:
            return "transfer"
        if part.before in after and part.after in before:
            return "reshape"
        if same_shape(before[part.before], after[part.after]):
            return "renumber"
        if ways[part.before] > 1:
            return "split"
        return "merge" if sources[part.after] > 1 else "reshape"

    return [(part, kind(part)) for part in found]


def resolve(code: str, since: int, links: Iterable[Link]) -> dict[str, tuple[float, float]]:
    """The codes that hold what a grid held before version `since`: shares of its area and of its households.

    Shares are multiplied from generation to generation, in the order of versions; where a grid had no households, they
    follow the area. A code that came back is found like any other.
    """
    held = {code: (1.0, 1.0)}
    later = sorted((link for link in links if link.version >= since), key=lambda link: link.version)
    for _, step in groupby(later, key=lambda link: link.version):
        held = _one_generation(held, list(step))
    return held


def _one_generation(held: Mapping[str, tuple[float, float]], step: Sequence[Link]) -> dict[str, tuple[float, float]]:
    after: dict[str, tuple[float, float]] = {}
    moved = {link.predecessor for link in step}
    parts = [(code, 1.0, 1.0, shares) for code, shares in held.items() if code not in moved]
    for link in step:
        if link.predecessor in held:
            households = link.share_area if link.share_households is None else link.share_households
            parts.append((link.successor, link.share_area, households, held[link.predecessor]))
    for code, area, households, of in parts:
        so_far = after.get(code, (0.0, 0.0))
        after[code] = (so_far[0] + area * of[0], so_far[1] + households * of[1])
    return after


def mixes(links: Sequence[Link]) -> bool:
    """Whether a grid that got more than one older grid's ground was divided later.

    Its shares of households are then those of a mixture, and say nothing of where the households of one part went.
    """
    mixed = {(link.successor, link.version) for link in links if link.kind in {"merge", "reshape", "transfer"}}
    ways = Counter((link.predecessor, link.version) for link in links)
    divided = [step for step, number in ways.items() if number > 1]
    return any(code == other and since < version for code, since in mixed for other, version in divided)


def successors(
    old: Polygonal, shares: Mapping[str, tuple[float, float]], now: Mapping[str, Polygonal]
) -> list[Successor]:
    """The grids of now that hold a part of an older shape, by code. Areas are measured on it, not multiplied.

    `shares` are those that `resolve` found: they name the candidates and give the shares of households.
    """
    parts = {
        part.after: part.share for part in overlaps({"": old}, {code: now[code] for code in shares if code in now})
    }
    total = sum(shares[code][1] for code in parts) or 1.0
    return [Successor(code, share, shares[code][1] / total) for code, share in parts.items()]
