"""The types that coordinates and polygons are passed in, and how numbers of any shape become float64 arrays."""

import numpy as np
import numpy.typing as npt
import shapely

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
ShapeArray = npt.NDArray[np.object_]
Polygonal = shapely.Polygon | shapely.MultiPolygon


def as_pair(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Both as float64 arrays of one shape; the arrays given are never written to.

    >>> as_pair(1, [2, 3])
    (array([1., 1.]), array([2., 3.]))
    """
    wide_x, wide_y = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    return wide_x, wide_y


def as_multi(geometry: Polygonal) -> shapely.MultiPolygon:
    """The same area as a multi-polygon, which is how areas are stored."""
    return geometry if isinstance(geometry, shapely.MultiPolygon) else shapely.MultiPolygon([geometry])
