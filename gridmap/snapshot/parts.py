"""What a snapshot is made of: its parts, each of which knows which segments there are, which changed, and their tables.

To add a kind of segment (addresses for the search, say):

1. Give it a name in `segment.Kind`, one for each code; a segment is a row of a table whose first columns are `kind`
   and `code`, and whose schema carries `segment.metadata("your content")`. Other columns are yours: list columns are
   flat arrays that are mapped as they lie on disk. Nothing personal goes in: the files are copied to other machines.
2. Write a class with the methods of `Part` and put it into `catch_up.PARTS`. `changed_since` is asked after every
   publish with the version that the files have; `Changes.places` are the villages in which addresses or households
   changed meanwhile, with or without a version (`PlaceChange`, noted by triggers).
3. Read it with `Snapshot.rows("your content")`, which gives the live rows of all files.

Writing, joining, checking, keeping, exporting and healing are the same for all and need nothing from you. When the
columns change, raise `segment.FORMAT_VERSION`: every snapshot is then built anew at the next start.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import pyarrow as pa
import shapely
from sqlalchemy.orm import Session

from gridmap.divisions import service as divisions
from gridmap.divisions.service import Chains, DivisionRecord
from gridmap.geo.arrays import Polygonal
from gridmap.grids import service as grids
from gridmap.grids.layers import service as layers
from gridmap.grids.layers.service import Feature
from gridmap.grids.service import GridRecord
from gridmap.snapshot.build import SegmentSource, build_files
from gridmap.snapshot.segment import DivisionName, GridFacts, GridName, Kind, metadata

_VILLAGES_READ = 200
"""Read from the database at a time: more only takes more memory."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a part is told about the time since its segments were written."""

    version: int
    """The version they have."""
    places: frozenset[str]


class Part(Protocol):
    """A kind of segment."""

    kind: Kind

    def codes(self, session: Session) -> set[str]:
        """Every segment that there is now."""
        ...

    def changed_since(self, session: Session, changes: Changes) -> set[str]:
        """The segments that may be different from what was written; some too many do no harm."""
        ...

    def tables(self, session: Session, codes: Collection[str]) -> Iterator[pa.Table]:
        """These segments, a table for each file."""
        ...


class Villages:
    """The grids of a village with the chain above it, in the cell index."""

    kind: Kind = "village"

    def codes(self, session: Session) -> set[str]:
        """The villages that have grids."""
        return grids.villages_with_grids(session)

    def changed_since(self, session: Session, changes: Changes) -> set[str]:
        """Those with other grids, and all below a division that has another name."""
        found = grids.villages_changed_since(session, changes.version)
        renamed = divisions.changed_since(session, changes.version)
        if renamed:
            chains = Chains(session)
            below = (code for code in chains if len(code) == 12)
            found |= {code for code in below if any(step.code in renamed for step in chains.above(code))}
        return found

    def tables(self, session: Session, codes: Collection[str]) -> Iterator[pa.Table]:
        """A file for every so many villages."""
        return build_files(self._sources(session, codes))

    def _sources(self, session: Session, codes: Collection[str]) -> Iterator[SegmentSource]:
        chains = Chains(session)
        for some in batches(sorted(codes)):
            by_village: dict[str, list[GridRecord]] = {}
            for grid in grids.list_in_villages(session, some):
                by_village.setdefault(grid.village_code, []).append(grid)
            for code, found in by_village.items():
                yield _village(code, chains, found)
            session.expunge_all()


def _village(code: str, chains: Chains, found: Sequence[GridRecord]) -> SegmentSource:
    chain = tuple(DivisionName(step.level, step.code, step.name, step.name_bo) for step in chains.above(code))
    shapes = [(GridName(grid.code, grid.name, grid.name_bo, grid.kind), grid.geometry) for grid in found]
    facts = {grid.code: GridFacts(grid.note, grid.area_m2, grid.valid_from, grid.version_from) for grid in found}
    return SegmentSource("village", code, chain, shapes, facts)


class Layers:
    """The areas of a reference layer, in the cell index; all shapes of one code are one area."""

    kind: Kind = "layer"

    def codes(self, session: Session) -> set[str]:
        """The layers that have areas can't be told from their names: those without are left out by `tables`."""
        return {layer.name for layer in layers.list_layers(session)}

    def changed_since(self, session: Session, changes: Changes) -> set[str]:
        """Those that were loaded since."""
        return layers.changed_since(session, changes.version)

    def tables(self, session: Session, codes: Collection[str]) -> Iterator[pa.Table]:
        """A file for all of them."""
        return build_files(self._sources(session, codes))

    def _sources(self, session: Session, codes: Collection[str]) -> Iterator[SegmentSource]:
        for layer in layers.list_layers(session):
            if layer.name in codes and (areas := layer_areas(layers.list_features(session, layer))):
                yield SegmentSource("layer", layer.name, (), areas)


def layer_areas(features: Sequence[Feature]) -> list[tuple[GridName, Polygonal]]:
    """The areas of a layer by code, all shapes of one code being one area; lines and points are none."""
    by_code: dict[str, list[Feature]] = {}
    for feature in features:
        if isinstance(feature.geometry, Polygonal):
            by_code.setdefault(feature.code, []).append(feature)
    return [(GridName(code, same[0].name or "", None, "item"), _one_area(same)) for code, same in by_code.items()]


def _one_area(same: Sequence[Feature]) -> Polygonal:
    if len(same) == 1 and isinstance(same[0].geometry, Polygonal):
        return same[0].geometry
    whole = shapely.union_all([feature.geometry for feature in same])
    return shapely.MultiPolygon([part for part in shapely.get_parts(whole) if isinstance(part, shapely.Polygon)])


class Divisions:
    """A division with its outline; of a village that has grids without, since they tile it."""

    kind: Kind = "division"
    schema = pa.schema(
        [
            ("kind", pa.string()), ("code", pa.string()), ("level", pa.string()), ("parent", pa.string()),
            ("name", pa.string()), ("name_full", pa.string()), ("name_bo", pa.string()),
            ("outline", pa.binary()), ("outline_source", pa.string()), ("seat", pa.binary()),
            ("seat_source", pa.string()), ("population", pa.int64()), ("valid_from", pa.timestamp("us", "UTC")),
        ],
        metadata=metadata("divisions"),
    )  # fmt: skip

    def codes(self, session: Session) -> set[str]:
        """All divisions."""
        return set(Chains(session))

    def changed_since(self, session: Session, changes: Changes) -> set[str]:
        """Those that changed, and villages that have their first grids, or none any more."""
        return divisions.changed_since(session, changes.version) | grids.villages_changed_since(
            session, changes.version
        )

    def tables(self, session: Session, codes: Collection[str]) -> Iterator[pa.Table]:
        """One file."""
        tiled = grids.villages_with_grids(session)
        rows = []
        for some in batches(sorted(codes)):
            found = divisions.by_codes(session, some)
            rows += [_division_row(record, tiled) for record in found.values()]
            session.expunge_all()
        yield pa.Table.from_pylist(rows, schema=self.schema)


def _division_row(record: DivisionRecord, tiled: Collection[str]) -> dict[str, object]:
    outline = None if record.code in tiled else record.outline
    return {
        "kind": "division",
        "code": record.code,
        "level": record.level,
        "parent": record.parent,
        "name": record.name,
        "name_full": record.name_full,
        "name_bo": record.name_bo,
        "outline": None if outline is None else shapely.to_wkb(outline),
        "outline_source": record.outline_source,
        "seat": None if record.seat is None else shapely.to_wkb(record.seat),
        "seat_source": record.seat_source,
        "population": record.population,
        "valid_from": record.valid_from,
    }


def batches(codes: Sequence[str]) -> Iterator[list[str]]:
    """Codes, so many at a time as are read at once."""
    left = iter(codes)
    while some := list(islice(left, _VILLAGES_READ)):
        yield some
