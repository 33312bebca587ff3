"""What is told of officers and of who answers for a group; masked and audited like households."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.masking import mask_name, mask_phone
from gridmap.access.rights import MASKED, Unmasking, check_scope, check_unmasking, may_see_persons
from gridmap.contacts import queries
from gridmap.contacts.model import Officer
from gridmap.errors import NotFound


@dataclass(frozen=True, slots=True)
class Charge:
    """A grid or group an officer answers for, as its head or deputy."""

    code: str
    role: str


@dataclass(frozen=True, slots=True)
class OfficerRecord:
    """An officer as a caller may see him."""

    id: str
    name: str
    phone: str | None
    kind: str
    unit: str
    home_code: str
    work_code: str
    work_address_code: str | None
    capacity: int
    languages: list[str]
    absent_from: date | None
    absent_to: date | None
    status: str
    responsibilities: list[Charge]
    row_version: int


@dataclass(frozen=True, slots=True)
class ResponsibleOfficer:
    """Who answers for a grid or group, masked."""

    id: str
    role: str
    name: str
    phone: str | None


def get_officer(session: Session, actor: Actor, officer_id: str, unmasking: Unmasking = MASKED) -> OfficerRecord:
    """One officer, audited. Raises NotFound, Forbidden outside the caller's scope or right.

    He is where he was born, where he works, and where he answers for a grid or group.
    """
    check_unmasking(actor.caller, unmasking)
    officer = queries.find_officer(session, officer_id)
    if officer is None:
        check_scope(actor.caller, officer_id[1:7])
        raise NotFound(f"There is no officer {officer_id}.")
    check_scope(actor.caller, *places_of(session, officer))
    audit.record(session, actor, "officer.read", [officer_id], unmasked=unmasking.fields, purpose=unmasking.purpose)
    return record_of(session, officer, unmasking)


def places_of(session: Session, officer: Officer) -> list[str]:
    """Where an officer is: where he was born, where he works, and where he answers for a grid or group."""
    charges = queries.responsibilities_of(session, officer.id)
    return [officer.home_code, officer.work_code, *(charge.code for charge in charges)]


def responsible_for(session: Session, code: str) -> list[ResponsibleOfficer]:
    """Who answers for a grid or group, masked, the head first. The caller of this writes the audit."""
    return [_responsible(role, officer) for role, officer in queries.responsible_for(session, code)]


def masked_heads(session: Session, actor: Actor, codes: Sequence[str]) -> dict[str, ResponsibleOfficer]:
    """The heads of grids or groups, masked; of those only that the caller may see. Audited when there are any."""
    if not may_see_persons(actor.caller):
        return {}
    found = {code: officer for code, officer in queries.heads_of(session, codes) if actor.caller.covers(code)}
    if found:
        audit.record(session, actor, "heads.list", sorted({officer.id for officer in found.values()}))
    return {code: _responsible("head", officer) for code, officer in found.items()}


def masked_responsible(session: Session, actor: Actor, code: str) -> list[ResponsibleOfficer]:
    """Who answers for a grid or group, masked, the head first; nobody for a caller who may not see. Audited."""
    if not (may_see_persons(actor.caller) and actor.caller.covers(code)):
        return []
    found = [_responsible(role, officer) for role, officer in queries.responsible_for(session, code)]
    if found:
        audit.record(session, actor, "responsible.list", [code, *(officer.id for officer in found)])
    return found


def _responsible(role: str, officer: Officer) -> ResponsibleOfficer:
    return ResponsibleOfficer(officer.id, role, mask_name(officer.name), mask_phone(officer.phone))


def record_of(session: Session, officer: Officer, unmasking: Unmasking) -> OfficerRecord:
    """An officer as the unmasking shows him, with what he answers for."""
    charges = [Charge(r.code, r.role) for r in queries.responsibilities_of(session, officer.id)]
    return shown_as(officer, charges, unmasking)


def shown_as(officer: Officer, charges: list[Charge], unmasking: Unmasking) -> OfficerRecord:
    """An officer as the unmasking shows him, with charges that are known already."""
    return OfficerRecord(
        id=officer.id,
        name=officer.name if "name" in unmasking.fields else mask_name(officer.name),
        phone=officer.phone if "phone" in unmasking.fields else mask_phone(officer.phone),
        kind=officer.kind,
        unit=officer.unit,
        home_code=officer.home_code,
        work_code=officer.work_code,
        work_address_code=officer.work_address_code,
        capacity=officer.capacity,
        languages=officer.languages,
        absent_from=officer.absent_from,
        absent_to=officer.absent_to,
        status=officer.status,
        responsibilities=charges,
        row_version=officer.row_version,
    )
