"""A past state of the map to look points up in, made from PostGIS when its manifest is kept no longer."""

from datetime import datetime
from itertools import groupby

import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session

from gridmap.grids import service as grids
from gridmap.grids.layers import service as layers
from gridmap.grids.layers.service import LayerRecord
from gridmap.snapshot.build import SegmentSource, build_segments
from gridmap.snapshot.parts import layer_areas
from gridmap.snapshot.reader import Segments
from gridmap.snapshot.segment import GridName


def past_villages(session: Session, at: datetime | None) -> Segments:
    """The grids of all villages as they were at a time, or as they are."""
    return _opened(past_villages_table(session, at))


def past_villages_table(session: Session, at: datetime | None) -> pa.Table | None:
    """The same as segments that can be written; None when there were none."""
    found = sorted(grids.list_grids(session, at=at), key=lambda grid: grid.code)
    sources = [
        SegmentSource("village", village, (), [(GridName(g.code, g.name, g.name_bo, g.kind), g.geometry) for g in same])
        for village, same in groupby(found, key=lambda grid: grid.village_code)
    ]
    return build_segments(sources) if sources else None


def layer_segments(session: Session, layer: LayerRecord) -> Segments:
    """The areas of one loading of a layer; points and lines are none."""
    return _opened(layer_table(session, layer))


def layer_table(session: Session, layer: LayerRecord) -> pa.Table | None:
    """The same as a segment that can be written; None when there are none."""
    areas = layer_areas(layers.list_features(session, layer))
    return build_segments([SegmentSource("layer", layer.name, (), areas)]) if areas else None


def _opened(table: pa.Table | None) -> Segments:
    return Segments([], []) if table is None else Segments([table], [np.ones(table.num_rows, bool)])
