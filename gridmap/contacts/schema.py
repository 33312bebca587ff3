"""Officers and household groups as they are told over the wire."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from gridmap.households.schema import Given

DivisionCode = Annotated[str, Field(pattern=r"^([0-9]{2}|[0-9]{6}|[0-9]{9}|[0-9]{12})$")]
GridCode = Annotated[str, Field(pattern=r"^[0-9]{15}$")]
OfficerId = Annotated[str, Field(pattern=r"^P[0-9]{14}$")]
OfficerKind = Literal["official", "grid_head", "group_head", "militia", "delegate", "volunteer", "medic"]


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
    work_address_code: str | None
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


class OfficerListed(OfficerOut):
    """An officer in a list, with the current households that have him as first contact and as back-up."""

    first_contacts: int
    back_ups: int


class OfficerTotals(_Told):
    """How many officers the whole list holds, and the first contacts that they can take together."""

    officers: int
    capacity: int


class OfficerList(_Told):
    """A page of officers in the order asked for; `totals` with `count=true`."""

    version: int
    officers: list[OfficerListed]
    next: str | None
    totals: OfficerTotals | None


class OfficerChangedOut(_Told):
    """One field before and after, masked."""

    field: str
    before: Any
    after: Any


class LeftAloneOut(_Told):
    """A household whose contact of this rank is away or gone."""

    household: str
    rank: int


class ConsequencesOut(_Told):
    """What an absence or a retirement leaves behind: households without that contact (`elsewhere` counts those outside
    the scope), grids and groups without a head, vacant posts, and the counties whose pairs want a plan."""

    households: list[LeftAloneOut]
    elsewhere: int
    charges: list[str]
    posts: list[str]
    replan_within: list[str]


class OfficerKept(OfficerDetail):
    """An officer after a write, what the write changed, and what it leaves behind."""

    changes: list[OfficerChangedOut]
    consequences: ConsequencesOut


class OfficerChange(Given):
    """The fields to change; what is left away stays. null takes a phone, a work address or an absence away."""

    name: str | None = None
    phone: str | None = None
    kind: OfficerKind | None = None
    unit: str | None = None
    home_code: DivisionCode | None = None
    work_code: DivisionCode | None = None
    work_address_code: Annotated[str, Field(pattern=r"^A[0-9]{14}$")] | None = None
    capacity: StrictInt | None = None
    languages: Annotated[list[str], Field(max_length=20)] | None = None
    absent_from: date | None = None
    absent_to: date | None = None
    status: Literal["current"] | None = Field(None, description="Brings a retired officer back.")

    def columns(self) -> dict[str, Any]:
        """The given fields by the names of their columns; what can't be taken away is left as it is when null."""
        given = self.model_dump(exclude_unset=True)
        return {field: value for field, value in given.items() if value is not None or field in _MAY_BE_NONE}


_MAY_BE_NONE = ("name", "phone", "unit", "work_address_code", "absent_from", "absent_to")


class OfficerNew(OfficerChange):
    """A new officer."""

    name: str
    kind: OfficerKind
    unit: str
    home_code: DivisionCode
    work_code: DivisionCode


class HolderOut(_Told):
    """Who holds a post, masked."""

    id: str
    name: str
    phone: str | None


class PostOut(_Told):
    """A duty post; without a holder it is vacant."""

    id: str
    grid_code: str
    task: str
    holder: HolderOut | None
    status: Literal["current", "closed"]


class PostDetail(PostOut):
    """One post, and the dataset version it was read under."""

    version: int


class PostList(_Told):
    """A page of posts by id; `vacant` counts those without a holder among all that were asked for."""

    version: int
    posts: list[PostOut]
    vacant: int
    next: str | None


class PostChange(Given):
    """The fields to change; `holder_id` null makes the post vacant."""

    task: str | None = None
    holder_id: OfficerId | None = None

    def columns(self) -> dict[str, Any]:
        """The given fields by the names of their columns."""
        return self.model_dump(exclude_unset=True)


class PostNew(PostChange):
    """A new post."""

    grid_code: GridCode
    task: str
