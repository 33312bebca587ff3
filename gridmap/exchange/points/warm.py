"""Has all loops compiled before somebody waits for them: a clone's first bulk request did, half a minute, and while the
first address was searched nobody else was answered.

What is compiled lies beside the sources from then on, and the next process reads it in a second. Run as
``python -m gridmap.exchange.points.warm`` when an installation is set up.
"""

import io
import subprocess
import sys
import threading
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from gridmap.addresses.search import kernels as search_kernels
from gridmap.addresses.search import weighing
from gridmap.addresses.search.warm import warm_up as warm_up_search
from gridmap.contacts.solve import kernels as solve_kernels
from gridmap.contacts.solve.kernels import assign
from gridmap.db.lock import locked
from gridmap.exchange.points import csv_kernels
from gridmap.exchange.points.arrow_points import ArrowPoints
from gridmap.exchange.points.csv_points import CsvPoints
from gridmap.geo.compiled import everything_marker
from gridmap.geo.crs import Crs
from gridmap.geo.lonlat import LonLat
from gridmap.snapshot.build import SegmentSource, build_segments
from gridmap.snapshot.bulk import BulkLocator
from gridmap.snapshot.groups import compiled_kind
from gridmap.snapshot.reader import Segments
from gridmap.snapshot.segment import GridName

_COMPILED = (csv_kernels, search_kernels, weighing, solve_kernels)
"""What is compiled besides the loops of `geo`."""
_CODE = "900000000000001"


def warm_up() -> None:
    """Asks once for everything that is compiled."""
    names = [GridName(_CODE, "", None, "base")]
    table = build_segments([SegmentSource("village", _CODE[:12], (), [(names[0], shapely.box(103, 34, 104, 35))])])
    segments = Segments([table], [np.ones(1, bool)])
    points = pa.record_batch({"lon": [103.5, 103.0, 9.0], "lat": [34.5, 34.5, 9.0]})
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, points.schema) as writer:
        writer.write_batch(points)
    for in_layer in (False, True):
        locator = BulkLocator(segments, 1, Crs.parse("EPSG:4490"), in_layer=in_layer)
        ArrowPoints(locator).feed(stream.getvalue(), last=True)
        CsvPoints(locator).feed(b"lon,lat\n103.5,34.5\n103.1234567890123456,9\n", last=True)
    segments.find_nearest(LonLat(9.0, 9.0))
    compiled_kind()(np.zeros((1, 3)), 1.0, 0.0, 0.0)
    warm_up_search()
    one = np.ones(1, np.int64)
    assign(one.reshape(1, 1), one, one, one, 1)


def compile_once() -> None:
    """Compiles all of it, if that has not been done, in a process of its own: a compiler lets nobody else work."""
    marker = _marker()
    if marker is not None and not marker.exists():
        subprocess.run([sys.executable, "-m", "gridmap.exchange.points.warm"], check=False)


def _marker() -> Path | None:
    """A file that is there once all of it has been compiled as it is now; None where nothing can be kept."""
    sources = b"".join(Path(str(module.__file__)).read_bytes() for module in _COMPILED)
    kept = everything_marker()
    return None if kept is None else kept.with_name(f"{kept.name}-{sha256(sources).hexdigest()[:16]}")


def warm_up_meanwhile() -> None:
    """Has everything compiled and read beside whatever else the process does."""
    threading.Thread(target=_warm_up_here, name="warm-up", daemon=True).start()


def _warm_up_here() -> None:
    compile_once()
    warm_up()


def main() -> None:
    """Compiles what has not been; of many that ask at once one does."""
    marker = _marker()
    if marker is None:
        return
    with locked(marker.with_suffix(".lock")):
        if not marker.exists():
            warm_up()
            marker.touch()


if __name__ == "__main__":
    main()
