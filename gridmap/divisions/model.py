"""Tables of divisions and what was true of them when."""

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.db.base import (
    SRID,
    Base,
    DivisionCode,
    Validity,
    Words,
    geometry_checks,
    validity_checks,
)

LEVELS = ("province", "prefecture", "county", "township", "village")
"""From large to small (省, 市州, 县, 乡镇, 村)."""

DIVISION_LINEAGE_KINDS = ("renamed", "recoded", "upgraded", "merged", "split")
"""更名, 变更代码, 撤乡设镇, 合并, 分设."""


class Division(Base):
    """A division's code (行政区划代码), which is never given to another division, and its level."""

    __tablename__ = "division"

    code: Mapped[DivisionCode] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(String(10))

    __table_args__ = (
        CheckConstraint(
            "CASE level WHEN 'province' THEN code ~ '^[0-9]{2}$' "
            "WHEN 'prefecture' THEN code ~ '^[0-9]{6}$' WHEN 'county' THEN code ~ '^[0-9]{6}$' "
            "WHEN 'township' THEN code ~ '^[0-9]{9}$' WHEN 'village' THEN code ~ '^[0-9]{12}$' ELSE false END",
            "code_form",
        ),
        Index("ix_division_code_prefix", "code", postgresql_ops={"code": "varchar_pattern_ops"}),
    )


class DivisionVersion(Base, Validity):
    """What was true of a division for a time. The parent is stored because codes alone can't tell it.

    `outline_source` and `seat_source` name where the geometry comes from; one that starts with `invented` is
    illustrative and every page that shows it must say so.
    """

    __tablename__ = "division_version"

    code: Mapped[DivisionCode] = mapped_column(ForeignKey("division.code"), primary_key=True)
    parent_code: Mapped[DivisionCode | None] = mapped_column(ForeignKey("division.code"))
    name: Mapped[Words]
    name_full: Mapped[Words]
    name_bo: Mapped[Words | None]
    outline: Mapped[WKBElement | None] = mapped_column(Geometry("MULTIPOLYGON", srid=SRID, spatial_index=False))
    outline_source: Mapped[Words | None]
    seat: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", srid=SRID, spatial_index=False))
    seat_source: Mapped[Words | None]
    population: Mapped[int | None]

    __table_args__ = (
        *validity_checks(),
        geometry_checks("outline"),
        CheckConstraint("(outline IS NULL) = (outline_source IS NULL)", "outline_has_source"),
        CheckConstraint("(seat IS NULL) = (seat_source IS NULL)", "seat_has_source"),
        CheckConstraint("population >= 0", "population_counts"),
        Index("ix_division_version_outline", "outline", postgresql_using="gist"),
        Index("ix_division_version_parent_code", "parent_code"),
        Index("uq_division_version_current", "code", unique=True, postgresql_where="valid_to IS NULL"),
    )


class DivisionLineage(Base):
    """What became of a division (区划沿革) in a version; both codes are the same when only its name changed."""

    __tablename__ = "division_lineage"

    predecessor: Mapped[DivisionCode] = mapped_column(ForeignKey("division.code"), primary_key=True)
    successor: Mapped[DivisionCode] = mapped_column(ForeignKey("division.code"), primary_key=True)
    version: Mapped[int] = mapped_column(ForeignKey("dataset_version.version"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))

    __table_args__ = (
        CheckConstraint(f"kind IN {DIVISION_LINEAGE_KINDS}", "kind_known"),
        CheckConstraint("(predecessor = successor) = (kind = 'renamed')", "renamed_keeps_code"),
        Index("ix_division_lineage_successor", "successor"),
    )
