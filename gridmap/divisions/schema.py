"""Divisions as they are told over the wire."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, RootModel

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
    """A division with its chain, counts and place. Sources that begin with `invented` mean illustrative geometry.

    A retired one is told as it last was, with the divisions of now that it led to.
    """

    version: int
    status: Literal["current", "retired"]
    successors: list[str]
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


class _Change(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, description="What people say; unchanged when null.")
    name_full: str | None = Field(default=None, description="The official name.")
    name_bo: str | None = Field(default=None, description="The Tibetan name; an empty text takes it away.")


class Rename(_Change):
    """A division gets other names."""

    kind: Literal["rename"]
    code: str


class Recode(_Change):
    """A township or village gets another code, and with it all below; a township may so become a town."""

    kind: Literal["recode"]
    code: str
    new_code: str


class MergeVillages(_Change):
    """Several villages of a township become one: `into` is one of them or a new code."""

    kind: Literal["merge"]
    codes: list[str] = Field(min_length=2)
    into: str


class SplitVillage(_Change):
    """Some grids of a village become a new one."""

    kind: Literal["split"]
    code: str
    new_code: str
    grids: list[str] = Field(min_length=1)


class DivisionChangeIn(RootModel[Rename | Recode | MergeVillages | SplitVillage]):
    """One change of divisions."""

    root: Rename | Recode | MergeVillages | SplitVillage = Field(discriminator="kind")


class DivisionChangeOut(BaseModel):
    """What a change of divisions did: the version, old and new codes, and how many records followed."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    divisions: dict[str, str]
    grids: dict[str, str]
    counts: dict[str, int]
