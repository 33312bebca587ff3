"""Every statement that looks for what is wrong in the register of addresses."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    String,
    Subquery,
    and_,
    cast,
    distinct,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, array
from sqlalchemy.orm import InstrumentedAttribute, Session

from gridmap.addresses.model import AcceptedProblem, Address, WaitingAddress
from gridmap.db.base import within_codes

FEWEST_IN_SERIES, LARGEST_STEP = 5, 20
"""A series of so many numbers whose next one is more than so much higher was probably mistyped."""

ProblemSelect = Select[Any, Any]
Where = ColumnElement[bool]


def _open(kind: str, where: Where) -> Where:
    """Current addresses of which nobody has said that this is no problem."""
    accepted = select(literal(1)).where(
        AcceptedProblem.county_code == Address.county_code,
        AcceptedProblem.address_code == Address.code,
        AcceptedProblem.kind == kind,
    )
    return and_(Address.status == "current", where, ~accepted.exists())


def _said(column: InstrumentedAttribute[str | None], instead: str = "", *endings: str) -> ColumnElement[str]:
    """A segment, empty when it is missing, with its last words in one form. Not by patterns: ten times as slow."""
    text: ColumnElement[str] = func.coalesce(column, "")
    for ending in endings:
        text = func.replace(text, ending, instead, type_=String)
    return text


def _house() -> list[ColumnElement[str]]:
    """What tells houses apart: 3社 and 3组 are one group, 3栋 and 3号楼 one building."""
    return [
        _said(Address.group_name, "组", "村民小组", "生产队", "小组", "社", "队"),
        _said(Address.hamlet, "", "自然村"),
        _said(Address.street),
        _said(Address.number),
        _said(Address.sub_number),
        _said(Address.estate),
        _said(Address.building, "", "号楼", "栋", "幢", "座"),
    ]


def _groups(where: Where, key: Sequence[ColumnElement[Any]], *having: Where) -> ProblemSelect:
    codes = func.array_agg(aggregate_order_by(Address.code, Address.code), type_=ARRAY(String))
    return (
        select(func.min(Address.code).label("code"), codes.label("codes")).where(where).group_by(*key).having(*having)
    )


def same_door(where: Where) -> ProblemSelect:
    """Doors whose segments say the same, however they are written."""
    flat = [_said(Address.unit), _said(Address.floor), _said(Address.room)]
    key = [Address.village_code.expression, *_house(), *flat]
    return _groups(_open("same_door", where), key, func.count() > 1)


def same_point(where: Where) -> ProblemSelect:
    """Different houses at one point; flats of one house share theirs. Equal to the bit, as points are stored."""
    house = func.concat_ws("|", Address.village_code, *_house())
    return _groups(_open("same_point", where), [Address.point.expression], func.count(distinct(house)) > 1)


def elsewhere(where: Where) -> ProblemSelect:
    """Doors whose point lies in another village than their text says."""
    return _single(_open("elsewhere", where)).where(func.left(Address.grid_code, 12) != Address.village_code)


def outside(where: Where) -> ProblemSelect:
    """Doors in no grid: whoever works by grids does not know of them."""
    return _single(_open("outside", where)).where(Address.grid_code.is_(None))


def number_gap(where: Where) -> ProblemSelect:
    """Doors whose number is far above the one before in its group, hamlet or street."""
    series = _numbered(where)
    step = series.c.number - series.c.before
    far = and_(series.c.many >= FEWEST_IN_SERIES, step > LARGEST_STEP, step > series.c.many)
    codes = array([series.c.code, series.c.code_before])
    open_ones = select(Address.code).where(_open("number_gap", Address.code == series.c.code)).exists()
    return select(series.c.code.label("code"), codes.label("codes")).where(far, open_ones)


def _numbered(where: Where) -> Subquery:
    number = cast(func.substring(Address.number, "^[0-9]{1,6}"), Integer)
    street = [Address.village_code.expression, *_house()[:3]]
    counts = and_(
        Address.status == "current", where, Address.number.op("~")("^[0-9]{1,6}"), Address.sub_number.is_(None)
    )
    order = [number, Address.code]
    return (
        select(
            Address.code,
            number.label("number"),
            func.lag(number).over(partition_by=street, order_by=order).label("before"),
            func.lag(Address.code).over(partition_by=street, order_by=order).label("code_before"),
            func.count().over(partition_by=street).label("many"),
        )
        .where(counts, Address.estate.is_(None), Address.building.is_(None))
        .subquery()
    )


def unread(session: Session, where: Where, after: str | None, limit: int) -> Sequence[str]:
    """The next codes of doors whose label is still to be read back."""
    stmt = select(Address.code).where(_open("label", where)).order_by(Address.code).limit(limit)
    return session.scalars(stmt if after is None else stmt.where(Address.code > after)).all()


def page(session: Session, stmt: ProblemSelect, after: str | None, limit: int) -> Sequence[Row[Any, Any]]:
    """The next problems of a kind, by the first address of each."""
    found = stmt.subquery()
    chosen = select(found.c.code, found.c.codes).order_by(found.c.code).limit(limit)
    return session.execute(chosen if after is None else chosen.where(found.c.code > after)).all()


def page_and_count(
    session: Session, stmt: ProblemSelect, after: str | None, limit: int
) -> tuple[Sequence[Row[Any, Any, Any]], int]:
    """The same with how many there are in all; all of them are looked for once."""
    found = stmt.cte("found")
    many = select(func.count()).select_from(found).scalar_subquery()
    chosen = select(found.c.code, found.c.codes, many).order_by(found.c.code).limit(limit)
    rows = session.execute(chosen if after is None else chosen.where(found.c.code > after)).all()
    if rows:
        return rows, rows[0][2]
    return rows, count(session, stmt) if after is not None or limit < 1 else 0


def one(session: Session, stmt: ProblemSelect, code: str) -> Row[Any, Any] | None:
    """The problem of a kind whose first address is this one."""
    found = stmt.subquery()
    return session.execute(select(found.c.code, found.c.codes).where(found.c.code == code)).one_or_none()


def count(session: Session, stmt: ProblemSelect) -> int:
    """How many problems of a kind there are."""
    return session.scalar(select(func.count()).select_from(stmt.subquery())) or 0


def waiting(session: Session, prefixes: Sequence[str], after: int, limit: int) -> Sequence[WaitingAddress]:
    """The next rows without a point, in the order in which they came; by ix_waiting_address_village_code."""
    stmt = select(WaitingAddress).where(within_codes(WaitingAddress.village_code, prefixes), WaitingAddress.id > after)
    return session.scalars(stmt.order_by(WaitingAddress.id).limit(limit)).all()


def count_waiting(session: Session, prefixes: Sequence[str]) -> int:
    """How many rows wait for a point."""
    stmt = select(func.count()).select_from(WaitingAddress)
    return session.scalars(stmt.where(within_codes(WaitingAddress.village_code, prefixes))).one()


def neighbours(
    session: Session, village: str, street: dict[str, str | None], number: int | None, limit: int
) -> Sequence[Address]:
    """Current doors of a village, those of the same group, hamlet and street first, then by how near their number is.

    A door whose own point lies elsewhere shows nobody the way: it comes behind. By ix_address_village_code.
    """
    columns = {"group_name": Address.group_name, "hamlet": Address.hamlet, "street": Address.street}
    alike = [columns[name] == value for name, value in street.items() if value is not None]
    theirs = cast(func.substring(Address.number, "^[0-9]{1,6}"), Integer)
    away = func.abs(theirs - (number or 0))
    stmt = select(Address).where(Address.village_code == village, Address.status == "current")
    if alike:
        stmt = stmt.order_by(and_(*alike).desc().nulls_last())
    stmt = stmt.order_by((func.left(Address.grid_code, len(village)) == village).desc().nulls_last())
    return session.scalars(stmt.order_by(away.asc().nulls_last(), Address.code).limit(limit)).all()


def _single(where: Where) -> ProblemSelect:
    codes = array([Address.code])
    return select(Address.code.label("code"), codes.label("codes")).where(where)
