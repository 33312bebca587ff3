"""Imports as they are told over the wire."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gridmap.editing.schema import ProblemOut

ImportKind = Literal[
    "divisions", "outlines", "grids", "groups", "addresses", "buildings", "households", "officers", "pairs", "posts",
    "names", "shelters", "layer",
]  # fmt: skip


class ImportOptions(BaseModel):
    """What a person knows better than detection does; what is null is detected."""

    model_config = ConfigDict(extra="forbid")

    crs: str | None = Field(default=None, max_length=40, description="EPSG:4527, gcj02, bd09, … or dms")
    encoding: str | None = Field(default=None, max_length=40, description="gbk, utf-8, …")
    map: list[str] = Field(default=[], max_length=100, description="COLUMN=field, once for each column")
    layer: str | None = Field(default=None, max_length=200, description="one layer or sheet of a file with several")
    name: str | None = Field(default=None, max_length=40, description="the name of a reference layer")
    title: str | None = Field(default=None, max_length=200, description="its title")
    public: bool = Field(default=False, description="a layer that may be seen without a key")
    allow_defects: bool = Field(default=False, description="mend broken rings of a layer")
    node: bool = Field(default=False, description="accept the repair that makes neighbours share their vertices")
    tolerance_m: float = Field(default=0.5, ge=0.01, le=20, description="how far the repair may move a vertex")


class FieldOut(BaseModel):
    """A field that the kind of import knows, and the headings it is known by."""

    name: str
    required: bool
    headings: list[str]


class ColumnOut(BaseModel):
    """A column of the file, the field it is read as, and why; null when it is not used."""

    column: str
    field: str | None
    reason: str | None


class CandidateOut(BaseModel):
    """A way to read the coordinates: what to say as `crs`, what it is, and the share outside the known outlines."""

    crs: str
    label: str
    reason: str
    misfit: float | None


class CrsOut(BaseModel):
    """How the coordinates of so many rows are read, why, and what else was weighed, best first."""

    rows: int
    crs: str
    label: str
    reasons: list[str]
    candidates: list[CandidateOut]
    warnings: list[str]


class TableOut(BaseModel):
    """What was made of one table; `sample` are its first rows, in the order of the columns."""

    name: str
    rows: int
    encoding: str | None
    columns: list[ColumnOut]
    crs: list[CrsOut]
    notes: list[str]
    sample: list[list[Any]]


class ChangeLine(BaseModel):
    """One line of the table before and after."""

    model_config = ConfigDict(from_attributes=True)

    what: str
    before: str
    after: str


class FateOut(BaseModel):
    """What becomes, or became, of one row."""

    model_config = ConfigDict(from_attributes=True)

    table: str
    row: int
    code: str | None
    status: Literal["loaded", "unchanged", "rejected"]
    reason: str
    column: str | None = None


class EffectOut(BaseModel):
    """What the repair does to one grid, with the addresses and households that come or go with it."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    area_before_m2: float
    area_after_m2: float
    moved_max_m: float
    vertices_added: int
    addresses_in: int
    addresses_out: int
    households_in: int
    households_out: int


class RefusalOut(BaseModel):
    """A grid that the repair leaves as it is: `empty`, `invalid_ring`, or `area` for too large a change."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    reason: str
    change_share: float


class RepairOut(BaseModel):
    """The repair of some villages: `accepted` when the options say `node`; `left` is what would still be wrong.

    `beyond` are outlines, and grids of other villages, that get the same vertices on their border, which bends by less
    than 1e-7 degree.
    """

    villages: list[str]
    tolerance_m: float
    accepted: bool
    tiles: bool
    before: int
    left_count: int
    left: list[ProblemOut]
    effects: list[EffectOut]
    refused: list[RefusalOut]
    beyond: list[str]


class PreviewOut(BaseModel):
    """What an import does: `rows` are the first fates, rejected ones before the others; the report has all.

    `notes` are sentences about more than one row, `problems` those of the grids that would become a changeset.
    """

    version: int
    counts: dict[str, int]
    changes: list[ChangeLine]
    rows: list[FateOut]
    notes: list[str]
    problem_count: int
    problems: list[ProblemOut]
    repairs: list[RepairOut]
    publishes: bool
    """Whether something is published at once."""
    drafts: bool
    """Whether something becomes a changeset that a second person publishes."""


class RefusalTold(BaseModel):
    """Why a file is refused as a whole, and which field or option it is about."""

    detail: str
    code: str
    errors: list[dict[str, str]]


class ResultOut(BaseModel):
    """What an accepted import did."""

    version: int | None
    changesets: list[int]
    counts: dict[str, int]


class SentenceOut(BaseModel):
    """A sentence by its stable code, for programs and other languages; arguments that are sentences have codes too."""

    code: str
    text: str
    args: dict[str, "str | list[SentenceOut]"]


class ImportOut(BaseModel):
    """A file that waits to be imported, or was: how it is read, what it would do, and what it did.

    `refused` files can be looked at again with other options. `sentences` has the code and arguments of every English
    sentence in the answer, in its parts where there are several.
    """

    id: str
    kind: ImportKind
    files: list[str]
    size: int
    status: Literal["previewed", "refused", "accepted"]
    created_at: str
    expires_at: str
    options: ImportOptions
    fields: list[FieldOut]
    tables: list[TableOut]
    preview: PreviewOut | None
    refusal: RefusalTold | None
    result: ResultOut | None
    sentences: dict[str, list[SentenceOut]] = {}


class ImportLine(BaseModel):
    """A waiting or accepted import in a list."""

    id: str
    kind: ImportKind
    files: list[str]
    status: Literal["previewed", "refused", "accepted"]
    created_at: str
    expires_at: str


class ImportList(BaseModel):
    """The caller's own imports of the last day, the newest first."""

    imports: list[ImportLine]


class ImportedProperties(BaseModel):
    """A row of the file on the map, and what becomes of it."""

    row: int
    code: str | None
    name: str | None
    status: str
    reason: str


class ImportedFeature(BaseModel):
    """A row's shape as it would be stored; `simplified` ones are only for drawing."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: dict[str, Any]
    properties: ImportedProperties


class ImportShapes(BaseModel):
    """The result on the map: the rows that have a shape, and the known outlines they were held against.

    `omitted` rows were left out because there are too many; `simplified` when vertices were left out for drawing.
    """

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[ImportedFeature]
    outlines: dict[str, Any]
    omitted: int
    simplified: bool
