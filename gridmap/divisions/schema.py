"""Divisions as they are told over the wire."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from gridmap.divisions.service import DivisionRecord


class DivisionOut(BaseModel):
    """A division: its code, names, level, and the code of the one above it."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    name: str
    name_full: str
    name_bo: str | None
    level: str
    parent: str | None

    @classmethod
    def of(cls, record: DivisionRecord) -> Self:
        """From the service's record."""
        return cls.model_validate(record)


class DivisionStep(BaseModel):
    """One step of the chain from the province down."""

    model_config = ConfigDict(from_attributes=True)

    level: str
    code: str
    name: str
    name_bo: str | None


class DivisionCounts(BaseModel):
    """How much lies within; null for a past time where the past is not kept. `officers` are those born there."""

    model_config = ConfigDict(from_attributes=True)

    townships: int
    villages: int
    grids: int
    groups: int
    addresses: int | None
    buildings: int | None
    households: int | None
    persons: int | None
    officers: int | None


class DivisionList(BaseModel):
    """A page of divisions."""

    version: int
    divisions: list[DivisionOut]
    next: str | None


class DivisionChildren(BaseModel):
    """The divisions directly below one."""

    version: int
    code: str
    children: list[DivisionOut]


class DivisionDetail(DivisionOut):
    """A division with its chain, counts and place. Sources that begin with `invented` mean illustrative geometry."""

    version: int
    chain: list[DivisionStep]
    counts: DivisionCounts
    bbox: tuple[float, float, float, float] | None
    outline: dict[str, object] | None
    outline_source: str | None
    seat: tuple[float, float] | None
    seat_source: str | None
    population: int | None
    valid_from: datetime
    valid_to: datetime | None
