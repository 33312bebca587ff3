"""Files as surveyors and clerks hand them over, written by GDAL, as Excel does, and zipped: each trap is a real one."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyproj
import shapely
import xlwt
from pyogrio import raw
from shapely.geometry.base import BaseGeometry

_DRIVERS = {
    ".shp": "ESRI Shapefile",
    ".gpkg": "GPKG",
    ".geojson": "GeoJSON",
    ".kml": "LIBKML",
    ".fgb": "FlatGeobuf",
    ".gdb": "OpenFileGDB",
}


def write_layer(
    path: Path,
    shapes: Sequence[BaseGeometry | bytes | None],
    columns: Mapping[str, Sequence[Any]],
    *,
    crs: str = "EPSG:4490",
    geometry_type: str = "Unknown",
    **options: Any,
) -> Path:
    """A layer as GDAL writes it; bytes are WKB that shapely can't make, such as curves."""
    wkb = [shape if shape is None or isinstance(shape, bytes) else _wkb(shape) for shape in shapes]
    fields = [
        np.array(values, object if any(isinstance(v, str) for v in values) else None) for values in columns.values()
    ]
    raw.write(
        path, np.array(wkb, object), fields, list(columns), geometry_type=geometry_type, crs=crs,
        driver=_DRIVERS[path.suffix], **options,
    )  # fmt: skip
    return path


def write_shapefile(
    path: Path,
    shapes: Sequence[BaseGeometry | None],
    columns: Mapping[str, Sequence[Any]],
    *,
    encoding: str = "GB18030",
    cpg: str | None = None,
    **options: Any,
) -> Path:
    """A shapefile with text in an encoding and a .cpg that may say another one; None leaves the .cpg away."""
    write_layer(path, shapes, columns, encoding=encoding, geometry_type="Polygon", **options)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    return path


def zip_of(path: Path, files: Mapping[str, Path | bytes], *, raw_names: bool = False) -> Path:
    """An archive of files by name; with `raw_names` they are GBK without the mark of UTF-8, as Windows writes them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.read_bytes()
            archive.writestr(_GbkName(name) if raw_names else name, data, zipfile.ZIP_DEFLATED)
    return path


class _GbkName(zipfile.ZipInfo):
    """An entry whose name is GBK, which the archive does not say."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("gbk"), self.flag_bits & ~0x800


def companions(path: Path, inside: str | None = None) -> dict[str, Path]:
    """The files of a shapefile, under a name of their own in an archive."""
    stem = inside or path.stem
    return {f"{stem}{part.suffix}": part for part in sorted(path.parent.glob(f"{path.stem}.*"))}


def write_xlsx(path: Path, *sheets: Sequence[Sequence[Any]]) -> Path:
    """A workbook of Excel 2007 and later."""
    book = openpyxl.Workbook()
    for place, rows in enumerate(sheets):
        sheet = book.worksheets[0] if place == 0 else book.create_sheet()
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def write_xls(path: Path, rows: Sequence[Sequence[Any]]) -> Path:
    """A workbook of Excel 97."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Sheet1")
    for line, row in enumerate(rows):
        for column, value in enumerate(row):
            sheet.write(line, column, value)
    book.save(str(path))
    return path


def projected(shape: BaseGeometry, crs: str) -> BaseGeometry:
    """A shape in degrees as easting and northing."""
    there = pyproj.Transformer.from_crs("EPSG:4490", crs, always_xy=True)
    return shapely.transform(shape, lambda xy: np.column_stack(there.transform(xy[:, 0], xy[:, 1])))


def swapped(shape: BaseGeometry) -> BaseGeometry:
    """The same numbers, the second first."""
    return shapely.transform(shape, lambda xy: xy[:, ::-1])


def _wkb(shape: BaseGeometry) -> bytes:
    flat = not (shape.has_z or shape.has_m)
    return shapely.to_wkb(shape, output_dimension=2 if flat else 4, flavor="iso")
