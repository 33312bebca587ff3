"""Tables of grids and household groups and what was true of them when."""

from sqlalchemy import CheckConstraint, Computed, Double, ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.db.base import (
    Base,
    CountyCode,
    DivisionCode,
    GridCode,
    GroupCode,
    MultiPolygon,
    Validity,
    Words,
    county_check,
    geometry_checks,
    validity_checks,
)

LINEAGE_KINDS = ("split", "merge", "reshape", "renumber", "transfer")
"""拆分, 合并, 边界调整, 变更编码, 划归他村."""


class Grid(Base):
    """A grid's code (网格编码): the village's twelve digits and a sequence of three. Never given to another grid."""

    __tablename__ = "grid"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    code: Mapped[GridCode] = mapped_column(primary_key=True)
    village_code: Mapped[DivisionCode] = mapped_column(ForeignKey("division.code"))

    __table_args__ = (
        CheckConstraint("code ~ '^[0-9]{15}$' AND right(code, 3) <> '000'", "code_form"),
        CheckConstraint("village_code = left(code, 12)", "village_of_code"),
        county_check("code"),
        Index("ix_grid_village_code", "village_code"),
        Index("ix_grid_code_prefix", "code", postgresql_ops={"code": "varchar_pattern_ops"}),
    )


class GridVersion(Base, Validity):
    """What was true of a grid (网格) for a time. `kind` is base, or special for what has its own staff."""

    __tablename__ = "grid_version"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    code: Mapped[GridCode] = mapped_column(primary_key=True)
    name: Mapped[Words]
    name_bo: Mapped[Words | None]
    kind: Mapped[str] = mapped_column(String(10), server_default="base")
    note: Mapped[Words | None]
    geometry: Mapped[MultiPolygon]
    area_m2: Mapped[float] = mapped_column(Double, Computed("ST_Area(geometry::geography)", persisted=True))

    __table_args__ = (
        ForeignKeyConstraint(["county_code", "code"], ["grid.county_code", "grid.code"]),
        *validity_checks(),
        geometry_checks("geometry"),
        CheckConstraint("kind IN ('base', 'special')", "kind_known"),
        Index("ix_grid_version_geometry", "geometry", postgresql_using="gist"),
        Index("ix_grid_version_version_from", "version_from"),
        Index("ix_grid_version_version_to", "version_to"),
        Index("uq_grid_version_current", "county_code", "code", unique=True, postgresql_where="valid_to IS NULL"),
    )


class HouseholdGroup(Base):
    """A household group's code (联防组): its grid's fifteen digits and two of its own. It has members, no polygon."""

    __tablename__ = "household_group"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    code: Mapped[GroupCode] = mapped_column(primary_key=True)
    grid_code: Mapped[GridCode]

    __table_args__ = (
        ForeignKeyConstraint(["county_code", "grid_code"], ["grid.county_code", "grid.code"]),
        CheckConstraint("code ~ '^[0-9]{17}$' AND right(code, 2) <> '00'", "code_form"),
        CheckConstraint("grid_code = left(code, 15)", "grid_of_code"),
        county_check("code"),
        Index("ix_household_group_grid_code", "grid_code"),
        Index("ix_household_group_code_prefix", "code", postgresql_ops={"code": "varchar_pattern_ops"}),
    )


class HouseholdGroupVersion(Base, Validity):
    """What was true of a household group for a time. Members and head are registers of persons, kept elsewhere."""

    __tablename__ = "household_group_version"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    code: Mapped[GroupCode] = mapped_column(primary_key=True)
    name: Mapped[Words]

    __table_args__ = (
        ForeignKeyConstraint(["county_code", "code"], ["household_group.county_code", "household_group.code"]),
        *validity_checks(),
        Index("ix_household_group_version_version_from", "version_from"),
        Index("ix_household_group_version_version_to", "version_to"),
        Index(
            "uq_household_group_version_current",
            "county_code",
            "code",
            unique=True,
            postgresql_where="valid_to IS NULL",
        ),
    )


class GridLineage(Base):
    """What part of a grid went into which grid in a version (网格沿革).

    The rows of one predecessor in one version add up to the whole of it, the part that it keeps included.
    `share_households` is null when it had none.
    """

    __tablename__ = "grid_lineage"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    predecessor: Mapped[GridCode] = mapped_column(primary_key=True)
    successor: Mapped[GridCode] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(ForeignKey("dataset_version.version"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    share_area: Mapped[float] = mapped_column(Double)
    share_households: Mapped[float | None] = mapped_column(Double)

    __table_args__ = (
        ForeignKeyConstraint(["county_code", "predecessor"], ["grid.county_code", "grid.code"]),
        ForeignKeyConstraint(["county_code", "successor"], ["grid.county_code", "grid.code"]),
        CheckConstraint(f"kind IN {LINEAGE_KINDS}", "kind_known"),
        CheckConstraint("share_area > 0 AND share_area <= 1", "share_area_range"),
        CheckConstraint("share_households BETWEEN 0 AND 1", "share_households_range"),
        Index("ix_grid_lineage_successor", "county_code", "successor"),
        Index("ix_grid_lineage_version", "version"),
    )


class GroupLineage(Base):
    """Which household group the members of another one came into in a version, and how many of them."""

    __tablename__ = "group_lineage"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    predecessor: Mapped[GroupCode] = mapped_column(primary_key=True)
    successor: Mapped[GroupCode] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(ForeignKey("dataset_version.version"), primary_key=True)
    households: Mapped[int]

    __table_args__ = (
        ForeignKeyConstraint(["county_code", "predecessor"], ["household_group.county_code", "household_group.code"]),
        ForeignKeyConstraint(["county_code", "successor"], ["household_group.county_code", "household_group.code"]),
        CheckConstraint("households >= 0", "households_count"),
        Index("ix_group_lineage_successor", "county_code", "successor"),
        Index("ix_group_lineage_version", "version"),
    )
