"""Shapefiles: the companions of a .shp found, checked and mended where that loses nothing, and read as one table."""

import struct
import tempfile
from pathlib import Path

from gridmap.errors import InvalidInput
from gridmap.exchange import ogr
from gridmap.exchange.dbf import load_dbf
from gridmap.exchange.encoding import Encoding
from gridmap.exchange.table import GeometryReader, Row, Table
from gridmap.sentences import Sentence, say

_MAGIC = 9994
_HEADER = 100


def load_shapefile(path: Path, name: str, asked: Encoding | None = None) -> Table:
    """The shapefile with its attributes. Raises InvalidInput naming the companion that is missing or broken."""
    parts = _companions(path)
    if ".dbf" not in parts:
        raise InvalidInput(
            say(
                "dbf_missing",
                "{name} comes without its .dbf: there are shapes, but no codes. Ask for all its files.",
                name=name,
            )
        )
    notes: list[Sentence] = []
    with tempfile.TemporaryDirectory(prefix="gridmap-shp-") as folder:
        stem = Path(folder) / "layer"
        stem.with_suffix(".shp").symlink_to(path.absolute())
        index = _index_of(path, name)
        if ".shx" not in parts or parts[".shx"].read_bytes()[_HEADER:] != index[_HEADER:]:
            notes.append(
                say(
                    "shx_made", ".shx is missing or does not fit; it was made again from the .shp, which holds the same"
                )
            )
        stem.with_suffix(".shx").write_bytes(index)
        if ".prj" in parts:
            stem.with_suffix(".prj").symlink_to(parts[".prj"].absolute())
        shapes = ogr.read_shapes(stem.with_suffix(".shp"), name)
    cpg = parts[".cpg"].read_text("ascii", "replace") if ".cpg" in parts else None
    table = load_dbf(parts[".dbf"], f"{name} (.dbf)", cpg=cpg, asked=asked)
    if len(table.records) != len(shapes.wkb):
        counts = say(
            "shapes_and_records", "{count} shapes, {records} records", count=len(shapes.wkb), records=len(table.records)
        )
        raise InvalidInput(
            say(
                "shp_dbf_differ",
                "{name}: .shp and .dbf don't belong together: {counts}. Ask for all its files.",
                name=name,
                counts=counts,
            )
        )
    reader = GeometryReader(notes=notes)
    rows = []
    for place, (record, wkb) in enumerate(zip(table.records, shapes.wkb, strict=True)):
        if record is not None:
            geometry, problem = reader.read(wkb)
            rows.append(Row(place + 1, record, geometry, problem or table.problems.get(place)))
    deleted = sum(record is None for record in table.records)
    told = [
        say("text_is", "text is {name}: {reason}", name=table.encoding.name, reason=table.encoding.reason),
        *reader.told(),
    ]
    if deleted:
        told.append(
            say("deleted_left_out", "{count} records are marked deleted in the .dbf and were left out", count=deleted)
        )
    return Table(name, table.columns, tuple(rows), shapes.crs, tuple(told))


def _companions(path: Path) -> dict[str, Path]:
    """The files of the same stem by extension, whatever its case."""
    stem = path.stem.lower()
    return {other.suffix.lower(): other for other in path.parent.iterdir() if other.stem.lower() == stem}


def _index_of(path: Path, name: str) -> bytes:
    """The .shx that belongs to a .shp: place and length of every record. Raises InvalidInput when records are cut."""
    data = path.read_bytes()
    if len(data) < _HEADER or struct.unpack_from(">i", data)[0] != _MAGIC:
        raise InvalidInput(
            say("no_shapefile", "{name} is no shapefile: its first bytes are not those of a .shp.", name=name)
        )
    entries = []
    offset = _HEADER
    while offset + 8 <= len(data):
        number, words = struct.unpack_from(">ii", data, offset)
        if words < 2 or offset + 8 + words * 2 > len(data):
            raise InvalidInput(
                say(
                    "shp_cut",
                    "{name} is broken: the .shp is cut off in record {number}. Ask for it again.",
                    name=name,
                    number=number,
                )
            )
        entries.append(struct.pack(">ii", offset // 2, words))
        offset += 8 + words * 2
    header = bytearray(data[:_HEADER])
    struct.pack_into(">i", header, 24, (_HEADER + 8 * len(entries)) // 2)
    return bytes(header) + b"".join(entries)
