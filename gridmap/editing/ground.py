"""What a changeset stands on, as the database has it: grids, outlines, codes, and whether it is still the same."""

from collections.abc import Sequence

import shapely
from sqlalchemy.orm import Session

from gridmap.divisions import service as divisions
from gridmap.divisions.service import DivisionRecord
from gridmap.editing import queries
from gridmap.editing.problems import Kind, Problem
from gridmap.editing.proposal import Ground, ProposedGrid
from gridmap.errors import InvalidInput, NotFound
from gridmap.geo.arrays import Polygonal
from gridmap.geo.lonlat import BBox
from gridmap.grids import service as grids


def get_villages(session: Session, codes: Sequence[str]) -> list[DivisionRecord]:
    """Current villages of one county. Raises InvalidInput for what is no village, or for villages of two counties.

    Registers are kept county by county, and permanent ids carry the county's code: nothing moves between counties.
    """
    if not codes:
        raise InvalidInput("A changeset is about one village or more.")
    found = [divisions.get_division(session, code) for code in sorted(set(codes))]
    wrong = [division.code for division in found if division.level != "village"]
    if wrong:
        raise InvalidInput(f"{', '.join(wrong)}: only villages have grids.")
    if len({division.code[:6] for division in found}) > 1:
        raise InvalidInput("The villages of a changeset are of one county; make one for each county.")
    return found


def load_ground(session: Session, villages: Sequence[str], proposal: Sequence[ProposedGrid]) -> Ground:
    """What a proposal for these villages stands on, as of now."""
    current = {grid.code: grid for grid in grids.list_grids(session, prefixes=villages)}
    used = grids.codes_ever_used(session, villages)
    named = sorted({grid.code for grid in proposal if grid.code} & (set(used) - set(current)))
    shapes = [*(grid.geometry for grid in current.values()), *(grid.shape for grid in proposal)]
    return Ground(
        grids=current,
        outlines={village: _outline(session, village) for village in sorted(villages)},
        used=used,
        retired={grid.code: grid.geometry for grid in grids.get_last(session, named)},
        neighbours=_neighbours(session, villages, shapes),
    )


def stale_problem(session: Session, villages: Sequence[str], base_version: int) -> Problem | None:
    """What was published about these villages since `base_version`, if anything."""
    newest = max(grids.last_version_of(session, villages), divisions.last_version_of(session, villages))
    if newest <= base_version:
        return None
    zh, en = newer_change(session, villages, base_version, newest)
    return Problem.of(Kind.STALE_BASE, detail=en, detail_zh=zh)


def newer_change(session: Session, villages: Sequence[str], base_version: int, newest: int) -> tuple[str, str]:
    """The name of what was published about villages since a version, in Chinese and in English."""
    others = queries.changesets_since(session, villages, base_version)
    if others:
        other = others[0]
        by, version = other.decided_by or "", other.published_version
        return (
            f"变更单 {other.id}“{other.title}”，第 {version} 版，发布人 {_bare(by)}",
            f"changeset {other.id} “{other.title}”, version {version}, by {by}",
        )
    summary, actor = queries.summary_of_version(session, newest)
    return f"“{summary}”，第 {newest} 版，由 {_bare(actor)} 发布", f"“{summary}”, version {newest}, by {actor}"


def _bare(name: str) -> str:
    """A caller's name as people say it: wang for user:wang."""
    return name.partition(":")[2] or name


def _outline(session: Session, village: str) -> Polygonal | None:
    try:
        outline = divisions.get_division(session, village).outline
    except NotFound:
        # Merged or recoded since: the base is stale, which is said elsewhere.
        return None
    return outline if isinstance(outline, Polygonal) else None


def _neighbours(session: Session, villages: Sequence[str], shapes: Sequence[Polygonal]) -> dict[str, Polygonal]:
    bbox = bounds_of(shapes)
    if bbox is None:
        return {}
    around = grids.list_grids(session, prefixes=[villages[0][:6]], bbox=bbox)
    return {grid.code: grid.geometry for grid in around if grid.village_code not in villages}


def bounds_of(shapes: Sequence[Polygonal]) -> BBox | None:
    """The box about all shapes; None when none has an area."""
    filled = [shape for shape in shapes if not shape.is_empty]
    return BBox(*map(float, shapely.total_bounds(filled))) if filled else None
