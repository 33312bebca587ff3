"""A parsed address as it is told over the wire."""

from typing import Self

from pydantic import BaseModel

from gridmap.addresses.doors import Assumption, AssumptionKind, HintKind, LeftOver
from gridmap.addresses.format import format_label
from gridmap.addresses.parse import Alternative, Parsed, Reason
from gridmap.addresses.segments import Segments


class AssumedOut(BaseModel):
    """What was read into the text: the words it was read from, if any, and what they were taken for."""

    kind: AssumptionKind
    segment: str
    said: str | None
    span: tuple[int, int] | None
    value: str

    @classmethod
    def of(cls, item: Assumption, text: str) -> Self:
        """With the words themselves."""
        said = None if item.span is None else text[slice(*item.span)]
        return cls(kind=item.kind, segment=item.segment, said=said, span=item.span, value=item.value)


class LeftOverOut(BaseModel):
    """A part of the text that is no segment."""

    kind: HintKind
    said: str
    span: tuple[int, int]

    @classmethod
    def of(cls, item: LeftOver, text: str) -> Self:
        """With the words themselves."""
        return cls(kind=item.kind, said=text[slice(*item.span)], span=item.span)


class AlternativeOut(BaseModel):
    """Another way to read the whole text."""

    reason: Reason
    label: str
    segments: dict[str, str]

    @classmethod
    def of(cls, item: Alternative) -> Self:
        """With its label."""
        return cls(reason=item.reason, label=format_label(item.segments), segments=told(item.segments))


class ParsedOut(BaseModel):
    """An address taken apart. Spans count code points of `text`, the end not included; only segments that are there
    are told."""

    version: int
    text: str
    normalised: str
    label: str
    segments: dict[str, str]
    spans: dict[str, tuple[int, int]]
    assumed: list[AssumedOut]
    left_over: list[LeftOverOut]
    alternatives: list[AlternativeOut]
    alternatives_more: int

    @classmethod
    def of(cls, parsed: Parsed, version: int) -> Self:
        """From what the parser found, by the gazetteer of a dataset version."""
        return cls(
            version=version,
            text=parsed.text,
            normalised=parsed.normalised,
            label=format_label(parsed.segments),
            segments=told(parsed.segments),
            spans=parsed.spans,
            assumed=[AssumedOut.of(item, parsed.text) for item in parsed.assumed],
            left_over=[LeftOverOut.of(item, parsed.text) for item in parsed.left_over],
            alternatives=[AlternativeOut.of(item) for item in parsed.alternatives],
            alternatives_more=parsed.alternatives_more,
        )


def told(segments: Segments) -> dict[str, str]:
    """The segments that are there, in the order of a label."""
    return {name: value for name, value in segments._asdict().items() if value}
