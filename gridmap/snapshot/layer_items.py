"""The items of reference layers, points and lines and their columns too, for when there is no database."""

import json
from collections.abc import Collection, Iterator

import pyarrow as pa
import shapely
from sqlalchemy.orm import Session

from gridmap.grids.layers import service as layers
from gridmap.grids.layers.service import Feature, LayerRecord
from gridmap.snapshot.parts import Changes
from gridmap.snapshot.segment import Kind, metadata


class LayerItems:
    """A layer as it was loaded."""

    kind: Kind = "layer_items"
    schema = pa.schema(
        [
            ("kind", pa.string()), ("code", pa.string()), ("title", pa.string()), ("public", pa.bool_()),
            ("source", pa.string()), ("features", pa.int64()), ("defects", pa.int64()), ("digest", pa.string()),
            ("version", pa.int64()), ("valid_from", pa.timestamp("us", "UTC")),
            ("positions", pa.list_(pa.int32())), ("codes", pa.list_(pa.string())), ("names", pa.list_(pa.string())),
            ("properties", pa.list_(pa.string())), ("shapes", pa.list_(pa.binary())),
        ],
        metadata=metadata("layer_items"),
    )  # fmt: skip

    def codes(self, session: Session) -> set[str]:
        """All layers by name."""
        return {layer.name for layer in layers.list_layers(session)}

    def changed_since(self, session: Session, changes: Changes) -> set[str]:
        """Those that were loaded since."""
        return layers.changed_since(session, changes.version)

    def tables(self, session: Session, codes: Collection[str]) -> Iterator[pa.Table]:
        """A file for each layer, which may be large."""
        for layer in layers.list_layers(session):
            if layer.name in codes:
                row = _row(layer, layers.list_features(session, layer))
                yield pa.Table.from_pylist([row], schema=self.schema)


def read_layer(row: dict[str, object]) -> LayerRecord:
    """The layer that a row is about."""
    names = ("title", "public", "source", "features", "defects", "digest", "version", "valid_from")
    return LayerRecord(0, str(row["code"]), *(row[name] for name in names))  # type: ignore[arg-type]


def read_items(table: pa.Table) -> Iterator[Feature]:
    """The items of a table of one layer, in the order of their file."""
    columns = (table.column(name).chunk(0).values for name in ("positions", "codes", "names", "properties", "shapes"))
    for position, code, name, properties, shape in zip(*columns, strict=True):
        yield Feature(
            position.as_py(),
            code.as_py(),
            name.as_py(),
            json.loads(properties.as_py()),
            shapely.from_wkb(shape.as_py()),
        )


def _row(layer: LayerRecord, items: list[Feature]) -> dict[str, object]:
    return {
        "kind": "layer_items",
        "code": layer.name,
        **{name: getattr(layer, name) for name in ("title", "public", "source", "features", "defects", "digest")},
        "version": layer.version,
        "valid_from": layer.valid_from,
        "positions": [item.position for item in items],
        "codes": [item.code for item in items],
        "names": [item.name for item in items],
        "properties": [json.dumps(dict(item.properties), ensure_ascii=False, default=str) for item in items],
        "shapes": [shapely.to_wkb(item.geometry) for item in items],
    }
