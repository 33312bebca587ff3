"""Tables of changesets and of what they propose."""

from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.db.base import SRID, Base, CountyCode, DivisionCode, Instant, Now, Serial, Words

STATUSES = ("draft", "submitted", "published", "rejected", "reverted")
"""草稿, 待审, 已发布, 已退回, 已撤销."""
ACTIONS = ("keep", "add", "change", "retire")


class Changeset(Base):
    """A proposed change of the grids of some villages (变更单), from draft to published or rejected.

    `effect` is what publishing it did: the lineage and what moved, as it was shown to the reviewer.
    """

    __tablename__ = "changeset"

    id: Mapped[Serial]
    county_code: Mapped[CountyCode]
    villages: Mapped[list[str]] = mapped_column(ARRAY(String(12)))
    title: Mapped[Words]
    status: Mapped[str] = mapped_column(String(10), server_default="draft")
    author: Mapped[Words]
    base_version: Mapped[int]
    created_at: Mapped[Now]
    updated_at: Mapped[Now]
    submitted_at: Mapped[Instant | None]
    submitted_by: Mapped[Words | None]
    decided_at: Mapped[Instant | None]
    decided_by: Mapped[Words | None]
    reason: Mapped[Words | None]
    published_version: Mapped[int | None] = mapped_column(ForeignKey("dataset_version.version"))
    reverts: Mapped[int | None] = mapped_column(ForeignKey("changeset.id"))
    effect: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))

    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES}", "status_known"),
        CheckConstraint("cardinality(villages) > 0", "villages_named"),
        CheckConstraint("base_version >= 0", "base_version_counts"),
        CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", "decided_by_somebody"),
        CheckConstraint(
            "(published_version IS NOT NULL) = (status IN ('published', 'reverted'))", "published_has_version"
        ),
        CheckConstraint("status <> 'rejected' OR reason IS NOT NULL", "rejected_has_reason"),
        Index("ix_changeset_villages", "villages", postgresql_using="gin"),
        Index("uq_changeset_published_version", "published_version", unique=True),
    )


class ChangesetGrid(Base):
    """One grid of a changeset's proposed state, as it was handed in; a draft may hold anything.

    `ref` names it inside the changeset; `code` is null for a new grid, which gets its own when it is published.
    A grid that is no longer proposed is kept with the action `retire`.
    """

    __tablename__ = "changeset_grid"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    changeset_id: Mapped[int] = mapped_column(ForeignKey("changeset.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    ref: Mapped[Words]
    action: Mapped[str] = mapped_column(String(10))
    village_code: Mapped[DivisionCode]
    code: Mapped[Words | None]
    name: Mapped[Words]
    name_bo: Mapped[Words | None]
    kind: Mapped[str] = mapped_column(String(10))
    note: Mapped[Words | None]
    geometry: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", srid=SRID, spatial_index=False))

    __table_args__ = (CheckConstraint(f"action IN {ACTIONS}", "action_known"),)
