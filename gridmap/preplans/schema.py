"""Shelters as they are told over the wire."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StrictInt, model_validator

from gridmap.geo.crs import Crs, point_to_lonlat
from gridmap.households.schema import Given

VillageCode = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
AddressCode = Annotated[str, Field(pattern=r"^A[0-9]{14}$")]


class ShelterOut(BaseModel):
    """A place where people are taken in; lon, lat are degrees of EPSG:4490."""

    id: str
    name: str
    name_bo: str | None
    kind: str
    village_code: str
    address_code: str | None
    lon: float
    lat: float
    capacity: int
    status: Literal["current", "closed"]


class ShelterDetail(ShelterOut):
    """One shelter, and the dataset version it was read under."""

    version: int
    row_version: int


class ShelterList(BaseModel):
    """A page of shelters by id."""

    version: int
    shelters: list[ShelterOut]
    next: str | None


class ShelterChange(Given):
    """What to change; what is left away stays. A point is told by lon and lat together, in `crs`."""

    name: str | None = None
    name_bo: str | None = None
    kind: str | None = None
    village_code: VillageCode | None = None
    address_code: AddressCode | None = None
    lon: Annotated[float, Field(allow_inf_nan=False)] | None = None
    lat: Annotated[float, Field(allow_inf_nan=False)] | None = None
    crs: str = "EPSG:4490"
    capacity: StrictInt | None = None
    status: Literal["current"] | None = Field(None, description="Opens a closed shelter again.")

    @model_validator(mode="after")
    def _whole_point(self) -> "ShelterChange":
        if (self.lon is None) != (self.lat is None):
            raise ValueError("lon and lat come together")
        return self

    def columns(self) -> dict[str, Any]:
        """The given fields, the point as a LonLat; what can't be taken away is left as it is when null."""
        given = self.model_dump(exclude_unset=True, exclude={"lon", "lat", "crs"})
        columns = {field: value for field, value in given.items() if value is not None or field in _MAY_BE_NONE}
        if self.lon is not None and self.lat is not None:
            columns["point"] = point_to_lonlat(Crs.parse(self.crs), self.lon, self.lat)
        return columns


_MAY_BE_NONE = ("name", "name_bo", "address_code")


class ShelterNew(ShelterChange):
    """A new shelter; its village is told from its point."""

    name: str
    capacity: StrictInt
    lon: Annotated[float, Field(allow_inf_nan=False)]
    lat: Annotated[float, Field(allow_inf_nan=False)]
