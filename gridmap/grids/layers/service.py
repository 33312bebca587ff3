"""Reference layers: what there is, what lies in a box or at a point, and loading one."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gridmap.db.geometry import from_shapely, to_shapely
from gridmap.db.versions import time_of
from gridmap.errors import NotFound
from gridmap.geo.lonlat import BBox
from gridmap.grids.layers import queries
from gridmap.grids.layers.model import LayerFeature, ReferenceLayer
from gridmap.sentences import say


@dataclass(frozen=True, slots=True)
class LayerRecord:
    """One loading of a layer."""

    id: int
    name: str
    title: str
    public: bool
    source: str
    features: int
    defects: int
    digest: str
    version: int
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature of a layer; geometry valid, in EPSG:4490 degrees on the lattice."""

    position: int
    code: str
    name: str | None
    properties: Mapping[str, Any]
    geometry: BaseGeometry


@dataclass(frozen=True, slots=True)
class LayerHit:
    """A feature that covers a point; `on_boundary` when the point lies on the edge of an area, on a line or a point."""

    layer: str
    code: str
    name: str | None
    on_boundary: bool


def list_layers(session: Session, at: datetime | None = None, *, public_only: bool = False) -> list[LayerRecord]:
    """All layers by name, or only those that may be seen without a key."""
    return [_record(layer) for layer in queries.list_layers(session, at, public_only=public_only)]


def changed_since(session: Session, version: int) -> set[str]:
    """The layers that are not as they were in a version."""
    return set(queries.changed_since(session, version))


def find_layer(session: Session, name: str, at: datetime | None = None) -> LayerRecord | None:
    """One layer."""
    found = queries.find_layer(session, name, at)
    return None if found is None else _record(found)


def get_layer(session: Session, name: str, at: datetime | None = None, *, public_only: bool = False) -> LayerRecord:
    """One layer. Raises NotFound, also for one that is not public when only such are allowed."""
    found = find_layer(session, name, at)
    if found is None or (public_only and not found.public):
        raise NotFound(say("no_such_layer", "There is no layer {name!r}.", name=name))
    return found


def list_features(
    session: Session, layer: LayerRecord, *, bbox: BBox | None = None, after: int = 0, limit: int | None = None
) -> list[Feature]:
    """The features behind a position in the order of the file, those that intersect the box."""
    box = None if bbox is None else (bbox.west, bbox.south, bbox.east, bbox.north)
    return [_feature(row) for row in queries.list_features(session, layer.id, bbox=box, after=after, limit=limit)]


def covering(session: Session, layers: Sequence[LayerRecord], lon: float, lat: float) -> list[LayerHit]:
    """What of some layers covers a point, by layer and code, all of it: shapes may overlap."""
    point = shapely.Point(lon, lat)
    rows = queries.features_near_point(session, [layer.id for layer in layers], lon, lat)
    hits = []
    for row, layer in rows:
        shape = to_shapely(row.geometry)
        if shape.intersects(point):
            inside = shapely.get_dimensions(shape) == 2 and not shape.boundary.intersects(point)
            hits.append(LayerHit(layer, row.code, row.name, on_boundary=not inside))
    return hits


def replace_layer(
    session: Session,
    name: str,
    features: Sequence[Feature],
    *,
    title: str,
    public: bool,
    source: str,
    defects: int,
    version: int,
) -> None:
    """Makes the features the layer of that name from the version's time on."""
    moment = time_of(session, version)
    queries.end_layer(session, name, moment, version)
    layer = ReferenceLayer(
        name=name,
        title=title,
        public=public,
        source=source,
        features=len(features),
        defects=defects,
        digest=digest(features),
        valid_from=moment,
        version_from=version,
    )
    session.add(layer)
    session.flush()
    session.add_all(
        LayerFeature(
            layer_id=layer.id,
            position=feature.position,
            code=feature.code,
            name=feature.name,
            properties=dict(feature.properties),
            geometry=from_shapely(feature.geometry),
        )
        for feature in features
    )
    session.flush()


def digest(features: Iterable[Feature]) -> str:
    """SHA-256 over everything in the features, by which a second loading of the same is known."""
    sha = hashlib.sha256()
    for feature in features:
        words = [feature.position, feature.code, feature.name, dict(feature.properties)]
        sha.update(json.dumps(words, ensure_ascii=False, sort_keys=True, default=str).encode())
        sha.update(shapely.to_wkb(feature.geometry))
    return sha.hexdigest()


def _record(layer: ReferenceLayer) -> LayerRecord:
    return LayerRecord(
        layer.id,
        layer.name,
        layer.title,
        layer.public,
        layer.source,
        layer.features,
        layer.defects,
        layer.digest,
        layer.version_from,
        layer.valid_from,
    )


def _feature(row: LayerFeature) -> Feature:
    return Feature(row.position, row.code, row.name, row.properties, to_shapely(row.geometry))
