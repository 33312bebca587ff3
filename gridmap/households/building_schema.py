"""Buildings as they come and go over the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt

BuildingKind = Literal["house", "apartments", "school", "care_home", "monastery", "public", "commercial", "store"]
AddressCode = Annotated[str, Field(pattern=r"^A[0-9]{14}$")]
_Name = Annotated[str | None, Field(min_length=1, max_length=100)]
_Floors = Annotated[StrictInt | None, Field(ge=1, le=200)]


class BuildingNew(BaseModel):
    """A building to be entered at an address."""

    model_config = ConfigDict(extra="forbid")

    address_code: AddressCode
    kind: BuildingKind = "house"
    name: _Name = None
    floors: _Floors = None


class BuildingChange(BaseModel):
    """Only what changes; null takes a name or a number of floors away."""

    model_config = ConfigDict(extra="forbid")

    address_code: AddressCode | None = None
    kind: BuildingKind | None = None
    name: _Name = None
    floors: _Floors = None

    def columns(self) -> dict[str, Any]:
        """The fields that were given. A building always has an address and a kind: null there changes nothing."""
        given = self.model_dump(exclude_unset=True)
        return {name: value for name, value in given.items() if value is not None or name in {"name", "floors"}}


class BuildingOut(BaseModel):
    """A building; `lon, lat` in EPSG:4490 are those of its address."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: BuildingKind
    name: str | None
    floors: int | None
    address_code: str
    address: str
    village_code: str
    grid_code: str | None
    lon: float
    lat: float
    status: Literal["current", "closed"]
    row_version: int
    updated_at: datetime


class BuildingDetail(BuildingOut):
    """One building, and the dataset version it was read under."""

    version: int


class BuildingList(BaseModel):
    """A page of buildings by id."""

    version: int
    buildings: list[BuildingOut]
    next: str | None
