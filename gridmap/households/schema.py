"""Households as they are told over the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, model_validator

from gridmap.access.personal import never_kept
from gridmap.sentences import say

AddressCode = Annotated[str, Field(pattern=r"^A[0-9]{14}$")]
GroupCode = Annotated[str, Field(pattern=r"^[0-9]{17}$")]


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


class ChangedOut(_Told):
    """One field before and after, masked. `follows`: it came with another one, as the grid comes with the address."""

    field: str
    before: Any
    after: Any
    follows: bool


class HouseholdKept(HouseholdDetail):
    """A household after a write, and what the write changed; nothing when it said what was known already."""

    changes: list[ChangedOut]


class TotalsOut(_Told):
    """How much the whole list holds; `needs` counts households with each need."""

    households: int
    persons: int
    needs: NeedsOut


class HouseholdListing(HouseholdList):
    """A page of households in the order asked for; `totals` with `count=true`."""

    totals: TotalsOut | None


class RevisionOut(_Told):
    """What a record was after one write. `known`, by nobody, is what it was before the first that was kept."""

    row_version: int
    at: datetime
    actor: str
    action: str
    record: dict[str, Any]


class HistoryOut(_Told):
    """The writes of a record, the oldest first."""

    version: int
    id: str
    revisions: list[RevisionOut]


class Given(BaseModel):
    """What a caller writes: only what is named, and nothing that no register keeps."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _least_data(cls, given: Any) -> Any:
        for name in given if isinstance(given, dict) else ():
            what = never_kept(str(name))
            if what:
                raise ValueError(say("kept_nowhere", "{name}: {what} is kept in no register", name=name, what=what))
        return given


class HeadIn(Given):
    """Whom to ask for. A phone in any usual form is kept as digits."""

    name: str | None = None
    phone: str | None = None


class NeedsIn(Given):
    """Counts of persons who need help to move."""

    elderly_alone: StrictInt | None = None
    infants: StrictInt | None = None
    disabled: StrictInt | None = None
    pregnant: StrictInt | None = None
    medical_device: StrictInt | None = None


class HouseholdChange(Given):
    """The fields to change; what is left away stays. The grid, the village and the point are the address's."""

    kind: Literal["family", "collective"] | None = None
    name: str | None = None
    address_code: AddressCode | None = None
    group_code: GroupCode | None = None
    persons: StrictInt | None = None
    needs: NeedsIn | None = None
    head: HeadIn | None = None
    status: Literal["current"] | None = Field(None, description="Opens a closed household again.")

    def columns(self) -> dict[str, Any]:
        """The given fields by the names of their columns. A count or an address can't be taken away."""
        given = self.model_dump(exclude_unset=True, exclude={"needs", "head"})
        given |= self.needs.model_dump(exclude_unset=True) if self.needs else {}
        given |= {f"head_{k}": v for k, v in self.head.model_dump(exclude_unset=True).items()} if self.head else {}
        return {field: value for field, value in given.items() if value is not None or field in _MAY_BE_NONE}


class HouseholdNew(HouseholdChange):
    """A new household."""

    address_code: AddressCode
    persons: StrictInt
    head: HeadIn


_MAY_BE_NONE = ("name", "group_code", "head_name", "head_phone")
