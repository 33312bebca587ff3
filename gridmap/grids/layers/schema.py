"""Reference layers as they are told over the wire."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel

from gridmap.grids.layers.service import LayerRecord


class LayerOut(BaseModel):
    """A layer: when it was loaded, from what, and how much of it was mended or left out."""

    name: str
    title: str
    public: bool
    source: str
    features: int
    defects: int
    loaded_version: int
    valid_from: datetime

    @classmethod
    def of(cls, record: LayerRecord) -> Self:
        """From the service's record."""
        return cls(
            name=record.name,
            title=record.title,
            public=record.public,
            source=record.source,
            features=record.features,
            defects=record.defects,
            loaded_version=record.version,
            valid_from=record.valid_from,
        )


class LayerList(BaseModel):
    """The layers that the caller may see, by name."""

    version: int
    layers: list[LayerOut]


class LayerDetail(LayerOut):
    """One layer, and the version it was read from."""

    version: int


class LayerFeatureOut(BaseModel):
    """A feature of a layer as GeoJSON; its own columns stand beside `code` and `name`."""

    type: Literal["Feature"] = "Feature"
    id: int
    geometry: dict[str, Any]
    properties: dict[str, Any]


class LayerItems(BaseModel):
    """A page of a layer as a GeoJSON feature collection, in the order of its file."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    version: int
    features: list[LayerFeatureOut]
    next: str | None
