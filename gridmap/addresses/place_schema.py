"""Other names of places as they are told over the wire."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class PlaceNameIn(BaseModel):
    """Another name of a division, or of a hamlet (自然村) in a village."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=2, max_length=100)]
    kind: Literal["old", "popular", "tibetan"] = "popular"
    hamlet: Annotated[str, Field(max_length=100)] = ""


class PlaceNameOut(BaseModel):
    """Another name as it is kept."""

    model_config = ConfigDict(from_attributes=True)

    text: str
    kind: str
    hamlet: str


class PlaceNames(BaseModel):
    """The other names of a division and of the hamlets in it."""

    version: int
    code: str
    names: list[PlaceNameOut]
