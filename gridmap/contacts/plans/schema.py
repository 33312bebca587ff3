"""Plans and pairs as they are told over the wire."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gridmap.contacts.schema import OfficerOut
from gridmap.households.schema import HouseholdOut, NeedsOut

Tier = Literal[0, 1, 2, 3]


class _Told(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class PlanAsked(BaseModel):
    """What a plan is to be made for."""

    model_config = ConfigDict(extra="forbid")

    within: str = Field(
        pattern=r"^[0-9]{2}([0-9]{4}([0-9]{3}([0-9]{3})?)?)?$", description="A division: 2, 6, 9 or 12 digits."
    )
    from_scratch: bool = Field(default=False, description="Solve all households again, not only those touched.")
    wait: bool = Field(default=True, description="false: answer 202 at once and solve it beside the server.")


class PlannedPairOut(_Told):
    """One pair of a plan. Tier 0 is the same village, 1 the same township, 2 the same county, 3 elsewhere."""

    household: str
    officer: str
    rank: int
    tier: Tier
    distance_m: int | None
    reason: str
    reason_en: str
    former: str | None = Field(description="Who had this rank when the plan was made.")


class MissedOut(_Told):
    """A household without a first contact, and why."""

    household: str
    reason: str
    reason_en: str
    kind: str
    former: str | None


class OfficerChangeOut(_Told):
    """Whom an officer gains and loses at a rank; at most twenty of each are named."""

    officer: str
    rank: int
    gained: int
    lost: int
    gains: list[str]
    loses: list[str]


class SheetOut(_Told):
    """The change sheet: how many pairs change, and at most a thousand of them by household and by officer."""

    first_contacts: int
    back_ups: int
    replaced: int
    pairs: list[PlannedPairOut]
    officers: list[OfficerChangeOut]


class PlanOut(_Told):
    """A plan; `version` is the dataset version it was made from."""

    id: int
    version: int
    within: str
    from_scratch: bool
    status: Literal["solving", "ready", "failed", "applied", "undone"]
    author: str
    created_at: datetime
    progress: str | None
    failure: str | None
    certificate: dict[str, Any] | None
    applied_at: datetime | None
    applied_by: str | None
    undone_at: datetime | None
    undone_by: str | None


class PlanDetail(PlanOut):
    """A plan with the missed and its change sheet, and its pairs when `include=pairs` asks for them."""

    missed: list[MissedOut]
    changes: SheetOut
    pairs: list[PlannedPairOut] | None = None


class PlanList(_Told):
    """A page of plans, the newest first."""

    version: int
    plans: list[PlanOut]
    next: str | None


class AppliedOut(PlanOut):
    """A plan after it was applied or undone.

    `not_restored` are households that a former contact did not come back to: one of the two has ended since.
    """

    removed: int | None = None
    written: int | None = None
    not_restored: list[str] = []


class ContactOut(_Told):
    """An officer who looks after a household, masked unless unmasking was asked for and allowed."""

    rank: int
    tier: Tier
    reason: str
    since: datetime
    id: str
    name: str
    phone: str | None
    kind: str
    unit: str
    absent: bool = Field(description="Away today: call the next one.")
    absent_from: date | None
    absent_to: date | None


class PastPairOut(_Told):
    """A pair of a household that was, or is while `until` is null; masked. `why` tells what ended it."""

    rank: int
    officer: str
    name: str
    unit: str
    tier: Tier
    reason: str
    since: datetime
    until: datetime | None
    ended_by: str | None
    why: Literal["household_closed", "officer_retired", "moved", "plan", "undo", "import"] | None


class PairHistory(_Told):
    """All pairs a household has and had, the newest first."""

    version: int
    household: str
    pairs: list[PastPairOut]


class MissingOut(_Told):
    """A household without a first contact today, masked; `former`, `why` and `since` tell of its last one."""

    id: str
    head: str
    address: str
    grid_code: str | None
    persons: int
    backup: str | None
    former: str | None
    why: str | None
    since: datetime | None


class MissingList(_Told):
    """A page of the households without a first contact, by id; `count` is that of all of them."""

    version: int
    within: str
    count: int
    households: list[MissingOut]
    next: str | None


class HouseholdContacts(_Told):
    """A household and its contacts by rank."""

    version: int
    household: HouseholdOut
    contacts: list[ContactOut]


class HouseOut(_Told):
    """One household behind a door and its contacts by rank."""

    household: HouseholdOut
    contacts: list[ContactOut]


class ContactsAt(_Told):
    """The door nearest to a point; `household` is null where there is none at all, `others` live behind it too."""

    version: int
    lon: float
    lat: float
    distance_m: float | None
    household: HouseholdOut | None
    contacts: list[ContactOut]
    others: list[HouseOut]


class OtherOut(_Told):
    """Who looks after a household beside an officer, masked like the rest."""

    id: str
    rank: int
    name: str
    phone: str | None


class LookedAfterOut(_Told):
    """A household that an officer looks after."""

    id: str
    rank: int
    tier: Tier
    reason: str
    kind: str
    name: str | None
    head_name: str
    head_phone: str | None
    address: str
    persons: int
    needs: NeedsOut
    grid_code: str | None
    lon: float
    lat: float
    distance_m: float | None
    other: OtherOut | None


class OfficerHouseholds(_Told):
    """An officer and those he looks after, first contacts first."""

    version: int
    officer: OfficerOut
    households: list[LookedAfterOut]


class ReportOut(_Told):
    """The coverage report: the division asked for, then all below it by code."""

    version: int
    within: str
    lines: list[dict[str, Any]]


class RuleAsked(BaseModel):
    """A pair that is asked for as first contact, or forbidden."""

    model_config = ConfigDict(extra="forbid")

    officer: str = Field(pattern=r"^P[0-9]{14}$")
    kind: Literal["pinned", "forbidden"]
    why: str = Field(min_length=4, max_length=500)


class RuleOut(_Told):
    """A rule about a household."""

    officer: str
    kind: Literal["pinned", "forbidden"]
    why: str
    author: str
    at: datetime


class RuleList(_Told):
    """The rules about a household."""

    household: str
    rules: list[RuleOut]


class MoveAsked(BaseModel):
    """The officer who is to be the first contact of a household, and why; later plans keep it when it is pinned."""

    model_config = ConfigDict(extra="forbid")

    officer: str = Field(pattern=r"^P[0-9]{14}$")
    why: str = Field(min_length=4, max_length=500)
    pin: bool = Field(default=True, description="false: later plans may change it, and a pin of today is taken away.")


class GoalOut(_Told):
    """A goal of a plan before and after a move; less is better."""

    goal: Literal["missed", "tiers", "changes", "loads", "distance_m"]
    before: float | None
    after: float | None
    verdict: Literal["better", "same", "worse"]


class EffectOut(_Told):
    """What making an officer the first contact of a household would do, from today's pairs."""

    household: str
    officer: str
    allowed: bool
    problem: str | None
    tier: Tier
    tier_now: Tier | None
    distance_m: float | None
    distance_now_m: float | None
    load: int
    capacity: int
    former: str | None
    former_load: int | None
    goals: list[GoalOut] = Field(description="In the order of what is best.")
    loses: str | None = Field(description="The first goal that decides against the move; null when none does.")
    same_unit: bool = Field(description="Whether both contacts would be of one unit.")
    swapped: int | None = Field(description="The rank that the former first contact takes over from the new one.")
    pinned: str | None = Field(description="The officer who is pinned to the household today.")
    mark: int = Field(description="Of the pairs as they are: `If-Match` takes it back, quoted.")
