"""Making segments from plain values: the grids of a village with the chain above it, or the items of a layer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import pyarrow as pa

from gridmap.errors import InvalidInput
from gridmap.geo.arrays import Polygonal
from gridmap.geo.cell_build import build_cells
from gridmap.snapshot.segment import NO_FACTS, DivisionName, GridFacts, GridName, Kind, SegmentLabels, to_table


@dataclass(frozen=True, slots=True)
class SegmentSource:
    """What a segment is made of. Degrees of EPSG:4490; the shapes in any order; `divisions` has the province first."""

    kind: Kind
    code: str
    divisions: tuple[DivisionName, ...]
    shapes: Sequence[tuple[GridName, Polygonal]]
    facts: Mapping[str, GridFacts] = field(default_factory=dict)
    """By code; none need be told."""


_FILE = 20_000
"""Segments of a file: more would only take more memory to write."""


def build_files(sources: Iterable[SegmentSource]) -> Iterator[pa.Table]:
    """Any number of segments, read and built a file at a time."""
    left = iter(sources)
    while batch := list(islice(left, _FILE)):
        yield build_segments(batch)


def build_segments(sources: Iterable[SegmentSource]) -> pa.Table:
    """Segments as rows, ready to be written. The polygons of a segment stand in the order of their codes.

    Raises InvalidInput without any, for a segment or a code in it that comes twice, and as `build_cells` does.
    """
    found = list(sources)
    _check_unique([f"{source.kind} {source.code}" for source in found])
    labels, polygons = [], []
    for source in found:
        shapes = sorted(source.shapes, key=lambda shape: shape[0].code)
        _check_unique([name.code for name, _ in shapes])
        names = tuple(name for name, _ in shapes)
        facts = tuple(source.facts.get(name.code, NO_FACTS) for name in names)
        labels.append(SegmentLabels(source.kind, source.code, source.divisions, names, facts))
        polygons.append([polygon for _, polygon in shapes])
    return to_table(labels, build_cells(polygons))


def _check_unique(codes: Sequence[str]) -> None:
    if len(set(codes)) == len(codes):
        return
    twice = next(code for at, code in enumerate(codes) if code in codes[:at])
    raise InvalidInput(f"{twice} comes twice")
