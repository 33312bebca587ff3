"""Every statement on grids and household groups."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, func, insert, literal, or_, select, union, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.orm import InstrumentedAttribute, Session

from gridmap.db.base import SRID, holds, within_codes
from gridmap.db.model import DatasetVersion
from gridmap.grids.model import (
    Grid,
    GridLineage,
    GridVersion,
    GroupLineage,
    HouseholdGroup,
    HouseholdGroupVersion,
)

GridRow = Row[GridVersion, str]
GridSelect = Select[GridVersion, str]


def select_grids() -> GridSelect:
    """Every version of every grid, with its village."""
    return select(GridVersion, Grid.village_code).join(Grid)


def holding(stmt: GridSelect, at: datetime | None) -> GridSelect:
    """Only what is true at a time; now by uq_grid_version_current."""
    return stmt.where(holds(GridVersion, at))


def of_version(stmt: GridSelect, version: int) -> GridSelect:
    """Only what was true in a dataset version."""
    ended_later = or_(GridVersion.version_to.is_(None), GridVersion.version_to > version)
    return stmt.where(GridVersion.version_from <= version, ended_later)


def within_bbox(stmt: GridSelect, bbox: tuple[float, float, float, float]) -> GridSelect:
    """Grids whose geometry intersects a box (west, south, east, north); by ix_grid_version_geometry."""
    box = func.ST_MakeEnvelope(*bbox, SRID)
    return stmt.where(func.ST_Intersects(GridVersion.geometry, box))


def within_prefixes(stmt: GridSelect, prefixes: Sequence[str]) -> GridSelect:
    """Grids whose code begins with one of the prefixes; by ix_grid_code_prefix."""
    return stmt.where(within_codes(Grid.code, prefixes))


def after_code(stmt: GridSelect, cursor: str | None, limit: int | None) -> GridSelect:
    """The next `limit` grids, all when None, in the order of their codes."""
    page = stmt.order_by(Grid.code).limit(limit)
    return page if cursor is None else page.where(Grid.code > cursor)


def list_grids(session: Session, stmt: GridSelect) -> Sequence[GridRow]:
    """The rows of a composed statement."""
    return session.execute(stmt).all()


def last_facts(session: Session, prefixes: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """The last that was true of every grid that ever was within, without its shape; by ix_grid_code_prefix.

    Shapes are most of a row: a county's are read in 150 ms, everything else in 10.
    """
    told = (
        GridVersion.code, GridVersion.name, GridVersion.name_bo, GridVersion.kind, GridVersion.note,
        GridVersion.area_m2, GridVersion.valid_from, GridVersion.valid_to, Grid.village_code,
    )  # fmt: skip
    stmt = select(*told).join(Grid).where(within_codes(Grid.code, prefixes))
    newest_first = stmt.order_by(GridVersion.code, GridVersion.valid_from.desc()).ext(distinct_on(GridVersion.code))
    return session.execute(newest_first).all()


def grids_of_villages(session: Session, village_codes: Sequence[str]) -> Sequence[GridRow]:
    """The grids that villages have now, by code; by ix_grid_village_code."""
    stmt = holding(select_grids(), None).where(Grid.village_code.in_(village_codes))
    return session.execute(stmt.order_by(Grid.code)).all()


def villages_with_grids(session: Session) -> Sequence[str]:
    """The villages that have a grid now."""
    stmt = select(Grid.village_code).join(GridVersion).where(holds(GridVersion, None)).distinct()
    return session.scalars(stmt).all()


def villages_changed_since(session: Session, version: int) -> Sequence[str]:
    """Villages one of whose grids or groups began or ended after a version; by ix_…_version_from and …_version_to."""
    village = func.left(GridVersion.code, 12)
    of_groups = func.left(HouseholdGroupVersion.code, 12)
    parts = (
        select(village).where(GridVersion.version_from > version),
        select(village).where(GridVersion.version_to > version),
        select(of_groups).where(HouseholdGroupVersion.version_from > version),
        select(of_groups).where(HouseholdGroupVersion.version_to > version),
    )
    return session.scalars(union(*parts)).all()


def find_grid(session: Session, code: str, at: datetime | None) -> GridRow | None:
    """One grid at a time."""
    stmt = holding(select_grids(), at).where(GridVersion.county_code == code[:6], GridVersion.code == code)
    return session.execute(stmt).one_or_none()


def find_last_grid(session: Session, code: str) -> GridRow | None:
    """The last that was true of a grid, whether it still holds or not."""
    stmt = select_grids().where(GridVersion.county_code == code[:6], GridVersion.code == code)
    return session.execute(stmt.order_by(GridVersion.valid_from.desc()).limit(1)).one_or_none()


def grids_near_point(session: Session, lon: float, lat: float, at: datetime | None) -> Sequence[GridRow]:
    """Grids whose box covers a point, by ix_grid_version_geometry; the caller tests exactly.

    ST_Covers is not asked: for points PostGIS decides with a tolerance, and the edge rule needs the exact answer.
    """
    point = func.ST_SetSRID(func.ST_MakePoint(lon, lat), SRID)
    stmt = holding(select_grids(), at).where(GridVersion.geometry.intersects(point))
    return session.execute(stmt.order_by(Grid.code)).all()


def nearest_grids(session: Session, lon: float, lat: float, at: datetime | None, limit: int) -> Sequence[GridRow]:
    """The grids nearest in degrees, nearest first, by the distance operator of ix_grid_version_geometry.

    Degrees are not metres: the caller takes enough of them and measures.
    """
    point = func.ST_SetSRID(func.ST_MakePoint(lon, lat), SRID)
    stmt = holding(select_grids(), at).order_by(GridVersion.geometry.distance_centroid(point)).limit(limit)
    return session.execute(stmt).all()


def count(session: Session, prefixes: Sequence[str], at: datetime | None) -> tuple[int, int]:
    """How many grids and household groups have a code with one of the prefixes; by ix_household_group_code_prefix."""
    grids = select(func.count()).select_from(GridVersion).join(Grid)
    grids = grids.where(holds(GridVersion, at), within_codes(Grid.code, prefixes))
    groups = select(func.count()).select_from(HouseholdGroupVersion).join(HouseholdGroup)
    groups = groups.where(holds(HouseholdGroupVersion, at), within_codes(HouseholdGroup.code, prefixes))
    row = session.execute(select(grids.scalar_subquery(), groups.scalar_subquery())).one()
    return row[0], row[1]


def count_by_prefix(session: Session, prefixes: Sequence[str], digits: int) -> dict[str, int]:
    """How many current grids begin with each of the codes of so many digits within."""
    beginning = func.left(GridVersion.code, digits)
    stmt = select(beginning, func.count()).where(GridVersion.valid_to.is_(None))
    stmt = stmt.where(within_codes(GridVersion.code, prefixes)).group_by(beginning)
    return {row[0]: row[1] for row in session.execute(stmt)}


def find_group_name(session: Session, code: str, at: datetime | None) -> str | None:
    """The name of a household group."""
    stmt = select(HouseholdGroupVersion.name).where(
        HouseholdGroupVersion.county_code == code[:6],
        HouseholdGroupVersion.code == code,
        holds(HouseholdGroupVersion, at),
    )
    return session.scalars(stmt).one_or_none()


def select_groups() -> Select[HouseholdGroupVersion]:
    """Every version of every household group."""
    return select(HouseholdGroupVersion).join(HouseholdGroup)


def find_group(session: Session, code: str, at: datetime | None) -> HouseholdGroupVersion | None:
    """What was true of a group at a time; by pk_household_group_version."""
    mine = HouseholdGroupVersion.county_code == code[:6], HouseholdGroupVersion.code == code
    return session.scalars(select_groups().where(*mine, holds(HouseholdGroupVersion, at))).one_or_none()


def find_last_group(session: Session, code: str) -> HouseholdGroupVersion | None:
    """The last that was true of a group, whether it still holds or not."""
    mine = HouseholdGroupVersion.county_code == code[:6], HouseholdGroupVersion.code == code
    newest = select_groups().where(*mine).order_by(HouseholdGroupVersion.valid_from.desc()).limit(1)
    return session.scalars(newest).one_or_none()


def list_groups(
    session: Session, prefixes: Sequence[str], at: datetime | None, cursor: str | None, limit: int
) -> Sequence[HouseholdGroupVersion]:
    """A page of the groups that hold at a time, by code; by ix_household_group_code_prefix."""
    stmt = select_groups().where(holds(HouseholdGroupVersion, at), within_codes(HouseholdGroup.code, prefixes))
    page = stmt if cursor is None else stmt.where(HouseholdGroup.code > cursor)
    return session.scalars(page.order_by(HouseholdGroup.code).limit(limit)).all()


def lock_group(session: Session, code: str) -> None:
    """Makes other writers of a group wait until this transaction ends."""
    session.execute(
        select(HouseholdGroup.code)
        .where(HouseholdGroup.county_code == code[:6], HouseholdGroup.code == code)
        .with_for_update()
    )


def lock_grid(session: Session, code: str) -> None:
    """Makes other writers of a grid's people wait until this transaction ends."""
    session.execute(select(Grid.code).where(Grid.county_code == code[:6], Grid.code == code).with_for_update())


def codes_ever_used(session: Session, village_codes: Sequence[str]) -> Sequence[str]:
    """All grid codes that villages ever had; by ix_grid_village_code."""
    return session.scalars(select(Grid.code).where(Grid.village_code.in_(village_codes)).order_by(Grid.code)).all()


def grids_among(session: Session, codes: Sequence[str], at: datetime | None) -> Sequence[GridRow]:
    """Those of some grids that hold at a time; now by uq_grid_version_current."""
    stmt = holding(select_grids(), at).where(GridVersion.county_code.in_({code[:6] for code in codes}))
    return session.execute(stmt.where(GridVersion.code.in_(codes)).order_by(GridVersion.code)).all()


def last_grids(session: Session, codes: Sequence[str]) -> Sequence[GridRow]:
    """The last that was true of each grid; by pk_grid_version."""
    counties = {code[:6] for code in codes}
    stmt = select_grids().where(GridVersion.county_code.in_(counties), GridVersion.code.in_(codes))
    newest_first = stmt.order_by(GridVersion.code, GridVersion.valid_from.desc()).ext(distinct_on(GridVersion.code))
    return session.execute(newest_first).all()


def states_of_grid(session: Session, code: str) -> Sequence[Row[GridVersion, str, str]]:
    """All that was ever true of a grid, oldest first, with who published it and what the publishing was called."""
    stmt = select(GridVersion, DatasetVersion.actor, DatasetVersion.summary)
    stmt = stmt.join(DatasetVersion, DatasetVersion.version == GridVersion.version_from)
    stmt = stmt.where(GridVersion.county_code == code[:6], GridVersion.code == code)
    return session.execute(stmt.order_by(GridVersion.valid_from)).all()


def last_version_of(session: Session, village_codes: Sequence[str]) -> int:
    """The newest version that wrote or ended anything true of the grids of villages; 0 when there never were any."""
    newest = func.max(func.greatest(GridVersion.version_from, GridVersion.version_to))
    stmt = select(newest).select_from(GridVersion).join(Grid).where(Grid.village_code.in_(village_codes))
    version: int | None = session.scalars(stmt).one()
    return version or 0


def links_below(session: Session, code: str) -> Sequence[GridLineage]:
    """All steps that lead from a grid to what became of it, through all generations; by pk_grid_lineage."""
    return _walk(session, code, GridLineage.predecessor, GridLineage.successor, down=True)


def links_above(session: Session, code: str) -> Sequence[GridLineage]:
    """All steps that lead to a grid from what it was made of; by ix_grid_lineage_successor."""
    return _walk(session, code, GridLineage.successor, GridLineage.predecessor, down=False)


def _walk(
    session: Session, code: str, near: InstrumentedAttribute[str], far: InstrumentedAttribute[str], *, down: bool
) -> Sequence[GridLineage]:
    county = GridLineage.county_code == code[:6]
    tree = select(near.label("near"), far.label("far"), GridLineage.version).where(county, near == code)
    walk = tree.cte("walk", recursive=True)
    # Only forward in time, or only back: a code that came back would otherwise lead round in a circle. Steps of one
    # version are one step.
    later = GridLineage.version > walk.c.version if down else GridLineage.version < walk.c.version
    walk = walk.union(select(near, far, GridLineage.version).where(county, near == walk.c.far, later))
    key = and_(near == walk.c.near, far == walk.c.far, GridLineage.version == walk.c.version)
    stmt = select(GridLineage).join(walk, key).where(county).distinct()
    return session.scalars(stmt.order_by(GridLineage.version, GridLineage.predecessor, GridLineage.successor)).all()


def groups_in(session: Session, grid_codes: Sequence[str]) -> Sequence[Row[str, str]]:
    """Code and name of the groups that grids have now; by ix_household_group_grid_code."""
    return session.execute(_groups_now().where(HouseholdGroup.grid_code.in_(grid_codes))).all()


def groups_among(session: Session, codes: Sequence[str]) -> Sequence[Row[str, str]]:
    """Those of some groups that hold now, code and name; by pk_household_group."""
    stmt = _groups_now().where(HouseholdGroup.county_code.in_({code[:6] for code in codes}))
    return session.execute(stmt.where(HouseholdGroup.code.in_(codes))).all()


def _groups_now() -> Select[str, str]:
    stmt = select(HouseholdGroupVersion.code, HouseholdGroupVersion.name).join(HouseholdGroup)
    return stmt.where(holds(HouseholdGroupVersion, None)).order_by(HouseholdGroupVersion.code)


def group_codes_ever_used(session: Session, grid_codes: Sequence[str]) -> Sequence[str]:
    """All group codes that grids ever had; by ix_household_group_grid_code."""
    stmt = select(HouseholdGroup.code).where(HouseholdGroup.grid_code.in_(grid_codes))
    return session.scalars(stmt.order_by(HouseholdGroup.code)).all()


def group_links(session: Session, *, version: int | None = None, code: str | None = None) -> Sequence[GroupLineage]:
    """Where members of groups went: in one version, or from and to one group."""
    stmt = select(GroupLineage)
    if version is not None:
        stmt = stmt.where(GroupLineage.version == version)
    if code is not None:
        ends = or_(GroupLineage.predecessor == code, GroupLineage.successor == code)
        stmt = stmt.where(GroupLineage.county_code == code[:6], ends)
    return session.scalars(stmt.order_by(GroupLineage.version, GroupLineage.predecessor)).all()


def insert_grids(session: Session, codes: Sequence[str], states: Sequence[dict[str, Any]]) -> None:
    """New codes where they are new, and what is true of them from now on."""
    rows = [{"county_code": code[:6], "code": code, "village_code": code[:12]} for code in codes]
    if rows:
        session.execute(insert_or(Grid).on_conflict_do_nothing(), rows)
        session.execute(insert(GridVersion), states)


def insert_groups(session: Session, codes: Sequence[str], states: Sequence[dict[str, Any]]) -> None:
    """The same for household groups."""
    rows = [{"county_code": code[:6], "code": code, "grid_code": code[:15]} for code in codes]
    if rows:
        session.execute(insert_or(HouseholdGroup).on_conflict_do_nothing(), rows)
        session.execute(insert(HouseholdGroupVersion), states)


def end_states(
    session: Session,
    table: type[GridVersion] | type[HouseholdGroupVersion],
    codes: Sequence[str],
    version: int,
    at: datetime,
) -> int:
    """Ends what is true of codes now and returns how many there were; by uq_…_version_current."""
    stmt = update(table).where(table.county_code.in_({c[:6] for c in codes}), table.code.in_(codes), holds(table, None))
    ended = session.execute(stmt.values(valid_to=at, version_to=version).returning(literal(1)))
    return len(ended.all())


def insert_lineage(session: Session, table: type[GridLineage] | type[GroupLineage], rows: list[dict[str, Any]]) -> None:
    """Steps of a lineage."""
    if rows:
        session.execute(insert(table), rows)
