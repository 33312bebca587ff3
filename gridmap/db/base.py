"""What every table has in common: names of constraints, column types, validity ranges."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar

from geoalchemy2 import Geography, Geometry, WKBElement
from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Identity,
    MetaData,
    SmallInteger,
    String,
    Text,
    and_,
    any_,
    cast,
    false,
    literal,
    or_,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Mapped, mapped_column

SRID = 4490
"""CGCS2000, degrees, stored lon, lat on a lattice of 1e-7 degree."""

GROUND = Geography(srid=SRID)
"""Cast to this, distances and areas are metres on the CGCS2000 ellipsoid."""

NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

CountyCode = Annotated[str, mapped_column(String(6))]
DivisionCode = Annotated[str, mapped_column(String(12))]
GridCode = Annotated[str, mapped_column(String(15))]
GroupCode = Annotated[str, mapped_column(String(17))]
RecordId = Annotated[str, mapped_column(String(15))]
"""A letter, the county code and eight digits: A for addresses, B buildings, H households, P officers, S shelters."""
Instant = Annotated[datetime, mapped_column(TIMESTAMP(timezone=True))]
Now = Annotated[datetime, mapped_column(TIMESTAMP(timezone=True), server_default=text("now()"))]
Words = Annotated[str, mapped_column(Text)]
Small = Annotated[int, mapped_column(SmallInteger)]
Serial = Annotated[int, mapped_column(Identity(always=True), primary_key=True)]
Point = Annotated[WKBElement, mapped_column(Geometry("POINT", srid=SRID, spatial_index=False))]
MultiPolygon = Annotated[WKBElement, mapped_column(Geometry("MULTIPOLYGON", srid=SRID, spatial_index=False))]


class Base(DeclarativeBase):
    """The registry of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    kept_with_grid: ClassVar[bool] = False
    """Whether the history of a record tells the grid of its address along: it moves when boundaries do."""


class Validity:
    """Columns of a row that is true for a time, `[valid_from, valid_to)`, and the versions that wrote and ended it.

    `valid_to` and `version_to` are both null while the row holds. `at=` asks by time; `version` in an answer comes
    from the newest `version_from` or `version_to` of the installation (`DatasetVersion`).
    """

    valid_from: Mapped[Instant] = mapped_column(TIMESTAMP(timezone=True), primary_key=True)
    valid_to: Mapped[Instant | None]
    version_from: Mapped[int] = mapped_column(ForeignKey("dataset_version.version"))
    version_to: Mapped[int | None] = mapped_column(ForeignKey("dataset_version.version"))


def holds(table: type[Validity], at: datetime | None) -> ColumnElement[bool]:
    """What is true at a time, or now when `at` is None: then the partial indexes named ``uq_…_current`` serve."""
    if at is None:
        return table.valid_to.is_(None)
    return and_(table.valid_from <= at, or_(table.valid_to.is_(None), table.valid_to > at))


def within_codes(column: InstrumentedAttribute[Any], prefixes: Sequence[str]) -> ColumnElement[bool]:
    """Codes that begin with one of the prefixes. LIKE by LIKE, since the planner can't use an index for LIKE ANY."""
    if "" in prefixes:
        return true()
    return or_(false(), *(column.like(f"{prefix}%") for prefix in prefixes))


def among(column: InstrumentedAttribute[str], values: Collection[str]) -> ColumnElement[bool]:
    """Whether a column is one of any number of values: as one array, since a statement has room for 65,535 only."""
    return column == any_(cast(literal(list(values)), ARRAY(Text)))


def validity_checks() -> tuple[CheckConstraint, CheckConstraint]:
    """What every table with `Validity` carries; the exclusion of overlapping ranges stands in the migration."""
    return (
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", "validity_forward"),
        CheckConstraint("(valid_to IS NULL) = (version_to IS NULL)", "validity_ended_by_version"),
    )


def geometry_checks(column: str) -> CheckConstraint:
    """A geometry that is there is valid and not empty."""
    return CheckConstraint(f"ST_IsValid({column}) AND NOT ST_IsEmpty({column})", f"{column}_valid")


def county_check(column: str) -> CheckConstraint:
    """The county code is the first six digits of a code, whatever its level (a county, or a prefecture without any)."""
    return CheckConstraint(f"county_code = left({column}, 6)", "county_of_code")


def record_id_check(column: str, letter: str) -> CheckConstraint:
    """The form of a permanent record id."""
    return CheckConstraint(
        f"{column} ~ '^{letter}[0-9]{{14}}$' AND county_code = substr({column}, 2, 6)", f"{column}_form"
    )
