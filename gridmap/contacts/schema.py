"""Officers and household groups as they are told over the wire."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Told(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ChargeOut(_Told):
    """A grid or group an officer answers for."""

    code: str
    role: Literal["head", "deputy"]


class OfficerOut(_Told):
    """An officer; name and phone masked unless unmasking was asked for and allowed."""

    id: str
    name: str
    phone: str | None
    kind: str
    unit: str
    home_code: str
    work_code: str
    capacity: int
    languages: list[str]
    absent_from: date | None
    absent_to: date | None
    status: Literal["current", "closed"]
    responsibilities: list[ChargeOut]


class OfficerDetail(OfficerOut):
    """One officer, and the dataset version he was read under."""

    version: int


class ResponsibleOut(_Told):
    """Who answers for a group, masked."""

    id: str
    role: Literal["head", "deputy"]
    name: str
    phone: str | None


class GroupDetail(_Told):
    """A household group; its members are listed at `/groups/{code}/households`."""

    version: int
    code: str
    name: str
    grid_code: str
    officers: list[ResponsibleOut]
