"""Household groups, and who answers for grids, as they are told over the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gridmap.contacts.schema import GridCode, OfficerId, ResponsibleOut
from gridmap.grids.schema import GridDetail
from gridmap.households.schema import Given

HouseholdId = Annotated[str, Field(pattern=r"^H[0-9]{14}$")]
Deputies = Annotated[list[OfficerId], Field(max_length=20)]


class GroupDetail(BaseModel):
    """A household group; its members are listed at `/groups/{code}/households`.

    A closed one is `retired`, and its members came into the `successors`.
    """

    version: int
    code: str
    name: str
    grid_code: str
    status: Literal["current", "retired"]
    households: int | None
    officers: list[ResponsibleOut]
    successors: list[str]
    valid_from: datetime
    valid_to: datetime | None
    row_version: int


class GroupListedOut(BaseModel):
    """A group in a list; the head is masked."""

    code: str
    name: str
    grid_code: str
    head: ResponsibleOut | None
    households: int


class GroupList(BaseModel):
    """A page of household groups by code."""

    version: int
    groups: list[GroupListedOut]
    next: str | None


class _Charged(Given):
    head: OfficerId | None = Field(None, description="Null leaves it without a head.")
    deputies: Deputies | None = Field(None, description="All of them; an empty list for none.")

    def columns(self) -> dict[str, Any]:
        """Only what was given."""
        return self.model_dump(exclude_unset=True)


class GroupChange(_Charged):
    """What to change; what is left away stays. `members` are all households of the group."""

    name: str | None = None
    members: Annotated[list[HouseholdId], Field(max_length=500)] | None = None

    def columns(self) -> dict[str, Any]:
        """Only what was given; a name can't be taken away."""
        given = self.model_dump(exclude_unset=True)
        return {name: value for name, value in given.items() if value is not None or name != "name"}


class GroupNew(GroupChange):
    """A new group; it gets the next number of its grid."""

    grid_code: GridCode
    name: str


class GridUpkeep(_Charged):
    """What to change of a grid that is not its shape or code; what is left away stays, null takes away."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = None
    name_bo: str | None = None
    kind: Literal["base", "special"] | None = None
    note: str | None = None

    def columns(self) -> dict[str, Any]:
        """Only what was given; name and kind can't be taken away."""
        given = self.model_dump(exclude_unset=True)
        return {name: value for name, value in given.items() if value is not None or name not in {"name", "kind"}}


class GridKept(GridDetail):
    """A grid after a write, with those who answer for it, masked."""

    row_version: int
    officers: list[ResponsibleOut]


class GridPeople(BaseModel):
    """Who answers for a grid, masked; `row_version` is what `If-Match` takes."""

    version: int
    code: str
    row_version: int
    officers: list[ResponsibleOut]
