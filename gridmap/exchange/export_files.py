"""Exports as files. What a format can't hold is mapped and told, or refused; nothing is cut off in silence."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.errors import InvalidInput
from gridmap.exchange.encoding import asked_encoding
from gridmap.exchange.exported import Columns, Exported
from gridmap.exchange.formulas import marked
from gridmap.exchange.geoparquet import write_parquet
from gridmap.exchange.shapes import wkb
from gridmap.exchange.table import Value
from gridmap.sentences import say

Writer = Callable[[Path, Exported, str], list[str]]

_NAME_BYTES, _TEXT_BYTES = 10, 254
# The names of ours that would be cut; all others fit into ten bytes.
_SHORT_NAMES = {
    "village_code": "village",
    "address_code": "address",
    "point_source": "pt_source",
    "point_accuracy_m": "accuracy",
}
_CELL_CHARACTERS = 32_767
_SHEET_ROWS = 1_048_576


def write_gis(driver: str, **options: Any) -> Writer:
    """A writer by GDAL, geometry in EPSG:4490 to the bit."""

    def write(path: Path, found: Exported, _: str) -> list[str]:
        _write(path, found, [name for name, _ in found.columns], driver=driver, encoding="UTF-8", options=options)
        return []

    return write


def write_shapefile(path: Path, found: Exported, encoding: str) -> list[str]:
    """A shapefile with .cpg. Names of more than ten bytes get shorter ones, which is told.

    Raises InvalidInput for a text of more than 254 bytes: another format keeps it.
    """
    chosen = asked_encoding(encoding).name
    found = _with_empty_numbers(found)
    names = _short_names(path, found.columns, chosen)
    for row in found.rows:
        for (name, _), value in zip(found.columns, row, strict=True):
            _check_text(path, name, value, chosen, row[0])
    if found.shapes is None:
        raise InvalidInput(
            say(
                "export_no_geometry",
                "{name}: {kind} have no geometry; choose .csv, .xlsx or .parquet.",
                name=path.name,
                kind=found.kind,
            )
        )
    _write(path, found, names, driver="ESRI Shapefile", encoding=chosen, options={})
    path.with_suffix(".cpg").write_text(_cpg(found, chosen), "ascii")
    mapped = [f"{old} is called {new}" for (old, _), new in zip(found.columns, names, strict=True) if old != new]
    return [f"names of at most ten bytes: {', '.join(mapped)}"] if mapped else []


def _short_names(path: Path, columns: Columns, encoding: str) -> list[str]:
    """Names of at most ten bytes, no two alike: ours in words, others (of layers) cut and numbered."""
    names: list[str] = []
    for name, _ in columns:
        short = _SHORT_NAMES.get(name, name)
        try:
            whole = short.encode(encoding)
        except UnicodeEncodeError:
            raise InvalidInput(
                say(
                    "export_column_name",
                    "{name}: the column {column!r} can't be called so in {encoding}.",
                    name=path.name,
                    column=name,
                    encoding=encoding,
                )
            ) from None
        taken = {known.casefold() for known in names}
        for number in range(len(columns) + 1):
            end = str(number) if number else ""
            tried = whole[: _NAME_BYTES - len(end)].decode(encoding, "ignore") + end if number else short
            if len(tried.encode(encoding)) <= _NAME_BYTES and tried.casefold() not in taken:
                names.append(tried)
                break
    return names


def _with_empty_numbers(found: Exported) -> Exported:
    """Columns of numbers with empty cells as text: a shapefile writes no number and one that was lost alike."""
    empty = {place for row in found.rows for place, value in enumerate(row) if value is None}
    turned = {place for place, (_, kind) in enumerate(found.columns) if place in empty and kind is not str}
    if not turned:
        return found
    columns = tuple((name, str if place in turned else kind) for place, (name, kind) in enumerate(found.columns))
    rows = [
        tuple(str(v) if place in turned and v is not None else v for place, v in enumerate(row)) for row in found.rows
    ]
    return replace(found, columns=columns, rows=rows)


def _cpg(found: Exported, chosen: str) -> str:
    """What programs know best: GBK, unless a text (Tibetan, rare characters) needs GB18030's four bytes."""
    if chosen != "gb18030":
        return chosen.upper()
    try:
        "".join(value for row in found.rows for value in row if isinstance(value, str)).encode("gbk")
    except UnicodeEncodeError:
        return "GB18030"
    return "GBK"


def write_csv(path: Path, found: Exported, encoding: str) -> list[str]:
    """Text that Excel opens in Chinese; areas as WKT in a column `geometry`, points as their lon and lat."""
    chosen = asked_encoding(encoding).name
    names, rows = _with_wkt(found)
    try:
        with path.open("w", encoding="utf-8-sig" if chosen == "utf-8" else chosen, newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            writer.writerows([_csv_cell(value) for value in row] for row in rows)
    except UnicodeEncodeError as error:
        shown = error.object[error.start : error.end]
        raise InvalidInput(
            say(
                "export_encoding",
                "{name}: {shown!r} can't be written in {encoding}; utf-8 can hold everything.",
                name=path.name,
                shown=shown,
                encoding=chosen,
            )
        ) from None
    return []


def write_xlsx(path: Path, found: Exported, _: str) -> list[str]:
    """A sheet with codes as text. Raises InvalidInput when a cell or the sheet would be too large for Excel."""
    import openpyxl

    names, rows = _with_wkt(found)
    if len(rows) >= _SHEET_ROWS:
        raise InvalidInput(
            say(
                "export_sheet_full",
                "{name}: {count} rows are more than a sheet holds; choose .csv or .parquet.",
                name=path.name,
                count=len(rows),
            )
        )
    for row in rows:
        for name, value in zip(names, row, strict=True):
            if isinstance(value, str) and len(value) > _CELL_CHARACTERS:
                raise InvalidInput(
                    say(
                        "export_cell_full",
                        "{name}: {column} of {row} has {count} characters, more than a cell holds; choose .gpkg.",
                        name=path.name,
                        column=name,
                        row=row[0],
                        count=len(value),
                    )
                )
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(found.kind)
    sheet.append(names)
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    book.save(path)
    return []


def write_geoparquet(path: Path, found: Exported, _: str) -> list[str]:
    """GeoParquet, or plain Parquet for kinds without geometry."""
    shapes = None if found.shapes is None else [None if s is None else wkb(s) for s in found.shapes]
    write_parquet(path, found.columns, found.rows, shapes)
    return []


WRITERS: dict[str, Writer] = {
    ".gpkg": write_gis("GPKG"),
    # Without the seven digits that RFC 7946 recommends: what is read again must be what was written.
    ".geojson": write_gis("GeoJSON", COORDINATE_PRECISION=15, RFC7946="NO"),
    ".shp": write_shapefile,
    ".csv": write_csv,
    ".xlsx": write_xlsx,
    ".parquet": write_geoparquet,
}


def _write(
    path: Path, found: Exported, names: Sequence[str], *, driver: str, encoding: str, options: dict[str, Any]
) -> None:
    from pyogrio import errors, raw

    shapes = found.shapes
    geometry = None if shapes is None else np.array([None if s is None else wkb(s) for s in shapes], object)
    data, masks = _arrays(found)
    try:
        raw.write(
            path,
            geometry,
            data,
            np.array(list(names), object),
            field_mask=masks,
            layer=found.kind,
            driver=driver,
            geometry_type=None if shapes is None else _geometry_type(path, found, shapes, driver),
            crs=None if shapes is None else "EPSG:4490",
            encoding=encoding,
            **options,
        )
    except (
        errors.DataSourceError,
        errors.FeatureError,
        errors.FieldError,
        errors.GeometryError,
        UnicodeEncodeError,
    ) as error:
        raise InvalidInput(
            say("export_failed", "{name} can't be written: {error}", name=path.name, error=error)
        ) from error


def _arrays(found: Exported) -> tuple[list[Any], list[Any]]:
    """Columns as arrays, and where they are empty: whole numbers stay whole."""
    data, masks = [], []
    for place, (_, kind) in enumerate(found.columns):
        values = [row[place] for row in found.rows]
        masks.append(np.array([value is None for value in values], bool))
        if kind is str:
            data.append(np.array(values, object))
        else:
            data.append(
                np.array([0 if value is None else value for value in values], "int64" if kind is int else float)
            )
    return data, masks


def _geometry_type(path: Path, found: Exported, shapes: Sequence[BaseGeometry | None], driver: str) -> str:
    types = {shape.geom_type for shape in shapes if shape is not None}
    families = {name.removeprefix("Multi") for name in types}
    if driver == "ESRI Shapefile":
        if len(families) > 1:
            raise InvalidInput(
                say(
                    "export_mixed_shapes",
                    "{name}: a shapefile holds shapes of one kind only, and there are {types}; choose .gpkg.",
                    name=path.name,
                    types=", ".join(sorted(types)),
                )
            )
        return "MultiPoint" if "MultiPoint" in types else next(iter(families), "Polygon")
    if found.kind == "layers":
        return "Unknown"
    return "Point" if types == {"Point"} else "MultiPolygon"


def _check_text(path: Path, name: str, value: Value, encoding: str, row: Value) -> None:
    if not isinstance(value, str):
        return
    try:
        size = len(value.encode(encoding))
    except UnicodeEncodeError as error:
        shown = value[error.start : error.end]
        raise InvalidInput(
            say(
                "export_text_encoding",
                "{name}: {shown!r} in {column} of {row} can't be written in {encoding}.",
                name=path.name,
                shown=shown,
                column=name,
                row=row,
                encoding=encoding,
            )
        ) from None
    if size > _TEXT_BYTES:
        raise InvalidInput(
            say(
                "export_text_cut",
                "{name}: {column} of {row} has {size} bytes, and a shapefile would cut it after {most}; choose .gpkg.",
                name=path.name,
                column=name,
                row=row,
                size=size,
                most=_TEXT_BYTES,
            )
        )


def _with_wkt(found: Exported) -> tuple[list[str], list[list[Value]]]:
    names = [name for name, _ in found.columns]
    if found.shapes is None or ("lon" in names and found.kind != "layers"):
        return names, [list(row) for row in found.rows]
    texts = [None if shape is None else shapely.to_wkt(shape, rounding_precision=-1) for shape in found.shapes]
    return [*names, "geometry"], [[*row, text] for row, text in zip(found.rows, texts, strict=True)]


def _csv_cell(value: Value) -> Value:
    if isinstance(value, str):
        return marked(value)
    return "" if value is None else value


def _cell(sheet: Any, value: Value) -> Any:
    if not isinstance(value, str):
        return value
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value)
    # Else a name that begins with = would be run as a formula by whoever opens the file.
    cell.data_type = "s"
    return cell
