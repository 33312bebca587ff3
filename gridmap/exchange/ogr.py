"""GDAL at arm's length: formats told by their bytes and not by their names, errors and warnings in our words."""

import json
import re
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np

from gridmap.errors import InvalidInput
from gridmap.exchange.encoding import Encoding, detect
from gridmap.exchange.table import GeometryReader, Row, Table, Value, unique_names
from gridmap.sentences import Sentence, say

MAX_TEXT = 1 << 20
"""Characters in one field; what is longer is not an attribute but an accident."""

_CURVES = range(8, 15)
# What the KML driver adds to every feature whether the file has it or not.
_KML_NOISE = {"timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon"}
# What it has of its own, and leaves empty when a file names its features by an attribute.
_KML_OWN = {"id", "Name", "description"}
_XML_ENCODING = re.compile(rb"""^(\s*<\?xml[^>]*?)\sencoding\s*=\s*["'][^"']*["']""")


@dataclass(frozen=True, slots=True)
class Shapes:
    """Geometries by feature, and the coordinate system that the file declares."""

    wkb: Sequence[bytes | None]
    crs: str | None


def format_of(path: Path) -> str | None:
    """GPKG, FlatGeobuf, OpenFileGDB, GeoJSON or KML, by the first bytes; None for anything else.

    Decided here because GDAL would also open files that only point elsewhere (VRT, WFS), whatever their name.
    """
    if path.is_dir():
        return "OpenFileGDB" if (path / "a00000001.gdbtable").is_file() else None
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"SQLite format 3\0"):
        return "GPKG"
    if head.startswith(b"fgb"):
        return "FlatGeobuf"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return "GeoJSON"
    return "KML" if text.startswith(b"<") and b"<kml" in head.lower() else None


def load_layers(path: Path, name: str, form: str, asked: Encoding | None = None) -> list[Table]:
    """Every layer of a file whose format is known. Raises InvalidInput when GDAL can't read it."""
    if form not in {"GeoJSON", "KML"}:
        return _load(path, name)
    with tempfile.TemporaryDirectory(prefix="gridmap-text-") as folder:
        target = Path(folder) / f"layer.{form.lower()}"
        encoding = _as_utf8(path, target, name, form, asked)
        return _load(
            target, name, (say("text_is", "text is {name}: {reason}", name=encoding.name, reason=encoding.reason),)
        )


def read_shapes(path: Path, name: str) -> Shapes:
    """Only the geometries of a file with one layer, feature by feature."""
    from pyogrio import raw

    with _gdal(name):
        meta, _, wkb, _ = raw.read(path, columns=[])
    return Shapes([None if shape is None else bytes(shape) for shape in wkb], meta["crs"])


def _load(path: Path, name: str, notes: tuple[Sentence, ...] = ()) -> list[Table]:
    import pyogrio

    with _gdal(name):
        layers = [str(layer) for layer, _ in pyogrio.list_layers(path)]
    several = len(layers) > 1
    return [_layer(path, f"{name}:{layer}" if several else name, layer, notes) for layer in layers]


def _layer(path: Path, name: str, layer: str, notes: tuple[Sentence, ...]) -> Table:
    from pyogrio import raw

    with _gdal(name) as warned:
        # Arrow keeps whole numbers whole; as arrays a column with a gap becomes floats, and long codes are rounded.
        meta, arrow = raw.read_arrow(path, layer=layer, return_fids=True)
    geometry = meta["geometry_name"] or "wkb_geometry"
    fid = meta["fid_column"]
    wkb = arrow[geometry].to_pylist() if geometry in arrow.column_names else [None] * arrow.num_rows
    columns = [c for c in arrow.column_names if c not in {geometry, fid}]
    if layer_is_kml(path):
        columns = [c for c in columns if c not in _KML_NOISE and not (c in _KML_OWN and _is_blank(arrow[c]))]
    reader = GeometryReader(notes=[*notes, *warned])
    straight = _straightened(path, name, layer, wkb, reader)
    cells = [[_value(value) for value in arrow[column].to_pylist()] for column in columns]
    rows = []
    for place, shape in enumerate(straight):
        values = tuple(column[place] for column in cells)
        drawn, problem = reader.read(shape)
        rows.append(Row(place + 1, values, drawn, problem or _too_long(columns, values)))
    return Table(name, unique_names(columns), tuple(rows), meta["crs"], tuple(reader.told()))


def _is_blank(column: Any) -> bool:
    return not any(column.to_pylist())


def layer_is_kml(path: Path) -> bool:
    """Whether a laid-out file is a KML."""
    return path.suffix == ".kml"


def _straightened(
    path: Path, name: str, layer: str, wkb: Sequence[bytes | None], reader: GeometryReader
) -> Sequence[bytes | None]:
    """Curves as short straight lines, by GDAL's rule of 4 degrees an arc; the same arc gives the same vertices."""
    curved = [place for place, shape in enumerate(wkb) if shape is not None and _has_curve(shape)]
    if not curved:
        return wkb
    from pyogrio import raw

    with _gdal(name):
        straight = raw.read(path, layer=layer, columns=[])[2]
    reader.notes.append(
        say(
            "curves_drawn",
            "curves in {count} rows were drawn as short straight lines (an arc in steps of 4°)",
            count=len(curved),
        )
    )
    return [bytes(straight[place]) if place in set(curved) else shape for place, shape in enumerate(wkb)]


def _has_curve(wkb: bytes) -> bool:
    kind = int.from_bytes(wkb[1:5], "little" if wkb[0] == 1 else "big")
    return (kind & 0x0FFFFFFF) % 1000 in _CURVES


def _too_long(columns: Sequence[str], values: Sequence[Value]) -> Sentence | None:
    for column, value in zip(columns, values, strict=True):
        if isinstance(value, str) and len(value) > MAX_TEXT:
            return say(
                "text_too_long",
                "{column} holds {count} characters, more than {most}",
                column=column,
                count=len(value),
                most=MAX_TEXT,
            )
    return None


def _value(value: Any) -> Value:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return json.dumps(value, ensure_ascii=False, default=str)


@contextmanager
def _gdal(name: str) -> Iterator[list[Sentence]]:
    """Collects what GDAL warns of, as sentences; its errors become InvalidInput that names the file."""
    from pyogrio import errors as gdal

    told: list[Sentence] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield told
        except (
            gdal.DataSourceError,
            gdal.DataLayerError,
            gdal.FeatureError,
            gdal.FieldError,
            gdal.GeometryError,
            np.exceptions.DTypePromotionError,
        ) as error:
            raise InvalidInput(
                say("file_unreadable", "{name} can't be read: {error}", name=name, error=error)
            ) from error
        finally:
            told += [say("gdal_says", "GDAL says: {message}", message=warning.message) for warning in caught]


def _as_utf8(path: Path, target: Path, name: str, form: str, asked: Encoding | None) -> Encoding:
    """Writes the text in UTF-8, the only encoding that GDAL takes for it."""
    data = path.read_bytes()
    encoding = asked or detect(data.splitlines())
    try:
        text = data.decode(encoding.name)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(
            say(
                "line_unreadable",
                "{name}, line {line}: not readable as {encoding}; say --encoding.",
                name=name,
                line=line,
                encoding=encoding.name,
            )
        ) from None
    written = text.encode()
    if form == "KML":
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise InvalidInput(
                say(
                    "xml_entities",
                    "{name} declares XML entities, which no map program writes; it is not read.",
                    name=name,
                )
            )
        written = _XML_ENCODING.sub(rb'\1 encoding="UTF-8"', written)
    target.write_bytes(written)
    return encoding
