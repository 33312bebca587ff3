"""Who is head of a grid (网格长) or a household group (联户长)."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from gridmap.contacts import queries
from gridmap.contacts.model import Officer, Responsibility
from gridmap.db.ids import take_ids


@dataclass(frozen=True, slots=True)
class Head:
    """A person of the register of officers; personal."""

    id: str
    name: str
    phone: str | None


def heads_of(session: Session, codes: Iterable[str]) -> dict[str, Head]:
    """The heads of those of the codes that have one."""
    return {code: _head(officer) for code, officer in queries.heads_of(session, sorted(set(codes)))}


def officers_by_id(session: Session, ids: Iterable[str]) -> dict[str, Head]:
    """Those of the ids that are officers."""
    return {officer.id: _head(officer) for officer in queries.officers_by_id(session, sorted(set(ids)))}


def officers_named(session: Session, county_codes: Iterable[str], names: Iterable[str]) -> list[Head]:
    """The officers in office of some names, by id."""
    found = queries.officers_named(session, sorted(set(county_codes)), sorted(set(names)))
    return [_head(officer) for officer in found]


def enter_group_head(session: Session, village_code: str, unit: str, name: str, phone: str | None) -> Head:
    """A new officer who leads a household group of a village and takes no first contact until he is given capacity."""
    (officer_id,) = take_ids(session, village_code[:6], "P", 1)
    session.add(
        Officer(
            county_code=village_code[:6],
            id=officer_id,
            name=name,
            phone=phone,
            kind="group_head",
            unit=unit,
            home_code=village_code,
            work_code=village_code,
            capacity=0,
        )
    )
    session.flush()
    return Head(officer_id, name, phone)


def set_head(session: Session, code: str, officer_id: str) -> None:
    """Makes an officer the head of a grid or group of his county; who was head before is it no more."""
    queries.drop_responsibility(session, code)
    queries.drop_responsibility(session, code, officer_id)
    session.add(Responsibility(county_code=code[:6], code=code, officer_id=officer_id, role="head"))
    session.flush()


def _head(officer: Officer) -> Head:
    return Head(officer.id, officer.name, officer.phone)
