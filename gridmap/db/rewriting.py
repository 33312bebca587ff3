"""Many rows of a register changed at once: given whole, copied beside the table and laid over what is there."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import column, func, text, update
from sqlalchemy import table as clause_of
from sqlalchemy.orm import Session

from gridmap.db.base import Base
from gridmap.db.copying import copy_rows


def rewrite_rows(session: Session, table: type[Base], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Changes rows by `county_code` and `id`, which stand first in `columns`; each gets its next row version.

    All columns without a default have to be given.
    """
    beside = f"{table.__tablename__}_given"
    session.flush()
    session.execute(text(f"CREATE TEMP TABLE {beside} (LIKE {table.__tablename__} INCLUDING DEFAULTS) ON COMMIT DROP"))
    copy_rows(session, beside, columns, rows)
    given = clause_of(beside, *map(column, columns))
    target = table.__table__.c
    changed = {name: given.c[name] for name in columns[2:]}
    stmt = (
        update(table)
        .where(target.county_code == given.c.county_code, target.id == given.c.id)
        .values({**changed, "row_version": target.row_version + 1, "updated_at": func.now()})
        .execution_options(synchronize_session=False)
    )
    session.execute(stmt)
    session.execute(text(f"DROP TABLE {beside}"))
    session.expire_all()
