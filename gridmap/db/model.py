"""Tables that belong to no capability: dataset versions, events, id counters, facts of the installation."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.db.base import Base, CountyCode, DivisionCode, Now, Serial, Words


class DatasetVersion(Base):
    """One published state of divisions, grids, groups, layers and addresses (数据版本); the newest is current."""

    __tablename__ = "dataset_version"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    published_at: Mapped[Now]
    actor: Mapped[Words]
    summary: Mapped[Words]

    __table_args__ = (CheckConstraint("version > 0", "positive"),)


class Event(Base):
    """One thing that happened, in the order it was committed: the change feed and the wake-up of caches."""

    __tablename__ = "event"

    seq: Mapped[Serial]
    at: Mapped[Now]
    kind: Mapped[Words]
    county_code: Mapped[CountyCode | None]
    version: Mapped[int | None] = mapped_column(ForeignKey("dataset_version.version"))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)


class IdCounter(Base):
    """The last number given to a kind of record in a county; numbers are never given twice."""

    __tablename__ = "id_counter"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    letter: Mapped[str] = mapped_column(String(1), primary_key=True)
    last: Mapped[int]

    __table_args__ = (CheckConstraint("last BETWEEN 0 AND 99999999", "range"),)


class RecordHistory(Base):
    """What a record of a register was after a write (登记沿革); kept as long as retention allows, persons included."""

    __tablename__ = "record_history"

    county_code: Mapped[CountyCode] = mapped_column(primary_key=True)
    record_id: Mapped[str] = mapped_column(String(17), primary_key=True)
    row_version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[Now]
    actor: Mapped[Words]
    action: Mapped[str] = mapped_column(String(12))
    row: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__ = (
        CheckConstraint("row_version > 0", "row_version_counts"),
        Index("ix_record_history_at", "at"),
    )


class PlaceChange(Base):
    """A village where an address or a household came, moved or went, noted by triggers: those raise no version.

    `writer` is the transaction's number: whoever has read at a snapshot whose oldest running transaction was N finds
    everything since among those from N on, however transactions overlap. Kept for some days.
    """

    __tablename__ = "place_change"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[Now]
    writer: Mapped[int] = mapped_column(BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint"))
    kind: Mapped[str] = mapped_column(String(10))
    village_code: Mapped[DivisionCode]

    __table_args__ = (
        CheckConstraint("kind IN ('address', 'household')", "kind_known"),
        Index("ix_place_change_writer", "writer"),
        Index("ix_place_change_at", "at"),
    )


class InstallationFact(Base):
    """Something true of the whole installation, such as that its data are invented."""

    __tablename__ = "installation_fact"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(JSONB)
