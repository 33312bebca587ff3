"""Households as they are told over the wire."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Told(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class HeadOut(_Told):
    """The head of a household, masked (李**, 138****8000) unless unmasking was asked for and allowed."""

    name: str
    phone: str | None


class NeedsOut(_Told):
    """Counts of persons who need help to move."""

    elderly_alone: int
    infants: int
    disabled: int
    pregnant: int
    medical_device: int


class HouseholdOut(_Told):
    """A household; `lon, lat` in EPSG:4490."""

    id: str
    kind: Literal["family", "collective"]
    name: str | None = Field(description="Of a collective household: the school's, care home's or monastery's.")
    village_code: str
    grid_code: str | None
    group_code: str | None
    address_code: str
    address: str = Field(description="The whole address, from the province down.")
    persons: int
    needs: NeedsOut
    head: HeadOut
    lon: float
    lat: float
    status: Literal["current", "closed"]


class HouseholdDetail(HouseholdOut):
    """One household, and the dataset version it was read under."""

    version: int


class HouseholdList(_Told):
    """A page of households by id."""

    version: int
    households: list[HouseholdOut]
    next: str | None
