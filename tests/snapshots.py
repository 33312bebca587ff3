"""A snapshot in one file, as `gridmap snapshot export` writes it, made without any database."""

from collections.abc import Sequence
from pathlib import Path

from gridmap.geo.arrays import Polygonal
from gridmap.snapshot.build import SegmentSource, build_files
from gridmap.snapshot.export import export_file
from gridmap.snapshot.manifest import replace_all
from gridmap.snapshot.segment import GridName


def village_sources(segments: Sequence[Sequence[Polygonal]]) -> list[SegmentSource]:
    """A village for each list of polygons, with grids in their order."""
    return [
        SegmentSource("village", f"{900000000000 + n}", (), [(_name(n, at), shape) for at, shape in enumerate(shapes)])
        for n, shapes in enumerate(segments)
    ]


def _name(village: int, at: int) -> GridName:
    code = f"{900000000000 + village}{at + 1:03d}"
    return GridName(code, code, None, "base")


def exported(folder: Path, segments: Sequence[Sequence[Polygonal]]) -> Path:
    """The file, of version 1."""
    replace_all(folder / "snapshot", 1, build_files(village_sources(segments)))
    export_file(folder / "snapshot", folder / "map.gridmap")
    return folder / "map.gridmap"
