"""Changesets as they are told over the wire."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from gridmap.editing.record import ChangesetRecord, Report


class OpenChangeset(BaseModel):
    """What a changeset is to be about."""

    model_config = ConfigDict(extra="forbid")

    villages: list[str] = Field(min_length=1, description="Village codes, of one county.")
    title: str = Field(min_length=1, max_length=200)


class Rejection(BaseModel):
    """Why a changeset is sent back."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=2000)


class Renumbering(BaseModel):
    """Which village's grids are to get new codes."""

    model_config = ConfigDict(extra="forbid")

    village: str


class ProposedProperties(BaseModel):
    """The properties of a proposed grid; others, such as those of an answer that is sent back, are passed over."""

    village_code: str | None = Field(default=None, description="Not needed beside a code, or in one village.")
    code: str | None = Field(default=None, description="Null for a new grid.")
    name: str = ""
    name_bo: str | None = None
    kind: Literal["base", "special"] = "base"
    note: str | None = None


class ProposedFeature(BaseModel):
    """One grid of the proposed state. `id` names a new one until it has its code."""

    type: Literal["Feature"]
    id: str | int | None = None
    geometry: dict[str, Any] | None
    properties: ProposedProperties


class ProposedCollection(BaseModel):
    """The complete proposed state of a changeset's villages, and the dataset version it was drawn on."""

    type: Literal["FeatureCollection"]
    base_version: int | None = None
    features: list[ProposedFeature]


class ChangesetOut(BaseModel):
    """A changeset without its content."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    villages: list[str]
    title: str
    status: Literal["draft", "submitted", "published", "rejected", "reverted"]
    author: str
    base_version: int
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    submitted_by: str | None
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None
    published_version: int | None
    reverts: int | None

    @classmethod
    def of(cls, record: ChangesetRecord) -> Self:
        """From the service's record."""
        return cls.model_validate(record)


class ChangesetList(BaseModel):
    """A page of changesets, the newest first."""

    version: int
    changesets: list[ChangesetOut]
    next: str | None


class ProblemOut(BaseModel):
    """One thing wrong. `message` is Chinese, `message_en` English; `size` is in `unit`."""

    kind: str
    severity: Literal["error", "warning"]
    grids: list[str]
    where: dict[str, Any] | None
    size: float | None
    unit: Literal["m2", "m"] | None
    message: str
    message_en: str


class CoverageProblemOut(ProblemOut):
    """One thing wrong with published grids, and the village it was found in; null when it lies between villages."""

    village: str | None


class CoverageOut(BaseModel):
    """What is wrong with the grids of a division: the first problems, errors before warnings, and how many there are.

    `villages` and `grids` tell how much was looked at.
    """

    version: int
    code: str
    villages: int
    grids: int
    errors: int
    warnings: int
    problems: list[CoverageProblemOut]


class ChangedGrids(BaseModel):
    """Codes by what happens to them; new grids by the code they get."""

    add: list[str] = []
    change: list[str] = []
    retire: list[str] = []


class LineageStep(BaseModel):
    """What part of a grid goes into which; shares of its area and of its households, null when it has none."""

    predecessor: str
    successor: str
    kind: Literal["split", "merge", "reshape", "renumber", "transfer"]
    share_area: float
    share_households: float | None


class MovedRecord(BaseModel):
    """A record and the grid it counts to before and after."""

    model_config = ConfigDict(populate_by_name=True)

    id: str
    before: str | None = Field(alias="from")
    after: str | None = Field(alias="to")


class MovedRecords(BaseModel):
    """How many records move, and the first thousand of them."""

    count: int = 0
    items: list[MovedRecord] = []


class MovedGroup(BaseModel):
    """A household group whose members come into another one."""

    model_config = ConfigDict(populate_by_name=True)

    before: str = Field(alias="from")
    after: str = Field(alias="to")
    name: str
    households: int


class NewCharge(BaseModel):
    """Somebody who answers for a grid or group afterwards and did not before."""

    code: str
    officer: str
    role: Literal["head", "deputy"]


class Effect(BaseModel):
    """What publishing does, or did."""

    grids: ChangedGrids = ChangedGrids()
    lineage: list[LineageStep] = []
    addresses: MovedRecords = MovedRecords()
    households: MovedRecords = MovedRecords()
    groups: list[MovedGroup] = []
    closed_groups: list[str] = []
    group_sizes: dict[str, int] = Field(default={}, description="Households of the groups that lose or get some, then.")
    charges: list[NewCharge] = []
    outlines: list[str] = Field(default=[], description="Villages whose outline moves.")


class ChangesetDetail(ChangesetOut, Effect):
    """A changeset with its problems and its effect: of an open one as if it were published now."""

    version: int
    problems: list[ProblemOut]
    codes: dict[str, str] = Field(description="The codes that the ids of new grids stand for.")

    @classmethod
    def of_report(cls, version: int, report: Report, problems: list[ProblemOut]) -> Self:
        """From the service's report."""
        shown = ChangesetOut.of(report.changeset).model_dump()
        return cls(**shown, **report.effect, version=version, problems=problems, codes=report.codes)


class DraftProperties(BaseModel):
    """The properties of a grid in a changeset."""

    model_config = ConfigDict(from_attributes=True)

    ref: str
    action: Literal["keep", "add", "change", "retire"]
    village_code: str
    code: str | None
    name: str
    name_bo: str | None
    kind: str
    note: str | None


class DraftFeature(BaseModel):
    """A grid in a changeset as a GeoJSON feature."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: dict[str, Any]
    properties: DraftProperties


class DraftCollection(BaseModel):
    """The content of a changeset as a GeoJSON feature collection, retired grids included."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    version: int
    base_version: int
    features: list[DraftFeature]


class PublishedVersion(BaseModel):
    """The dataset version that publishing made; it can be read by now."""

    version: int
