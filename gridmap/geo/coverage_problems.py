"""What can be wrong with a coverage: the kinds of problem, how grave each is, and the sentence that says it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from shapely.geometry.base import BaseGeometry

Severity = Literal["error", "warning"]
Unit = Literal["m2", "m"]


class Kind(StrEnum):
    """The kinds of problem (问题类型), in the order in which they are best put right."""

    EMPTY = "empty"
    INVALID_RING = "invalid_ring"
    OVERLAP = "overlap"
    GAP = "gap"
    HOLE = "hole"
    OUTSIDE = "outside"
    SLIVER = "sliver"
    UNMATCHED_EDGE = "unmatched_edge"
    UNMATCHED_VERTEX = "unmatched_vertex"
    OFF_LATTICE = "off_lattice"
    MULTIPART = "multipart"
    SMALL = "small"


WARNINGS = frozenset({Kind.UNMATCHED_VERTEX, Kind.OFF_LATTICE, Kind.MULTIPART, Kind.SMALL})

# Grids stand for {grids}, the size with its unit for {size}, and GEOS's words on an invalid ring for {detail}.
_SENTENCES: dict[Kind, tuple[str, str]] = {
    Kind.EMPTY: ("网格 {grids} 没有面积。", "Grid {grids} has no area."),
    Kind.INVALID_RING: (
        "网格 {grids} 的边界自相交或不闭合({detail})。",
        "The border of grid {grids} is not a valid ring ({detail}).",
    ),
    Kind.OVERLAP: ("网格 {grids} 相互重叠 {size}。", "Grids {grids} overlap by {size}."),
    Kind.GAP: (
        "网格 {grids} 旁有 {size} 空白，不属于任何网格。",
        "Beside {grids} there are {size} that belong to no grid.",
    ),
    Kind.HOLE: (
        "网格 {grids} 内有 {size} 空洞，不属于任何网格。",
        "Inside grid {grids} there is a hole of {size} that belongs to no grid.",
    ),
    Kind.OUTSIDE: ("网格 {grids} 有 {size} 超出边界。", "Grid {grids} reaches {size} beyond the outline."),
    Kind.SLIVER: ("网格 {grids} 含有 {size} 的狭长碎片。", "Grid {grids} has a sliver of {size}."),
    Kind.UNMATCHED_EDGE: (
        "网格 {grids} 有 {size} 边线与相邻网格不一致。",
        "Grid {grids} has {size} of border that does not match its neighbour's.",
    ),
    Kind.UNMATCHED_VERTEX: (
        "{grids}：{size} 公共边线上，一方有节点而另一方没有。",
        "{grids}: along {size} of shared border one side has a vertex that the other has not.",
    ),
    Kind.OFF_LATTICE: (
        "网格 {grids} 的坐标小数超过七位，入库时将取整。",
        "Grid {grids} has coordinates of more than seven decimals, which are rounded when stored.",
    ),
    Kind.MULTIPART: (
        "网格 {grids} 由 {detail} 个互不相连的部分组成。",
        "Grid {grids} consists of {detail} separate parts.",
    ),
    Kind.SMALL: ("网格 {grids} 有一部分仅 {size}。", "A part of grid {grids} has only {size}."),
}
_OUTLINE_NAMES = ("边界", "the outline")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong at one place. `where` is in degrees; `size` an area or, for lines, a length in `unit`."""

    kind: Kind
    grids: tuple[str, ...]
    """Codes, lowest first. An empty tuple, or one beside which nobody else is concerned, means the outline."""
    where: BaseGeometry
    size: float
    unit: Unit
    detail: str = ""

    @property
    def severity(self) -> Severity:
        """An error has to be put right before publishing; a warning is for the clerk to judge."""
        return "warning" if self.kind in WARNINGS else "error"

    @property
    def message(self) -> str:
        """The sentence in Chinese."""
        return self._sentence(0, "、")

    @property
    def message_en(self) -> str:
        """The sentence in English."""
        return self._sentence(1, ", ")

    def _sentence(self, language: int, comma: str) -> str:
        grids = comma.join(self.grids) or _OUTLINE_NAMES[language]
        size = _area(self.size) if self.unit == "m2" else _length(self.size)
        return _SENTENCES[self.kind][language].format(grids=grids, size=size, detail=self.detail)


def _area(area_m2: float) -> str:
    return f"{area_m2 / 1e6:,.2f} km²" if area_m2 >= 1e6 else f"{_digits(area_m2)} m²"


def _length(length_m: float) -> str:
    return f"{length_m / 1e3:,.2f} km" if length_m >= 1e4 else f"{_digits(length_m)} m"


def _digits(number: float) -> str:
    """Three digits of a small number, whole ones of a large one: a cell of the lattice must not read as 0."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}" if number >= 0.001 else f"{number:.1e}"
