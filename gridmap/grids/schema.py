"""Grids as they are told over the wire."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

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


class SuccessorOut(BaseModel):
    """A grid that holds a part of another one now, with its share of that one's area and households."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    share_area: float
    share_households: float


class GridDetail(GridFeature):
    """One grid, and the version it was read from.

    `successors` hold now what is told here when it is no longer so; they tile it and their shares add up to 1.
    """

    version: int
    successors: list[SuccessorOut]


class GridStateOut(BaseModel):
    """What was true of a grid for a time: what published it, and which fields were new in it."""

    model_config = ConfigDict(from_attributes=True)

    valid_from: datetime
    valid_to: datetime | None
    version_from: int
    version_to: int | None
    summary: str
    changed: list[str]
    name: str
    name_bo: str | None
    kind: str
    note: str | None
    area_m2: float
    geometry: dict[str, object]


class GridHistory(BaseModel):
    """All states of a grid, oldest first."""

    version: int
    code: str
    states: list[GridStateOut]


class LinkOut(BaseModel):
    """What part of a grid went into which grid in a version; households are null when it had none."""

    model_config = ConfigDict(from_attributes=True)

    predecessor: str
    successor: str
    version: int
    kind: Literal["split", "merge", "reshape", "renumber", "transfer"]
    share_area: float
    share_households: float | None


class GridLineageOut(BaseModel):
    """The steps above and below a grid through all generations, oldest first, and who holds its ground `now`."""

    version: int
    code: str
    predecessors: list[LinkOut]
    successors: list[LinkOut]
    now: list[SuccessorOut]


class GridCollection(BaseModel):
    """A page of grids as a GeoJSON feature collection."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    version: int
    features: list[GridFeature]
    next: str | None
