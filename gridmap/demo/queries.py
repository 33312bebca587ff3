"""Every SQL statement of the demo data: what is there already, filling tables, and emptying them again."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, delete, func, or_, select, text
from sqlalchemy.orm import Session

from gridmap.addresses.model import AcceptedProblem, Address, AddressAlias, PlaceAlias, WaitingAddress
from gridmap.contacts.model import ContactPair, EndedPair, Officer, Responsibility
from gridmap.contacts.plans.model import PairPlan, PairPlanFormer, PairPlanPair, PairRule
from gridmap.db.base import Base
from gridmap.db.model import DatasetVersion, Event, IdCounter, InstallationFact, PlaceChange, RecordHistory
from gridmap.divisions.model import Division, DivisionLineage, DivisionVersion
from gridmap.editing.model import Changeset, ChangesetGrid
from gridmap.grids.layers.model import ReferenceLayer
from gridmap.grids.model import (
    Grid,
    GridLineage,
    GridVersion,
    GroupLineage,
    HouseholdGroup,
    HouseholdGroupVersion,
)
from gridmap.households.model import Building, Household
from gridmap.preplans.model import Shelter

FACT = "demo"
_BY_COUNTY: tuple[type[Base], ...] = (
    PairPlanPair, PairPlanFormer, PairPlan, PairRule, EndedPair,
    ContactPair, Responsibility, Shelter, Officer, Household, Building, AcceptedProblem, AddressAlias, WaitingAddress,
    Address, GroupLineage, GridLineage, HouseholdGroupVersion, HouseholdGroup, GridVersion, Grid, ChangesetGrid,
    Changeset, IdCounter, RecordHistory, Event,
)  # fmt: skip
"""Tables with a `county_code`, each before those that it refers to."""


def find_fact(session: Session) -> InstallationFact | None:
    """What the installation knows of its demo data; None when it holds none."""
    return session.get(InstallationFact, FACT)


def find_foreign_division(session: Session, own: Sequence[str]) -> str | None:
    """A county or smaller division that lies in none of the counties `own`; any division at all when `own` is empty."""
    statement = select(func.min(Division.code))
    if own:
        statement = statement.where(func.length(Division.code) >= 6, func.left(Division.code, 6).not_in(own))
        statement = statement.where(Division.level != "prefecture")
    return session.scalar(statement)


def analyze(session: Session, tables: Iterable[str]) -> None:
    """Lets the planner see what was just filled; without it the first minutes' plans are guesses."""
    connection = session.connection()
    quoted = ", ".join(connection.dialect.identifier_preparer.quote(table) for table in tables)
    connection.execute(text(f"ANALYZE {quoted}"))


def delete_county(session: Session, model: type[Base], county: str) -> None:
    """Empties one table of one county; `county_code` leads the primary key of all but the events."""
    session.execute(delete(model).where(model.__table__.c.county_code == county))


def delete_divisions(session: Session, counties: Sequence[str], upper: Sequence[str]) -> None:
    """Removes the counties with all that lies in them, and the levels above as far as nothing is left there."""
    for named in (PlaceAlias.division_code, DivisionLineage.predecessor, DivisionVersion.code, Division.code):
        within: list[ColumnElement[bool]] = [named.startswith(county) for county in counties]
        session.execute(delete(named.class_).where(or_(*within)))
    for code in upper:
        if session.scalar(select(DivisionVersion.code).where(DivisionVersion.parent_code == code).limit(1)) is None:
            session.execute(delete(PlaceAlias).where(PlaceAlias.division_code == code))
            session.execute(delete(DivisionVersion).where(DivisionVersion.code == code))
            session.execute(delete(Division).where(Division.code == code))


def delete_history(session: Session, *, before: int) -> None:
    """Removes events, notes of changed places and the versions before one; nothing is left that they tell of."""
    session.execute(delete(Event))
    session.execute(delete(PlaceChange))
    session.execute(delete(DatasetVersion).where(DatasetVersion.version < before))


def forget_fact(session: Session) -> None:
    """The installation has no demo data any more."""
    session.execute(delete(InstallationFact).where(InstallationFact.name == FACT))


def holds_anything(session: Session) -> bool:
    """Whether a division is left, or a reference layer, whose past needs the dataset versions."""
    held = (select(Division.code).limit(1), select(ReferenceLayer.name).limit(1))
    return any(session.scalar(stmt) is not None for stmt in held)


def tables_by_county() -> tuple[type[Base], ...]:
    """The tables to empty, in an order that no foreign key objects to."""
    return _BY_COUNTY
