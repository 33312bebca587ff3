"""Who answers for a grid or group, a head and deputies, entered and changed by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from gridmap.contacts import queries
from gridmap.errors import FieldError, InvalidInput
from gridmap.sentences import say


@dataclass(frozen=True, slots=True)
class People:
    """The ids of those who answer for a grid or group."""

    head: str | None = None
    deputies: tuple[str, ...] = ()

    def columns(self) -> dict[str, Any]:
        """As they are kept in a history."""
        return {"head": self.head, "deputies": list(self.deputies)}


def people_of(session: Session, code: str) -> People:
    """Who answers for a grid or group now."""
    found = queries.charges_at(session, code)
    heads = [charge.officer_id for charge in found if charge.role == "head"]
    return People(next(iter(heads), None), tuple(c.officer_id for c in found if c.role == "deputy"))


def asked_people(session: Session, code: str, now: People, given: Mapping[str, Any]) -> People:
    """Those who shall answer: `head` and `deputies` where they are given, the others as they are.

    Raises InvalidInput for somebody who is no officer in office of the county, or who is both.
    """
    head = given.get("head", now.head)
    asked: Sequence[str] = given.get("deputies", now.deputies) or ()
    # A deputy who becomes head is deputy no more; named as both at once he is a slip.
    deputies = tuple(dict.fromkeys(asked)) if "deputies" in given else tuple(d for d in asked if d != head)
    errors = []
    if head in deputies:
        said = say("head_no_deputy", "the head is no deputy at the same time")
        errors.append(FieldError("deputies", said))
    known = {
        officer.id
        for officer in queries.officers_by_id(session, [who for who in (head, *deputies) if who])
        if officer.status == "current" and officer.county_code == code[:6]
    }
    new = {"head": {head} - {now.head, None}, "deputies": set(deputies) - set(now.deputies)}
    errors += [
        FieldError(field, say("no_officer_here", "there is no officer {id} in office in the county", id=who), "unknown")
        for field, people in new.items()
        for who in sorted(people - known, key=str)
    ]
    if errors:
        raise InvalidInput("; ".join(f"{e.where}: {e.message}" for e in errors), errors=errors)
    return People(head, deputies)


def put_people(session: Session, code: str, people: People) -> None:
    """Makes them, and nobody else, answer for a grid or group."""
    # The new head may have been deputy, and the table holds one role a person: those who go, go first.
    rows = [(who, "deputy") for who in people.deputies]
    queries.put_charges(session, code, [*([(people.head, "head")] if people.head else []), *rows])
