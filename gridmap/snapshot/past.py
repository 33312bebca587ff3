"""A past state of the map to look points up in, made from PostGIS when its manifest is kept no longer."""

from datetime import datetime
from itertools import groupby

import numpy as np
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
    found = sorted(grids.list_grids(session, at=at), key=lambda grid: grid.code)
    sources = [
        SegmentSource("village", village, (), [(GridName(g.code, g.name, g.name_bo, g.kind), g.geometry) for g in same])
        for village, same in groupby(found, key=lambda grid: grid.village_code)
    ]
    return _built(sources)


def layer_segments(session: Session, layer: LayerRecord) -> Segments:
    """The areas of one loading of a layer; points and lines are none."""
    areas = layer_areas(layers.list_features(session, layer))
    return _built([SegmentSource("layer", layer.name, (), areas)] if areas else [])


def _built(sources: list[SegmentSource]) -> Segments:
    if not sources:
        return Segments([], [])
    table = build_segments(sources)
    return Segments([table], [np.ones(table.num_rows, bool)])
