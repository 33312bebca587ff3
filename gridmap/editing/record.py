"""Changesets as plain values, and what can be refused about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gridmap.db.geometry import to_polygons
from gridmap.editing.model import Changeset, ChangesetGrid
from gridmap.editing.problems import Problem
from gridmap.editing.proposal import ProposedGrid
from gridmap.errors import Conflict, Forbidden, InvalidInput
from gridmap.geo.arrays import Polygonal


class WrongStatus(Conflict):
    """The changeset is not where this step begins."""

    code = "wrong_status"


class HasErrors(InvalidInput):
    """The changeset has problems that forbid publishing it, or proposes nothing."""

    code = "changeset_has_errors"


class NotEmpty(Conflict):
    """A first load was asked for a village that has, or had, grids."""

    code = "village_not_empty"


class OwnChange(Forbidden):
    """Nobody publishes what he wrote himself."""

    code = "own_change"


@dataclass(frozen=True, slots=True)
class ChangesetRecord:
    """A changeset without its content."""

    id: int
    villages: tuple[str, ...]
    title: str
    status: str
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
    def of(cls, row: Changeset) -> "ChangesetRecord":
        """From the table."""
        return cls(
            id=row.id,
            villages=tuple(row.villages),
            title=row.title,
            status=row.status,
            author=row.author,
            base_version=row.base_version,
            created_at=row.created_at,
            updated_at=row.updated_at,
            submitted_at=row.submitted_at,
            submitted_by=row.submitted_by,
            decided_at=row.decided_at,
            decided_by=row.decided_by,
            reason=row.reason,
            published_version=row.published_version,
            reverts=row.reverts,
        )


@dataclass(frozen=True, slots=True)
class DraftGrid:
    """One grid of a changeset's content, retired ones included; geometry as it was handed in."""

    ref: str
    action: str
    village_code: str
    code: str | None
    name: str
    name_bo: str | None
    kind: str
    note: str | None
    geometry: Polygonal

    @classmethod
    def of(cls, row: ChangesetGrid) -> "DraftGrid":
        """From the table."""
        return cls(
            ref=row.ref,
            action=row.action,
            village_code=row.village_code,
            code=row.code,
            name=row.name,
            name_bo=row.name_bo,
            kind=row.kind,
            note=row.note,
            geometry=to_polygons(row.geometry),
        )

    def proposed(self) -> ProposedGrid:
        """As a part of a proposal."""
        return ProposedGrid(
            village_code=self.village_code,
            code=self.code,
            name=self.name,
            geometry=self.geometry,
            name_bo=self.name_bo,
            kind=self.kind,
            note=self.note,
            ref=self.ref,
        )


@dataclass(frozen=True, slots=True)
class Report:
    """A changeset with its problems and its effect: of an open one as if it were published now.

    `codes` are those that the refs of its grids stand for.
    """

    changeset: ChangesetRecord
    problems: Sequence[Problem]
    effect: dict[str, Any]
    codes: dict[str, str]
