"""Routes of reference layers. Without a key only those marked public are told."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request

from gridmap.api import geojson
from gridmap.api.deps import Reading, ReadingDep
from gridmap.api.params import BBoxDep, PageDep
from gridmap.api.security import CallerDep
from gridmap.errors import FieldError, InvalidInput
from gridmap.grids.layers import service
from gridmap.grids.layers.schema import LayerDetail, LayerFeatureOut, LayerItems, LayerList, LayerOut
from gridmap.grids.layers.service import LayerRecord

router = APIRouter(prefix="/layers", tags=["layers"])

LayerName = Annotated[str, Path(pattern=r"^[\w-]{1,40}$", description="The name it was imported under.")]


@router.get("")
def list_layers(reading: ReadingDep, caller: CallerDep) -> LayerList:
    """All layers by name."""
    public_only = caller.role is None
    if reading.offline is None:
        found = service.list_layers(reading.session, reading.at, public_only=public_only)
    else:
        found = reading.offline.list_layers(public_only=public_only)
    return LayerList(version=reading.version, layers=[LayerOut.of(layer) for layer in found])


@router.get("/{name}")
def get_layer(name: LayerName, reading: ReadingDep, caller: CallerDep) -> LayerDetail:
    """One layer."""
    layer = _layer(reading, name, public_only=caller.role is None)
    return LayerDetail(**LayerOut.of(layer).model_dump(), version=reading.version)


@router.get("/{name}/items")
def list_items(
    request: Request, name: LayerName, reading: ReadingDep, caller: CallerDep, page: PageDep, bbox: BBoxDep
) -> LayerItems:
    """The features of a layer as GeoJSON, those that intersect a box."""
    layer = _layer(reading, name, public_only=caller.role is None)
    listed = (
        partial(service.list_features, reading.session) if reading.offline is None else reading.offline.list_features
    )
    found = listed(layer, bbox=bbox, after=_position(page.cursor), limit=page.limit + 1)
    shown = found[: page.limit]
    last = str(shown[-1].position) if len(found) > page.limit else None
    features = [
        LayerFeatureOut(
            id=feature.position,
            geometry=geojson.geometry(feature.geometry),
            properties={**feature.properties, "code": feature.code, "name": feature.name},
        )
        for feature in shown
    ]
    return LayerItems(version=reading.version, features=features, next=page.next_link(request, last))


def _layer(reading: Reading, name: str, *, public_only: bool) -> LayerRecord:
    if reading.offline is None:
        return service.get_layer(reading.session, name, reading.at, public_only=public_only)
    return reading.offline.get_layer(name, public_only=public_only)


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        message = "take the cursor from the `next` link"
        raise InvalidInput(f"cursor: {message}", errors=[FieldError("cursor", message)])
    return int(cursor)
