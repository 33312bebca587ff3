"""GeoParquet: geometry as WKB with its system in the file's metadata (GeoParquet 1.1)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyproj

from gridmap.errors import InvalidInput
from gridmap.exchange.table import GeometryReader, Row, Table, Value, unique_names
from gridmap.sentences import say

_TYPES: dict[type, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def load_parquet(path: Path, name: str) -> Table:
    """The table with the geometry of its primary column, if it has one. Raises InvalidInput for a broken file."""
    try:
        found = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(say("file_unreadable", "{name} can't be read: {error}", name=name, error=error)) from error
    geo = json.loads((found.schema.metadata or {}).get(b"geo", b"{}"))
    primary = geo.get("primary_column")
    columns = [column for column in found.column_names if column != primary]
    wkb = found[primary].to_pylist() if primary in found.column_names else [None] * found.num_rows
    cells = [found[column].to_pylist() for column in columns]
    reader = GeometryReader()
    rows = []
    for place, shape in enumerate(wkb):
        geometry, problem = reader.read(shape)
        rows.append(Row(place + 1, tuple(_value(column[place]) for column in cells), geometry, problem))
    return Table(name, unique_names(columns), tuple(rows), _declared(geo, primary), tuple(reader.told()))


def write_parquet(
    path: Path, columns: Sequence[tuple[str, type]], rows: Sequence[Sequence[Value]], wkb: Sequence[bytes | None] | None
) -> None:
    """Writes values by column and, when there is one, the geometry in EPSG:4490 as `geometry`."""
    arrays = [
        pa.array([row[place] for row in rows], _TYPES[kind], from_pandas=False)
        for place, (_, kind) in enumerate(columns)
    ]
    names = [name for name, _ in columns]
    metadata: dict[bytes, bytes] = {}
    if wkb is not None:
        arrays.append(pa.array(wkb, pa.binary()))
        names.append("geometry")
        metadata[b"geo"] = json.dumps(_GEO).encode()
    table = pa.Table.from_arrays(arrays, names=names).replace_schema_metadata(metadata)
    pq.write_table(table, path, compression="zstd")


_GEO: dict[str, Any] = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {
        "geometry": {
            "encoding": "WKB",
            "geometry_types": [],
            "crs": pyproj.CRS.from_epsg(4490).to_json_dict(),
        }
    },
}


def _value(value: Any) -> Value:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _declared(geo: dict[str, Any], primary: str | None) -> str | None:
    """GeoParquet without a `crs` is OGC:CRS84, as the format says."""
    if primary is None:
        return None
    crs = geo.get("columns", {}).get(primary, {}).get("crs", "OGC:CRS84")
    return json.dumps(crs) if isinstance(crs, dict) else crs
