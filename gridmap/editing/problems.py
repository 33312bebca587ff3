"""What can be wrong with a changeset, beyond the coverage itself, and the sentences that say it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from shapely.geometry.base import BaseGeometry

from gridmap.errors import FieldError
from gridmap.geo.coverage_problems import Problem as CoverageProblem
from gridmap.geo.coverage_problems import Severity, Unit
from gridmap.sentences import Sentence


class Kind(StrEnum):
    """The kinds of problem (问题类型) that concern codes, names and the base, not the shapes."""

    STALE_BASE = "stale_base"
    VILLAGE_NOT_INCLUDED = "village_not_included"
    VILLAGE_EMPTY = "village_empty"
    CODE_FORM = "code_form"
    CODE_OF_OTHER_VILLAGE = "code_of_other_village"
    CODE_TWICE = "code_twice"
    CODE_USED = "code_used"
    CODE_MOVED = "code_moved"
    NUMBERING_FULL = "numbering_full"
    GROUPS_FULL = "groups_full"
    NAME_MISSING = "name_missing"
    NAME_LONG = "name_long"
    OVERLAPS_NEIGHBOUR = "overlaps_neighbour"
    NAME_TWICE = "name_twice"
    OUTLINE_MOVES = "outline_moves"


WARNINGS = frozenset({Kind.NAME_TWICE, Kind.OUTLINE_MOVES})

_SENTENCES: dict[Kind, tuple[str, str]] = {
    Kind.STALE_BASE: (
        "起草之后已有其他变更发布：{detail}。",
        "Something else was published since this was begun: {detail}.",
    ),
    Kind.VILLAGE_NOT_INCLUDED: (
        "网格 {grids} 属于村 {detail}，不在本变更单内。",
        "Grid {grids} is of village {detail}, which this changeset does not include.",
    ),
    Kind.VILLAGE_EMPTY: (
        "村 {detail} 没有任何网格。",
        "Village {detail} is left without a grid; villages are merged by a change of divisions.",
    ),
    Kind.CODE_FORM: (
        "网格编码 {grids} 不是 15 位数字，或序号为 000。",
        "{grids} is no grid code: 15 digits are wanted, the last three from 001.",
    ),
    Kind.CODE_OF_OTHER_VILLAGE: (
        "网格编码 {grids} 不属于村 {detail}。",
        "The code {grids} does not begin with that of its village {detail}.",
    ),
    Kind.CODE_TWICE: ("网格编码 {grids} 出现 {detail} 次。", "The code {grids} is there {detail} times."),
    Kind.CODE_USED: (
        "网格编码 {grids} 曾用于另一网格，不得再用。",
        "The code {grids} was another grid's; a code is never given again.",
    ),
    Kind.CODE_MOVED: (
        "网格 {grids} 与其原有范围毫无重叠，应使用新编码。",
        "Grid {grids} shares no ground with what it was; another place wants another code.",
    ),
    Kind.NUMBERING_FULL: ("村 {detail} 的网格编号不够用：最大 999，用过的编号不再使用。", "{detail}"),
    Kind.GROUPS_FULL: (
        "网格 {grids} 的联防组编号已用尽（最大 99）。",
        "Grid {grids} has no group numbers left: 99 is the last.",
    ),
    Kind.NAME_MISSING: ("网格 {grids} 没有名称。", "Grid {grids} has no name."),
    Kind.NAME_LONG: (
        "网格 {grids} 的名称应为 {detail} 个以内的可打印字符。",
        "The name of grid {grids} is to have at most {detail} printable characters.",
    ),
    Kind.OVERLAPS_NEIGHBOUR: (
        "网格 {grids} 与本变更单之外的网格重叠。",
        "Grids {grids} overlap, and one of them is not of this changeset.",
    ),
    Kind.NAME_TWICE: ("网格 {grids} 同名“{detail}”。", "Grids {grids} have one name, {detail}."),
    Kind.OUTLINE_MOVES: ("村界将调整：{detail}。", "The outlines of villages move: {detail}."),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. `grids` are codes, or the references of new grids; `where` is in degrees, or None.

    An error has to be put right before submitting; a warning is for people to judge.
    """

    kind: str
    severity: Severity
    grids: tuple[str, ...]
    where: BaseGeometry | None
    size: float | None
    unit: Unit | None
    message: str
    message_en: str

    @property
    def told(self) -> Sentence:
        """The message as a refusal tells it; its arguments are the message in each language."""
        return Sentence.of("problem", self.message_en, {"zh": self.message, "en": self.message_en})

    @classmethod
    def of_coverage(cls, problem: CoverageProblem) -> Self:
        """A problem of the shapes."""
        return cls(
            kind=problem.kind,
            severity=problem.severity,
            grids=problem.grids,
            where=problem.where,
            size=problem.size,
            unit=problem.unit,
            message=problem.message,
            message_en=problem.message_en,
        )

    @classmethod
    def of(cls, kind: Kind, grids: Iterable[str] = (), detail: str = "", detail_zh: str | None = None) -> Self:
        """A problem of codes, names or the base; `detail_zh` when its words are not the same in Chinese."""
        named = tuple(grids)
        zh, en = _SENTENCES[kind]
        return cls(
            kind=kind,
            severity="warning" if kind in WARNINGS else "error",
            grids=named,
            where=None,
            size=None,
            unit=None,
            message=zh.format(grids="、".join(named), detail=detail if detail_zh is None else detail_zh),
            message_en=en.format(grids=", ".join(named), detail=detail),
        )


def errors_among(problems: Iterable[Problem]) -> list[FieldError]:
    """Those that forbid publishing, as the fields of a refusal."""
    return [FieldError(", ".join(p.grids), p.told, p.kind) for p in problems if p.severity == "error"]
