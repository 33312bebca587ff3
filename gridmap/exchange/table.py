"""The one form that every file is read into: named columns, numbered rows, geometry as it stands in the file."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.sentences import Sentence, say

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Row:
    """One row or feature; `number` is the one that the file's own program shows."""

    number: int
    values: tuple[Value, ...]
    geometry: BaseGeometry | None = None
    """In the file's own numbers, without Z and M."""
    problem: Sentence | None = None
    """Why the row can't be used, as far as that can be told without knowing what it is for."""


@dataclass(frozen=True, slots=True)
class Table:
    """One layer or sheet, complete: as many rows as the file has."""

    name: str
    """The file, and behind a colon the member of an archive, the layer or the sheet."""
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    declared_crs: str | None = None
    """What the file says its coordinate system is, as WKT or authority code; it may lie."""
    notes: tuple[Sentence, ...] = ()
    """What was decided or converted while reading, each a sentence."""
    hidden: bool = False
    """Whether the file's own program does not show it: it is read only when asked for."""

    @property
    def has_geometry(self) -> bool:
        """Whether any row brings a geometry of its own."""
        return any(row.geometry is not None for row in self.rows)

    def column(self, name: str) -> list[Value]:
        """The values of one column, in the order of the rows."""
        place = self.columns.index(name)
        return [row.values[place] for row in self.rows]


@dataclass(slots=True)
class GeometryReader:
    """Turns WKB into flat shapely geometries, counting what it had to do."""

    flattened: int = 0
    notes: list[Sentence] = field(default_factory=list)

    def read(self, wkb: bytes | None) -> tuple[BaseGeometry | None, Sentence | None]:
        """The geometry, and why it can't be used; both None when the row has none."""
        if wkb is None:
            return None, None
        try:
            shape = shapely.from_wkb(wkb)
        except (shapely.errors.GEOSException, NotImplementedError) as error:
            return None, say("geometry_unreadable", "the geometry can't be read ({error})", error=error)
        if shape.has_z or shape.has_m:
            self.flattened += 1
            shape = shapely.force_2d(shape)
        if shape.is_empty:
            return None, say("geometry_empty", "the geometry is empty")
        if not np.isfinite(shapely.get_coordinates(shape)).all():
            return None, say("not_finite", "a coordinate is not a finite number")
        return shape, None

    def told(self) -> list[Sentence]:
        """The notes, with what was counted."""
        if self.flattened:
            return [
                *self.notes,
                say(
                    "heights_left_out",
                    "heights and measures (Z, M) of {count} rows were left out",
                    count=self.flattened,
                ),
            ]
        return list(self.notes)


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Column names without blanks at the ends, none empty, a repeated one numbered.

    >>> unique_names(["code", " name ", "code", ""])
    ('code', 'name', 'code_2', 'column_4')
    """
    seen: dict[str, int] = {}
    unique = []
    for place, name in enumerate(names, 1):
        bare = name.strip() or f"column_{place}"
        seen[bare] = seen.get(bare, 0) + 1
        unique.append(bare if seen[bare] == 1 else f"{bare}_{seen[bare]}")
    return tuple(unique)
