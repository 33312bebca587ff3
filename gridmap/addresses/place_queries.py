"""Every statement on other names of places."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Row, delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gridmap.addresses.model import Address, PlaceAlias
from gridmap.db.base import among


def names_of(session: Session, codes: Sequence[str]) -> Sequence[Row[str, str, str, str]]:
    """Code, text, kind and hamlet of the other names of some divisions; by pk_place_alias."""
    stmt = select(PlaceAlias.division_code, PlaceAlias.text, PlaceAlias.kind, PlaceAlias.hamlet)
    found = stmt.where(among(PlaceAlias.division_code, codes), PlaceAlias.kind != "code")
    return session.execute(found.order_by(PlaceAlias.division_code, PlaceAlias.hamlet, PlaceAlias.text)).all()


def has_hamlet(session: Session, village: str, hamlet: str) -> bool:
    """Whether a current door of a village stands in a hamlet; by ix_address_village_code. True for none."""
    here = Address.village_code == village, Address.hamlet == hamlet, Address.status == "current"
    return not hamlet or bool(session.scalar(select(exists().where(*here))))


def put_names(session: Session, names: Sequence[tuple[str, str, str, str]]) -> None:
    """Enters names (code, text, kind, hamlet); of those that are there the kind is set."""
    rows = [{"division_code": c, "text": t, "kind": kind, "hamlet": hamlet} for c, t, kind, hamlet in names]
    stmt = insert(PlaceAlias).values(rows)
    key = [PlaceAlias.division_code, PlaceAlias.hamlet, PlaceAlias.text]
    session.execute(stmt.on_conflict_do_update(index_elements=key, set_={"kind": stmt.excluded.kind}))


def drop_name(session: Session, code: str, hamlet: str, text: str) -> bool:
    """Takes a name away; whether it was there."""
    mine = PlaceAlias.division_code == code, PlaceAlias.hamlet == hamlet, PlaceAlias.text == text
    return session.scalar(delete(PlaceAlias).where(*mine).returning(PlaceAlias.text)) is not None


def recode_names(session: Session, divided: Mapping[str, str]) -> int:
    """Gives the names of divisions, those of other systems too, to those that they went into; how many there were."""
    stmt = select(PlaceAlias).where(among(PlaceAlias.division_code, list(divided)))
    rows = session.scalars(stmt).all()
    if rows:
        values = [
            {"division_code": divided[row.division_code], "text": row.text, "kind": row.kind, "hamlet": row.hamlet}
            for row in rows
        ]
        session.execute(insert(PlaceAlias).values(values).on_conflict_do_nothing())
        session.execute(delete(PlaceAlias).where(among(PlaceAlias.division_code, list(divided))))
    return len(rows)
