"""Addresses of the register as they come and go over the wire: GeoJSON features whose id is the address code."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gridmap.addresses.problems import AddressProblem, Kind, Waiting
from gridmap.addresses.record import AddressRecord, Alias
from gridmap.addresses.register import AddressChange
from gridmap.addresses.schema import told
from gridmap.addresses.segments import DOOR_SEGMENTS
from gridmap.db.history import Revision
from gridmap.geo.crs import Crs, point_to_lonlat
from gridmap.geo.lonlat import LonLat

Status = Literal["current", "cancelled", "merged"]
_Text = Annotated[str, Field(max_length=200)]
_Segment = Annotated[str | None, Field(max_length=60)]
MATCH_LEVEL = "door"


class AliasIn(BaseModel):
    """Another name: a former label, what people say, Tibetan, or another system's code."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    kind: Literal["old", "popular", "tibetan", "code"]
    text: Annotated[str, Field(min_length=1, max_length=200)]


class AddressIn(BaseModel):
    """What is said of a door: its whole `label`, or `village_code` and segments; its point in any system.

    A door's segments may stand in `segments` or beside the other fields.
    """

    model_config = ConfigDict(extra="forbid")

    label: _Text | None = None
    village_code: Annotated[str | None, Field(pattern=r"^[0-9]{12}$")] = None
    segments: dict[str, _Segment] | None = None
    group_name: _Segment = None
    hamlet: _Segment = None
    street: _Segment = None
    number: _Segment = None
    sub_number: _Segment = None
    estate: _Segment = None
    building: _Segment = None
    unit: _Segment = None
    floor: _Segment = None
    room: _Segment = None
    lon: Annotated[float | None, Field(allow_inf_nan=False)] = None
    lat: Annotated[float | None, Field(allow_inf_nan=False)] = None
    crs: str = "EPSG:4490"
    point_source: Annotated[str | None, Field(max_length=100)] = None
    point_accuracy_m: Annotated[float | None, Field(ge=0, le=100_000, allow_inf_nan=False)] = None
    aliases: Annotated[list[AliasIn], Field(max_length=50)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """A point has two numbers, and segments are those there are below the village."""
        if (self.lon is None) != (self.lat is None):
            raise ValueError("lon and lat go together")
        unknown = sorted(set(self.segments or ()) - {*DOOR_SEGMENTS})
        if unknown:
            raise ValueError(f"there is no segment {', '.join(unknown)}; there are {', '.join(DOOR_SEGMENTS)}")
        return self

    def change(self) -> AddressChange:
        """What was given, and only that. Raises InvalidInput for a point that has no place in its system."""
        parts = {name: getattr(self, name) for name in DOOR_SEGMENTS if name in self.model_fields_set}
        parts |= dict(self.segments or {})
        return AddressChange(
            given=frozenset({*self.model_fields_set, *parts} - {"segments"}),
            label=self.label,
            village_code=self.village_code,
            parts=parts,
            point=self._point(),
            point_source=self.point_source,
            point_accuracy_m=self.point_accuracy_m,
            aliases=[Alias(alias.kind, alias.text) for alias in self.aliases],
        )

    def _point(self) -> LonLat | None:
        return (
            None if self.lon is None or self.lat is None else point_to_lonlat(Crs.parse(self.crs), self.lon, self.lat)
        )


class AddressPatch(AddressIn):
    """Only what changes; `status: current` takes a cancelling back."""

    status: Literal["current"] | None = None


class PointIn(BaseModel):
    """A place for a row that waits."""

    model_config = ConfigDict(extra="forbid")

    lon: Annotated[float, Field(allow_inf_nan=False)]
    lat: Annotated[float, Field(allow_inf_nan=False)]
    crs: str = "EPSG:4490"

    def point(self) -> LonLat:
        """In degrees. Raises InvalidInput."""
        return point_to_lonlat(Crs.parse(self.crs), self.lon, self.lat)


class MergeIn(BaseModel):
    """The address that stays."""

    model_config = ConfigDict(extra="forbid")

    into: Annotated[str, Field(pattern=r"^A[0-9]{14}$")]


class AcceptIn(BaseModel):
    """The kind of problem that is none."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    note: Annotated[str | None, Field(max_length=500)] = None


class AddressProperties(BaseModel):
    """The properties of an address's feature; `code` is `id` again, for those who read tables."""

    id: str
    code: str
    label: str
    type: Literal["housenumber"] = "housenumber"
    match_level: Literal["door"] = "door"
    village_code: str
    grid_code: str | None
    segments: dict[str, str]
    point_source: str
    point_accuracy_m: float | None
    status: Status
    status_note: str | None
    merged_into: str | None = Field(description="The address that a merged one is found under now.")
    aliases: list[AliasIn]
    row_version: int
    updated_at: datetime


class AddressFeature(BaseModel):
    """An address as a GeoJSON feature."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: dict[str, Any]
    properties: AddressProperties

    @classmethod
    def of(cls, record: AddressRecord) -> Self:
        """From the register's record."""
        names = AddressProperties.model_fields.keys() & AddressRecord.__slots__
        values = {name: getattr(record, name) for name in names}
        values |= {"id": record.code, "segments": told(record.segments)}
        values["aliases"] = [AliasIn.model_validate(alias) for alias in record.aliases]
        return cls(
            id=record.code,
            geometry={"type": "Point", "coordinates": [record.lon, record.lat]},
            properties=AddressProperties.model_validate(values),
        )


class WaitingOut(BaseModel):
    """A row of a file without a point, and doors that may be its neighbours."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    village_code: str
    label: str
    segments: dict[str, str]
    given_code: str | None
    file: str
    row: int
    near: list[AddressFeature]

    @classmethod
    def of(cls, waiting: Waiting) -> Self:
        """With its neighbours as features."""
        values = {name: getattr(waiting, name) for name in Waiting.__slots__}
        return cls.model_validate(values | {"near": [AddressFeature.of(record) for record in waiting.near]})


class AddressProblemOut(BaseModel):
    """A problem, in Chinese and English, with the doors it is about and what can be done."""

    kind: Kind
    severity: Literal["error", "warning"]
    addresses: list[AddressFeature]
    waiting: WaitingOut | None
    message: str
    message_en: str
    advice: str
    advice_en: str
    actions: list[str]

    @classmethod
    def of(cls, problem: AddressProblem) -> Self:
        """From the service's."""
        values = {name: getattr(problem, name) for name in cls.model_fields}
        values["addresses"] = [AddressFeature.of(record) for record in problem.addresses]
        values["waiting"] = WaitingOut.of(problem.waiting) if problem.waiting else None
        return cls.model_validate(values)


class AddressDetail(AddressFeature):
    """One address, the dataset version it was read under, and what is wrong with it."""

    version: int
    problems: list[AddressProblemOut]

    @classmethod
    def told(cls, record: AddressRecord, version: int, problems: Sequence[AddressProblem]) -> Self:
        """With its problems."""
        found = [AddressProblemOut.of(problem) for problem in problems]
        return cls(**AddressFeature.of(record).model_dump(), version=version, problems=found)


class MergedOut(AddressDetail):
    """The address that is left, and what came to it."""

    moved_households: int
    moved_buildings: list[str]
    closed_buildings: list[str]
    moved_officers: int
    moved_shelters: list[str]


class AddressCollection(BaseModel):
    """A page of addresses by code."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    version: int
    features: list[AddressFeature]
    next: str | None


class AddressProblems(BaseModel):
    """A page of problems, and how many there are of each kind; labels are read only when they are asked for."""

    version: int
    counts: dict[str, int]
    problems: list[AddressProblemOut]
    next: str | None


class RevisionOut(BaseModel):
    """What a record was after a write: who wrote it, when, and its columns."""

    model_config = ConfigDict(from_attributes=True)

    row_version: int
    at: datetime
    actor: str
    action: str
    row: dict[str, Any]


class RecordHistoryOut(BaseModel):
    """All that is kept of a record, the oldest first."""

    version: int
    id: str
    revisions: list[RevisionOut]

    @classmethod
    def of(cls, record_id: str, revisions: Sequence[Revision], version: int) -> Self:
        """From the kept revisions."""
        return cls(version=version, id=record_id, revisions=[RevisionOut.model_validate(one) for one in revisions])
