"""Grids as they are told over the wire."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel

from gridmap.grids.service import GridRecord


class GridProperties(BaseModel):
    """The properties of a grid's feature; counts are those of now and null for a past time."""

    code: str
    name: str
    name_bo: str | None
    kind: Literal["base", "special"]
    village_code: str
    area_m2: float
    households: int | None
    persons: int | None
    status: Literal["current", "retired"]
    valid_from: datetime
    valid_to: datetime | None

    @classmethod
    def of(cls, record: GridRecord, counted: tuple[int, int] | None) -> Self:
        """From the service's record and its count of households and persons."""
        households, persons = (None, None) if counted is None else counted
        return cls.model_validate(
            {
                "code": record.code,
                "name": record.name,
                "name_bo": record.name_bo,
                "kind": record.kind,
                "village_code": record.village_code,
                "area_m2": round(record.area_m2, 2),
                "households": households,
                "persons": persons,
                "status": record.status,
                "valid_from": record.valid_from,
                "valid_to": record.valid_to,
            }
        )


class GridFeature(BaseModel):
    """A grid as a GeoJSON feature."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: dict[str, object]
    properties: GridProperties


class GridDetail(GridFeature):
    """One grid, and the version it was read from."""

    version: int


class GridCollection(BaseModel):
    """A page of grids as a GeoJSON feature collection."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    version: int
    features: list[GridFeature]
    next: str | None
