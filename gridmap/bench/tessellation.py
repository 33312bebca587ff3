"""An invented county of winding grids without gaps, as many as wanted, each of 73 vertices on the lattice."""

import numpy as np
import shapely

from gridmap.geo.arrays import FloatArray
from gridmap.geo.lattice import snap

WEST, SOUTH, SIDE = 103.0, 34.0, 0.01
_STEPS = 18
VILLAGE = 5
"""Grids of a village: five in a row, as in the real county."""


def winding_villages(villages_wide: int, villages_high: int, seed: int = 7) -> list[list[shapely.Polygon]]:
    """Villages row by row from the south-west, each a list of `VILLAGE` grids from west to east."""
    columns, rows = villages_wide * VILLAGE, villages_high
    random = np.random.default_rng(seed)
    corners = np.stack(np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0)), axis=-1)
    corners += random.uniform(-0.12, 0.12, corners.shape)
    across = _winding(corners[:, :-1], corners[:, 1:], random)
    upward = _winding(corners[:-1], corners[1:], random)
    south, east, north, west = across[:-1], upward[:, 1:], across[1:, :, ::-1], upward[:, :-1, ::-1]
    rings = np.concatenate([south, east[:, :, 1:], north[:, :, 1:], west[:, :, 1:]], axis=2)
    grids = np.asarray(shapely.polygons(snap(rings * SIDE + [WEST, SOUTH]).reshape(-1, rings.shape[2], 2)))
    return [list(village) for village in grids.reshape(-1, VILLAGE)]


def _winding(start: FloatArray, end: FloatArray, random: np.random.Generator) -> FloatArray:
    """Lines from start to end, bent by three waves that vanish at both."""
    part = np.arange(_STEPS + 1) / _STEPS
    along = end - start
    height = random.uniform(-1, 1, (*start.shape[:-1], 3)) * [0.06, 0.03, 0.015]
    bend = np.einsum("...k,ks->...s", height, np.sin(np.pi * np.outer([1, 3, 7], part)))
    normal = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    line: FloatArray = (
        start[..., None, :] + along[..., None, :] * part[:, None] + normal[..., None, :] * bend[..., None]
    )
    # Neighbours meet in one corner to the bit.
    line[..., -1, :] = end
    return line
