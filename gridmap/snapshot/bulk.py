"""Which grid each of many points lies in, as bulk answers tell it: a code and a status for each, in their order."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gridmap.geo.arrays import BoolArray, FloatArray, IntArray
from gridmap.geo.crs import Crs, to_lonlat
from gridmap.snapshot.reader import Segments

STATUSES = ("ok", "boundary", "outside", "invalid", "overlap", "outside_scope")
OK, BOUNDARY, OUTSIDE, INVALID, OVERLAP, OUTSIDE_SCOPE = range(len(STATUSES))

StatusArray = npt.NDArray[np.uint8]
EVERYWHERE = ("",)

_STATUS_NAMES = pa.array(STATUSES)


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """For each point the place of its code among the locator's codes, -1 for none; its status as a place in STATUSES.

    In a layer `start` says where a point's codes begin in `all_codes` (one number more than there are points).
    """

    position: IntArray
    status: StatusArray
    start: IntArray | None = None
    all_codes: IntArray | None = None

    def status_names(self) -> pa.StringArray:
        """The statuses in words."""
        return _STATUS_NAMES.take(pa.array(self.status))


@dataclass(frozen=True, eq=False)
class BulkLocator:
    """Answers any number of points from one state of the map, that of `version`, which stays as it is.

    The points are in `crs`. `within` are the code prefixes of what the caller is told; a point whose lowest code is not
    among them is `outside_scope`, as a single answer says it. In a layer, whose areas may lie over each other, a point
    in several is an `overlap`, and one on the border of any is on a `boundary`, as everywhere.
    """

    segments: Segments
    version: int
    crs: Crs
    within: tuple[str, ...] = EVERYWHERE
    in_layer: bool = False

    def in_crs(self, crs: Crs) -> Self:
        """The same for points of another system."""
        return replace(self, crs=crs)

    @property
    def codes(self) -> pa.StringArray:
        """The codes that answers count in."""
        return self.segments.codes

    def locate(self, x: FloatArray, y: FloatArray) -> Answers:
        """The answers for points in any order; a point that is none, or NaN, is `invalid`."""
        lon, lat = to_lonlat(self.crs, x, y)
        placed = self.segments.place_many(lon, lat)
        position = placed.position
        status = np.where(placed.on_boundary, np.uint8(BOUNDARY), np.uint8(OK))
        status[position < 0] = OUTSIDE
        status[np.isnan(lon)] = INVALID
        if not self.in_layer:
            return self._in_scope(Answers(position, status))
        status[(status == OK) & (placed.touching > 1)] = OVERLAP
        return Answers(position, status, *self.segments.list_many(lon, lat))

    def _in_scope(self, answers: Answers) -> Answers:
        if self.within == EVERYWHERE:
            return answers
        hidden = (answers.position >= 0) & ~self._told[answers.position]
        answers.status[hidden] = OUTSIDE_SCOPE
        answers.position[hidden] = -1
        return answers

    @cached_property
    def _told(self) -> BoolArray:
        told = np.zeros(len(self.codes) + 1, bool)
        for prefix in self.within:
            told[:-1] |= pc.starts_with(self.codes, prefix).to_numpy(zero_copy_only=False)
        return told
