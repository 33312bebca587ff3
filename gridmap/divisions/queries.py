"""Every statement on divisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.orm import Session, aliased

from gridmap.db.base import SRID, holds, within_codes
from gridmap.divisions.model import LEVELS, Division, DivisionLineage, DivisionVersion

DivisionRow = Row[DivisionVersion, str]
StepRow = Row[str, str, str | None, str, str, str | None]
DivisionSelect = Select[DivisionVersion, str]


def select_divisions(at: datetime | None) -> DivisionSelect:
    """Divisions as true at a time, each with its level."""
    return (
        select(DivisionVersion, Division.level)
        .join(Division, Division.code == DivisionVersion.code)
        .where(holds(DivisionVersion, at))
    )


def of_level(stmt: DivisionSelect, level: str) -> DivisionSelect:
    """Only those of a level."""
    return stmt.where(Division.level == level)


def below_parent(stmt: DivisionSelect, parent: str) -> DivisionSelect:
    """Only the direct children of a division; by ix_division_version_parent_code."""
    return stmt.where(DivisionVersion.parent_code == parent)


def within_prefixes(stmt: DivisionSelect, prefixes: Sequence[str]) -> DivisionSelect:
    """Only those whose code begins with one of the prefixes; by ix_division_code_prefix."""
    return stmt.where(within_codes(Division.code, prefixes))


def after_code(stmt: DivisionSelect, cursor: str | None, limit: int | None) -> DivisionSelect:
    """The next `limit` divisions, all when None, in the order of their codes; by pk_division_version."""
    page = stmt.order_by(DivisionVersion.code).limit(limit)
    return page if cursor is None else page.where(DivisionVersion.code > cursor)


def list_divisions(session: Session, stmt: DivisionSelect) -> Sequence[DivisionRow]:
    """The rows of a composed statement."""
    return session.execute(stmt).all()


def find_division(session: Session, code: str, at: datetime | None) -> DivisionRow | None:
    """One division at a time."""
    return session.execute(select_divisions(at).where(DivisionVersion.code == code)).one_or_none()


def chain_above(session: Session, code: str, at: datetime | None) -> Sequence[StepRow]:
    """A division and all above it, the largest first: code, level, parent and names, never the outlines.

    Parents are followed as stored, and counted: a prefecture and a county both have six digits. By
    uq_division_version_current.
    """
    start = select(DivisionVersion.code, DivisionVersion.parent_code, literal(0).label("climbed"))
    climb = start.where(DivisionVersion.code == code, holds(DivisionVersion, at)).cte("climb", recursive=True)
    parent = aliased(DivisionVersion)
    above = select(parent.code, parent.parent_code, climb.c.climbed + 1)
    climb = climb.union_all(above.where(parent.code == climb.c.parent_code, holds(parent, at)))
    version = DivisionVersion
    columns = (version.code, Division.level, version.parent_code, version.name, version.name_full, version.name_bo)
    stmt = select(*columns).join(Division, Division.code == version.code).join(climb, climb.c.code == version.code)
    return session.execute(stmt.where(holds(version, at)).order_by(climb.c.climbed.desc())).all()


def six_digit_codes_within(session: Session, code: str, at: datetime | None) -> Sequence[str]:
    """The counties below a province or prefecture, and the prefectures themselves, which may have no county at all."""
    start = select(DivisionVersion.code).where(DivisionVersion.code == code, holds(DivisionVersion, at))
    tree = start.cte("tree", recursive=True)
    child = aliased(DivisionVersion)
    tree = tree.union_all(
        select(child.code).where(child.parent_code == tree.c.code, func.length(child.code) == 6, holds(child, at))
    )
    return session.scalars(select(tree.c.code).where(func.length(tree.c.code) == 6).order_by(tree.c.code)).all()


def count_by_level(session: Session, prefixes: Sequence[str], at: datetime | None) -> dict[str, int]:
    """How many divisions of each level lie below the prefixes, themselves not counted; by ix_division_code_prefix."""
    stmt = (
        select(Division.level, func.count())
        .join(DivisionVersion, Division.code == DivisionVersion.code)
        .where(holds(DivisionVersion, at), within_codes(Division.code, prefixes), Division.code.not_in(prefixes))
        .group_by(Division.level)
    )
    return {row[0]: row[1] for row in session.execute(stmt)}


def divisions_covering(session: Session, lon: float, lat: float, at: datetime | None) -> Sequence[DivisionRow]:
    """Divisions whose outline's box covers a point; the caller tests exactly. By ix_division_version_outline."""
    point = func.ST_SetSRID(func.ST_MakePoint(lon, lat), SRID)
    stmt = select_divisions(at).where(DivisionVersion.outline.intersects(point))
    return session.execute(stmt).all()


def in_box(session: Session, bbox: tuple[float, float, float, float]) -> Sequence[DivisionRow]:
    """Divisions of now whose outline meets a box, by code; by ix_division_version_outline."""
    meets = func.ST_Intersects(DivisionVersion.outline, func.ST_MakeEnvelope(*bbox, SRID))
    return session.execute(select_divisions(None).where(meets).order_by(DivisionVersion.code)).all()


def names_at_all_times(session: Session) -> Sequence[Row[str, str, str | None, str, str, str | None, datetime | None]]:
    """Code, level, parent, name, full and Tibetan name and end of every version of every division, oldest first."""
    version = DivisionVersion
    columns = (version.code, Division.level, version.parent_code, version.name, version.name_full, version.name_bo)
    stmt = (
        select(*columns, version.valid_to)
        .join(Division, Division.code == version.code)
        .order_by(version.code, version.valid_from)
    )
    return session.execute(stmt).all()


def last_version_of(session: Session, codes: Sequence[str]) -> int:
    """The newest version that wrote or ended anything true of divisions; 0 when they never were. By the primary key."""
    newest = func.max(func.greatest(DivisionVersion.version_from, DivisionVersion.version_to))
    version: int | None = session.scalars(select(newest).where(DivisionVersion.code.in_(codes))).one()
    return version or 0


def find_last_division(session: Session, code: str) -> DivisionRow | None:
    """The last that was true of a division, whether it still holds or not."""
    stmt = select(DivisionVersion, Division.level).join(Division, Division.code == DivisionVersion.code)
    newest_first = stmt.where(DivisionVersion.code == code).order_by(DivisionVersion.valid_from.desc())
    return session.execute(newest_first.limit(1)).one_or_none()


def names_now(session: Session) -> Sequence[StepRow]:
    """Code, level, parent and names of all divisions there are now, without their geometry."""
    version = DivisionVersion
    columns = (version.code, Division.level, version.parent_code, version.name, version.name_full, version.name_bo)
    stmt = select(*columns).join(Division, Division.code == version.code).where(holds(version, None))
    return session.execute(stmt.order_by(version.code)).all()


def changed_since(session: Session, version: int) -> Sequence[str]:
    """Divisions that began or ended to be so after a version."""
    either = (DivisionVersion.version_from > version) | (DivisionVersion.version_to > version)
    return session.scalars(select(DivisionVersion.code).where(either).distinct()).all()


def exists(session: Session, code: str) -> bool:
    """Whether a code was ever given to a division."""
    return session.get(Division, code) is not None


def divisions_below(session: Session, prefix: str) -> Sequence[DivisionRow]:
    """The divisions of now whose codes begin so; by ix_division_code_prefix."""
    stmt = select_divisions(None).where(within_codes(Division.code, [prefix]))
    return session.execute(stmt.order_by(Division.code)).all()


def end_states(session: Session, codes: Sequence[str], version: int, at: datetime) -> int:
    """Ends what is true of divisions now and returns how many there were; by uq_division_version_current."""
    stmt = update(DivisionVersion).where(DivisionVersion.code.in_(codes), holds(DivisionVersion, None))
    return len(session.execute(stmt.values(valid_to=at, version_to=version).returning(literal(1))).all())


def insert_divisions(session: Session, codes: Sequence[dict[str, Any]], states: Sequence[dict[str, Any]]) -> None:
    """New codes where they are new, and what is true of them from now on."""
    if codes:
        session.execute(insert_or(Division).on_conflict_do_nothing(), codes)
        session.execute(insert(DivisionVersion), states)


def insert_lineage(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """What became of divisions."""
    if rows:
        session.execute(insert(DivisionLineage), rows)


def heirs(session: Session) -> dict[str, str]:
    """For each code that went as a whole into another one, that other one."""
    whole = DivisionLineage.kind.not_in(("split", "renamed"))
    stmt = select(DivisionLineage.predecessor, DivisionLineage.successor).where(whole)
    return {row.predecessor: row.successor for row in session.execute(stmt.order_by(DivisionLineage.version))}


def splits(session: Session) -> list[tuple[str, str]]:
    """Each village that was divided with the one that was made of a part of it, the oldest first."""
    stmt = select(DivisionLineage.predecessor, DivisionLineage.successor).where(DivisionLineage.kind == "split")
    return [(row.predecessor, row.successor) for row in session.execute(stmt.order_by(DivisionLineage.version))]


def lineage_of(session: Session, code: str) -> Sequence[DivisionLineage]:
    """The steps that a division took part in, oldest first; by pk_division_lineage and its index of successors."""
    stmt = select(DivisionLineage).where((DivisionLineage.predecessor == code) | (DivisionLineage.successor == code))
    return session.scalars(stmt.order_by(DivisionLineage.version, DivisionLineage.predecessor)).all()


def list_by_codes(session: Session, codes: Sequence[str], at: datetime | None) -> Sequence[DivisionRow]:
    """The divisions of some codes; now by uq_division_version_current."""
    return session.execute(select_divisions(at).where(DivisionVersion.code.in_(codes))).all()


def list_top_outlines(session: Session) -> Sequence[DivisionRow]:
    """The current divisions of the highest level that has outlines."""
    drawn = select_divisions(None).where(DivisionVersion.outline.is_not(None))
    for level in LEVELS:
        rows = session.execute(of_level(drawn, level)).all()
        if rows:
            return rows
    return []
