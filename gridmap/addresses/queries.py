"""Every statement on addresses, their other names and the rows that wait for a point."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gridmap.addresses.model import AcceptedProblem, Address, AddressAlias, WaitingAddress
from gridmap.db.base import SRID, among
from gridmap.db.model import IdCounter

AddressSelect = Select[Address]


def select_addresses(status: str | None = "current") -> AddressSelect:
    """Addresses of a status, of any when it is None."""
    stmt = select(Address)
    return stmt if status is None else stmt.where(Address.status == status)


def point_literal(lon: float, lat: float) -> ColumnElement[Any]:
    """A point to compare with."""
    return func.ST_SetSRID(func.ST_MakePoint(lon, lat), SRID)


def in_box(stmt: AddressSelect, box: tuple[float, float, float, float]) -> AddressSelect:
    """Only those in a box (west, south, east, north); by ix_address_point."""
    return stmt.where(Address.point.intersects(func.ST_MakeEnvelope(*box, SRID)))


def page(session: Session, stmt: AddressSelect, cursor: str | None, limit: int) -> Sequence[Address]:
    """The next `limit` addresses by code."""
    found = stmt.order_by(Address.code).limit(limit)
    return session.scalars(found if cursor is None else found.where(Address.code > cursor)).all()


def count(session: Session, stmt: AddressSelect) -> int:
    """How many addresses a composed statement finds."""
    return session.scalar(select(func.count()).select_from(stmt.subquery())) or 0


def find(session: Session, code: str) -> Address | None:
    """One address of whatever status; by pk_address."""
    return session.get(Address, (code[1:7], code))


def lock(session: Session, code: str) -> Address | None:
    """One address as it is now; others who want to change it wait."""
    stmt = select(Address).where(Address.county_code == code[1:7], Address.code == code).with_for_update()
    return session.scalars(stmt.execution_options(populate_existing=True)).one_or_none()


def current_by_labels(session: Session, county_codes: Sequence[str], labels: Sequence[str]) -> Sequence[Address]:
    """The current addresses that are called so; by uq_address_label."""
    stmt = select_addresses().where(among(Address.county_code, county_codes), among(Address.label, labels))
    return session.scalars(stmt).all()


def by_codes(session: Session, codes: Sequence[str]) -> Sequence[Address]:
    """Addresses of whatever status; by pk_address."""
    counties = {code[1:7] for code in codes}
    stmt = select(Address).where(among(Address.county_code, counties), among(Address.code, codes))
    return session.scalars(stmt.order_by(Address.code)).all()


def aliases_of(session: Session, codes: Sequence[str]) -> Sequence[AddressAlias]:
    """Other names of addresses, by address, kind and text; by pk_address_alias."""
    counties = {code[1:7] for code in codes}
    stmt = select(AddressAlias).where(
        among(AddressAlias.county_code, counties), among(AddressAlias.address_code, codes)
    )
    return session.scalars(stmt.order_by(AddressAlias.address_code, AddressAlias.kind, AddressAlias.text)).all()


def codes_by_alias(session: Session, kind: str, texts: Sequence[str]) -> Mapping[str, str]:
    """The address of each text that is one's other name of a kind; by ix_address_alias_text."""
    stmt = select(AddressAlias.text, AddressAlias.address_code)
    stmt = stmt.where(AddressAlias.kind == kind, among(AddressAlias.text, texts))
    return {row[0]: row[1] for row in session.execute(stmt.order_by(AddressAlias.address_code.desc()))}


def add_aliases(session: Session, rows: Sequence[tuple[str, str, str]]) -> None:
    """Gives addresses other names (code, text, kind), those that are not theirs yet."""
    values = [{"county_code": c[1:7], "address_code": c, "text": said, "kind": kind} for c, said, kind in rows]
    if values:
        session.execute(insert(AddressAlias).on_conflict_do_nothing(), values)


def replace_aliases(session: Session, code: str, aliases: Mapping[str, str]) -> None:
    """Puts other names (text → kind) in the place of all that an address has."""
    mine = AddressAlias.county_code == code[1:7], AddressAlias.address_code == code
    session.execute(delete(AddressAlias).where(*mine), execution_options={"synchronize_session": False})
    add_aliases(session, [(code, said, kind) for said, kind in aliases.items()])


def accept(session: Session, code: str, kind: str, actor: str, note: str | None) -> None:
    """Writes that a problem of an address is none."""
    values = {"county_code": code[1:7], "address_code": code, "kind": kind, "actor": actor, "note": note}
    stmt = insert(AcceptedProblem).values(values)
    key = [AcceptedProblem.county_code, AcceptedProblem.address_code, AcceptedProblem.kind]
    session.execute(stmt.on_conflict_do_update(index_elements=key, set_={"actor": actor, "note": note}))


def reopen(session: Session, code: str, kind: str) -> bool:
    """Takes away what `accept` wrote; whether there was anything."""
    mine = AcceptedProblem.county_code == code[1:7], AcceptedProblem.address_code == code, AcceptedProblem.kind == kind
    stmt = delete(AcceptedProblem).where(*mine).returning(AcceptedProblem.kind)
    return session.scalar(stmt, execution_options={"synchronize_session": False}) is not None


def forget_accepted(session: Session, codes: Sequence[str]) -> None:
    """Addresses that changed have to be looked at again; by the primary key."""
    counties = {code[1:7] for code in codes}
    mine = among(AcceptedProblem.county_code, counties), among(AcceptedProblem.address_code, codes)
    session.execute(delete(AcceptedProblem).where(*mine), execution_options={"synchronize_session": False})


def find_waiting(session: Session, waiting_id: int) -> WaitingAddress | None:
    """One row that waits for a point; others who want to place it wait."""
    stmt = select(WaitingAddress).where(WaitingAddress.id == waiting_id).with_for_update()
    return session.scalars(stmt).one_or_none()


def keep_waiting(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keeps rows without a point; one whose label waits already is not kept twice."""
    if rows:
        session.execute(insert(WaitingAddress).on_conflict_do_nothing(), list(rows))


def forget_waiting(session: Session, county_codes: Sequence[str], labels: Sequence[str]) -> None:
    """Removes rows whose door has come with a point; by uq_waiting_address_label."""
    found = among(WaitingAddress.county_code, county_codes), among(WaitingAddress.label, labels)
    session.execute(delete(WaitingAddress).where(*found), execution_options={"synchronize_session": False})


def forget_waiting_row(session: Session, waiting_id: int) -> None:
    """Removes one row that waited."""
    stmt = delete(WaitingAddress).where(WaitingAddress.id == waiting_id)
    session.execute(stmt, execution_options={"synchronize_session": False})


def raise_counter(session: Session, county_code: str, number: int) -> None:
    """Makes sure that no new address of a county gets a number up to this one."""
    stmt = insert(IdCounter).values(county_code=county_code, letter="A", last=number)
    highest = func.greatest(IdCounter.last, stmt.excluded.last)
    key = [IdCounter.county_code, IdCounter.letter]
    session.execute(stmt.on_conflict_do_update(index_elements=key, set_={"last": highest}))


def set_merged_targets(session: Session, code: str, into: str) -> None:
    """Lets what was merged into an address earlier point at where that goes now."""
    stmt = update(Address).where(Address.county_code == code[1:7], Address.merged_into == code)
    session.execute(stmt.values(merged_into=into), execution_options={"synchronize_session": False})


CORRECTIONS = "address_correction"
"""A table of the transaction's own, for as long as it lasts."""


def begin_corrections(session: Session) -> None:
    """An empty table for new states of known addresses."""
    session.execute(text(f"CREATE TEMP TABLE IF NOT EXISTS {CORRECTIONS} (LIKE address) ON COMMIT DROP"))
    for column in ("row_version", "status", "updated_at"):
        session.execute(text(f"ALTER TABLE {CORRECTIONS} ALTER {column} DROP NOT NULL"))
    session.execute(text(f"TRUNCATE {CORRECTIONS}"))


def apply_corrections(session: Session) -> None:
    """Puts the states of `CORRECTIONS` in the place of the addresses' own; by pk_address."""
    kept = {"county_code", "code", "status", "status_note", "merged_into", "row_version", "updated_at"}
    columns = [column.name for column in Address.__table__.columns if column.name not in kept]
    changes = ", ".join(f"{column} = n.{column}" for column in columns)
    session.execute(
        text(
            f"UPDATE address a SET {changes}, row_version = a.row_version + 1, updated_at = now() "  # noqa: S608
            f"FROM {CORRECTIONS} n WHERE a.county_code = n.county_code AND a.code = n.code"
        )
    )
    session.expire_all()
