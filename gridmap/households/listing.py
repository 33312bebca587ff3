"""Lists of households by place, need, kind, group and words; masked, and every one with a record in the audit."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from gridmap.access import audit
from gridmap.access.audit import Actor
from gridmap.access.caller import Caller
from gridmap.access.personal import BadPersonal, read_phone
from gridmap.access.rights import MASKED, Unmasking, check_scope, check_unmasking
from gridmap.divisions.scope import prefixes_asked
from gridmap.errors import FieldError, InvalidInput, one_of
from gridmap.grids import service as grids
from gridmap.households import queries
from gridmap.households.model import HOUSEHOLD_KINDS, NEEDS
from gridmap.households.queries import HouseholdRow, HouseholdSelect
from gridmap.households.service import HouseholdRecord, record_of

ANY_NEED = "any"
NO_GROUP = "none"
_LONGEST_WORDS, _GRID_DIGITS = 80, 15


@dataclass(frozen=True, slots=True)
class Asked:
    """Which households, in which order. `phone` finds one by its number, for those who may see it in full.

    `group` is a group's code, or `NO_GROUP` for those in no group of the grid they live in.
    """

    within: str | None = None
    needs: tuple[str, ...] = ()
    kind: str | None = None
    group: str | None = None
    words: str | None = None
    phone: str | None = None
    purpose: str | None = None
    status: str = "current"
    sort: str = "id"


@dataclass(frozen=True, slots=True)
class Totals:
    """How much a list holds as a whole: `needs` counts households with each need."""

    households: int
    persons: int
    needs: dict[str, int]


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list, whether there is more behind it, and the totals when they were asked for."""

    households: list[HouseholdRecord]
    more: bool
    totals: Totals | None


def list_households(
    session: Session, actor: Actor, asked: Asked, *, cursor: str | None, limit: int, count: bool = False
) -> Listed:
    """A page of the households that the caller may see, masked, audited with the ids returned.

    Raises Forbidden outside the scope, where it makes no difference what there is, and InvalidInput.
    """
    stmt = _composed(session, actor, asked)
    last = _cursor_row(session, stmt, cursor)
    rows = queries.list_in_order(session, queries.page_after(stmt, asked.sort, last), limit + 1)
    shown = rows[:limit]
    unmasked = ["phone"] if asked.phone else []
    audit.record(
        session, actor, "household.list", [row[0].id for row in shown], unmasked=unmasked, purpose=asked.purpose
    )
    totals = _totals(session, stmt) if count else None
    return Listed([record_of(row, MASKED) for row in shown], len(rows) > limit, totals)


def count_without_group(session: Session, caller: Caller, within: str | None) -> dict[str, int]:
    """How many current households within are in no group of the grid they live in, by grid.

    Outside every grid by village. Raises Forbidden outside the scope.
    """
    stmt = queries.within_places(queries.select_households(), prefixes_asked(session, caller, within))
    return queries.count_by_place(session, queries.being(queries.in_no_group(stmt), {"status": "current"}))


def _composed(session: Session, actor: Actor, asked: Asked) -> HouseholdSelect:
    _check_words(asked)
    stmt = queries.within_places(queries.select_households(), prefixes_asked(session, actor.caller, asked.within))
    if asked.within is not None and len(asked.within) >= _GRID_DIGITS:
        # One that never was would be an empty list, which reads as if nobody lived there.
        grids.get_grid(session, asked.within[:_GRID_DIGITS])
    exact = {"status": asked.status, "kind": asked.kind}
    if asked.group == NO_GROUP:
        stmt = queries.in_no_group(stmt)
    elif asked.group is not None:
        check_scope(actor.caller, asked.group)
        exact["group_code"] = asked.group
    if asked.phone:
        exact["head_phone"] = _phone(actor, asked)
    stmt = queries.being(stmt, {column: value for column, value in exact.items() if value is not None})
    if asked.needs:
        stmt = queries.with_needs(stmt, NEEDS if ANY_NEED in asked.needs else asked.needs)
    if asked.words:
        stmt = queries.saying(stmt, asked.words.strip())
    return stmt


def _check_words(asked: Asked) -> None:
    wrong = []
    unknown = sorted(set(asked.needs) - {ANY_NEED, *NEEDS})
    if unknown:
        wrong.append(FieldError("needs", f"there is no {', '.join(unknown)}; there are any, {', '.join(NEEDS)}"))
    if asked.sort.removeprefix("-") not in queries.SORTS:
        wrong.append(FieldError("sort", f"one of {', '.join(queries.SORTS)} is wanted, with - before it for downwards"))
    if asked.kind not in {None, *HOUSEHOLD_KINDS}:
        wrong.append(FieldError("kind", one_of(HOUSEHOLD_KINDS)))
    if asked.status not in {"current", "closed"}:
        wrong.append(FieldError("status", "current or closed is wanted"))
    if asked.words and (len(asked.words) > _LONGEST_WORDS or "\0" in asked.words):
        wrong.append(FieldError("q", f"at most {_LONGEST_WORDS} characters are wanted"))
    if wrong:
        raise InvalidInput("; ".join(f"{e.where}: {e.message}" for e in wrong), errors=wrong)


def _phone(actor: Actor, asked: Asked) -> str:
    """The number looked for: whoever may not see a phone must not find one out by trying either."""
    check_unmasking(actor.caller, Unmasking.parse("phone", asked.purpose))
    try:
        return read_phone(asked.phone or "")
    except BadPersonal as error:
        raise InvalidInput(f"phone: {error}", errors=[FieldError("phone", error.said)]) from None


def _cursor_row(session: Session, stmt: HouseholdSelect, cursor: str | None) -> HouseholdRow | None:
    """The row that a page begins behind. One outside the list is as good as none: its place in the order would tell."""
    if cursor is None:
        return None
    row = queries.find_in(session, stmt, cursor)
    if row is None:
        raise InvalidInput(
            "cursor: this is no place in this list; begin it again",
            errors=[FieldError("cursor", "begin the list again", "stale_cursor")],
        )
    return row


def _totals(session: Session, stmt: HouseholdSelect) -> Totals:
    households, persons, *needs = queries.totals(session, stmt)
    return Totals(households, int(persons), dict(zip(NEEDS, needs, strict=True)))
