"""What can be wrong with a coverage: the kinds of problem, how grave each is, and the sentence that says it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from shapely.geometry.base import BaseGeometry

from gridmap.geo.ring_faults import CHINESE

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

# {who} are the grids, or the outline when there are none; {size} has its unit; {detail} are GEOS's words or a number.
_SENTENCES: dict[Kind, tuple[str, str]] = {
    Kind.EMPTY: ("{who} 没有面积。", "{who}: there is no area."),
    Kind.INVALID_RING: ("{who} 的边界自相交或不闭合({detail})。", "{who}: the border is not a valid ring ({detail})."),
    Kind.OVERLAP: ("{who} 相互重叠 {size}。", "{who} overlap by {size}."),
    Kind.GAP: ("{who} 旁有 {size} 空白，不属于任何网格。", "{who}: beside lie {size} that belong to no grid."),
    Kind.HOLE: ("{who} 内有 {size} 空洞，不属于任何网格。", "{who}: inside lie {size} that belong to no grid."),
    Kind.OUTSIDE: ("{who} 有 {size} 超出边界。", "{who}: {size} lie beyond the outline."),
    Kind.SLIVER: ("{who} 含有 {size} 的狭长碎片。", "{who}: there is a sliver of {size}."),
    Kind.UNMATCHED_EDGE: (
        "{who} 有 {size} 边线与相邻网格不一致。",
        "{who}: {size} of border do not match the neighbour's.",
    ),
    Kind.UNMATCHED_VERTEX: (
        "{who}：{size} 公共边线上，一方有节点而另一方没有。",
        "{who}: along {size} of shared border one side has a vertex that the other has not.",
    ),
    Kind.OFF_LATTICE: (
        "{who} 的坐标小数超过七位，入库时将取整。",
        "{who}: coordinates have more than seven decimals and are rounded when stored.",
    ),
    Kind.MULTIPART: ("{who} 由 {detail} 个互不相连的部分组成。", "{who}: there are {detail} separate parts."),
    Kind.SMALL: ("{who} 有一部分仅 {size}。", "{who}: a part has only {size}."),
}
_EMPTY = ("边界内有 {size} 空白，不属于任何网格。", "Inside the outline {size} belong to no grid.")
_UNDER = ("小于", "less than")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong at one place. `where` is in degrees; `size` an area or, for lines, a length in `unit`."""

    kind: Kind
    grids: tuple[str, ...]
    """Codes, lowest first; none for a gap that touches no grid."""
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
        return self._sentence(0, f"网格 {'、'.join(self.grids)}" if self.grids else "边界")

    @property
    def message_en(self) -> str:
        """The sentence in English."""
        grids = f"Grid{'s' * (len(self.grids) > 1)} {', '.join(self.grids)}"
        return self._sentence(1, grids if self.grids else "The outline")

    def _sentence(self, language: int, who: str) -> str:
        if not self.grids and self.kind == Kind.GAP:
            return _EMPTY[language].format(size=_area(self.size, _UNDER[language]))
        size = (_area if self.unit == "m2" else _length)(self.size, _UNDER[language])
        detail = self.detail if language else CHINESE.get(self.detail, self.detail)
        return _SENTENCES[self.kind][language].format(who=who, size=size, detail=detail)


def _area(area_m2: float, under: str) -> str:
    """A cell of the lattice (1 cm²) must not read as 0, nor as a power of ten, which nobody says."""
    if area_m2 >= 1e6:
        return f"{area_m2 / 1e6:,.2f} km²"
    if area_m2 >= 0.01:
        return f"{_digits(area_m2)} m²"
    return f"{area_m2 * 1e4:.2g} cm²" if area_m2 >= 1e-4 else f"{under} 1 cm²"


def _length(length_m: float, under: str) -> str:
    if length_m >= 1e4:
        return f"{length_m / 1e3:,.2f} km"
    return f"{_digits(length_m)} m" if length_m >= 0.001 else f"{under} 1 mm"


def _digits(number: float) -> str:
    """Three digits of a small number, whole ones of a large one."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
